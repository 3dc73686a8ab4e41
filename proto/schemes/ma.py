"""MA identifiers (IDcode, ISO/IEC 15459 agency MA): `MA.156.1003.1629/10.46100000.riseplatform`.

`MA`, country, node, enterprise, and what the enterprise adds, in labels with dots. Labels behind the enterprise's are
opaque, and letters count by their case, because no published rule says otherwise (`identifiers.md` §3.2).
"""

from __future__ import annotations

import re

from idis.proto.identifier import IDENTIFIER_BYTES_MAX, ancestors
from idis.proto.schemes.recognised import Confidence, Granularity, Recognised, RouteKey

SCHEME = "ma"
ROUTE = "MA"

LABELS_MAX = 32  # twice what a medical device's needs; bounds the walk upwards
_LABELS_LEAST = 3  # above country and node there is nothing to ask

_SHAPE = re.compile(r"[Mm][Aa](\.[0-9]{3}(?:\.[^\s./\x00-\x1f\x7f-\x9f\ud800-\udfff]+)+)(/[^\x00-\x1f\x7f-\x9f\ud800-\udfff]+)?")


def recognise(text: str) -> Recognised | None:
    """Read an MA identifier; only its first two letters are folded."""
    match = _SHAPE.fullmatch(text)
    if match is None or len(text.encode("utf-8")) > IDENTIFIER_BYTES_MAX:
        return None
    dotted = "MA" + match[1]
    if dotted.count(".") >= LABELS_MAX:
        return None
    canonical = dotted + (match[2] or "")
    levels = (*((canonical,) if match[2] else ()), *ancestors(dotted)[: 1 - _LABELS_LEAST])
    return Recognised(
        SCHEME, canonical, canonical, Granularity.UNKNOWN, Confidence.CERTAIN, "MA and a country of three digits",
        levels, RouteKey(ROUTE, dotted),
    )  # fmt: skip
