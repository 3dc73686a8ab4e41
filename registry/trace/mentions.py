"""Mentions: events found by a place, a party, a document, a process or a persistent disposition that they name.

Things have their lives (`life.py`); what else an event names has its mentions, a row for each event in the order of time, so
that a question which asks for it looks at these events alone. Business steps and dispositions have none: a few words are in
all events, and the order of time leads to them as fast.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from idis.registry.event_row import EventOrder
from idis.registry.packing import packed
from idis.registry.store.base import ReadTxn
from idis.registry.trace import rows
from idis.registry.trace.canonical_uri import canonical_uri
from idis.registry.trace.event import Event, Typed
from idis.registry.trace.kept_event import kept
from idis.registry.trace.query_tests import is_pattern
from idis.registry.trace.rows import Slot
from idis.registry.trace.vocabulary import DISPOSITIONS, PARTY_TYPES, TRANSACTION_TYPES

OLDEST_LOOKED_AT = 16  # for one that names something

_MENTION = bytes((Slot.MENTION,))
_DECLARED = (b"\x00", b"\x01")
_TYPED = {
    "EQ_bizTransaction_": ("bizTransaction", TRANSACTION_TYPES),
    "EQ_source_": ("source", PARTY_TYPES),
    "EQ_destination_": ("destination", PARTY_TYPES),
}
_PLACES = {"EQ_readPoint": "readPoint", "EQ_bizLocation": "bizLocation"}
_PERSISTENT = {"EQ_persistentDisposition_set": "set", "EQ_persistentDisposition_unset": "unset"}


class Mention(NamedTuple):
    """One event that names something; `declares_error`: it is the declaration that the event of this id was wrong."""

    time_ms: int
    event_id: str
    recorded_ms: int
    declares_error: bool


def mention_rows(event: Event, recorded_ms: int) -> dict[bytes, bytes]:
    """The rows by which an event with its id is found."""
    names = _names(event)
    if not names:
        return {}
    wrong = event.error is not None
    tail = _MENTION + rows.time_key(event.time.time_ms) + rows.tag_of(event.event_id) + _DECLARED[wrong]
    row = packed([event.event_id, recorded_ms, wrong])
    return {rows.head(name) + tail: row for name in names}


def mentions(txn: ReadTxn, name: str, since_ms: int | None, until_ms: int | None, limit: int) -> list[Mention]:
    """The events that name something, from a moment on (inclusive) to another (exclusive), oldest first."""
    start, end = rows.span(name, Slot.MENTION, Slot.MENTION)
    low = start if since_ms is None else start + rows.time_key(since_ms)
    high = end if until_ms is None else start + rows.time_key(until_ms)
    (found,) = txn.edge_spans([(low, high)], limit)
    at = len(start)
    return [Mention(rows.time_of(key[at : at + 8]), *rows.unpack(row, 3)) for key, row in found]


def asked_for(parameter: str, values: Sequence[str]) -> tuple[str, ...]:
    """The names one of which an event must mention to pass a parameter; empty for parameters of other kinds."""
    if any(not value or is_pattern(value) for value in values):
        return ()  # which are asked for by what they look like
    if parameter in _PLACES:
        return tuple(f"{_PLACES[parameter]} {canonical_uri(value)}" for value in values)
    if parameter == "EQ_transformationID":
        return tuple(f"transformationID {value}" for value in values)
    if parameter in _PERSISTENT:
        return tuple(f"{_PERSISTENT[parameter]} {DISPOSITIONS.bare(value)}" for value in values)
    for head, (member, words) in _TYPED.items():
        if parameter.startswith(head):
            kind = words.bare(parameter[len(head) :])
            return tuple(f"{member} {kind} {canonical_uri(value)}" for value in values)
    return ()


def are_complete(txn: ReadTxn) -> bool:
    """Whether all events have their mentions: those of a store that was begun before there were any have none."""
    for _, row in txn.events(EventOrder.RECORDED, b"", b"\xff", OLDEST_LOOKED_AT):
        found = mention_rows(kept(row).event, row.recorded_ms)
        if found:
            (told,) = txn.edge_spans([(key, key + b"\x00") for key in list(found)[:1]], 1)
            return bool(told)
    return False


def _names(event: Event) -> list[str]:
    names = []
    if event.read_point:
        names.append(f"readPoint {canonical_uri(event.read_point)}")
    if event.biz_location:
        names.append(f"bizLocation {canonical_uri(event.biz_location)}")
    if event.transformation_id:
        names.append(f"transformationID {event.transformation_id}")
    if event.transactions or event.sources or event.destinations:
        names += _typed("bizTransaction", event.transactions)
        names += _typed("source", event.sources)
        names += _typed("destination", event.destinations)
    names += [f"set {word}" for word in event.set_dispositions]
    names += [f"unset {word}" for word in event.unset_dispositions]
    return names


def _typed(member: str, items: tuple[Typed, ...]) -> list[str]:
    return [f"{member} {one.type} {canonical_uri(one.uri)}" for one in items]
