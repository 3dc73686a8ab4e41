"""Plain records prepared from values as they came over the wire: what most records of a batch are (`plain_values.py`)."""

from __future__ import annotations

from collections.abc import Sequence

from idis.proto import speedups
from idis.proto.batch import BatchItem, Verb
from idis.proto.identifier import IDENTIFIER_BYTES_MAX
from idis.proto.plain_values import PlainTypes, split_plain
from idis.registry.record import NO_VALUES, PreparedRecord, RecordFlag
from idis.registry.registration.value_checks import RECORD_BYTES_MAX, VALUE_BYTES_DEFAULT_MAX

_plain = PlainTypes()  # what is plain does not depend on whose value it is
_CREATE = int(Verb.CREATE)
_LIMITS = (IDENTIFIER_BYTES_MAX, RECORD_BYTES_MAX, VALUE_BYTES_DEFAULT_MAX)
_FORMS = (PreparedRecord, RecordFlag(0), RecordFlag.RESTRICTED)


def prepare_plain(
    identifier: str, octets: bytes, now: int, value_bytes_max: int = VALUE_BYTES_DEFAULT_MAX
) -> PreparedRecord | None:
    """The prepared record of a counted array of values, or None when it is not plain or not allowed.

    What is prepared is what `value_checks.refuse_values`, `record.prepare` and `value_checks.fit` would give; a test
    compares both ways.

    Args:
        identifier: its spelling is kept.
        octets: the values in wire form; their timestamps are set to `now`.
        now: unix time in seconds.
        value_bytes_max: most octets in one value.
    """
    if len(octets) > RECORD_BYTES_MAX:
        return None
    split = split_plain(octets, now, value_bytes_max, _plain.types, _plain.admins, _plain.judge)
    if split is None:
        return None
    public, hidden, ttl_s = split
    flags = RecordFlag(0) if hidden == NO_VALUES else RecordFlag.RESTRICTED
    return PreparedRecord(identifier, public, hidden, (), flags, ttl_s, 0)


def plain_record(identifier: str, octets: bytes, now: int) -> PreparedRecord | None:
    """The record of values as they came over the wire; None when they or the name are not plain.

    Args:
        identifier: as spelled.
        octets: a counted array of values.
        now: unix time in seconds, the values' timestamps.
    """
    if len(identifier) > IDENTIFIER_BYTES_MAX or not (identifier.isascii() and identifier.isprintable()):
        return None
    if identifier.find("/") in (-1, len(identifier) - 1):
        return None  # no record's name
    return prepare_plain(identifier, octets, now)


def plain_records_in_python(items: Sequence[BatchItem], start: int, now: int) -> list[PreparedRecord]:
    """What `plain_records` does."""
    records = []
    for verb, identifier, octets in items[start:]:
        record = plain_record(identifier, octets, now) if verb == _CREATE else None
        if record is None:
            break
        records.append(record)
    return records


def _plain_records_compiled(items: Sequence[BatchItem], start: int, now: int) -> list[PreparedRecord]:
    return _speedups.prepare_plain_items(
        items, start, _CREATE, _LIMITS, now, _plain.types, _plain.admins, _plain.judge, _FORMS
    )


# The records that a batch creates from an item on, up to one that is not plain or not created.
plain_records = plain_records_in_python
if speedups.LOADED == speedups.COMPILED:
    from idis.proto import _speedups

    plain_records = _plain_records_compiled
