"""What cannot all be so of what several say."""

from __future__ import annotations

from random import Random

from idis.registry.trace.claims import contested
from idis.registry.trace.edge import Edge, EdgeKind
from idis.registry.trace.intervals import overlapping


def test_what_holds_together_with_another_whole() -> None:
    """As when each is compared with each."""
    random = Random(1)
    for _ in range(500):
        stays = [(random.choice("VWX"), begun, begun + random.randint(1, 4)) for begun in random.choices(range(12), k=5)]
        edges = [Edge(EdgeKind.PART_OF, "P", *stay, holder=f"88.{at}") for at, stay in enumerate(stays)]

        assert {edge.holder for edge in contested(edges)} == {f"88.{at}" for at in overlapping(stays)}, stays


def test_amounts_of_a_lot_are_in_many_wholes() -> None:
    """And one holder's word is for the node that heard it to judge."""
    lots = [Edge(EdgeKind.PART_OF, "L", whole, 1, holder=whole, of_class=True) for whole in "VW"]
    alone = [Edge(EdgeKind.PART_OF, "P", whole, 1, holder="88.1") for whole in "VW"]

    assert list(contested([*lots, *alone])) == []
