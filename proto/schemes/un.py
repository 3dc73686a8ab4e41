"""UN numbers of dangerous goods: four digits, `UN1170`."""

from __future__ import annotations

import re

from idis.proto.schemes.spelling import digit_hint, tidy
from idis.proto.schemes.verdict import Verdict

SCHEME = "un"

# The spans of the list of dangerous goods (UN Model Regulations): explosives, then everything else. New entries
# arrive every two years, hence the room above; a number outside is a warning, not an error.
_EXPLOSIVES = range(4, 525)
_OTHERS = range(1001, 3601)

_SHAPE = re.compile(r"(?:UN[ -]?)?([0-9]{4})")


def check(text: str) -> Verdict:
    """Judge a UN number with or without its `UN`; canonical is `UN` and the four digits."""
    plain, warnings = tidy(text)
    match = _SHAPE.fullmatch(plain)
    if match is None:
        hint = digit_hint(plain.removeprefix("UN"))
        return Verdict(SCHEME, False, plain, message=f"a UN number is 'UN' and 4 digits{hint}", warnings=warnings)
    number = int(match[1])
    if number not in _OTHERS and number not in _EXPLOSIVES:
        warnings = (*warnings, f"UN {match[1]} lies outside the numbers assigned so far")
    return Verdict(SCHEME, True, "UN" + match[1], warnings=warnings)
