"""Contents: what is packed into or installed in what, from aggregation and association events (`tracing.md` §4.2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from idis.registry.store.base import ReadTxn
from idis.registry.trace import rows
from idis.registry.trace.edge import ALWAYS_MS, Certainty, Edge, EdgeKind
from idis.registry.trace.event import Action, EventType
from idis.registry.trace.intervals import OVERLAP, Fact, Interval, Oddity, intervals, overlapping
from idis.registry.trace.revising import Stored, believed_of, revise
from idis.registry.trace.rows import UP, Slot
from idis.registry.trace.saying import Saying

CONTENT_KINDS = {EventType.AGGREGATION: EdgeKind.PACKED_IN, EventType.ASSOCIATION: EdgeKind.PART_OF}
FACTS_MAX = 1_000_000  # of one whole: a returnable container in use for a century

_ACTIONS = tuple(Action)
_OF_CLASS, _CLAIM, _EVERYTHING = 1, 2, 4
_MEMBERS = 9
_BEHIND = b"\xff" * 17  # what follows the name of a content in a key is a time and a tag
_EMPTIED = rows.head("")  # in place of a content: the whole was emptied
_UPWARDS = {kind: (bytes((UP[kind],)), bytes((UP[kind] + 1,))) for kind in CONTENT_KINDS.values()}
_KIND_NUMBERS = {EdgeKind.PART_OF: 1, EdgeKind.PACKED_IN: 2}


class _Noted(NamedTuple):
    """A fact where it lies. `child` is empty when the whole was emptied."""

    child: str
    fact: Fact
    recorded_ms: int
    retracted_ms: int = ALWAYS_MS


def note_contents(txn: ReadTxn, saying: Saying) -> dict[bytes, bytes]:
    """The rows that an aggregation or association adds and changes."""
    rows_of_new = _note_new(txn, saying)
    return _settle(txn, saying, list(_facts(saying))) if rows_of_new is None else rows_of_new


def withdraw_contents(txn: ReadTxn, saying: Saying) -> dict[bytes, bytes]:
    """The rows that change when it was an error."""
    return _settle(txn, saying, [noted._replace(retracted_ms=saying.recorded_ms) for noted in _facts(saying)])


def oddities(txn: ReadTxn, child: str, parent: str, kind: EdgeKind) -> list[Oddity]:
    """What does not fit in what events say of one content in one whole."""
    if kind not in _KIND_NUMBERS:
        return []
    facts = [noted.fact for noted in _read(txn, parent, kind, child) if noted.retracted_ms == ALWAYS_MS]
    return intervals(facts)[1]


def _note_new(txn: ReadTxn, saying: Saying) -> dict[bytes, bytes] | None:
    """Of things added of which nothing else is told, which are most: the same as `_settle` would, in one go.

    None for whatever else an event says, or things that something is known of.
    """
    event = saying.event
    if event.action is not Action.ADD or not event.parent or not event.child_epcs or event.child_quantities:
        return None
    kind, parent = CONTENT_KINDS[event.type], saying.spelling.name(event.parent)
    heads = {child: rows.head(child) for child in map(saying.spelling.name, event.child_epcs)}
    facts, up = _facts_of(parent, kind), _UPWARDS[kind]
    places = [facts + head for head in heads.values()]
    spans = [(place, place + _BEHIND) for place in (facts + _EMPTIED, *places)]
    spans += [(head + up[0], head + up[1]) for head in heads.values()]
    if any(txn.edge_spans(spans, 1)) or any(head[0] == rows.HASHED for head in heads.values()):
        return None
    fact = Fact(event.time.time_ms, Action.ADD, event.event_id, saying.holder, claim=saying.claim)
    tail, body = rows.time_key(fact.time_ms) + _fact_tag(fact), _fact_body(_Noted("", fact, saying.recorded_ms))
    changed = {place + tail: body for place in places}
    (interval,), _ = intervals([fact])
    changed.update(rows.rows_alike(_stored(kind, "", parent, interval, saying.recorded_ms).edge, heads))
    return changed


def _facts(saying: Saying) -> Iterator[_Noted]:
    event, spelling = saying.event, saying.spelling
    action = event.action
    if not event.parent or action is None:
        return  # observed together, in no whole
    plain = Fact(event.time.time_ms, action, event.event_id, saying.holder, claim=saying.claim)
    named: set[tuple[str, str]] = set()
    for epc in event.child_epcs:
        name = spelling.name(epc)
        if (name, "item") not in named:
            named.add((name, "item"))
            yield _Noted(name, plain, saying.recorded_ms)
    for amount in event.child_quantities:
        name = spelling.name(amount.epc_class)
        if (name, amount.uom) not in named:
            named.add((name, amount.uom))
            fact = plain._replace(of_class=True, quantity=amount.quantity, uom=amount.uom)
            yield _Noted(name, fact, saying.recorded_ms)
    if not named and action is Action.DELETE:
        yield _Noted("", plain._replace(everything=True), saying.recorded_ms)


def _settle(txn: ReadTxn, saying: Saying, said: list[_Noted]) -> dict[bytes, bytes]:
    """Note facts, and think through whatever they touch."""
    if not said:
        return {}
    kind = CONTENT_KINDS[saying.event.type]
    parent = saying.spelling.name(saying.event.parent)
    changed = dict(_fact_rows(parent, kind, said))
    said_of = _grouped(said)
    if "" in said_of:
        touched = _by_child(_read(txn, parent, kind, None))
    else:
        emptied, *known_of = _read_each(txn, parent, kind, ["", *said_of])
        touched = {child: known + emptied for child, known in zip(said_of, known_of, strict=True)}
    new = "" not in said_of and not any(touched.values())
    noted_of = said_of if new else _joined(touched, said, said_of)
    every = believed_of(txn, {child: _spans(kind, child, parent, kept) for child, kept in noted_of.items()})
    for child, kept in noted_of.items():
        changed.update(_edges(every[child], kind, child, parent, kept, saying.recorded_ms))
    return changed


def _joined(
    touched: Mapping[str, list[_Noted]], said: list[_Noted], said_of: Mapping[str, list[_Noted]]
) -> dict[str, list[_Noted]]:
    """What was noted of each content that is touched, with what is said now in place of what the same event said before."""
    own = {(noted.child, _fact_tag(noted.fact)) for noted in said}
    noted_of: dict[str, list[_Noted]] = {}
    for child, known in touched.items():
        kept = [noted for noted in known if (noted.child, _fact_tag(noted.fact)) not in own]
        noted_of[child] = [*kept, *said_of.get(child, ()), *said_of.get("", ())]
    return noted_of


def _spans(kind: EdgeKind, child: str, parent: str, noted: list[_Noted]) -> list[tuple[bytes, bytes]]:
    """Where the edges lie that facts of one content in one whole may change."""
    for item in noted:
        if item.child and not item.fact.of_class:
            return [rows.span(child, UP[kind], UP[kind])]
    begun = {item.fact.time_ms for item in noted}  # a lot may lie in thousands of wholes: look at this one's rows only
    return [rows.moment_span(kind, child, parent, moment) for moment in sorted(begun)]


def _edges(
    every: list[Stored], kind: EdgeKind, child: str, parent: str, noted: list[_Noted], now_ms: int
) -> Mapping[bytes, bytes]:
    """The rows that change between one content and one whole."""
    found, _ = intervals([item.fact for item in noted if item.retracted_ms == ALWAYS_MS])
    wanted = [_stored(kind, child, parent, interval, now_ms) for interval in found]
    current = [old for old in every if old.tag == (_class_tag(old.edge.uom) if old.edge.of_class else rows.EVENTS)]
    there, beside = [], []
    for old in current:
        if old.edge.parent == parent:
            there.append(old)
        elif not old.edge.of_class:
            beside.append(old)
    return revise(beside + there, _with_overlaps(wanted, beside, now_ms) if beside else wanted, now_ms)


def _stored(kind: EdgeKind, child: str, parent: str, interval: Interval, now_ms: int) -> Stored:
    return Stored(
        Edge(
            kind,
            child,
            parent,
            interval.from_ms,
            interval.to_ms,
            now_ms,
            quantity=interval.quantity,
            uom=interval.uom,
            certainty=Certainty.POSSIBLE if interval.reasons else Certainty.CERTAIN,
            reasons=interval.reasons,
            source=interval.event_id,
            holder=interval.holder,
            of_class=interval.of_class,
        ),
        _class_tag(interval.uom) if interval.of_class else rows.EVENTS,
    )


def _with_overlaps(wanted: list[Stored], beside: list[Stored], now_ms: int) -> Iterator[Stored]:
    """All of them, those of single things marked where they are in two wholes at once."""
    items = [item for item in (*wanted, *beside) if not item.edge.of_class]
    yield from (item for item in wanted if item.edge.of_class)
    marked = set(overlapping([(item.edge.parent, item.edge.from_ms, item.edge.to_ms) for item in items]))
    for at, item in enumerate(items):
        reasons = tuple(reason for reason in item.edge.reasons if reason != OVERLAP)
        reasons = (*reasons, OVERLAP) if at in marked else reasons
        certainty = Certainty.POSSIBLE if reasons else Certainty.CERTAIN
        yield item._replace(edge=item.edge._replace(recorded_ms=now_ms, certainty=certainty, reasons=reasons))


def _class_tag(uom: str) -> bytes:
    return rows.tag_of(f"class {uom}")


def _fact_tag(fact: Fact) -> bytes:
    return rows.tag_of(f"{fact.event_id} {fact.uom}" if fact.of_class else fact.event_id)


def _fact_rows(parent: str, kind: EdgeKind, said: Iterable[_Noted]) -> Iterator[rows.Row]:
    """Where facts lie, and their rows: those of things that were added together differ in their place alone."""
    start = _facts_of(parent, kind)
    tail, row, last = b"", b"", None
    for noted in said:
        fact, child = noted.fact, rows.head(noted.child)
        if fact is not last or child[0] == rows.HASHED:
            tail, row = rows.time_key(fact.time_ms) + _fact_tag(fact), _fact_body(noted)
            last = None if child[0] == rows.HASHED else fact
        yield start + child + tail, row


def _fact_body(noted: _Noted) -> bytes:
    fact = noted.fact
    flags = (_OF_CLASS if fact.of_class else 0) | (_CLAIM if fact.claim else 0) | (_EVERYTHING if fact.everything else 0)
    members = [
        _ACTIONS.index(fact.action),
        fact.event_id,
        noted.recorded_ms,
        flags,
        fact.holder,
        None if fact.quantity is None else str(fact.quantity),
        fact.uom,
        noted.child if rows.is_hashed(noted.child) else None,
        None if noted.retracted_ms == ALWAYS_MS else noted.retracted_ms,
    ]
    return rows.pack(members)


def _noted_of(key: bytes, row: bytes, start: int) -> _Noted:
    action, event_id, recorded, flags, holder, quantity, uom, child, retracted = rows.unpack(row, _MEMBERS)
    flags = flags or 0
    return _Noted(
        child or key[start : -17].decode(),
        Fact(
            rows.time_of(key[-16:-8]),
            _ACTIONS[action],
            event_id,
            holder or "",
            bool(flags & _OF_CLASS),
            None if quantity is None else Decimal(quantity),
            uom or "",
            bool(flags & _EVERYTHING),
            bool(flags & _CLAIM),
        ),
        recorded or 0,
        ALWAYS_MS if retracted is None else retracted,
    )


def _read(txn: ReadTxn, parent: str, kind: EdgeKind, child: str | None) -> list[_Noted]:
    """Facts of one content, of the whole's being emptied (an empty name), or of all contents (None)."""
    if child is not None:
        return _read_each(txn, parent, kind, [child])[0]
    start = _facts_of(parent, kind)
    (found,) = txn.edge_spans([(start, start[:-1] + bytes((start[-1] + 1,)))], FACTS_MAX)
    return [_noted_of(key, row, len(start)) for key, row in found]


def _read_each(txn: ReadTxn, parent: str, kind: EdgeKind, children: list[str]) -> list[list[_Noted]]:
    """Facts of each content, or of the whole's being emptied."""
    start = _facts_of(parent, kind)
    starts = [start + rows.head(child) for child in children]
    found = txn.edge_spans([(own, own + _BEHIND) for own in starts], FACTS_MAX * len(starts))
    return [[_noted_of(key, row, len(start)) for key, row in facts] for facts in found]


def _facts_of(parent: str, kind: EdgeKind) -> bytes:
    return rows.head(parent) + bytes((Slot.FACT, _KIND_NUMBERS[kind]))


def _by_child(noted: Iterable[_Noted]) -> dict[str, list[_Noted]]:
    """The facts of each content, with those of the whole's being emptied."""
    found = _grouped(noted)
    emptied = found.pop("", [])
    return {child: items + emptied for child, items in found.items()}


def _grouped(noted: Iterable[_Noted]) -> dict[str, list[_Noted]]:
    """Facts by the content they name."""
    found: dict[str, list[_Noted]] = {}
    for item in noted:
        found.setdefault(item.child, []).append(item)
    return found
