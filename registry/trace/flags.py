"""Flags: what an event says of one thing lies on all that it is in (`tracing.md` §8.7).

An event with the disposition `recalled` stops a thing, one with the business step `holding` has it checked. That lasts until a
later event says that the thing is well (`active`, `available`, `conformant`, fit for sale), or is declared to be wrong; being
shipped back lifts nothing. `recalled` as a persistent disposition stops it until that is unset, whatever is said meanwhile.
Whatever the thing is in now, or was made into, gets the same flag in its record, or `check` where that is only possible. What a
record said of itself before is kept, and comes back when nothing else lies on it. A record that its owner signs is his to
change: there the flag stands beside what he signed (`statement.is_node_flag`), and his own stays.

Whoever speaks for a thing speaks for all that it is in. Whoever does not has his own things checked, and nobody else's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from idis.proto.codes import Permission
from idis.proto.statement import NODE_FLAG_INDEX, SIGNED_TYPE, is_node_flag, is_sealed
from idis.proto.value import DEFAULT_PERMISSIONS, Value, decode_values
from idis.registry.caller import covers
from idis.registry.permission import changeable
from idis.registry.record import NO_VALUES, RECALL_FLAG, RecordFlag, StoredRecord
from idis.registry.registration.checks import Refusal
from idis.registry.registration.place import find_place
from idis.registry.registration.records import rewrite
from idis.registry.store.base import ReadTxn, WriteTxn
from idis.registry.trace import rows
from idis.registry.trace.event import Event, things_of
from idis.registry.trace.expanding import Direction
from idis.registry.trace.held import record_of
from idis.registry.trace.life import lately
from idis.registry.trace.lookups import row_at
from idis.registry.trace.rows import Slot
from idis.registry.trace.things import Spelling, home_of
from idis.registry.trace.tracing import walk_here
from idis.registry.trace.walking import Budget, Start, Walk

FLAG_INDEX = 2006
NONE, CHECK, STOP = "none", "check", "stop"
MARKS = (b"recalled", b"holding")  # without one of them in its text an event flags nothing

LOOKED_BACK_MAX = 1_000  # events of a thing, for the last word about it
SOURCES_MAX = 10_000  # things that events have flagged, at one node
REACHED_MAX = 100_000  # by one of them
SOURCES_OF_ONE_MAX = 64  # that flag one thing; beyond, the gravest of these counts
BUDGET = Budget(depth=32, edges=REACHED_MAX, ms=2**31)

_RECALLED = "recalled"
_QUEUE = "idis:flags"  # stands in front of all sources
_LIFTING = frozenset(("active", "available", "conformant", "sellable_accessible", "sellable_not_accessible"))
_GRAVITY = {NONE: 0, CHECK: 1, STOP: 2}


@dataclass(frozen=True, slots=True)
class Word:
    """What is said of a thing, and by whom."""

    flag: str = NONE
    said_by: str = ""


@dataclass(frozen=True, slots=True)
class Spread:
    """What a thing's word comes to.

    Attributes:
        source: the thing.
        word: what is said of it.
        reached: the flag of each thing it lies on, the source itself included.
        changed: those whose flag is, or may be, another one than until now.
    """

    source: str
    word: Word
    reached: Mapping[str, str]
    changed: tuple[str, ...]


def flags_something(event: Event) -> bool:
    """Whether an event says of its things that they are recalled or held."""
    return _RECALLED in event.set_dispositions or _flag(event.disposition, event.biz_step) != NONE


def named_in(event: Event, spelling: Spelling) -> list[str]:
    """The things an event flags, each once."""
    return list(dict.fromkeys(map(spelling.name, things_of(event))))


def sources(txn: ReadTxn) -> list[str]:
    """The things whose word lies on others."""
    (found,) = txn.edge_spans([rows.span(_QUEUE, Slot.FLAGGED, Slot.FLAGGED)], SOURCES_MAX)
    return [rows.unpack(row, 1)[0] for _, row in found]


def word_on(txn: ReadTxn, thing: str) -> Word:
    """The last word of events about a thing: the graver one of what holds until it is unset and of what the last of them said."""
    word = Word()
    told = unset = False
    for moment in lately(txn, thing, None, limit=LOOKED_BACK_MAX):
        if not unset and _RECALLED in moment.set_dispositions:
            return Word(STOP, moment.said_by)
        unset = unset or _RECALLED in moment.unset_dispositions
        if not told:
            flag = _flag(moment.disposition, moment.biz_step)
            if flag != NONE:
                word = Word(flag, moment.said_by)
            told = flag != NONE or moment.disposition in _LIFTING or _RECALLED in moment.unset_dispositions
        if told and (unset or word.flag == STOP):
            break
    return word


def flag_on(txn: ReadTxn, thing: str) -> str:
    """The gravest flag that lies on a thing, whether it has a record here or not."""
    return max((NONE, *_lying(txn, thing)), key=_gravity)


def spread(txn: ReadTxn, source: str, now_ms: int) -> Spread:
    """What the word on a thing comes to now; to be found outside the transaction that writes it, for the walk may be long."""
    word = word_on(txn, source)
    (lain,) = txn.edge_spans([rows.span(source, Slot.FLAGGED, Slot.FLAGGED)], REACHED_MAX)
    before: dict[str, str] = dict(rows.unpack(row, 2) for _, row in lain)
    reached = {} if word.flag == NONE else _reached(txn, source, word, now_ms)
    changed = {thing for thing in (*before, *reached) if before.get(thing) != reached.get(thing)}
    changed |= {thing for thing, flag in reached.items() if thing not in changed and not _shows(txn, thing, flag)}
    return Spread(source, word, reached, tuple(sorted(changed)))


def put_spread(txn: WriteTxn, told: Spread, things: Iterable[str], now: int) -> list[str]:
    """Note what lies on some of the things of a spread, and write their records; which records changed.

    Args:
        txn: the transaction.
        told: as `spread` found it.
        things: some of `told.changed`; all of them in the end.
        now: unix time in seconds.
    """
    changed = []
    for thing in things:
        flag = told.reached.get(thing, NONE)
        on, by = _keys(told.source, thing)
        lies = {on: rows.pack([thing, flag]), by: rows.pack([told.source, flag])} if flag != NONE else {on: b"", by: b""}
        txn.put_edges({key: row for key, row in lies.items() if row or row_at(txn, key) is not None})
        if _write(txn, thing, now):
            changed.append(thing)
    return changed


def note_source(txn: WriteTxn, told: Spread) -> None:
    """Note that the word on a thing lies on others, or that it does no more; to be called when all of it is written."""
    key = rows.head(_QUEUE) + bytes((Slot.FLAGGED,)) + rows.head(told.source)
    if told.reached:
        txn.put_edges({key: rows.pack([told.source])})
    elif row_at(txn, key) is not None:
        txn.put_edges({key: b""})


def place_of(txn: ReadTxn) -> bytes:
    """How far events have been looked at for flags; empty: not yet."""
    row = row_at(txn, _place_key())
    return b"" if row is None else row


def put_place(txn: WriteTxn, place: bytes) -> None:
    """Note how far."""
    txn.put_edges({_place_key(): place})


def _place_key() -> bytes:
    return rows.head(_QUEUE) + bytes((Slot.OWN_FLAG,))


def _write(txn: WriteTxn, thing: str, now: int) -> bool:
    """Write the flag of a thing's record as all that lies on it comes to; whether it changed."""
    record = record_of(txn, thing)
    if record is None:
        return False
    lying = _lying(txn, thing)
    before = {value.index: value for value in record.values}
    values = {index: value for index, value in before.items() if not is_node_flag(value)}
    shown = next((value.text for value in values.values() if value.type == RECALL_FLAG), NONE)
    key = rows.head(thing) + bytes((Slot.OWN_FLAG,))
    row = row_at(txn, key)
    own, put = (shown, shown) if row is None else rows.unpack(row, 2)
    own = own if shown == put else shown  # its owner changed it meanwhile
    flag = max([own, *lying], key=_gravity)
    if _is_its_owners(record, values.get(FLAG_INDEX)):
        if _gravity(flag) > _gravity(shown) and NODE_FLAG_INDEX not in values:
            beside = before.get(NODE_FLAG_INDEX)
            fresh = _value(record, NODE_FLAG_INDEX, flag)
            values[NODE_FLAG_INDEX] = fresh if beside is None or beside.data != fresh.data else beside
    else:
        if lying or row is not None:
            txn.put_edges({key: rows.pack([own, flag]) if lying else b""})
        if flag != shown:
            held = values.get(FLAG_INDEX)
            values[FLAG_INDEX] = _value(record, FLAG_INDEX, flag) if held is None else replace(held, data=flag.encode())
    place = find_place(txn, record.identifier)
    if isinstance(place, Refusal) or values == before:
        return False
    return not isinstance(rewrite(txn, place, tuple(values.values()), now), Refusal)


