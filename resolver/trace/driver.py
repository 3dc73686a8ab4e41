"""The driver: takes a walk through the nodes of many enterprises (`tracing.md` §8.2).

The walk says which things it wants the edges of. Here they are grouped by the prefix they lie below, and by the prefixes that
pointers name, and each group is asked of its node, all at once. Nothing is asked twice. A node that does not answer becomes
one tombstone, whatever number of things wait for it, and the rest goes on.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from idis.proto.errors import ProtocolError
from idis.proto.trace import PSEUDONYM, ExpandReply, ExpandRequest
from idis.registry.trace.edge import Edge
from idis.registry.trace.expanding import ASKS_MAX, Ask, Direction, Expansion, Request, Step, Tombstone
from idis.registry.trace.things import home_of
from idis.registry.trace.walking import Walk
from idis.resolver.recursion.recursor import Clock
from idis.resolver.recursion.target import Target
from idis.resolver.trace.form import ask_rows, edge_of, stone_of
from idis.resolver.trace.neighbours import Unreached

ROUNDS_MAX = 8  # of pointers that lead to pointers
NAMES_BYTES_MAX = 24_576  # of the things of one request: with windows, cursors and pass it stays below what strangers may send


@dataclass(frozen=True, slots=True)
class Question:
    """What stays the same for all nodes a question reaches; see `ExpandRequest`. `visited` are those that handed it on."""

    trace_id: bytes
    purpose: str
    proof: bytes
    visited: tuple[str, ...] = ()


class Nodes(Protocol):
    """Whom the driver asks; `neighbours.Neighbours` is one."""

    async def find(self, prefix: str, within_s: float) -> Target | Unreached:
        """The node of a prefix."""

    async def expand(self, target: Target, request: ExpandRequest, within_s: float) -> ExpandReply | Unreached:
        """One step at one node."""


@dataclass(slots=True)
class Asked:
    """A node that was asked: how often, how long it took in all, and the newest change in what it said."""

    prefix: str
    times: int = 0
    ms: float = 0.0
    told_ms: int = 0


@dataclass(slots=True)
class _Round:
    """What one request of the walk has gathered."""

    edges: dict[str, list[Edge]] = field(default_factory=lambda: defaultdict(list))
    wanted: dict[str, dict[Ask, None]] = field(default_factory=lambda: defaultdict(dict))
    done: set[tuple[str, Ask]] = field(default_factory=set)


Local = Callable[[Request], Expansion]  # what this node has itself, to its end


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
    ) -> None:
        self.asked: dict[str, Asked] = {}
        self.aliases: dict[str, str] = {}
        self.heard: dict[str, list[Edge]] = defaultdict(list)  # every edge by the thing it was found under
        self._question = question
        self._nodes = nodes
        self._clock = clock
        self._local = local
        self._is_here = is_here
        self._leaves = leaves
        self._skips = skips
        self._hidden: dict[str, list[Edge]] = defaultdict(list)  # told beforehand, by whom there is no use to ask again
        self._holders: dict[str, dict[str, None]] = defaultdict(dict)  # who spoke of a thing that has no home
        self._targets: dict[str, asyncio.Task[Target | Unreached]] = {}
        self._servers: set[str] = set()
        self._stones: dict[tuple[str, Step], Tombstone] = {}
        self._unfollowed: dict[tuple[str, Step], dict[str, None]] = defaultdict(dict)
        self._told: set[Tombstone] = set()
        self._deadline_s = 0.0
        self._walk: Walk | None = None

    async def run(self, walk: Walk) -> None:
        """Take a walk to its end, or to that of its budget."""
        self._walk = walk
        self._deadline_s = self._clock.monotonic() + walk.budget.ms / 1_000
        while requests := walk.next_requests(int(self._clock.monotonic() * 1_000)):
            expansions = await asyncio.gather(*map(self._expand, requests))
            for request, expansion in zip(requests, expansions, strict=True):
                walk.receive(request, expansion)
        for key, stone in self._stones.items():
            more = len(self._unfollowed[key]) - 1
            message = f"{stone.message} ({more} more things wait for it)" if more else stone.message
            walk.bury(replace(stone, message=message))
        for task in self._targets.values():
            task.cancel()

    async def _expand(self, request: Request) -> Expansion:
        """All that is known anywhere of the things of a request."""
        gathered = _Round()
        followed = [ask for ask in request.asks if not self._leaves(ask.thing)]
        for ask in followed:
            if ask.thing in self._hidden:
                gathered.edges[ask.thing].extend(self._hidden[ask.thing])
        named = [ask for ask in followed if not ask.thing.startswith(PSEUDONYM) and ask.thing not in self._hidden]
        if self._local is not None and named:
            self._take_here(gathered, request, self._local(replace(request, asks=tuple(named))))
        for ask in named:
            for prefix in self._prefixes(ask.thing):
                gathered.wanted[prefix][ask] = None
        for _ in range(ROUNDS_MAX):
            parts = list(self._parts(gathered))
            if not parts:
                break
            await asyncio.gather(*(self._ask(gathered, request, prefix, part) for prefix, part in parts))
        for thing, edges in gathered.edges.items():
            self.heard[thing].extend(edges)
        return Expansion(gathered.edges)

    def _prefixes(self, thing: str) -> Iterable[str]:
        home = home_of(thing)
        return (home,) if home else self._holders.get(thing, ())

    def _parts(self, gathered: _Round) -> Iterable[tuple[str, tuple[Ask, ...]]]:
        """What is still to be asked of others, in requests of at most ASKS_MAX."""
        wanted, gathered.wanted = gathered.wanted, defaultdict(dict)
        for prefix, asks in wanted.items():
            fresh = [ask for ask in asks if (prefix, ask) not in gathered.done and not self._skips(ask.thing, prefix)]
            gathered.done.update((prefix, ask) for ask in fresh)
            if self._local is not None and self._is_here(prefix):
                continue
            for part in _parted(fresh):
                yield prefix, part

    def _take_here(self, gathered: _Round, request: Request, found: Expansion) -> None:
        for thing, edges in found.edges.items():
            gathered.edges[thing].extend(edges)
            self._note_holders(edges)
        self._point(gathered, request, ((pointer.thing, pointer.prefix) for pointer in found.pointers))
        self._tell(found.tombstones)

    async def _ask(self, gathered: _Round, request: Request, prefix: str, asks: tuple[Ask, ...]) -> None:
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

    async def _step(self, request: Request, prefix: str, asks: tuple[Ask, ...]) -> ExpandReply | Unreached:
        walk, question = self._walk, self._question
        assert walk is not None, "only a walk asks"
        begun = self._clock.monotonic()
        left_s = self._deadline_s - begun
        if left_s <= 0 or walk.edges_read >= walk.budget.edges:
            return Unreached(Step.LIMIT, 0, "the budget of the question is used up", True)
        target = await self._target(prefix, left_s)
        if isinstance(target, Unreached):
            return target
        self._servers.add(target.name)
        if len(self._servers) > walk.budget.nodes:
            self._servers.discard(target.name)
            walk.limits["nodes"] = None
            return Unreached(Step.LIMIT, 0, f"more than {walk.budget.nodes} nodes would have to be asked")
        left_s = self._deadline_s - self._clock.monotonic()
        message = ExpandRequest(
            question.trace_id,
            prefix,
            question.purpose,
            question.proof,
            request.direction is Direction.FORWARD,
            request.lots,
            request.as_of_ms,
            request.known_ms,
            walk.budget.depth - min(walk.best(ask.thing).depth for ask in asks),
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

    async def _target(self, prefix: str, within_s: float) -> Target | Unreached:
        task = self._targets.get(prefix)
        if task is None:
            task = self._targets[prefix] = asyncio.create_task(self._find(prefix, within_s))
        return await task

    async def _find(self, prefix: str, within_s: float) -> Target | Unreached:
        return await self._nodes.find(prefix, within_s)

    def _take(
        self, gathered: _Round, request: Request, prefix: str, asks: Sequence[Ask], reply: ExpandReply
    ) -> tuple[Ask, ...]:
        """Take an answer; the asks it left."""
        things = {ask.thing for ask in asks}
        for row in reply.edges:
            edge = edge_of(row)
            if row.of not in (edge.child, edge.parent):
                raise ProtocolError("an edge of another thing than it stands under", offset=0)
            if row.of in things:
                gathered.edges[row.of].append(edge)
            elif row.of.startswith(PSEUDONYM) or home_of(row.of) == prefix:
                self._hidden[row.of].append(edge)
            else:
                raise ProtocolError("an edge of a thing that was not asked for", offset=0)
            self._note_holders((edge,))
        self.aliases.update((name, shown) for name, shown in reply.aliases if name in things)
        self._point(gathered, request, ((row.thing, row.prefix) for row in reply.pointers))
        self._tell(map(stone_of, reply.tombstones))
        left: list[Ask] = []
        for at, cursor in reply.left:
            if at >= len(asks) or not cursor or cursor == asks[at].cursor:
                raise ProtocolError("an answer that does not go on", offset=0)
            left.append(asks[at]._replace(cursor=cursor))
        return tuple(left)

    def _note_holders(self, edges: Iterable[Edge]) -> None:
        """Of what has no home, whoever spoke of it may know more."""
        for edge in edges:
            if edge.holder:
                for thing in (edge.child, edge.parent):
                    if not home_of(thing):
                        self._holders[thing][edge.holder] = None

    def _point(self, gathered: _Round, request: Request, pointers: Iterable[tuple[str, str]]) -> None:
        by_thing: dict[str, list[Ask]] = defaultdict(list)
        for ask in request.asks:
            by_thing[ask.thing].append(ask)
        for thing, prefix in pointers:
            for ask in by_thing.get(thing, ()):
                gathered.wanted[prefix][ask._replace(cursor=b"") if ask.cursor else ask] = None

    def _tell(self, stones: Iterable[Tombstone]) -> None:
        """Bury what others could not follow, each once."""
        assert self._walk is not None, "only a walk asks"
        for stone in stones:
            if stone not in self._told:
                self._told.add(stone)
                self._walk.bury(stone)

    def _mourn(self, prefix: str, asks: Sequence[Ask], why: Unreached) -> None:
        """One tombstone for a node, whatever waits for it."""
        assert self._walk is not None, "only a walk asks"
        key = (prefix, why.step)
        self._unfollowed[key].update(dict.fromkeys(ask.thing for ask in asks))
        if (stone := self._stones.get(key)) is not None:
            self._stones[key] = replace(stone, attempts=stone.attempts + 1)
            return
        thing = asks[0].thing
        last = self._walk.best(thing).edge if thing in self._walk.visits else None
        tried_ms = int(self._clock.time() * 1_000)
        self._stones[key] = Tombstone(thing, prefix, why.step, why.code, why.message, why.retriable, 1, tried_ms, last)


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
