"""Statements: octets by hand, and what stands for a value."""

from __future__ import annotations

import hashlib

import pytest

from idis.proto.errors import ProtocolError
from idis.proto.sm3 import sm3
from idis.proto.statement import Statement, Suite, digest_of, digests_of, is_sealed, kid_of, sealed_digest, stored_spelling
from idis.proto.types.key_delegation import KeyDelegation, decode_delegation
from idis.proto.types.signed import Signed, decode_signed, encode_signed
from idis.proto.value import Reference, Value

KID = bytes.fromhex("0102030405060708")
URL = Value(1, "URL", b"a", timestamp=99)
# index 1, relative 86400, 1110, "URL", "a", no references; no timestamp
URL_OCTETS = bytes.fromhex("00000001 00 00015180 0e 00000003 55524c 00000001 61 00000000")
SIGNED = Signed(1, KID, 3, 1_000, 70_000, 86_400, b"\xaa\xbb")
SIGNED_OCTETS = bytes.fromhex("9a 01 01 c4080102030405060708 00 03 cd03e8 ce00011170 ce00015180 90 c402aabb")
DELEGATION = KeyDelegation(1, KID, "88.1", 1, b"key", 3, 7, 1_000, 70_000, b"\xaa", b"\xbb")
DELEGATION_OCTETS = bytes.fromhex("9c 01 01 c4080102030405060708 a438382e31 01 c4036b6579 03 07 cd03e8 ce00011170 c401aa c401bb")


def test_the_signed_octets_are_one_array_behind_a_name() -> None:
    """msgpack with the shortest numbers, and a head that no other signature begins with."""
    statement = Statement(1, KID, "88.1/A", 3, 1_000, 70_000, 86_400, (b"\x11" * 2,))
    packed = bytes.fromhex("9a 01 01 c4080102030405060708 a638382e312f41 00 03 cd03e8 ce00011170 ce00015180 91 c4021111")

    assert statement.octets() == b"idis-record-v1\x00" + packed


@pytest.mark.parametrize(("suite", "digest"), [(1, hashlib.sha256), (3, hashlib.sha256)])
def test_a_digest_leaves_out_the_timestamp(suite: int, digest: object) -> None:
    """The server sets it; everything else of a value is covered."""
    assert digest_of(URL, suite) == digest(URL_OCTETS).digest()  # type: ignore[operator]


def test_the_national_suite_digests_with_sm3() -> None:
    """Suite 2."""
    assert digest_of(URL, Suite.SM2) == sm3(URL_OCTETS)


@pytest.mark.parametrize(
    "other",
    [
        Value(2, "URL", b"a"),
        Value(1, "URL", b"b"),
        Value(1, "url", b"a"),
        Value(1, "URL", b"a", ttl=1),
        Value(1, "URL", b"a", ttl_type=1),
        Value(1, "URL", b"a", permissions=15),
        Value(1, "URL", b"a", references=(Reference("88.1/b", 1),)),
    ],
)
def test_every_other_field_changes_the_digest(other: Value) -> None:
    """Index, data, type, lifetime, permissions, references."""
    assert digest_of(other, 1) != digest_of(URL, 1)


def test_the_list_is_of_public_values_by_index_without_the_statement() -> None:
    """A private value, and the statement itself, are not in it."""
    values = [Value(3, "URL", b"c"), URL, Value(2, "NOTE", b"", permissions=12), Value(410, "IDIS.SIGNED", b"x")]

    assert digests_of(values, 1) == (digest_of(URL, 1), digest_of(values[0], 1))


def test_a_kid_names_suite_and_key() -> None:
    """The same octets under another suite are another key."""
    assert kid_of(1, b"key") == hashlib.sha256(b"\x01key").digest()[:8]
    assert kid_of(3, b"key") != kid_of(1, b"key")


@pytest.mark.parametrize(
    ("asked", "exact", "spelling"),
    [
        ("88.abc/x/y", False, "88.ABC/X/Y"),
        ("88.abc/x/y", True, "88.ABC\x00x/y"),
        ("88.abc", False, "0.NA/88.ABC"),
        ("0.na/88.abc", True, "0.NA/88.ABC"),
        ("88.1/分段a", False, "88.1/分段A"),
    ],
)
def test_one_spelling_of_an_identifier(asked: str, exact: bool, spelling: str) -> None:
    """Whatever case it is asked in; where case matters, no spelling is one of where it does not."""
    assert stored_spelling(asked, exact=exact) == spelling


def test_a_statement_travels_without_what_the_record_tells() -> None:
    """Neither identifier nor, with a whole answer, digests."""
    assert encode_signed(SIGNED) == SIGNED_OCTETS
    assert decode_signed(SIGNED_OCTETS) == SIGNED
    assert SIGNED.statement("88.1/A", ()).octets()[15:] == bytes.fromhex(
        "9a 01 01 c4080102030405060708 a638382e312f41 00 03 cd03e8 ce00011170 ce00015180 90"
    )


def test_a_delegation_by_hand() -> None:
    """The signed octets, and behind them two signatures."""
    assert DELEGATION.encode() == DELEGATION_OCTETS
    assert decode_delegation(DELEGATION_OCTETS) == DELEGATION
    assert DELEGATION.octets() == b"idis-delegation-v1\x00\x9a" + DELEGATION_OCTETS[1:-6]


