"""What events leave behind, in each engine."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from idis.registry.store.base import Store
from idis.registry.store.lmdb import LmdbStore
from idis.registry.store.verify import check
from idis.registry.store.writer import Settings
from idis.registry.trace.deriving import is_taken, take_event
from idis.registry.trace.edge import Edge, EdgeKind
from idis.registry.trace.event import ErrorDeclaration, Event, Moment, Quantity
from idis.registry.trace.expanding import Ask, Direction, Request, expand
from idis.registry.trace.intervals import CLAIM, OVERLAP
from idis.registry.trace.joins import MIXED, PRECEDES
from idis.registry.trace.life import moments
from tests.registry.trace.saying import ADD, SPELLING, install, make, remove, see, take_all

A, B, C, W, V = "88.1/A", "88.1/B", "88.1/C", "88.1/W", "88.1/V"


def edges(store: Store, thing: str, direction: Direction = Direction.BACK, **options: Any) -> list[Edge]:
    """What is believed of a thing."""
    with store.read() as txn:
        return list(expand(txn, Request(direction, (Ask(thing),), **options)).edges.get(thing, ()))


def pairs(found: list[Edge]) -> list[tuple[str, str, str, int, int]]:
    """In short."""
    return sorted((edge.kind.value, edge.child, edge.parent, edge.from_ms, edge.to_ms) for edge in found)


def wrong(event: Event) -> Event:
    """The declaration that an event was an error."""
    return event._replace(error=ErrorDeclaration(Moment(99), "did_not_occur"))


class TestErrors:
    """Events that were wrong."""

    @pytest.mark.parametrize("first", [True, False])
    def test_withdrawn(self, store: Store, first: bool) -> None:
        """What a wrong event said is believed no more, whichever of the two came first."""
        event = install(1, W, A, event_id="urn:e:1")
        take_all(store, *((wrong(event), event) if first else (event, wrong(event))))

        assert edges(store, W) == []
        with store.read() as txn:
            assert not is_taken(txn, "urn:e:1")
            assert moments(txn, A) == []

    def test_gives_back_what_it_hid(self, store: Store) -> None:
        """Without the wrong removal the part never left."""
        removal = remove(5, W, A, event_id="urn:e:2")
        take_all(store, install(1, W, A), removal)
        before = pairs(edges(store, W))
        take_all(store, wrong(removal), recorded_ms=2_000)

        assert (before, pairs(edges(store, W))) == ([("A", A, W, 1, 5)], [("A", A, W, 1, 2**63 - 1)])

    def test_what_was_known_then(self, store: Store) -> None:
        """The error was not known before it was declared."""
        event = install(1, W, A, event_id="urn:e:1")
        take_all(store, event, recorded_ms=100)
        take_all(store, wrong(event), recorded_ms=200)

        assert [len(edges(store, W, known_ms=known)) for known in (99, 100, 199, 200)] == [0, 1, 1, 0]

    def test_of_a_join(self, store: Store) -> None:
        """A withdrawn part of a join takes its pairs along, and makes the rest certain again."""
        second = make(2, [B], [], transformation_id="urn:t", event_id="urn:e:2")
        take_all(store, make(1, [A], [V, W], transformation_id="urn:t", event_id="urn:e:1"), second)
        mixed = {edge.reasons for edge in edges(store, V)}
        take_all(store, wrong(second), recorded_ms=2_000)

        assert mixed == {(MIXED,), (MIXED, PRECEDES)}
        assert [(edge.parent, edge.reasons) for edge in edges(store, V)] == [(A, ())]


class TestJoins:
    """Transformations told in pieces."""

    def test_in_any_order(self, store: Store) -> None:
        """Output, input, both under one number: the pair is joined whichever came first."""
        take_all(store, make(5, [], [V], transformation_id="urn:t"), make(3, [A], [], transformation_id="urn:t"))

        assert [(edge.parent, edge.from_ms, edge.reasons) for edge in edges(store, V)] == [(A, 5, ())]

    def test_output_precedes_input(self, store: Store) -> None:
        """What went in after something came out is possibly in it."""
        take_all(store, make(5, [], [V], transformation_id="urn:t"), make(6, [A], [], transformation_id="urn:t"))

        assert [edge.reasons for edge in edges(store, V)] == [(PRECEDES,)]

    def test_of_two_enterprises(self, store: Store) -> None:
        """The same number of another enterprise is another process."""
        take_all(store, make(1, [A], [], transformation_id="urn:t"), holder="88.1")
        take_all(store, make(2, [], [V], transformation_id="urn:t"), holder="88.2")

        assert edges(store, V) == []

    def test_quantities(self, store: Store) -> None:
        """How much of each input went in; unknown where an amount is."""
        inputs = [Quantity(A, Decimal(5), "KGM"), Quantity(B, None, "KGM")]
        take_all(store, make(1, inputs, [V]))

        assert {edge.parent: str(edge.quantity) for edge in edges(store, V)} == {A: "5", B: "None"}


class TestMembership:
    """Items and their lots."""

    def test_from_the_identifier(self, store: Store) -> None:
        """A Digital Link that says lot and serial makes the item one of the lot."""
        take_all(store, see(1, "https://shop.example/01/06901234567892/10/L7/21/42", action=ADD))
        (edge,) = edges(store, "https://id.gs1.org/01/06901234567892/21/42")

        assert (edge.kind, edge.parent) == (EdgeKind.MEMBER_OF, "https://id.gs1.org/01/06901234567892/10/L7")

    def test_from_master_data(self, store: Store) -> None:
        """So does a lot in the master data, as an identifier or as a bare number of the item's class."""
        take_all(store, see(1, A, action=ADD, ilmd=(("ex:heat", "88.1/HEAT.7"),)))
        take_all(store, see(2, "urn:epc:id:sgtin:6901234.056789.42", action=ADD, ilmd=(("cbvmda:lotNumber", "L 7"),)))

        assert [edge.parent for edge in edges(store, A)] == ["88.1/HEAT.7"]
        assert [edge.parent for edge in edges(store, "https://id.gs1.org/01/06901234567892/21/42")] == [
            "https://id.gs1.org/01/06901234567892/10/L%207"
        ]


