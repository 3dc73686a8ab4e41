"""Tracing: where a thing comes from, and where it went (`tracing.md` §7).

An answer states how far it reaches: what is missing from it, which limit cut it, which moment it is about and what was
believed when. An empty genealogy is an answer like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from idis.registry.store.base import ReadTxn
from idis.registry.trace.claims import Conflict, conflicts
from idis.registry.trace.edge import Certainty, Edge
from idis.registry.trace.expanding import Direction, Tombstone, expand
from idis.registry.trace.walking import Budget, Start, Visit, Walk

Clock = Callable[[], int]  # milliseconds that only rise


def standing() -> int:
    """The clock of whoever bounds a question otherwise than by time."""
    return 0


@dataclass(frozen=True, slots=True)
class Extent:
    """How far an answer reaches.

    Attributes:
        complete: nothing is missing from it.
        tombstones: branches that could not be followed.
        limits: the bounds that cut it.
        cycles: things that are their own origin, by rework or return.
        conflicts: what is claimed and cannot all be so.
        edges_read: what it cost.
        as_of_ms: the moment it is about; None is all of time.
        known_ms: what was believed then; None is now.
    """

    complete: bool = True
    tombstones: tuple[Tombstone, ...] = ()
    limits: tuple[str, ...] = ()
    cycles: tuple[str, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    edges_read: int = 0
    as_of_ms: int | None = None
    known_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A thing in a trace.

    Attributes:
        thing: the thing.
        depth: edges from the start.
        certainty, reasons: whether it belongs there beyond doubt, and what makes it possible only.
        from_ms, to_ms: while it matters, or is affected.
        via: the edge that led to it by the shortest of the surest ways; None for the start.
        beside: the thing it was reached from.
    """

    thing: str
    depth: int
    certainty: Certainty
    reasons: tuple[str, ...]
    from_ms: int
    to_ms: int
    via: Edge | None
    beside: str


@dataclass(frozen=True, slots=True)
class Trace:
    """A trace: every thing once, nearest first."""

    start: str
    direction: Direction
    lines: tuple[Line, ...]
    extent: Extent

    @property
    def certain(self) -> int:
        """How many things belong to it beyond doubt, the start left out."""
        return sum(line.certainty is Certainty.CERTAIN for line in self.lines) - 1

    @property
    def possible(self) -> int:
        """How many things may belong to it."""
        return len(self.lines) - 1 - self.certain


def trace(
    txn: ReadTxn,
    thing: str,
    direction: Direction,
    *,
    as_of_ms: int | None = None,
    known_ms: int | None = None,
    budget: Budget | None = None,
    clock: Clock = standing,
) -> Trace:
    """Trace a thing over the edges of one store.

    Args:
        txn: the store.
        thing: in its one spelling (`things.py`).
        direction: back to what it came from and holds, or forward to what came of it and holds it.
        as_of_ms: the moment it is about; None is all of time.
        known_ms: what was believed then; None is now.
        budget: bounds; the usual ones where none are given.
        clock: against which the budget's time counts.
    """
    walk = Walk(
        [Start(thing)], direction, as_of_ms=as_of_ms, known_ms=known_ms, budget=budget, now_ms=clock()
    )
    walk_here(txn, walk, clock)
    return trace_of(walk, thing)


def walk_here(txn: ReadTxn, walk: Walk, clock: Clock = standing) -> None:
    """Walk to the end over the edges of one store."""
    while True:
        while requests := walk.next_requests(clock()):
            for request in requests:
                walk.receive(request, expand(txn, request))
        if not walk.weigh():
            return


def trace_of(walk: Walk, start: str) -> Trace:
    """The answer of a walk that is over."""
    best = [walk.best(thing) for thing in walk.visits]
    best.sort(key=lambda visit: visit.depth)
    return Trace(start, walk.direction, tuple(map(_line, best)), extent_of([walk]))


def extent_of(walks: Iterable[Walk]) -> Extent:
    """How far some walks together reach."""
    walks = list(walks)
    return Extent(
        all(walk.complete for walk in walks),
        tuple(tombstone for walk in walks for tombstone in walk.tombstones),
        tuple(dict.fromkeys(limit for walk in walks for limit in walk.limits)),
        tuple(dict.fromkeys(thing for walk in walks for thing in walk.cycles)),
        tuple(dict.fromkeys(conflict for walk in walks for conflict in conflicts(walk.told()))),
        sum(walk.edges_read for walk in walks),
        walks[0].as_of_ms if walks else None,
        walks[0].known_ms if walks else None,
    )


def _line(visit: Visit) -> Line:
    beside = visit.previous.thing if visit.previous is not None else ""
    return Line(
        visit.thing, visit.depth, visit.certainty, visit.reasons(), visit.from_ms, visit.to_ms, visit.edge, beside
    )
