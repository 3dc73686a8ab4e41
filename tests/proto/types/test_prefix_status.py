"""IDIS.STATUS: its octets, and what is none."""

from __future__ import annotations

import pytest

from idis.proto.errors import ProtocolError
from idis.proto.types.prefix_status import STATUS_HEAD, PrefixStatus, PrefixWord, decode_status, name_hash

KID, OTHER, NAME = bytes(range(8)), bytes(range(8, 16)), bytes(range(16, 24))
# [1, 1, kid, "88.118", 1, 2, [other], 1000, [[name, 7]], 5000, 8600
FIELDS = (
    "01 01 c408 0001020304050607 a6 38382e313138 01 02 91 c408 08090a0b0c0d0e0f cd03e8 "
    "91 92 c408 1011121314151617 07 cd1388 cd2198"
)
OCTETS = bytes.fromhex("9c" + FIELDS + "c402 aabb")
STATUS = PrefixStatus(1, KID, "88.118", PrefixWord.CURRENT, 2, 5_000, 8_600, (OTHER,), 1_000, ((NAME, 7),), b"\xaa\xbb")


def test_a_status_by_hand() -> None:
    """An array of twelve; the signature covers eleven of them behind a head of its own."""
    assert STATUS.encode() == OCTETS
    assert decode_status(OCTETS) == STATUS
    assert STATUS.octets() == b"idis-status-v1\x00" + bytes.fromhex("9b" + FIELDS)
    assert STATUS_HEAD.endswith(b"\x00")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("9c01", "9c02"),
        ("9c01", "9b01"),
        ("c408 0001020304050607", "c407 00010203040506"),
        ("a6 38382e313138", "a3 613d62"),
        ("a6 38382e313138", "c406 38382e313138"),
        ("cd1388 cd2198", "cd2198 cd1388"),
        ("cd1388 cd2198", "cd1388 ce00030d40"),
        ("cd1388 cd2198", "ce00001388 cd2198"),
        ("91 c408 08090a0b0c0d0e0f", "91 c401 08"),
        ("92 c408 1011121314151617 07", "91 c408 1011121314151617"),
        ("07 cd1388", "ff cd1388"),
        ("07 cd1388", "c3 cd1388"),
        ("c402 aabb", "c400"),
        ("c402 aabb", "c402 aabb c0"),
        ("c402 aabb", "80"),
    ],
)
def test_what_is_no_status(old: str, new: str) -> None:
    """Another form, a field of the wrong kind, a life that ends before it begins or after a day, octets left over."""
    text = "9c" + FIELDS + "c402 aabb"
    assert old in text

    with pytest.raises(ProtocolError, match="no status"):
        decode_status(bytes.fromhex(text.replace(old, new)))


def test_every_beginning_of_a_status_is_none() -> None:
    """Cut anywhere."""
    for size in range(len(OCTETS)):
        with pytest.raises(ProtocolError):
            decode_status(OCTETS[:size])


def test_a_life_of_a_day_is_the_longest() -> None:
    """To the second."""
    day = PrefixStatus(1, KID, "88", 1, 0, 1_000, 1_000 + 86_400, signature=b"\x01")
    longer = PrefixStatus(1, KID, "88", 1, 0, 1_000, 1_000 + 86_401, signature=b"\x01")

    assert decode_status(day.encode()) == day
    with pytest.raises(ProtocolError):
        decode_status(longer.encode())


def test_floors_are_by_name() -> None:
    """What is not named has none."""
    status = PrefixStatus(1, KID, "88", 1, 0, 0, 0, floors=((name_hash("88/A"), 4),))

    assert (status.floor_of("88/A"), status.floor_of("88/B")) == (4, 0)
