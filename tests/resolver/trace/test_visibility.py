"""Who sees what of random genealogies over four enterprises, against a small oracle; and going on after a node was silent.

`IDIS_GENEALOGIES=10000` makes a campaign of it, as of the oracle of walks.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from dataclasses import dataclass
from functools import partial
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from idis.proto.trace import PSEUDONYM, ExpandReply, ExpandRequest, read_expand, read_expand_reply
from idis.registry.caller import Caller
from idis.registry.identity import parse_identity
from idis.registry.registration.checks import Organisation, Refusal
from idis.registry.store.memory import MemoryStore
from idis.registry.trace.deriving import take_event
from idis.registry.trace.edge import Certainty
from idis.registry.trace.event import Event
from idis.registry.trace.expanding import Direction, Step
from idis.registry.trace.pointers import keep_pointers
from idis.registry.trace.recall import Recall, recall, recall_of, start_recall
from idis.registry.trace.things import Spelling, home_of
from idis.registry.trace.tracing import trace
from idis.registry.trace.walking import Budget, Start, Walk
from idis.resolver.creation import home_prefixes
from idis.resolver.metrics import Metrics
from idis.resolver.trace.answering import Answering
from idis.resolver.trace.driver import Driver, Question
from idis.resolver.trace.grade import Grade
from idis.resolver.trace.neighbours import Unreached
from idis.resolver.web.v1.across_plans import _finder
from idis.resolver.web.v1.showing import show
from idis.resolver.web.v1.trace_views import recall_view
from tests.resolver.trace.conftest import DAY, built, made

GENEALOGIES = int(os.environ.get("IDIS_GENEALOGIES", "160"))
BATCHES = 8
OWN = "88.1"
OTHERS = ("88.2", "88.3", "88.4")
START = f"{OWN}/START"
NOW_MS = 100 * DAY
CLOCK = SimpleNamespace(time=lambda: NOW_MS / 1_000, monotonic=lambda: 0.0)  # no budget of time ends, however busy the machine
CALLER = Caller("test", parse_identity(f"300:{OWN}/QE"), ())


@dataclass
class World:
    """What went into what, each told by the home of what it went into; and what each node shows to whoever asks."""

    steps: list[tuple[str, str, Event]]
    grades: dict[str, Grade]

    def reached(self, *, full: bool = False) -> set[str]:
        """What the start went into; or as far as only those tell who show everything."""
        found, new = {START}, [START]
        while new:
            at = new.pop()
            for source, target, _ in self.steps:
                if source == at and target not in found and not (full and self.grades[home_of(target)] is not Grade.FULL):
                    found.add(target)
                    new.append(target)
        return found

    def named(self) -> set[str]:
        """What may be named: one's own, its neighbours, and both ends of what somebody tells who shows everything."""
        found = {START}
        for source, target, _ in self.steps:
            if OWN in (home_of(source), home_of(target)) or self.grades[home_of(target)] is Grade.FULL:
                found |= {source, target}
        return found

    def neighbours(self) -> set[str]:
        """What one's own went into."""
        reached = self.reached()
        return {target for source, target, _ in self.steps if source in reached and home_of(source) == OWN}


