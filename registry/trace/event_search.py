"""Searching events: page by page along one of their two orders, in steps that hold nobody up.

A question that names things looks at the events of those things alone (`event_candidates.py`), any other at all events.

A page ends when it is full, when there is nothing more, or when as much was looked at as one request may cost; then it may
hold fewer events than asked for, and the next one goes on. The place it goes on from is the key of the last event looked
at: events recorded meanwhile neither shift a page nor appear twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from idis.registry.event_row import EventOrder, EventRow
from idis.registry.store.base import ReadTxn
from idis.registry.trace.event_candidates import Candidates, candidates, span_of
from idis.registry.trace.event_query import EventQuery
from idis.registry.trace.event_sight import EventSight
from idis.registry.trace.kept_event import KeptEvent, kept
from idis.registry.trace.places import Places
from idis.registry.trace.records import spelling_at
from idis.registry.trace.things import Spelling

STEP_EVENTS = 64  # looked at in one transaction: some 5 ms
SEARCH_EVENTS_MAX = 10_000  # looked at for one page


@dataclass(slots=True)
class EventSearch:
    """One page of an answer in the making.

    Args:
        query: the question.
        sight: what whoever asks may see.
        wanted: how many events the page holds.
        after: the key of the last event looked at for the page before; empty: from the beginning.

    Attributes:
        found: the events, in order.
        done: the page is made.
        more: there may be others behind it.
        key: of the last event looked at.
    """

    query: EventQuery
    sight: EventSight
    wanted: int
    after: bytes = b""
    found: list[KeptEvent] = field(default_factory=list)
    done: bool = False
    more: bool = False
    looked_at: int = 0
    _places: Places | None = None
    _candidates: Candidates | None = None

    @property
    def key(self) -> bytes:
        """Where the next page begins."""
        return self.after

    def step(self, txn: ReadTxn) -> None:
        """Look at STEP_EVENTS more."""
        query = self.query
        spelling = spelling_at(txn)
        if self._places is None:
            self._places = Places(self.sight)
            self._candidates = candidates(txn, query, spelling)
        known = _Known(txn, self._places, spelling)
        rows = self._next(txn)
        for key, row in rows:
            if len(self.found) >= self.wanted:
                self.done = self.more = True
                return
            one = kept(row)
            self.after = key
            if query.matches(one.event, known) and self.sight.sees(txn, one, spelling):
                self.found.append(one)
        self.looked_at += len(rows)
        if len(rows) < STEP_EVENTS:
            self.done = True
        elif self.looked_at >= SEARCH_EVENTS_MAX:
            self.done = self.more = True

    def _next(self, txn: ReadTxn) -> list[tuple[bytes, EventRow]]:
        """The next events that may answer, with their keys; fewer than STEP_EVENTS: those are the last."""
        query = self.query
        start, end = span_of(query.order, query.event_ms if query.order is EventOrder.HAPPENED else query.record_ms)
        if self.after:
            start, end = (start, min(end, self.after)) if query.newest_first else (max(start, self.after + b"\x00"), end)
        if start >= end:
            return []
        if self._candidates is not None:
            return self._candidates.rows(txn, start, end, STEP_EVENTS)
        return txn.events(query.order, start, end, STEP_EVENTS, newest_first=query.newest_first)


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of places, in one transaction."""

    txn: ReadTxn
    places: Places
    spelling: Spelling

    def name(self, text: str) -> str:
        """The one spelling of a thing."""
        return self.spelling.name(text)

    def around(self, place: str) -> frozenset[str]:
        """A place by all its names, and all it lies in."""
        return self.places.around(self.txn, place, self.spelling)

    def attributes(self, place: str) -> Mapping[str, str]:
        """What its records say of it."""
        return self.places.attributes(self.txn, place, self.spelling)
