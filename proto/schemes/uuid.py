"""Universally unique identifiers (RFC 9562): `f81d4fae-7dec-11d0-a765-00a0c91e6bf6`, also as `urn:uuid:`."""

from __future__ import annotations

import re

from idis.proto.schemes.recognised import Confidence, Granularity, Recognised, alias_route

SCHEME = "uuid"

_SHAPE = re.compile(
    r"(?:urn:uuid:|\{)?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\}?", re.IGNORECASE | re.ASCII
)


def recognise(text: str) -> Recognised | None:
    """Read a UUID with its hyphens; canonical is in small letters."""
    match = _SHAPE.fullmatch(text)
    if match is None or (text[0] == "{") != (text[-1] == "}"):
        return None
    canonical = match[1].lower()
    return Recognised(
        SCHEME, canonical, canonical, Granularity.UNKNOWN, Confidence.CERTAIN, "hexadecimal digits in groups of 8-4-4-4-12",
        (canonical,), alias_route(SCHEME, canonical), uri=f"urn:uuid:{canonical}",
    )  # fmt: skip
