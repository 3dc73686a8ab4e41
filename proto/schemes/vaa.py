"""VAA numbers: an ISO/IEC 15459 agency's numbers for enterprises, and their codes behind a slash, `VAA08810012345678/abc123`.

`VAA`, country (3 digits), industry (3), enterprise (8), `/`, the enterprise's own code. The same number is written with
dots in between, as a Handle prefix and as a DID. Whether the enterprise's field loses leading zeros on the way to the
prefix is not settled, so both twins are given, the one that keeps them first (`identifiers.md` §3.2).
"""

from __future__ import annotations

import re

from idis.proto.identifier import IDENTIFIER_BYTES_MAX
from idis.proto.schemes.recognised import Confidence, Granularity, Recognised, RouteKey

SCHEME = "vaa"
ROUTE = "VAA"

_SHAPE = re.compile(
    r"(?:[Vv][Aa][Aa]([0-9]{3})([0-9]{3})([0-9]{8})|([0-9]{3})[·•・]([0-9]{3})[·•・]([0-9]{8}))"
    r"(?:/([^\x00-\x1f\x7f-\x9f\ud800-\udfff]+))?"
)


def recognise(text: str) -> Recognised | None:
    """Read a VAA number, with or without a code behind it; the Handle twins are attributes named `handle`."""
    match = _SHAPE.fullmatch(text)
    if match is None or len(text.encode("utf-8")) > IDENTIFIER_BYTES_MAX:
        return None
    country, industry, enterprise = match[1] or match[4], match[2] or match[5], match[3] or match[6]
    number = f"VAA{country}{industry}{enterprise}"
    code = match[7]
    canonical = number if code is None else f"{number}/{code}"
    prefixes = twin_prefixes(number)
    return Recognised(
        SCHEME,
        canonical,
        canonical,
        Granularity.NAMESPACE if code is None else Granularity.UNKNOWN,
        Confidence.CERTAIN,
        "VAA and the 14 digits of an enterprise",
        (number,) if code is None else (canonical, number),
        RouteKey(ROUTE, prefixes[0]),
        attributes=(
            *(("handle", prefix if code is None else f"{prefix}/{code}") for prefix in prefixes),
            ("did", f"did:cn:{prefixes[0]}"),
        ),
    )


def twin_prefixes(number: str) -> tuple[str, ...]:
    """The Handle prefixes that may be the same as `VAA` and 14 digits: the enterprise with its leading zeros, then without."""
    head = f"{number[3:6].lstrip('0') or '0'}.{number[6:9]}"
    enterprise = number[9:17]
    stripped = enterprise.lstrip("0") or "0"
    return (f"{head}.{enterprise}",) if stripped == enterprise else (f"{head}.{enterprise}", f"{head}.{stripped}")
