"""Walking: from things along edges, as far as time allows it (`tracing.md` §7.1, §7.3). Sans I/O.

A walk carries a window of time with it. Whatever a thing was part of while it was affected is affected for that while;
what was made from it is affected from then on. Going back, whatever was in a thing while it matters, matters for that
while; what it was made from matters at the moment it was made. Both ways, and only so, two walks meet.

`next_requests` says whose edges are wanted, `receive` takes them: from a store, or from other nodes in any order and
number. A thing is stepped on again only with a window that no earlier visit covers, or by a surer way. So cycles end, each
thing is asked for once, and the first visit of a thing is one of the shortest ways to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from idis.registry.trace.claims import contested, doubted
from idis.registry.trace.edge import ALWAYS_MS, Certainty, Edge, EdgeKind
from idis.registry.trace.expanding import (
    ASKS_MAX,
    BEGINNING_MS,
    Ask,
    Direction,
    Expansion,
    Pointer,
    Request,
    Step,
    Tombstone,
)
from idis.registry.trace.intervals import OVERLAP

TRACE_NODES = 64  # nodes asked in one question
TRACE_DEPTH = 32  # edges from the start
TRACE_EDGES = 100_000  # read for one question
TRACE_MS = 5_000  # of one answer
VISITS_PER_THING_MAX = 64  # windows of one thing that none covers
CYCLES_MAX = 100  # reported
TOMBSTONES_MAX = 1_000  # reported

ONLY_THE_LOT = "the edge names only the lot"

_A, _G, _M, _T = EdgeKind.PART_OF, EdgeKind.PACKED_IN, EdgeKind.MEMBER_OF, EdgeKind.MADE_FROM
_X = EdgeKind.SUCCEEDS
_CERTAIN = Certainty.CERTAIN


@dataclass(frozen=True, slots=True)
class Budget:
    """How much a question may cost; beyond it comes a partial answer that says so."""

    depth: int = TRACE_DEPTH
    edges: int = TRACE_EDGES
    ms: int = TRACE_MS
    nodes: int = TRACE_NODES


@dataclass(frozen=True, slots=True)
class Start:
    """Where a walk begins. `part`: only some of a lot is meant, so all that follows is possible only."""

    thing: str
    from_ms: int = BEGINNING_MS
    to_ms: int = ALWAYS_MS
    part: bool = False


@dataclass(slots=True, eq=False)
class Visit:
    """A thing reached, for the while of a window, over one edge from another visit.

    `shadow`: it is the lot of an item; only what names the lot is followed from it. `onward_ms`: going forward, until when
    something else stands for it: what it is in, what it became.
    """

    thing: str
    from_ms: int
    to_ms: int
    certain: bool
    depth: int
    edge: Edge | None = None
    previous: Visit | None = None
    shadow: bool = False
    onward_ms: int = BEGINNING_MS

    @property
    def certainty(self) -> Certainty:
        """Whether it is reached beyond doubt."""
        return Certainty.CERTAIN if self.certain else Certainty.POSSIBLE

    def path(self) -> tuple[Edge, ...]:
        """The edges from the start to here."""
        return tuple(reversed([visit.edge for visit in _way(self) if visit.edge is not None]))

    def reasons(self) -> tuple[str, ...]:
        """Why it is possible only; empty where it is certain."""
        if self.certain:
            return ()
        told = dict.fromkeys(reason for edge in self.path() for reason in edge.reasons)
        for visit in _way(self):
            if visit.shadow:
                told[ONLY_THE_LOT] = None
            if visit.previous is None and not visit.certain:
                told["only a part of the lot is affected"] = None
        return tuple(told)


@dataclass(slots=True)
class _Known:
    """The edges of a thing that were received, the windows they were asked for, and those that answers are awaited for."""

    # Most things are asked for once and have few edges: tuples that share the empty one cost next to nothing.
    windows: tuple[tuple[int, int], ...] = ()
    awaited: tuple[tuple[int, int], ...] = ()
    edges: Sequence[Edge] = ()
    waiting: tuple[Visit, ...] = ()

    @property
    def asked(self) -> bool:
        """Whether its edges were asked for."""
        return bool(self.windows or self.awaited)


class Walk:
    """One walk.

    Args:
        starts: where it begins.
        direction: which way it goes.
        as_of_ms: the moment it is about; None is all of time.
        known_ms: what was believed then; None is now.
        lots: going forward, what was made from the lot of an item, or holds some of it, is possibly affected.
        packing: going forward, into containers too; they are noted in `packed` otherwise.
        budget: its bounds.
        now_ms: any clock in milliseconds that only rises.
    """

    def __init__(
        self,
        starts: Iterable[Start],
        direction: Direction,
        *,
        as_of_ms: int | None = None,
        known_ms: int | None = None,
        lots: bool = False,
        packing: bool = False,
        budget: Budget | None = None,
        now_ms: int = 0,
    ) -> None:
        self.direction = direction
        self.as_of_ms = as_of_ms
        self.known_ms = known_ms
        self.budget = budget or Budget()
        self.visits: dict[str, list[Visit]] = {}
        self.packed: dict[str, list[Edge]] = {}  # going forward: the containers a thing was in
        self.cycles: dict[str, None] = {}
        self.tombstones: list[Tombstone] = []
        self.pointers: list[Pointer] = []
        self.limits: dict[str, None] = {}
        self.edges_read = 0
        self.claims: list[Edge] = []  # going back: by which what was found in something is said to be in something
        self._lots = lots
        self._packing = packing
        self._until_ms = now_ms + self.budget.ms
        self._end_ms = ALWAYS_MS if as_of_ms is None else as_of_ms + 1
        self._frontier: list[Visit] = []
        self._left: list[Ask] = []
        self._stopped: list[Ask] = []  # what a bound left unasked, for whoever goes on
        self._deep: dict[str, list[Visit]] = {}
        self._known: dict[str, _Known] = {}
        self._starts = tuple(starts)
        self._begin()

    @property
    def complete(self) -> bool:
        """Whether nothing is missing from what was found."""
        return not self.tombstones and not self.limits

    def next_requests(self, now_ms: int = 0) -> list[Request]:
        """Whose edges are wanted now. None wanted and none awaited: the walk is over."""
        asks, self._left = self._left, []
        while self._frontier:
            frontier, self._frontier = self._frontier, []
            for visit in frontier:
                if (ask := self._proceed(visit)) is not None:
                    asks.append(ask)
        if asks and (limit := self._exceeded(now_ms)):
            self._stop(asks, *limit)
            return []
        return [self.request_of(part) for part in _parted(asks)]

    def request_of(self, asks: tuple[Ask, ...]) -> Request:
        """A request of this walk for some things."""
        return Request(self.direction, asks, self.as_of_ms, self.known_ms, self._lots)

    def receive(self, request: Request, expansion: Expansion) -> None:
        """Take an answer to a request; several may come, from whoever knows something of its things."""
        left = {ask.thing for ask in expansion.left}
        for ask in request.asks:
            known = self._known[ask.thing]
            edges = expansion.edges.get(ask.thing)
            if edges:
                self.edges_read += len(edges)
                self._learn(ask.thing, known, edges)
            if ask.thing not in left:
                self._settle(known, (ask.from_ms, ask.to_ms))
        self._left.extend(expansion.left)
        self.pointers.extend(expansion.pointers)
        for tombstone in expansion.tombstones:
            self.bury(tombstone)

    def learn(self, found: Mapping[str, Sequence[Edge]]) -> None:
        """Take edges that come late, of things whose requests were answered; those of things never asked for wait."""
        for thing, edges in found.items():
            known = self._known.get(thing)
            if known is not None and edges:
                self.edges_read += len(edges)
                self._learn(thing, known, edges)

    def rename(self, names: Mapping[str, str]) -> None:
        """Take things for others that they turned out to be, and walk anew over all that is known; nothing may be awaited.

        Args:
            names: the true name of each such thing.
        """
        known, self._known = self._known, {}
        for thing, before in known.items():
            kept = self._known.setdefault(names.get(thing, thing), _Known())
            kept.windows += before.windows
            edges = [
                edge._replace(child=names.get(edge.child, edge.child), parent=names.get(edge.parent, edge.parent))
                for edge in before.edges
            ]
            kept.edges = list({_mark(edge): edge for edge in (*kept.edges, *edges)}.values())
        self._walk_anew()

    def weigh(self) -> bool:
        """Take for possible only what several claim and what cannot all be so, and walk anew if there is any; as `rename`."""
        # Going forward, all that a thing is claimed to be in is told of under the thing itself.
        least = 1 if self.direction is Direction.BACK else 2
        found = {_mark(edge) for edge in contested(self.told(least)) if OVERLAP not in edge.reasons}
        if not found:
            return False
        for known in self._known.values():
            if any(_mark(edge) in found for edge in known.edges):
                known.edges = [doubted(edge) if _mark(edge) in found else edge for edge in known.edges]
        self.claims = [doubted(edge) if _mark(edge) in found else edge for edge in self.claims]
        self._walk_anew()
        return True

    def told(self, least: int = 1) -> Iterator[Edge]:
        """All edges that are known, under things of which as many are."""
        yield from self.claims
        yield from (edge for known in self._known.values() if len(known.edges) >= least for edge in known.edges)

    def told_of(self) -> dict[str, Sequence[Edge]]:
        """All edges that are known of each thing."""
        return {thing: known.edges for thing, known in self._known.items() if known.edges}

    def resume(self, budget: Budget, now_ms: int) -> None:
        """Go on where a bound cut the walk. Its tombstones are gone: who knows of branches that are still missing buries them.

        Args:
            budget: what going on may cost: so many edges more, so many edges further where depth was the bound.
            now_ms: the clock.
        """
        depth = self.budget.depth + (budget.depth if "depth" in self.limits else 0)
        self.budget = Budget(depth, self.edges_read + budget.edges, budget.ms, budget.nodes)
        self._until_ms = now_ms + budget.ms
        self.tombstones.clear()
        self.limits = {limit: None for limit in self.limits if limit == "visits"}
        self._left, self._stopped = self._left + self._stopped, []
        deep, self._deep = self._deep, {}
        for thing, visits in deep.items():
            if not self._known[thing].asked:
                del self._known[thing]
            self._frontier.extend(visits)

    def bury(self, tombstone: Tombstone) -> None:
        """Note a branch that could not be followed."""
        if len(self.tombstones) < TOMBSTONES_MAX:
            self.tombstones.append(tombstone)
        else:
            self.limits["tombstones"] = None

    def best(self, thing: str) -> Visit:
        """The surest of the shortest visits of a thing."""
        return min(self.visits[thing], key=lambda visit: (not visit.certain, visit.depth))

    def _walk_anew(self) -> None:
        """Walk once more over all that is known."""
        self.tombstones = [stone for stone in self.tombstones if stone.step is not Step.LIMIT or stone.thing not in self._deep]
        for known in self._known.values():
            known.waiting = ()
        self.visits.clear()
        self.packed.clear()
        self.cycles.clear()
        self._frontier.clear()
        self._deep.clear()
        self._begin()

    def _begin(self) -> None:
        for start in self._starts:
            begun = start.from_ms
            if self.direction is Direction.BACK and self.as_of_ms is not None:
                begun = max(begun, self.as_of_ms)
            self._arrive(start.thing, begun, min(start.to_ms, self._end_ms), not start.part, 0, None, None)

    def _proceed(self, visit: Visit) -> Ask | None:
        """Step from a visit if its edges are known; else they are to be asked for, or are awaited."""
        thing, window = visit.thing, (visit.from_ms, visit.to_ms)
        known = self._known.get(thing)
        if visit.depth >= self.budget.depth:
            if known is None:
                self._known[thing] = _Known()
            if thing not in self._deep:
                self._cut(visit, "depth", f"further than {self.budget.depth} edges from the start")
            self._deep.setdefault(thing, []).append(visit)
            return None
        if known is None:
            self._known[thing] = _Known(awaited=(window,), waiting=(visit,))
            return Ask(thing, *window)
        if _covered(visit, known.windows):
            if known.edges:
                self._step(visit, known.edges)
            return None
        known.waiting += (visit,)
        if _covered(visit, known.awaited):
            return None
        known.awaited += (window,)
        return Ask(thing, *window)

    def _learn(self, thing: str, known: _Known, edges: Sequence[Edge]) -> None:
        """Keep edges; visits that were stepped from before they were known are stepped from once more."""
        if known.edges:
            seen = {_mark(edge) for edge in known.edges}
            edges = [edge for edge in edges if _mark(edge) not in seen]
            known.edges = [*known.edges, *edges]
        else:
            known.edges = edges
        if known.windows and edges:
            for visit in tuple(self.visits[thing]):
                if _covered(visit, known.windows) and visit not in known.waiting:
                    self._step(visit, edges)

    def _settle(self, known: _Known, window: tuple[int, int]) -> None:
        """Step from the visits that waited for a window."""
        ready, known.waiting = known.waiting, ()
        known.windows += (window,)
        if len(known.awaited) < 2:
            known.awaited = ()
        else:
            known.awaited = tuple(other for other in known.awaited if other != window)
            known.waiting = tuple(visit for visit in ready if not _covered(visit, known.windows))
            ready = tuple(visit for visit in ready if _covered(visit, known.windows))
        if known.edges:
            for visit in ready:
                self._step(visit, known.edges)

    def _exceeded(self, now_ms: int) -> tuple[str, str] | None:
        if self.edges_read >= self.budget.edges:
            return "edges", f"more than {self.budget.edges} edges"
        if now_ms >= self._until_ms:
            return "time", f"more than {self.budget.ms} ms"
        return None

    def _stop(self, asks: Sequence[Ask], limit: str, message: str) -> None:
        """Leave asks unasked: one tombstone for all of them."""
        self._stopped.extend(asks)
        more = len({ask.thing for ask in asks}) - 1
        self._cut(self.best(asks[0].thing), limit, f"{message} ({more} more things wait)" if more else message)

    def _cut(self, visit: Visit, limit: str, message: str) -> None:
        self.limits[limit] = None
        self.bury(Tombstone(visit.thing, "", Step.LIMIT, 0, message, last=visit.edge))

    def _step(self, visit: Visit, edges: Sequence[Edge]) -> None:
        if self.direction is Direction.BACK:
            self._step_back(visit, edges)
        else:
            self._step_forward(visit, edges)

    def _step_forward(self, visit: Visit, edges: Sequence[Edge]) -> None:
        thing, begun, ended, certain, depth = visit.thing, visit.from_ms, visit.to_ms, visit.certain, visit.depth + 1
        for edge in edges:
            kind = edge.kind
            sure = certain and edge.certainty is _CERTAIN
            if kind is _A or (kind is _G and self._packing):
                start = begun if begun > edge.from_ms else edge.from_ms
                end = ended if ended < edge.to_ms else edge.to_ms
                if start < end:
                    self._arrive(edge.parent, start, end, sure and not visit.shadow, depth, edge, visit)
            elif kind is _T:
                if begun <= edge.from_ms < ended:
                    self._arrive(edge.child, edge.from_ms, self._end_ms, sure and not visit.shadow, depth, edge, visit)
            elif kind is _M:
                if edge.parent == thing:
                    if not visit.shadow:
                        self._arrive(edge.child, begun, ended, sure, depth, edge, visit)
                elif self._lots:
                    self._arrive(edge.parent, begun, ended, False, depth, edge, visit, shadow=True)
            elif kind is _G:
                containers = self.packed.setdefault(thing, [])
                if edge not in containers:
                    containers.append(edge)
            elif not visit.shadow:
                self._arrive(edge.other_end(thing), begun, ended, sure, depth, edge, visit)

    def _step_back(self, visit: Visit, edges: Sequence[Edge]) -> None:
        thing, begun, ended, certain, depth = visit.thing, visit.from_ms, visit.to_ms, visit.certain, visit.depth + 1
        unpacking = visit.edge is None or visit.edge.kind is _G
        for edge in edges:
            kind = edge.kind
            sure = certain and edge.certainty is _CERTAIN
            if kind is _A or (kind is _G and unpacking):
                start = begun if begun > edge.from_ms else edge.from_ms
                end = ended if ended < edge.to_ms else edge.to_ms
                if start < end:
                    self._arrive(edge.child, start, end, sure, depth, edge, visit)
            elif kind is _T:
                if edge.from_ms < ended:
                    self._arrive(edge.parent, edge.from_ms, edge.from_ms + 1, sure, depth, edge, visit)
            elif kind is _M:
                self._arrive(edge.parent, begun, ended, sure, depth, edge, visit)
            elif kind is not _G:
                self._arrive(edge.other_end(thing), begun, ended, sure, depth, edge, visit)

    def _arrive(
        self,
        thing: str,
        from_ms: int,
        to_ms: int,
        certain: bool,
        depth: int,
        edge: Edge | None,
        previous: Visit | None,
        *,
        shadow: bool = False,
    ) -> None:
        # The older of two names goes on as the newer one, not the reverse.
        if previous is not None and not shadow and edge is not None and (edge.kind is not _X or edge.child == thing):
            previous.onward_ms = max(previous.onward_ms, to_ms)
        visits = self.visits.get(thing)
        if visits is None:
            visits = self.visits[thing] = []
        else:
            for old in visits:
                if (
                    old.from_ms <= from_ms
                    and old.to_ms >= to_ms
                    and (old.certain or not certain)
                    and old.depth <= depth
                    and (shadow or not old.shadow)
                ):
                    if len(self.cycles) < CYCLES_MAX and _comes_round(thing, edge, previous):
                        self.cycles[thing] = None
                    return
            if len(visits) >= VISITS_PER_THING_MAX:
                self.limits["visits"] = None
                return
        visit = Visit(thing, from_ms, to_ms, certain, depth, edge, previous, shadow)
        visits.append(visit)
        self._frontier.append(visit)


def _covered(visit: Visit, windows: tuple[tuple[int, int], ...]) -> bool:
    return any(begun <= visit.from_ms and visit.to_ms <= ended for begun, ended in windows)


def _parted(asks: list[Ask]) -> Iterator[tuple[Ask, ...]]:
    """In requests of at most ASKS_MAX, in none of them a thing twice."""
    part: dict[str, Ask] = {}
    for ask in asks:
        if ask.thing in part or len(part) == ASKS_MAX:
            yield tuple(part.values())
            part = {}
        part[ask.thing] = ask
    if part:
        yield tuple(part.values())


def _comes_round(thing: str, edge: Edge | None, previous: Visit | None) -> bool:
    """Whether the way to a thing has led over it before; from a lot to its item and back is no circle."""
    came = None if previous is None else previous.edge
    if came is not None and edge is not None and (came.kind, came.child, came.parent) == (edge.kind, edge.child, edge.parent):
        return False
    return any(step.thing == thing for step in _way(previous))


def _way(visit: Visit | None) -> Iterator[Visit]:
    """The visits from here back to the start."""
    while visit is not None:
        yield visit
        visit = visit.previous


def _mark(edge: Edge) -> tuple[EdgeKind, str, str, int, str, int]:
    return edge.kind, edge.child, edge.parent, edge.from_ms, edge.source, edge.recorded_ms
