"""Steps and edges of the registry as the wire has them, and back (`proto/trace.py`)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from idis.proto.errors import ProtocolError
from idis.proto.identifier import IDENTIFIER_BYTES_MAX
from idis.proto.trace import MESSAGE_CHARACTERS_MAX, AskRow, EdgeRow, ExpandRequest, StoneRow
from idis.registry.trace.edge import Certainty, Edge, EdgeKind
from idis.registry.trace.expanding import BEGINNING_MS, Ask, Direction, Request, Step, Tombstone

_BEGINS_MS_MAX = 2**62  # as far from now as the beginning, so that there is room to count on
_AMOUNT_CHARACTERS_MAX = 64
_AMOUNT = re.compile(r"-?[0-9]+(\.[0-9]+)?(E[+-]?[0-9]{1,2})?")

_STEPS = tuple(Step)
_KINDS = {kind.value: kind for kind in EdgeKind}


def request_of(asked: ExpandRequest) -> Request:
    """The step that a message asks for."""
    return Request(
        Direction.FORWARD if asked.forward else Direction.BACK,
        tuple([Ask(*row) for row in asked.asks]),
        asked.as_of_ms,
        asked.known_ms,
        asked.lots,
    )


def ask_rows(asks: Iterable[Ask]) -> tuple[AskRow, ...]:
    """Asks for the wire."""
    return tuple([AskRow(*ask) for ask in asks])


def edge_rows(edges: Iterable[tuple[str, Edge]]) -> tuple[EdgeRow, ...]:
    """Edges for the wire, each with the thing it was found under."""
    return tuple(
        [
            EdgeRow(
                of,
                edge.kind.value,
                edge.certainty is Certainty.CERTAIN,
                edge.child,
                edge.parent,
                edge.from_ms,
                edge.to_ms,
                edge.recorded_ms,
                edge.retracted_ms,
                "" if edge.quantity is None else str(edge.quantity),
                edge.uom,
                "\n".join(edge.reasons) if edge.reasons else "",
                edge.source,
                edge.holder,
                edge.of_class,
            )
            for of, edge in edges
        ]
    )


def edge_of(row: EdgeRow) -> Edge:
    """An edge from the wire.

    Raises:
        ProtocolError: a name is too long, its times are impossible, or its amount is none.
    """
    if len(row.child) > IDENTIFIER_BYTES_MAX or len(row.parent) > IDENTIFIER_BYTES_MAX or len(row.holder) > IDENTIFIER_BYTES_MAX:
        raise ProtocolError("a name that is too long", offset=0)
    if not BEGINNING_MS <= row.from_ms <= _BEGINS_MS_MAX or row.to_ms < row.from_ms:
        raise ProtocolError("an edge at an impossible time", offset=0)
    return Edge(
        _KINDS[row.kind],
        row.child,
        row.parent,
        row.from_ms,
        row.to_ms,
        row.recorded_ms,
        row.retracted_ms,
        _amount(row.quantity) if row.quantity else None,
        row.uom,
        Certainty.CERTAIN if row.certain else Certainty.POSSIBLE,
        tuple(row.reasons.split("\n")) if row.reasons else (),
        row.source,
        row.holder,
        row.of_class,
    )


def _amount(text: str) -> Decimal:
    if len(text) > _AMOUNT_CHARACTERS_MAX or not _AMOUNT.fullmatch(text):
        raise ProtocolError("an amount that is no number", offset=0)
    return Decimal(text)


def stone_row(stone: Tombstone) -> StoneRow:
    """A tombstone for the wire."""
    message = stone.message[:MESSAGE_CHARACTERS_MAX]
    return StoneRow(stone.thing, stone.prefix, _STEPS.index(stone.step), stone.code, message, stone.retriable)


def stone_of(row: StoneRow) -> Tombstone:
    """A tombstone from the wire."""
    return Tombstone(row.thing, row.prefix, _STEPS[row.step], row.code, row.message, row.retriable)
