"""Records sealed by the function for many: the octets are those of the ordinary way, which `test_codec.py` knows by hand."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from idis.proto.value import Value
from idis.registry.journal import Entry, EntryKind, Position
from idis.registry.record import NO_VALUES, Alias, PreparedRecord, Record, RecordFlag, prepare
from idis.registry.store import codec
from idis.registry.store.new_records import Home, NewRecords, Where, seal_new_records, seal_new_records_in_python

HOME = Home("88.1a", "88.1A", True)
WHERE = Where(Position(3, 2**40, 7), 1_700_000_000_123, "300:0.NA/88.1a")


def record(
    identifier: str = "88.1a/x1", public: bytes = b"public", restricted: bytes = NO_VALUES, **fields: object
) -> PreparedRecord:
    """A record of any octets, which nobody here looks into."""
    plain = {"aliases": (), "flags": RecordFlag(0), "ttl_s": 60, "not_after": 0} | fields
    return PreparedRecord(identifier, public, restricted, **plain)  # type: ignore[arg-type]


suffixes = st.one_of(
    st.text("aZ09-/. ", min_size=1, max_size=40), st.sampled_from(("", "\x7f", "钢", "\x00", "x" * 256, "x" * 257, "é"))
)
records = st.builds(
    record,
    st.builds("{}/{}".format, st.sampled_from(("88.1a",) * 6 + ("88.1A", "88.1")), suffixes),
    st.integers(0, 700).map(lambda size: b"p" * size),
    st.one_of(st.just(NO_VALUES), st.binary(max_size=300), st.just(b"TEMPLATE_ID")),
    flags=st.sampled_from((RecordFlag(0),) * 3 + (RecordFlag.RESTRICTED, RecordFlag.ALIAS)),
    ttl_s=st.integers(0, 2**32 - 1),
    not_after=st.integers(0, 2**64 - 1),
)


@given(
    st.lists(records, min_size=1, max_size=5),
    st.integers(0, 5),
    st.sampled_from((HOME, Home("88.1a", "88.1A", False), Home("88.1a", "88" * 200, True))),
)
@example([record(public=b"p" * size) for size in range(300)], 0, HOME)  # over the bounds of the digest's blocks
def test_both_ways_give_the_same(some: list[PreparedRecord], start: int, home: Home):
    """Compiled or not: octets, entries, sums, and where it ends."""
    compiled, plain = (way(some, start, home, WHERE) for way in (seal_new_records, seal_new_records_in_python))

    assert compiled._replace(digest_sum=0) == plain._replace(digest_sum=0)
    assert (compiled.digest_sum - plain.digest_sum) % 2**64 == 0
    assert all(type(entry) is Entry and type(entry.position) is Position for entry in compiled.entries)


def test_a_record_is_found_as_it_was_prepared():
    """Its key spells it folded, and its value is that record, at its own position."""
    values = (Value(1, "URL", b"https://example.com"), Value(2, "key", b"s", permissions=12))
    made = prepare(Record("88.1a/x1", values), 1_700_000_000)
    new = seal_new_records([record(), made], 0, HOME, WHERE)
    key, value = new.rows[1]
    stored = codec.decode_record(key, value)

    assert key == b"88.1A\x00X1"
    assert (stored.identifier, stored.public, stored.restricted) == (made.identifier, made.public, made.restricted)
    assert (stored.version, stored.position) == (1, Position(3, 2**40, 8))
    assert codec.decode_entry(*new.journal[1]) == new.entries[1]
    assert new.entries[1] == Entry(stored.position, EntryKind.PUT, key, 1, value, WHERE.actor, WHERE.time_ms)


@pytest.mark.parametrize(
    "other",
    [
        record(aliases=(Alias("imo", "IMO9074729"),)),
        record(flags=RecordFlag.DISABLED),
        record(public=b"..TEMPLATE_ID.."),
        record("88.1a/" + "x" * 257),
        record("88.1a/钢"),
        record("88.1b/x"),
    ],
)
def test_what_is_not_plain_ends_it(other: PreparedRecord):
    """Second names, other flags, templates, long names, names in other letters, and other prefixes take the ordinary way."""
    assert seal_new_records([record(), other, record()], 0, HOME, WHERE).rows == seal_new_records([record()], 0, HOME, WHERE).rows


@pytest.mark.parametrize("way", [seal_new_records, seal_new_records_in_python])
def test_positions_do_not_begin_anew(way: Callable[..., NewRecords]):
    """Where a transaction has no more of them, nothing is sealed for one that is taken."""
    last = WHERE._replace(position=Position(3, 2**40, 2**64 - 1))

    assert len(way([record()], 0, HOME, last).rows) == 1
    with pytest.raises((OverflowError, struct.error)):
        way([record(), record("88.1a/x2")], 0, HOME, last)
