"""Whereabouts: who holds a thing, where it is, and in what (`tracing.md` §4.2, §7.1).

What a thing is packed in goes where it goes: the newest word about any container around it counts for it too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from idis.registry.store.base import ReadTxn
from idis.registry.trace.edge import ALWAYS_MS, Edge, EdgeKind
from idis.registry.trace.life import Moment, has_life, lately
from idis.registry.trace.lookups import edges_under
from idis.registry.trace.rows import Slot

CONTAINERS_MAX = 10  # item, box, pallet, container, ship: no more lie in one another
CONTAINERS_AT_ONCE_MAX = 1_000  # rows of one thing


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a thing is.

    Attributes:
        holder: whom it belongs to by the last word about it; empty where nobody said.
        place: where it is; likewise.
        told_ms: when the last of both was said; None never.
        disposition: by the last word about the thing itself.
        container: the outermost one it is in.
        quantity, uom: how much, where it is so much of a lot.
    """

    holder: str = ""
    place: str = ""
    told_ms: int | None = None
    disposition: str = ""
    container: str = ""
    quantity: Decimal | None = None
    uom: str = ""


NOWHERE = Whereabouts()

Finder = Callable[[Mapping[str, Sequence[Edge]]], Mapping[str, Whereabouts]]  # of things, with the containers they were in


def finder(txn: ReadTxn, at_ms: int, known_ms: int | None = None) -> Finder:
    """Finds things in one store at a moment."""
    kept: dict[str, Whereabouts] = {}

    def find(things: Mapping[str, Sequence[Edge]]) -> Mapping[str, Whereabouts]:
        return {thing: _find(txn, thing, packed, at_ms, known_ms, kept) for thing, packed in things.items()}

    return find


def find_one(txn: ReadTxn, thing: str, at_ms: int, known_ms: int | None = None) -> Whereabouts:
    """Where one thing is at a moment."""
    return _find(txn, thing, containers(txn, thing, at_ms, known_ms), at_ms, known_ms, {})


def containers(txn: ReadTxn, thing: str, at_ms: int, known_ms: int | None = None) -> list[Edge]:
    """The edges that say what a thing is packed in at a moment."""
    edges, _ = edges_under(txn, thing, Slot.PACKED_IN, Slot.PACKED_IN, CONTAINERS_AT_ONCE_MAX, known_ms)
    return [edge for edge in edges if _holds(edge, at_ms)]


def _find(
    txn: ReadTxn, thing: str, packed: Sequence[Edge], at_ms: int, known_ms: int | None, kept: dict[str, Whereabouts]
) -> Whereabouts:
    # Most of what a recall lists has no event of its own: one look says so.
    found = _told(lately(txn, thing, at_ms, known_ms)) if has_life(txn, thing) else NOWHERE
    if not packed:
        return found
    around = {edge.parent for edge in packed if edge.kind is EdgeKind.PACKED_IN and _holds(edge, at_ms)}
    for container in around:
        outer = _around(txn, container, at_ms, known_ms, kept)
        newer = outer.told_ms is not None and (found.told_ms is None or outer.told_ms >= found.told_ms)
        found = Whereabouts(
            outer.holder if newer and outer.holder else found.holder,
            outer.place if newer and outer.place else found.place,
            outer.told_ms if newer else found.told_ms,
            found.disposition,
            outer.container,
            found.quantity,
            found.uom,
        )
    return found


def _around(txn: ReadTxn, container: str, at_ms: int, known_ms: int | None, kept: dict[str, Whereabouts]) -> Whereabouts:
    """Where a container is; `container` of the answer is the outermost one."""
    if (known := kept.get(container)) is not None:
        return known
    inner_to_outer = [container]
    while len(inner_to_outer) < CONTAINERS_MAX:
        outer = [edge.parent for edge in containers(txn, inner_to_outer[-1], at_ms, known_ms)]
        if not outer or outer[0] in inner_to_outer:
            break
        inner_to_outer.append(outer[0])
    told = [_told(lately(txn, each, at_ms, known_ms)) for each in inner_to_outer]
    newest = max(told, key=lambda where: where.told_ms if where.told_ms is not None else -ALWAYS_MS)
    found = kept[container] = Whereabouts(newest.holder, newest.place, newest.told_ms, container=inner_to_outer[-1])
    return found


def _told(moments: Iterable[Moment]) -> Whereabouts:
    """What the newest moments say that say anything."""
    holder = place = disposition = uom = ""
    told_ms: int | None = None
    quantity: Decimal | None = None
    for moment in moments:
        disposition = disposition or moment.disposition
        if (moment.holder and not holder) or (moment.place and not place):
            told_ms = moment.time_ms if told_ms is None else told_ms
        holder, place = holder or moment.holder, place or moment.place
        if quantity is None and moment.quantity is not None:
            quantity, uom = moment.quantity, moment.uom
        if holder and place:
            break
    if holder or place or disposition or quantity is not None:
        return Whereabouts(holder, place, told_ms, disposition, "", quantity, uom)
    return NOWHERE


def _holds(edge: Edge, at_ms: int) -> bool:
    return edge.from_ms <= at_ms < edge.to_ms
