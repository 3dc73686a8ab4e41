"""The content tests that the GS1 Barcode Syntax Dictionary names beside a component's length and character set.

A linter takes the text of one component, whose length and characters were judged before, and says what is wrong in half a
sentence; nothing wrong is the empty string. `LINTERS` has them by the dictionary's names.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from idis.proto.schemes import gmn, mod10
from idis.proto.schemes.gs1.code_lists import COUNTRIES_ALPHA_2, COUNTRIES_NUMERIC, CURRENCIES, PACKAGES
from idis.proto.schemes.gs1.coupons import coupon_code, positive_offer

Linter = Callable[[str], str]

LATITUDE_MAX = 1_800_000_000  # 180 degrees from the south pole, in ten millionths of a degree
LONGITUDE_MAX = 3_600_000_000
PREFIX_DIGITS_MIN = 4  # the shortest company prefix

_MONTH_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[0-9A-Z]+")
_IBAN_CHARACTERS_MIN = 10  # with fewer, the check digits would be all there is
_SEQUENCE = re.compile(r"([0-9]+)/([0-9]+)")


def check_sum(text: str) -> str:
    """The last digit is the modulo 10 check digit of those before it."""
    expected = mod10.check_digit(text[:-1])
    return "" if text[-1] == expected else f"check digit is {expected}, not {text[-1]}"


def check_pair(text: str) -> str:
    """The last two characters are the check pair of those before them (AI 8013)."""
    if len(text) < 2:
        return "too short for a check pair"
    expected = gmn.check_digit(text[:-2])
    return "" if text[-2:] == expected else f"check pair is {expected}, not {text[-2:]}"


def _company_prefix(text: str) -> str:
    head = text[:PREFIX_DIGITS_MIN]
    if len(head) < PREFIX_DIGITS_MIN:
        return "too short for a company prefix"
    return "" if head.isdigit() else "does not begin with the digits of a company prefix"


def _month_day(year: int, month: str, day: str, whole_month: bool) -> str:
    if not 1 <= int(month) <= 12:
        return f"month {month} does not exist"
    last = _MONTH_DAYS[int(month) - 1]
    if month == "02" and (year % 4 or (year % 100 == 0 and year % 400)):
        last = 28
    if not (0 if whole_month else 1) <= int(day) <= last:
        return f"day {day} does not exist in that month"
    return ""


def _date(text: str) -> str:
    # Only the leap year matters here, and 1900 is out of reach of a two-digit year.
    return _month_day(2000 + int(text[:2]), text[2:4], text[4:6], False)


def _date_or_month(text: str) -> str:
    return _month_day(2000 + int(text[:2]), text[2:4], text[4:6], True)


def _full_date(text: str) -> str:
    return _month_day(int(text[:4]), text[4:6], text[6:8], False)


def _hour(text: str) -> str:
    return "" if text < "24" else f"hour {text} does not exist"


def _minute(text: str) -> str:
    return "" if text < "60" else f"minute {text} does not exist"


def _second(text: str) -> str:
    return "" if text < "60" else f"second {text} does not exist"


def _hour_minute(text: str) -> str:
    return _hour(text[:2]) or _minute(text[2:])


def _country(text: str) -> str:
    return "" if text in COUNTRIES_NUMERIC else f"{text} is no country of ISO 3166"


def _country_or_many(text: str) -> str:
    return "" if text == "999" else _country(text)


def _country_letters(text: str) -> str:
    return "" if text in COUNTRIES_ALPHA_2 else f"{text} is no country of ISO 3166"


def _currency(text: str) -> str:
    return "" if text in CURRENCIES else f"{text} is no currency of ISO 4217"


def _sex(text: str) -> str:
    return "" if text in ("0", "1", "2", "9") else f"{text} is no code of ISO 5218"


def _iban(text: str) -> str:
    if len(text) <= _IBAN_CHARACTERS_MIN or _IBAN.fullmatch(text) is None:
        return "is no account number of ISO 13616"
    if text[:2] not in COUNTRIES_ALPHA_2:
        return f"{text[:2]} is no country of ISO 3166"
    number = int("".join(str(int(character, 36)) for character in text[4:] + text[:4]))
    return "" if number % 97 == 1 else "the check digits of the account number are wrong"


def _latitude(text: str) -> str:
    return "" if int(text) <= LATITUDE_MAX else "lies beyond a pole"


def _longitude(text: str) -> str:
    return "" if int(text) <= LONGITUDE_MAX else "is more than a turn around the Earth"


def _piece_of_total(text: str) -> str:
    half = len(text) // 2
    piece, total = int(text[:half]), int(text[half:])
    if piece == 0 or total == 0:
        return "pieces are counted from 1"
    return "" if piece <= total else f"piece {piece} of {total}"


def _sequence_slash(text: str) -> str:
    match = _SEQUENCE.fullmatch(text)
    if match is None:
        return "is not a place and a number divided by /"
    place, end = match.groups()
    if place[0] == "0" or end[0] == "0":
        return "begins with a zero"
    return "" if int(place) <= int(end) else f"place {place} of {end}"


def _percent_encoding(text: str) -> str:
    return "a % is not followed by two hexadecimal digits" if _ESCAPE.search(text) else ""


def _yes_no(text: str) -> str:
    return "" if text in ("0", "1") else "is neither 0 nor 1"


def _winding(text: str) -> str:
    return "" if text in ("0", "1", "9") else "is no direction of winding (0, 1 or 9)"


def _zero(text: str) -> str:
    return "" if not text.strip("0") else "is not zero"


def _nonzero(text: str) -> str:
    return "is zero" if not text.strip("0") else ""


def _no_zero_prefix(text: str) -> str:
    return "begins with a zero" if text[0] == "0" and len(text) > 1 else ""


def _hyphen(text: str) -> str:
    return "" if not text.strip("-") else "is not a hyphen"


def _has_non_digit(text: str) -> str:
    return "has no character but digits" if text.isdigit() else ""


def _media_type(text: str) -> str:
    return "" if 1 <= int(text) <= 10 or int(text) >= 80 else f"{text} is no media type"


def _package_type(text: str) -> str:
    return "" if text in PACKAGES else f"{text} is no package type"


def _importer_index(text: str) -> str:
    return "" if text.isalnum() or text in ("-", "_") else "is no importer index"


LINTERS: dict[str, Linter] = {
    "csum": check_sum,
    "csumalpha": check_pair,
    # The numbers of the offices that give prefixes are not in the dictionary: only the shape can be judged.
    "key": _company_prefix,
    "gcppos1": _company_prefix,
    "keyoff1": lambda text: _company_prefix(text[1:]),
    "gcppos2": lambda text: _company_prefix(text[1:]),
    "yymmdd": _date,
    "yymmd0": _date_or_month,
    "yyyymmdd": _full_date,
    "hh": _hour,
    "mi": _minute,
    "ss": _second,
    "hhmi": _hour_minute,
    "iso3166": _country,
    "iso3166999": _country_or_many,
    "iso3166alpha2": _country_letters,
    "iso4217": _currency,
    "iso5218": _sex,
    "iban": _iban,
    "latitude": _latitude,
    "longitude": _longitude,
    "pieceoftotal": _piece_of_total,
    "posinseqslash": _sequence_slash,
    "pcenc": _percent_encoding,
    "yesno": _yes_no,
    "winding": _winding,
    "zero": _zero,
    "nonzero": _nonzero,
    "nozeroprefix": _no_zero_prefix,
    "hyphen": _hyphen,
    "hasnondigit": _has_non_digit,
    "mediatype": _media_type,
    "packagetype": _package_type,
    "importeridx": _importer_index,
    "couponcode": coupon_code,
    "couponposoffer": positive_offer,
}
