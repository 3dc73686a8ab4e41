"""Intervals: when one thing was inside another, from all that events say of the two (`tracing.md` §4.2).

Pure, and independent of the order in which events arrived: it is handed every fact, sorts them by what they say, and
tells. At equal times a DELETE comes before an ADD, so that an exchange within one moment is two intervals. What is
counted by quantity stays while something is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from idis.registry.trace.edge import ALWAYS_MS
from idis.registry.trace.event import Action

OBSERVED_ONLY = "observed only"
CLAIM = "claim without standing"
OVERLAP = "overlapping parents"

_ORDER = {Action.DELETE: 0, Action.ADD: 1, Action.OBSERVE: 2}


class Fact(NamedTuple):
    """What one event says of one content of one whole.

    Attributes:
        time_ms: when it happened.
        action: what happened to the content.
        event_id: who says so.
        holder: in whose name.
        of_class: so much of a class or lot, not one thing.
        quantity, uom: how much; None is an unknown amount.
        everything: the whole was emptied, no content is named.
        claim: whoever says so has no standing.
    """

    time_ms: int
    action: Action
    event_id: str
    holder: str = ""
    of_class: bool = False
    quantity: Decimal | None = None
    uom: str = ""
    everything: bool = False
    claim: bool = False


class Interval(NamedTuple):
    """The content was inside during `[from_ms, to_ms)`. `quantity` is what is left of it, or, once closed, the most there was."""

    from_ms: int
    to_ms: int
    event_id: str
    holder: str
    of_class: bool = False
    quantity: Decimal | None = None
    uom: str = ""
    reasons: tuple[str, ...] = ()


class Oddity(NamedTuple):
    """A fact that does not fit the others: `rule` names it."""

    rule: str
    fact: Fact


def intervals(facts: Iterable[Fact]) -> tuple[list[Interval], list[Oddity]]:
    """All intervals of one content in one whole, and what does not fit.

    Args:
        facts: of the content, and those that empty the whole.
    """
    facts = list(facts)
    if len(facts) == 1 and facts[0].action is Action.ADD and not facts[0].of_class:
        return [_interval(facts[0], ALWAYS_MS, None)], []  # as of most things that are new
    ordered = sorted(facts, key=lambda fact: (fact.time_ms, _ORDER[fact.action], fact.event_id))
    found: list[Interval] = []
    odd: list[Oddity] = []
    if any(not fact.everything and not fact.of_class for fact in ordered):
        _of_item([fact for fact in ordered if fact.everything or not fact.of_class], found, odd)
    for uom in sorted({fact.uom for fact in ordered if fact.of_class and fact.action is not Action.DELETE} or ()):
        _of_class([fact for fact in ordered if _concerns(fact, uom)], uom, found, odd)
    return found, odd


def overlapping(spans: Sequence[tuple[str, int, int]]) -> Iterator[int]:
    """Which of (parent, from, to) hold at one moment together with another parent's."""
    for at, (parent, begun, ended) in enumerate(spans):
        if any(other != parent and begin < ended and begun < end for other, begin, end in spans):
            yield at


def _concerns(fact: Fact, uom: str) -> bool:
    """An amount without unit and number empties every unit's."""
    return fact.everything or (
        fact.of_class and (fact.uom == uom or (fact.action is Action.DELETE and fact.quantity is None))
    )


def _of_item(facts: list[Fact], found: list[Interval], odd: list[Oddity]) -> None:
    opened: Fact | None = None
    for fact in facts:
        match fact.action:
            case Action.ADD if opened is None:
                opened = fact
            case Action.ADD:
                odd.append(Oddity("added twice", fact))
            case Action.DELETE if opened is not None:
                found.append(_interval(opened, fact.time_ms, None))
                opened = None
            case Action.DELETE if not fact.everything:
                odd.append(Oddity("removed without having been added", fact))
            case Action.OBSERVE if opened is None:
                odd.append(Oddity("observed without having been added", fact))
                found.append(_glimpse(fact))
    if opened is not None:
        found.append(_interval(opened, ALWAYS_MS, None))


def _of_class(facts: list[Fact], uom: str, found: list[Interval], odd: list[Oddity]) -> None:
    opened: Fact | None = None
    left: Decimal | None = Decimal(0)
    most: Decimal | None = left
    for fact in facts:
        match fact.action:
            case Action.ADD:
                if opened is None:
                    opened, left, most = fact, Decimal(0), Decimal(0)
                left = None if left is None or fact.quantity is None else left + fact.quantity
                most = None if left is None or most is None else max(most, left)
            case Action.DELETE if opened is None:
                if not fact.everything:
                    odd.append(Oddity("removed without having been added", fact))
            case Action.DELETE:
                assert opened is not None, "the case above took the others"
                emptied = fact.everything or fact.quantity is None
                if not emptied and left is not None and fact.quantity is not None:
                    left -= fact.quantity
                    if left < 0:
                        odd.append(Oddity("removed more than was added", fact))
                    emptied = left <= 0
                if emptied:
                    found.append(_interval(opened, fact.time_ms, most))
                    opened = None
            case Action.OBSERVE if opened is None:
                odd.append(Oddity("observed without having been added", fact))
                found.append(_glimpse(fact))
    if opened is not None:
        found.append(_interval(opened, ALWAYS_MS, left))


def _interval(opened: Fact, to_ms: int, quantity: Decimal | None) -> Interval:
    reasons = (CLAIM,) if opened.claim else ()
    return Interval(opened.time_ms, to_ms, opened.event_id, opened.holder, opened.of_class, quantity, opened.uom, reasons)


def _glimpse(fact: Fact) -> Interval:
    reasons = (OBSERVED_ONLY, CLAIM) if fact.claim else (OBSERVED_ONLY,)
    return Interval(
        fact.time_ms, fact.time_ms + 1, fact.event_id, fact.holder, fact.of_class, fact.quantity, fact.uom, reasons
    )
