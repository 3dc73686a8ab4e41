"""The key layout, octet by octet."""

from __future__ import annotations

import hashlib

import pytest

from idis.proto.errors import IdentifierError
from idis.registry.journal import Position
from idis.registry.record import Alias
from idis.registry.store import keys
from idis.registry.store.base import OutcomeKey


def test_record_key() -> None:
    """Prefix, zero octet, suffix; ASCII letters in upper case, others as they are."""
    assert keys.record_key("88.118", "ab/零c", True) == b"88.118\x00AB/\xe9\x9b\xb6C"


def test_record_key_keeps_case() -> None:
    """Where the prefix says so, the suffix stays as it is spelled."""
    assert keys.record_key("88.118", "ab", False) == b"88.118\x00ab"


def test_longest_plain_key() -> None:
    """480 octets still fit; one more is hashed."""
    fits = keys.record_key("88.118", "x" * 473, False)
    hashed = keys.record_key("88.118", "x" * 474, False)

    assert len(fits) == 480
    assert hashed == b"88.118\x00\xff" + hashlib.blake2b(b"x" * 474, digest_size=32).digest()


def test_hash_of_the_folded_suffix() -> None:
    """Two spellings of one long suffix have one key."""
    assert keys.record_key("88.118", "x" * 2000, True) == keys.record_key("88.118", "X" * 2000, True)


def test_no_key_without_utf8() -> None:
    """A lone surrogate has no octets and so no key."""
    with pytest.raises(IdentifierError):
        keys.record_key("88.118", "\ud800", True)


def test_neighbours_do_not_interleave() -> None:
    """Records of a prefix lie together, before those of the prefixes below it and beside it."""
    ordered = [
        keys.record_key("88.118", "a", True),
        keys.record_key("88.118", "零", True),
        keys.record_key("88.118", "x" * 500, True),
        keys.record_key("88.118.8", "a", True),
        keys.record_key("88.1185", "a", True),
    ]

    assert ordered == sorted(ordered)


def test_bounds_hold_every_suffix() -> None:
    """Whatever the suffix, its key lies within the bounds of its prefix; those of others do not."""
    start, end = keys.prefix_bounds("88.118")

    assert all(start <= keys.record_key("88.118", suffix, True) < end for suffix in ("!", "零", "x" * 2000))
    assert not start <= keys.record_key("88.118.8", "a", True) < end


def test_spelling_of_a_key() -> None:
    """A plain key spells its identifier; a hashed one does not."""
    assert keys.spelling_of(b"88.118\x00A/B") == "88.118/A/B"
    assert keys.spelling_of(b"88.118\x00\xff" + bytes(32)) is None


def test_route_keys_are_numeric() -> None:
    """Parent, zero octet, length, label: shorter numbers come first, equal lengths in their order."""
    assert keys.route_key("88.101.1000") == b"88.101\x00\x041000"
    assert keys.route_key("88") == b"\x00\x0288"
    assert keys.route_key("88.101.99") < keys.route_key("88.101.1000") < keys.route_key("88.101.1500")


def test_alias_key() -> None:
    """Scheme, zero, local id, zero, record key."""
    assert keys.alias_key(Alias("imo", "9074729"), b"88.118\x00A1") == b"imo\x009074729\x0088.118\x00A1"


def test_long_alias_key() -> None:
    """A long second name is hashed by its own length alone; a record key that no longer fits is hashed too."""
    long = keys.alias_key(Alias("imo", "1" * 201), b"88.118\x00A1")
    longest = keys.alias_key(Alias("s" * 64, "1" * 200), b"k" * 480)

    assert long == b"imo\x00\xff" + hashlib.blake2b(b"1" * 201, digest_size=32).digest() + b"\x0088.118\x00A1"
    assert longest == b"s" * 64 + b"\x00" + b"1" * 200 + b"\x00\xff" + hashlib.blake2b(b"k" * 480, digest_size=32).digest()
    assert len(longest) <= keys.KEY_BYTES_MAX


def test_outcome_key() -> None:
    """The hour comes first."""
    assert keys.outcome_key(258, OutcomeKey(b"12345678", b"0123456789abcdef", b"")) == b"\x00\x00\x01\x02123456780123456789abcdef"


def test_stat_key() -> None:
    """The prefix and its only bucket."""
    assert keys.stat_key("88.118") == b"88.118\x00"


def test_document_key() -> None:
    """The kind's number, then its owner's key."""
    assert keys.document_key(2, b"abc") == b"\x02abc"


def test_audit_key() -> None:
    """Milliseconds, commit, index; the time is read back."""
    place = keys.audit_key(0x0102, Position(7, 3, 4))

    assert place == bytes.fromhex("0000000000000102 0000000000000003 0000000000000004")
    assert keys.audit_time_ms(place) == 0x0102