def random_world(random: Random) -> World:
    """Things in the order of their making, each from one or two earlier ones."""
    names = [START] + [f"{random.choice((OWN, *OTHERS))}/T{number}" for number in range(random.randint(3, 14))]
    steps = []
    for at, target in enumerate(names[1:], 1):
        for number, source in enumerate(random.sample(names[:at], min(at, random.choice((1, 1, 2))))):
            event_id, builds = f"urn:e:{at}.{number}", random.random() < 0.5
            event = built(event_id, at, target, source) if builds else made(event_id, at, source, target)
            steps.append((source, target, event))
    grades = {prefix: random.choice(list(Grade)) for prefix in OTHERS} | {OWN: Grade.FULL}
    return World(steps, grades)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is waited for before what is there is gone on with, so that answers come in every order."""
    monkeypatch.setattr("idis.resolver.trace.driver.GRACE_S", 0.0)


class Nodes:
    """The nodes of all enterprises in one process; `silent` is nobody's to be found."""

    def __init__(self, world: World) -> None:
        self.silent = ""
        self._delays = Random(len(world.steps))
        self.answering: dict[str, Answering] = {}
        self.stores: dict[str, MemoryStore] = {}
        for prefix in (OWN, *OTHERS):
            store = self.stores[prefix] = MemoryStore()
            home_prefixes(store, (prefix,), Organisation("test"))
            grade = world.grades[prefix]
            self.answering[prefix] = Answering(
                store,
                _Registrar(grade),  # type: ignore[arg-type]
                _Passes(),  # type: ignore[arg-type]
                self,  # type: ignore[arg-type]
                CLOCK,
                SimpleNamespace(note=lambda _line: None),  # type: ignore[arg-type]
                Metrics(),
            )
        for source, target, event in world.steps:
            store_event(self.stores[home_of(target)], home_of(target), event)
            if home_of(source) != home_of(target):
                told = partial(keep_pointers, prefix=home_of(target), things=[(spelled(source), 1)], now_ms=NOW_MS)
                self.stores[home_of(source)].write(told, actor="test").result()

    async def find(self, prefix: str, within_s: float) -> Any:
        """All but one."""
        return Unreached(Step.RESOLVE, 2, "silent", True) if prefix == self.silent else SimpleNamespace(name=prefix)

    def forgive(self, target: Any) -> None:
        """Nobody is held against."""

    async def expand(self, target: Any, request: ExpandRequest, within_s: float) -> ExpandReply | Unreached:
        """Over the wire and back; some answers take longer than others."""
        for _ in range(self._delays.randrange(4)):
            await asyncio.sleep(0)
        reply = await self.answering[request.prefix].expand(read_expand(request.encode()), "test")
        if isinstance(reply, Refusal):
            return Unreached(Step.AUTHORISE, int(reply.code), reply.message)
        return read_expand_reply(reply.encode())


class _Registrar:
    def __init__(self, grade: Grade) -> None:
        self._grade = grade

    async def decide(self, question: object) -> Grade:
        return self._grade


class _Passes:
    async def caller(self, *_arguments: object, **_named: object) -> Caller:
        return CALLER


def spelled(name: str) -> str:
    """The one spelling of a thing."""
    return Spelling().name(name)


def store_event(store: MemoryStore, holder: str, event: Event) -> None:
    """Let a store take an event."""
    store.write(
        lambda txn: take_event(txn, event, spelling=Spelling(), holder=holder, recorded_ms=1), actor="test"
    ).result()


def united(world: World) -> MemoryStore:
    """One store that was told everything."""
    store = MemoryStore()
    for _, target, event in world.steps:
        store_event(store, home_of(target), event)
    return store


async def asked(nodes: Nodes, *, silent: str = "", budget: Budget | None = None) -> tuple[Recall, Walk]:
    """A recall of the start over all nodes; of one that was silent, gone on with afterwards."""
    starts = [Start(spelled(START))]
    walk = start_recall(starts, budget=budget or Budget(), now_ms=int(CLOCK.monotonic() * 1_000))
    driver = Driver(Question(b"t" * 16, "test", b"pass", own=OWN), nodes, CLOCK)
    nodes.silent = silent
    await driver.run(walk)
    nodes.silent = ""
    for _ in range(200):
        if walk.complete:
            break
        await driver.retry(walk, budget or Budget())
    return recall_of(walk, starts, NOW_MS, _finder(walk)), walk


def counts(found: Recall) -> tuple[int, ...]:
    """What a recall comes to."""
    return found.certain, found.possible, found.current, found.former, found.between


