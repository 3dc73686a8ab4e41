"""Answers as the plain generator reads them; the compiled one has the same rules written out in its loop."""

from __future__ import annotations

import struct
from typing import NamedTuple

from idis.bench.asking.plan import DNS_NO_DATA, DNS_OPT_BYTES, DNS_TRUNCATED, Dialect
from idis.proto.errors import IdisError
from idis.proto.fragments import UDP_DATA_BYTES
from idis.proto.message import ENVELOPE_BYTES, HEADER_BYTES, MESSAGE_BYTES_MAX

BODY_AT = ENVELOPE_BYTES + HEADER_BYTES
BUFFER_BYTES = 1_048_576  # longer answers are not measured
NIL_CODE = 100  # Redis knows no codes: a value is 1, nothing is 100, an error is 2
SUCCESS = {Dialect.HANDLE: 1, Dialect.DNS: 0, Dialect.RESP: 1, Dialect.HTTP: 200}

_HEAD_BYTES_MAX = 16_384
_LINE_BYTES_MAX = 1_024
_ENVELOPE_END = struct.Struct(">III")  # request id, sequence, length
_ENVELOPE_END_AT = 8
_CODES = struct.Struct(">II")  # opcode, response code


class MalformedError(IdisError):
    """Octets that cannot be an answer."""


class Answer(NamedTuple):
    """One answer, or one packet of one.

    Attributes:
        id: the request id, None where the dialect has none and answers come in order.
        code: the response code.
        body: what the digest covers.
        size: octets on the wire.
        opcode: Handle only, 0 in packets but the first.
        sequence, packets: Handle over UDP only: which packet of how many.
        closes: the server ends the connection behind this answer.
    """

    id: int | None
    code: int
    body: bytes
    size: int
    opcode: int = 1
    sequence: int = 0
    packets: int = 1
    closes: bool = False


