"""The store seam: what every engine offers (`storage.md` §7).

A read transaction is one consistent snapshot, synchronous, short, and never held across an await. A change is a pure
function of its write transaction; the engine runs it under the write lock, together with every other change that is
waiting, and resolves its future only after the commit has been flushed: acknowledged means durable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum
from typing import Generic, Protocol, TypeVar

from idis.proto.errors import IdisError
from idis.registry.document import DocumentKind
from idis.registry.event_row import EventKnown, EventOrder, EventRow
from idis.registry.journal import Entry, Position, SnapshotNeeded
from idis.registry.prefix import PrefixEntry, RouteEntry
from idis.registry.record import PreparedRecord, StoredRecord

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

READ_TXN_MS_MAX = 10  # a reader pins every page freed since it began
COMMIT_OPS_MAX = 512  # bounds the latency of the first change in a group, and of a tool that shares the store
WRITE_QUEUE_MAX = 8_192  # beyond it a write is refused as busy, nothing half-done


class StoreError(IdisError):
    """The store cannot be opened or used; the text says what to do about it."""


class StoreBusy(StoreError):
    """WRITE_QUEUE_MAX changes are waiting; nothing of this one happened."""


class StorePoisoned(StoreError):
    """A flush failed: the outcome of this write is unknown, and no further write is accepted."""


class StoreFull(StoreError):
    """The disk is full: the write did not happen, reads go on."""


class RecordDamaged(StoreError):
    """A stored value does not match its digest and is not answered from."""


class KeyReused(StoreError):
    """An idempotency key came again with another request; nothing of this one happened."""


class Expect(Enum):
    """What a write expects to replace, where it is not a version number."""

    ANY = "any"
    ABSENT = "absent"


Expected = int | Expect


@dataclass(frozen=True, slots=True)
class Conflict:
    """The expectation did not hold; `version` is what is there (0: nothing)."""

    version: int


@dataclass(frozen=True, slots=True)
class PrefixStat:
    """What is stored below a prefix: live records, sum of their digests modulo 2**64, octets of their stored form."""

    records: int = 0
    digest_sum: int = 0
    octets: int = 0


@dataclass(frozen=True, slots=True)
class OutcomeKey:
    """The idempotency key of a write: the same key and digest give the first result again."""

    principal: bytes  # 8 octets
    key: bytes  # 16 octets
    digest: bytes  # of the request


@dataclass(frozen=True, slots=True)
class StoredOutcome:
    """The first result of a write that carried an OutcomeKey."""

    digest: bytes
    body: bytes
    position: Position


@dataclass(frozen=True, slots=True)
class Committed(Generic[T_co]):
    """A durable change: what it returned and where it stands in the journal. `repeated`: an earlier result again."""

    result: T_co
    position: Position
    repeated: bool = False


class ReadTxn(Protocol):
    """One consistent snapshot."""

    @property
    def position(self) -> Position:
        """The last journal entry this snapshot contains."""

    @property
    def transaction(self) -> int:
        """The number of the last commit this snapshot contains: with the same number it is the same snapshot."""

    def record(self, key: bytes) -> StoredRecord | None:
        """The record of a key (`keys.record_key`), tombstones included."""

    def public(self, key: bytes) -> tuple[int, bytes] | None:
        """Of the record of a key, only its `RecordFlag` bits and its public values; tombstones included.

        What the common question needs, at a third of the price of `record`.
        """

    def public_records(self, prefix: str, start: bytes, limit: int) -> list[tuple[bytes, tuple[int, bytes] | None]]:
        """What `public` gives of the records of one folded prefix from a key on, in key order; None for a damaged one."""

    def records(self, prefix: str, after: bytes | None, limit: int) -> list[tuple[bytes, StoredRecord]]:
        """Records of one folded prefix in key order, tombstones included, strictly after a key."""

    def prefix(self, prefix: str) -> PrefixEntry | None:
        """The entry of exactly this folded prefix."""

    def prefixes(self, after: str | None, limit: int) -> list[PrefixEntry]:
        """Entries in key order, strictly after a prefix."""

    def longest_prefix(self, prefix: str) -> PrefixEntry | None:
        """The entry of the folded prefix or of its nearest registered ancestor, by label."""

    def route(self, prefix: str) -> RouteEntry | None:
        """The range that holds exactly this folded prefix (not its ancestors)."""

    def routes(self, after: str | None, limit: int) -> list[RouteEntry]:
        """Ranges by start."""

    def aliases(self, scheme: str, local_id: str, limit: int) -> list[bytes]:
        """Keys of the live records that have this second name."""

    def next_alias(self, scheme: str, local_id: str) -> str | None:
        """The first local id of a scheme at or after one, in the order of octets; those kept as digests are left out."""

    def journal(self, after: Position, limit: int) -> list[Entry] | SnapshotNeeded:
        """Entries strictly after a position, in order."""

    def stat(self, prefix: str) -> PrefixStat:
        """Counts of one folded prefix."""

    def outcome(self, key: OutcomeKey) -> StoredOutcome | None:
        """The stored result of an idempotency key."""

    def document(self, kind: DocumentKind, key: bytes) -> bytes | None:
        """The document of a kind and key."""

    def documents(self, kind: DocumentKind, after: bytes | None, limit: int) -> list[tuple[bytes, bytes]]:
        """Keys and documents of a kind in key order, strictly after a key."""

    def audits(self, after: bytes | None, limit: int, *, newest_first: bool = False) -> list[tuple[bytes, bytes]]:
        """Keys and lines of the audit trail in the order of their time, strictly after a key; backwards, strictly before it.

        A key begins with the time in milliseconds (`keys.audit_key`), and what begins like one may be given as `after`.
        """

    def edge_spans(self, spans: Iterable[tuple[bytes, bytes]], limit: int) -> list[list[tuple[bytes, bytes]]]:
        """Rows of the edge table, in key order, for each span from a key on (inclusive) to another (exclusive).

        `registry/trace/rows.py` knows their form. At most `limit` rows are read in all: the last list is then cut, and no
        list follows for the spans behind it.
        """

    def last_edge(self, start: bytes, end: bytes) -> tuple[bytes, bytes] | None:
        """The last row of the edge table from a key on (inclusive) to another (exclusive)."""

    def event(self, event_id: str, *, declares_error: bool = False) -> EventRow | None:
        """The event of an id, or the declaration that it was wrong."""

    def events(
        self, order: EventOrder, start: bytes, end: bytes, limit: int, *, newest_first: bool = False
    ) -> list[tuple[bytes, EventRow]]:
        """Events with their keys in an order, from a key on (inclusive) to another (exclusive); backwards from the end.

        `event_row.recorded_head` and `time_head` give what keys begin with; `ff` is behind all of them.
        """


class WriteTxn(ReadTxn, Protocol):
    """A snapshot that sees its own writes.

    Attributes:
        actor: who makes the changes that follow, as the journal names him.
    """

    actor: str

    def put_record(self, record: PreparedRecord, expect: Expected = Expect.ANY, *, version_min: int = 1) -> int | Conflict:
        """Create or replace; returns the new version. An equal live record is left alone and keeps its version.

        With `version_min` the history of another node goes on here: the version is at least that, and an equal record
        of a lower one is written anew.
        """

    def put_new_records(self, records: Sequence[PreparedRecord]) -> list[int]:
        """Create records that are not there: the version of each, 0 for one that is there and stays as it is.

        As many calls of `put_record` that expect none, in order, at a fraction of their price.
        """

    def delete_record(self, key: bytes, expect: Expected = Expect.ANY) -> int | Conflict:
        """Leave a tombstone; returns its version. Conflict(0) when there is nothing to delete."""

    def put_prefix(self, entry: PrefixEntry, expect: Expected = Expect.ANY) -> int | Conflict:
        """Create or replace a prefix entry; returns the new version."""

    def put_route(self, route: RouteEntry) -> int:
        """Create or replace a range by its start. Raises StoreError when it overlaps another one."""

    def delete_route(self, start: str) -> bool:
        """Remove a range."""

    def put_document(self, kind: DocumentKind, key: bytes, body: bytes) -> bool:
        """Create or replace a document; False when it was the same already. Raises StoreError when it is empty or too long."""

    def delete_document(self, kind: DocumentKind, key: bytes) -> bool:
        """Remove a document; whether there was one."""

    def add_audit(self, line: bytes) -> None:
        """Append a line to the audit trail, at the time of this transaction. Raises StoreError when it is empty or too long."""

    def put_edges(self, rows: Mapping[bytes, bytes]) -> None:
        """Create or replace rows of the edge table; an empty one removes what is there.

        They are part of the event or record they come from, whose journal entry tells of them. Raises StoreError when a key
        or a row is too long.
        """

    def put_event(self, row: EventRow) -> EventRow | EventKnown:
        """Keep an event, with its place; or tell that one of this id is there. Raises StoreError when it is too long."""


class Store(Protocol):
    """One engine over one data directory (or none, for the oracle)."""

    @property
    def last_transaction(self) -> int:
        """The number of the last commit of any process: a snapshot begun now has it, or a later one."""

    def read(self) -> AbstractContextManager[ReadTxn]:
        """A snapshot for the length of a `with` block."""

    def write(self, change: Callable[[WriteTxn], T], *, actor: str, outcome: OutcomeKey | None = None) -> Future[Committed[T]]:
        """Queue a change. The future resolves after the flush, or raises what `change` or the engine raised.

        With `outcome`, `change` must return bytes, and a repeated key returns the first result without running it.
        """

    def write_all(self, records: Sequence[PreparedRecord], *, actor: str) -> int:
        """Put many records in sorted groups of COMMIT_OPS_MAX; returns how many were new or different. Blocks."""

    def close(self) -> None:
        """Finish what is queued and release the directory."""
