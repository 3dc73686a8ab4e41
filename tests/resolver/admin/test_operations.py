"""What the wire asks for, as acts."""

from __future__ import annotations

import secrets

import pytest

from idis.proto.bodies import read_request
from idis.proto.codes import OpCode, OpFlag
from idis.proto.errors import ProtocolError
from idis.proto.message import Message
from idis.registry.registration.acts import Create
from idis.registry.registration.plain_creates import PlainCreate, in_full
from idis.resolver.admin.operations import act_of, read_operation

NOW = 1_790_000_000
NAME = bytes.fromhex("0000000a") + b"88.118.8/a"
# One value: index 1, timestamp, relative TTL of a day, 1110, type URL, data "u", no references.
URL = bytes.fromhex("00000001 00000000 00 00015180 0e 00000003") + b"URL" + bytes.fromhex("00000001") + b"u" + bytes(4)
ONE = bytes.fromhex("00000001")


def message(body: bytes, flags: int = 0) -> Message:
    """A request to create."""
    return Message(opcode=OpCode.CREATE, body=body, opflags=flags)


def test_a_plain_record_is_an_act_at_once():
    """It is not decoded, and in full it is the act that decoding gives."""
    request = message(NAME + ONE + URL)
    act = act_of(request, read_operation(request, NOW), secrets.token_bytes)

    assert isinstance(act, PlainCreate)
    assert in_full(act) == act_of(request, read_request(request), secrets.token_bytes)
    assert act.record.public[8:12] == NOW.to_bytes(4, "big")


@pytest.mark.parametrize(
    "request_",
    [
        message(NAME + ONE + URL + b"more"),  # a field a dialect appended
        message(NAME + ONE + URL, OpFlag.OVERWRITE),
        message(bytes.fromhex("0000000b") + "88.118.8/ü".encode() + ONE + URL),
        message(NAME + bytes(4)),
    ],
)
def test_what_is_not_plain_is_read_as_ever(request_: Message):
    """Its values are decoded."""
    act = act_of(request_, read_operation(request_, NOW), secrets.token_bytes)

    assert isinstance(act, Create)
    assert act == act_of(request_, read_request(request_), secrets.token_bytes)


@pytest.mark.parametrize("body", [b"", NAME, NAME + ONE + URL[:-1], b"\xff\xff\xff\xff" + NAME])
def test_a_broken_body_is_refused_as_ever(body: bytes):
    """By the error of the ordinary reader."""
    with pytest.raises(ProtocolError) as expected:
        read_request(message(body))
    with pytest.raises(ProtocolError) as told:
        read_operation(message(body), NOW)

    assert str(told.value) == str(expected.value)
