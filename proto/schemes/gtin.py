"""Global trade item numbers of 8, 12, 13 or 14 digits; equal after padding to 14 (GS1 General Specifications)."""

from __future__ import annotations

from idis.proto.schemes.mod10 import check_digit, check_key
from idis.proto.schemes.verdict import Verdict

__all__ = ["SCHEME", "check", "check_digit"]

SCHEME = "gtin"

_LENGTHS = (8, 12, 13, 14)


def check(text: str) -> Verdict:
    """Judge a GTIN; canonical has 14 digits."""
    return check_key(text, SCHEME, "a GTIN", _LENGTHS, 14)
