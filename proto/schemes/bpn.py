"""Business partner numbers of Catena-X: `BPNL`, `BPNS` or `BPNA` and twelve characters, for a company, a site, an address."""

from __future__ import annotations

import re

from idis.proto.schemes.recognised import Confidence, Granularity, Recognised, alias_route

SCHEME = "bpn"

_SHAPE = re.compile(r"BPN([LSA])[0-9A-Z]{12}")
_KINDS = {"L": Granularity.PARTY, "S": Granularity.LOCATION, "A": Granularity.LOCATION}


def recognise(text: str) -> Recognised | None:
    """Read a BPN; canonical is in upper case."""
    canonical = text.upper()
    match = _SHAPE.fullmatch(canonical)
    if match is None:
        return None
    return Recognised(
        SCHEME, canonical, canonical, _KINDS[match[1]], Confidence.CERTAIN, "BPN, its kind, twelve characters",
        (canonical,), alias_route(SCHEME, canonical),
    )  # fmt: skip
