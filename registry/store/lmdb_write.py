"""Writing over LMDB: a group of changes that becomes durable at once. See `base.WriteTxn` for every verb.

One `LmdbWriteTxn` serves all changes of a commit, one after the other; each sees what those before it wrote. Whatever
belongs to a change (record, journal entry, aliases, counts, outcome) goes into the same transaction (`storage.md` §4).
Counts are kept in memory until `finish`, because a group touches few prefixes and many records; so are the rows of `unput.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from idis.registry.document import DocumentKind
from idis.registry.event_row import EventKnown, EventOrder, EventRow, id_key
from idis.registry.journal import Entry, EntryKind, Position, SnapshotNeeded
from idis.registry.prefix import PrefixEntry, RouteEntry
from idis.registry.record import Alias, PreparedRecord, StoredRecord
from idis.registry.store import codec, keys, rules, tallies
from idis.registry.store.base import (
    Conflict,
    Expect,
    Expected,
    OutcomeKey,
    PrefixStat,
    RecordDamaged,
    StoredOutcome,
    StoreError,
)
from idis.registry.store.environment import Environment, Tables
from idis.registry.store.lmdb_read import LmdbReadTxn, PrefixCache
from idis.registry.store.new_records import NAME_CHARACTERS_MAX, Home, NewRecords, Where, put_unused, seal_new_records
from idis.registry.store.unput import EVENT_BYTES_MAX, Unput
from idis.registry.trace.records import follow_record, may_declare


class LmdbWriteTxn(LmdbReadTxn):
    """The changes of one commit; see `base.WriteTxn` for every verb.

    What stands below `add_audit` serves those who load many records at once (`registry/store/bulk.py`).

    Attributes:
        actor: who makes the changes that follow.
        octets: how much has been written, for the bound on a commit.
        entries: what will stand in the journal of it.
    """

    __slots__ = (
        "_homes",
        "_next",
        "_now_ms",
        "_recorded_ms",
        "_stats",
        "_tallies",
        "_unput",
        "actor",
        "entries",
        "octets",
    )

    def __init__(
        self,
        environment: Environment,
        cache: PrefixCache,
        clock: Callable[[], float],
        raw: Any,
        position: Position | None = None,
    ) -> None:
        super().__init__(environment, cache, clock, raw)
        self._now_ms = int(clock() * 1000)  # one time for all that becomes durable at once
        self._recorded_ms = 0  # of its events; 0 before the first
        self.actor = ""
        self.octets = 0
        self.entries: list[Entry] = []
        self._unput = Unput()
        self._stats: dict[str, list[int]] = {}
        self._tallies: dict[bytes, tallies.Tally] = {}
        self._homes: dict[str, PrefixEntry] = {}  # by the prefix as spelled
        last = self.position
        self._next = position or Position(last.epoch, last.hi + 1, 0)

    @property
    def raw(self) -> Any:
        """The engine's own transaction. Whoever writes through it keeps the invariants of `storage.md` §4 himself."""
        return self._raw

    @property
    def tables(self) -> Tables:
        """The engine's handles of the named tables."""
        return self._tables

    @property
    def now_ms(self) -> int:
        """The time of the commit, unix time in milliseconds."""
        return self._now_ms

    @property
    def next_position(self) -> Position:
        """Where the next journal entry will stand; records written with it carry it."""
        return self._next

    def stat(self, prefix: str) -> PrefixStat:
        """Counts of one folded prefix; tombstones are not counted."""
        return PrefixStat(*self._counts(prefix))

    def journal(self, after: Position, limit: int) -> list[Entry] | SnapshotNeeded:
        """Entries strictly after a position, those of this commit included."""
        self._unput.put(self._raw, self._tables)
        return super().journal(after, limit)

    def audits(self, after: bytes | None, limit: int, *, newest_first: bool = False) -> list[tuple[bytes, bytes]]:
        """Lines of the audit trail, those of this commit included."""
        self._unput.put(self._raw, self._tables)
        return super().audits(after, limit, newest_first=newest_first)

    def event(self, event_id: str, *, declares_error: bool = False) -> EventRow | None:
        """The event of an id, or the declaration that it was wrong, those of this commit included."""
        if id_key(event_id, declares_error) in self._unput.event_ids:
            self._unput.put(self._raw, self._tables)
        return super().event(event_id, declares_error=declares_error)

    def events(
        self, order: EventOrder, start: bytes, end: bytes, limit: int, *, newest_first: bool = False
    ) -> list[tuple[bytes, EventRow]]:
        """Events in an order, those of this commit included."""
        self._unput.put(self._raw, self._tables)
        return super().events(order, start, end, limit, newest_first=newest_first)

    def put_record(self, record: PreparedRecord, expect: Expected = Expect.ANY, *, version_min: int = 1) -> int | Conflict:
        """Create or replace; an equal record that exists is left alone and keeps its version, if that is not too low."""
        if expect is Expect.ABSENT and version_min == 1 and (version := self._put_new(record)):
            return version
        key, stored = self._locate(record)
        held = stored if rules.exists(stored) else None
        if refusal := rules.conflict(held.version if held else 0, expect):
            return refusal
        if held and held.version >= version_min and rules.same_record(held, record):
            return held.version
        version = max(stored.version + 1 if stored else 1, version_min)
        value = codec.encode_record(key, record, version, self._next)
        self._replace(key, value, held, record.aliases)
        self._follow(held, record)
        self.add_entry(EntryKind.PUT, key, version, value)
        return version

    def put_new_records(self, records: Sequence[PreparedRecord]) -> list[int]:
        """Create records that are not there: the version of each, 0 for one that is there and stays as it is."""
        versions: list[int] = []
        while (start := len(versions)) < len(records):
            new = self._seal_new(records, start)
            if new.rows and put_unused(self._raw, self._tables.record, new.rows):
                self._note_new(new)
                versions += [1] * len(new.rows)
                continue
            made = [self.put_record(record, Expect.ABSENT) for record in records[start : start + (len(new.rows) or 1)]]
            versions += [0 if isinstance(version, Conflict) else version for version in made]
        return versions

    def delete_record(self, key: bytes, expect: Expected = Expect.ANY) -> int | Conflict:
        """Leave a tombstone; Conflict(0) when there is nothing to delete."""
        stored = self.record(key)
        if not rules.exists(stored):
            return Conflict(0)
        if refusal := rules.conflict(stored.version, expect):
            return refusal
        version = stored.version + 1
        value = codec.encode_tombstone(key, stored.identifier, version, self._next)
        self._replace(key, value, stored, (), lives=False)
        self._follow(stored, None)
        self.add_entry(EntryKind.DELETE, key, version, value)
        return version

    def put_prefix(self, entry: PrefixEntry, expect: Expected = Expect.ANY) -> int | Conflict:
        """Create or replace a prefix entry; returns the new version."""
        rules.check_prefix(entry)
        old = self.prefix(entry.prefix)
        if refusal := rules.conflict(old.version if old else 0, expect):
            return refusal
        if old is not None:
            rules.check_prefix_change(
                old, entry, self.stat(entry.prefix).records, bool(self.records(entry.prefix, None, 1))
            )
        entry = replace(entry, version=old.version + 1 if old else 1)
        value = codec.encode_prefix(entry)
        self._put(self._tables.prefix, entry.prefix.encode(), value)
        self._homes.clear()
        self.add_entry(EntryKind.PREFIX, entry.prefix.encode(), entry.version, value)
        return entry.version

    def put_route(self, route: RouteEntry) -> int:
        """Create or replace a range by its start; raises StoreError when it overlaps another one."""
        rules.check_route(route)
        key = keys.route_key(route.start)
        old: RouteEntry | None = None
        for other in self._neighbours(route, key):
            if other.start == route.start:
                old = other
            elif rules.routes_overlap(route, other):
                raise StoreError(f"the range {route.start} to {route.end} overlaps {other.start} to {other.end}")
        route = replace(route, version=old.version + 1 if old else 1)
        value = codec.encode_route(route)
        self._put(self._tables.route, key, value)
        self.add_entry(EntryKind.ROUTE, key, route.version, value)
        return route.version

    def delete_route(self, start: str) -> bool:
        """Remove a range; whether there was one."""
        key = keys.route_key(start)
        value = self._get(self._tables.route, key)
        if value is None:
            return False
        version = codec.decode_route(key, value).version + 1
        self._raw.delete(key, db=self._tables.route)
        self.add_entry(EntryKind.ROUTE, key, version, b"")
        return True

    def put_document(self, kind: DocumentKind, key: bytes, body: bytes) -> bool:
        """Create or replace a document; False when it was the same already."""
        rules.check_document(key, body)
        place = keys.document_key(kind, key)
        value = codec.seal(keys.DOCUMENT, place, body)
        old = self._raw.get(place, db=self._tables.document)
        if old == value:
            return False
        self._put(self._tables.document, place, value)
        self._tally(keys.META_DOCUMENTS).drop(old)
        self._tally(keys.META_DOCUMENTS).take(value)
        self.add_entry(EntryKind.DOCUMENT, place, 0, body)
        return True

    def delete_document(self, kind: DocumentKind, key: bytes) -> bool:
        """Remove a document; whether there was one."""
        if not rules.fits_document(key):
            return False
        place = keys.document_key(kind, key)
        old = self._raw.pop(place, db=self._tables.document)
        if old is None:
            return False
        self._tally(keys.META_DOCUMENTS).drop(old)
        self.add_entry(EntryKind.DOCUMENT, place, 0, b"")
        return True

    def add_audit(self, line: bytes) -> None:
        """Append a line to the audit trail, at the time of this commit."""
        rules.check_audit(line)
        place = keys.audit_key(self._now_ms, self._next)
        value = codec.seal(keys.AUDIT, place, line)
        self._unput.lines.append((place, value))
        self.octets += len(place) + len(value)
        self._tally(keys.META_AUDITS).take(value)
        self.add_entry(EntryKind.AUDIT, place, 0, line)

    def put_edges(self, rows: Mapping[bytes, bytes]) -> None:
        """Create or replace rows of the edge table; an empty one removes what is there."""
        # One event has some fifteen rows: what each of them costs is most of what a capture costs.
        rules.check_edges(rows)
        table, tally = self._tables.edge, self._tally(keys.META_EDGES)
        kept = dict(rows)
        if not all(rows.values()):
            for key in [key for key, row in rows.items() if not row]:
                del kept[key]
                tally.drop(self._raw.pop(key, db=table))
        if kept:
            places, values, digests, octets = codec.seal_edges(kept)
            with self._raw.cursor(table) as cursor:
                for _, old in cursor.getmulti(places):
                    tally.drop(old)
                cursor.putmulti(values)
            tally.take_all(len(values), digests)
            self.octets += octets

    def put_event(self, row: EventRow) -> EventRow | EventKnown:
        """Keep an event, with its place; or tell that one of this id is there."""
        rules.check_event(row)
        unput, by_id = self._unput, id_key(row.event_id, row.declares_error)
        if by_id in unput.event_ids or unput.event_octets > EVENT_BYTES_MAX:
            unput.put(self._raw, self._tables)
        if (value := self._raw.get(by_id, db=self._tables.event_id)) is not None:
            known = self._event_at(codec.unseal(keys.EVENT_ID, by_id, value))
            return EventKnown(known, known.content == row.content)
        if not self._recorded_ms:
            self._recorded_ms = max(self._now_ms, self._last_recorded_ms())
        place = keys.audit_key(self._recorded_ms, self._next)
        row = EventRow(*row[:-1], place)
        value, by_time = codec.encode_event(row), row.time_key
        unput.events.append((place, value))
        unput.event_octets += len(value)
        unput.event_times.append((by_time, codec.seal(keys.EVENT_TIME, by_time, b"")))
        unput.event_ids[by_id] = sealed_place = codec.seal(keys.EVENT_ID, by_id, place)
        self.octets += len(place) + len(value) + len(by_time) + len(by_id) + len(sealed_place)
        self._tally(keys.META_EVENTS).take(value)
        self.add_entry(EntryKind.EVENT, place, 0, b"")
        return row

    def add_edges(self, values: Iterable[tuple[bytes, bytes]], count: int, digest_sum: int) -> None:
        """Put sealed rows of edges, sorted by key, none of which is there."""
        with self._raw.cursor(self._tables.edge) as cursor:
            consumed, added = cursor.putmulti(values, overwrite=False)
        assert consumed == added == count, "records that are new have no edges yet"
        self._tally(keys.META_EDGES).take_all(count, digest_sum)

    def put_segment(self, records: Sequence[PreparedRecord]) -> int:
        """Put records of one prefix, ascending by key, under one BULK entry; how many were new or different."""
        changed: dict[bytes, int] = {}
        count = 0
        with self._raw.cursor(self._tables.record) as cursor:
            last = cursor.key() if cursor.last() else b""
        for record in records:
            key, stored = self._locate(record)
            held = stored if rules.exists(stored) else None
            if held and rules.same_record(held, record):
                continue
            value = codec.encode_record(key, record, stored.version + 1 if stored else 1, self._next)
            # Beyond the last key the engine fills whole pages instead of splitting them.
            self._replace(key, value, held, record.aliases, append=key > last)
            self._follow(held, record)
            last = max(last, key)
            changed[key] = codec.digest_of(value)
            count += 1
        if changed:
            self.add_segment(min(changed), max(changed), len(changed), sum(changed.values()))
        return count

    def add_segment(self, first_key: bytes, last_key: bytes, count: int, digest_sum: int) -> Position:
        """Journal that records of one prefix were written at `next_position`; returns that position."""
        segment = codec.BulkSegment(
            keys.prefix_of(first_key), first_key, last_key, count, digest_sum % codec.DIGEST_SUM_MODULUS
        )
        return self.add_entry(EntryKind.BULK, first_key, 0, codec.encode_segment(segment))

    def add_entry(self, kind: EntryKind, key: bytes, version: int, body: bytes) -> Position:
        """Append a journal entry at `next_position`; returns that position."""
        position = self._next
        entry = Entry(position, kind, key, version, body, self.actor, self._now_ms)
        row = codec.encode_entry(entry)
        self.entries.append(entry)
        self._unput.entries.append(row)
        self.octets += len(row[0]) + len(row[1])
        self._position = position
        self._next = Position(position.epoch, position.hi, position.lo + 1)
        return position

    def add_counts(self, prefix: str, records: int, digest_sum: int, octets: int) -> None:
        """Add to what is counted below a prefix; negative numbers for what went away."""
        counts = self._counts(prefix)
        counts[0] += records
        counts[1] = (counts[1] + digest_sum) % codec.DIGEST_SUM_MODULUS
        counts[2] += octets

    def add_aliases(self, aliases: Sequence[Alias], key: bytes) -> None:
        """Make a record findable by its second names."""
        for alias in aliases:
            self._put(self._tables.alias, *codec.encode_alias(alias, key))

    def store_outcome(self, key: OutcomeKey, body: bytes) -> None:
        """Remember the first result of a write."""
        place = keys.outcome_key(self._now_ms // rules.HOUR_MS, key)
        self._put(self._tables.outcome, place, codec.encode_outcome(place, StoredOutcome(key.digest, body, self.position)))

    def finish(self) -> None:
        """Write what was kept in memory; to be called before the commit."""
        self._unput.put(self._raw, self._tables)
        for prefix, (records, digest_sum, octets) in self._stats.items():
            place = keys.stat_key(prefix)
            self._put(self._tables.stat, place, codec.encode_stat(place, PrefixStat(records, digest_sum, octets)))
        self._stats.clear()
        for name, tally in self._tallies.items():
            self._put(self._tables.meta, name, tally.encode(name))
        self._tallies.clear()

    def _last_recorded_ms(self) -> int:
        """When the last event was recorded: a clock that was set back does not change the order of recording."""
        with self._raw.cursor(self._tables.event) as cursor:
            return keys.audit_time_ms(cursor.key()) if cursor.last() else 0

    def _put_new(self, record: PreparedRecord) -> int:
        """Create a record under a key that was never used, by one step of the engine; its version, 0 for any other key."""
        key, home = self._place(record)
        if keys.is_hashed(key):
            return 0  # what is there must be looked at
        value = codec.encode_record(key, record, 1, self._next)
        if not self._raw.put(key, value, db=self._tables.record, overwrite=False):
            return 0
        self.octets += len(key) + len(value)
        self.add_counts(home.prefix, 1, codec.digest_of(value), len(key) + len(value))
        if record.aliases:
            self.add_aliases(record.aliases, key)
        self._follow(None, record)
        self.add_entry(EntryKind.PUT, key, 1, value)
        return 1

    def _seal_new(self, records: Sequence[PreparedRecord], start: int) -> NewRecords:
        """What records of one prefix from one on will look like where they are new."""
        _, entry = self._place(records[start])
        home = Home(records[start].identifier.partition("/")[0], entry.prefix, entry.fold_suffix)
        return seal_new_records(records, start, home, Where(self._next, self._now_ms, self.actor))

    def _note_new(self, new: NewRecords) -> None:
        """Count records that were put, and tell of them in the journal."""
        self.add_counts(keys.prefix_of(new.rows[0][0]), len(new.rows), new.digest_sum, new.octets)
        self.entries += new.entries
        self._unput.entries += new.journal
        self.octets += new.octets + sum([len(place) + len(value) for place, value in new.journal])
        self._position = last = new.entries[-1].position
        self._next = last._replace(lo=last.lo + 1)

    def _locate(self, record: PreparedRecord) -> tuple[bytes, StoredRecord | None]:
        """Where a record belongs, and what is there."""
        key, home = self._place(record)
        stored = self.record(key)
        if stored is not None and keys.is_hashed(key):
            self._check_hashed(key, stored, home.fold_suffix)
        return key, stored

    def _place(self, record: PreparedRecord) -> tuple[bytes, PrefixEntry]:
        """Where a record belongs, and below which prefix."""
        if record.aliases or record.flags:
            rules.check_record(record)
        spelled, _, suffix = record.identifier.partition("/")
        home = self._homes.get(spelled)
        # Below a prefix that has been parsed and found, a short printable suffix needs no parser.
        if home is None or not 0 < len(suffix) <= NAME_CHARACTERS_MAX or not suffix.isprintable():
            identifier, _ = keys.identifier_key(record.identifier, True)
            prefix, suffix = identifier.folded_prefix, identifier.suffix or ""
            home = self._homes[spelled] = rules.check_home(self.prefix(prefix), prefix)
        return keys.record_key(home.prefix, suffix, home.fold_suffix), home

    def _check_hashed(self, key: bytes, stored: StoredRecord, fold_suffix: bool) -> None:
        """The full identifier is inside and compared: a hash alone proves nothing about rot."""
        if keys.identifier_key(stored.identifier, fold_suffix)[1] != key:
            raise RecordDamaged(f"the record at {codec.readable(key)} says that it is {stored.identifier}")

    def _replace(
        self,
        key: bytes,
        value: bytes,
        old: StoredRecord | None,
        aliases: tuple[Alias, ...],
        *,
        lives: bool = True,
        append: bool = False,
    ) -> None:
        """Put a record's value; keep aliases and counts in step. `old` is what existed until now."""
        prefix = keys.prefix_of(key)
        if old is not None:
            before = self._raw.get(key, db=self._tables.record)
            self.add_counts(prefix, -1, -old.digest, -len(key) - len(before))
            for alias in old.aliases:
                if alias not in aliases:
                    self._raw.delete(keys.alias_key(alias, key), db=self._tables.alias)
        if lives:
            self.add_counts(prefix, 1, codec.digest_of(value), len(key) + len(value))
        self._put(self._tables.record, key, value, append=append)
        if aliases:
            self.add_aliases(aliases, key)

    def _follow(self, old: StoredRecord | None, new: PreparedRecord | None) -> None:
        """Keep the edges in step that a record declares."""
        if (old is not None and may_declare(old)) or (new is not None and may_declare(new)):
            self.put_edges(follow_record(self, old, new, now_ms=self._now_ms))

    def _counts(self, prefix: str) -> list[int]:
        counts = self._stats.get(prefix)
        if counts is None:
            stat = super().stat(prefix)
            counts = self._stats[prefix] = [stat.records, stat.digest_sum, stat.octets]
        return counts

    def _tally(self, name: bytes) -> tallies.Tally:
        if name not in self._tallies:
            self._tallies[name] = tallies.read(self._raw, self._tables, name)
        return self._tallies[name]

    def _neighbours(self, route: RouteEntry, key: bytes) -> Iterator[RouteEntry]:
        """The range before this one, that of the same start, and all that begin inside it."""
        with self._raw.cursor(self._tables.route) as cursor:
            before = (cursor.prev() if cursor.set_range(key) else cursor.last())
            if before:
                yield codec.decode_route(cursor.key(), cursor.value())
        end = keys.route_key(route.end)
        for place, value in self._walk(self._tables.route, key):
            if place > end:
                return
            yield codec.decode_route(place, value)

    def _put(self, table: Any, key: bytes, value: bytes, *, append: bool = False) -> None:
        if not self._raw.put(key, value, db=table, append=append):
            raise StoreError(f"the store refused key {codec.readable(key)}: run 'idis verify'")
        self.octets += len(key) + len(value)
