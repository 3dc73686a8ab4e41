"""Subscriptions on the wire."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.proto.errors import ProtocolError
from idis.proto.subscription import SubscribeReply, SubscribeRequest, name_hash, read_subscribe, read_subscribe_reply

POSITION = "00000001 0000000000000002 0000000000000003"
REPLY = "94 01 c414" + POSITION + "c2 c408 0102030405060708"


def test_an_answer_decodes() -> None:
    """A place, and eight octets for each name."""
    position = bytes.fromhex(POSITION)

    assert read_subscribe_reply(bytes.fromhex(REPLY)) == SubscribeReply(position, False, (bytes(range(1, 9)),))


def test_an_answer_encodes() -> None:
    """The same octets."""
    assert SubscribeReply(bytes.fromhex(POSITION), False, (bytes(range(1, 9)),)).encode() == bytes.fromhex(REPLY)


def test_a_long_wait_is_cut() -> None:
    """No connection is held longer than an idle one lives."""
    assert read_subscribe(bytes.fromhex("94 01 c400 a5 38382e3100 ce 000f4240")) == SubscribeRequest(b"", ("88.1",), 20_000)


@pytest.mark.parametrize(
    "octets",
    [
        "94 02 c400 a0 00",
        "94 01 c401aa a0 00",
        "94 01 c400 a0 ff",
        "94 01 c400 90 00",
        "94 01 c400 a0 00 00",
        "93 01 c400 a0",
        "94 01 c400 da0202" + "6100" * 257 + "00",
    ],
)
def test_what_is_no_subscription(octets: str) -> None:
    """Another layout, a short position, a time before now, what nests, what is left over, what is missing, too much."""
    with pytest.raises(ProtocolError):
        read_subscribe(bytes.fromhex(octets))


@given(st.binary(max_size=100))
def test_garbage_is_a_protocol_error(octets: bytes) -> None:
    """Nothing else comes out."""
    for read in (read_subscribe, read_subscribe_reply):
        try:
            read(octets)
        except ProtocolError:
            continue


def test_case_makes_no_difference() -> None:
    """A cache keeps names as they were asked for."""
    assert name_hash("88.1", "a") == name_hash("88.1", "A") != name_hash("88.1", "b")
