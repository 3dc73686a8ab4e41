"""New records on their way to the disk: many at once, each in its stored form with the journal entry that tells of it.

Most of what is ever written is new, lies below one prefix and has a short printable name. For such records key, value and
entry can be laid out and sealed by one function, compiled where that is possible; whatever is not so plain is left to the
ordinary way (`codec.py`), which gives the same octets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from idis.proto import speedups
from idis.registry.journal import Entry, EntryKind, Position
from idis.registry.record import PreparedRecord, RecordFlag
from idis.registry.store import codec, keys
from idis.registry.trace.fields import TEMPLATE

NAME_CHARACTERS_MAX = 256  # of a suffix that needs no parser; even in four octets each they stay below the longest identifier
RECORD_BYTES_MAX = 16_777_216  # far above what a record may have; below what the stored form can count

_PLAIN_FLAGS = (0, int(RecordFlag.RESTRICTED))
_FORMS = (codec.FORMAT, EntryKind.PUT, codec.PREPARED_BY, TEMPLATE)


class Home(NamedTuple):
    """Where records belong: the prefix as they spell it, as it is folded, and whether it folds suffixes."""

    spelled: str
    prefix: str
    fold_suffix: bool


class Where(NamedTuple):
    """What the journal says of the first of some records, each of the others one position behind it."""

    position: Position
    time_ms: int
    actor: str


class NewRecords(NamedTuple):
    """Records as they will be stored, in their order.

    Attributes:
        rows: their keys and sealed values; none when the first of them is not for this way.
        journal: keys and sealed values of their journal entries.
        entries: what those say.
        digest_sum: of the records, not reduced.
        octets: of `rows`.
    """

    rows: list[tuple[bytes, bytes]]
    journal: list[tuple[bytes, bytes]]
    entries: list[Entry]
    digest_sum: int
    octets: int


def put_unused(raw: Any, table: Any, rows: Sequence[tuple[bytes, bytes]]) -> bool:
    """Put the rows of new records, if none of their keys was ever used; whether that was done.

    Args:
        raw: the engine's transaction.
        table: that of records.
        rows: keys and sealed values, each of a position of its own, so that no value that was there before is like it.
    """
    ordered = sorted(rows)  # so that each lies on the page of the one before it, or the next
    with raw.cursor(table) as cursor:
        _, added = cursor.putmulti(ordered, overwrite=False)
    if added == len(rows):
        return True
    for key, value in ordered:
        if raw.get(key, db=table) == value:
            raw.delete(key, db=table)
    return False


def seal_new_records_in_python(records: Sequence[PreparedRecord], start: int, home: Home, where: Where) -> NewRecords:
    """What `seal_new_records` does."""
    rows, journal, entries = [], [], []
    digest_sum = octets = 0
    (epoch, hi, lo), time_ms, actor = where
    for number, record in enumerate(records[start:]):
        key = _key_of(record, home)
        if key is None:
            break
        position = Position(epoch, hi, lo + number)
        value = codec.encode_record(key, record, 1, position)
        entry = Entry(position, EntryKind.PUT, key, 1, value, actor, time_ms)
        rows.append((key, value))
        journal.append(codec.encode_entry(entry))
        entries.append(entry)
        digest_sum += codec.digest_of(value)
        octets += len(key) + len(value)
    return NewRecords(rows, journal, entries, digest_sum, octets)


def _seal_compiled(records: Sequence[PreparedRecord], start: int, home: Home, where: Where) -> NewRecords:
    return NewRecords._make(_speedups.seal_new_records(records, start, home, where, _FORMS, Entry, Position))


seal_new_records = seal_new_records_in_python
if speedups.LOADED == speedups.COMPILED:
    from idis.proto import _speedups

    seal_new_records = _seal_compiled


def _key_of(record: PreparedRecord, home: Home) -> bytes | None:
    """The key of a record that is for this way: below the prefix, plain, without second names, of no template."""
    spelled, _, suffix = record.identifier.partition("/")
    if spelled != home.spelled or not record.identifier.isascii():
        return None
    if not 0 < len(suffix) <= NAME_CHARACTERS_MAX or not suffix.isprintable():
        return None
    if int(record.flags) not in _PLAIN_FLAGS or record.aliases or len(record.public) + len(record.restricted) > RECORD_BYTES_MAX:
        return None
    if TEMPLATE in record.public or TEMPLATE in record.restricted:
        return None
    key = keys.record_key(home.prefix, suffix, home.fold_suffix)
    return None if keys.is_hashed(key) else key
