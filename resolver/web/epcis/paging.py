"""Paging by `Link` header: tokens that hold nothing at the node, opaque and stable (ISO/IEC 19987 §12.5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from idis.registry.trace.event_time import write_utc
from idis.resolver.web.epcis.ask import Ask
from idis.resolver.web.epcis.exception import EpcisException, Kind
from idis.resolver.web.v1.cursor import make_cursor, read_cursor
from idis.resolver.web.v1.reading import Unfit

PAGE_SIZE, PAGE_SIZE_MAX = 30, 1_000
TOKEN_HOURS = 24  # it holds longer; nobody is promised more
OWN = frozenset(("perPage", "nextPageToken"))

_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Page:
    """What part of a list is wanted.

    Attributes:
        subject: what is listed; a token of another list is refused.
        size: the most it holds.
        after: what its token says; empty for the first page.
    """

    subject: str
    size: int
    after: bytes

    def link(self, ask: Ask, key: bytes | None) -> list[tuple[str, str]]:
        """The headers that lead to the next page; none where there is none."""
        if key is None:
            return []
        query = "&".join([*_pairs(ask), f"nextPageToken={make_cursor(self.subject, key)}"])
        return [
            ("Link", f'<{ask.request.rel_url.raw_path}?{query}>; rel="next"'),
            ("GS1-Next-Page-Token-Expires", write_utc(ask.now_ms + TOKEN_HOURS * _HOUR_MS)),
        ]


def page_of(ask: Ask, subject: str) -> Page:
    """The page a request asks for. Raises EpcisException."""
    query = ask.request.query
    size = query.get("perPage", str(PAGE_SIZE))
    if not size.isascii() or not size.isdecimal() or len(size) > 9 or not int(size) >= 1:
        raise EpcisException(Kind.QUERY_PARAMETER, "perPage is a whole number from 1 on")
    try:
        after = read_cursor(subject, query.get("nextPageToken"))
    except Unfit:
        raise EpcisException(
            Kind.QUERY_PARAMETER, "this nextPageToken belongs to another question: follow the Link of its last page"
        ) from None
    return Page(subject, min(int(size), PAGE_SIZE_MAX), after or b"")


def others(ask: Ask) -> Iterable[tuple[str, str]]:
    """The parameters of a request that are not about paging."""
    return ((name, value) for name, value in ask.request.query.items() if name not in OWN)


def _pairs(ask: Ask) -> list[str]:
    kept = ((name, value) for name, value in ask.request.query.items() if name != "nextPageToken")
    return [f"{quote(name, safe='')}={quote(value, safe='|:')}" for name, value in kept]
