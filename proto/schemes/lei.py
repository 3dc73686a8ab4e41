"""Legal entity identifiers (ISO 17442): 18 letters or digits and two check digits (ISO 7064 MOD 97-10)."""

from __future__ import annotations

import re

from idis.proto.schemes.spelling import tidy_compact
from idis.proto.schemes.verdict import Verdict

SCHEME = "lei"

_SHAPE = re.compile(r"[0-9A-Z]{18}[0-9]{2}")
_DIGITS = {letter: str(letter - 55) for letter in range(ord("A"), ord("Z") + 1)}


def check(text: str) -> Verdict:
    """Judge a legal entity identifier."""
    plain, warnings = tidy_compact(text)
    if _SHAPE.fullmatch(plain) is None:
        message = "a legal entity identifier has 18 letters or digits and 2 check digits"
        if len(plain) != 20:
            message += f": 20 characters, not {len(plain)}"
        return Verdict(SCHEME, False, plain, message=message, warnings=warnings)
    if int(plain.translate(_DIGITS)) % 97 != 1:
        expected = check_digit(plain[:18])
        message = f"check digits are {expected} for the body {plain[:18]}, not {plain[18:]}"
        return Verdict(SCHEME, False, plain, expected, message, warnings)
    return Verdict(SCHEME, True, plain, warnings=warnings)


def check_digit(body: str) -> str:
    """The two check digits for the 18 characters before them."""
    return f"{98 - int(body.translate(_DIGITS)) * 100 % 97:02d}"
