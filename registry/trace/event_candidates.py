"""Candidates: the events a question can be about that names things, events, places or times, without a look at all others.

Every thing has its life in the table of edges, and places, parties, documents, processes and persistent dispositions their
mentions, so the events that name one are found in its own span. A question sorted by one of the two times and bounded by the
other looks at the events inside that bound. What is found is only where to look: the tests of the question still decide.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from idis.proto.errors import IdentifierError
from idis.registry.event_row import EventOrder, EventRow, recorded_head, time_head
from idis.registry.store.base import ReadTxn
from idis.registry.trace.edge import ALWAYS_MS
from idis.registry.trace.event_query import ALWAYS, EventQuery
from idis.registry.trace.life import told_of
from idis.registry.trace.mentions import are_complete, mentions
from idis.registry.trace.things import Spelling

CANDIDATES_MAX = 10_000  # beyond, all events are looked at: the things named are in most of them

BOUNDED_MAX = 1_000  # by the other time; their rows are read in one step, some 5 ms
_BEHIND = b"\xff"  # every key
_BIAS = 2**63  # of times in keys of what happened

Place = tuple[int, str, bool]  # where it lies in the order of the question, the id, whether it declares an error


@dataclass(frozen=True, slots=True)
class Candidates:
    """Events by their places in the order of a question, earliest first."""

    order: EventOrder
    newest_first: bool
    places: list[Place]

    def rows(self, txn: ReadTxn, start: bytes, end: bytes, limit: int) -> list[tuple[bytes, EventRow]]:
        """Those with keys from one on (inclusive) to another (exclusive), at least `limit` in the order asked for.

        Fewer than `limit`: those are all that follow.
        """
        low = bisect_left(self.places, (self._ms(start), "", False))
        high = bisect_right(self.places, (self._ms(end), chr(0x10FFFF), True))
        found: list[tuple[bytes, EventRow]] = []
        last: int | None = None
        between = self.places[low:high]
        for time_ms, event_id, declares_error in reversed(between) if self.newest_first else between:
            if len(found) >= limit and time_ms != last:
                break  # those of one moment lie in the order of their keys, which only their rows tell
            last = time_ms
            row = txn.event(event_id, declares_error=declares_error)
            if row is not None and start <= (key := self._key(row)) < end:
                found.append((key, row))
        found.sort(key=lambda pair: pair[0], reverse=self.newest_first)
        return found

    def _key(self, row: EventRow) -> bytes:
        return row.place if self.order is EventOrder.RECORDED else row.time_key

    def _ms(self, key: bytes) -> int:
        """The time a key begins with; keys that begin with less stand for all behind or before."""
        if len(key) < 8:
            return ALWAYS if key else -ALWAYS
        number = int.from_bytes(key[:8], "big")
        return number if self.order is EventOrder.RECORDED else number - _BIAS


def span_of(order: EventOrder, bounds_ms: tuple[int, int]) -> tuple[bytes, bytes]:
    """The span of keys of an order between two times."""
    low, high = bounds_ms
    head = time_head if order is EventOrder.HAPPENED else recorded_head
    return (b"" if low <= -ALWAYS else head(low)), (_BEHIND if high >= ALWAYS else head(high))


def candidates(txn: ReadTxn, query: EventQuery, spelling: Spelling) -> Candidates | None:
    """The events a question can be about; None where that is all of them."""
    if query.event_ids:
        found = list(_by_id(txn, query))
    elif query.named:
        named = _by_name(txn, query, spelling)
        if named is None:
            return None
        found = named
    else:
        within = _by_mention(txn, query)
        if within is None:
            within = _by_other_time(txn, query)
        if within is None:
            return None
        found = within
    return Candidates(query.order, query.newest_first, sorted(set(found)))


def _by_id(txn: ReadTxn, query: EventQuery) -> Iterator[Place]:
    for event_id in query.event_ids:
        for declares_error in (False, True):
            row = txn.event(event_id, declares_error=declares_error)
            if row is not None:
                yield _place(query, row.time_ms, row.recorded_ms), event_id, declares_error


def _by_name(txn: ReadTxn, query: EventQuery, spelling: Spelling) -> list[Place] | None:
    """By the lives of the things it names; None where they are too long."""
    since_ms, until_ms = _times(query)
    found: list[Place] = []
    left = CANDIDATES_MAX
    for text in query.named:
        try:
            thing = spelling.name(text)
        except IdentifierError:
            continue  # it names nothing
        life = told_of(txn, thing, since_ms, until_ms, left)
        left -= len(life)
        if left <= 0:
            return None
        for time_ms, event_id, recorded_ms, retracted_ms in life:
            found.append((_place(query, time_ms, recorded_ms), event_id, False))
            if retracted_ms != ALWAYS_MS:
                found.append((_place(query, time_ms, retracted_ms), event_id, True))
    return found


def _by_mention(txn: ReadTxn, query: EventQuery) -> list[Place] | None:
    """By all that it asks to be mentioned; None where nothing is, or in too many."""
    if not query.mentioned or not are_complete(txn):
        return None
    since_ms, until_ms = _times(query)
    common: set[Place] | None = None
    for names in query.mentioned:
        found: set[Place] = set()
        left = CANDIDATES_MAX
        for name in names:
            told = mentions(txn, name, since_ms, until_ms, left)
            left -= len(told)
            if left <= 0:
                break
            found.update((_place(query, one.time_ms, one.recorded_ms), one.event_id, one.declares_error) for one in told)
        else:
            common = found if common is None else common & found
    return None if common is None else list(common)


def _by_other_time(txn: ReadTxn, query: EventQuery) -> list[Place] | None:
    """By the time it is not sorted by; None where that has no bounds, or too many lie inside."""
    recorded = query.order is EventOrder.RECORDED
    order, bounds = (EventOrder.HAPPENED, query.event_ms) if recorded else (EventOrder.RECORDED, query.record_ms)
    if bounds == ((-ALWAYS, ALWAYS) if recorded else (0, ALWAYS)):
        return None
    found = txn.events(order, *span_of(order, bounds), BOUNDED_MAX)
    if len(found) == BOUNDED_MAX:
        return None
    return [(_place(query, row.time_ms, row.recorded_ms), row.event_id, row.declares_error) for _, row in found]


def _times(query: EventQuery) -> tuple[int | None, int | None]:
    since_ms, until_ms = query.event_ms
    return None if since_ms <= -ALWAYS else since_ms, None if until_ms >= ALWAYS else until_ms


def _place(query: EventQuery, time_ms: int, recorded_ms: int) -> int:
    return recorded_ms if query.order is EventOrder.RECORDED else time_ms
