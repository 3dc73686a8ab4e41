"""Relation: was one thing in another, or in what that was made from, and when (`tracing.md` §7)."""

from __future__ import annotations

from dataclasses import dataclass

from idis.registry.store.base import ReadTxn
from idis.registry.trace.edge import Certainty, Edge
from idis.registry.trace.expanding import Direction
from idis.registry.trace.tracing import Clock, Extent, extent_of, standing, walk_here
from idis.registry.trace.walking import Budget, Start, Visit, Walk


@dataclass(frozen=True, slots=True)
class Stay:
    """The part was in the whole during `[from_ms, to_ms)`; `path` explains it, from the part to the whole."""

    from_ms: int
    to_ms: int
    certainty: Certainty
    reasons: tuple[str, ...]
    path: tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """What a part has to do with a whole; `stays` are those that hold at the moment asked about, or all of them."""

    part: str
    whole: str
    stays: tuple[Stay, ...]
    extent: Extent

    @property
    def holds(self) -> bool:
        """Whether it was inside."""
        return bool(self.stays)


def relation(
    txn: ReadTxn,
    part: str,
    whole: str,
    *,
    as_of_ms: int | None = None,
    known_ms: int | None = None,
    budget: Budget | None = None,
    clock: Clock = standing,
) -> Relation:
    """Ask it of one store; the arguments are those of `tracing.trace`."""
    walk = start_relation(part, as_of_ms=as_of_ms, known_ms=known_ms, budget=budget, now_ms=clock())
    walk_here(txn, walk, clock)
    return relation_of(walk, part, whole)


def start_relation(
    part: str,
    *,
    as_of_ms: int | None = None,
    known_ms: int | None = None,
    budget: Budget | None = None,
    now_ms: int = 0,
) -> Walk:
    """The walk of the question: up from the part, which is in few things, not down from the whole, which may hold many."""
    return Walk(
        [Start(part)],
        Direction.FORWARD,
        as_of_ms=as_of_ms,
        known_ms=known_ms,
        packing=True,
        budget=budget,
        now_ms=now_ms,
    )


def relation_of(walk: Walk, part: str, whole: str) -> Relation:
    """The answer of a walk that is over."""
    moment = walk.as_of_ms
    visits = [
        visit
        for visit in walk.visits.get(whole, ())
        if visit.edge is not None and (moment is None or visit.from_ms <= moment < visit.to_ms)
    ]
    visits.sort(key=lambda visit: (not visit.certain, visit.from_ms))
    return Relation(part, whole, tuple(map(_stay, visits)), extent_of([walk]))


def _stay(visit: Visit) -> Stay:
    return Stay(visit.from_ms, visit.to_ms, visit.certainty, visit.reasons(), visit.path())
