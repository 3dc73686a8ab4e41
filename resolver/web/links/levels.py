"""The levels of a thing that are known here, each with what its records say for a resolver."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from idis.proto.schemes.gs1.link_types import DEFAULT, DEFAULT_MULTI
from idis.proto.types.link import Link
from idis.registry.links import RecordLinks
from idis.resolver.address import path_of
from idis.resolver.web.links.asked import LevelAsked
from idis.resolver.web.links.preferences import Languages

OWN_PAGE_TITLES = ("Product page", "产品页面")


@dataclass(frozen=True, slots=True)
class Level:
    """A level that records are known for.

    Attributes:
        asked: what it was asked for as.
        records: what has this key, usually one.
        links: of all its records, with the page of a record here where nobody has named a default.
    """

    asked: LevelAsked
    records: tuple[RecordLinks, ...]
    links: tuple[Link, ...]

    @property
    def anchor(self) -> str:
        """Its URI at this resolver."""
        return self.asked.anchor

    @property
    def display(self) -> str:
        """As people write it."""
        return self.asked.display

    @property
    def name(self) -> str:
        """What it is called, or its key."""
        return next((record.name for record in self.records if record.name), self.display)

    @property
    def recalled(self) -> bool:
        """Whether one of its records says that it must not be used, or only after a check."""
        return any(record.recalled for record in self.records)

    @property
    def ttl_s(self) -> int:
        """How long all of it may be kept."""
        return min(record.ttl_s for record in self.records)


def level_of(asked: LevelAsked, records: Sequence[RecordLinks]) -> Level:
    """A level of records."""
    links = records[0].links if len(records) == 1 else tuple(dict.fromkeys(link for record in records for link in record.links))
    return Level(asked, tuple(records), links)


def with_defaults(levels: Sequence[Level], root: str, languages: Languages) -> tuple[Level, ...]:
    """The levels with a default link somewhere: where their owners have named none, what this node shows of each record."""
    if any(link.link_type in (DEFAULT, DEFAULT_MULTI) for level in levels for link in level.links):
        return tuple(levels)
    zh = languages.fit("zh").rank > languages.fit("en").rank
    return tuple(_with_own_pages(level, root, zh) for level in levels)


def own_page(root: str, identifier: str) -> str:
    """The URI at which this node shows a record."""
    return root + path_of(identifier)


def _with_own_pages(level: Level, root: str, zh: bool) -> Level:
    pages = tuple(Link(DEFAULT, own_page(root, record.identifier), OWN_PAGE_TITLES[zh]) for record in level.records)
    return replace(level, links=(*level.links, *pages))
