"""Gaps: what is missing or does not fit in what is known of a thing (`tracing.md` §4.5, §7). Findings, never refusals.

Partners are incomplete, so nothing here is an error of whoever wrote it; each finding says what to look for next. They are
found when asked for, from all that is known then, so that what comes late closes a gap by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from idis.proto.errors import IdentifierError
from idis.registry.pilots.schema import DataType, Field
from idis.registry.pilots.table import object_type_named
from idis.registry.store.base import ReadTxn
from idis.registry.trace import rows
from idis.registry.trace.contents import CONTENT_KINDS, oddities
from idis.registry.trace.edge import ALWAYS_MS, Edge, EdgeKind
from idis.registry.trace.event import Action, EventType
from idis.registry.trace.fields import items_of
from idis.registry.trace.held import answers_for, record_of, texts_of
from idis.registry.trace.intervals import OVERLAP
from idis.registry.trace.life import Moment, Role, moments
from idis.registry.trace.lookups import edges_under
from idis.registry.trace.rows import EDGES, Slot
from idis.registry.trace.things import Spelling

EDGES_MAX = 10_000  # of one thing
RECORDS_PER_PAGE = 256
PAPERS = frozenset({"certificate", "certificates", "millCertificate", "coa", "sds", "factoryReport", "release", "qualification"})

SHIPPING = frozenset({"shipping", "departing"})
RECEIVING = frozenset({"receiving", "accepting", "arriving"})


@dataclass(frozen=True, slots=True)
class Gap:
    """One finding.

    Attributes:
        rule: its short name.
        thing: which thing it is about.
        other: the other thing, event or field it is about.
        time_ms: of the event that shows it; None where there is none.
        text: one sentence.
        advice: what to do next.
    """

    rule: str
    thing: str
    other: str
    time_ms: int | None
    text: str
    advice: str


@dataclass(frozen=True, slots=True)
class Quality:
    """How complete the genealogies of a prefix are.

    Attributes:
        prefix: folded.
        things: how many records were looked at.
        flawless: how many of them have no gap.
        gaps: by rule, how many.
        after: the last key looked at; None when those were all.
    """

    prefix: str
    things: int
    flawless: int
    gaps: tuple[tuple[str, int], ...]
    after: bytes | None

    @property
    def score(self) -> float:
        """The share without a gap; 1 where there is nothing."""
        return self.flawless / self.things if self.things else 1.0


def gaps(txn: ReadTxn, thing: str, spelling: Spelling, *, at_ms: int) -> tuple[Gap, ...]:
    """All gaps of a thing in one store.

    Args:
        txn: the store.
        thing: in its one spelling.
        spelling: of the node, for the references of its record.
        at_ms: now: papers are judged by it where no event says when they were needed.
    """
    life = moments(txn, thing)
    edges, _ = edges_under(txn, thing, *EDGES, EDGES_MAX)
    found = [*_of_life(thing, life), *_of_contents(txn, thing, life, edges), *_of_amounts(thing, life)]
    found.extend(_of_origins(txn, thing, edges))
    found.extend(_of_record(txn, thing, spelling, life, at_ms))
    found.sort(key=lambda gap: (gap.time_ms is None, gap.time_ms or 0, gap.rule, gap.other))
    return tuple(found)


def quality(
    txn: ReadTxn, prefix: str, spelling: Spelling, *, at_ms: int, after: bytes | None = None, limit: int = RECORDS_PER_PAGE
) -> Quality:
    """The gaps of the records of one folded prefix, a page of them."""
    counts: dict[str, int] = {}
    things = flawless = 0
    page = txn.records(prefix, after, limit)
    for _, record in page:
        if record.live:
            found = gaps(txn, spelling.name(record.identifier), spelling, at_ms=at_ms)
            things += 1
            flawless += not found
            for gap in found:
                counts[gap.rule] = counts.get(gap.rule, 0) + 1
    return Quality(prefix, things, flawless, tuple(sorted(counts.items())), page[-1][0] if len(page) == limit else None)


def _of_life(thing: str, life: list[Moment]) -> Iterator[Gap]:
    ended: Moment | None = None
    shipped: Moment | None = None
    received: Moment | None = None
    for moment in life:
        step = moment.biz_step.rpartition("-")[2]
        if ended is not None and moment.time_ms > ended.time_ms:
            text = "it was seen after it had ceased to exist"
            yield Gap("seen after its end", thing, moment.event_id, moment.time_ms, text, "check the event that ended it")
        if moment.type is EventType.OBJECT and moment.action is Action.DELETE:
            ended = moment
        if moment.type is EventType.OBJECT and moment.action is Action.ADD and moment is not life[0] and not moment.quantity:
            text = "it was made after it had been seen"
            yield Gap("seen before its making", thing, moment.event_id, moment.time_ms, text, "check the times of both events")
        if step in SHIPPING:
            shipped = moment
        elif step in RECEIVING:
            if shipped is None and received is None:
                text = "it was received and never shipped"
                yield Gap("never shipped", thing, moment.event_id, moment.time_ms, text, "ask the sender for the shipping event")
            shipped, received = None, moment
    if shipped is not None:
        text = "it was shipped and never received"
        yield Gap("never received", thing, shipped.event_id, shipped.time_ms, text, "ask the receiver")


def _of_contents(txn: ReadTxn, thing: str, life: list[Moment], edges: list[Edge]) -> Iterator[Gap]:
    wholes = {(moment.other, CONTENT_KINDS[moment.type]) for moment in life if moment.role is Role.CONTENT and moment.other}
    for whole, kind in sorted(wholes, key=lambda pair: (pair[0], pair[1].value)):
        for odd in oddities(txn, thing, whole, kind):
            text = f"{odd.rule}: {thing} in {whole}"
            yield Gap(odd.rule, thing, odd.fact.event_id, odd.fact.time_ms, text, "look for the missing event of this whole")
    for edge in edges:
        if edge.child == thing and OVERLAP in edge.reasons:
            text = f"it was in {edge.parent} and in another one at once"
            yield Gap("two wholes at once", thing, edge.parent, edge.from_ms, text, "look for the removal from one of them")
    shipped = [moment for moment in life if moment.biz_step.rpartition("-")[2] in SHIPPING]
    for moment in shipped:
        for edge in edges:
            held = edge.kind is EdgeKind.PACKED_IN and edge.child == thing and edge.from_ms <= moment.time_ms < edge.to_ms
            if held and not _shipped_by(txn, edge.parent, moment.time_ms):
                text = f"it was shipped inside {edge.parent}, which was not"
                advice = "unpack it, or ship the container"
                yield Gap("shipped without its container", thing, edge.parent, moment.time_ms, text, advice)
    yield from _contradictions(thing, edges)


def _contradictions(thing: str, edges: list[Edge]) -> Iterator[Gap]:
    """What a record says and events say otherwise."""
    told = [edge for edge in edges if edge.child == thing and edge.kind is EdgeKind.PART_OF]
    by_events = [edge for edge in told if edge.source != thing]
    for edge in told:
        if edge.source == thing and by_events:
            agreeing = [other for other in by_events if other.parent == edge.parent]
            if not agreeing or (edge.to_ms == ALWAYS_MS) != any(other.to_ms == ALWAYS_MS for other in agreeing):
                text = f"its record says that it is part of {edge.parent}, events say otherwise"
                yield Gap("record against events", thing, edge.parent, edge.from_ms, text, "correct the record or the events")


def _of_amounts(thing: str, life: list[Moment]) -> Iterator[Gap]:
    """What is counted by quantity cannot be used up beyond what was made."""
    made: dict[str, Decimal] = {}
    used: dict[str, tuple[Decimal, Moment]] = {}
    for moment in life:
        if moment.quantity is None:
            continue
        if moment.role is Role.OUTPUT or (moment.role is Role.OBJECT and moment.action is Action.ADD):
            made[moment.uom] = made.get(moment.uom, Decimal(0)) + moment.quantity
        elif moment.role is Role.INPUT:
            used[moment.uom] = (used.get(moment.uom, (Decimal(0), moment))[0] + moment.quantity, moment)
    for uom, (amount, moment) in used.items():
        if uom in made and amount > made[uom]:
            text = f"{amount} {uom} were used of {made[uom]} {uom} that were made".replace("  ", " ")
            advice = "look for a missing making or a wrong unit"
            yield Gap("used more than made", thing, moment.event_id, moment.time_ms, text, advice)


def _of_origins(txn: ReadTxn, thing: str, edges: list[Edge]) -> Iterator[Gap]:
    for edge in edges:
        if edge.kind is EdgeKind.MADE_FROM and edge.child == thing and not _exists(txn, edge.parent):
            text = f"it was made from {edge.parent}, of which nothing is known here"
            yield Gap("unknown input", thing, edge.parent, edge.from_ms, text, "ask its supplier, or register it")


def _of_record(txn: ReadTxn, thing: str, spelling: Spelling, life: list[Moment], at_ms: int) -> Iterator[Gap]:
    record = record_of(txn, thing)
    if record is None:
        if answers_for(txn, thing):
            yield Gap("not registered", thing, "", None, "events name it, and it has no record", "register it")
        return
    texts = texts_of(record)
    kind = object_type_named(texts.get("TEMPLATE_ID", ""))
    if kind is None:
        return
    for field in kind.fields:
        text = texts.get(field.name, "")
        if field.name in PAPERS and not text and (field.required != "o" or field.name == "certificate"):
            words = f"{field.name} ({field.chinese}) is missing{', needed ' + field.condition if field.condition else ''}"
            yield Gap("missing paper", thing, field.name, None, words, "attach it to the record")
        if text and field.type in (DataType.REFERENCE, DataType.REFERENCES):
            yield from _of_references(txn, thing, field, text, spelling, life, at_ms)


def _of_references(
    txn: ReadTxn, thing: str, field: Field, text: str, spelling: Spelling, life: list[Moment], at_ms: int
) -> Iterator[Gap]:
    needed_ms = life[-1].time_ms if life else at_ms
    for reference, _, _ in items_of(text):
        try:
            other = spelling.name(reference)
        except IdentifierError:
            continue  # a value that was never checked
        record = record_of(txn, other)
        if record is None:
            if answers_for(txn, other) and "/" in other:
                words = f"{field.name} names {other}, which is not registered"
                yield Gap("dead link", thing, other, None, words, "register it, or correct the field")
        elif field.name in PAPERS and (until := texts_of(record).get("validUntil")) and _day_ms(until) < needed_ms:
            words = f"{other} was valid until {until}"
            yield Gap("paper out of date", thing, other, needed_ms, words, "attach the one that was valid")


def _day_ms(text: str) -> int:
    try:
        return int(datetime.fromisoformat(f"{text[:10]}T23:59:59+00:00").timestamp() * 1000)
    except ValueError:
        return ALWAYS_MS


def _exists(txn: ReadTxn, thing: str) -> bool:
    """Whether anything says where it comes from: a record, an event that makes it, an origin of its own."""
    if record_of(txn, thing) is not None or not answers_for(txn, thing):
        return True  # elsewhere somebody may know
    (found,) = txn.edge_spans([rows.span(thing, Slot.MEMBER_OF, Slot.MADE_FROM)], 1)
    if found:
        return True
    life = moments(txn, thing)
    return any(moment.role is Role.OUTPUT or (moment.role is Role.OBJECT and moment.action is Action.ADD) for moment in life)


def _shipped_by(txn: ReadTxn, container: str, time_ms: int) -> bool:
    life = moments(txn, container, since_ms=time_ms)
    return any(moment.biz_step.rpartition("-")[2] in SHIPPING for moment in life)
