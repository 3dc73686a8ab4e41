"""Expanding: one step of a walk, asked of whoever has the edges (`tracing.md` §8.2).

A walk asks for the edges of many things at once and is answered with an `Expansion`. Here a store answers; over the network
other nodes do, in the same words. What a window rules out is left out of the answer, so that a container in use for years
does not give all it ever held.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from idis.registry.store.base import ReadTxn
from idis.registry.trace import rows
from idis.registry.trace.edge import ALWAYS_MS, Edge, EdgeKind
from idis.registry.trace.rows import Slot

BEGINNING_MS = -(2**62)  # before anything; leaves room to count on
ASKS_MAX = 500  # things in one request
EXPANSION_EDGES_MAX = 10_000  # in one answer; what is left is asked for again


class Direction(Enum):
    """Which way a walk goes."""

    BACK = "back"  # to what a thing came from and holds
    FORWARD = "forward"  # to what came of it and holds it


class Step(Enum):
    """Where the way to a branch ended."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    AUTHORISE = "authorise"
    VALIDATE = "validate"
    LIMIT = "limit"


class Ask(NamedTuple):
    """The edges of a thing that matter during `[from_ms, to_ms)`; `cursor` goes on where an answer was cut."""

    thing: str
    from_ms: int = BEGINNING_MS
    to_ms: int = ALWAYS_MS
    cursor: bytes = b""


@dataclass(frozen=True, slots=True)
class Request:
    """One step: the edges of some things.

    Attributes:
        direction: which way.
        asks: at most ASKS_MAX.
        as_of_ms: edges that began later do not count; None is no such moment.
        known_ms: what was believed then; None is now.
        lots: going forward, also the lots of items.
    """

    direction: Direction
    asks: tuple[Ask, ...]
    as_of_ms: int | None = None
    known_ms: int | None = None
    lots: bool = False


@dataclass(frozen=True, slots=True)
class Pointer:
    """Who else has edges of a thing: the node below whose prefix they lie, and when it said so."""

    thing: str
    prefix: str
    told_ms: int


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A branch that could not be followed.

    Attributes:
        thing: where it ends.
        prefix: of the node that should have answered; empty where it was this one.
        step: where the way ended.
        code: the response code, 0 for none.
        message: one sentence.
        retriable: whether asking again may help.
        attempts: how often it was asked.
        tried_ms: when it was asked last.
        last: the edge that led here.
    """

    thing: str
    prefix: str
    step: Step
    code: int
    message: str
    retriable: bool = False
    attempts: int = 0
    tried_ms: int = 0
    last: Edge | None = None


@dataclass(frozen=True, slots=True)
class Expansion:
    """What is known of the things of a request.

    Attributes:
        edges: by thing; a thing without edges may be absent.
        left: asks that were not answered, or not to their end.
        pointers: who else to ask, of which things.
        tombstones: what could not be found out.
    """

    edges: Mapping[str, Sequence[Edge]]
    left: tuple[Ask, ...] = ()
    pointers: tuple[Pointer, ...] = ()
    tombstones: tuple[Tombstone, ...] = field(default=())


def expand(txn: ReadTxn, request: Request, *, edges_max: int = EXPANSION_EDGES_MAX) -> Expansion:
    """Answer one step from a store: at most about `edges_max` edges are read."""
    first, last = rows.BACK
    if request.direction is Direction.FORWARD:
        first, last = rows.FORWARD_AND_LOTS if request.lots else rows.FORWARD
    spans = [_span(ask, first, last) for ask in request.asks]
    found = txn.edge_spans(spans, edges_max)
    edges: dict[str, Sequence[Edge]] = {}
    as_of, known, back = request.as_of_ms, request.known_ms, request.direction is Direction.BACK
    for ask, part in zip(request.asks, found, strict=False):
        if not part:
            continue
        thing = ask.thing
        if as_of is not None:
            part = [row for row in part if rows.begun_ms(row[0]) <= as_of]
        read = [rows.edge_of(key, row, thing) for key, row in part]
        if known is None:
            read = [edge for edge in read if edge.retracted_ms == ALWAYS_MS]
        else:
            read = [edge for edge in read if edge.recorded_ms <= known < edge.retracted_ms]
        if ask.from_ms != BEGINNING_MS or ask.to_ms != ALWAYS_MS:
            read = [edge for edge in read if _touches(edge, ask, back)]
        edges[thing] = read
    left: list[Ask] = []
    if sum(map(len, found)) >= edges_max:
        cut = request.asks[len(found) - 1]
        left.append(Ask(cut.thing, cut.from_ms, cut.to_ms, found[-1][-1][0] + b"\x00"))
        left.extend(request.asks[len(found) :])
    return Expansion(edges, tuple(left))


def _span(ask: Ask, first: Slot, last: Slot) -> tuple[bytes, bytes]:
    start, end = rows.span(ask.thing, first, last)
    return (ask.cursor if start <= ask.cursor < end else start), end


def _touches(edge: Edge, ask: Ask, back: bool) -> bool:
    kind = edge.kind
    if kind is EdgeKind.MADE_FROM:
        return edge.from_ms < ask.to_ms and (back or edge.from_ms >= ask.from_ms)
    if kind is EdgeKind.PART_OF or kind is EdgeKind.PACKED_IN:
        return edge.from_ms < ask.to_ms and ask.from_ms < edge.to_ms
    return True
