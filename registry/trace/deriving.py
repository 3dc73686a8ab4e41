"""Deriving: what an event says of genealogy, written in the transaction that stores the event (`tracing.md` §4.2, §4.3).

Events come late, in pieces and in any order, and some are withdrawn. So nothing is changed in place: an event leaves facts,
and whatever its facts touch (one content in one whole, one transformation) is thought through again from all facts that are
believed now. What comes out otherwise than what is stored is retracted, and recorded anew. The order of arrival cannot
show in what is believed in the end, and what was believed on any day can still be asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from idis.registry.store.base import ReadTxn, WriteTxn
from idis.registry.trace import rows
from idis.registry.trace.contents import CONTENT_KINDS, note_contents, withdraw_contents
from idis.registry.trace.edge import ALWAYS_MS
from idis.registry.trace.event import Action, Event, EventType
from idis.registry.trace.factors import STATION, Factor, bearer_rows
from idis.registry.trace.life import Moment, Role, holder_in, life_row, life_rows, moment_of, place_in
from idis.registry.trace.lookups import row_at
from idis.registry.trace.making import note_making, withdraw_making
from idis.registry.trace.membership import membership_edges
from idis.registry.trace.mentions import mention_rows
from idis.registry.trace.pointers import dues_of
from idis.registry.trace.rows import Slot
from idis.registry.trace.saying import Saying
from idis.registry.trace.things import Spelling

MEMBERSHIPS_MAX = 1_000  # events that say at one moment that one item is of one lot

_WITHDRAWN = 1
_EVENT = bytes((Slot.EVENT,))
_WORKED_ON = (Role.OBJECT, Role.CONTENT, Role.OUTPUT)


def take_event(
    txn: WriteTxn,
    event: Event,
    *,
    spelling: Spelling,
    holder: str,
    recorded_ms: int,
    claim: bool = False,
    unheard: bool = False,
) -> bool:
    """Derive the edges of an event; False when it changes nothing, because it was taken or withdrawn before.

    An event with an error declaration withdraws what the event of the same id said, now or whenever it arrives.

    Args:
        txn: the transaction that stores the event.
        event: with its id.
        spelling: how things are spelled at this node.
        holder: the folded prefix in whose name it is said.
        recorded_ms: now, unix time in milliseconds.
        claim: whoever says so has no standing: its edges are possible only.
        unheard: nothing of its id was taken before, as whoever asks has seen; else it is looked for.

    Raises:
        IdentifierError: it names what is no identifier.
    """
    saying = Saying(event, spelling, holder, recorded_ms, claim)
    key, withdrawn = (_key(event.event_id), None) if unheard else _state(txn, event.event_id)
    if withdrawn:
        txn.put_edges({**_disbelieved(txn, saying), **mention_rows(event, recorded_ms)})
        return False
    if event.error is not None:
        if withdrawn is None:
            txn.put_edges(_disbelieved(txn, saying))
        else:
            _withdraw(txn, saying)
        txn.put_edges({key: rows.pack([recorded_ms, _WITHDRAWN]), **mention_rows(event, recorded_ms)})
        return True
    if withdrawn is not None:
        return False
    named = _moments(saying)
    found = {key: rows.pack([recorded_ms])}
    found.update(life_rows(named))
    found.update(_stations(saying, named))
    for edge, tag in membership_edges(saying):
        found.update(rows.rows_of(edge, tag))
    if event.type in CONTENT_KINDS:
        found.update(note_contents(txn, saying))
    elif event.type is EventType.TRANSFORMATION:
        found.update(note_making(txn, saying))
    found.update(dues_of(txn, found, holder, recorded_ms))
    found.update(mention_rows(event, recorded_ms))
    txn.put_edges(found)
    return True


def is_taken(txn: ReadTxn, event_id: str) -> bool:
    """Whether the edges of an event were derived and are believed."""
    return _state(txn, event_id)[1] is False


def _state(txn: ReadTxn, event_id: str) -> tuple[bytes, bool | None]:
    """The key of an event's own row; whether it was withdrawn, None where it is not known."""
    key = _key(event_id)
    row = row_at(txn, key)
    return key, None if row is None else bool(rows.unpack(row, 2)[1])


