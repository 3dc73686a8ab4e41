"""Freight container numbers (ISO 6346): owner code, category U, J, Z or R, six digits and a check digit."""

from __future__ import annotations

import re
from operator import mul

from idis.proto.schemes.spelling import digit_hint, tidy_compact
from idis.proto.schemes.verdict import Verdict

SCHEME = "iso6346"

_SHAPE = re.compile(r"[A-Z]{3}[UJZR][0-9]{7}")
_WEIGHTS = tuple(2**place for place in range(10))
# Letters count from 10 upwards and skip the multiples of 11.
_VALUES = bytes.maketrans(
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", bytes(number for number in range(39) if number % 11 or not number)
)


def check(text: str) -> Verdict:
    """Judge a container number, with or without blanks between its groups."""
    plain, warnings = tidy_compact(text)
    if _SHAPE.fullmatch(plain) is None:
        message = f"a container number is 3 letters, one of U, J, Z, R, and 7 digits{digit_hint(plain[4:])}"
        return Verdict(SCHEME, False, plain, message=message, warnings=warnings)
    expected = check_digit(plain[:10])
    if plain[10] != expected:
        message = f"check digit is {expected} for the container number {plain[:10]}, not {plain[10]}"
        return Verdict(SCHEME, False, plain, expected, message, warnings)
    return Verdict(SCHEME, True, plain, warnings=warnings)


def check_digit(body: str) -> str:
    """The last digit for four letters and six digits; a remainder of 10 is written 0."""
    return str(sum(map(mul, body.encode("ascii").translate(_VALUES), _WEIGHTS)) % 11 % 10)
