"""Siblings: what shares a lot, a heat, a transformation, a station, a welder or a shift with a thing (`tracing.md` §7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from idis.registry.store.base import ReadTxn
from idis.registry.trace.factors import (
    BEARERS_MAX,
    CONSUMABLE,
    SHIFT,
    STATION,
    WELDER,
    bearers,
    factors_of,
    made_together,
)
from idis.registry.trace.lookups import edges_under
from idis.registry.trace.rows import Slot
from idis.registry.trace.whereabouts import Whereabouts, find_one

SIBLINGS_MAX = 1_000  # in one answer
STATION_MS = 43_200_000  # before and after: what a station did in the same shift or the next


class By(Enum):
    """What siblings share."""

    LOT = "lot"
    HEAT = "heat"  # the lots of what it was made from
    TRANSFORMATION = "transformation"
    STATION = "station"
    WELDER = "welder"
    SHIFT = "shift"


@dataclass(frozen=True, slots=True)
class Sibling:
    """A thing that shares something, and where it is now."""

    thing: str
    shared: str
    where: Whereabouts


@dataclass(frozen=True, slots=True)
class Siblings:
    """What shares something with a thing. `complete`: those are all of them."""

    thing: str
    by: By
    siblings: tuple[Sibling, ...]
    complete: bool


def siblings(txn: ReadTxn, thing: str, by: By, *, at_ms: int, around_ms: int = STATION_MS) -> Siblings:
    """Find them in one store.

    Args:
        txn: the store.
        thing: in its one spelling.
        by: what they share.
        at_ms: now.
        around_ms: of a station, how long before and after counts.
    """
    shared: dict[str, str] = {}
    complete = True
    for name, others, all_of_them in _groups(txn, thing, by, around_ms):
        complete = complete and all_of_them
        for other in others:
            if other != thing:
                shared.setdefault(other, name)
    listed = list(shared.items())[:SIBLINGS_MAX]
    found = tuple(Sibling(other, name, find_one(txn, other, at_ms)) for other, name in listed)
    return Siblings(thing, by, found, complete and len(shared) <= SIBLINGS_MAX)


def _groups(txn: ReadTxn, thing: str, by: By, around_ms: int) -> Iterator[tuple[str, list[str], bool]]:
    """What is shared, who shares it, and whether those are all."""
    match by:
        case By.LOT:
            for lot in _others(txn, thing, Slot.MEMBER_OF)[0]:
                yield lot, *_others(txn, lot, Slot.ITEMS)
            yield from _bearing(txn, thing, CONSUMABLE, None)
        case By.HEAT:
            sources = _others(txn, thing, Slot.MADE_FROM)[0]
            for heat in dict.fromkeys(lot for source in sources for lot in _others(txn, source, Slot.MEMBER_OF)[0]):
                plates, complete = _others(txn, heat, Slot.ITEMS)
                made = [_others(txn, plate, Slot.RESULTS) for plate in plates]
                yield heat, [part for parts, _ in made for part in parts], complete and all(whole for _, whole in made)
        case By.TRANSFORMATION:
            yield "made together", *made_together(txn, thing)
        case By.STATION:
            yield from _bearing(txn, thing, STATION, around_ms)
        case By.WELDER:
            yield from _bearing(txn, thing, WELDER, None)
        case By.SHIFT:
            yield from _bearing(txn, thing, SHIFT, None)


def _bearing(txn: ReadTxn, thing: str, kind: str, around_ms: int | None) -> Iterator[tuple[str, list[str], bool]]:
    for factor, since_ms in factors_of(txn, thing):
        if factor.kind != kind:
            continue
        if around_ms is None:
            found, complete = bearers(txn, factor)
        else:
            found, complete = bearers(txn, factor, from_ms=since_ms - around_ms, to_ms=since_ms + around_ms)
        yield factor.name, [other for _, other in found], complete


def _others(txn: ReadTxn, thing: str, slot: Slot) -> tuple[list[str], bool]:
    """The other ends of the edges of one slot, and whether those are all."""
    edges, complete = edges_under(txn, thing, slot, slot, BEARERS_MAX)
    return list(dict.fromkeys(edge.other_end(thing) for edge in edges)), complete
