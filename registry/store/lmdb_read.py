"""Reading over LMDB: one consistent snapshot (`storage.md` §2.4). See `base.ReadTxn` for every verb."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from idis.registry.document import DocumentKind
from idis.registry.event_row import PLACE_BYTES, EventOrder, EventRow, id_key
from idis.registry.journal import BEGINNING, Entry, Position, SnapshotNeeded
from idis.registry.prefix import PrefixEntry, RouteEntry
from idis.registry.record import Alias, StoredRecord
from idis.registry.store import codec, keys, rules
from idis.registry.store.base import OutcomeKey, PrefixStat, RecordDamaged, StoredOutcome
from idis.registry.store.environment import Environment

PREFIX_CACHE_ENTRIES_MAX = 4_096  # decoded entries; about 1 KiB each

PrefixCache = dict[bytes, tuple[bytes, PrefixEntry]]  # key → the octets it was decoded from, and the entry


class LmdbReadTxn:
    """One consistent snapshot, for the length of a `with` block; see `base.ReadTxn` for every verb."""

    __slots__ = ("_cache", "_clock", "_environment", "_position", "_raw", "_tables")

    def __init__(self, environment: Environment, cache: PrefixCache, clock: Callable[[], float], raw: Any = None) -> None:
        self._environment = environment
        self._tables = environment.tables
        self._cache = cache
        self._clock = clock
        self._raw = raw
        self._position: Position | None = None

    def __enter__(self) -> LmdbReadTxn:
        self._raw = self._environment.begin_read()
        return self

    def __exit__(self, *_error: object) -> None:
        raw, self._raw = self._raw, None
        self._environment.end_read(raw)

    @property
    def position(self) -> Position:
        """The last journal entry this snapshot contains."""
        if self._position is None:
            with self._raw.cursor(self._tables.journal) as cursor:
                self._position = Position.decode(cursor.key()) if cursor.last() else BEGINNING
        return self._position

    @property
    def transaction(self) -> int:
        """The number of the last commit this snapshot contains."""
        number: int = self._raw.id()
        return number

    def record(self, key: bytes) -> StoredRecord | None:
        """The record of a key, tombstones included."""
        value = self._raw.get(key, db=self._tables.record)
        return None if value is None else codec.decode_record(key, value)

    def public(self, key: bytes) -> tuple[int, bytes] | None:
        """The flags and the public values of a record, tombstones included."""
        value = self._raw.get(key, None, self._tables.record)  # by keyword the table costs a quarter of the call
        return None if value is None else codec.decode_public(key, value)

    def public_records(self, prefix: str, start: bytes, limit: int) -> list[tuple[bytes, tuple[int, bytes] | None]]:
        """Flags and public values of the records of one folded prefix from a key on; None for a damaged one."""
        first, end = keys.prefix_bounds(prefix)
        page = islice(self._walk(self._tables.record, max(first, start)), limit)
        return [(key, codec.decode_undamaged(key, value)) for key, value in page if key < end]

    def records(self, prefix: str, after: bytes | None, limit: int) -> list[tuple[bytes, StoredRecord]]:
        """Records of one folded prefix in key order, tombstones included, strictly after a key."""
        start, end = keys.prefix_bounds(prefix)
        found: list[tuple[bytes, StoredRecord]] = []
        for key, value in self._walk(self._tables.record, max(start, after or b"")):
            if key >= end or len(found) >= limit:
                break
            if key != after:
                found.append((key, codec.decode_record(key, value)))
        return found

    def prefix(self, prefix: str) -> PrefixEntry | None:
        """The entry of exactly this folded prefix."""
        key = prefix.encode()
        value = self._get(self._tables.prefix, key)
        return None if value is None else self._entry(key, value)

    def prefixes(self, after: str | None, limit: int) -> list[PrefixEntry]:
        """Entries in key order, strictly after a prefix."""
        start = b"" if after is None else after.encode()
        found: list[PrefixEntry] = []
        for key, value in self._walk(self._tables.prefix, start):
            if len(found) >= limit:
                break
            if after is None or key != start:
                found.append(self._entry(key, value))
        return found

    def longest_prefix(self, prefix: str) -> PrefixEntry | None:
        """The entry of the folded prefix or of its nearest registered ancestor, by label."""
        while True:
            if (entry := self.prefix(prefix)) is not None:
                return entry
            prefix, dot, _ = prefix.rpartition(".")
            if not dot:
                return None

    def route(self, prefix: str) -> RouteEntry | None:
        """The range that holds exactly this folded prefix."""
        key = keys.route_key(prefix)
        found = self._route_at_or_before(key)
        return found if found is not None and rules.route_holds(found, prefix) else None

    def routes(self, after: str | None, limit: int) -> list[RouteEntry]:
        """Ranges by parent, label length and start, strictly after a start."""
        start = b"" if after is None else keys.route_key(after)
        found: list[RouteEntry] = []
        for key, value in self._walk(self._tables.route, start):
            if len(found) >= limit:
                break
            if after is None or key != start:
                found.append(codec.decode_route(key, value))
        return found

    def aliases(self, scheme: str, local_id: str, limit: int) -> list[bytes]:
        """Keys of the records that exist and have this second name."""
        head = keys.alias_head(Alias(scheme, local_id))
        found: list[bytes] = []
        for place, value in self._walk(self._tables.alias, head):
            if not place.startswith(head) or len(found) >= limit:
                break
            found.append(codec.decode_alias(place, value))
        return found

    def next_alias(self, scheme: str, local_id: str) -> str | None:
        """The first local id of a scheme at or after one, in the order of octets; those kept as digests are left out."""
        place = next((place for place, _ in self._walk(self._tables.alias, keys.alias_start(scheme, local_id))), None)
        return None if place is None else keys.local_id_of(scheme, place)

    def journal(self, after: Position, limit: int) -> list[Entry] | SnapshotNeeded:
        """Entries strictly after a position, or the news that they are no longer here."""
        last = self.position
        trimmed = self._raw.get(keys.META_TRIMMED, db=self._tables.meta)
        oldest = BEGINNING if trimmed is None else codec.decode_trimmed(trimmed)
        if after < oldest or after > last or (after != BEGINNING and after.epoch != last.epoch):
            return SnapshotNeeded(last)
        if (recent := self._environment.recent.after(after, last, limit)) is not None:
            return recent
        start = after.encode()
        found: list[Entry] = []
        for key, value in self._walk(self._tables.journal, start):
            if len(found) >= limit:
                break
            if key != start:
                found.append(codec.decode_entry(key, value))
        return found

    def stat(self, prefix: str) -> PrefixStat:
        """Counts of one folded prefix; tombstones are not counted."""
        place = keys.stat_key(prefix)
        value = self._raw.get(place, db=self._tables.stat)
        return PrefixStat() if value is None else codec.decode_stat(place, value)

    def outcome(self, key: OutcomeKey) -> StoredOutcome | None:
        """The stored result of an idempotency key, for OUTCOME_HOURS."""
        hour = int(self._clock() * 1000) // rules.HOUR_MS
        for probe in range(hour, max(hour - rules.OUTCOME_HOURS, -1), -1):
            place = keys.outcome_key(probe, key)
            value = self._raw.get(place, db=self._tables.outcome)
            if value is not None:
                return codec.decode_outcome(place, value)
        return None

    def document(self, kind: DocumentKind, key: bytes) -> bytes | None:
        """The document of a kind and key."""
        if not rules.fits_document(key):
            return None
        place = keys.document_key(kind, key)
        value = self._raw.get(place, db=self._tables.document)
        return None if value is None else codec.unseal(keys.DOCUMENT, place, value)

    def documents(self, kind: DocumentKind, after: bytes | None, limit: int) -> list[tuple[bytes, bytes]]:
        """Keys and documents of a kind in key order, strictly after a key."""
        start = keys.document_key(kind, after or b"")
        found: list[tuple[bytes, bytes]] = []
        for place, value in self._walk(self._tables.document, start):
            if place[0] != kind or len(found) >= limit:
                break
            if place != start:
                found.append((place[1:], codec.unseal(keys.DOCUMENT, place, value)))
        return found

    def audits(self, after: bytes | None, limit: int, *, newest_first: bool = False) -> list[tuple[bytes, bytes]]:
        """Keys and lines of the audit trail in the order of their time, strictly beyond a key."""
        lines = self._walk_back(self._tables.audit, after) if newest_first else self._walk(self._tables.audit, after or b"")
        found: list[tuple[bytes, bytes]] = []
        for place, value in lines:
            if len(found) >= limit:
                break
            if place != after:
                found.append((place, codec.unseal(keys.AUDIT, place, value)))
        return found

    def edge_spans(self, spans: Iterable[tuple[bytes, bytes]], limit: int) -> list[list[tuple[bytes, bytes]]]:
        """Rows of the edge table for each span, at most `limit` in all."""
        found: list[list[tuple[bytes, bytes]]] = []
        with self._raw.cursor(self._tables.edge) as cursor:
            for start, end in spans:
                if limit <= 0:
                    break
                rows: list[tuple[bytes, bytes]] = []
                found.append(rows)
                # Most things have few edges, many have none: the first row is looked at before an iterator is made.
                if not cursor.set_range(start) or cursor.key() >= end:
                    continue
                for key, value in cursor.iternext():
                    if key >= end or limit <= 0:
                        break
                    rows.append((key, codec.unseal_edge(key, value)))
                    limit -= 1
        return found

    def last_edge(self, start: bytes, end: bytes) -> tuple[bytes, bytes] | None:
        """The last row of the edge table in a span."""
        with self._raw.cursor(self._tables.edge) as cursor:
            found = cursor.prev() if cursor.set_range(end) else cursor.last()
            if not found or cursor.key() < start:
                return None
            key, value = cursor.item()
            return key, codec.unseal_edge(key, value)

    def event(self, event_id: str, *, declares_error: bool = False) -> EventRow | None:
        """The event of an id, or the declaration that it was wrong."""
        key = id_key(event_id, declares_error)
        value = self._raw.get(key, db=self._tables.event_id)
        return None if value is None else self._event_at(codec.unseal(keys.EVENT_ID, key, value))

    def events(
        self, order: EventOrder, start: bytes, end: bytes, limit: int, *, newest_first: bool = False
    ) -> list[tuple[bytes, EventRow]]:
        """Events with their keys in an order, from a key on to another."""
        by_time = order is EventOrder.HAPPENED
        table = self._tables.event_time if by_time else self._tables.event
        found: list[tuple[bytes, EventRow]] = []
        for key, value in self._walk_back(table, end) if newest_first else self._walk(table, start):
            if len(found) >= limit or key < start or key >= end:
                break
            if by_time:
                codec.unseal(keys.EVENT_TIME, key, value)
                found.append((key, self._event_at(key[-PLACE_BYTES:])))
            else:
                found.append((key, codec.decode_event(key, value)))
        return found

    def _event_at(self, place: bytes) -> EventRow:
        value = self._raw.get(place, db=self._tables.event)
        if value is None:
            raise RecordDamaged(f"there is no event at {codec.readable(place)}, though its key says so: run 'idis verify'")
        return codec.decode_event(place, value)

    def _get(self, table: Any, key: bytes) -> bytes | None:
        """The value of a key that came from outside: one that cannot be stored is not there."""
        value: bytes | None = self._raw.get(key, db=table) if 0 < len(key) <= keys.KEY_BYTES_MAX else None
        return value

    def _walk(self, table: Any, start: bytes) -> Iterator[tuple[bytes, bytes]]:
        with self._raw.cursor(table) as cursor:
            if cursor.set_range(start[: keys.KEY_BYTES_MAX]) if start else cursor.first():
                yield from cursor.iternext()

    def _walk_back(self, table: Any, before: bytes | None) -> Iterator[tuple[bytes, bytes]]:
        """From the last key strictly before one, or from the end, to the first."""
        with self._raw.cursor(table) as cursor:
            inside = before is not None and cursor.set_range(before[: keys.KEY_BYTES_MAX])
            if cursor.prev() if inside else cursor.last():
                yield from cursor.iterprev()

    def _entry(self, key: bytes, value: bytes) -> PrefixEntry:
        known = self._cache.get(key)
        # The very octets whose digest was compared before need not be compared again.
        if known is not None and known[0] == value:
            return known[1]
        entry = codec.decode_prefix(key, value)
        if len(self._cache) >= PREFIX_CACHE_ENTRIES_MAX:
            self._cache.clear()
        self._cache[key] = (value, entry)
        return entry

    def _route_at_or_before(self, key: bytes) -> RouteEntry | None:
        with self._raw.cursor(self._tables.route) as cursor:
            found = cursor.set_range(key[: keys.KEY_BYTES_MAX])
            if not (found and cursor.key() == key):
                found = cursor.prev() if found else cursor.last()
            return codec.decode_route(cursor.key(), cursor.value()) if found else None
