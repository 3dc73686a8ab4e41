"""An event as it is kept: its row, and what it says with who said it (`event_row.py`)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256

import msgpack

from idis.registry.event_row import EventRow
from idis.registry.store.base import RecordDamaged
from idis.registry.trace.event import Event
from idis.registry.trace.event_stream import parse_json
from idis.registry.trace.hash_id import HEAD, TAIL, pre_hash
from idis.registry.trace.reading import read_event
from idis.registry.trace.writing import json_text, write_event

_FORM = 1


@dataclass(frozen=True, slots=True)
class KeptEvent:
    """An event this node has recorded.

    Attributes:
        event: with its id and record time.
        holder: the folded prefix in whose name it was told; empty for nobody's.
        claim: whoever told it has no standing for what it names.
        place: where it lies.
    """

    event: Event
    holder: str
    claim: bool
    place: bytes


def named(event: Event) -> tuple[Event, bytes]:
    """The event with an id, its content hash where it came without, and the digest of what it says."""
    content = sha256(pre_hash(event).encode()).digest()
    return with_id(event, content), content


def with_id(event: Event, content: bytes) -> Event:
    """The event with its id, made of the digest of what it says where it came without."""
    return event if event.event_id else replace(event, event_id=f"{HEAD}{content.hex()}{TAIL}")


def row_of(event: Event, content: bytes, holder: str, *, claim: bool) -> EventRow:
    """The row of an event that has its id."""
    body: bytes = msgpack.packb([_FORM, holder, claim, json_text(write_event(event))])
    return EventRow(event.event_id, event.time.time_ms, content, event.error is not None, body)


def kept(row: EventRow) -> KeptEvent:
    """The reverse, for a row that was stored. Raises RecordDamaged."""
    _, holder, claim, text, *_ = msgpack.unpackb(row.body)
    event = read_event(parse_json(text))
    if not isinstance(event, Event):
        raise RecordDamaged(f"the event {row.event_id} cannot be read: {event[0].message}")
    return KeptEvent(replace(event, record_time_ms=row.recorded_ms), holder, claim, row.place)
