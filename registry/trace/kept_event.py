"""An event as it is kept: its row, and what it says with who said it (`event_row.py`)."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

import msgpack

from idis.registry.event_row import EventRow
from idis.registry.packing import packed
from idis.registry.store.base import RecordDamaged
from idis.registry.trace.event import Event
from idis.registry.trace.event_context import Context, read_context
from idis.registry.trace.event_stream import parse_json
from idis.registry.trace.hash_id import HEAD, TAIL, pre_hash
from idis.registry.trace.reading import read_event
from idis.registry.trace.writing import json_text, write_context, write_event

_FORM = 1
_ID = Event._fields.index("event_id")
_CONTEXTS_KEPT = 64  # each of some KB: many events share one


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
    if event.event_id:
        return event
    return Event._make((*event[:_ID], f"{HEAD}{content.hex()}{TAIL}", *event[_ID + 1 :]))  # a third of what `_replace` takes


def row_of(
    event: Event, content: bytes, holder: str, *, claim: bool, text: str = "", context: Context = ()
) -> EventRow:
    """The row of an event that has its id.

    Args:
        event: the event.
        content: digest of what it says.
        holder: in whose name it is told.
        claim: whether he has no standing.
        text: the event as it was spelled, which is kept letter for letter; empty: it is written anew.
        context: what the document around that text declares.
    """
    parts = [_FORM, holder, claim, text or json_text(write_event(event))]
    if text and context:
        parts.append(_context_text(context))
    return EventRow(event.event_id, event.time.time_ms, content, event.error is not None, packed(parts))


def kept(row: EventRow) -> KeptEvent:
    """The reverse, for a row that was stored. Raises RecordDamaged."""
    _, holder, claim, text, *more = msgpack.unpackb(row.body)
    event = read_event(parse_json(text), _context(more[0]) if more else ())
    if not isinstance(event, Event):
        raise RecordDamaged(f"the event {row.event_id} cannot be read: {event[0].message}")
    return KeptEvent(event._replace(event_id=row.event_id, record_time_ms=row.recorded_ms), holder, claim, row.place)


class _Written(threading.local):
    """The context that was written last, by this thread: the events of a document share it, the very same object."""

    context: Context = ()
    text = ""


_written = _Written()


def _context_text(context: Context) -> str:
    if _written.context is not context:
        _written.context, _written.text = context, json_text(write_context(context))
    return _written.text


@lru_cache(_CONTEXTS_KEPT)
def _context(text: str) -> Context:
    return read_context(parse_json(text))
