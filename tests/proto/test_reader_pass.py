"""Passes of readers: their octets, and how long they hold."""

from __future__ import annotations

import base64

import pytest

from idis.proto.errors import ProtocolError
from idis.proto.reader_pass import ReaderPass, decode_pass, is_pass

PASS = ReaderPass("300:88.1/z", "88.1/A", 1_000, "ED25519", b"\xaa\xbb")
PACKED = bytes.fromhex("96 01 aa") + b"300:88.1/z" + bytes.fromhex("a6") + b"88.1/A" + bytes.fromhex("cd03e8 a7") + b"ED25519"
OCTETS = PACKED + bytes.fromhex("c402aabb")


def encoded(octets: bytes) -> bytes:
    """As it travels."""
    return b"idis-pass." + base64.urlsafe_b64encode(octets).rstrip(b"=")


def test_a_pass_by_hand() -> None:
    """Text, so that it fits wherever a token does."""
    assert PASS.encode() == encoded(OCTETS)
    assert decode_pass(encoded(OCTETS)) == PASS
    assert is_pass(encoded(OCTETS))


def test_what_is_signed_is_who_what_and_until_when() -> None:
    """Behind a head that no other signature begins with."""
    signed = bytes.fromhex("94 01 aa") + b"300:88.1/z" + bytes.fromhex("a6") + b"88.1/A" + bytes.fromhex("cd03e8")

    assert PASS.octets() == b"idis-pass-v1\x00" + signed


@pytest.mark.parametrize(("now", "good"), [(879, False), (880, True), (1_000, True), (1_060, True), (1_061, False)])
def test_a_pass_holds_a_minute_by_clocks_a_minute_apart(now: int, good: bool) -> None:
    """Neither for ever after, nor made for a far future."""
    assert PASS.current(now) == good


@pytest.mark.parametrize(
    "auth",
    [
        b"",
        b"idis-pass.",
        b"idis-pass.!!",
        encoded(OCTETS[:-1]),
        encoded(OCTETS + b"\x00"),
        encoded(b"\x96\x02" + OCTETS[2:]),
        encoded(OCTETS.replace(b"\xcd\x03\xe8", b"\xc3")),
        encoded(OCTETS.replace(bytes.fromhex("c402aabb"), b"\xa2ab")),
        encoded(b"\xdd\xff\xff\xff\xff"),
        encoded(b"\x91" * 2_000),
        encoded(OCTETS) + b"A" * 5_000,
        OCTETS,
    ],
)
def test_what_is_no_pass_is_refused(auth: bytes) -> None:
    """Broken, of another form, deep, wide, too long: one error."""
    with pytest.raises(ProtocolError):
        decode_pass(auth)
