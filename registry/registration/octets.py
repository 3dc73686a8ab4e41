"""Plain records prepared from values as they came over the wire: what most records of a batch are (`plain_values.py`)."""

from __future__ import annotations

from idis.proto.plain_values import PlainTypes, split_plain
from idis.registry.record import NO_VALUES, PreparedRecord, RecordFlag
from idis.registry.registration.value_checks import RECORD_BYTES_MAX, VALUE_BYTES_DEFAULT_MAX

_plain = PlainTypes()  # what is plain does not depend on whose value it is


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
