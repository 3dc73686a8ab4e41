"""Data identifiers of dictionaries (ISO/IEC 11179-6, ISO 29002-5) such as ECLASS: `0173-1#02-BAA120#008`.

The registration authority, what kind of entry it is, the entry, its version; the entry of all versions is the level above.
"""

from __future__ import annotations

import re

from idis.proto.schemes.recognised import Confidence, Granularity, Recognised, alias_route

SCHEME = "irdi"

_SHAPE = re.compile(
    r"([0-9]{4}(?:-[0-9A-Z]{1,35}){1,2}|[0-9]{4}/[0-9]?///[0-9A-Z_]{1,35})#((?:[0-9A-Z]{2}-)?[0-9A-Z]{6})(?:#([0-9]{1,3}))?"
)


def recognise(text: str) -> Recognised | None:
    """Read an IRDI; canonical is in upper case with a version of three digits."""
    match = _SHAPE.fullmatch(text.upper()) if text.isascii() else None
    if match is None:
        return None
    entry = f"{match[1]}#{match[2]}"
    canonical = entry if match[3] is None else f"{entry}#{match[3].zfill(3)}"
    return Recognised(
        SCHEME, canonical, canonical, Granularity.CLASS, Confidence.CERTAIN, "an entry of a dictionary, with # between its parts",
        (canonical,) if canonical == entry else (canonical, entry), alias_route(SCHEME, canonical),
    )  # fmt: skip
