"""Batches of a load are sealed alike with and without a compiler; `tests/fuzz/twins.py` draws many more."""

from __future__ import annotations

import struct

import pytest

from idis.proto import speedups
from idis.registry.journal import Position
from idis.registry.record import NO_VALUES, PreparedRecord, RecordFlag
from idis.registry.store import codec, keys, sealed_batch

NOW_MS = 1_700_000_000_000
AT = Position(1, 2, 3)


def _value(index: int, kind: bytes, data: bytes) -> bytes:
    head = struct.pack(">IIBIBI", index, 1_700_000_000, 0, 86_400, 14, len(kind))
    return head + kind + struct.pack(">I", len(data)) + data + bytes(4)


@pytest.mark.parametrize("end", [b"1970-01-01", b"1969-12-31", b"1970-01-02"])
def test_what_ended_when_time_began_has_ended(end: bytes) -> None:
    """A cell was in a battery until the first millisecond of unix time: zero is a moment like others."""
    template = b"88.1a/META_automotive_battery"
    texts = ((b"TEMPLATE_ID", template), (b"parent", b"88.1a/car"), (b"from", b"1950-01-01"), (b"to", end))
    places = {kind: index for index, kind in sealed_batch.plain_plan(template)[1]}  # type: ignore[index]
    made = [_value(places.get(kind, 1_000), kind, text) for kind, text in texts]
    record = PreparedRecord("88.1a/x", struct.pack(">I", len(made)) + b"".join(made), NO_VALUES, (), RecordFlag(0), 60, 0)
    key = keys.record_key("88.1A", "x", True)
    rows = [(key, codec.record_rest(key, record, 1, AT))]

    sealed = sealed_batch.seal(rows, AT, NOW_MS)

    assert sealed.edges.count == 2
    assert sealed.edges.rows == sealed_batch.seal_in_python(rows, AT, NOW_MS).edges.rows


@pytest.mark.skipif(speedups.LOADED != speedups.COMPILED, reason="the compiled rows are not loaded")
def test_of_rows_with_one_key_the_last_stays_after_they_were_looked_at() -> None:
    """Looking sorts them and drops what was replaced; what comes then is later than all that is left."""
    from idis.proto._speedups import SealedRows

    rows = SealedRows(b"")
    for key, row in ((b"a", b"1"), (b"a", b"2"), (b"a", b"3"), (b"b", b"1")):
        rows.add(key, row)
    assert rows.pairs() == [(b"a", b"3"), (b"b", b"1")]
    rows.add(b"a", b"4")

    assert rows.pairs() == [(b"a", b"4"), (b"b", b"1")]
