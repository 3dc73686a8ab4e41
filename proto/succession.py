"""Identifiers that ended keep resolving, and tell what became of them: superseded, merged, split, transferred, withdrawn.

The end is a value of the record (`proto/types/successor.py`), so it is written, signed, kept from some or shown to all
like any other value. Whoever wants to be led on follows it, a bounded number of times and never in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from idis.proto.errors import DataError
from idis.proto.identifier import fold
from idis.proto.types.successor import SUCCESSOR_TYPE, Succession, decode_succession
from idis.proto.value import Value

FOLLOW_MAX = 8  # editions of one drawing between a label and today; a longer way is asked for in parts


def succession_of(values: Iterable[Value]) -> Succession | None:
    """What became of the identifier of a record, told by the first of its values that says so; None while it is in use."""
    for value in values:
        if len(value.type) == len(SUCCESSOR_TYPE) and fold(value.type) == SUCCESSOR_TYPE:
            try:
                return decode_succession(value.data)
            except DataError:
                continue  # of a node that did not check it
    return None


@dataclass(slots=True)
class Following:
    """The way from an identifier to what stands in its place now.

    Attributes:
        steps: what was passed: each identifier with its end.
        ended: why the way stopped before an identifier in use; empty while it has not.
    """

    steps: list[tuple[str, Succession]] = field(default_factory=list)
    ended: str = ""
    _seen: set[str] = field(default_factory=set)

    def next(self, identifier: str, values: Iterable[Value]) -> str:
        """Where to go from an identifier with these values; empty when it is in use, or when the way ends here."""
        succession = succession_of(values)
        if succession is None:
            return ""
        self.steps.append((identifier, succession))
        self._seen.add(fold(identifier))
        successor = succession.sole
        if not successor:
            self.ended = "it was withdrawn" if not succession.successors else "it was split: choose one of its successors"
        elif fold(successor) in self._seen:
            self.ended = f"{successor} leads back to itself"
        elif len(self.steps) >= FOLLOW_MAX:
            self.ended = f"more than {FOLLOW_MAX} successors, one after the other: go on from {successor}"
        return "" if self.ended else successor
