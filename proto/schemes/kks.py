"""Power-plant codes: KKS (VGB; Chinese relative GB/T 50549), and the French style as a second grammar.

    = 1 0LAC10 AP001 MT01
      plant · system · equipment unit · component

One leading digit is the plant; two leading characters are the plant and the prefix number F0 of the system. Project
rules differ: a plant that codes in the French style uses `check_french` instead (`identifiers.md` §9).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from idis.proto.schemes.spelling import tidy
from idis.proto.schemes.verdict import Verdict

SCHEME = "kks"
SCHEME_FRENCH = "kks-french"

ASPECTS = {"=": "process", "+": "location", ".": "breakdown"}

_SHAPE = re.compile(
    r"([=+.]?) ?(?:([0-9A-Z]) ?)?(?:([0-9]) ?)?([A-Z]{3}) ?([0-9]{2})"
    r"(?: ?([A-Z]{2}) ?([0-9]{3}[A-Z]?)(?: ?([A-Z]{2}) ?([0-9]{2}))?)?"
)
_SHAPE_FRENCH = re.compile(r"([0-9]) ?([A-Z]{3}) ?([0-9]{3}) ?([A-Z]{2})")


@dataclass(frozen=True, slots=True)
class KksCode:
    """A KKS code taken apart; absent levels are empty.

    `aspect` is a key of `ASPECTS` or empty; `system` holds F0, the system key and its counter.
    """

    aspect: str
    plant: str
    system: str
    equipment: str
    component: str

    def __str__(self) -> str:
        return " ".join(filter(None, (self.plant, self.system, self.equipment, self.component)))


def check(text: str) -> Verdict:
    """Judge a KKS code; canonical is upper case with one blank between levels, without the leading symbol."""
    plain, warnings = tidy(text)
    code = _parse(plain)
    if code is None:
        message = "a KKS code is a plant character, a system AAANN, an equipment unit AANNN and a component AANN, as 10LAC10AP001"
        return Verdict(SCHEME, False, plain, message=message, warnings=warnings)
    return Verdict(SCHEME, True, str(code), warnings=warnings)


def decode(text: str) -> KksCode | None:
    """The levels of a KKS code, or None when it is none."""
    plain, _ = tidy(text)
    return _parse(plain)


def check_french(text: str) -> Verdict:
    """Judge a code of unit, 3-letter system, 3 digits and 2-letter type, `1RCP001PO`; canonical has no blanks."""
    plain, warnings = tidy(text)
    match = _SHAPE_FRENCH.fullmatch(plain)
    if match is None:
        message = "a code in the French style is a unit digit, 3 letters, 3 digits and 2 letters, as 1RCP001PO"
        return Verdict(SCHEME_FRENCH, False, plain, message=message, warnings=warnings)
    return Verdict(SCHEME_FRENCH, True, "".join(match.groups()), warnings=warnings)


def _parse(plain: str) -> KksCode | None:
    match = _SHAPE.fullmatch(plain)
    if match is None:
        return None
    aspect, plant, number, key, counter, unit, unit_number, component, component_number = match.groups(default="")
    return KksCode(aspect, plant, number + key + counter, unit + unit_number, component + component_number)
