"""Flags that events set on all that a thing is in, and take back."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from idis.proto.value import Value, decode_values
from idis.registry.prefix import PrefixEntry
from idis.registry.record import Record, prepare
from idis.registry.store.base import Store
from idis.registry.store.keys import record_key
from idis.registry.trace.event import ErrorDeclaration, Event, Moment
from idis.registry.trace.flags import CHECK, NONE, STOP, flags_something, note_source, put_spread, sources, spread
from idis.registry.trace.held import texts_of
from idis.registry.trace.stop_ship import LOOKED_BACK_MAX, Verdict, check
from tests.registry.trace.saying import install, make, remove, see, take_all

LOT, CELL, PACK, CAR, OTHER = (f"88.1/{name}" for name in ("LOT", "CELL", "PACK", "CAR", "OTHER"))
NOW_MS = 1_000
RECALL: dict[str, Any] = {"disposition": "recalled", "event_id": "urn:e:recall"}


@pytest.fixture
def chain(store: Store) -> Store:
    """A lot in a cell in a pack in a car, each with a record; another car has none of it and is checked by its owner."""

    def change(txn: Any) -> None:
        txn.put_prefix(PrefixEntry("88.1", homed=True))
        for name in (LOT, CELL, PACK, CAR, OTHER):
            txn.put_record(prepare(Record(name, (Value(2001, "name", b"x"),)), 1))
        txn.put_record(prepare(Record(OTHER, (Value(2006, "recallFlag", b"check"),)), 1))

    store.write(change, actor="test").result(10)
    take_all(store, make(1, [LOT], [CELL]), install(2, PACK, CELL), install(3, CAR, PACK))
    return store


def settle(store: Store, *things: str) -> list[str]:
    """Spread the word on things; which records changed."""
    changed: list[str] = []
    for thing in things:
        with store.read() as txn:
            told = spread(txn, thing, NOW_MS)
        for one in told.changed:
            change = partial(put_spread, told=told, things=[one], now=9)
            changed += store.write(change, actor="test").result(10).result
        store.write(partial(note_source, told=told), actor="test").result(10)
    return changed


def flags(store: Store) -> dict[str, str]:
    """The flags of all records that have one."""
    found = {}
    with store.read() as txn:
        for name in (LOT, CELL, PACK, CAR, OTHER):
            record = txn.record(record_key("88.1", name.partition("/")[2], True))
            assert record is not None
            if flag := texts_of(record).get("recallFlag"):
                found[name] = flag
    return found


def wrong(event: Event) -> Event:
    """The declaration that an event was wrong."""
    return event._replace(error=ErrorDeclaration(Moment(99)))


def test_a_recall_reaches_all_it_is_in(chain: Store) -> None:
    """The lot, the cell made of it, the pack and the car; twice is once."""
    take_all(chain, see(10, LOT, **RECALL))

    assert sorted(settle(chain, LOT)) == sorted([LOT, CELL, PACK, CAR])
    assert flags(chain) == {LOT: STOP, CELL: STOP, PACK: STOP, CAR: STOP, OTHER: CHECK}
    assert settle(chain, LOT) == []


@pytest.mark.parametrize("later", [wrong(see(10, LOT, **RECALL)), see(20, LOT, disposition="conformant")])
def test_it_is_taken_back(chain: Store, later: Event) -> None:
    """By the declaration that it was wrong, and by a later event that says that the thing is well."""
    take_all(chain, see(10, LOT, **RECALL))
    settle(chain, LOT)
    take_all(chain, later, recorded_ms=2_000)
    settle(chain, LOT)

    assert flags(chain) == {LOT: NONE, CELL: NONE, PACK: NONE, CAR: NONE, OTHER: CHECK}
    with chain.read() as txn:
        assert sources(txn) == []


@pytest.mark.parametrize(
    ("later", "flag"),
    [
        (see(20, LOT, disposition="active"), STOP),
        (see(20, LOT, biz_step="holding"), STOP),
        (see(20, LOT, unset_dispositions=("damaged",)), STOP),
        (see(20, LOT, unset_dispositions=("recalled",)), NONE),
        (see(5, LOT, unset_dispositions=("recalled",)), STOP),
    ],
)
def test_what_is_set_lasts_until_it_is_unset(chain: Store, later: Event, flag: str) -> None:
    """A persistent disposition: no other word about the thing lifts it."""
    take_all(chain, see(10, LOT, set_dispositions=("recalled",)))
    settle(chain, LOT)
    before = flags(chain)
    take_all(chain, later, recorded_ms=2_000)
    settle(chain, LOT)

    assert (before[CAR], flags(chain)[CAR]) == (STOP, flag)


def test_being_shipped_back_lifts_nothing(chain: Store) -> None:
    """Recalled goods travel, too."""
    shipped = (see(20 + at, LOT, biz_step="shipping", disposition="in_transit") for at in range(20))
    take_all(chain, see(10, LOT, **RECALL), *shipped)
    settle(chain, LOT)

    assert flags(chain)[CAR] == STOP


def test_a_part_that_was_taken_out(chain: Store) -> None:
    """A car that the pack is no longer in is not flagged; the one it went into later is, when it is walked again."""
    take_all(chain, see(10, LOT, **RECALL), remove(11, CAR, PACK))
    settle(chain, LOT)
    before = flags(chain)
    take_all(chain, install(12, OTHER, PACK), recorded_ms=2_000)
    settle(chain, LOT)

    assert (before.get(CAR), flags(chain)[OTHER]) == (None, STOP)


def test_two_sources_and_what_was_there_before(chain: Store) -> None:
    """The gravest flag counts; when both are lifted, what the owner said of his car comes back."""
    hold = see(10, LOT, biz_step="holding", event_id="urn:e:hold")
    recall = see(10, PACK, **RECALL)
    take_all(chain, hold, recall, install(4, OTHER, PACK), remove(4, CAR, PACK))
    settle(chain, LOT, PACK)
    both = flags(chain)[OTHER]
    take_all(chain, wrong(recall), recorded_ms=2_000)
    settle(chain, PACK)
    one = flags(chain)[OTHER]
    take_all(chain, wrong(hold), recorded_ms=3_000)
    settle(chain, LOT)

    assert (both, one, flags(chain)[OTHER], flags(chain)[CELL]) == (STOP, CHECK, CHECK, NONE)


def test_an_owners_own_word_is_outdone_and_comes_back(chain: Store) -> None:
    """A flag that nobody knows weighs as much as one to check, and is kept letter for letter."""
    odd = prepare(Record(CAR, (Value(2006, "recallFlag", b"perhaps"),)), 1)
    chain.write(lambda txn: txn.put_record(odd), actor="test").result(10)
    recall = see(10, LOT, **RECALL)
    take_all(chain, recall)
    settle(chain, LOT)
    recalled = flags(chain)[CAR]
    take_all(chain, wrong(recall), recorded_ms=2_000)
    settle(chain, LOT)

    assert (recalled, flags(chain)[CAR]) == (STOP, "perhaps")


def test_who_does_not_speak_for_a_thing(chain: Store) -> None:
    """Somebody else's word has his own things checked, and nobody else's."""
    take_all(chain, see(10, LOT, **RECALL), holder="88.2")

    assert (settle(chain, LOT), "recallFlag" in str(flags(chain))) == ([], False)
    assert flags(chain) == {OTHER: CHECK}


def test_what_flags() -> None:
    """A disposition or a business step, nothing else."""
    assert [flags_something(see(1, LOT, **more)) for more in (RECALL, {"biz_step": "holding"}, {"disposition": "damaged"})] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("value", "public"),
    [(Value(2006, "other", b"x"), {"other": "x", "recallFlag": "stop"}), (Value(1, "name", b"x", permissions=0b1100), {})],
    ids=["another value there", "hidden record"],
)
def test_what_a_record_shows(store: Store, value: Value, public: dict[str, str]) -> None:
    """Nobody's value is written over, where a flag stands beside it; and what is hidden does not come to light."""

    def change(txn: Any) -> None:
        txn.put_prefix(PrefixEntry("88.1", homed=True))
        txn.put_record(prepare(Record(LOT, (value,)), 1))

    store.write(change, actor="test").result(10)
    take_all(store, see(10, LOT, **RECALL))
    settle(store, LOT)
    with store.read() as txn:
        record = txn.record(record_key("88.1", "LOT", True))
    assert record is not None

    assert {one.type: one.text for one in decode_values(record.public)} == public


def test_what_has_no_record_is_stopped_however_much_happened_since(chain: Store) -> None:
    """The flag lies on it all the same, and is gone when the disposition is unset."""
    late = 11 + LOOKED_BACK_MAX
    take_all(chain, see(10, "88.1/BARE", set_dispositions=("recalled",)), *(see(at, "88.1/BARE") for at in range(11, late)))
    settle(chain, "88.1/BARE")
    with chain.read() as txn:
        stopped = check(txn, "88.1/BARE", at_ms=NOW_MS).verdict
    take_all(chain, see(late, "88.1/BARE", unset_dispositions=("recalled",)))
    settle(chain, "88.1/BARE")
    with chain.read() as txn:
        lifted = check(txn, "88.1/BARE", at_ms=NOW_MS).verdict

    assert (stopped, lifted) == (Verdict.STOP, Verdict.ALLOW)
