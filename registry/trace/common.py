"""Common causes: what several failed things share that others do not (`tracing.md` §7).

Every failed thing is traced back; whatever several of them come from, hold or were worked on by is a cause that could
explain them. It ranks by how many failures it covers against how much of a comparison population it covers too: what is in
everything explains nothing. Without a population, what few things were made from comes before what many were.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from idis.registry.store.base import ReadTxn
from idis.registry.trace import rows
from idis.registry.trace.expanding import Direction
from idis.registry.trace.factors import PROCESS, factors_of
from idis.registry.trace.rows import Slot
from idis.registry.trace.tracing import Clock, Extent, extent_of, standing, walk_here
from idis.registry.trace.walking import Budget, Start, Walk

FAILED_MIN, FAILED_MAX = 2, 1_000
POPULATION_MAX = 10_000
CAUSES_MAX = 100
USES_COUNTED_MAX = 1_000  # beyond it something is in nearly everything
FACTOR_DEPTH = 1  # the stations and welders of a thing and of its own parts
THING = "thing"
EXAMPLES_MAX = 10


@dataclass(frozen=True, slots=True)
class Cause:
    """What failed things share.

    Attributes:
        kind: thing, station, transformation, welder, shift or consumable.
        name: which one.
        failed: how many of the failed things it covers.
        certain: how many of them beyond doubt.
        population: how many of the comparison population it covers.
        uses: how many things it went into directly, at most USES_COUNTED_MAX.
        depth: edges from the nearest failed thing.
        examples: some of the failed things.
    """

    kind: str
    name: str
    failed: int
    certain: int
    population: int
    uses: int
    depth: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Common:
    """The causes that cover at least two failures, best first."""

    failed: tuple[str, ...]
    population: int
    causes: tuple[Cause, ...]
    extent: Extent


@dataclass(slots=True)
class _Tally:
    depth: int
    failed: list[str] = field(default_factory=list)
    certain: int = 0
    population: int = 0


Key = tuple[str, str]  # kind, name


def common(
    txn: ReadTxn,
    failed: Sequence[str],
    *,
    population: Sequence[str] = (),
    as_of_ms: int | None = None,
    known_ms: int | None = None,
    budget: Budget | None = None,
    clock: Clock = standing,
) -> Common:
    """Find what failed things share, in one store.

    Args:
        txn: the store.
        failed: FAILED_MIN to FAILED_MAX things.
        population: things of the same kind that did not fail, at most POPULATION_MAX.
        as_of_ms, known_ms, budget, clock: as of `tracing.trace`; the bounds hold for each thing.

    Raises:
        ValueError: too few or too many things.
    """
    failed, population = tuple(dict.fromkeys(failed)), tuple(dict.fromkeys(population))
    if not FAILED_MIN <= len(failed) <= FAILED_MAX or len(population) > POPULATION_MAX:
        raise ValueError(
            f"common causes are found for {FAILED_MIN} to {FAILED_MAX} things against at most {POPULATION_MAX}, not for"
            f" {len(failed)} against {len(population)}"
        )
    walks: dict[str, Walk] = {}
    for thing in (*failed, *population):
        if thing not in walks:
            walk = walks[thing] = Walk(
                [Start(thing)], Direction.BACK, as_of_ms=as_of_ms, known_ms=known_ms, budget=budget, now_ms=clock()
            )
            walk_here(txn, walk, clock)
    return common_of(txn, walks, failed, population)


def common_of(txn: ReadTxn, walks: Mapping[str, Walk], failed: Sequence[str], population: Sequence[str]) -> Common:
    """The ranking of walks back that are over; `txn` knows factors and uses of what lies here."""
    tallies: dict[Key, _Tally] = {}
    for thing in failed:
        for key, depth, certain in _origins(txn, walks[thing], thing):
            tally = tallies.setdefault(key, _Tally(depth))
            tally.failed.append(thing)
            tally.certain += certain
            tally.depth = min(tally.depth, depth)
    tallies = {key: tally for key, tally in tallies.items() if len(tally.failed) >= FAILED_MIN}
    for thing in population:
        for key, _, _ in _origins(txn, walks[thing], thing):
            if key in tallies:
                tallies[key].population += 1
    causes = [_cause(txn, key, tally) for key, tally in tallies.items()]
    size = max(len(population), 1)
    causes.sort(
        key=lambda cause: (
            cause.population / size - cause.failed / len(failed),
            -cause.certain,
            cause.kind == PROCESS,  # made together says less than made from the same
            cause.uses,
            cause.depth,
            cause.kind,
            cause.name,
        )
    )
    return Common(tuple(failed), len(population), tuple(causes[:CAUSES_MAX]), extent_of(walks.values()))


def _origins(txn: ReadTxn, walk: Walk, start: str) -> Iterator[tuple[Key, int, bool]]:
    """What a thing comes from, each once: key, depth, whether beyond doubt."""
    told: set[Key] = set()
    for thing in walk.visits:
        best = walk.best(thing)
        named: Iterable[tuple[Key, int]] = [((THING, thing), best.depth)] if thing != start else []
        if best.depth <= FACTOR_DEPTH:
            named = [*named, *(((factor.kind, factor.name), best.depth) for factor, _ in factors_of(txn, thing))]
        for key, depth in named:
            if key not in told:
                told.add(key)
                yield key, depth, best.certain


def _cause(txn: ReadTxn, key: Key, tally: _Tally) -> Cause:
    kind, name = key
    uses = 0
    if kind == THING:
        (found,) = txn.edge_spans([rows.span(name, Slot.PART_OF, Slot.RESULTS)], USES_COUNTED_MAX)
        uses = len(found)
    return Cause(
        kind,
        name,
        len(tally.failed),
        tally.certain,
        tally.population,
        uses,
        tally.depth,
        tuple(tally.failed[:EXAMPLES_MAX]),
    )