_LONGER_NUMBER = SIGNED_OCTETS.replace(bytes.fromhex("00 03"), bytes.fromhex("00 cc03"), 1)
_LONGER_LENGTH = SIGNED_OCTETS.replace(bytes.fromhex("c402aabb"), bytes.fromhex("c50002aabb"))


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        SIGNED_OCTETS[:-1],
        SIGNED_OCTETS + b"\x00",
        _LONGER_NUMBER,
        _LONGER_LENGTH,
        SIGNED_OCTETS.replace(b"\x9a\x01", b"\x9a\x02", 1),
        SIGNED_OCTETS.replace(bytes.fromhex("c408"), bytes.fromhex("c407"), 1),
        SIGNED_OCTETS.replace(bytes.fromhex("c402aabb"), bytes.fromhex("c400")),
        SIGNED_OCTETS.replace(bytes.fromhex("9a 01 01"), bytes.fromhex("9a 01 c3")),
        SIGNED_OCTETS.replace(bytes.fromhex("cd03e8"), bytes.fromhex("d0ff")),
        b"\x80",
        b"\xdd\xff\xff\xff\xff",
        b"\x91" * 3_000,
    ],
)
def test_a_statement_written_otherwise_is_none(octets: bytes) -> None:
    """Broken off, with octets behind it, in longer forms, of other kinds, deep or wide: one error."""
    with pytest.raises(ProtocolError):
        decode_signed(octets)


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        DELEGATION_OCTETS[:-1],
        DELEGATION_OCTETS + b"\x00",
        DELEGATION_OCTETS.replace(b"88.1", b"88.a"),
        DELEGATION_OCTETS.replace(b"88.1", b"88/1"),
        DELEGATION_OCTETS.replace(b"key\x03", b"key\x10"),
        DELEGATION_OCTETS.replace(b"\x03\x07", b"\x03\xcc\x07"),
        b"\xdd\xff\xff\xff\xff",
        b"\x91" * 3_000,
    ],
)
def test_a_delegation_written_otherwise_is_none(octets: bytes) -> None:
    """Broken off, a prefix that is not folded or none, a right that does not exist, longer forms."""
    with pytest.raises(ProtocolError):
        decode_delegation(octets)


SALT = bytes(range(16))
SEALED = Signed(1, KID, 3, 1_000, 70_000, 86_400, b"\xaa\xbb", view=1, salts=((0, SALT), (1, SALT)))
SEALED_OCTETS = bytes.fromhex(
    "9b 01 01 c4080102030405060708 01 03 cd03e8 ce00011170 ce00015180 90 c402aabb"
    "92 9200c410000102030405060708090a0b0c0d0e0f 9201c410000102030405060708090a0b0c0d0e0f"
)


def test_a_sealed_digest_covers_a_salt_and_then_the_value() -> None:
    """Or the salt alone, which stands for no value; the timestamp is left out as ever."""
    assert sealed_digest(URL, SALT, 1) == hashlib.sha256(SALT + URL_OCTETS).digest()
    assert sealed_digest(None, SALT, 1) == hashlib.sha256(SALT).digest()
    assert sealed_digest(URL, SALT, Suite.SM2) == sm3(SALT + URL_OCTETS)


def test_a_sealed_statement_carries_its_salts() -> None:
    """Behind what every statement has, which has none itself."""
    assert encode_signed(SEALED) == SEALED_OCTETS
    assert decode_signed(SEALED_OCTETS) == SEALED
    assert SEALED.opened == {1: SALT}


@pytest.mark.parametrize(
    "octets",
    [
        SEALED_OCTETS.replace(bytes.fromhex("9201c410"), bytes.fromhex("9200c410")),  # one salt twice
        SEALED_OCTETS.replace(bytes.fromhex("9200c410"), bytes.fromhex("9202c410")),  # out of order
        SEALED_OCTETS.replace(bytes.fromhex("929200"), bytes.fromhex("929201")),  # two of one value, alike
        SEALED_OCTETS.replace(bytes.fromhex("0a0b0c0d0e0f9201"), bytes.fromhex("0a0b0c0d0e0e9201")).replace(
            bytes.fromhex("9200c4"), bytes.fromhex("9201c4")
        ),  # two of one value
        SEALED_OCTETS.replace(bytes.fromhex("c410"), bytes.fromhex("c40f")),
        SEALED_OCTETS.replace(bytes.fromhex("070801"), bytes.fromhex("070800")),  # the public view has none
        SEALED_OCTETS.replace(bytes.fromhex("070801"), bytes.fromhex("07080c")),  # no such view
        b"\x9a" + SIGNED_OCTETS[1:].replace(bytes.fromhex("070800"), bytes.fromhex("070801")),  # a sealed one has them
        SEALED_OCTETS[:-38] + b"\xc0",
    ],
)
def test_no_other_list_of_salts_is_read(octets: bytes) -> None:
    """There is one way to write each down."""
    with pytest.raises(ProtocolError):
        decode_signed(octets)


@pytest.mark.parametrize(
    ("index", "kind", "sealed"),
    [
        (410, "IDIS.SIGNED", False),
        (411, "IDIS.SIGNED", True),
        (421, "IDIS.SIGNED", True),
        (422, "IDIS.SIGNED", False),
        (411, "URL", False),
    ],
)
def test_a_sealed_statement_is_told_by_its_place(index: int, kind: str, sealed: bool) -> None:
    """Behind the public one, a place for each view."""
    assert is_sealed(Value(index, kind, b"")) is sealed
