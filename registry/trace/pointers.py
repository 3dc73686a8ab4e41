"""Pointers: who else has edges of a thing (`tracing.md` §8.1).

The home of a thing is told by whoever captures an event about it, and keeps that for POINTER_MS; every later event renews
it. What is to be told waits in the store, so that a home that is down, or this node's own end, loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from idis.registry.store.base import ReadTxn, WriteTxn
from idis.registry.trace import rows
from idis.registry.trace.expanding import Direction, Pointer
from idis.registry.trace.held import answers_below, answers_for
from idis.registry.trace.lookups import row_at
from idis.registry.trace.rows import Slot
from idis.registry.trace.things import home_of

POINTER_MS = 400 * 86_400_000  # a year and a month: what is made and used within a year meets
POINTERS_PER_THING_MAX = 64  # as many nodes as one question may ask
TELL_MS = 30 * 86_400_000  # after which a home that never answered is no longer told

FORWARD_WAY, BACK_WAY = 1, 2

_QUEUE = "idis:pointers"  # stands in front of what is due


@dataclass(frozen=True, slots=True)
class Due:
    """A home to be told of a thing.

    Attributes:
        thing: of that home.
        holder: in whose name there are edges of it here.
        since_ms: since when it waits.
        ways: which directions they lead to, FORWARD_WAY and BACK_WAY.
        tries, next_ms: how often it was tried, and when next.
    """

    thing: str
    holder: str
    since_ms: int
    ways: int = 0
    tries: int = 0
    next_ms: int = 0


def pointers_of(txn: ReadTxn, things: Iterable[str], direction: Direction, now_ms: int) -> list[Pointer]:
    """Who else has edges of some things in a direction, as far as they have said so."""
    way = FORWARD_WAY if direction is Direction.FORWARD else BACK_WAY
    things = list(things)
    spans = [rows.span(thing, Slot.POINTER, Slot.POINTER) for thing in things]
    found = txn.edge_spans(spans, POINTERS_PER_THING_MAX * len(things))
    pointers: list[Pointer] = []
    for thing, part in zip(things, found, strict=False):
        for _key, row in part:
            prefix, told_ms, ways = rows.unpack(row, 3)
            if ways & way and now_ms - told_ms < POINTER_MS:
                pointers.append(Pointer(thing, prefix, told_ms))
    return pointers


def keep_pointers(txn: WriteTxn, prefix: str, things: Iterable[tuple[str, int]], now_ms: int) -> int:
    """Keep that a prefix has edges of things whose home is here, and which ways; how many were kept."""
    changed: dict[bytes, bytes] = {}
    kept = 0
    for thing, ways in things:
        if not answers_for(txn, thing):
            continue
        (found,) = txn.edge_spans([rows.span(thing, Slot.POINTER, Slot.POINTER)], POINTERS_PER_THING_MAX + 1)
        own = rows.head(thing) + bytes((Slot.POINTER,)) + rows.head(prefix)
        before = dict(found).get(own)
        if before is not None:
            ways |= rows.unpack(before, 3)[2] or 0
        elif len(found) >= POINTERS_PER_THING_MAX:
            oldest = min(found, key=lambda row: int(rows.unpack(row[1], 3)[1]))
            changed[oldest[0]] = b""
        changed[own] = rows.pack([prefix, now_ms, ways])
        kept += 1
    txn.put_edges(changed)
    return kept


def dues_of(txn: ReadTxn, changed: Mapping[bytes, bytes], holder: str, now_ms: int) -> dict[bytes, bytes]:
    """The rows by which the homes of foreign things in some rows of edges will be told."""
    due: dict[str, Due] = {}
    foreign: dict[str, bool] = {}
    own = f"{holder}/".encode()
    for key in [key for key in changed if not key.startswith(own)]:  # most are one's own
        if not changed[key] or key[0] == rows.HASHED or not rows.is_edge(key):
            continue
        thing = key[: key.index(0)].decode()
        home = home_of(thing)
        if not home or home == holder:
            continue
        if home not in foreign:
            foreign[home] = not answers_below(txn, home)
        if foreign[home]:
            slot = key[key.index(0) + 1]
            ways = (FORWARD_WAY if rows.FORWARD_AND_LOTS[0] <= slot <= rows.FORWARD_AND_LOTS[1] else 0) | (
                BACK_WAY if rows.BACK[0] <= slot <= rows.BACK[1] else 0
            )
            due[thing] = Due(thing, holder, now_ms, ways | (due[thing].ways if thing in due else 0))
    if not due or not holder or not answers_below(txn, holder):
        return {}  # nobody would believe it
    return dict(map(_row, (_joined(txn, one) for one in due.values())))


def due_now(txn: ReadTxn, now_ms: int, limit: int) -> list[Due]:
    """What is to be told now."""
    (found,) = txn.edge_spans([rows.span(_QUEUE, Slot.DUE, Slot.DUE)], limit)
    return [due for due in (_read(row) for _key, row in found) if due.next_ms <= now_ms]


def put_off(txn: WriteTxn, dues: Iterable[Due], now_ms: int) -> None:
    """Put what could not be told behind, ever longer; drop what has waited too long."""
    for due in dues:
        key, row = _row(due)
        txn.put_edges({key: b"" if now_ms - due.since_ms > TELL_MS else row})


def drop_dues(txn: WriteTxn, dues: Iterable[Due]) -> None:
    """Forget what was told."""
    txn.put_edges({_row(due)[0]: b"" for due in dues})


def _joined(txn: ReadTxn, due: Due) -> Due:
    """What is due, with the ways that wait already."""
    key, _ = _row(due)
    row = row_at(txn, key)
    return due if row is None else replace(due, ways=due.ways | _read(row).ways)


def _read(row: bytes) -> Due:
    thing, holder, *numbers = rows.unpack(row, 6)
    since_ms, ways, tries, next_ms = (number or 0 for number in numbers)
    return Due(thing, holder, since_ms, ways, tries, next_ms)


def _row(due: Due) -> tuple[bytes, bytes]:
    key = rows.head(_QUEUE) + bytes((Slot.DUE,)) + rows.head(due.thing) + rows.head(due.holder)
    return key, rows.pack([due.thing, due.holder, due.since_ms, due.ways, due.tries, due.next_ms])
