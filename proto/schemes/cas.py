"""CAS registry numbers: two to seven digits, two digits and a check digit, `7732-18-5`."""

from __future__ import annotations

import re

from idis.proto.schemes.spelling import digit_hint, tidy
from idis.proto.schemes.verdict import Verdict

SCHEME = "cas"

_SHAPE = re.compile(r"([0-9]{2,7})-([0-9]{2})-([0-9])")


def check(text: str) -> Verdict:
    """Judge a CAS number, which is written with its hyphens."""
    plain, warnings = tidy(text)
    match = _SHAPE.fullmatch(plain)
    if match is None:
        message = f"a CAS number is 2 to 7 digits, 2 digits and 1 check digit with hyphens, as 7732-18-5{digit_hint(plain)}"
        return Verdict(SCHEME, False, plain, message=message, warnings=warnings)
    expected = check_digit(match[1] + match[2])
    if match[3] != expected:
        message = f"check digit is {expected} for the CAS number {match[1]}-{match[2]}-_, not {match[3]}"
        return Verdict(SCHEME, False, plain, expected, message, warnings)
    return Verdict(SCHEME, True, plain, warnings=warnings)


def check_digit(body: str) -> str:
    """The last digit for the four to nine digits before it, given without hyphens."""
    total = 0
    for place, digit in enumerate(reversed(body), start=1):
        total += place * int(digit)
    return str(total % 10)
