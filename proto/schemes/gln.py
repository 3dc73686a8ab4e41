"""Global location numbers: 13 digits for a party or a place (GS1 General Specifications)."""

from __future__ import annotations

from idis.proto.schemes.mod10 import check_digit, check_key
from idis.proto.schemes.verdict import Verdict

__all__ = ["SCHEME", "check", "check_digit"]

SCHEME = "gln"


def check(text: str) -> Verdict:
    """Judge a GLN."""
    return check_key(text, SCHEME, "a GLN", (13,), 13)
