"""Random genealogies: whatever events say, and in whatever order they come, walks find what the oracle finds."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from idis.registry.store.memory import MemoryStore
from idis.registry.trace.deriving import take_event
from idis.registry.trace.edge import Edge
from idis.registry.trace.event import ErrorDeclaration, Event, Moment
from idis.registry.trace.expanding import Direction, Expansion, expand
from idis.registry.trace.walking import Budget, Start, Walk
from tests.registry.trace.oracle import ALL, ITEMS, LOTS, MOMENTS, back, forward, random_events, sure, world_of
from tests.registry.trace.saying import SPELLING

GENEALOGIES = int(os.environ.get("IDIS_GENEALOGIES", "160"))  # a campaign sets 10,000
BATCHES = 8
THINGS = [*ITEMS, *LOTS]


def stored(random: Random, events: list[Event]) -> tuple[MemoryStore, list[Event], list[Event]]:
    """A store that took events and declarations of error, shuffled; in the order they came; and those believed in the end."""
    wrong = [event for event in events if random.random() < 0.12]
    said = events + [event._replace(error=ErrorDeclaration(Moment(MOMENTS), "did_not_occur")) for event in wrong]
    random.shuffle(said)
    store = MemoryStore()

    def change(txn: Any) -> None:
        for number, event in enumerate(said):
            take_event(txn, event, spelling=SPELLING, holder="88.1", recorded_ms=100 + number)

    store.write(change, actor="test").result()
    return store, said, [event for event in events if event not in wrong]


def walked(store: MemoryStore, start: str, direction: Direction, **options: Any) -> Walk:
    """A walk over a store, to its end."""
    walk = Walk([Start(start)], direction, **options)
    finish(store, walk)
    return walk


def finish(store: MemoryStore, walk: Walk) -> None:
    """Take a walk to its end."""
    with store.read() as txn:
        while requests := walk.next_requests():
            for request in requests:
                walk.receive(request, expand(txn, request, edges_max=3))


def moments_of(walk: Walk, *, certain: bool) -> dict[str, set[int]]:
    """At which moments each thing was visited."""
    found: dict[str, set[int]] = {}
    for thing, visits in walk.visits.items():
        at = {
            moment for visit in visits if visit.certain or not certain for moment in ALL if visit.from_ms <= moment < visit.to_ms
        }
        if at:
            found[thing] = at
    return found


def seeds() -> Iterable[int]:
    """The genealogies of one batch each."""
    return range(BATCHES)


@pytest.mark.parametrize("batch", seeds())
def test_walks_equal_the_oracle(batch: int) -> None:
    """Forward and back from every thing, certain and possible, each with its very moments."""
    for seed in range(batch, GENEALOGIES, BATCHES):
        random = Random(seed)
        store, _, believed = stored(random, random_events(random))
        world = world_of(believed)
        for start in random.sample(THINGS, 4):
            ahead, behind = walked(store, start, Direction.FORWARD), walked(store, start, Direction.BACK)

            assert (ahead.complete, behind.complete) == (True, True), seed
            compare(ahead, forward(world, start), forward(sure(world), start), (seed, start))
            if not any(stay.kind == "G" and stay.parent == start for stay in world.stays):
                compare(behind, back(world, start), back(sure(world), start), (seed, start))


@pytest.mark.parametrize("batch", seeds())
def test_as_of_equals_the_oracle(batch: int) -> None:
    """What later moments brought does not count, and going back only what was inside at that moment."""
    for seed in range(batch, GENEALOGIES // 2, BATCHES):
        random = Random(seed)
        store, _, believed = stored(random, random_events(random))
        world = world_of(believed)
        moment = random.randrange(MOMENTS)
        for start in random.sample(ITEMS, 3):
            ahead = walked(store, start, Direction.FORWARD, as_of_ms=moment)
            behind = walked(store, start, Direction.BACK, as_of_ms=moment)

            assert moments_of(ahead, certain=False) == forward(world, start, moment), (seed, start)
            if not any(stay.kind == "G" and stay.parent == start for stay in world.stays):
                assert moments_of(behind, certain=False) == back(world, start, [moment], moment), (seed, start)


@pytest.mark.parametrize("batch", seeds())
def test_known_at_equals_the_oracle(batch: int) -> None:
    """What was believed at an earlier time of knowledge is what the events say that had come by then."""
    for seed in range(batch, GENEALOGIES // 2, BATCHES):
        random = Random(seed)
        store, said, _ = stored(random, random_events(random))
        cut = random.randrange(len(said))
        come = said[: cut + 1]
        wrong = {event.event_id for event in come if event.error is not None}
        world = world_of(event for event in come if event.event_id not in wrong)
        for start in random.sample(ITEMS, 3):
            walk = walked(store, start, Direction.FORWARD, known_ms=100 + cut)

            compare(walk, forward(world, start), forward(sure(world), start), (seed, start))


@pytest.mark.parametrize("batch", seeds())
def test_a_walk_in_parts_equals_the_oracle(batch: int) -> None:
    """Cut again and again by its bounds, and gone on with as often, it finds the same."""
    for seed in range(batch, GENEALOGIES // 2, BATCHES):
        random = Random(seed)
        store, _, believed = stored(random, random_events(random))
        world = world_of(believed)
        for start in random.sample(THINGS, 3):
            part = Budget(depth=random.randint(1, 3), edges=random.randint(1, 5))
            walk = walked(store, start, Direction.FORWARD, budget=part)
            for _ in range(200):
                if walk.complete:
                    break
                walk.resume(part, 0)
                finish(store, walk)

            assert walk.complete, (seed, start)
            compare(walk, forward(world, start), forward(sure(world), start), (seed, start))


@pytest.mark.parametrize("batch", seeds())
def test_a_thing_met_under_two_names_is_one(batch: int) -> None:
    """Some edges name a thing otherwise: once that is known, the walk finds what the oracle finds."""
    for seed in range(batch, GENEALOGIES // 2, BATCHES):
        random = Random(seed)
        store, _, believed = stored(random, random_events(random))
        world = world_of(believed)
        start = random.choice(THINGS)
        other = random.choice([thing for thing in THINGS if thing != start])
        walk = Walk([Start(start)], Direction.FORWARD)
        with store.read() as txn:
            while requests := walk.next_requests():
                for request in requests:
                    asks = tuple(ask._replace(thing=other if ask.thing == "~" else ask.thing) for ask in request.asks)
                    found = expand(txn, replace(request, asks=asks))
                    veils = random.random() < 0.5
                    edges = {}
                    for ask, true in zip(request.asks, asks, strict=True):
                        said = found.edges.get(true.thing, ())
                        edges[ask.thing] = [_veiled(edge, other) for edge in said] if veils or ask.thing == "~" else list(said)
                    walk.receive(request, Expansion(edges))
        if "~" in walk.visits:
            walk.rename({"~": other})
            finish(store, walk)

        compare(walk, forward(world, start), forward(sure(world), start), seed)


def _veiled(edge: Edge, other: str) -> Edge:
    return edge._replace(child="~" if edge.child == other else edge.child, parent="~" if edge.parent == other else edge.parent)


@pytest.mark.parametrize("batch", seeds())
def test_order_of_arrival_does_not_matter(batch: int) -> None:
    """The same events in two orders leave the same edges that are believed."""
    for seed in range(batch, GENEALOGIES // 2, BATCHES):
        events = random_events(Random(seed))
        found = []
        for order in (1, 2):
            store, _, _ = stored(_SameErrors(seed, order), list(events))
            found.append({start: moments_of(walked(store, start, Direction.FORWARD), certain=True) for start in THINGS})

        assert found[0] == found[1], seed


@pytest.mark.parametrize("batch", seeds())
def test_forward_and_back_meet(batch: int) -> None:
    """Forward of x holds y exactly when back of y holds x, within the same window."""
    for seed in range(batch, GENEALOGIES // 4, BATCHES):
        random = Random(seed)
        store, _, believed = stored(random, random_events(random))
        wholes = {stay.parent for stay in world_of(believed).stays if stay.kind == "G"}
        ahead = {start: set(walked(store, start, Direction.FORWARD).visits) for start in THINGS}
        for start in THINGS:
            if start not in wholes:
                behind = set(walked(store, start, Direction.BACK).visits)
                assert behind == {thing for thing, reached in ahead.items() if start in reached}, (seed, start)


def compare(walk: Walk, every: dict[str, set[int]], certain: dict[str, set[int]], what: object) -> None:
    """A walk against the moments of the oracle, all and certain ones."""
    assert moments_of(walk, certain=False) == every, what
    assert moments_of(walk, certain=True) == certain, what


class _SameErrors(Random):
    """Draws the same errors and shuffles otherwise."""

    def __init__(self, seed: int, order: int) -> None:
        super().__init__(seed)
        self._order = Random(order)

    def shuffle(self, x: Any) -> None:
        """By the order's own numbers."""
        self._order.shuffle(x)


def test_an_unrelated_event_changes_nothing() -> None:
    """What happens to other things does not show."""
    random = Random(1)
    events = random_events(random)
    other = events[0]._replace(event_id="urn:other", parent="88.9/P", child_epcs=("88.9/C",), child_quantities=())
    first, _, _ = stored(Random(5), list(events))
    second, _, _ = stored(Random(5), [*events, other._replace(input_epcs=(), output_epcs=())])

    for start in THINGS:
        for direction in Direction:
            assert moments_of(walked(first, start, direction), certain=False) == moments_of(
                walked(second, start, direction), certain=False
            )