def _key(event_id: str) -> bytes:
    return rows.head(event_id) + _EVENT


def _disbelieved(txn: ReadTxn, saying: Saying) -> dict[bytes, bytes]:
    """The rows by which an event is found that was declared wrong before it came: it was never believed for a moment."""
    found: dict[bytes, bytes] = {}
    for thing, moment in _moments(saying).items():
        key, row = life_row(thing, moment._replace(retracted_ms=saying.recorded_ms))
        if (before := row_at(txn, key)) is not None:
            told = moment_of(key, before)
            if told.recorded_ms < told.retracted_ms:
                continue  # it was believed for a while, and that stays
            row = life_row(thing, moment._replace(retracted_ms=told.retracted_ms))[1]  # since the declaration came
        found[key] = row
    return found


def _withdraw(txn: WriteTxn, saying: Saying) -> None:
    """Take back what an event said."""
    named = _moments(saying)
    found = dict.fromkeys(_stations(saying, named), b"")
    for thing, moment in named.items():
        key, _ = life_row(thing, moment)
        if (row := row_at(txn, key)) is not None:
            found.update([life_row(thing, moment_of(key, row)._replace(retracted_ms=saying.recorded_ms))])
    for edge, tag in membership_edges(saying):
        (old,) = txn.edge_spans([rows.moment_span(edge.kind, edge.child, edge.parent, edge.from_ms)], MEMBERSHIPS_MAX)
        for place, told in old:
            stored = rows.edge_of(place, told, edge.child)
            if rows.edge_tag(place) == tag and stored.retracted_ms == ALWAYS_MS:
                found.update(rows.rows_of(stored._replace(retracted_ms=saying.recorded_ms), tag))
    if saying.event.type in CONTENT_KINDS:
        found.update(withdraw_contents(txn, saying))
    elif saying.event.type is EventType.TRANSFORMATION:
        found.update(withdraw_making(txn, saying))
    txn.put_edges(found)


def _stations(saying: Saying, named: Mapping[str, Moment]) -> dict[bytes, bytes]:
    """What a station worked on, so that it is found by the station."""
    event = saying.event
    if not event.read_point or (event.action is not Action.ADD and event.type is not EventType.TRANSFORMATION):
        return {}
    station = Factor(STATION, saying.spelling.name(event.read_point))
    worked_on = [thing for thing, moment in named.items() if moment.role in _WORKED_ON]
    return bearer_rows(worked_on, station, event.time.time_ms, event.event_id)


def _moments(saying: Saying) -> dict[str, Moment]:
    """What an event adds to the life of each thing it names; the first way it names one counts."""
    event, spelling = saying.event, saying.spelling
    parent = spelling.name(event.parent) if event.parent else ""
    holder, place = holder_in(event, spelling), place_in(event, spelling)
    read_point = spelling.name(event.read_point) if event.read_point else ""

    def moment(role: Role, other: str, quantity: Decimal | None = None, uom: str = "") -> Moment:
        return Moment(
            event.time.time_ms,
            event.event_id,
            event.type,
            event.action,
            role,
            event.biz_step,
            event.disposition,
            holder,
            place,
            read_point,
            saying.recorded_ms,
            ALWAYS_MS,
            quantity,
            uom,
            other,
            saying.holder,
            event.set_dispositions,
            event.unset_dispositions,
        )

    process, name = event.transformation_id, spelling.name
    whole = Role.OBJECT if event.type is EventType.TRANSACTION else Role.WHOLE
    named = {parent: moment(whole, process)} if parent else {}
    for role, other, epcs, amounts in (
        (Role.OBJECT, process, event.epcs, event.quantities),
        (Role.CONTENT, parent, event.child_epcs, event.child_quantities),
        (Role.OUTPUT, process, event.output_epcs, event.output_quantities),
        (Role.INPUT, process, event.input_epcs, event.input_quantities),
    ):
        if epcs:
            alike = moment(role, other)
            for thing in map(name, epcs):
                named.setdefault(thing, alike)
        for amount in amounts:
            named.setdefault(name(amount.epc_class), moment(role, other, amount.quantity, amount.uom))
    return named
