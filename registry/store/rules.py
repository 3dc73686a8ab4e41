"""What every engine refuses, and what it compares: pure functions, so that engines cannot differ in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeGuard

from idis.proto.errors import IdentifierError
from idis.proto.identifier import fold, parse_prefix
from idis.registry.document import DOCUMENT_BYTES_MAX, DOCUMENT_KEY_BYTES_MAX
from idis.registry.event_row import CONTENT_BYTES, EVENT_BYTES_MAX, EVENT_ID_BYTES_MAX, EventRow
from idis.registry.prefix import PrefixEntry, RouteEntry
from idis.registry.record import Alias, PreparedRecord, RecordFlag, StoredRecord, same_content
from idis.registry.store.base import Conflict, Expect, Expected, OutcomeKey, StoreError
from idis.registry.store.keys import KEY_BYTES_MAX

ACTOR_BYTES_MAX = 255  # a name for the journal, not a document
SCHEME_BYTES_MAX = 64  # with a hashed second name and a hashed key it stays inside KEY_BYTES_MAX
ALIAS_BYTES_MAX = 2_048  # as long as an identifier may be
OUTCOME_HOURS = 24  # how long a repeated write is recognised
HOUR_MS = 3_600_000
FIRST_EPOCH = 1
STORE_ACTOR = "store"  # who made the entries nobody asked for
PRINCIPAL_BYTES = 8
OUTCOME_KEY_BYTES = 16
REQUEST_DIGEST_BYTES_MAX = 64  # of any hash in use
AUDIT_LINE_BYTES_MAX = 65_536  # one act in words; what it changed is there as digests
EDGE_ROW_BYTES_MAX = 65_536  # two long names and the reasons of one edge

_TOMBSTONE = int(RecordFlag.TOMBSTONE)  # the enumeration's own operators take a microsecond


def conflict(version: int, expect: Expected) -> Conflict | None:
    """Compare what a write expects with the version that is there, 0 for nothing."""
    match expect:
        case Expect.ANY:
            return None
        case Expect.ABSENT:
            return Conflict(version) if version else None
        case number:
            return None if version == number else Conflict(version)


def exists(record: StoredRecord | None) -> TypeGuard[StoredRecord]:
    """Whether there is a record and it has not been deleted; a disabled one exists."""
    return record is not None and not int(record.flags) & _TOMBSTONE


def same_record(stored: StoredRecord, record: PreparedRecord) -> bool:
    """Whether writing `record` would change nothing but timestamps."""
    return (
        stored.identifier == record.identifier
        and stored.flags == record.flags
        and stored.aliases == record.aliases
        and (stored.ttl_s, stored.not_after) == (record.ttl_s, record.not_after)
        and same_content(stored.public, record.public)
        and same_content(stored.restricted, record.restricted)
    )


def check_home(entry: PrefixEntry | None, prefix: str) -> PrefixEntry:
    """The entry below which a record is written. Raises StoreError unless it is registered and answered here."""
    if entry is None:
        raise StoreError(f"the prefix {prefix} is not registered here: register it before its records")
    if not entry.keeps_records:
        raise StoreError(f"the records of {prefix} are kept elsewhere: it is neither homed nor hosted here")
    return entry


def check_record(record: PreparedRecord) -> None:
    """Raise StoreError for a record that cannot be stored as it is."""
    if int(record.flags) & _TOMBSTONE:
        raise StoreError(f"{record.identifier}: a tombstone is left by a deletion, not written")
    for alias in record.aliases:
        _check_alias(alias)


def check_prefix(entry: PrefixEntry) -> None:
    """Raise StoreError when the name of an entry is no folded prefix."""
    try:
        parse_prefix(entry.prefix)
    except IdentifierError as error:
        raise StoreError(f"{entry.prefix!r} cannot be registered: {error}") from error
    if entry.prefix != fold(entry.prefix):
        raise StoreError(f"the prefix {entry.prefix} is not folded: write {fold(entry.prefix)}")


def check_prefix_change(old: PrefixEntry, new: PrefixEntry, records: int, tombstones: bool) -> None:
    """Raise StoreError when a changed entry would strand the records below it.

    Args:
        old: what is stored.
        new: what would replace it.
        records: how many records exist below it.
        tombstones: whether any key exists below it, deleted ones included.
    """
    if old.keeps_records and not new.keeps_records and records:
        raise StoreError(f"{new.prefix} still holds {records} records here: delete or move them before it is answered elsewhere")
    if old.fold_suffix != new.fold_suffix and (records or tombstones):
        raise StoreError(f"{new.prefix} has records: whether their suffixes fold case cannot change any more")


def check_route(route: RouteEntry) -> None:
    """Raise StoreError unless a range joins two folded prefixes of one parent and one label length, in order."""
    for end in (route.start, route.end):
        check_prefix(PrefixEntry(end))
    start_parent, _, start_label = route.start.rpartition(".")
    end_parent, _, end_label = route.end.rpartition(".")
    if start_parent != end_parent or len(start_label.encode()) != len(end_label.encode()):
        raise StoreError(f"{route.start} to {route.end} is no range: both need the same parent and equally long last labels")
    if start_label.encode() > end_label.encode():
        raise StoreError(f"the range {route.start} to {route.end} ends before it starts")


def route_holds(route: RouteEntry, prefix: str) -> bool:
    """Whether a prefix lies in a range: same parent, same label length, between start and end."""
    parent, _, label = prefix.rpartition(".")
    range_parent, _, start = route.start.rpartition(".")
    end = route.end.rpartition(".")[2]
    octets = label.encode()
    return parent == range_parent and len(octets) == len(start.encode()) and start.encode() <= octets <= end.encode()


def routes_overlap(one: RouteEntry, other: RouteEntry) -> bool:
    """Whether two ranges share a prefix."""
    return any(
        route_holds(holder, end) for holder, held in ((one, other), (other, one)) for end in (held.start, held.end)
    )


def check_write(actor: str, outcome: OutcomeKey | None) -> None:
    """Raise StoreError when a write cannot be journalled or recognised again."""
    if len(actor.encode()) > ACTOR_BYTES_MAX:
        raise StoreError(f"the actor's name is longer than {ACTOR_BYTES_MAX} octets")
    if outcome is None:
        return
    if len(outcome.principal) != PRINCIPAL_BYTES or len(outcome.key) != OUTCOME_KEY_BYTES:
        raise StoreError(f"an idempotency key is {PRINCIPAL_BYTES} octets of principal and {OUTCOME_KEY_BYTES} of key")
    if len(outcome.digest) > REQUEST_DIGEST_BYTES_MAX:
        raise StoreError(f"a request digest is longer than {REQUEST_DIGEST_BYTES_MAX} octets")


def fits_document(key: bytes) -> bool:
    """Whether a document can have this key."""
    return 0 < len(key) <= DOCUMENT_KEY_BYTES_MAX


def check_document(key: bytes, body: bytes) -> None:
    """Raise StoreError when a document cannot be stored: an empty one would look like a removal to followers."""
    if not fits_document(key):
        raise StoreError(f"the key of a document has 1 to {DOCUMENT_KEY_BYTES_MAX} octets, not {len(key)}")
    if not 0 < len(body) <= DOCUMENT_BYTES_MAX:
        raise StoreError(f"a document has 1 to {DOCUMENT_BYTES_MAX} octets, not {len(body)}")


def check_audit(line: bytes) -> None:
    """Raise StoreError when a line is not one of the audit trail."""
    if not 0 < len(line) <= AUDIT_LINE_BYTES_MAX:
        raise StoreError(f"a line of the audit trail has 1 to {AUDIT_LINE_BYTES_MAX} octets, not {len(line)}")


def check_edges(rows: Mapping[bytes, bytes]) -> None:
    """Raise StoreError when a row of the edge table cannot be stored; an empty one removes."""
    key_bytes, row_bytes = max(map(len, rows), default=0), max(map(len, rows.values()), default=0)
    if b"" in rows or key_bytes > KEY_BYTES_MAX or row_bytes > EDGE_ROW_BYTES_MAX:
        raise StoreError(f"rows of edges have keys of up to {key_bytes} and {row_bytes} octets, or an empty one: more than fit")


def check_event(row: EventRow) -> None:
    """Raise StoreError when an event cannot be stored."""
    if not 0 < len(row.event_id.encode()) <= EVENT_ID_BYTES_MAX or len(row.content) != CONTENT_BYTES or row.place:
        raise StoreError(f"the id of an event has 1 to {EVENT_ID_BYTES_MAX} octets, the digest of what it says {CONTENT_BYTES}")
    if not 0 < len(row.body) <= EVENT_BYTES_MAX:
        raise StoreError(f"an event has 1 to {EVENT_BYTES_MAX} octets, not {len(row.body)}: spread its things over several")


def _check_alias(alias: Alias) -> None:
    scheme, local_id = alias.scheme.encode(), alias.local_id.encode()
    if not 0 < len(scheme) <= SCHEME_BYTES_MAX or not 0 < len(local_id) <= ALIAS_BYTES_MAX:
        raise StoreError(f"the second name {alias.scheme}:{alias.local_id} is empty or too long")
    if 0 in scheme or 0 in local_id:
        raise StoreError(f"the second name {alias.scheme}:{alias.local_id!r} holds a zero octet")
