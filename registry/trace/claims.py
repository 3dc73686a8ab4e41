"""Claims: what several say of one thing that cannot all be so (`tracing.md` §4.5 rule 11, §7.2 e). Pure.

A node marks what events told it of one thing in two wholes at once (`contents.py`). Where each enterprise has told its own
node, or one has told by an event and another in a record, whoever reads the edges of all of them is the first to see it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from idis.registry.trace.edge import Certainty, Edge, EdgeKind
from idis.registry.trace.intervals import OVERLAP, overlapping

CONFLICTS_MAX = 100  # reported
TWO_WHOLES = "two wholes at once"

_INSIDE = (EdgeKind.PART_OF, EdgeKind.PACKED_IN)
_CERTAIN = Certainty.CERTAIN


@dataclass(frozen=True, slots=True)
class Conflict:
    """What is claimed of one thing and cannot all be so.

    Attributes:
        rule: why not, as gaps name it.
        thing: the thing.
        claims: the edges; each names who says so, and by which event or record.
    """

    rule: str
    thing: str
    claims: tuple[Edge, ...]


def contested(edges: Iterable[Edge]) -> Iterator[Edge]:
    """Those by which a thing is in two wholes at once, as two holders say: none of them is beyond doubt.

    Of edges whose reasons are hidden, one holder may have marked them.
    """
    for told in _by_content(edges):
        spans = [(edge.parent, edge.from_ms, edge.to_ms) for edge in told]
        marked = [told[at] for at in overlapping(spans)]
        hidden = any(edge.certainty is not _CERTAIN and not edge.reasons for edge in marked)
        if hidden or len({edge.holder for edge in marked}) > 1:
            yield from marked


def is_claim(edge: Edge) -> bool:
    """Whether an edge says what one thing is in; so much of a lot may be in many wholes."""
    return edge.kind in _INSIDE and not edge.of_class


def doubted(edge: Edge) -> Edge:
    """An edge that is contested."""
    if OVERLAP in edge.reasons:
        return edge
    return edge._replace(certainty=Certainty.POSSIBLE, reasons=(*edge.reasons, OVERLAP))


def conflicts(edges: Iterable[Edge]) -> tuple[Conflict, ...]:
    """What cannot all be so in edges that are marked, whoever marked them."""
    found = {}
    for edge in edges:
        if edge.certainty is not _CERTAIN and OVERLAP in edge.reasons:
            found[edge.kind, edge.child, edge.parent, edge.from_ms, edge.holder] = edge
    marked = sorted(found.values(), key=lambda edge: (edge.child, edge.from_ms, edge.parent, edge.holder))
    return tuple(Conflict(TWO_WHOLES, told[0].child, tuple(told)) for told in _by_content(marked))[:CONFLICTS_MAX]


def _by_content(edges: Iterable[Edge]) -> Iterable[Sequence[Edge]]:
    """What is claimed of each thing."""
    found: dict[tuple[EdgeKind, str], list[Edge]] = {}
    for edge in edges:
        if is_claim(edge):
            found.setdefault((edge.kind, edge.child), []).append(edge)
    return found.values()
