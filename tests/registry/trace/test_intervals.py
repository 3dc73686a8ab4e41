"""When one thing was inside another, from facts in any order."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations

import pytest

from idis.registry.trace.edge import ALWAYS_MS
from idis.registry.trace.event import Action
from idis.registry.trace.intervals import CLAIM, OBSERVED_ONLY, Fact, intervals, overlapping

ADD, DELETE, OBSERVE = Action.ADD, Action.DELETE, Action.OBSERVE


def item(at: int, action: Action, **more: object) -> Fact:
    """A fact about one thing."""
    return Fact(at, action, f"e{at}{action.value}", **more)  # type: ignore[arg-type]


def amount(at: int, action: Action, quantity: int | None, uom: str = "KGM") -> Fact:
    """A fact about so much of a lot."""
    return Fact(at, action, f"e{at}", of_class=True, quantity=None if quantity is None else Decimal(quantity), uom=uom)


def emptied(at: int) -> Fact:
    """All is taken out."""
    return Fact(at, DELETE, f"e{at}", everything=True)


@pytest.mark.parametrize(
    ("facts", "spans", "rules"),
    [
        ([item(1, ADD)], [(1, ALWAYS_MS)], []),
        ([item(1, ADD), item(5, DELETE)], [(1, 5)], []),
        ([item(1, ADD), item(5, DELETE), item(5, ADD)], [(1, 5), (5, ALWAYS_MS)], []),
        ([item(1, ADD), emptied(4)], [(1, 4)], []),
        ([item(1, ADD), item(3, OBSERVE)], [(1, ALWAYS_MS)], []),
        ([item(3, OBSERVE)], [(3, 4)], ["observed without having been added"]),
        ([item(3, DELETE)], [], ["removed without having been added"]),
        ([emptied(3)], [], []),
        ([item(1, ADD), item(2, ADD)], [(1, ALWAYS_MS)], ["added twice"]),
        ([item(2, ADD), item(2, DELETE)], [(2, ALWAYS_MS)], ["removed without having been added"]),
    ],
)
def test_one_thing(facts: list[Fact], spans: list[tuple[int, int]], rules: list[str]) -> None:
    """Half-open intervals; at one moment out comes before in; whatever the order of arrival."""
    for order in permutations(facts):
        found, odd = intervals(order)

        assert [(interval.from_ms, interval.to_ms) for interval in found] == spans
        assert [oddity.rule for oddity in odd] == rules


@pytest.mark.parametrize(
    ("facts", "spans", "rules"),
    [
        ([amount(1, ADD, 10)], [(1, ALWAYS_MS, 10)], []),
        ([amount(1, ADD, 10), amount(2, DELETE, 4)], [(1, ALWAYS_MS, 6)], []),
        ([amount(1, ADD, 10), amount(2, ADD, 5), amount(3, DELETE, 15)], [(1, 3, 15)], []),
        ([amount(1, ADD, 10), amount(2, DELETE, 11)], [(1, 2, 10)], ["removed more than was added"]),
        ([amount(1, ADD, None), amount(2, DELETE, 4)], [(1, ALWAYS_MS, None)], []),
        ([amount(1, ADD, 10), amount(2, DELETE, None, "")], [(1, 2, 10)], []),
        ([amount(1, ADD, 10), amount(1, ADD, 3, "LTR"), emptied(9)], [(1, 9, 10), (1, 9, 3)], []),
        ([amount(2, OBSERVE, 4)], [(2, 3, 4)], ["observed without having been added"]),
    ],
)
def test_so_much(facts: list[Fact], spans: list[tuple[int, int, int | None]], rules: list[str]) -> None:
    """What is counted stays while something is left; each unit by itself."""
    found, odd = intervals(facts)

    assert [(one.from_ms, one.to_ms, None if one.quantity is None else int(one.quantity)) for one in found] == spans
    assert [oddity.rule for oddity in odd] == rules


def test_reasons() -> None:
    """What was only seen, and what was said without standing, is not beyond doubt."""
    (seen,), _ = intervals([item(1, OBSERVE)])
    (claimed,), _ = intervals([item(1, ADD, claim=True)])

    assert (seen.reasons, claimed.reasons) == ((OBSERVED_ONLY,), (CLAIM,))


def test_overlapping() -> None:
    """In two wholes at one moment; one after the other is no overlap."""
    assert list(overlapping([("A", 0, 5), ("B", 4, 9), ("C", 9, 12), ("A", 20, 22)])) == [0, 1]