def read_datagram(dialect: Dialect, packet: bytes) -> Answer:
    """The answer, or part of one, in a datagram.

    Raises:
        MalformedError: it holds none.
    """
    if dialect is Dialect.DNS:
        return _dns(packet, len(packet))
    if len(packet) <= ENVELOPE_BYTES:
        raise MalformedError("a packet is longer than its envelope")
    request_id, sequence, length = _ENVELOPE_END.unpack_from(packet, _ENVELOPE_END_AT)
    if length <= UDP_DATA_BYTES:
        if len(packet) != ENVELOPE_BYTES + length:
            raise MalformedError("a packet of another length than announced")
        return _message(packet)
    if length > MESSAGE_BYTES_MAX or sequence * UDP_DATA_BYTES >= length or (not sequence and len(packet) < BODY_AT):
        raise MalformedError("a packet that belongs to no message")
    opcode, code = (0, 0) if sequence else _CODES.unpack_from(packet, ENVELOPE_BYTES)
    body = packet[ENVELOPE_BYTES if sequence else BODY_AT :]
    return Answer(request_id, code, body, len(packet), opcode, sequence, -(-length // UDP_DATA_BYTES))


def read_stream(dialect: Dialect, buffer: bytes, at: int) -> Answer | None:
    """The answer that begins at `at`; None when it is not whole.

    Raises:
        MalformedError: there can be no answer.
    """
    match dialect:
        case Dialect.HANDLE:
            return _handle(buffer, at)
        case Dialect.DNS:
            size = 2 + int.from_bytes(buffer[at : at + 2], "big")
            return _dns(buffer[at + 2 : at + size], size) if len(buffer) - at >= max(size, 3) else None
        case Dialect.RESP:
            return _resp(buffer, at)
        case Dialect.HTTP:
            return _http(buffer, at)


def echoes(dialect: Dialect, datagrams: bool, asked: bytes, echo: bytes, answer: Answer) -> bool:
    """Whether an answer names what was asked: the first packet of a Handle success, every DNS answer, HTTP's found ones."""
    match dialect:
        case Dialect.HANDLE if answer.sequence == 0:
            if answer.opcode != 1:
                return False
            end = 4 + int.from_bytes(asked[BODY_AT : BODY_AT + 4], "big")
            return answer.code != SUCCESS[dialect] or answer.body[:end] == asked[BODY_AT : BODY_AT + end]
        case Dialect.DNS:
            question = asked[0 if datagrams else 2 :]
            end = len(question) - (DNS_OPT_BYTES if question[11] else 0)  # an OPT record is not echoed as it was
            return answer.body.startswith(question[12:end])
        case Dialect.HTTP:
            return answer.code != SUCCESS[dialect] or echo in answer.body
    return True


def _handle(buffer: bytes, at: int) -> Answer | None:
    if len(buffer) - at < ENVELOPE_BYTES:
        return None
    length = int.from_bytes(buffer[at + 16 : at + ENVELOPE_BYTES], "big")
    if not HEADER_BYTES <= length <= MESSAGE_BYTES_MAX:
        raise MalformedError("a message of impossible length")
    end = at + ENVELOPE_BYTES + length
    return _message(buffer[at:end]) if end <= len(buffer) else None


def _message(frame: bytes) -> Answer:
    if len(frame) < BODY_AT:
        raise MalformedError("a message has a header")
    opcode, code = _CODES.unpack_from(frame, ENVELOPE_BYTES)
    return Answer(int.from_bytes(frame[8:12], "big"), code, frame[BODY_AT:], len(frame), opcode)


def _dns(message: bytes, size: int) -> Answer:
    if len(message) < 12:
        raise MalformedError("a DNS message has a header")
    is_answer, code = message[2] & 0x80, message[3] & 15
    if message[2] & 0x02:
        code = DNS_TRUNCATED
    elif code == SUCCESS[Dialect.DNS] and message[6:8] == b"\0\0":
        code = DNS_NO_DATA
    return Answer(int.from_bytes(message[:2], "big"), code, message[12:] if is_answer else b"", size)


def _resp(buffer: bytes, at: int) -> Answer | None:
    end = buffer.find(b"\r\n", at)
    if end < 0:
        if len(buffer) - at >= _LINE_BYTES_MAX:
            raise MalformedError("a line of Redis without an end")
        return None
    begin = end + 2
    match buffer[at : at + 2]:
        case b"$-":
            return Answer(None, NIL_CODE, b"", begin - at)
        case sign if sign.startswith(b"-"):
            return Answer(None, 2, b"", begin - at)
        case sign if sign.startswith(b"$"):
            length = _number(buffer[at + 1 : end], 10)
            if len(buffer) < begin + length + 2:
                return None
            return Answer(None, 1, buffer[begin : begin + length], begin + length + 2 - at)
    return Answer(None, 1, b"", begin - at)


def _http(buffer: bytes, at: int) -> Answer | None:
    end = buffer.find(b"\r\n\r\n", at)
    if end < 0:
        if len(buffer) - at >= _HEAD_BYTES_MAX:
            raise MalformedError("an HTTP head without an end")
        return None
    status, *lines = buffer[at:end].split(b"\r\n")
    fields = {name.lower(): value.strip().lower() for name, _, value in (line.partition(b":") for line in lines)}
    if not status.startswith(b"HTTP/1."):
        raise MalformedError("not HTTP/1")
    code, begin = _number(status[9:12], 10), end + 4
    if fields.get(b"transfer-encoding") == b"chunked":
        length = _chunked_size(buffer, begin)
        if length is None:
            return None
    elif b"content-length" in fields:
        length = _number(fields[b"content-length"], 10)
    else:
        raise MalformedError("an HTTP answer of unknown length")
    if len(buffer) < begin + length:
        return None
    body = buffer[begin : begin + length]
    return Answer(None, code, body, begin + length - at, closes=fields.get(b"connection") == b"close")


def _chunked_size(buffer: bytes, begin: int) -> int | None:
    at = begin
    while True:
        end = buffer.find(b"\r\n", at)
        if end < 0:
            return None
        length = _number(buffer[at:end].partition(b";")[0], 16)
        if len(buffer) < end + 2 + length + 2:
            return None
        at = end + 2 + length + 2
        if length == 0:
            return at - begin


def _number(digits: bytes, base: int) -> int:
    try:
        number = int(digits, base)
    except ValueError:
        raise MalformedError(f"{digits[:20]!r} is no number") from None
    if not 0 <= number <= BUFFER_BYTES:
        raise MalformedError(f"{number} octets are not measured")
    return number
