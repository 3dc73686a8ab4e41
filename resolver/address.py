"""The path of an identifier at the HTTP face of a node: what labels hold, pages link to, and JSON is found under."""

from __future__ import annotations

from urllib.parse import quote

_KEPT = "/:@!$&'()*+,;=~"  # what a path may hold as it is (RFC 3986 §3.3), beside letters, digits and -._


def path_of(spelling: str) -> str:
    """The path, percent-encoded: `/88.118.8/JXDY2106023`."""
    return "/" + quote(spelling, safe=_KEPT)
