"""The stored forms, octet by octet, and what becomes of damaged ones."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.registry.journal import Entry, EntryKind, Position
from idis.registry.prefix import Hosting, Moving, PrefixEntry, PrefixState, Privacy, RouteEntry
from idis.registry.record import Alias, PreparedRecord, RecordFlag
from idis.registry.store import codec, keys
from idis.registry.store.base import PrefixStat, RecordDamaged, StoredOutcome, StoreError

KEY = b"88.118\x00A1"
POSITION = Position(1, 2, 3)
PLAIN = PreparedRecord("88.118/A1", b"\x00\x00\x00\x00", b"\x00\x00\x00\x00", (), RecordFlag(0), 86_400, 0)
FULL = PreparedRecord(
    "88.118/a1", b"public", b"restricted", (Alias("imo", "9074729"), Alias("hull", "H1")), RecordFlag.RESTRICTED, 7, 1_800_000_000
)

# format 1, flags, prepared by 1, version 5, epoch 1, hi 2, lo 3, ttl 86400, not after 0, public length 4, no values
PLAIN_REST = bytes.fromhex(
    "01 00 0001 0000000000000005 00000001 0000000000000002 0000000000000003 00015180 0000000000000000 00000004 00000000"
)


def test_plain_record() -> None:
    """A record without anything special is its header and its public values."""
    digest = hashlib.blake2b(b"record\x00" + KEY + PLAIN_REST, digest_size=8).digest()

    assert codec.encode_record(KEY, PLAIN, 5, POSITION) == digest + PLAIN_REST


def test_header_is_small() -> None:
    """300 octets of values cost 56 more, the key aside: under 500 on disk."""
    record = replace(PLAIN, public=b"v" * 300)

    assert len(codec.encode_record(KEY, record, 5, POSITION)) == 356


def test_decodes_by_hand() -> None:
    """The octets written by hand are read as they were meant."""
    stored = codec.decode_record(KEY, codec.seal(keys.RECORD, KEY, PLAIN_REST))

    assert (stored.identifier, stored.version, stored.position) == ("88.118/A1", 5, POSITION)
    assert (stored.public, stored.restricted, stored.aliases) == (b"\x00\x00\x00\x00", b"\x00\x00\x00\x00", ())
    assert (stored.flags, stored.ttl_s, stored.not_after) == (RecordFlag(0), 86_400, 0)


@pytest.mark.parametrize("record", [PLAIN, FULL, replace(FULL, aliases=()), replace(FULL, restricted=b"\x00\x00\x00\x00")])
def test_record_round_trip(record: PreparedRecord) -> None:
    """Whatever parts a record has, all of them come back."""
    value = codec.encode_record(KEY, record, 5, POSITION)
    stored = codec.decode_record(KEY, value)

    assert all(getattr(stored, name) == getattr(record, name) for name in PreparedRecord.__slots__)
    assert stored.digest == codec.digest_of(value) == int.from_bytes(value[:8], "big")


def test_decoded_record_is_a_value() -> None:
    """The fast way of building a record gives the ordinary object: equal, hashable, frozen."""
    value = codec.encode_record(KEY, FULL, 5, POSITION)
    one, other = codec.decode_record(KEY, value), codec.decode_record(KEY, value)

    assert one == other
    assert hash(one) == hash(other)
    assert replace(one, version=6).version == 6


def test_tombstone() -> None:
    """A tombstone holds the name and the version."""
    stored = codec.decode_record(KEY, codec.encode_tombstone(KEY, "88.118/a1", 9, POSITION))

    assert (stored.identifier, stored.version, stored.flags) == ("88.118/a1", 9, RecordFlag.TOMBSTONE)


@given(st.integers(0), st.integers(0, 7))
def test_every_flipped_bit_is_noticed(at: int, bit: int) -> None:
    """No octet of a value is outside its digest."""
    value = bytearray(codec.encode_record(KEY, FULL, 5, POSITION))
    value[at % len(value)] ^= 1 << bit

    with pytest.raises(RecordDamaged):
        codec.decode_record(KEY, bytes(value))


@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 30, 55])
def test_cut_value(length: int) -> None:
    """A value that ends early is damaged, not misread."""
    with pytest.raises(RecordDamaged):
        codec.decode_record(KEY, codec.encode_record(KEY, FULL, 5, POSITION)[:length])


@pytest.mark.parametrize("record", [PLAIN, FULL, replace(FULL, aliases=()), replace(FULL, restricted=b"\x00\x00\x00\x00")])
def test_public_part(record: PreparedRecord) -> None:
    """Flags and public values are found whatever stands behind them."""
    value = codec.encode_record(KEY, record, 5, POSITION)

    assert codec.decode_public(KEY, value) == (int(record.flags), record.public)


@pytest.mark.parametrize(("at", "bit"), [(0, 1), (7, 0x80), (8, 0x40), (9, 4), (52, 1), (55, 1), (56, 1), (61, 8), (-1, 1)])
def test_public_part_of_a_damaged_record(at: int, bit: int) -> None:
    """Digest, header, values, and what the short way does not read."""
    value = bytearray(codec.encode_record(KEY, FULL, 5, POSITION))
    value[at] ^= bit

    assert codec.decode_undamaged(KEY, bytes(value)) is None
    with pytest.raises(RecordDamaged):
        codec.decode_public(KEY, bytes(value))


def test_public_part_of_a_newer_record_format() -> None:
    """A record of a later version is refused, not misread."""
    with pytest.raises(StoreError, match="format 2"):
        codec.decode_public(KEY, codec.seal(keys.RECORD, KEY, b"\x02" + PLAIN_REST[1:]))


def test_value_of_another_key() -> None:
    """A right value at the wrong key, as a flipped branch page gives it, is noticed."""
    with pytest.raises(RecordDamaged, match=r"88\.118\|A2"):
        codec.decode_record(b"88.118\x00A2", codec.encode_record(KEY, PLAIN, 5, POSITION))


def test_value_of_another_table() -> None:
    """A right value in the wrong table is noticed."""
    with pytest.raises(RecordDamaged):
        codec.decode_record(KEY, codec.seal(keys.STAT, KEY, PLAIN_REST))


def test_newer_record_format() -> None:
    """A form this version does not know is refused, not guessed at."""
    with pytest.raises(StoreError, match="format 2"):
        codec.decode_record(KEY, codec.seal(keys.RECORD, KEY, b"\x02" + PLAIN_REST[1:]))


def test_newer_prefix_format() -> None:
    """The rarer forms carry their version as well."""
    with pytest.raises(StoreError, match="format 2"):
        codec.decode_prefix(b"88", codec.seal(keys.PREFIX, b"88", b"\x91\x02"))


def test_prefix_round_trip() -> None:
    """Every field of a prefix entry comes back, enumerations as such."""
    entry = PrefixEntry(
        "88.118",
        PrefixState.SUSPENDED,
        True,
        Hosting.HOSTED,
        "广州船厂",
        "91440101",
        "船舶",
        Privacy.STRICT,
        False,
        12,
        "欠费",
        b"values",
        60,
        4,
        True,
        1_000_000,
        Moving.LEAVING,
    )
    again = codec.decode_prefix(b"88.118", codec.encode_prefix(entry))

    assert again == entry
    assert again.state is PrefixState.SUSPENDED
    assert again.moving is Moving.LEAVING


def test_route_round_trip() -> None:
    """A range comes back under the key of its start."""
    route = RouteEntry("88.101.1000", "88.101.1999", b"values", 60, 4)

    assert codec.decode_route(b"88.101\x00\x041000", codec.encode_route(route)) == route


def test_entry_by_hand() -> None:
    """A journal entry is a header, the key, the actor and the body."""
    entry = Entry(POSITION, EntryKind.PUT, b"key", 5, b"body", "张", 1_700_000_000_123)
    rest = bytes.fromhex("01 01 0000000000000005 0000018bcfe5687b 0003 0003") + b"key" + "张".encode() + b"body"

    place, value = codec.encode_entry(entry)

    assert (place, value[8:]) == (POSITION.encode(), rest)
    assert codec.decode_entry(place, value) == entry


def test_segment_round_trip() -> None:
    """A segment holds the largest sum of digests."""
    segment = codec.BulkSegment("88.118", b"88.118\x00A", b"88.118\x00\xff\x01", 10_000, 2**64 - 1)

    assert codec.decode_segment(codec.encode_segment(segment)) == segment


def test_outcome_by_hand() -> None:
    """An outcome is its position, the length and octets of the request digest, and the body."""
    outcome = StoredOutcome(b"dig", b"body", POSITION)
    value = codec.encode_outcome(b"place", outcome)

    assert value[8:] == bytes.fromhex("00000001 0000000000000002 0000000000000003 0003") + b"digbody"
    assert codec.decode_outcome(b"place", value) == outcome


def test_stat_by_hand() -> None:
    """Counts are three numbers."""
    value = codec.encode_stat(b"88\x00", PrefixStat(1, 2, 3))

    assert value[8:] == bytes.fromhex("0000000000000001 0000000000000002 0000000000000003")
    assert codec.decode_stat(b"88\x00", value) == PrefixStat(1, 2, 3)


def test_alias_round_trip() -> None:
    """An alias leads to the key of its record."""
    place, value = codec.encode_alias(Alias("imo", "1"), KEY)

    assert place == b"imo\x001\x0088.118\x00A1"
    assert codec.decode_alias(place, value) == KEY


def test_meta_round_trip() -> None:
    """What a store says of itself comes back."""
    meta = codec.Meta("lmdb-0.9", "node", 1, 1_700_000_000_000, 3)

    assert codec.decode_meta(codec.encode_meta(meta)) == meta


def test_trimmed_round_trip() -> None:
    """The trimmed position comes back."""
    assert codec.decode_trimmed(codec.encode_trimmed(POSITION)) == POSITION


@pytest.mark.parametrize(
    ("key", "text"), [(b"88.118\x00A1", "88.118|A1"), (b"\xff\x00", "ff00"), (b"a\nb", "610a62"), ("零".encode(), "零")]
)
def test_readable(key: bytes, text: str) -> None:
    """A key is shown as text where it is text."""
    assert codec.readable(key) == text
