"""The walk as a machine: whoever answers, in whatever order, it comes to the same end."""

from __future__ import annotations

from random import Random

import pytest

from idis.registry.trace.edge import Certainty, Edge, EdgeKind
from idis.registry.trace.expanding import ASKS_MAX, Ask, Direction, Expansion, Request, Step, Tombstone
from idis.registry.trace.walking import Budget, Start, Walk

A, T = EdgeKind.PART_OF, EdgeKind.MADE_FROM


def answer(edges: list[Edge], request: Request) -> Expansion:
    """What a node that knows these edges says, whatever the window."""
    things = {ask.thing for ask in request.asks}
    return Expansion({thing: [edge for edge in edges if thing in (edge.child, edge.parent)] for thing in things})


def ladder(height: int) -> list[Edge]:
    """Things with two parts each, which share the next ones."""
    return [
        Edge(A, f"88.1/{level + 1}{side}", f"88.1/{level}{other}", 0)
        for level in range(height)
        for side in "ab"
        for other in "ab"
    ]


@pytest.mark.parametrize("seed", range(8))
def test_answers_in_any_order(seed: int) -> None:
    """Requests that are answered late and out of order lead to the same visits."""
    random = Random(seed)
    edges = ladder(6)
    orderly, disorderly = (Walk([Start("88.1/0a")], Direction.BACK) for _ in range(2))
    while requests := orderly.next_requests():
        for request in requests:
            orderly.receive(request, answer(edges, request))
    waiting: list[Request] = []
    while True:
        for request in disorderly.next_requests():
            waiting.extend(Request(request.direction, (ask,)) for ask in request.asks)
        if not waiting:
            break
        request = waiting.pop(random.randrange(len(waiting)))
        disorderly.receive(request, answer(edges, request))

    assert set(disorderly.visits) == set(orderly.visits)
    assert len(orderly.visits) == 13
    assert disorderly.complete


def test_nobody_is_asked_twice() -> None:
    """Each thing is asked for once, however many ways lead to it."""
    edges = ladder(5)
    asked: list[Ask] = []
    walk = Walk([Start("88.1/0a")], Direction.BACK)
    while requests := walk.next_requests():
        for request in requests:
            asked.extend(request.asks)
            walk.receive(request, answer(edges, request))

    assert len(asked) == len({ask.thing for ask in asked}) == 11


def test_requests_are_bounded() -> None:
    """A level of many things is asked for in several requests."""
    walk = Walk([Start("88.1/W")], Direction.BACK)
    (request,) = walk.next_requests()
    walk.receive(request, answer([Edge(A, f"88.1/P{number}", "88.1/W", 0) for number in range(ASKS_MAX + 1)], request))

    assert [len(request.asks) for request in walk.next_requests()] == [ASKS_MAX, 1]


def test_a_surer_way_is_walked_again() -> None:
    """What was reached over a possible edge first, and then over certain ones, is certain, and so is all behind it."""
    edges = [
        Edge(A, "88.1/X", "88.1/W", 0, certainty=Certainty.POSSIBLE, reasons=("why",)),
        Edge(A, "88.1/Y", "88.1/W", 0),
        Edge(A, "88.1/X", "88.1/Y", 0),
        Edge(T, "88.1/X", "88.1/L", 0),
    ]
    walk = Walk([Start("88.1/W")], Direction.BACK)
    while requests := walk.next_requests():
        for request in requests:
            walk.receive(request, answer(edges, request))

    assert (walk.best("88.1/X").certain, walk.best("88.1/L").certain) == (True, True)
    assert [edge.parent for edge in walk.best("88.1/L").path()] == ["88.1/W", "88.1/Y", "88.1/L"]


def test_tombstones_make_it_incomplete() -> None:
    """A branch that was not answered is told, and the rest is walked."""
    walk = Walk([Start("88.1/W"), Start("88.2/W")], Direction.BACK)
    (request,) = walk.next_requests()
    stone = Tombstone("88.2/W", "88.2", Step.CONNECT, 0, "it is silent", retriable=True)
    walk.receive(request, Expansion({"88.1/W": [Edge(A, "88.1/P", "88.1/W", 0)]}, tombstones=(stone,)))
    while requests := walk.next_requests():
        for request in requests:
            walk.receive(request, Expansion({}))

    assert (set(walk.visits), walk.complete, walk.tombstones) == ({"88.1/W", "88.2/W", "88.1/P"}, False, [stone])


def test_what_is_left_is_asked_for_again() -> None:
    """An answer that was cut goes on at its cursor, and nothing is stepped on before it is whole."""
    walk = Walk([Start("88.1/W")], Direction.BACK)
    (request,) = walk.next_requests()
    walk.receive(request, Expansion({"88.1/W": [Edge(A, "88.1/P1", "88.1/W", 0)]}, left=(Ask("88.1/W", cursor=b"here"),)))
    (again,) = walk.next_requests()
    walk.receive(again, Expansion({"88.1/W": [Edge(A, "88.1/P2", "88.1/W", 0)]}))

    assert again.asks[0].cursor == b"here"
    assert {ask.thing for request in walk.next_requests() for ask in request.asks} == {"88.1/P1", "88.1/P2"}


def test_several_answer_one_request() -> None:
    """The home of a thing answers first, somebody it points to later: what he knows is walked too."""
    walk = Walk([Start("88.1/W")], Direction.BACK)
    (request,) = walk.next_requests()
    walk.receive(request, Expansion({"88.1/W": [Edge(A, "88.1/P", "88.1/W", 0)]}))
    (following,) = walk.next_requests()
    walk.receive(following, Expansion({}))
    walk.receive(request, Expansion({"88.1/W": [Edge(A, "88.1/P", "88.1/W", 0), Edge(A, "88.2/P", "88.1/W", 0)]}))

    assert [ask.thing for ask in walk.next_requests()[0].asks] == ["88.2/P"]


def test_depth_counts_the_shortest_way() -> None:
    """A thing found late over a longer way is not cut where a shorter way leads to it."""
    edges = [
        Edge(A, "88.1/B", "88.1/A", 0),
        Edge(A, "88.1/C", "88.1/B", 0),
        Edge(A, "88.1/C", "88.1/A", 0),
        Edge(A, "88.1/D", "88.1/C", 0),
    ]
    walk = Walk([Start("88.1/A")], Direction.BACK, budget=Budget(depth=2))
    while requests := walk.next_requests():
        for request in requests:
            walk.receive(request, answer(edges, request))

    assert {thing: walk.best(thing).depth for thing in walk.visits} == {"88.1/A": 0, "88.1/B": 1, "88.1/C": 1, "88.1/D": 2}
