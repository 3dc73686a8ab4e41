"""Revising: edges as they are stored become edges as they should be, and nothing that was believed is forgotten."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from idis.registry.store.base import ReadTxn
from idis.registry.trace import rows
from idis.registry.trace.edge import ALWAYS_MS, Edge, EdgeKind

EDGES_AT_ONCE_MAX = 100_000  # of one thing, one kind; more of one moment is no genealogy


class Stored(NamedTuple):
    """An edge with the tag of its rows."""

    edge: Edge
    tag: bytes = rows.EVENTS

    @property
    def place(self) -> tuple[EdgeKind, str, str, int, bytes]:
        """Of all edges with one place, one at most is believed at a time."""
        edge = self.edge
        return edge.kind, edge.child, edge.parent, edge.from_ms, self.tag

    def rows(self) -> dict[bytes, bytes]:
        """Its two rows."""
        return rows.rows_of(self.edge, self.tag)


def believed(txn: ReadTxn, child: str, spans: Iterable[tuple[bytes, bytes]]) -> list[Stored]:
    """The edges under a child, in some spans of its rows, that are not retracted."""
    return believed_of(txn, {child: list(spans)})[child]


def believed_of(txn: ReadTxn, spans_of: Mapping[str, Sequence[tuple[bytes, bytes]]]) -> dict[str, list[Stored]]:
    """`believed` of several children, each with its spans."""
    found: dict[str, list[Stored]] = {child: [] for child in spans_of}
    asked = [(child, span) for child, spans in spans_of.items() for span in spans]
    told = txn.edge_spans((span for _, span in asked), EDGES_AT_ONCE_MAX * len(found))
    for (child, _), span in zip(asked, told, strict=False):
        for key, row in span:
            edge = rows.edge_of(key, row, child)
            if edge.retracted_ms == ALWAYS_MS:
                found[child].append(Stored(edge, rows.edge_tag(key)))
    return found


def revise(current: Collection[Stored], wanted: Iterable[Stored], now_ms: int) -> dict[bytes, bytes]:
    """The rows that make what is believed what should be.

    Args:
        current: what is believed.
        wanted: what should be, `recorded_ms` being `now_ms` in all of it.
        now_ms: since when it is known, unix time in milliseconds.
    """
    changed: dict[bytes, bytes] = {}
    if not current:  # as with most of what is told of things that are new
        for item in wanted:
            changed.update(item.rows())
        return changed
    due = {item.place: item for item in wanted}
    for old in current:
        new = due.get(old.place)
        if new is not None and new.edge._replace(recorded_ms=old.edge.recorded_ms) == old.edge:
            del due[old.place]
        elif old.edge.recorded_ms >= now_ms:
            changed.update(dict.fromkeys(old.rows(), b""))  # believed for no time at all
        else:
            changed.update(old._replace(edge=old.edge._replace(retracted_ms=now_ms)).rows())
    for new in due.values():
        changed.update(new.rows())
    return changed
