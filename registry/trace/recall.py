"""Recall: what is affected when some things are not as they should be, who holds it, and how sure that is (`tracing.md` §7).

A thing is listed when nothing else stands for it any more: a vehicle, not the pack in it; but also a pack that lies in
stock, and the vehicle that a pack has been taken out of, as formerly affected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from idis.registry.store.base import ReadTxn
from idis.registry.trace.edge import Certainty, Edge
from idis.registry.trace.expanding import Direction
from idis.registry.trace.tracing import Clock, Extent, extent_of, standing, walk_here
from idis.registry.trace.walking import Budget, Start, Visit, Walk
from idis.registry.trace.whereabouts import NOWHERE, Finder, Whereabouts, finder


@dataclass(frozen=True, slots=True)
class Affected:
    """A thing that a recall reaches.

    Attributes:
        thing: the thing.
        certainty: whether it is affected beyond doubt.
        current: it is so at the moment of the question; else it was, and is no more.
        from_ms, to_ms: while it is affected.
        where: who holds it, and where it is.
    """

    thing: str
    certainty: Certainty
    current: bool
    from_ms: int
    to_ms: int
    where: Whereabouts
    visit: Visit = field(repr=False, compare=False)

    @property
    def path(self) -> tuple[Edge, ...]:
        """The edges that explain it, from a start to the thing."""
        return self.visit.path()

    @property
    def reasons(self) -> tuple[str, ...]:
        """What makes it possible only."""
        return self.visit.reasons()


@dataclass(frozen=True, slots=True)
class Recall:
    """The impact of a recall.

    Attributes:
        starts: what it began with.
        at_ms: the moment it is about.
        affected: things that stand for themselves; certain ones first, then current ones, then by name.
        between: how many things were passed on the way to them.
        certain, possible: how many of `affected`.
        current, former: likewise.
        holders, places: how many each has, most first; those nobody spoke of are under the empty name.
        quantities: by unit, of what is counted by quantity.
        notify: who must be told.
        extent: how far this answer reaches.
    """

    starts: tuple[str, ...]
    at_ms: int
    affected: tuple[Affected, ...]
    between: int
    certain: int
    possible: int
    current: int
    former: int
    holders: tuple[tuple[str, int], ...]
    places: tuple[tuple[str, int], ...]
    quantities: tuple[tuple[str, Decimal], ...]
    notify: tuple[str, ...]
    extent: Extent


def recall(
    txn: ReadTxn,
    starts: Sequence[Start],
    *,
    at_ms: int,
    as_of_ms: int | None = None,
    known_ms: int | None = None,
    lots: bool = True,
    budget: Budget | None = None,
    clock: Clock = standing,
) -> Recall:
    """Recall things over the edges of one store.

    Args:
        txn: the store.
        starts: what is not as it should be, and since when.
        at_ms: the moment by which what is affected now and what was so formerly are told apart; usually now.
        as_of_ms: what later moments brought does not count; None is all of time.
        known_ms: what was believed then; None is now.
        lots: what was made from the lot of an affected item is possibly affected, where only the lot is named.
        budget: bounds; the usual ones where none are given.
        clock: against which the budget's time counts.
    """
    walk = start_recall(starts, as_of_ms=as_of_ms, known_ms=known_ms, lots=lots, budget=budget, now_ms=clock())
    walk_here(txn, walk, clock)
    return recall_of(walk, starts, at_ms, finder(txn, at_ms, known_ms))


def start_recall(
    starts: Iterable[Start],
    *,
    as_of_ms: int | None = None,
    known_ms: int | None = None,
    lots: bool = True,
    budget: Budget | None = None,
    now_ms: int = 0,
) -> Walk:
    """The walk of a recall, for whoever drives it over several stores."""
    return Walk(
        starts, Direction.FORWARD, as_of_ms=as_of_ms, known_ms=known_ms, lots=lots, budget=budget, now_ms=now_ms
    )


def recall_of(walk: Walk, starts: Sequence[Start], at_ms: int, find: Finder) -> Recall:
    """The impact of a walk that is over."""
    standing_alone = [visit for visits in walk.visits.values() if (visit := _stands(visits, at_ms)) is not None]
    where = find({visit.thing: walk.packed.get(visit.thing, ()) for visit in standing_alone})
    affected = [
        Affected(
            visit.thing,
            visit.certainty,
            visit.to_ms > at_ms,
            visit.from_ms,
            visit.to_ms,
            where.get(visit.thing, NOWHERE),
            visit,
        )
        for visit in standing_alone
    ]
    affected.sort(key=lambda one: (one.certainty is not Certainty.CERTAIN, not one.current, one.thing))
    certain = sum(one.certainty is Certainty.CERTAIN for one in affected)
    current = sum(one.current for one in affected)
    holders = Counter(one.where.holder for one in affected)
    quantities: dict[str, Decimal] = {}
    for one in affected:
        if one.where.quantity is not None:
            quantities[one.where.uom] = quantities.get(one.where.uom, Decimal(0)) + one.where.quantity
    return Recall(
        tuple(start.thing for start in starts),
        at_ms,
        tuple(affected),
        sum(not visits[0].shadow or _is_own(visits) for visits in walk.visits.values()) - len(affected),
        certain,
        len(affected) - certain,
        current,
        len(affected) - current,
        tuple(holders.most_common()),
        tuple(Counter(one.where.place for one in affected).most_common()),
        tuple(sorted(quantities.items())),
        tuple(sorted(holder for holder in holders if holder)),
        extent_of([walk]),
    )


def _stands(visits: list[Visit], at_ms: int) -> Visit | None:
    """The visit by which a thing is listed; None when something else stands for it, or it is only the lot of an item."""
    if len(visits) == 1:
        (visit,) = visits
        if visit.shadow or visit.onward_ms > (at_ms if visit.to_ms > at_ms else visit.from_ms):
            return None
        return visit
    own = [visit for visit in visits if not visit.shadow]
    now = [visit for visit in own if visit.to_ms > at_ms]
    if now:
        if any(visit.onward_ms > at_ms for visit in now):
            return None
        return min(now, key=_rank)
    if any(visit.onward_ms > visit.from_ms for visit in own):
        return None
    return min(own, key=_rank, default=None)


def _is_own(visits: list[Visit]) -> bool:
    """Whether a thing was reached for itself, not only as the lot of an item."""
    return not all(visit.shadow for visit in visits)


def _rank(visit: Visit) -> tuple[bool, int]:
    return not visit.certain, visit.depth
