"""A node that lies: whatever it answers, the question ends, others' words stay theirs, and nobody's part is lost but its own.

`IDIS_HOSTILE=100000` makes a campaign of it.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from dataclasses import replace
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from idis.proto.errors import ProtocolError
from idis.proto.trace import EdgeRow, ExpandReply, ExpandRequest, PointerRow, StoneRow, read_expand_reply
from idis.registry.trace.edge import Edge, EdgeKind
from idis.registry.trace.expanding import Direction, Step
from idis.registry.trace.recall import recall_of
from idis.registry.trace.things import home_of
from idis.registry.trace.walking import Budget, Start, Walk
from idis.resolver.trace.driver import Driver, Question
from idis.resolver.trace.form import edge_rows
from idis.resolver.trace.neighbours import Unreached
from idis.resolver.web.v1.across_plans import _finder
from idis.resolver.web.v1.showing import show
from idis.resolver.web.v1.trace_views import recall_view

CAMPAIGN = int(os.environ.get("IDIS_HOSTILE", "240"))
BATCHES = 8
HONEST = ("88.1", "88.2", "88.3")
LIAR = "88.66"
BUDGET = Budget(edges=2_000, ms=60_000, nodes=8)
FOREVER = 2**63 - 1


def random_world(random: Random) -> list[Edge]:
    """What is made from what, each told by whoever made it; the liar is one of them."""
    things = [f"{random.choice((*HONEST, LIAR))}/T{number}" for number in range(random.randint(4, 24))]
    things[0] = "88.1/START"
    found = {}
    for at, thing in enumerate(things[1:], 1):
        for source in random.sample(things[:at], min(at, random.randint(1, 2))):
            found[thing, source] = Edge(EdgeKind.MADE_FROM, thing, source, at * 10, recorded_ms=1, holder=home_of(thing))
    return list(found.values())


def honest(world: list[Edge], prefix: str, asked: ExpandRequest) -> ExpandReply:
    """What a node says that says what it knows."""
    things = [ask.thing for ask in asked.asks]
    edges = [(edge.parent, edge) for edge in world if edge.parent in things and edge.holder == prefix]
    holders = {(edge.parent, edge.holder): None for edge in world if edge.parent in things and home_of(edge.parent) == prefix}
    pointers = tuple(PointerRow(thing, holder, 1) for thing, holder in holders if holder != prefix)
    return ExpandReply(edge_rows(edges), pointers=pointers, edges_read=len(edges), named=True)


def row(random: Random, of: str) -> EdgeRow:
    """An edge that a liar makes up, more or less well."""
    names = [f"{LIAR}/X{random.randrange(9)}", "88.1/START", f"88.2/T{random.randrange(9)}", "~made-up", "x" * 5_000, "\x1b[2J"]
    ends = [of, random.choice(names)]
    random.shuffle(ends)
    child, parent = ends if random.random() < 0.9 else random.sample(names, 2)
    time = random.choice((0, 5, 10**9, FOREVER, -(2**63), 2**62))
    return EdgeRow(
        random.choice((of, of, of, *names)),
        random.choice("MTAGX"),
        random.random() < 0.5,
        child,
        parent,
        time,
        random.choice((FOREVER, FOREVER, 7, -1)),
        random.choice((1, FOREVER, -1)),
        random.choice((FOREVER, 0)),
        random.choice(("", "", "1", "-3.5E9", "NaN", "sNaN", "Infinity", "1E999999999", "9" * 90, "one")),
        random.choice(("", "KGM", "x" * 999)),
        random.choice(("", "because\nand because")),
        random.choice(("", "urn:e:1")),
        random.choice((LIAR, LIAR, LIAR, "88.1", "88.2", "", f"~c@{LIAR}", "~c@88.2", "z" * 3_000)),
    )


def _more_edges(random: Random, reply: ExpandReply, asked: ExpandRequest) -> ExpandReply:
    count = random.choice((1, 3, 50, 3_000))
    return replace(reply, edges=reply.edges + tuple(row(random, random.choice(asked.asks).thing) for _ in range(count)))


def _likely_edges(random: Random, reply: ExpandReply, asked: ExpandRequest) -> ExpandReply:
    """Lies that nobody can tell from the truth: things of its own, in circles too."""
    made = [(ask.thing, f"{LIAR}/{random.choice('ABC')}") for ask in asked.asks for _ in range(random.choice((1, 2, 400)))]
    edges = [(of, Edge(EdgeKind.MADE_FROM, thing, of, random.randrange(100), holder=LIAR)) for of, thing in made]
    return replace(reply, edges=reply.edges + edge_rows(edges))


def _cut(random: Random, reply: ExpandReply, asked: ExpandRequest) -> ExpandReply:
    places = random.choice(([0], [0, 0], [7_000], list(range(len(asked.asks)))))
    return replace(reply, left=tuple((place, random.randbytes(random.choice((0, 1, 12)))) for place in places))


def _points(random: Random, reply: ExpandReply, asked: ExpandRequest) -> ExpandReply:
    count = random.choice((1, 4_000))
    others = [random.choice((f"99.{number}", "88.1", "", "no prefix", "88.1/START", "\x00"[:0] + "~")) for number in range(count)]
    thing = random.choice((asked.asks[0].thing, "88.1/START", f"{LIAR}/X"))
    return replace(reply, pointers=tuple(PointerRow(thing, other, 1) for other in others))


def _stones(random: Random, reply: ExpandReply, asked: ExpandRequest) -> ExpandReply:
    count, prefix = random.choice((1, 500)), random.choice((LIAR, LIAR, "88.2", ""))
    stones = (StoneRow(f"88.2/S{number}", prefix, random.randrange(5), 2, "down " * 60, True) for number in range(count))
    return replace(reply, tombstones=tuple(stones))


def _aliases(random: Random, reply: ExpandReply, asked: ExpandRequest) -> ExpandReply:
    pairs = ((asked.asks[0].thing, "88.1/OTHER"), ("88.1/START", "~x"), (asked.asks[0].thing, "~x"))
    return replace(reply, aliases=(random.choice(pairs),))


def _unnamed(random: Random, reply: ExpandReply, asked: ExpandRequest) -> ExpandReply:
    return replace(reply, named=False)


def _counts(random: Random, reply: ExpandReply, asked: ExpandRequest) -> ExpandReply:
    return replace(reply, edges_read=random.choice((0, 2**62)), told_ms=random.choice((-(2**63), FOREVER)))


LIES: tuple[Callable[[Random, ExpandReply, ExpandRequest], ExpandReply], ...] = (
    *(_more_edges, _likely_edges, _cut, _points, _stones, _aliases, _unnamed, _counts),
)


class Nodes:
    """Everybody's node, one of which lies."""

    def __init__(self, world: list[Edge], random: Random) -> None:
        self._world = world
        self._random = random
        self.messages = 0
        self.found: set[str] = set()

    async def find(self, prefix: str, within_s: float) -> Any:
        """Only some prefixes are anybody's."""
        self.found.add(prefix)
        if prefix in (*HONEST, LIAR):
            return SimpleNamespace(name=prefix)
        return Unreached(Step.RESOLVE, 2, f"nobody is known to answer for {prefix}", True)

    def forgive(self, target: Any) -> None:
        """Nobody was silent."""

    async def expand(self, target: Any, request: ExpandRequest, within_s: float) -> ExpandReply | Unreached:
        """Over the wire and back, as it would be."""
        self.messages += 1
        reply = honest(self._world, request.prefix, request)
        if request.prefix == LIAR:
            for _ in range(self._random.randint(0, 3)):
                reply = self._random.choice(LIES)(self._random, reply, request)
        try:
            octets = reply.encode()
            if request.prefix == LIAR and self._random.random() < 0.1:
                octets = octets[: self._random.randrange(len(octets))]
            return read_expand_reply(octets)
        except (ProtocolError, ValueError, OverflowError) as error:
            return Unreached(Step.VALIDATE, 4, str(error))


