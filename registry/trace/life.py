"""The life of a thing: every event that names it, in the order of time, in short (`tracing.md` §4.2).

From it come who holds a thing and where it is, its time line, and much of what is missing. The event itself is kept by
whoever captured it; a line of the life names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import IntEnum
from typing import NamedTuple

from idis.registry.store.base import ReadTxn
from idis.registry.trace import rows
from idis.registry.trace.edge import ALWAYS_MS, is_known
from idis.registry.trace.event import Action, Event, EventType, Typed
from idis.registry.trace.rows import Slot
from idis.registry.trace.things import Spelling

LOOKED_BACK_MAX = 16  # events, for the last one that names a holder or a place: most do
LIFE_EVENTS_MAX = 10_000  # of one thing in one answer

OWNER, POSSESSOR, LOCATION = "owning_party", "possessing_party", "location"  # source and destination types of CBV


class Role(IntEnum):
    """How an event names a thing."""

    OBJECT = 1
    WHOLE = 2  # parent of an aggregation or association
    CONTENT = 3
    INPUT = 4
    OUTPUT = 5


class Moment(NamedTuple):
    """One event in the life of a thing.

    Attributes:
        time_ms: when it happened.
        event_id: the event.
        type, action, role: what it was, and how it names the thing.
        biz_step, disposition: as the event says.
        holder: whom it says the thing belongs to from then on; a thing's spelling, empty where it does not say.
        place: where it says the thing is from then on; likewise.
        read_point: where it was seen.
        recorded_ms, retracted_ms: since when and until when this node took it for true.
        quantity, uom: how much, where it is so much of a class.
        other: the whole it went into or came out of, or the transformation.
        said_by: the folded prefix in whose name it was said.
        set_dispositions, unset_dispositions: what holds from then on until it is unset, and what no longer does.
    """

    time_ms: int
    event_id: str
    type: EventType
    action: Action | None
    role: Role
    biz_step: str = ""
    disposition: str = ""
    holder: str = ""
    place: str = ""
    read_point: str = ""
    recorded_ms: int = 0
    retracted_ms: int = ALWAYS_MS
    quantity: Decimal | None = None
    uom: str = ""
    other: str = ""
    said_by: str = ""
    set_dispositions: tuple[str, ...] = ()
    unset_dispositions: tuple[str, ...] = ()


_LIFE, _END = bytes((Slot.LIFE,)), b"\xff"  # the first octet of a time is not the last one there is
_TYPES = tuple(EventType)
_ACTIONS = tuple(Action)
_MEMBERS = 16


def life_row(thing: str, moment: Moment) -> rows.Row:
    """Where a moment of a thing lies, and its row."""
    return rows.head(thing) + _place_of(moment), _packed(moment)


def life_rows(named: Mapping[str, Moment]) -> dict[bytes, bytes]:
    """`life_row` of each: things that an event says the same of share a moment, and the row."""
    found: dict[bytes, bytes] = {}
    place, row, last = b"", b"", None
    for thing, moment in named.items():
        if moment is not last:
            place, row, last = _place_of(moment), _packed(moment), moment
        found[rows.head(thing) + place] = row
    return found


def _place_of(moment: Moment) -> bytes:
    return _LIFE + rows.time_key(moment.time_ms) + rows.tag_of(moment.event_id)


def _packed(moment: Moment) -> bytes:
    _, event_id, kind, action, role, biz_step, disposition, holder, place, read_point, recorded_ms, *rest = moment
    retracted_ms, quantity, uom, other, said_by, lasting, ended = rest
    members = [
        event_id,
        _TYPES.index(kind),
        -1 if action is None else _ACTIONS.index(action),
        int(role),
        recorded_ms,
        said_by,
        biz_step,
        disposition,
        place,
        read_point,
        holder,
        other,
        None if quantity is None else str(quantity),
        uom,
        None if retracted_ms == ALWAYS_MS else retracted_ms,
        (lasting, ended) if lasting or ended else None,
    ]
    return rows.pack(members)


def moment_of(key: bytes, row: bytes) -> Moment:
    """The moment of a row."""
    members = rows.unpack(row, _MEMBERS)
    event_id, kind, action, role, recorded, said_by, biz_step, disposition, place, read_point, holder, other = members[:12]
    amount, uom, retracted, persistent = members[12:]
    lasting, ended = persistent or ((), ())
    return Moment(
        rows.time_of(key[-16:-8]),
        event_id,
        _TYPES[kind],
        None if action < 0 else _ACTIONS[action],
        Role(role),
        biz_step or "",
        disposition or "",
        holder or "",
        place or "",
        read_point or "",
        recorded or 0,
        ALWAYS_MS if retracted is None else retracted,
        None if amount is None else Decimal(amount),
        uom or "",
        other or "",
        said_by or "",
        tuple(lasting),
        tuple(ended),
    )


def moments(
    txn: ReadTxn, thing: str, *, since_ms: int | None = None, until_ms: int | None = None, known_ms: int | None = None
) -> list[Moment]:
    """The life of a thing from a moment on (inclusive) to another (inclusive), oldest first, at most LIFE_EVENTS_MAX."""
    start, end = _bounds(thing, since_ms, until_ms)
    (found,) = txn.edge_spans([(start, end)], LIFE_EVENTS_MAX)
    return [moment for moment in (moment_of(*row) for row in found) if is_known(moment, known_ms)]


def told_of(
    txn: ReadTxn, thing: str, since_ms: int | None, until_ms: int | None, limit: int
) -> list[tuple[int, str, int, int]]:
    """The events that name a thing, believed or not: when each happened, its id, since when and until when it was believed."""
    (found,) = txn.edge_spans([_bounds(thing, since_ms, until_ms)], limit)
    told = []
    for key, row in found:
        moment = moment_of(key, row)
        told.append((moment.time_ms, moment.event_id, moment.recorded_ms, moment.retracted_ms))
    return told


def has_life(txn: ReadTxn, thing: str) -> bool:
    """Whether any event names a thing."""
    start = rows.head(thing) + _LIFE
    return txn.last_edge(start, start + _END) is not None


def lately(
    txn: ReadTxn, thing: str, until_ms: int | None, known_ms: int | None = None, *, limit: int = LOOKED_BACK_MAX
) -> Iterator[Moment]:
    """The life of a thing from a moment backwards, of at most so many events."""
    start, end = _bounds(thing, None, until_ms)
    for _ in range(limit):
        found = txn.last_edge(start, end)
        if found is None:
            return
        moment = moment_of(*found)
        if is_known(moment, known_ms):
            yield moment
        end = found[0]


def holder_in(event: Event, spelling: Spelling) -> str:
    """Whom an event says its things belong to from then on."""
    if not event.destinations:
        return ""
    return _party(event.destinations, OWNER, spelling) or _party(event.destinations, POSSESSOR, spelling)


def place_in(event: Event, spelling: Spelling) -> str:
    """Where an event says its things are from then on."""
    if event.biz_location:
        return spelling.name(event.biz_location)
    return _party(event.destinations, LOCATION, spelling) if event.destinations else ""


def _party(parties: tuple[Typed, ...], kind: str, spelling: Spelling) -> str:
    """The party of a type, which stands as a bare word or at the end of a URI of the vocabulary."""
    return next((spelling.name(party.uri) for party in parties if party.type.endswith(kind)), "")


def _bounds(thing: str, since_ms: int | None, until_ms: int | None) -> tuple[bytes, bytes]:
    start, end = rows.span(thing, Slot.LIFE, Slot.LIFE)
    if until_ms is not None:
        end = start + rows.time_key(until_ms + 1)
    return (start if since_ms is None else start + rows.time_key(since_ms)), end
