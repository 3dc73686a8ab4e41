"""Keys and rows of edges, octet for octet."""

from __future__ import annotations

from decimal import Decimal

import pytest

from idis.registry.trace import rows
from idis.registry.trace.edge import Certainty, Edge, EdgeKind
from idis.registry.trace.rows import BACK, FORWARD, FORWARD_AND_LOTS, Slot

EDGE = Edge(EdgeKind.PART_OF, "88.118/P", "88.118/W", 1_000, recorded_ms=2_000, source="E1", holder="88.118")
# name 0 slot from, the other name 0, recorded, tag
UNDER_CHILD = bytes.fromhex("38382e3131382f50 00 01 80000000000003e8 38382e3131382f57 00 80000000000007d0 0000000000000000")
UNDER_PARENT = bytes.fromhex("38382e3131382f57 00 09 80000000000003e8 38382e3131382f50 00 80000000000007d0 0000000000000000")
ROW = bytes.fromhex("93 00 a24531 a638382e313138")


def test_octets() -> None:
    """An edge that holds, beyond doubt, without quantity: the shortest row, under both ends."""
    assert rows.rows_of(EDGE) == {UNDER_CHILD: ROW, UNDER_PARENT: ROW}


def test_both_rows_give_the_edge() -> None:
    """From either end."""
    assert rows.edge_of(UNDER_CHILD, ROW, "88.118/P") == EDGE == rows.edge_of(UNDER_PARENT, ROW, "88.118/W")


@pytest.mark.parametrize("kind", EdgeKind)
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"from_ms": -5, "to_ms": 3, "retracted_ms": 9},
        {"quantity": Decimal("12.50"), "uom": "KGM"},
        {"certainty": Certainty.POSSIBLE, "reasons": ("one", "two")},
        {"source": f"ni:///sha-256;{'0a' * 32}?ver=CBV2.0"},
        {"source": f"ni:///sha-256;{'0A' * 32}?ver=CBV2.0"},
        {"source": "ni:///sha-256;" + "0 " * 32 + "?ver=CBV2.0"},
        {"child": "88.118/" + "c" * 300, "parent": "88.118/" + "p" * 500},
        {"child": "88.118/零件", "parent": "a\x00b"},
        {"of_class": True},
    ],
)
def test_round_trip(kind: EdgeKind, change: dict[str, object]) -> None:
    """Every member survives, under both ends, and each row knows the key of the other."""
    edge = EDGE._replace(kind=kind, **change)  # type: ignore[arg-type]
    made = rows.rows_of(edge, b"12345678")
    child, parent = made

    assert [rows.edge_of(key, row, thing) for (key, row), thing in zip(made.items(), (edge.child, edge.parent), strict=True)] == [
        edge,
        edge,
    ]
    assert (rows.mirror(child), rows.mirror(parent)) == (parent, child)
    assert {rows.edge_tag(key) for key in made} == {b"12345678"}
    assert all(len(key) <= 480 for key in made)


@pytest.mark.parametrize(
    ("slots", "inside"),
    [
        (FORWARD, {Slot.PART_OF, Slot.PACKED_IN, Slot.ITEMS, Slot.RESULTS, Slot.SUCCEEDS, Slot.SUCCEEDED}),
        (
            FORWARD_AND_LOTS,
            {Slot.PART_OF, Slot.PACKED_IN, Slot.ITEMS, Slot.RESULTS, Slot.SUCCEEDS, Slot.SUCCEEDED, Slot.MEMBER_OF},
        ),
        (BACK, {Slot.SUCCEEDS, Slot.SUCCEEDED, Slot.MEMBER_OF, Slot.MADE_FROM, Slot.PARTS, Slot.CONTENTS}),
    ],
)
def test_one_span_a_way(slots: tuple[Slot, Slot], inside: set[Slot]) -> None:
    """All that a walk needs of a thing lies between two slots, and nothing else does."""
    start, end = rows.span("88.1/A", *slots)

    assert {slot for slot in Slot if start <= b"88.1/A\x00" + bytes((slot,)) + b"x" < end} == inside


def test_times_sort() -> None:
    """Before and after 1970."""
    times = [-(2**62), -1, 0, 1, 2**62]

    assert sorted(map(rows.time_key, times)) == [rows.time_key(time) for time in times]
    assert [rows.time_of(rows.time_key(time)) for time in times] == times


@pytest.mark.parametrize("key", [b"", b"nothing", b"\xff" * 33, b"a\x00"])
def test_mirror_of_nonsense(key: bytes) -> None:
    """A key that no edge has is found out."""
    with pytest.raises((ValueError, IndexError)):
        rows.mirror(key)


def test_edges_alike_have_the_rows_of_each() -> None:
    """What is made in one go for many children is what each would have, long names and quantities too."""
    children = ["88.118/A", "88.118/B", "88.118/" + "c" * 300]
    for edge in (EDGE, EDGE._replace(quantity=Decimal(5), uom="KGM", of_class=True), EDGE._replace(parent="88.118/" + "p" * 300)):
        each = [rows.rows_of(edge._replace(child=child), b"12345678") for child in children]

        assert rows.rows_alike(edge, children, b"12345678") == each[0] | each[1] | each[2]


def test_an_edge_that_ended_in_1970_has_ended() -> None:
    """The zero of the clock is a time, not an absent one."""
    edge = EDGE._replace(from_ms=-5, to_ms=0)
    ((key, row), _) = rows.rows_of(edge).items()

    assert rows.edge_of(key, row, edge.child) == edge
