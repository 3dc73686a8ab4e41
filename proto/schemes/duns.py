"""D-U-N-S numbers of companies: nine digits, claimed only with their label, `DUNS150483782`."""

from __future__ import annotations

import re

from idis.proto.schemes.recognised import Confidence, Granularity, Recognised, alias_route

SCHEME = "duns"

_SHAPE = re.compile(r"D-?U-?N-?S[ :#-]?([0-9]{2})-?([0-9]{3})-?([0-9]{4})", re.IGNORECASE | re.ASCII)


def recognise(text: str) -> Recognised | None:
    """Read a labelled number; canonical is `DUNS` and the digits."""
    match = _SHAPE.fullmatch(text)
    if match is None:
        return None
    canonical = "DUNS" + "".join(match.groups())
    return Recognised(
        SCHEME, canonical, canonical, Granularity.PARTY, Confidence.CERTAIN, "DUNS and nine digits",
        (canonical,), alias_route(SCHEME, canonical),
    )  # fmt: skip
