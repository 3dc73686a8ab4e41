"""Linksets: everything that is linked from a thing, level by level, as RFC 9264 and GS1's published schema have it.

The schema in force (`https://ref.gs1.org/standards/resolver/linkset-schema`) requires `anchor` alone of each entry, and `href`
and `title` of each link. It knows languages of two letters, with or without a region of two: longer tags are mapped.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from idis.proto.types.link import Link, members
from idis.resolver.web.links.levels import Level

LINKSET_JSON = "application/linkset+json"
JSON = "application/json"
JSON_LD = "application/ld+json"
CONTEXT = "https://ref.gs1.org/standards/resolver/linkset-context"

Linkset = dict[str, list[dict[str, object]]]

_REGIONS = {"hans": "CN", "hant": "TW"}


def linkset(levels: Sequence[Level], *, old_descriptions: bool = False) -> Linkset:
    """The linkset of some levels, the finest first.

    Args:
        levels: with the links that whoever asks may see.
        old_descriptions: whether descriptions are named `itemDescription`, as before 1.2.
    """
    member = "itemDescription" if old_descriptions else "description"
    return {"linkset": [_entry(level.anchor, level.links, {member: level.name}) for level in levels]}


def choices(anchor: str, links: Iterable[Link]) -> Linkset:
    """The links between which a client is to choose, as a linkset."""
    return {"linkset": [_entry(anchor, links, {})]}


def encoded(document: Linkset, media_type: str = LINKSET_JSON) -> bytes:
    """A linkset as octets; as JSON-LD with its context in it."""
    whole = {"@context": CONTEXT, **document} if media_type == JSON_LD else document
    return json.dumps(whole, ensure_ascii=False, indent=1).encode()


def _entry(anchor: str, links: Iterable[Link], described: dict[str, str]) -> dict[str, object]:
    entry: dict[str, object] = {"anchor": anchor, **described}
    by_type: dict[str, list[dict[str, object]]] = {}
    for link in links:
        by_type.setdefault(link.link_type, []).append(_link(link))
    return {**entry, **by_type}


def _link(link: Link) -> dict[str, object]:
    return members(link, [tag for tag in dict.fromkeys(map(_language, link.languages)) if tag])


def _language(tag: str) -> str:
    """A tag as the schema takes it; empty where it has none for this language."""
    primary, *rest = tag.split("-")
    if len(primary) != 2:
        return ""
    region = next((part.upper() for part in rest if len(part) == 2 and part.isalpha()), "")
    if not region and rest and primary == "zh":
        region = _REGIONS.get(rest[0], "")
    return f"{primary}-{region}" if region else primary
