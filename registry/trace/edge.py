"""The edge: one fact of genealogy between two things, in time (`tracing.md` §1, §4.4).

An edge reads from the part to the whole, or from the result to its source. It holds during `[from_ms, to_ms)`; it was known
to this node during `[recorded_ms, retracted_ms)`. Identifiers are in the one spelling `registry/trace/things.py` gives.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import NamedTuple, Protocol

ALWAYS_MS = 2**63 - 1  # an end that has not come


class EdgeKind(Enum):
    """What joins child and parent."""

    MEMBER_OF = "M"  # item → lot, lot → class
    MADE_FROM = "T"  # output → input
    PART_OF = "A"  # installed child → parent
    PACKED_IN = "G"  # content → container
    SUCCEEDS = "X"  # new → old: the same life of a thing

    __hash__ = object.__hash__  # each member is one object; the hash of an enumeration is ten times dearer, and tables ask for it


class Certainty(Enum):
    """Whether an edge is beyond doubt; a path is as certain as its weakest edge."""

    CERTAIN = "certain"
    POSSIBLE = "possible"


class Edge(NamedTuple):
    """One edge. A tuple: a walk reads many thousands.

    Attributes:
        kind: what joins the two.
        child: the part, content, result or successor.
        parent: the whole, container, source or predecessor.
        from_ms, to_ms: when it held, unix time in milliseconds; `to_ms` is ALWAYS_MS while it holds.
        recorded_ms, retracted_ms: since when and until when this node took it for true.
        quantity, uom: how much of the child, where that is known.
        certainty: and `reasons`: which rules made it possible only.
        source: the event id, or the identifier of the record, that says so.
        holder: the folded prefix in whose name it was said.
        of_class: its child is so much of a class or lot, not one thing.
    """

    kind: EdgeKind
    child: str
    parent: str
    from_ms: int
    to_ms: int = ALWAYS_MS
    recorded_ms: int = 0
    retracted_ms: int = ALWAYS_MS
    quantity: Decimal | None = None
    uom: str = ""
    certainty: Certainty = Certainty.CERTAIN
    reasons: tuple[str, ...] = ()
    source: str = ""
    holder: str = ""
    of_class: bool = False

    def other_end(self, thing: str) -> str:
        """What it joins a thing with."""
        return self.parent if self.child == thing else self.child


class Recorded(Protocol):
    """Whatever this node took for true for a while."""

    @property
    def recorded_ms(self) -> int:
        """Since when."""

    @property
    def retracted_ms(self) -> int:
        """Until when; ALWAYS_MS while it does."""


def is_known(told: Recorded, known_ms: int | None) -> bool:
    """Whether something was taken for true at a moment; None is now."""
    if known_ms is None:
        return told.retracted_ms == ALWAYS_MS
    return told.recorded_ms <= known_ms < told.retracted_ms
