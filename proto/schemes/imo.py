"""IMO ship numbers (IMO resolution A.1117): `IMO9074729`, seven digits of which the last is a check digit."""

from __future__ import annotations

import re
from operator import mul

from idis.proto.schemes.spelling import digit_hint, tidy
from idis.proto.schemes.verdict import Verdict

SCHEME = "imo"

_SHAPE = re.compile(r"(?:IMO[ -]?)?([0-9]{7})")
_WEIGHTS = (7, 6, 5, 4, 3, 2)


def check(text: str) -> Verdict:
    """Judge an IMO number with or without its `IMO`; canonical is `IMO` and the seven digits."""
    plain, warnings = tidy(text)
    match = _SHAPE.fullmatch(plain)
    if match is None:
        hint = digit_hint(plain.removeprefix("IMO").lstrip())
        return Verdict(SCHEME, False, plain, message=f"an IMO number is 'IMO' and 7 digits{hint}", warnings=warnings)
    digits = match[1]
    expected = check_digit(digits[:6])
    if digits[6] != expected:
        message = f"check digit is {expected} for the IMO number {digits[:6]}_, not {digits[6]}"
        return Verdict(SCHEME, False, "IMO" + digits, expected, message, warnings)
    return Verdict(SCHEME, True, "IMO" + digits, warnings=warnings)


def check_digit(body: str) -> str:
    """The seventh digit for six digits."""
    return str(sum(map(mul, map(int, body), _WEIGHTS)) % 10)
