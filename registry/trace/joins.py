"""Joins: what came out of a transformation was made from what went in, told by one event or by several (`tracing.md` §4.3).

Pure, and independent of the order in which events arrived: all parts of one process are handed in, and every output is
joined to every input.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from idis.registry.trace.intervals import CLAIM

MIXED = "several inputs and outputs without evidence for each pair"
PRECEDES = "output precedes input"

HOMOGENEOUS, DISCRETE = "homogeneous", "discrete"
PIECES = frozenset({"", "C62", "EA", "H87", "PCE", "NMB"})  # Rec 20: units that count things


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that went in or came out.

    Attributes:
        output: it came out.
        thing: its spelling.
        time_ms: of the event.
        event_id: who says so.
        holder: in whose name.
        of_class: so much of a class or lot, not one thing.
        quantity, uom: how much; None is an unknown amount.
        mixing: what the event says of mixing: homogeneous, discrete, or nothing.
        claim: whoever says so has no standing.
    """

    output: bool
    thing: str
    time_ms: int
    event_id: str
    holder: str = ""
    of_class: bool = False
    quantity: Decimal | None = None
    uom: str = ""
    mixing: str = ""
    claim: bool = False


@dataclass(frozen=True, slots=True)
class Join:
    """The output was made from the input at a moment; `quantity` of the input went in."""

    output: str
    input: str
    time_ms: int
    event_id: str
    holder: str
    quantity: Decimal | None
    uom: str
    reasons: tuple[str, ...]


@dataclass(slots=True)
class Process:
    """All parts of one process."""

    inputs: dict[str, list[Part]] = field(default_factory=dict)
    outputs: dict[str, list[Part]] = field(default_factory=dict)

    @classmethod
    def of(cls, parts: Iterable[Part]) -> Process:
        """Sorted by side and thing."""
        process = cls()
        for part in parts:
            side = process.outputs if part.output else process.inputs
            side.setdefault(part.thing, []).append(part)
        return process

    @property
    def mixed(self) -> bool:
        """Whether nobody knows which input is in which output."""
        if len(self.inputs) < 2 or len(self.outputs) < 2:
            return False
        parts = [part for side in (self.inputs, self.outputs) for things in side.values() for part in things]
        said = {part.mixing for part in parts}
        if DISCRETE in said or HOMOGENEOUS in said:
            return DISCRETE in said
        return any(part.output and (not part.of_class or part.uom in PIECES) for part in parts)

    def joins(self, touching: set[str] | None = None) -> Iterator[Join]:
        """Every pair, or only those with one of some things."""
        mixed = (MIXED,) if self.mixed else ()
        for output, made in self.outputs.items():
            for source, consumed in self.inputs.items():
                if output != source and (touching is None or output in touching or source in touching):
                    yield from _pair(made, consumed, mixed)

    def without(self, event_id: str) -> Process:
        """As it was before an event."""
        kept = (part for side in (self.inputs, self.outputs) for things in side.values() for part in things)
        return Process.of(part for part in kept if part.event_id != event_id)


def _pair(made: list[Part], consumed: list[Part], mixed: tuple[str, ...]) -> Iterator[Join]:
    quantity, uom = _amount(consumed)
    first = min(part.time_ms for part in consumed)
    sure = any(not part.claim for part in consumed)
    for time_ms in sorted({part.time_ms for part in made}):
        parts = [part for part in made if part.time_ms == time_ms]
        told = min(parts, key=lambda part: (part.claim, part.event_id))
        reasons = mixed
        if first > time_ms:
            reasons += (PRECEDES,)
        if told.claim or not sure:
            reasons += (CLAIM,)
        yield Join(told.thing, consumed[0].thing, time_ms, told.event_id, told.holder, quantity, uom, reasons)


def _amount(parts: list[Part]) -> tuple[Decimal | None, str]:
    """The sum, where all of it is known in one unit: nothing is multiplied through mixed units."""
    units = {part.uom for part in parts}
    amounts = [part.quantity for part in parts]
    if len(units) != 1 or None in amounts:
        return None, ""
    return sum((amount for amount in amounts if amount is not None), Decimal(0)), units.pop()
