"""Resident identity numbers 公民身份号码 (GB 11643): numbers of people, which this service neither keeps nor shows.

A text that looks like one is refused before anything else sees it, and is not repeated in the answer.
"""

from __future__ import annotations

import re
from operator import mul

from idis.proto.schemes.recognised import Check, Confidence, Granularity, Recognised
from idis.proto.schemes.spelling import tidy_compact

SCHEME = "personal"

REFUSED = Recognised(
    SCHEME,
    "",
    "personal identifier, refused",
    Granularity.PARTY,
    Confidence.CERTAIN,
    "it looks like the number of a person, which is not looked up, kept or repeated",
    checks=(Check("personal identifier", False),),
)

# Region (the first digits are those of provinces), day of birth, a number of the day, check character (ISO 7064 MOD 11-2).
_SHAPE = re.compile(r"[1-9][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9X]")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def is_personal(text: str) -> bool:
    """Whether a text is the number of a person, however its digits are grouped."""
    if len(text) < 18:
        return False
    plain, _ = tidy_compact(text)
    if len(plain) != 18 or _SHAPE.fullmatch(plain) is None:
        return False
    return "10X98765432"[sum(map(mul, map(int, plain[:17]), _WEIGHTS)) % 11] == plain[17]
