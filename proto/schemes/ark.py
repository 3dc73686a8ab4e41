"""Archival resource keys: `ark:13030/tf5p30086k/page.2`.

`ark:/` and `ark:` are the same, as are names with and without hyphens; a `?` at the end asks for metadata and is not
identity. An unknown name is looked for by what stands before its last `/` or `.`, down to the NAAN (`identifiers.md` §3.6).
"""

from __future__ import annotations

import re

from idis.proto.identifier import IDENTIFIER_BYTES_MAX
from idis.proto.schemes.recognised import Confidence, Granularity, Recognised, RouteKey

SCHEME = "ark"
ROUTE = "ARK"

PARTS_MAX = 32  # bounds the walk upwards

_SHAPE = re.compile(r"ark:/?([0-9bcdfghjkmnpqrstvwxz]{5,9})/([A-Za-z0-9=~*+@_$%./-]+)(\?\??|\?info)?", re.IGNORECASE | re.ASCII)
_HYPHENS = str.maketrans("", "", "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212")
_BORDER = re.compile(r"[./]+(?=[^./])")


def recognise(text: str) -> Recognised | None:
    """Read an ARK without its host; it is routed by its NAAN and the first part of its name."""
    if len(text) > IDENTIFIER_BYTES_MAX:
        return None
    match = _SHAPE.fullmatch(text if text.isascii() else text.translate(_HYPHENS))
    if match is None:
        return None
    naan = match[1].lower()
    name = match[2].translate(_HYPHENS).rstrip("/.").lstrip("/")
    borders = [border.start() for border in _BORDER.finditer(name)]
    if not name or name[0] == "." or len(borders) >= PARTS_MAX:
        return None
    canonical = f"ark:{naan}/{name}"
    levels = (canonical, *(f"ark:{naan}/{name[:at]}" for at in reversed(borders)), f"ark:{naan}")
    base = name[: borders[0]] if borders else name
    return Recognised(
        SCHEME, canonical, canonical, Granularity.UNKNOWN, Confidence.CERTAIN, "it begins with ark: and a NAAN",
        levels, RouteKey(ROUTE, f"{naan}/{base}"), attributes=(("inflection", match[3]),) if match[3] else (), uri=canonical,
    )  # fmt: skip
