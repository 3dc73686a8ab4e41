"""The oracle: a store of dictionaries and a list, without cleverness.

Every other engine must give the answers this one gives (`tests/registry/store/test_contract.py`), and unit tests of
what stands above the store use it. A change works on a copy of the whole state, which replaces the old one when the
change succeeds; a reader keeps the state it began with. What can be counted or searched is counted or searched anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Lock
from typing import TypeVar, cast

from idis.proto.identifier import ancestors
from idis.registry.document import DocumentKind
from idis.registry.event_row import EventKnown, EventOrder, EventRow
from idis.registry.journal import BEGINNING, Entry, EntryKind, Position, SnapshotNeeded
from idis.registry.prefix import PrefixEntry, RouteEntry
from idis.registry.record import Alias, PreparedRecord, StoredRecord
from idis.registry.store import codec, keys, rules
from idis.registry.store.base import (
    Committed,
    Conflict,
    Expect,
    Expected,
    KeyReused,
    OutcomeKey,
    PrefixStat,
    StoredOutcome,
    StoreError,
    WriteTxn,
)
from idis.registry.store.segments import segments
from idis.registry.trace.records import follow_record

T = TypeVar("T")


@dataclass(slots=True)
class _State:
    values: dict[bytes, bytes] = field(default_factory=dict)  # record key → sealed value
    prefixes: dict[str, PrefixEntry] = field(default_factory=dict)
    routes: dict[str, RouteEntry] = field(default_factory=dict)
    journal: list[Entry] = field(default_factory=list)
    trimmed: Position = BEGINNING
    outcomes: dict[tuple[bytes, bytes], tuple[int, StoredOutcome]] = field(default_factory=dict)  # with their hour
    documents: dict[tuple[int, bytes], bytes] = field(default_factory=dict)
    audits: dict[bytes, bytes] = field(default_factory=dict)
    edges: dict[bytes, bytes] = field(default_factory=dict)
    events: dict[bytes, EventRow] = field(default_factory=dict)
    commits: int = 0

    def copy(self) -> _State:
        return _State(
            dict(self.values),
            dict(self.prefixes),
            dict(self.routes),
            list(self.journal),
            self.trimmed,
            dict(self.outcomes),
            dict(self.documents),
            dict(self.audits),
            dict(self.edges),
            dict(self.events),
            self.commits + 1,
        )


class MemoryTxn:
    """Reads and writes over one state; see `base.WriteTxn` for every verb.

    Attributes:
        actor: who makes the changes that follow.
    """

    def __init__(self, state: _State, now_ms: int, actor: str = "") -> None:
        self._state = state
        self._now_ms = now_ms
        self.actor = actor
        self._hi = self.position.hi + 1

    @property
    def position(self) -> Position:
        """The last journal entry this snapshot contains."""
        return self._state.journal[-1].position if self._state.journal else BEGINNING

    @property
    def transaction(self) -> int:
        """The number of the last commit this snapshot contains."""
        return self._state.commits

    def record(self, key: bytes) -> StoredRecord | None:
        """The record of a key, tombstones included."""
        value = self._state.values.get(key)
        return None if value is None else codec.decode_record(key, value)

    def public(self, key: bytes) -> tuple[int, bytes] | None:
        """The flags and the public values of a record, tombstones included."""
        value = self._state.values.get(key)
        return None if value is None else codec.decode_public(key, value)

    def public_records(self, prefix: str, start: bytes, limit: int) -> list[tuple[bytes, tuple[int, bytes] | None]]:
        """Flags and public values of the records of one folded prefix from a key on; None for a damaged one."""
        values = self._state.values
        wanted = sorted(key for key in values if keys.prefix_of(key) == prefix and key >= start)
        return [(key, codec.decode_undamaged(key, values[key])) for key in wanted[:limit]]

    def records(self, prefix: str, after: bytes | None, limit: int) -> list[tuple[bytes, StoredRecord]]:
        """Records of one folded prefix in key order, tombstones included, strictly after a key."""
        wanted = [key for key in self._state.values if keys.prefix_of(key) == prefix and (after is None or key > after)]
        return [(key, codec.decode_record(key, self._state.values[key])) for key in sorted(wanted)[:limit]]

    def prefix(self, prefix: str) -> PrefixEntry | None:
        """The entry of exactly this folded prefix."""
        return self._state.prefixes.get(prefix)

    def prefixes(self, after: str | None, limit: int) -> list[PrefixEntry]:
        """Entries in key order, strictly after a prefix."""
        names = sorted((name for name in self._state.prefixes if after is None or name.encode() > after.encode()), key=str.encode)
        return [self._state.prefixes[name] for name in names[:limit]]

    def longest_prefix(self, prefix: str) -> PrefixEntry | None:
        """The entry of the folded prefix or of its nearest registered ancestor, by label."""
        return next((self._state.prefixes[name] for name in ancestors(prefix) if name in self._state.prefixes), None)

    def route(self, prefix: str) -> RouteEntry | None:
        """The range that holds exactly this folded prefix."""
        return next((route for route in self._state.routes.values() if rules.route_holds(route, prefix)), None)

    def routes(self, after: str | None, limit: int) -> list[RouteEntry]:
        """Ranges by parent, label length and start, strictly after a start."""
        starts = sorted(
            (start for start in self._state.routes if after is None or keys.route_key(start) > keys.route_key(after)),
            key=keys.route_key,
        )
        return [self._state.routes[start] for start in starts[:limit]]

    def aliases(self, scheme: str, local_id: str, limit: int) -> list[bytes]:
        """Keys of the records that exist and have this second name."""
        alias = Alias(scheme, local_id)
        named = [key for key, record in self._all_records() if alias in record.aliases]
        return sorted(named, key=lambda key: keys.alias_key(alias, key))[:limit]

    def next_alias(self, scheme: str, local_id: str) -> str | None:
        """The first local id of a scheme at or after one, in the order of octets; those kept as digests are left out."""
        places = (keys.alias_key(alias, key) for key, record in self._all_records() for alias in record.aliases)
        start = keys.alias_start(scheme, local_id)
        place = min((place for place in places if place >= start), default=None)
        return None if place is None else keys.local_id_of(scheme, place)

    def journal(self, after: Position, limit: int) -> list[Entry] | SnapshotNeeded:
        """Entries strictly after a position, or the news that they are no longer here."""
        last = self.position
        if after < self._state.trimmed or after > last or (after != BEGINNING and after.epoch != last.epoch):
            return SnapshotNeeded(last)
        return [entry for entry in self._state.journal if entry.position > after][:limit]

    def stat(self, prefix: str) -> PrefixStat:
        """Counts of one folded prefix; tombstones are not counted."""
        kept = [(key, record) for key, record in self._all_records() if keys.prefix_of(key) == prefix and rules.exists(record)]
        return PrefixStat(
            records=len(kept),
            digest_sum=sum(record.digest for _, record in kept) % codec.DIGEST_SUM_MODULUS,
            octets=sum(len(key) + len(self._state.values[key]) for key, _ in kept),
        )

    def outcome(self, key: OutcomeKey) -> StoredOutcome | None:
        """The stored result of an idempotency key, for OUTCOME_HOURS."""
        hour, outcome = self._state.outcomes.get((key.principal, key.key), (0, None))
        return outcome if hour > self._hour() - rules.OUTCOME_HOURS else None

    def document(self, kind: DocumentKind, key: bytes) -> bytes | None:
        """The document of a kind and key."""
        return self._state.documents.get((kind, key))

    def documents(self, kind: DocumentKind, after: bytes | None, limit: int) -> list[tuple[bytes, bytes]]:
        """Keys and documents of a kind in key order, strictly after a key."""
        held = sorted((key, body) for (of, key), body in self._state.documents.items() if of == kind)
        return [(key, body) for key, body in held if after is None or key > after][:limit]

    def audits(self, after: bytes | None, limit: int, *, newest_first: bool = False) -> list[tuple[bytes, bytes]]:
        """Keys and lines of the audit trail in the order of their time, strictly beyond a key."""
        lines = sorted(self._state.audits.items(), reverse=newest_first)
        return [line for line in lines if after is None or (line[0] < after if newest_first else line[0] > after)][:limit]

    def edge_spans(self, spans: Iterable[tuple[bytes, bytes]], limit: int) -> list[list[tuple[bytes, bytes]]]:
        """Rows of the edge table for each span, at most `limit` in all."""
        rows = sorted(self._state.edges.items())
        found: list[list[tuple[bytes, bytes]]] = []
        for start, end in spans:
            if limit <= 0:
                break
            found.append([row for row in rows if start <= row[0] < end][:limit])
            limit -= len(found[-1])
        return found

    def last_edge(self, start: bytes, end: bytes) -> tuple[bytes, bytes] | None:
        """The last row of the edge table in a span."""
        return max((row for row in self._state.edges.items() if start <= row[0] < end), default=None)

    def event(self, event_id: str, *, declares_error: bool = False) -> EventRow | None:
        """The event of an id, or the declaration that it was wrong."""
        wanted = (event_id, declares_error)
        return next((row for row in self._state.events.values() if (row.event_id, row.declares_error) == wanted), None)

    def events(
        self, order: EventOrder, start: bytes, end: bytes, limit: int, *, newest_first: bool = False
    ) -> list[tuple[bytes, EventRow]]:
        """Events with their keys in an order, from a key on to another."""
        rows = self._state.events.values()
        keyed = [(row.time_key if order is EventOrder.HAPPENED else row.place, row) for row in rows]
        found = sorted((one for one in keyed if start <= one[0] < end), key=lambda one: one[0], reverse=newest_first)
        return found[:limit]

    def put_record(self, record: PreparedRecord, expect: Expected = Expect.ANY, *, version_min: int = 1) -> int | Conflict:
        """Create or replace; an equal record that exists is left alone and keeps its version, if that is not too low."""
        position = self._next_position()
        result, changed = self._put(record, expect, position, version_min)
        if changed is not None:
            self._note(EntryKind.PUT, changed, cast(int, result), self._state.values[changed])
        return result

    def put_new_records(self, records: Sequence[PreparedRecord]) -> list[int]:
        """Create records that are not there: the version of each, 0 for one that is there."""
        made = [self.put_record(record, Expect.ABSENT) for record in records]
        return [0 if isinstance(version, Conflict) else version for version in made]

    def delete_record(self, key: bytes, expect: Expected = Expect.ANY) -> int | Conflict:
        """Leave a tombstone; Conflict(0) when there is nothing to delete."""
        stored = self.record(key)
        if not rules.exists(stored):
            return Conflict(0)
        if refusal := rules.conflict(stored.version, expect):
            return refusal
        version = stored.version + 1
        self._state.values[key] = codec.encode_tombstone(key, stored.identifier, version, self._next_position())
        self._follow(stored, None)
        self._note(EntryKind.DELETE, key, version, self._state.values[key])
        return version

    def put_prefix(self, entry: PrefixEntry, expect: Expected = Expect.ANY) -> int | Conflict:
        """Create or replace a prefix entry; returns the new version."""
        rules.check_prefix(entry)
        old = self._state.prefixes.get(entry.prefix)
        if refusal := rules.conflict(old.version if old else 0, expect):
            return refusal
        if old:
            rules.check_prefix_change(old, entry, self.stat(entry.prefix).records, bool(self.records(entry.prefix, None, 1)))
        entry = replace(entry, version=old.version + 1 if old else 1)
        self._state.prefixes[entry.prefix] = entry
        self._note(EntryKind.PREFIX, entry.prefix.encode(), entry.version, codec.encode_prefix(entry))
        return entry.version

    def put_route(self, route: RouteEntry) -> int:
        """Create or replace a range by its start; raises StoreError when it overlaps another one."""
        rules.check_route(route)
        for other in self.routes(None, len(self._state.routes)):
            if other.start != route.start and rules.routes_overlap(route, other):
                raise StoreError(f"the range {route.start} to {route.end} overlaps {other.start} to {other.end}")
        old = self._state.routes.get(route.start)
        route = replace(route, version=old.version + 1 if old else 1)
        self._state.routes[route.start] = route
        self._note(EntryKind.ROUTE, keys.route_key(route.start), route.version, codec.encode_route(route))
        return route.version

    def delete_route(self, start: str) -> bool:
        """Remove a range; whether there was one."""
        route = self._state.routes.pop(start, None)
        if route is None:
            return False
        self._note(EntryKind.ROUTE, keys.route_key(start), route.version + 1, b"")
        return True

    def put_document(self, kind: DocumentKind, key: bytes, body: bytes) -> bool:
        """Create or replace a document; False when it was the same already."""
        rules.check_document(key, body)
        if self._state.documents.get((kind, key)) == body:
            return False
        self._state.documents[kind, key] = body
        self._note(EntryKind.DOCUMENT, keys.document_key(kind, key), 0, body)
        return True

    def delete_document(self, kind: DocumentKind, key: bytes) -> bool:
        """Remove a document; whether there was one."""
        if self._state.documents.pop((kind, key), None) is None:
            return False
        self._note(EntryKind.DOCUMENT, keys.document_key(kind, key), 0, b"")
        return True

    def add_audit(self, line: bytes) -> None:
        """Append a line to the audit trail, at the time of this change."""
        rules.check_audit(line)
        place = keys.audit_key(self._now_ms, self._next_position())
        self._state.audits[place] = line
        self._note(EntryKind.AUDIT, place, 0, line)

    def put_edges(self, rows: Mapping[bytes, bytes]) -> None:
        """Create or replace rows of the edge table; an empty one removes what is there."""
        rules.check_edges(rows)
        for key, row in rows.items():
            self._state.edges.pop(key, None)
            if row:
                self._state.edges[key] = row

    def put_event(self, row: EventRow) -> EventRow | EventKnown:
        """Keep an event, with its place; or tell that one of this id is there."""
        rules.check_event(row)
        known = self.event(row.event_id, declares_error=row.declares_error)
        if known is not None:
            return EventKnown(known, known.content == row.content)
        last_ms = max((kept.recorded_ms for kept in self._state.events.values()), default=0)
        row = row._replace(place=keys.audit_key(max(self._now_ms, last_ms), self._next_position()))
        self._state.events[row.place] = row
        self._note(EntryKind.EVENT, row.place, 0, b"")
        return row

    def put_segment(self, records: Sequence[PreparedRecord]) -> int:
        """Put records of one prefix, ascending by key, under one BULK entry; how many were new or different."""
        position = self._next_position()
        changed = [key for record in records if (key := self._put(record, Expect.ANY, position)[1])]
        if changed:
            digests = sum(codec.digest_of(self._state.values[key]) for key in set(changed))
            segment = codec.BulkSegment(
                keys.prefix_of(changed[0]), changed[0], changed[-1], len(set(changed)), digests % codec.DIGEST_SUM_MODULUS
            )
            self._note(EntryKind.BULK, changed[0], 0, codec.encode_segment(segment))
        return len(changed)

    def store_outcome(self, key: OutcomeKey, body: bytes) -> None:
        """Remember the first result of a write."""
        self._state.outcomes[key.principal, key.key] = (self._hour(), StoredOutcome(key.digest, body, self.position))

    def store_epoch(self, epoch: int) -> None:
        """Open the journal."""
        entry = Entry(Position(epoch, 1, 0), EntryKind.EPOCH, b"", epoch, b"", rules.STORE_ACTOR, self._now_ms)
        self._state.journal.append(entry)

    def _put(
        self, record: PreparedRecord, expect: Expected, position: Position, version_min: int = 1
    ) -> tuple[int | Conflict, bytes | None]:
        """Store a record; the key is None when nothing changed."""
        rules.check_record(record)
        identifier, _ = keys.identifier_key(record.identifier, True)
        entry = rules.check_home(self.prefix(identifier.folded_prefix), identifier.folded_prefix)
        _, key = keys.identifier_key(record.identifier, entry.fold_suffix)
        stored = self.record(key)
        if refusal := rules.conflict(stored.version if rules.exists(stored) else 0, expect):
            return refusal, None
        if rules.exists(stored) and stored.version >= version_min and rules.same_record(stored, record):
            return stored.version, None
        version = max(stored.version + 1 if stored else 1, version_min)
        self._state.values[key] = codec.encode_record(key, record, version, position)
        self._follow(stored if rules.exists(stored) else None, record)
        return version, key

    def _follow(self, old: StoredRecord | None, new: PreparedRecord | None) -> None:
        """Keep the edges in step that a record declares."""
        self.put_edges(follow_record(self, old, new, now_ms=self._now_ms))

    def _all_records(self) -> Iterator[tuple[bytes, StoredRecord]]:
        return ((key, codec.decode_record(key, value)) for key, value in self._state.values.items())

    def _note(self, kind: EntryKind, key: bytes, version: int, body: bytes) -> None:
        self._state.journal.append(Entry(self._next_position(), kind, key, version, body, self.actor, self._now_ms))

    def _next_position(self) -> Position:
        last = self.position
        return Position(last.epoch, self._hi, last.lo + 1 if last.hi == self._hi else 0)

    def _hour(self) -> int:
        return self._now_ms // rules.HOUR_MS


class MemoryStore:
    """A store without a directory; see `base.Store` for every verb.

    Args:
        clock: unix time in seconds.
    """

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._writing = Lock()
        self._state = _State()
        MemoryTxn(self._state, self._now_ms()).store_epoch(rules.FIRST_EPOCH)

    @property
    def last_transaction(self) -> int:
        """The number of the last commit."""
        return self._state.commits

    @contextmanager
    def read(self) -> Iterator[MemoryTxn]:
        """A snapshot for the length of a `with` block."""
        yield MemoryTxn(self._state, self._now_ms())

    def write(
        self, change: Callable[[WriteTxn], T], *, actor: str, outcome: OutcomeKey | None = None
    ) -> Future[Committed[T]]:
        """Apply a change; the future is resolved when it is."""
        future: Future[Committed[T]] = Future()
        rules.check_write(actor, outcome)
        with self._writing:
            try:
                future.set_result(self._apply(change, actor, outcome))
            except Exception as error:  # a change may raise anything, and the future carries it to its caller
                future.set_exception(error)
        return future

    def write_all(self, records: Sequence[PreparedRecord], *, actor: str) -> int:
        """Put many records, one BULK entry a segment; how many were new or different."""
        groups = segments(records, self._folds())
        return sum(self.write(partial(_put_segment, group), actor=actor).result().result for group in groups)

    def trim(self, before: Position) -> int:
        """Drop journal entries before a position, never the last one; how many were dropped."""
        with self._writing:
            state = self._state.copy()
            kept = [entry for entry in state.journal[:-1] if entry.position >= before] + state.journal[-1:]
            dropped = state.journal[: len(state.journal) - len(kept)]
            if dropped:
                state.journal, state.trimmed = kept, dropped[-1].position
                self._state = state
        return len(dropped)

    def close(self) -> None:
        """Nothing is held."""

    def _apply(self, change: Callable[[WriteTxn], T], actor: str, key: OutcomeKey | None) -> Committed[T]:
        state = self._state.copy()
        txn = MemoryTxn(state, self._now_ms(), actor)
        if key is not None and (first := txn.outcome(key)):
            if first.digest != key.digest:
                raise KeyReused("this idempotency key was used for another request")
            return Committed(cast(T, first.body), first.position, repeated=True)
        result = change(txn)
        if key is not None:
            txn.store_outcome(key, cast(bytes, result))
        self._state = state
        return Committed(result, txn.position)

    def _folds(self) -> Callable[[str], bool]:
        state = self._state
        return lambda prefix: state.prefixes[prefix].fold_suffix if prefix in state.prefixes else True

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)


def _put_segment(records: Sequence[PreparedRecord], txn: WriteTxn) -> int:
    return cast(MemoryTxn, txn).put_segment(records)