def test_twice_is_once(store: Store) -> None:
    """The same event again changes nothing."""
    event = install(1, W, A, event_id="urn:e:1")
    take_all(store, event)
    with store.read() as txn:
        before = txn.edge_spans([(b"\x00", b"\xff\xff")], 999)
    again: list[bool] = []
    store.write(
        lambda txn: again.append(take_event(txn, event, spelling=SPELLING, holder="88.1", recorded_ms=9_999)), actor="test"
    ).result(10)
    with store.read() as txn:
        assert (again, txn.edge_spans([(b"\x00", b"\xff\xff")], 999)) == ([False], before)


def test_a_second_parent_makes_both_possible(store: Store) -> None:
    """A part in two wholes at once: one of them is wrong, nobody knows which; after the removal comes in, neither is."""
    take_all(store, install(1, W, A), install(5, V, A))
    doubtful = [edge.reasons for edge in edges(store, A, Direction.FORWARD)]
    take_all(store, remove(3, W, A), recorded_ms=2_000)

    assert doubtful == [(OVERLAP,), (OVERLAP,)]
    assert [edge.reasons for edge in edges(store, A, Direction.FORWARD)] == [(), ()]


def test_lots_may_be_in_many_wholes(store: Store) -> None:
    """Some of a lot here and some there is no overlap."""
    some = Quantity(C, Decimal(3), "KGM")
    take_all(store, install(1, W, some), install(2, V, some))

    assert [edge.reasons for edge in edges(store, C, Direction.FORWARD)] == [(), ()]


def test_emptied(store: Store) -> None:
    """A removal without contents ends all of them, also of what arrives later."""
    take_all(store, install(1, W, A), remove(5, W), install(2, W, B))

    assert pairs(edges(store, W)) == [("A", A, W, 1, 5), ("A", B, W, 2, 5)]


def test_a_claim_is_possible(store: Store) -> None:
    """Whoever has no standing is not simply believed."""
    take_all(store, install(1, W, A), make(2, [B], [V]), claim=True)

    assert [edge.reasons for edge in (*edges(store, W), *edges(store, V))] == [(CLAIM,), (CLAIM,)]


def test_a_store_stays_sound(tmp_path: Path) -> None:
    """After additions, removals, joins and errors every edge lies under both its ends."""
    store = LmdbStore.create(tmp_path / "node", map_bytes=64 * 2**20, settings=Settings(free_bytes_min=0))
    event = install(1, W, A, event_id="urn:e:1")
    join = make(4, [A], [], transformation_id="urn:t")
    take_all(store, event, install(2, V, A), remove(3, W), join, make(5, [], [B, C], transformation_id="urn:t"), wrong(event))
    report = check(store.environment)
    store.close()

    assert report.problems == []
    assert report.values["edge"] > 20
