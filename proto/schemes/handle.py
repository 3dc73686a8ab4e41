"""Identifiers of the Handle family, those of IDIS among them: `88.118.8/JXDY2106023`, and prefixes by themselves.

One name folded to ASCII upper case is one identifier; the spelling is kept for display, because answers echo it
(`identifiers.md` §3.1). Leading zeros of labels are significant. What lies behind the slash is its owner's: it has no
hierarchy here, only the prefix above it has.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from idis.proto.identifier import IDENTIFIER_BYTES_MAX, PREFIX_BYTES_MAX, PREFIX_LABELS_MAX, ancestors, fold
from idis.proto.schemes.recognised import Confidence, Granularity, Recognised, RouteKey

SCHEME = "handle"
SCHEME_IDIS = "idis"
ROUTE = "Handle"

URI_SAFE = "/:@!$&'()*+,;=-._~"  # what may stand in the path of a URI as it is (RFC 3986 §3.3)

# Issuers of the Chinese system. 20 is shared with the rest of the world, whose prefixes below it have two labels.
_ISSUERS = ("88", "86")
_ISSUER_SHARED = "20"
_SHARED_LABELS_MIN = 3

_SHAPE = re.compile(
    r"(?:(?P<index>[0-9]{1,10}):)?(?P<head>0\.[Nn][Aa]/)?(?P<prefix>[0-9][\w-]*(?:\.[\w-]+)*)"
    r"(?:/(?P<suffix>[^\x00-\x1f\x7f-\x9f\ud800-\udfff]+))?"
)


def recognise(text: str) -> Recognised | None:
    """Read `prefix/suffix`, a bare prefix, `0.NA/prefix`, or a reference to a key, `index:prefix/suffix`."""
    match = _SHAPE.fullmatch(text)
    if match is None:
        return None
    index, head, prefix, suffix = match.groups()
    if prefix.count(".") >= PREFIX_LABELS_MAX or _octets(prefix) > PREFIX_BYTES_MAX or _octets(text) > IDENTIFIER_BYTES_MAX:
        return None
    if head and suffix is not None:
        return None
    folded = fold(prefix)
    chain = ancestors(folded)
    route = RouteKey(ROUTE, folded)
    attributes = () if index is None else (("index", index),)
    scheme = scheme_of(folded)
    if suffix is None:
        why = "digits with dots in between: a prefix"
        return Recognised(
            scheme, folded, prefix, Granularity.NAMESPACE, Confidence.CERTAIN, why, tuple(chain), route,
            attributes=attributes, uri="hdl:" + quote(folded, safe=URI_SAFE),
        )  # fmt: skip
    canonical = f"{folded}/{fold(suffix)}"
    why = "a prefix that begins with a digit, a slash, a suffix"
    return Recognised(
        scheme, canonical, f"{prefix}/{suffix}", Granularity.UNKNOWN, Confidence.CERTAIN, why,
        (canonical, *chain), route, attributes=attributes, uri="hdl:" + quote(canonical, safe=URI_SAFE),
    )  # fmt: skip


def scheme_of(prefix: str) -> str:
    """`idis` for prefixes of the Chinese system, else `handle`."""
    issuer, _, rest = prefix.partition(".")
    if issuer in _ISSUERS or (issuer == _ISSUER_SHARED and rest.count(".") >= _SHARED_LABELS_MIN - 2):
        return SCHEME_IDIS
    return SCHEME


def _octets(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8"))
