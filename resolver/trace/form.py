"""Steps and edges of the registry as the wire has them, and back (`proto/trace.py`)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

from idis.proto.errors import ProtocolError
from idis.proto.trace import MESSAGE_CHARACTERS_MAX, AskRow, EdgeRow, ExpandRequest, StoneRow
from idis.registry.trace.edge import Certainty, Edge, EdgeKind
from idis.registry.trace.expanding import Ask, Direction, Request, Step, Tombstone

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


def edge_row(of: str, edge: Edge) -> EdgeRow:
    """An edge for the wire."""
    return EdgeRow(
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
        "\n".join(edge.reasons),
        edge.source,
        edge.holder,
    )


def edge_of(row: EdgeRow) -> Edge:
    """An edge from the wire.

    Raises:
        ProtocolError: its amount is no number.
    """
    try:
        quantity = Decimal(row.quantity) if row.quantity else None
    except InvalidOperation:
        raise ProtocolError("an amount that is no number", offset=0) from None
    return Edge(
        _KINDS[row.kind],
        row.child,
        row.parent,
        row.from_ms,
        row.to_ms,
        row.recorded_ms,
        row.retracted_ms,
        quantity,
        row.uom,
        Certainty.CERTAIN if row.certain else Certainty.POSSIBLE,
        tuple(row.reasons.split("\n")) if row.reasons else (),
        row.source,
        row.holder,
    )


def stone_row(stone: Tombstone) -> StoneRow:
    """A tombstone for the wire."""
    message = stone.message[:MESSAGE_CHARACTERS_MAX]
    return StoneRow(stone.thing, stone.prefix, _STEPS.index(stone.step), stone.code, message, stone.retriable)


def stone_of(row: StoneRow) -> Tombstone:
    """A tombstone from the wire."""
    return Tombstone(row.thing, row.prefix, _STEPS[row.step], row.code, row.message, row.retriable)
