"""EC numbers of substances (EINECS, ELINCS, NLP): `231-791-2`."""

from __future__ import annotations

import re
from operator import mul

from idis.proto.schemes.spelling import digit_hint, tidy
from idis.proto.schemes.verdict import Verdict

SCHEME = "ec"

_SHAPE = re.compile(r"([0-9]{3})-([0-9]{3})-([0-9])")
_WEIGHTS = (1, 2, 3, 4, 5, 6)


def check(text: str) -> Verdict:
    """Judge an EC number, which is written with its hyphens."""
    plain, warnings = tidy(text)
    match = _SHAPE.fullmatch(plain)
    if match is None:
        message = f"an EC number is 3 digits, 3 digits and 1 check digit with hyphens, as 231-791-2{digit_hint(plain)}"
        return Verdict(SCHEME, False, plain, message=message, warnings=warnings)
    expected = check_digit(match[1] + match[2])
    if match[3] == expected:
        return Verdict(SCHEME, True, plain, warnings=warnings)
    body = f"{match[1]}-{match[2]}"
    if expected:
        message = f"check digit is {expected} for the EC number {body}-_, not {match[3]}"
    else:
        message = f"no EC number begins with {body}: its check digit would be 10"
    return Verdict(SCHEME, False, plain, expected, message, warnings)


def check_digit(body: str) -> str:
    """The last digit for six digits; empty for a body that is never issued, because its remainder is 10."""
    remainder = sum(map(mul, map(int, body), _WEIGHTS)) % 11
    return "" if remainder == 10 else str(remainder)
