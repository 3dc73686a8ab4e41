"""The driver: takes a walk through the nodes of many enterprises (`tracing.md` §8.2).

The walk says which things it wants the edges of. Here they are grouped by the prefix they lie below, and by the prefixes that
pointers name, and each group is asked of its node, all at once. Nothing is asked twice. A node that does not answer becomes
one tombstone, whatever number of things wait for it, and the rest goes on. `retry` asks only for what is missing.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from idis.proto.errors import ProtocolError
from idis.proto.trace import PSEUDONYM, ExpandReply, ExpandRequest
from idis.registry.trace.claims import is_claim
from idis.registry.trace.edge import Edge
from idis.registry.trace.expanding import ASKS_MAX, Ask, Direction, Expansion, Request, Step, Tombstone
from idis.registry.trace.things import home_of
from idis.registry.trace.walking import Budget, Walk
from idis.resolver.recursion.recursor import Clock
from idis.resolver.recursion.target import Target
from idis.resolver.trace.form import ask_rows
from idis.resolver.trace.gathered import Gathered
from idis.resolver.trace.neighbours import Unreached
from idis.resolver.trace.taking import take

GRACE_S = 0.05  # for which a slow answer is waited for, before what others said is gone on with
HOPS_MAX = 8  # pointers that lead to pointers
NAMES_BYTES_MAX = 24_576  # of the things of one request: with windows, cursors and pass it stays below what strangers may send
CLAIMS_DEPTH = 2  # whoever hides what a thing is in learns so from its home under which name it may be seen
PREFIXES_PER_NODE = 4  # a node may answer for some prefixes; whoever points to more makes us look for them in vain


@dataclass(frozen=True, slots=True)
class Question:
    """What stays the same for all nodes a question reaches; see `ExpandRequest`.

    `visited` are those that handed it on, `own` is the prefix of whoever asks.
    """

    trace_id: bytes
    purpose: str
    proof: bytes
    visited: tuple[str, ...] = ()
    own: str = ""


class Nodes(Protocol):
    """Whom the driver asks; `neighbours.Neighbours` is one."""

    async def find(self, prefix: str, within_s: float) -> Target | Unreached:
        """The node of a prefix."""

    async def expand(self, target: Target, request: ExpandRequest, within_s: float) -> ExpandReply | Unreached:
        """One step at one node."""

    def forgive(self, target: Target) -> None:
        """Ask a node again although it was silent a moment ago."""


@dataclass(slots=True)
class Asked:
    """A node that was asked: how often, how long it took in all, and the newest change in what it said."""

    prefix: str
    times: int = 0
    ms: float = 0.0
    told_ms: int = 0


@dataclass(slots=True)
class _Missing:
    """What a node did not answer, and the tombstone that stands for it."""

    stone: Tombstone
    asks: dict[Ask, None] = field(default_factory=dict)


_Pending = dict[asyncio.Task[None], tuple[Request, Gathered]]
Local = Callable[[Request], Expansion]  # what this node has itself, to its end
Proof = Callable[[], Awaitable[bytes]]  # the pass of whoever asks, good now


class Driver:
    """Drives one walk.

    Args:
        question: of all its steps.
        nodes: whom to ask.
        clock: unix and monotonic time.
        local: what this node has; None where it is to be asked like any other.
        is_here: whether this node answers for a prefix, which is then asked through `local` alone.
        leaves: things that are not to be followed, because somebody else does.
        skips: whether a prefix is not to be asked about a thing, because it has been.
        proof: a fresh pass, for a question that outlives the one it came with.
    """

    def __init__(
        self,
        question: Question,
        nodes: Nodes,
        clock: Clock,
        *,
        local: Local | None = None,
        is_here: Callable[[str], bool] = lambda prefix: False,
        leaves: Callable[[str], bool] = lambda thing: False,
        skips: Callable[[str, str], bool] = lambda thing, prefix: False,
        proof: Proof | None = None,
    ) -> None:
        self.asked: dict[str, Asked] = {}
        self.aliases: dict[str, str] = {}
        self.question = question
        self._nodes = nodes
        self._clock = clock
        self._local = local
        self._is_here = is_here
        self._leaves = leaves
        self._skips = skips
        self._proof = proof
        self._hidden: dict[str, list[Edge]] = defaultdict(list)  # told beforehand, by whom there is no use to ask again
        self._true: dict[str, str] = {}  # names of things that others showed by a pseudonym
        self._beside: dict[str, list[Edge]] = defaultdict(list)  # of such things, what was told under the pseudonym
        self._holders: dict[str, dict[str, None]] = defaultdict(dict)  # who spoke of a thing that has no home
        self._targets: dict[str, asyncio.Task[Target | Unreached]] = {}
        self._servers: set[str] = set()
        self._missing: dict[tuple[str, Step], _Missing] = {}
        self._told: dict[str, tuple[dict[Tombstone, None], dict[Ask, None]]] = {}  # what nodes could not follow, and for whom
        self._late: dict[str, list[Edge]] = defaultdict(list)  # hidden ones, of things that were asked for before they came
        self._replied = 0  # edges in answers
        self._deadline_s = 0.0
        self._claimed: set[str] = set()  # whose wholes were asked for
        self._walk: Walk | None = None

    @property
    def heard(self) -> dict[str, Sequence[Edge]]:
        """Every edge by the thing it was found under."""
        return {} if self._walk is None else self._walk.told_of()

    async def run(self, walk: Walk) -> None:
        """Take a walk to its end, or to that of its budget."""
        self._begin(walk)
        await self._go_on(walk)

    async def retry(self, walk: Walk, budget: Budget) -> None:
        """Ask again for what was missing at the end of the walk, and for nothing else.

        Args:
            walk: the one that was run.
            budget: what this may cost.
        """
        missing = self._forget_missing()
        walk.resume(budget, int(self._clock.monotonic() * 1_000))
        self._begin(walk)
        for prefix in missing:
            task = self._targets.pop(prefix, None)
            if task is not None and task.done() and not task.cancelled() and isinstance(target := task.result(), Target):
                self._nodes.forgive(target)
        gathered = Gathered(wanted=defaultdict(dict, missing))
        asks = dict.fromkeys(ask._replace(cursor=b"") for part in missing.values() for ask in part)
        await self._exhaust(gathered, walk.request_of(tuple(asks)))
        gathered.told = {}  # its windows were settled the first time
        self._tell(walk, walk.request_of(tuple(asks)), gathered)
        await self._go_on(walk)

    def _begin(self, walk: Walk) -> None:
        self._walk = walk
        self._servers.clear()
        self._replied = walk.edges_read
        self._deadline_s = self._clock.monotonic() + walk.budget.ms / 1_000

    async def _go_on(self, walk: Walk) -> None:
        """Walk to the end; a thing that was met under two names is one, and one that is claimed twice is in neither for sure."""
        await self._walk_on(walk)
        while self._rename(walk) or await self._weigh(walk):
            await self._walk_on(walk)
        for missing in self._missing.values():
            more = len({ask.thing for ask in missing.asks}) - 1
            message = f"{missing.stone.message} ({more} more things wait for it)" if more else missing.stone.message
            walk.bury(replace(missing.stone, message=message))
        for stone in [stone for stones, _asks in self._told.values() for stone in stones]:
            walk.bury(stone)

    def _rename(self, walk: Walk) -> bool:
        """Call things by their names that were met under pseudonyms; whether there were any."""
        names = {shown: name for shown, name in self._true.items() if shown in walk.visits}
        for shown, name in names.items():
            self._beside[name] += self._hidden.pop(shown, [])
        if names:
            for found in (self._hidden, self._beside):
                for thing, edges in found.items():
                    found[thing] = [self._truly(edge) for edge in edges]
            walk.rename(names)
        return bool(names)

    async def _weigh(self, walk: Walk) -> bool:
        """Weigh what is claimed; going back, ask first who else claims what was found in something."""
        asks: tuple[Ask, ...] = ()
        if walk.direction is Direction.BACK:
            inside = {visit.thing for visits in walk.visits.values() for visit in visits if visit.edge and is_claim(visit.edge)}
            asks = tuple(Ask(thing) for thing in sorted(inside - self._claimed) if not thing.startswith(PSEUDONYM))
        if asks:
            self._claimed.update(ask.thing for ask in asks)
            gathered = Gathered(beside=True)
            await self._gather(gathered, Request(Direction.FORWARD, asks, known_ms=walk.known_ms))
            walk.claims += [edge for edges in gathered.edges.values() for edge in edges if is_claim(edge)]
            if self._rename(walk):
                return True
        walk.claims = list(map(self._truly, walk.claims))
        return walk.weigh()

    async def _walk_on(self, walk: Walk) -> None:
        """Step from what was answered; what is slow holds nothing up but what is behind it."""
        pending: _Pending = {}
        try:
            while True:
                for request in walk.next_requests(int(self._clock.monotonic() * 1_000)):
                    gathered = Gathered()
                    pending[asyncio.create_task(self._expand(gathered, request))] = request, gathered
                if not pending:
                    break
                done, slow = await self._wait(pending)
                for task in [*done, *slow]:
                    request, gathered = pending[task]
                    if task in done:
                        await task
                        del pending[task]
                    self._tell(walk, request, gathered)
        finally:
            for other in (*pending, *self._targets.values()):
                other.cancel()

    async def _wait(self, pending: _Pending) -> tuple[set[asyncio.Task[None]], set[asyncio.Task[None]]]:
        """Wait until a request is done or has gathered something; those that are done, those that are slow."""
        while True:
            done, slow = await asyncio.wait(pending, timeout=GRACE_S)
            if done or self._late or any(pending[task][1].has_news for task in slow):
                return done, slow

    def _forget_missing(self) -> dict[str, dict[Ask, None]]:
        """What is to be asked again, by prefix; its tombstones are gone."""
        found: dict[str, dict[Ask, None]] = defaultdict(dict)
        for (prefix, _step), missing in self._missing.items():
            found[prefix].update(missing.asks)
        for prefix, (_stones, asks) in self._told.items():
            found[prefix].update(asks)
        self._missing.clear()
        self._told.clear()
        self._claimed.difference_update(ask.thing for asks in found.values() for ask in asks)
        return found

    def _tell(self, walk: Walk, request: Request, gathered: Gathered) -> None:
        """Tell the walk what a request has gathered so far."""
        first = gathered.told is None
        news = gathered.news()
        if first:
            walk.receive(request, Expansion(news))
        else:
            walk.learn(news)
        if self._late:
            walk.learn(self._late)
            self._late.clear()

    async def _expand(self, gathered: Gathered, request: Request) -> None:
        """Gather all that is known anywhere of the things of a request."""
        for ask in request.asks:
            if not self._leaves(ask.thing):
                found = self._hidden if ask.thing in self._hidden else self._beside
                gathered.edges[ask.thing].extend(found.get(ask.thing, ()))
        await self._gather(gathered, request)

    async def _gather(self, gathered: Gathered, request: Request) -> None:
        """Ask for the edges of things by their names."""
        named = [
            ask
            for ask in request.asks
            if not (ask.thing in self._hidden or ask.thing.startswith(PSEUDONYM) or self._leaves(ask.thing))
        ]
        if self._local is not None and named:
            self._take_here(gathered, request, self._local(replace(request, asks=tuple(named))))
        for ask in named:
            for prefix in self._prefixes(ask.thing):
                gathered.wanted[prefix][ask] = None
        await self._exhaust(gathered, request)

    async def _exhaust(self, gathered: Gathered, request: Request) -> None:
        """Ask whoever is to be asked, and whom they point to as soon as they do: who is silent holds up nobody's pointers."""
        self._set_out(gathered, request, 1)
        try:
            while gathered.running:
                done, _ = await asyncio.wait(gathered.running, return_when=asyncio.FIRST_COMPLETED)
                gathered.running -= done
                for task in done:
                    task.result()
        finally:
            for left in gathered.running:
                left.cancel()

    def _set_out(self, gathered: Gathered, request: Request, hops: int) -> None:
        """Ask whoever is wanted by now; so many pointers led there."""
        for prefix, part in self._parts(gathered):
            if hops > HOPS_MAX:
                self._mourn(prefix, part, Unreached(Step.LIMIT, 0, f"pointers lead further than {HOPS_MAX} nodes"))
            else:
                gathered.running.add(asyncio.create_task(self._ask(gathered, request, prefix, part, hops)))

    def _prefixes(self, thing: str) -> Iterable[str]:
        home = home_of(thing)
        return (home,) if home else self._holders.get(thing, ())

    def _parts(self, gathered: Gathered) -> Iterable[tuple[str, tuple[Ask, ...]]]:
        """What is still to be asked of others, in requests of at most ASKS_MAX."""
        wanted, gathered.wanted = gathered.wanted, defaultdict(dict)
        for prefix, asks in wanted.items():
            fresh = [ask for ask in asks if (prefix, ask) not in gathered.done and not self._skips(ask.thing, prefix)]
            gathered.done.update([(prefix, ask) for ask in fresh])
            if self._local is not None and self._is_here(prefix):
                continue
            for part in _parted(fresh):
                yield prefix, part

    def _take_here(self, gathered: Gathered, request: Request, found: Expansion) -> None:
        for thing, edges in found.edges.items():
            gathered.edges[thing].extend(edges)
            for edge in edges:
                self._note_holder(edge)
        self._point(gathered, request, [(pointer.thing, pointer.prefix) for pointer in found.pointers])

    async def _ask(self, gathered: Gathered, request: Request, prefix: str, asks: tuple[Ask, ...], hops: int) -> None:
        """Ask one node for some things until it has told all of them."""
        while asks:
            answered = await self._step(request, prefix, asks)
            if isinstance(answered, Unreached):
                self._mourn(prefix, asks, answered)
                return
            try:
                asks = self._take(gathered, request, prefix, asks, answered)
            except ProtocolError as error:
                self._mourn(prefix, asks, Unreached(Step.VALIDATE, int(error.code), f"what {prefix} answers is wrong: {error}"))
                return
            self._set_out(gathered, request, hops + 1)

    async def _step(self, request: Request, prefix: str, asks: tuple[Ask, ...]) -> ExpandReply | Unreached:
        walk, question = self._walk, self.question
        assert walk is not None, "only a walk asks"
        proof = question.proof if self._proof is None else await self._proof()
        begun = self._clock.monotonic()
        left_s = self._deadline_s - begun
        if left_s <= 0 or max(walk.edges_read, self._replied) >= walk.budget.edges:
            return Unreached(Step.LIMIT, 0, "the budget of the question is used up", True)
        target = await self._reach(walk, prefix, left_s)
        if isinstance(target, Unreached):
            return target
        left_s = self._deadline_s - self._clock.monotonic()
        message = ExpandRequest(
            question.trace_id,
            prefix,
            question.purpose,
            proof,
            request.direction is Direction.FORWARD,
            request.lots,
            request.as_of_ms,
            request.known_ms,
            _depth_left(walk, asks) if request.direction is walk.direction else CLAIMS_DEPTH,
            max(walk.budget.edges - walk.edges_read, 1),
            max(int(left_s * 1_000), 0),
            question.visited,
            ask_rows(asks),
        )
        answered = await self._nodes.expand(target, message, max(left_s, 0.001))
        noted = self.asked.setdefault(prefix, Asked(prefix))
        noted.times += 1
        noted.ms += (self._clock.monotonic() - begun) * 1_000
        if isinstance(answered, ExpandReply):
            noted.told_ms = max(noted.told_ms, answered.told_ms)
        return answered

    async def _reach(self, walk: Walk, prefix: str, within_s: float) -> Target | Unreached:
        """The node of a prefix, as long as no more of them are asked than the budget has."""
        task = self._targets.get(prefix)
        if task is None:
            if len(self._targets) >= walk.budget.nodes * PREFIXES_PER_NODE:
                walk.limits["nodes"] = None
                return Unreached(Step.LIMIT, 0, f"more than {walk.budget.nodes * PREFIXES_PER_NODE} prefixes are named", True)
            task = self._targets[prefix] = asyncio.create_task(self._find(prefix, within_s))
        target = await task
        if isinstance(target, Unreached) or target.name in self._servers:
            return target
        if len(self._servers) >= walk.budget.nodes:
            walk.limits["nodes"] = None
            return Unreached(Step.LIMIT, 0, f"more than {walk.budget.nodes} nodes would have to be asked", True)
        self._servers.add(target.name)
        return target

    async def _find(self, prefix: str, within_s: float) -> Target | Unreached:
        return await self._nodes.find(prefix, within_s)

    def _take(
        self, gathered: Gathered, request: Request, prefix: str, asks: Sequence[Ask], reply: ExpandReply
    ) -> tuple[Ask, ...]:
        """Take an answer; the asks it left."""
        taken = take(reply, prefix, asks, self.question.own)
        self._replied += len(reply.edges)
        self.aliases.update(taken.aliases)
        if not reply.named:
            self._true |= {shown: name for name, shown in taken.aliases.items() if shown.startswith(PSEUDONYM)}
        if gathered.beside:
            for of, edge in taken.edges:
                gathered.edges[of].append(edge)
            self._point(gathered, request, taken.pointers)
            return taken.left
        for of, edge in taken.edges:
            edge = self._truly(edge)
            gathered.edges[of].append(edge)
            self._note_holder(edge)
        for shown, edge in taken.hidden:
            of, edge = self._true.get(shown, shown), self._truly(edge)
            (self._hidden if of == shown else self._beside)[of].append(edge)
            if self._walk is not None and of in self._walk.visits:
                self._late[of].append(edge)
        if taken.pointers:
            self._point(gathered, request, taken.pointers)
        if taken.stones:
            stones, for_whom = self._told.setdefault(prefix, ({}, {}))
            stones.update(dict.fromkeys(taken.stones))
            for_whom.update(dict.fromkeys(asks))
        if taken.cut:
            assert self._walk is not None, "only a walk asks"
            self._walk.limits["tombstones"] = None
        return taken.left

    def _truly(self, edge: Edge) -> Edge:
        """An edge with the true names of its things."""
        true = self._true
        if not true or not (edge.child in true or edge.parent in true):
            return edge
        return edge._replace(child=true.get(edge.child, edge.child), parent=true.get(edge.parent, edge.parent))

    def _note_holder(self, edge: Edge) -> None:
        """Of what has no home, whoever spoke of it may know more."""
        if edge.holder:
            for thing in (edge.child, edge.parent):
                if not home_of(thing):
                    self._holders[thing][edge.holder] = None

    def _point(self, gathered: Gathered, request: Request, pointers: Iterable[tuple[str, str]]) -> None:
        by_thing: dict[str, list[Ask]] = defaultdict(list)
        for ask in request.asks:
            by_thing[ask.thing].append(ask._replace(cursor=b"") if ask.cursor else ask)
        for thing, prefix in pointers:
            gathered.wanted[prefix].update(dict.fromkeys(by_thing.get(thing, ())))

    def _mourn(self, prefix: str, asks: Sequence[Ask], why: Unreached) -> None:
        """One tombstone for a node, whatever waits for it."""
        assert self._walk is not None, "only a walk asks"
        key = (prefix, why.step)
        missing = self._missing.get(key)
        if missing is None:
            thing = asks[0].thing
            last = self._walk.best(thing).edge if thing in self._walk.visits else None
            tried_ms = int(self._clock.time() * 1_000)
            stone = Tombstone(thing, prefix, why.step, why.code, why.message, why.retriable, 0, tried_ms, last)
            missing = self._missing[key] = _Missing(stone)
        missing.asks.update(dict.fromkeys(asks))
        missing.stone = replace(missing.stone, attempts=missing.stone.attempts + 1)


def _depth_left(walk: Walk, asks: Sequence[Ask]) -> int:
    """How far a node may go on: the first visit of a thing is one of the shortest ways to it."""
    return walk.budget.depth - min([walk.visits[ask.thing][0].depth for ask in asks])


def _parted(asks: Sequence[Ask]) -> Iterator[tuple[Ask, ...]]:
    """Asks in requests of at most ASKS_MAX things and NAMES_BYTES_MAX octets."""
    part: list[Ask] = []
    octets = 0
    for ask in asks:
        size = len(ask.thing.encode()) + 1
        if part and (len(part) == ASKS_MAX or octets + size > NAMES_BYTES_MAX):
            yield tuple(part)
            part, octets = [], 0
        part.append(ask)
        octets += size
    if part:
        yield tuple(part)