def _lying(txn: ReadTxn, thing: str) -> list[str]:
    (found,) = txn.edge_spans([rows.span(thing, Slot.FLAGGED_BY, Slot.FLAGGED_BY)], SOURCES_OF_ONE_MAX)
    return [rows.unpack(told, 2)[1] for _, told in found]


def _is_its_owners(record: StoredRecord, held: Value | None) -> bool:
    """Whether the place of a record's flag is its owner's alone: he signs the record, has locked the place, or put else there."""
    signed = any(value.type == SIGNED_TYPE for value in decode_values(record.public)) or any(map(is_sealed, record.values))
    return signed or (held is not None and (held.type != RECALL_FLAG or not changeable(held.permissions)))


def _gravity(flag: str) -> int:
    """How much a flag weighs; an owner may have written one that nobody else knows, which is a reason to check."""
    return _GRAVITY.get(flag, _GRAVITY[CHECK])


def _value(record: StoredRecord, index: int, flag: str) -> Value:
    """The value that flags a record. Of one that shows nothing to the public, it is not for the public."""
    permissions = DEFAULT_PERMISSIONS & ~Permission.PUBLIC_READ if record.public == NO_VALUES else DEFAULT_PERMISSIONS
    return Value(index, RECALL_FLAG, flag.encode(), permissions=int(permissions))


