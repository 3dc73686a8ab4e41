"""Unified social credit codes 统一社会信用代码 (GB 32100-2015): 18 characters naming an organisation in China.

Characters 9 to 17 are the organisation code (GB 11714) with a check character of its own; both are tested.
"""

from __future__ import annotations

import re
from operator import mul

from idis.proto.schemes.spelling import tidy_compact
from idis.proto.schemes.verdict import Verdict

SCHEME = "uscc"

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # 31 characters: without I, O, S, V, Z
_SHAPE = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
_VALUES = bytes.maketrans(_ALPHABET.encode(), bytes(range(31)))

_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_ORGANISATION_VALUES = bytes.maketrans(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", bytes(range(36)))
_NEVER_USED = "IOSVZ"


def check(text: str) -> Verdict:
    """Judge a unified social credit code."""
    plain, warnings = tidy_compact(text)
    if _SHAPE.fullmatch(plain) is None:
        return Verdict(SCHEME, False, plain, message=_shape_message(plain), warnings=warnings)
    inner = organisation_check_digit(plain[8:16])
    if plain[16] != inner:
        message = f"check character of the organisation code {plain[8:16]} is {inner} (place 17), not {plain[16]}"
        return Verdict(SCHEME, False, plain, inner, message, warnings)
    expected = check_digit(plain[:17])
    if plain[17] != expected:
        message = f"check character is {expected} for the body {plain[:17]}, not {plain[17]}"
        return Verdict(SCHEME, False, plain, expected, message, warnings)
    return Verdict(SCHEME, True, plain, warnings=warnings)


def check_digit(body: str) -> str:
    """The last character for the 17 before it."""
    return _ALPHABET[-sum(map(mul, body.encode("ascii").translate(_VALUES), _WEIGHTS)) % 31]


def organisation_check_digit(body: str) -> str:
    """The ninth character of an organisation code for the eight before it."""
    total = sum(map(mul, body.encode("ascii").translate(_ORGANISATION_VALUES), _ORGANISATION_WEIGHTS))
    return "0123456789X"[-total % 11]


def _shape_message(plain: str) -> str:
    if len(plain) != 18:
        return f"a unified social credit code has 18 characters, not {len(plain)}"
    for position, character in enumerate(plain, start=1):
        if character in _NEVER_USED:
            return f"a unified social credit code never holds I, O, S, V or Z; there is one at place {position}: {character}"
    return "a unified social credit code is 2 characters, 6 digits of the region, 9 of the organisation code and 1 to check"
