"""URIs in events: what may stand for a thing, and namespaces that a context declares."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

URI_BYTES_MAX = 2_048  # as long as an identifier may be

# RFC 3986 §3 with the letters of RFC 3987: no blanks, no controls, none of the delimiters that no URI may hold.
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20\x7f-\xa0\"<>\\^`{|}\ud800-\udfff]+")
# A handle as machines write it, with nothing to decode and nothing to refuse: most names of most events. `0.NA/88.118.8` is
# another name of a prefix.
_PLAIN_HANDLE = re.compile(r"hdl:(?!0\.[Nn][Aa]/)([0-9A-Za-z]{1,32}(?:\.[0-9A-Za-z]{1,32}){1,5})/([!-$&-~]{1,150})")
_BROKEN_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CURIE = re.compile(r"([A-Za-z_][\w.-]*):(?!//)(.*)", re.DOTALL)


# Prefix and suffix of `hdl:…` where the commonest letters spell it; None says nothing about a text. Asked for every name of
# every event, some of them twice.
plain_handle: Callable[[str], re.Match[str] | None] = _PLAIN_HANDLE.fullmatch


def is_uri(text: str) -> bool:
    """Whether a text is an absolute URI or IRI (RFC 3986, 3987)."""
    return (
        len(text) <= URI_BYTES_MAX
        and _ABSOLUTE.fullmatch(text) is not None
        and (text.isascii() or len(text.encode()) <= URI_BYTES_MAX)
        and ("%" not in text or _BROKEN_PERCENT.search(text) is None)
    )


def expand(text: str, prefixes: Mapping[str, str]) -> str:
    """A CURIE with its prefix replaced by what a context declares for it; anything else as it is."""
    match = _CURIE.fullmatch(text)
    if match is None or (head := prefixes.get(match[1])) is None:
        return text
    return head + match[2]


def prefix_of(text: str) -> str:
    """What stands before the colon of a CURIE; empty where there is none, or where `//` follows."""
    match = _CURIE.fullmatch(text)
    return match[1] if match else ""
