"""What the one who moves a prefix reads at both ends: pages of records, what changed meanwhile, and counts to compare."""

from __future__ import annotations

from dataclasses import dataclass

from idis.registry.journal import Entry, EntryKind, Position, SnapshotNeeded
from idis.registry.registration.moving import Held, held_of
from idis.registry.registration.moving_chunk import (
    CHUNK_BYTES_MAX,
    CHUNK_RECORDS_MAX,
    DIGEST_MODULUS,
    pack_changes,
    pack_chunk,
    record_digest,
)
from idis.registry.store.base import ReadTxn
from idis.registry.store.codec import decode_segment
from idis.registry.store.rules import exists

JOURNAL_ENTRIES = 512  # looked at for one answer
COUNT_RECORDS = 512  # in one read transaction: some milliseconds


@dataclass(frozen=True, slots=True)
class Page:
    """A chunk of records and the key after which the next one begins; None at the end."""

    chunk: bytes
    after: bytes | None


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since a position, up to another one.

    Attributes:
        chunk: the records as they are now, and the keys of those that are gone.
        position: from where to go on.
        more: whether there is more.
        known: False when the journal no longer tells, or a whole load came in: everything is to be copied again.
    """

    chunk: bytes
    position: Position
    more: bool
    known: bool = True


@dataclass(frozen=True, slots=True)
class Counted:
    """A part of the count: how many records from one key on, the sum of their digests, and where to go on (None: the end)."""

    records: int
    digest: int
    after: bytes | None
    held: Held


def read_page(txn: ReadTxn, prefix: str, after: bytes | None) -> Page:
    """The next records of a folded prefix, strictly after a key."""
    page = txn.records(prefix, after, CHUNK_RECORDS_MAX)
    chunk, taken = pack_chunk(page)
    if taken < len(page) or len(page) == CHUNK_RECORDS_MAX:
        return Page(chunk, page[taken - 1][0])
    return Page(chunk, None)


def read_changes(txn: ReadTxn, prefix: str, after: Position) -> Changes:
    """What changed below a folded prefix since a position."""
    nothing, _ = pack_changes(())
    entries = txn.journal(after, JOURNAL_ENTRIES)
    if isinstance(entries, SnapshotNeeded):
        return Changes(nothing, after, more=False, known=False)
    head = prefix.encode() + b"\x00"
    keys: dict[bytes, None] = {}
    octets, position = 0, after
    for entry in entries:
        if _loads(entry, prefix):
            return Changes(nothing, after, more=False, known=False)
        if entry.kind in (EntryKind.PUT, EntryKind.DELETE) and entry.key.startswith(head) and entry.key not in keys:
            if octets + len(entry.body) > CHUNK_BYTES_MAX and keys:
                break
            octets += len(entry.body)
            keys[entry.key] = None
        position = entry.position
    # The records as they are now may be larger than the journal said: what does not fit is read again the next time.
    chunk, taken = pack_changes((key, txn.record(key)) for key in keys)
    if taken < len(keys):
        first_left = list(keys)[taken]
        position = _before(entries, first_left, after)
    return Changes(chunk, position, more=position != txn.position)


def count_some(txn: ReadTxn, prefix: str, after: bytes | None) -> Counted:
    """Count the next records of a folded prefix, strictly after a key."""
    page = txn.records(prefix, after, COUNT_RECORDS)
    live = [(key, record) for key, record in page if exists(record)]
    digest = sum(record_digest(key, record) for key, record in live) % DIGEST_MODULUS
    following = page[-1][0] if len(page) == COUNT_RECORDS else None
    return Counted(len(live), digest, following, held_of(txn, prefix))


def _loads(entry: Entry, prefix: str) -> bool:
    return entry.kind is EntryKind.EPOCH or (entry.kind is EntryKind.BULK and decode_segment(entry.body).prefix == prefix)


def _before(entries: list[Entry], key: bytes, start: Position) -> Position:
    """The position just before the first entry of a key."""
    position = start
    for entry in entries:
        if entry.key == key and entry.kind in (EntryKind.PUT, EntryKind.DELETE):
            return position
        position = entry.position
    return position
