"""Links of records, and the records a GS1 key has here, from the finest level to the coarsest (`identifiers.md` §4.5, §5.2).

Links are ordinary values: type IDIS.LINK, at any index, public or under a readers' list as any other. A record that names no
default link has one all the same: its first URL value. Which record a key is, is said by the index of second names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

from idis.proto.errors import DataError
from idis.proto.identifier import fold
from idis.proto.schemes.gs1.link_types import DEFAULT, DEFAULT_MULTI
from idis.proto.succession import succession_of
from idis.proto.types.link import LINK_TYPE, VARIABLES, Link, decode_link
from idis.proto.types.successor import Succession
from idis.proto.value import decode_values
from idis.registry.record import RECALL_FLAG
from idis.registry.record import recalled as recalled_by
from idis.registry.store.base import ReadTxn
from idis.registry.store.keys import spelling_of

SCHEME = "gs1"  # of the second names by which keys are found
REMEMBERED_MAX = 1_024  # records read; all items of a product lead to its links
REMEMBERED_BYTES_MAX = 16_384  # of values; of longer records each reading is a new one
RECORDS_MAX = 8  # of one key: as many owners as a person can compare
NAMES = ("name", "productName", "title")  # types of the values that say what a thing is called
_URL = "URL"
_PLAIN = (*NAMES, RECALL_FLAG)  # of templates, written as they are; other types are the same in any case of their letters
_WEB = re.compile(r"https?://[\x21-\x7e]+")


class Held(NamedTuple):
    """A record that a key has here: its key in the store, and how it is spelled."""

    key: bytes
    identifier: str


@dataclass(frozen=True, slots=True)
class RecordLinks:
    """What a record says for a resolver.

    Attributes:
        identifier: as registered.
        links: those shown to whoever asks, targets complete; a URL value stands in for a default link that is missing.
        name: what the thing is called; empty where no value says it.
        recalled: what its recall flag says: `check`, `stop`, or nothing.
        succession: what became of it; None while it is in use.
        ttl_s: how long this may be kept.
    """

    identifier: str
    links: tuple[Link, ...]
    name: str
    recalled: str
    succession: Succession | None
    ttl_s: int


def records_of(txn: ReadTxn, canonical: str) -> list[Held]:
    """The records that have a GS1 key as their second name, at most RECORDS_MAX."""
    found = []
    for key in txn.aliases(SCHEME, canonical, RECORDS_MAX):
        spelling = spelling_of(key)
        if spelling is None:  # too long for a key: hashed there
            record = txn.record(key)
            spelling = None if record is None else record.identifier
        if spelling is not None:
            found.append(Held(key, spelling))
    return found


def record_links(identifier: str, values: bytes, ttl_s: int, asked: Mapping[str, str], *, known: bool) -> RecordLinks:
    """What the values of a record say for a resolver; what was read before is remembered.

    Args:
        identifier: of the record.
        values: those that whoever asks may see, as a counted array.
        ttl_s: how long they may be kept.
        asked: application identifiers that were asked for, and `key`; what stands for the variables of targets.
        known: whether whoever asks has proved an identity; others get no link that is not public.
    """
    said = _remembered(values) if len(values) <= REMEMBERED_BYTES_MAX else _said(values)
    links = said.links
    if said.others:
        shown = (_completed(link, asked) for link in said.others if known or link.public)
        links = (*links, *(link for link in shown if link is not None))
    if said.url and not any(link.link_type in (DEFAULT, DEFAULT_MULTI) for link in links):
        links = (*links, Link(DEFAULT, said.url, said.name or identifier))
    return RecordLinks(identifier, links, said.name, said.recalled, said.succession, ttl_s)


@dataclass(frozen=True, slots=True)
class _Said:
    """What the values of a record say. `others` are links that are not for everybody, or hang on what was asked."""

    links: tuple[Link, ...]
    others: tuple[Link, ...]
    url: str
    name: str
    recalled: str
    succession: Succession | None


def _said(octets: bytes) -> _Said:
    values = decode_values(octets)
    links: list[Link] = []
    flags: list[str] = []
    url = name = ""
    for value in values:
        kind = value.type if value.type in _PLAIN else fold(value.type)
        if kind == LINK_TYPE:
            with suppress(DataError):  # of a node that did not check it
                links.append(decode_link(value.data))
        elif kind == _URL:
            url = url or (value.text if _WEB.fullmatch(value.text) else "")
        elif kind in NAMES:
            name = name or value.text
        elif kind == RECALL_FLAG:
            flags.append(value.text)
    plain = tuple(link for link in links if link.public and not link.variables)
    others = tuple(link for link in links if not link.public or link.variables)
    return _Said(plain, others, url, name, recalled_by(flags), succession_of(values))


_remembered = lru_cache(REMEMBERED_MAX)(_said)


def _completed(link: Link, asked: Mapping[str, str]) -> Link | None:
    """A link with its target complete; None when the request lacks what it needs."""
    href = link.href
    for name in link.variables:
        text = asked.get(VARIABLES.get(name, name))
        if text is None:
            return None
        href = href.replace(f"{{{name}}}", text if text.isalnum() else quote(text, safe=""))
    return link if href == link.href else replace(link, href=href)