def reached(world: list[Edge], liar: bool) -> set[str]:
    """What the start went into, through the liar's hands or only through others'."""
    found, new = {"88.1/START"}, ["88.1/START"]
    while new:
        source = new.pop()
        for edge in world:
            trusted = liar or LIAR not in (edge.holder, home_of(source))
            if edge.parent == source and edge.child not in found and trusted:
                found.add(edge.child)
                new.append(edge.child)
    return found


@pytest.mark.parametrize("batch", range(BATCHES))
async def test_a_liar_hurts_nobody_but_himself(batch: int) -> None:
    """It ends; what honest nodes know is there; nothing is said in their names that they did not say; it can be shown."""
    for seed in range(batch, CAMPAIGN, BATCHES):
        random = Random(seed)
        world = random_world(random)
        nodes = Nodes(world, random)
        clock = SimpleNamespace(time=lambda: 1_000.0, monotonic=lambda: 0.0)
        walk = Walk([Start("88.1/START")], Direction.FORWARD, lots=True, budget=BUDGET)
        driver = Driver(Question(bytes(16), "test", b"pass"), nodes, clock)
        await driver.run(walk)

        # Where the liar spent the whole budget with edges of his own, what is missing says so.
        assert reached(world, liar=False) <= set(walk.visits) or "edges" in walk.limits or _limited(walk), seed
        told = {(edge.child, edge.parent) for edge in world}
        for edges in driver.heard.values():
            assert all((edge.child, edge.parent) in told for edge in edges if edge.holder in HONEST), seed
        assert nodes.messages <= 200, seed
        assert len(nodes.found) <= BUDGET.nodes * 4, seed
        assert walk.edges_read <= BUDGET.edges + 20_000, seed
        text = json.dumps(show(recall_view(recall_of(walk, [Start("88.1/START")], 10**6, _finder(walk)))))
        assert json.loads(text)["between"] >= 0, seed


