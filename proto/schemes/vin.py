"""Vehicle identification numbers (ISO 3779, GB 16735): 17 characters, the check character at place 9.

China and North America require the check character, most other regions leave place 9 free; hence a mismatch rejects
only where the first character says the digit is required, and warns elsewhere (`identifiers.md` §9).
"""

from __future__ import annotations

import re
from operator import mul

from idis.proto.schemes.spelling import tidy_compact
from idis.proto.schemes.verdict import Verdict

SCHEME = "vin"
# First characters of regions that require the check character: 1-5 and 7 North America, L China. Of the region 7
# only a part is North American; it can be left out by passing another set.
REGIONS_CHECKED = "123457L"

_SHAPE = re.compile(r"[A-HJ-NPR-Z0-9]{17}")
_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_LETTERS_AND_DIGITS = b"0123456789ABCDEFGHJKLMNPRSTUVWXYZ"
_VALUES = bytes.maketrans(_LETTERS_AND_DIGITS, bytes([*range(10), *range(1, 9), *range(1, 6), 7, 9, *range(2, 10)]))
_NEVER_USED = {"I": "1", "O": "0", "Q": "0"}


def check(text: str, *, regions_checked: str = REGIONS_CHECKED) -> Verdict:
    """Judge a VIN; canonical is upper case without blanks.

    Args:
        text: what was entered.
        regions_checked: first characters for which a wrong check character rejects; elsewhere it warns.
    """
    plain, warnings = tidy_compact(text)
    if _SHAPE.fullmatch(plain) is None:
        return Verdict(SCHEME, False, plain, message=_shape_message(plain), warnings=warnings)
    expected = check_digit(plain)
    if plain[8] == expected:
        return Verdict(SCHEME, True, plain, warnings=warnings)
    message = f"check digit is {expected} at place 9 of this VIN, not {plain[8]}"
    if plain[0] in regions_checked:
        return Verdict(SCHEME, False, plain, expected, message, warnings)
    return Verdict(SCHEME, True, plain, expected, warnings=(*warnings, f"{message} (optional in region {plain[0]})"))


def check_digit(body: str) -> str:
    """The character for place 9 of a 17-character VIN, whatever stands there now; all characters must be legal."""
    remainder = sum(map(mul, body.encode("ascii").translate(_VALUES), _WEIGHTS)) % 11
    return "0123456789X"[remainder]


def with_check_digit(body: str) -> str:
    """A 17-character VIN with its place 9 set right."""
    return body[:8] + check_digit(body) + body[9:]


def _shape_message(plain: str) -> str:
    if len(plain) != 17:
        return f"a VIN has 17 characters, not {len(plain)}"
    for position, character in enumerate(plain, start=1):
        if digit := _NEVER_USED.get(character):
            return f"a VIN never holds I, O or Q; the {character} at place {position} may be meant as {digit}"
    return "a VIN holds only the letters A-Z without I, O, Q and the digits 0-9"
