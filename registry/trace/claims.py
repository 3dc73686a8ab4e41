"""Claims: what several say of one thing that cannot all be so (`tracing.md` §4.5 rule 11, §7.2 e). Pure.

A node marks what events told it of one thing in two wholes at once (`contents.py`). Where each enterprise has told its own
node, or one has told by an event and another in a record, whoever reads the edges of all of them is the first to see it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from idis.registry.trace.edge import Certainty, Edge, EdgeKind
from idis.registry.trace.intervals import OVERLAP

CONFLICTS_MAX = 100  # reported
TWO_WHOLES = "two wholes at once"

_INSIDE = (EdgeKind.PART_OF, EdgeKind.PACKED_IN)
_CERTAIN = Certainty.CERTAIN
_NOTHING = Edge(EdgeKind.PART_OF, "", "", -(2**63), -(2**63))
_NEVER = Edge(EdgeKind.PART_OF, "", "", 2**63)


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
        marked = _at_once(told) if len(told) > 1 else ()
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


def _at_once(told: Sequence[Edge]) -> list[Edge]:
    """Those that hold at one moment together with another whole's.

    Looked through once each way, in the order of their beginning: whoever answers may tell of thousands.
    """
    ordered = sorted((edge for edge in told if edge.from_ms < edge.to_ms), key=lambda edge: edge.from_ms)
    marked = set()
    longest = beside = _NOTHING  # of those that began before: the one that ends last, and the last of all other wholes
    for at, edge in enumerate(ordered):
        other = beside if longest.parent == edge.parent else longest
        if edge.from_ms < other.to_ms:
            marked.add(at)
        if edge.to_ms > longest.to_ms:
            beside = beside if longest.parent == edge.parent else longest
            longest = edge
        elif edge.parent != longest.parent and edge.to_ms > beside.to_ms:
            beside = edge
    following, further = _NEVER, _NEVER  # of those that begin after: the next one, and the next of all other wholes
    for at in range(len(ordered) - 1, -1, -1):
        edge = ordered[at]
        other = further if following.parent == edge.parent else following
        if other.from_ms < edge.to_ms:
            marked.add(at)
        further = further if following.parent == edge.parent else following
        following = edge
    return [ordered[at] for at in sorted(marked)]


def _by_content(edges: Iterable[Edge]) -> Iterable[Sequence[Edge]]:
    """What is claimed of each thing."""
    found: dict[tuple[EdgeKind, str], list[Edge]] = {}
    for edge in edges:
        if is_claim(edge):
            found.setdefault((edge.kind, edge.child), []).append(edge)
    return found.values()
