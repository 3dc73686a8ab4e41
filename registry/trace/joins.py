"""Joins: what came out of a transformation was made from what went in, told by one event or by several (`tracing.md` §4.3).

Pure, and independent of the order in which events arrived: all parts of one process are handed in, and every output is
joined to every input.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from idis.registry.trace.intervals import CLAIM

MIXED = "several inputs and outputs without evidence for each pair"
PRECEDES = "output precedes input"

HOMOGENEOUS, DISCRETE = "homogeneous", "discrete"
PIECES = frozenset({"", "C62", "EA", "H87", "PCE", "NMB"})  # Rec 20: units that count things


class Part(NamedTuple):
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


class Join(NamedTuple):
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
        sources = [_Source.of(consumed) for consumed in self.inputs.values()]
        for output, made in self.outputs.items():
            told = list(_tellings(made))
            for source in sources:
                if output != source.thing and (touching is None or output in touching or source.thing in touching):
                    yield from (source.join(part, mixed) for part in told)

    def joins_alike(self) -> Iterator[tuple[Join, list[str]]]:
        """All pairs of a process that one event tells of: one for each input, and the outputs that have it alike."""
        mixed = (MIXED,) if self.mixed else ()
        for consumed in self.inputs.values():
            source = _Source.of(consumed)
            outputs = [output for output in self.outputs if output != source.thing]
            if outputs:
                yield source.join(self.outputs[outputs[0]][0], mixed), outputs

    def without(self, event_id: str) -> Process:
        """As it was before an event."""
        kept = (part for side in (self.inputs, self.outputs) for things in side.values() for part in things)
        return Process.of(part for part in kept if part.event_id != event_id)


class _Source(NamedTuple):
    """All that went in of one thing, in one."""

    thing: str
    first_ms: int
    sure: bool
    quantity: Decimal | None
    uom: str

    @classmethod
    def of(cls, parts: list[Part]) -> _Source:
        first_ms = min(part.time_ms for part in parts)
        return cls(parts[0].thing, first_ms, any(not part.claim for part in parts), *_amount(parts))

    def join(self, made: Part, mixed: tuple[str, ...]) -> Join:
        reasons = mixed
        if self.first_ms > made.time_ms:
            reasons += (PRECEDES,)
        if made.claim or not self.sure:
            reasons += (CLAIM,)
        return Join(made.thing, self.thing, made.time_ms, made.event_id, made.holder, self.quantity, self.uom, reasons)


def _tellings(made: list[Part]) -> Iterator[Part]:
    """Of each moment at which an output came out, the part that tells best of it."""
    if len(made) == 1:
        yield made[0]
        return
    for time_ms in sorted({part.time_ms for part in made}):
        yield min((part for part in made if part.time_ms == time_ms), key=lambda part: (part.claim, part.event_id))


def _amount(parts: list[Part]) -> tuple[Decimal | None, str]:
    """The sum, where all of it is known in one unit: nothing is multiplied through mixed units."""
    units = {part.uom for part in parts}
    amounts = [part.quantity for part in parts]
    if len(units) != 1 or None in amounts:
        return None, ""
    return sum((amount for amount in amounts if amount is not None), Decimal(0)), units.pop()