@pytest.mark.parametrize("batch", range(BATCHES))
async def test_names_are_for_whom_they_are_for_and_counts_for_everybody(batch: int) -> None:
    """Full to who is listed, one hop to the neighbour, the count always, of what is claimed twice too; no hidden name."""
    for seed in range(batch, GENEALOGIES, BATCHES):
        world = random_world(Random(seed))
        nodes = Nodes(world)
        found, walk = await asked(nodes)
        with united(world).read() as txn:
            truth = recall(txn, [Start(spelled(START))], at_ms=NOW_MS)
        shown = {thing for thing in walk.visits if not thing.startswith(PSEUDONYM)}
        reached = {spelled(thing) for thing in world.reached()}
        named = {spelled(thing) for thing in world.named()}

        assert walk.complete, seed
        assert counts(found) == counts(truth), seed
        assert len(found.extent.conflicts) == len(truth.extent.conflicts), seed
        assert len(walk.visits) == len(reached), seed
        assert shown <= named & reached, seed
        assert {spelled(thing) for thing in world.reached(full=True) | world.neighbours()} <= shown, seed
        text = json.dumps(show(recall_view(found)))
        assert not [thing for thing in reached - named if f'"{thing}"' in text], seed


@pytest.mark.parametrize("batch", range(BATCHES))
async def test_what_was_missing_is_found_later(batch: int) -> None:
    """A node was silent; it is back, and the answer is what it would have been."""
    for seed in range(batch, GENEALOGIES // 2, BATCHES):
        random = Random(seed)
        nodes = Nodes(random_world(random))
        whole, plain = await asked(nodes)
        later, walk = await asked(nodes, silent=random.choice(OTHERS))

        assert walk.complete, seed
        assert (counts(later), set(walk.visits)) == (counts(whole), set(plain.visits)), seed


@pytest.mark.parametrize("batch", range(BATCHES))
async def test_an_answer_in_many_parts_is_the_whole(batch: int) -> None:
    """Each part may cost next to nothing; together they are the answer."""
    for seed in range(batch, GENEALOGIES // 2, BATCHES):
        world = random_world(Random(seed))
        world.grades = dict.fromkeys(world.grades, Grade.FULL)
        nodes = Nodes(world)
        whole, plain = await asked(nodes)
        parts, walk = await asked(nodes, budget=Budget(depth=2, edges=2))

        assert walk.complete, seed
        assert (counts(parts), set(walk.visits)) == (counts(whole), set(plain.visits)), seed


@pytest.mark.parametrize("batch", range(BATCHES))
async def test_going_back_shows_one_hop_to_partners_and_nothing_to_others(batch: int) -> None:
    """What one's own came from is named; further back only where everything is shown, and hidden names where one is a partner.

    What several claim is possible for everybody.
    """
    for seed in range(batch, GENEALOGIES // 2, BATCHES):
        random = Random(seed)
        world = random_world(random)
        nodes = Nodes(world)
        own = [target for _, target, _ in world.steps if home_of(target) == OWN]
        start = spelled(random.choice(own or [START]))
        walk = Walk([Start(start)], Direction.BACK, now_ms=int(CLOCK.monotonic() * 1_000))
        await Driver(Question(b"t" * 16, "test", b"pass", own=OWN), nodes, CLOCK).run(walk)
        shown = {thing for thing in walk.visits if not thing.startswith(PSEUDONYM)}
        refusing = {stone.prefix for stone in walk.tombstones if stone.step is Step.AUTHORISE}

        assert shown <= {spelled(thing) for thing in world.named()}, seed
        assert all(world.grades[prefix] is not Grade.FULL for prefix in refusing), seed
        hidden = any(thing.startswith(PSEUDONYM) for thing in walk.visits)
        assert not hidden or Grade.PARTNER in world.grades.values(), seed
        if walk.complete:
            with united(world).read() as txn:
                truth = trace(txn, start, Direction.BACK)
            assert Counter(walk.best(thing).certain for thing in walk.visits) == Counter(
                line.certainty is Certainty.CERTAIN for line in truth.lines
            ), seed
