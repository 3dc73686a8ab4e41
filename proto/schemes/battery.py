"""Traction battery codes 动力电池编码 (GB/T 34014-2017): 24 characters that say maker, product and day of production.

    001 P B 21 0000012 F3H 0000123
    maker · product · chemistry · specification · trace · year month day · serial

There is no check digit, so the grammar and the calendar are what can be tested. A battery in its second life has a new
code without the seven trace characters that ends in R; sources disagree whether a product letter follows the R, so
both lengths are read, with a warning (`identifiers.md` §9).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from idis.proto.schemes.spelling import tidy_compact
from idis.proto.schemes.verdict import Verdict

SCHEME = "battery"

PRODUCTS = {"P": "pack", "M": "module", "C": "cell"}
# The letters are second-hand knowledge; Z is "other".
CHEMISTRIES = {"A": "NiMH", "B": "LFP", "C": "LMO", "D": "LCO", "E": "ternary", "F": "supercapacitor", "G": "LTO", "Z": "other"}

_SHAPE = re.compile(
    r"(?P<maker>[0-9A-Z]{3})(?P<product>[PMC])(?P<chemistry>[A-GZ])(?P<specification>[0-9A-Z]{2})"
    r"(?:(?P<trace>[0-9A-Z]{7})(?P<first>[1-9A-NPR-Y][1-9A-C][0-9A-NPR-Y][0-9]{7})"
    r"|(?P<again>[1-9A-NPR-Y][1-9A-C][0-9A-NPR-Y][0-9]{7})R[PMC]?)"
)
_COUNTING = "123456789ABCDEFGHJKLMNPRSTVWXY"  # 1 to 30, without I, O, Q, U, Z
_NUMBERS = {character: number for number, character in enumerate(_COUNTING, start=1)}
_YEAR_BEFORE_FIRST = 2010
_DAY_31 = "0"
_LETTERS_OF_ONE_SOURCE = "IU"  # tolerated in dates by one published pattern, without a stated meaning


@dataclass(frozen=True, slots=True)
class BatteryCode:
    """A decoded battery code; `produced` is None when a date letter has no known meaning, `trace` empty in a second life."""

    maker: str
    product: str
    chemistry: str
    specification: str
    trace: str
    produced: date | None
    serial: str
    second_life: bool = False


def check(text: str, *, reference_year: int | None = None) -> Verdict:
    """Judge a battery code.

    Args:
        text: what was entered.
        reference_year: the present year; a later year of production is then a warning.
    """
    plain, warnings = tidy_compact(text)
    match = _SHAPE.fullmatch(plain)
    if match is None:
        return Verdict(SCHEME, False, plain, message=_shape_message(plain), warnings=warnings)
    stamp = (match["first"] or match["again"])[:3]
    produced = production_date(stamp)
    if produced is None:
        if not any(letter in stamp for letter in _LETTERS_OF_ONE_SOURCE):
            return Verdict(SCHEME, False, plain, message=f"the characters {stamp} name no day of the calendar", warnings=warnings)
        warnings = (*warnings, f"the date {stamp} holds I or U, whose meaning is not settled")
    elif reference_year is not None and produced.year > reference_year:
        warnings = (*warnings, f"produced on {produced.isoformat()}, which lies in the future")
    if match["again"]:
        warnings = (*warnings, f"second-life code of {len(plain)} characters; sources differ between 18 and 19")
    return Verdict(SCHEME, True, plain, warnings=warnings)


def decode(text: str) -> BatteryCode | None:
    """The parts of a code, or None when it does not pass `check`."""
    plain, _ = tidy_compact(text)
    match = _SHAPE.fullmatch(plain)
    if match is None:
        return None
    tail = match["first"] or match["again"]
    produced = production_date(tail[:3])
    if produced is None and not any(letter in tail[:3] for letter in _LETTERS_OF_ONE_SOURCE):
        return None
    head = (match["maker"], match["product"], match["chemistry"], match["specification"], match["trace"] or "")
    return BatteryCode(*head, produced, tail[3:], bool(match["again"]))


def encode(code: BatteryCode) -> str:
    """The 24 characters of a first-life code, or the 18 of a second-life one; `produced` must lie in 2011-2040."""
    assert code.produced is not None
    year = _COUNTING[code.produced.year - _YEAR_BEFORE_FIRST - 1]
    day = _DAY_31 if code.produced.day == 31 else _COUNTING[code.produced.day - 1]
    stamp = f"{year}{_COUNTING[code.produced.month - 1]}{day}"
    head = code.maker + code.product + code.chemistry + code.specification
    return f"{head}{stamp}{code.serial}R" if code.second_life else f"{head}{code.trace}{stamp}{code.serial}"


def production_date(stamp: str) -> date | None:
    """The day that year, month and day characters name, or None."""
    try:
        day = 31 if stamp[2] == _DAY_31 else _NUMBERS[stamp[2]]
        return date(_YEAR_BEFORE_FIRST + _NUMBERS[stamp[0]], _NUMBERS[stamp[1]], day)
    except (KeyError, ValueError, IndexError):
        return None


def _shape_message(plain: str) -> str:
    if len(plain) not in (18, 19, 24):
        return f"a battery code has 24 characters (18 or 19 ending in R for a second life), not {len(plain)}"
    if plain[3] not in PRODUCTS:
        return f"the fourth character says pack (P), module (M) or cell (C), not {plain[3]}"
    if plain[4] not in CHEMISTRIES:
        return f"the fifth character says the chemistry, A to G or Z, not {plain[4]}"
    return "a battery code ends in year, month and day characters and seven digits; O, Q and Z are no date characters"
