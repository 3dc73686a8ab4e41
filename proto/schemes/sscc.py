"""Serial shipping container codes: 18 digits on a logistic unit (GS1 General Specifications)."""

from __future__ import annotations

from idis.proto.schemes.mod10 import check_digit, check_key
from idis.proto.schemes.verdict import Verdict

__all__ = ["SCHEME", "check", "check_digit"]

SCHEME = "sscc"


def check(text: str) -> Verdict:
    """Judge an SSCC."""
    return check_key(text, SCHEME, "an SSCC", (18,), 18)
