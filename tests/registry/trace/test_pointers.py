"""Pointers: who else has edges of a thing, and whom to tell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from idis.registry.prefix import PrefixEntry
from idis.registry.store.memory import MemoryStore
from idis.registry.trace.deriving import take_event
from idis.registry.trace.event import Event, EventType, Moment
from idis.registry.trace.expanding import Direction
from idis.registry.trace.pointers import (
    BACK_WAY,
    FORWARD_WAY,
    POINTER_MS,
    POINTERS_PER_THING_MAX,
    TELL_MS,
    Due,
    drop_dues,
    due_now,
    keep_pointers,
    pointers_of,
    put_off,
)
from idis.registry.trace.things import Spelling

HERE, THERE, THING = "88.1", "88.2", "88.1/A"


def store_of(prefix: str = HERE) -> MemoryStore:
    """A store that answers for a prefix."""
    store = MemoryStore()
    write(store, lambda txn: txn.put_prefix(PrefixEntry(prefix, homed=True)))
    return store


def write(store: MemoryStore, change: Any) -> Any:
    """Commit a change."""
    return store.write(change, actor="test").result().result


def kept(store: MemoryStore, direction: Direction = Direction.FORWARD, now_ms: int = 5) -> list[str]:
    """Who is known to have edges of the thing."""
    with store.read() as txn:
        return [pointer.prefix for pointer in pointers_of(txn, [THING], direction, now_ms)]


def test_a_pointer_is_found_in_its_direction() -> None:
    """And in no other, until it is told of that too."""
    store = store_of()
    write(store, lambda txn: keep_pointers(txn, THERE, [(THING, FORWARD_WAY)], 5))
    before = kept(store), kept(store, Direction.BACK)
    write(store, lambda txn: keep_pointers(txn, THERE, [(THING, BACK_WAY)], 5))

    assert (before, kept(store), kept(store, Direction.BACK)) == (([THERE], []), [THERE], [THERE])


def test_a_pointer_ends() -> None:
    """Unless it is told again."""
    store = store_of()
    write(store, lambda txn: keep_pointers(txn, THERE, [(THING, FORWARD_WAY)], 5))

    assert kept(store, now_ms=5 + POINTER_MS) == []


def test_foreign_things_are_passed_over() -> None:
    """Whose home is elsewhere, the wrong node was told."""
    store = store_of()

    assert write(store, lambda txn: keep_pointers(txn, THERE, [("88.3/A", FORWARD_WAY)], 5)) == 0


def test_the_oldest_of_too_many_goes() -> None:
    """So that a thing cannot fill the store."""
    store = store_of()
    for number in range(POINTERS_PER_THING_MAX + 1):
        write(store, lambda txn, number=number: keep_pointers(txn, f"88.9.{number}", [(THING, FORWARD_WAY)], number))
    found = kept(store)

    assert len(found) == POINTERS_PER_THING_MAX
    assert "88.9.0" not in found


def test_an_event_about_a_foreign_thing_is_due() -> None:
    """Forward, as its home asks what came of it; of its own thing nobody is told."""
    store = store_of(THERE)
    event = Event(EventType.TRANSFORMATION, Moment(1), event_id="urn:e:1", input_epcs=(THING,), output_epcs=("88.2/B",))
    write(store, lambda txn: take_event(txn, event, spelling=Spelling(), holder=THERE, recorded_ms=7))
    with store.read() as txn:
        due = due_now(txn, 7, 10)

    assert due == [Due(THING, THERE, 7, FORWARD_WAY)]


def test_what_cannot_be_told_waits_and_ends() -> None:
    """It is not due before its time, and is dropped when it has waited too long."""
    store = store_of(THERE)
    due = Due(THING, THERE, 7, FORWARD_WAY)
    write(store, lambda txn: put_off(txn, [replace(due, tries=1, next_ms=100)], 8))
    with store.read() as txn:
        waiting = due_now(txn, 99, 10), due_now(txn, 100, 10)
    write(store, lambda txn: put_off(txn, [replace(due, tries=2, next_ms=0)], 8 + TELL_MS))
    with store.read() as txn:
        ended = due_now(txn, 10**12, 10)

    assert (waiting[0], [one.tries for one in waiting[1]], ended) == ([], [1], [])


def test_what_was_told_is_forgotten() -> None:
    """Once is enough."""
    store = store_of(THERE)
    due = Due(THING, THERE, 7, FORWARD_WAY)
    write(store, lambda txn: put_off(txn, [due], 8))
    write(store, lambda txn: drop_dues(txn, [due]))
    with store.read() as txn:
        assert due_now(txn, 100, 10) == []
