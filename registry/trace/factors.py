"""Factors: what things may share beside their origin: a station, a welder, a shift, a process (`tracing.md` §7).

A factor has a kind and a name. Its bearers lie under it in the order of time, so that those of one day are one span; those
of one event share rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from idis.registry.store.base import ReadTxn
from idis.registry.trace import rows
from idis.registry.trace.edge import ALWAYS_MS, EdgeKind
from idis.registry.trace.expanding import BEGINNING_MS
from idis.registry.trace.life import Role, moments
from idis.registry.trace.rows import Slot

BEARERS_MAX = 10_000  # in one answer
BEARERS_A_ROW = 16  # names of full length then still fit into it
FACTORS_OF_ONE_MAX = 64  # of one thing

_BEARER = bytes((Slot.BEARER,))

STATION, PROCESS, WELDER, SHIFT, CONSUMABLE = "station", "transformation", "welder", "shift", "consumable"


class Factor(NamedTuple):
    """Something shared."""

    kind: str
    name: str

    @property
    def key(self) -> str:
        """What its rows begin with: no spelling of a thing holds a blank behind such a word."""
        return f"{self.kind} {self.name}"


def bearer_rows(things: Sequence[str], factor: Factor, time_ms: int, origin: str) -> dict[bytes, bytes]:
    """The rows, under a factor, that say: these things have it since then.

    Args:
        things: who has it.
        factor: what.
        time_ms: since when.
        origin: the event or thing that says so.
    """
    head = rows.head(factor.key) + _BEARER + rows.time_key(time_ms) + rows.tag_of(origin)
    return {
        head + at.to_bytes(4, "big"): rows.pack([*things[at : at + BEARERS_A_ROW]])
        for at in range(0, len(things), BEARERS_A_ROW)
    }


def factor_rows(thing: str, factor: Factor, time_ms: int) -> dict[bytes, bytes]:
    """Both rows, under the factor and under the thing, for factors that no event of the thing's life tells of."""
    own = rows.head(thing) + bytes((Slot.FACTOR,)) + rows.head(factor.key) + rows.time_key(time_ms)
    return {**bearer_rows([thing], factor, time_ms, thing), own: rows.pack([factor.kind, factor.name])}


def bearers(
    txn: ReadTxn, factor: Factor, *, from_ms: int = BEGINNING_MS, to_ms: int = ALWAYS_MS
) -> tuple[list[tuple[int, str]], bool]:
    """Who has a factor since when, in a span of time, at most BEARERS_MAX, and whether those are all."""
    head = rows.head(factor.key) + _BEARER
    (found,) = txn.edge_spans([(head + rows.time_key(from_ms), head + rows.time_key(to_ms))], BEARERS_MAX)
    at = len(head)
    told = [(rows.time_of(key[at : at + 8]), thing) for key, row in found for thing in rows.unpack(row, 0)]
    return told[:BEARERS_MAX], len(told) < BEARERS_MAX


def factors_of(txn: ReadTxn, thing: str) -> Iterator[tuple[Factor, int]]:
    """The factors of a thing, each once, and since when it has them."""
    told: set[Factor] = set()
    (found,) = txn.edge_spans([rows.span(thing, Slot.FACTOR, Slot.FACTOR)], FACTORS_OF_ONE_MAX)
    for key, row in found:
        factor = Factor(*rows.unpack(row, 2))
        if factor not in told:
            told.add(factor)
            yield factor, rows.time_of(key[-8:])
    for moment in moments(txn, thing):
        worked_on = moment.role in (Role.OUTPUT, Role.CONTENT, Role.OBJECT) and moment.action is not None
        made = moment.role is Role.OUTPUT
        for factor in (
            *([Factor(STATION, moment.read_point)] if moment.read_point and (worked_on or made) else ()),
            *([Factor(PROCESS, moment.other or moment.event_id)] if made else ()),
        ):
            if factor not in told:
                told.add(factor)
                yield factor, moment.time_ms


def made_together(txn: ReadTxn, thing: str) -> tuple[list[str], bool]:
    """What came out of the transformations a thing came out of, and whether that is all of it."""
    (made,) = txn.edge_spans([rows.span(thing, Slot.MADE_FROM, Slot.MADE_FROM)], BEARERS_MAX)
    sources: dict[bytes, str] = {}
    for key, row in made:
        edge = rows.edge_of(key, row, thing)
        if edge.retracted_ms == ALWAYS_MS:
            sources.setdefault(rows.edge_tag(key), edge.parent)  # every input of a process knows all its outputs
    found: dict[str, None] = {}
    complete = len(made) < BEARERS_MAX
    for tag, source in sources.items():
        (results,) = txn.edge_spans([rows.span(source, Slot.RESULTS, Slot.RESULTS)], BEARERS_MAX)
        complete = complete and len(results) < BEARERS_MAX
        for key, row in results:
            if rows.edge_tag(key) == tag:
                edge = rows.edge_of(key, row, source)
                if edge.retracted_ms == ALWAYS_MS and edge.kind is EdgeKind.MADE_FROM:
                    found[edge.child] = None
    return [other for other in found if other != thing], complete
