"""Capture: events are checked, kept and derived from, a document of them all or each for itself (`tracing.md` §5).

First every event is read, judged and named, one at a time; then they are kept: with `rollback` in one transaction, all or
none, with `proceed` in groups, durable one after the other: while one is flushed, the next is read. The events of a short
document stay in memory between; of a longer one only digests do, and it is read again. What was kept is acknowledged after
its flush; the same document sent again changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from itertools import islice
from typing import BinaryIO, NamedTuple

from idis.registry.event_row import EventKnown, EventRow
from idis.registry.store.base import Committed, Store, WriteTxn
from idis.registry.trace.deriving import take_event
from idis.registry.trace.event import Event
from idis.registry.trace.event_context import Context
from idis.registry.trace.event_problem import EventProblem, Problem, shown, warning
from idis.registry.trace.hash_id import HEAD, TAIL
from idis.registry.trace.kept_event import named, row_of, with_id
from idis.registry.trace.reading import Placed, read_placed
from idis.registry.trace.records import spelling_at
from idis.registry.trace.rules import problems
from idis.registry.trace.teller import Teller
from idis.registry.trace.things import Spelling

EVENTS_MAX = 10_000  # of one document: with `rollback` they are one transaction, and other writes wait for it
GROUP_EVENTS = 500  # of one transaction with `proceed`
PROBLEMS_MAX = 1_000  # told of one document; the count goes on


class Behaviour(Enum):
    """What one bad event does to the others (`GS1-Capture-Error-Behaviour`)."""

    ROLLBACK = "rollback"
    PROCEED = "proceed"


class Ready(NamedTuple):
    """An event that may be kept: with its id, the digest of what it says, and where and how it was spelled."""

    event: Event
    content: bytes
    warnings: tuple[Problem, ...] = ()
    pointer: str = ""
    text: str = ""
    context: Context = ()


class Fate(Enum):
    """What became of an event."""

    NEW = "new"
    KNOWN = "known"  # it was here already
    CONFLICT = "conflict"  # its id belongs to another


class Kept(NamedTuple):
    """What became of an event, and the row that has its id now."""

    fate: Fate
    row: EventRow


@dataclass(slots=True)
class Captured:
    """What became of a document.

    Attributes:
        events: how many it held.
        new, known: how many were kept, and how many had been before.
        refused: how many were not.
        problems: what was wrong, at most PROBLEMS_MAX.
        warnings: how many events were kept with a warning.
        too_many: it held more than EVENTS_MAX.
    """

    events: int = 0
    new: int = 0
    known: int = 0
    refused: int = 0
    problems: list[Problem] = field(default_factory=list)
    warnings: int = 0
    too_many: bool = False

    @property
    def success(self) -> bool:
        """Whether nothing was refused."""
        return not self.problems

    def note(self, found: tuple[Problem, ...]) -> None:
        """Note an event that is refused."""
        self.refused += 1
        self.problems += found[: max(PROBLEMS_MAX - len(self.problems), 0)]


class RolledBack(Exception):
    """One event could not be kept, so none was."""


def ready(
    event: Event, now_ms: int, pointer: str = "", text: str = "", context: Context = ()
) -> Ready | tuple[Problem, ...]:
    """Judge and name an event: ready to be kept, or its errors. The last three are those of a `Placed`."""
    found = problems(event, now_ms)
    if found and (errors := tuple(problem for problem in found if problem.is_error)):
        return errors
    name, content = named(event)
    if event.event_id.startswith(HEAD) and event.event_id != f"{HEAD}{content.hex()}{TAIL}":
        found += (warning("/eventID", "eventID", "the id is a hash, but not that of this event"),)
    return Ready(name, content, found, pointer, text, context)


def keep(txn: WriteTxn, one: Ready, teller: Teller, spelling: Spelling) -> Kept:
    """Keep an event and derive from it, in a transaction."""
    claim = not teller.speaks_for(one.event, spelling)
    row = row_of(one.event, one.content, teller.holder, claim=claim, text=one.text, context=one.context)
    # The declaration that an event was wrong says what the event said, whichever comes first.
    other = txn.event(row.event_id, declares_error=not row.declares_error)
    if other is not None and other.content != row.content:
        return Kept(Fate.CONFLICT, other)
    put = txn.put_event(row)
    if isinstance(put, EventKnown):
        return Kept(Fate.KNOWN if put.same else Fate.CONFLICT, put.row)
    take_event(
        txn,
        one.event,
        spelling=spelling,
        holder=teller.holder,
        recorded_ms=put.recorded_ms,
        claim=claim,
        unheard=other is None,
    )
    return Kept(Fate.NEW, put)


def keep_group(group: Iterable[Ready], teller: Teller, txn: WriteTxn) -> list[Fate]:
    """A change that keeps some events; what became of each."""
    spelling = spelling_at(txn)
    return [keep(txn, one, teller, spelling).fate for one in group]


def keep_one(one: Ready, teller: Teller, txn: WriteTxn) -> Kept:
    """A change that keeps one event."""
    return keep(txn, one, teller, spelling_at(txn))


def capture(
    store: Store, opened: Callable[[], BinaryIO], teller: Teller, behaviour: Behaviour, now_ms: int
) -> Captured:
    """Keep the events of a document. Blocks until what is kept is durable.

    Args:
        store: where.
        opened: opens the document, from its beginning; called twice, and again when a transaction is run again.
        teller: who tells them.
        behaviour: what one bad event does to the others.
        now_ms: unix time in milliseconds.

    Raises:
        StoreError: the store cannot take it; with `rollback` nothing was kept.
    """
    captured = Captured()
    judged = _judge(opened, captured, now_ms)
    if captured.too_many or (captured.problems and behaviour is Behaviour.ROLLBACK):
        captured.refused = captured.events
        return captured
    short = captured.events <= GROUP_EVENTS
    events = partial(iter, judged.events) if short else partial(_again, opened, judged.digests)
    if behaviour is Behaviour.ROLLBACK:
        _keep_all(store, events, teller, captured)
    else:
        _keep_groups(store, events(), teller, captured)
    return captured


@dataclass(slots=True)
class _Judged:
    """What a document holds: the digest of each event, None for one that is refused; the first good events."""

    digests: list[bytes | None] = field(default_factory=list)
    events: list[Ready] = field(default_factory=list)


def _judge(opened: Callable[[], BinaryIO], captured: Captured, now_ms: int) -> _Judged:
    judged = _Judged()
    digests = judged.digests
    with opened() as stream:
        for placed in read_placed(stream):
            one = _judge_one(placed, captured, now_ms)
            if one is not None:
                digests.append(one.content)
                if len(judged.events) < GROUP_EVENTS:
                    judged.events.append(one)
            elif isinstance(placed.found, EventProblem) and placed.found.index is None:
                break
            else:
                digests.append(None)
            if len(digests) > EVENTS_MAX:
                captured.too_many = True
                sentence = f"more than {EVENTS_MAX} events: send several documents"
                captured.note((Problem("/epcisBody/eventList", "limit", sentence),))
                break
    captured.events = len(digests)
    return judged


def _judge_one(placed: Placed, captured: Captured, now_ms: int) -> Ready | None:
    """The event at a place, ready; None, and its problems noted, where it is refused."""
    pointer, event, text, context = placed
    if isinstance(event, EventProblem):
        captured.note(event.problems)
        return None
    one = ready(event, now_ms, pointer, text, context)
    if not isinstance(one, Ready):
        captured.note(tuple(problem.below(pointer) for problem in one))
        return None
    captured.warnings += bool(one.warnings)
    return one


def _again(opened: Callable[[], BinaryIO], digests: list[bytes | None]) -> Iterator[Ready]:
    """The good events once more."""
    with opened() as stream:
        for placed, content in zip(read_placed(stream), digests, strict=False):
            if content is not None and isinstance(placed.found, Event):
                event = with_id(placed.found, content)
                yield Ready(event, content, (), placed.pointer, placed.text, placed.context)


def _keep_all(store: Store, events: Callable[[], Iterator[Ready]], teller: Teller, captured: Captured) -> None:
    found: list[Problem] = []

    def change(txn: WriteTxn) -> tuple[int, int]:
        found.clear()
        fates = dict.fromkeys(Fate, 0)
        spelling = spelling_at(txn)
        for one in events():
            fate = keep(txn, one, teller, spelling).fate
            fates[fate] += 1
            if fate is Fate.CONFLICT:
                found.append(_conflict(one))
                raise RolledBack
        return fates[Fate.NEW], fates[Fate.KNOWN]

    try:
        captured.new, captured.known = store.write(change, actor=teller.name[:200]).result().result
    except RolledBack:
        captured.note(tuple(found))
        captured.refused = captured.events


def _keep_groups(store: Store, events: Iterator[Ready], teller: Teller, captured: Captured) -> None:
    flushed: tuple[list[Ready], Future[Committed[list[Fate]]]] | None = None
    while group := list(islice(events, GROUP_EVENTS)):
        kept = store.write(partial(keep_group, group, teller), actor=teller.name[:200])
        if flushed is not None:  # while this one was read
            _note_group(*flushed, captured)
        flushed = group, kept
    if flushed is not None:
        _note_group(*flushed, captured)


def _note_group(group: list[Ready], kept: Future[Committed[list[Fate]]], captured: Captured) -> None:
    for one, fate in zip(group, kept.result().result, strict=True):
        captured.new += fate is Fate.NEW
        captured.known += fate is Fate.KNOWN
        if fate is Fate.CONFLICT:
            captured.note((_conflict(one),))


def _conflict(one: Ready) -> Problem:
    sentence = f"the eventID {shown(one.event.event_id)} belongs to an event that says something else"
    return Problem(f"{one.pointer}/eventID", "conflict", sentence)