@pytest.mark.parametrize("batch", range(BATCHES))
async def test_without_a_lie_everything_is_found(batch: int) -> None:
    """The oracle of this test: all that follows from the start, and nothing else."""
    for seed in range(batch, CAMPAIGN // 2, BATCHES):
        world = random_world(Random(seed))
        nodes = Nodes(world, _Truthful())
        clock = SimpleNamespace(time=lambda: 1_000.0, monotonic=lambda: 0.0)
        walk = Walk([Start("88.1/START")], Direction.FORWARD, lots=True, budget=BUDGET)
        await Driver(Question(bytes(16), "test", b"pass"), nodes, clock).run(walk)

        assert (set(walk.visits), walk.complete) == (reached(world, liar=True), True), seed


def test_a_node_whose_cursors_never_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each answer says that there is more: the budget of edges ends it."""

    class Endless(Nodes):
        async def expand(self, target: Any, request: ExpandRequest, within_s: float) -> ExpandReply | Unreached:
            self.messages += 1
            of = request.asks[0].thing
            edges = [(of, Edge(EdgeKind.MADE_FROM, f"88.1/{self.messages}.{n}", of, 1, holder="88.1")) for n in range(100)]
            return ExpandReply(edge_rows(edges), left=((0, self.messages.to_bytes(4, "big")),), named=True)

    async def ask() -> tuple[int, bool]:
        nodes = Endless([], Random(1))
        clock = SimpleNamespace(time=lambda: 1_000.0, monotonic=lambda: 0.0)
        walk = Walk([Start("88.1/START")], Direction.FORWARD, budget=BUDGET)
        await Driver(Question(bytes(16), "test", b"pass"), nodes, clock).run(walk)
        return nodes.messages, walk.complete

    assert asyncio.run(ask()) == (20, False)


def _limited(walk: Walk) -> bool:
    return any(stone.step is Step.LIMIT for stone in walk.tombstones)


class _Truthful(Random):
    """Never draws a lie."""

    def randint(self, a: int, b: int) -> int:
        """The least."""
        return a

    def random(self) -> float:
        """The most."""
        return 1.0