def _reached(txn: ReadTxn, source: str, word: Word, now_ms: int) -> dict[str, str]:
    """The flag of whatever a thing is in now, or was made into, as far as whoever speaks of it may speak of that."""
    speaks = _speaks(word.said_by, source)
    flag = word.flag if speaks else CHECK
    walk = Walk([Start(source)], Direction.FORWARD, lots=False, budget=BUDGET, now_ms=now_ms)
    walk_here(txn, walk)
    reached = {}
    for thing, visits in walk.visits.items():
        now = [visit for visit in visits if not visit.shadow and visit.to_ms > now_ms]
        if now and (speaks or _speaks(word.said_by, thing)):
            reached[thing] = flag if any(visit.certain for visit in now) else CHECK
    return reached


def _shows(txn: ReadTxn, thing: str, flag: str) -> bool:
    """Whether a thing's record, where there is one, shows a flag or a graver one."""
    record = record_of(txn, thing)
    if record is None:
        return True
    return bool(record.flags & RecordFlag.STOP) or (flag == CHECK and bool(record.flags & RecordFlag.HOLD))


def _keys(source: str, thing: str) -> tuple[bytes, bytes]:
    on = rows.head(source) + bytes((Slot.FLAGGED,)) + rows.head(thing)
    return on, rows.head(thing) + bytes((Slot.FLAGGED_BY,)) + rows.head(source)


def _flag(disposition: str, biz_step: str) -> str:
    if disposition == _RECALLED:
        return STOP
    return CHECK if biz_step == "holding" else NONE


def _speaks(said_by: str, thing: str) -> bool:
    """Whether a prefix may say so of a thing; of what is below no prefix, whoever knows it may."""
    home = home_of(thing)
    return not home or (bool(said_by) and covers(said_by, home))
