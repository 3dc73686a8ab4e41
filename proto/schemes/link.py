"""Links as identifiers (IEC 61406): any http or https URL that is nothing else.

Scheme and host compare without regard to case, path and query octet for octet: nothing of them is ever cleaned up. It is
routed by host and the longest path (`identifiers.md` §3.7).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from idis.proto.identifier import IDENTIFIER_BYTES_MAX
from idis.proto.schemes.recognised import Confidence, Granularity, Recognised, RouteKey

SCHEME = "url"
ROUTE = "URL"

_SHAPE = re.compile(r"([Hh][Tt][Tt][Pp][Ss]?)://([^/?#\\\s\x00-\x20\ud800-\udfff]+)([/?#][^\s\x00-\x20\x7f-\x9f\ud800-\udfff]*)?")
_HOST = re.compile(r"(?:[^\s:@/?#\[\]%]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Link:
    """A URL taken apart: scheme and host (with its port) in small letters, path with query and fragment as given."""

    scheme: str
    host: str
    rest: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}{self.rest}"

    @property
    def path(self) -> str:
        """Without query and fragment."""
        return self.rest.partition("#")[0].partition("?")[0]


def parse(text: str) -> Link | None:
    """Take a URL apart; None when it is none."""
    match = _SHAPE.fullmatch(text)
    if match is None or len(text.encode("utf-8")) > IDENTIFIER_BYTES_MAX:
        return None
    host = match[2].lower() if match[2].isascii() else match[2].casefold()
    return Link(match[1].lower(), host, match[3] or "") if _HOST.fullmatch(host) else None


def recognise(text: str) -> Recognised | None:
    """Read a URL, with a warning where it is not encrypted."""
    link = parse(text)
    return None if link is None else of_link(link)


def of_link(link: Link) -> Recognised:
    """A link as an identifier."""
    canonical = str(link)
    warnings = () if link.scheme == "https" else ("a link of http can be altered on its way",)
    return Recognised(
        SCHEME, canonical, canonical, Granularity.UNKNOWN, Confidence.LIKELY, "a web address that is nothing else",
        (canonical,), RouteKey(ROUTE, link.host + link.path), warnings=warnings, uri=canonical,
    )  # fmt: skip
