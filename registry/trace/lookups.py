"""Look-ups: what a store holds under one thing, as rows and as edges."""

from __future__ import annotations

from idis.registry.store.base import ReadTxn
from idis.registry.trace import rows
from idis.registry.trace.edge import Edge, is_known
from idis.registry.trace.rows import Slot


def row_at(txn: ReadTxn, key: bytes) -> bytes | None:
    """The row of exactly one key."""
    (found,) = txn.edge_spans([(key, key + b"\x00")], 1)
    return found[0][1] if found else None


def edges_under(
    txn: ReadTxn, thing: str, first: Slot, last: Slot, limit: int, known_ms: int | None = None
) -> tuple[list[Edge], bool]:
    """The edges of a thing in the slots from one to another, inclusive, and whether those are all.

    Args:
        txn: the store.
        thing: in its one spelling.
        first, last: which slots.
        limit: the most rows that are read, those of edges no longer believed too.
        known_ms: what was believed then; None is now.
    """
    (found,) = txn.edge_spans([rows.span(thing, first, last)], limit)
    edges = (rows.edge_of(key, row, thing) for key, row in found)
    return [edge for edge in edges if is_known(edge, known_ms)], len(found) < limit
