"""One message: envelope, header, body, credential (`wire.md` §1–§3), whole and undivided.

Bodies are octets here; `bodies.py` reads and writes them per operation. Decoding keeps unknown numbers and refuses
only what cannot be framed. The credential is found behind the body by the header's length, never from the position a
body parser happened to reach, because the dialects append fields to bodies.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import NamedTuple

from idis.proto.codes import EXTENSION_OPCODES, EnvelopeFlag, ResponseCode
from idis.proto.errors import ProtocolError

ENVELOPE_BYTES = 20
HEADER_BYTES = 24
MESSAGE_BYTES_MAX = 262_144  # after the envelope; Handle's own limit, checked before the body is read
MESSAGE_BYTES_EXTENSION = 4_194_304  # of our own operations: a batch of 2,000 records of 2 KB

SITE_SERIAL_UNKNOWN = 0xFFFF
EXPIRATION_S = 43_200  # what peers put on a request; a response must not be past it

Version = tuple[int, int]

PROTOCOL_VERSION: Version = (2, 11)  # the best we speak
REQUEST_VERSION: Version = (2, 3)  # the least a resolving client needs
VERSION_2_0: Version = (2, 0)

_ENVELOPE = struct.Struct(">BBBBIIII")
_HEADER = struct.Struct(">IIIHBBII")
_LENGTH = struct.Struct(">I")
_SUGGESTED_MAJOR_BITS = 0x1F
# Plain integers: combining members of an enumeration costs as much as the rest of decoding.
_COMPRESSED = int(EnvelopeFlag.COMPRESSED)
_ENCRYPTED = int(EnvelopeFlag.ENCRYPTED)


class Envelope(NamedTuple):
    """The 20 octets in front of every message and of every UDP packet. A tuple, because every packet makes one."""

    version: Version
    flags: int
    suggested: Version
    session_id: int
    request_id: int
    sequence: int
    length: int


@dataclass(frozen=True, slots=True)
class Message:
    """A request or a response.

    `credential` None means that even its length was left out, as IDIS clients do at login. `expiration` is unix time.
    `flags` are the envelope's (encrypted, truncated).
    """

    opcode: int
    body: bytes = b""
    response_code: int = 0
    opflags: int = 0
    request_id: int = 0
    session_id: int = 0
    site_serial: int = SITE_SERIAL_UNKNOWN
    recursion_count: int = 0
    reserved: int = 0
    expiration: int = 0
    version: Version = PROTOCOL_VERSION
    suggested: Version = PROTOCOL_VERSION
    flags: int = 0
    credential: bytes | None = b""


def decode_envelope(packet: bytes, at: int = 0) -> Envelope:
    """Read the envelope at `at`.

    Raises:
        ProtocolError: fewer than 20 octets, compression, or a message over MESSAGE_BYTES_EXTENSION.
    """
    if len(packet) - at < ENVELOPE_BYTES:
        raise ProtocolError(f"an envelope has {ENVELOPE_BYTES} octets, {len(packet) - at} present", offset=at)
    major, minor, bits, suggested_minor, session_id, request_id, sequence, length = _ENVELOPE.unpack_from(packet, at)
    if bits & _COMPRESSED:
        raise ProtocolError("compressed messages are not part of the protocol", offset=at + 2)
    if length > MESSAGE_BYTES_EXTENSION:
        raise ProtocolError(f"a message of {length} octets is longer than {MESSAGE_BYTES_EXTENSION}", offset=at + 16)
    version = (major, minor) if major != 5 else VERSION_2_0  # the oldest clients wrote 5.0 and meant 2.0
    suggested = (bits & _SUGGESTED_MAJOR_BITS, suggested_minor)
    return Envelope(
        version=version,
        flags=bits & ~_SUGGESTED_MAJOR_BITS,
        suggested=suggested if suggested != (0, 0) else version,
        session_id=session_id,
        request_id=request_id,
        sequence=sequence,
        length=length,
    )


def decode_message(frame: bytes) -> Message:
    """Read a whole, unencrypted message: envelope and exactly the octets it announces.

    Raises:
        ProtocolError: too short, or lengths that contradict each other; SESSION_FAILED when it is encrypted.
    """
    envelope = decode_envelope(frame)
    if envelope.flags & _ENCRYPTED:
        raise ProtocolError("the message is encrypted in no session", offset=2, code=ResponseCode.SESSION_FAILED)
    end = ENVELOPE_BYTES + envelope.length
    if len(frame) != end:
        raise ProtocolError(f"{envelope.length} octets announced, {len(frame) - ENVELOPE_BYTES} present", offset=16)
    if envelope.length < HEADER_BYTES:
        raise ProtocolError(f"a message has at least {HEADER_BYTES} octets", offset=16)
    opcode, response_code, opflags, site_serial, recursion_count, reserved, expiration, body_length = _HEADER.unpack_from(
        frame, ENVELOPE_BYTES
    )
    if envelope.length > MESSAGE_BYTES_MAX and opcode not in EXTENSION_OPCODES:
        raise ProtocolError(f"a message of {envelope.length} octets is longer than {MESSAGE_BYTES_MAX}", offset=16)
    body_at = ENVELOPE_BYTES + HEADER_BYTES
    body_end = body_at + body_length
    if body_end > end:
        raise ProtocolError(f"a body of {body_length} octets runs past the message", offset=body_at - 4)
    return Message(
        opcode=opcode,
        body=frame[body_at:body_end],
        response_code=response_code,
        opflags=opflags,
        request_id=envelope.request_id,
        session_id=envelope.session_id,
        site_serial=site_serial,
        recursion_count=recursion_count,
        reserved=reserved,
        expiration=expiration,
        version=envelope.version,
        suggested=envelope.suggested,
        flags=envelope.flags,
        credential=_read_credential(frame, body_end, end),
    )


def encode_message(message: Message) -> bytes:
    """Envelope, header, body and credential as one octet string, sequence number 0."""
    credential = b"" if message.credential is None else _LENGTH.pack(len(message.credential)) + message.credential
    return b"".join(
        (
            _ENVELOPE.pack(
                *message.version,
                message.flags | message.suggested[0],
                message.suggested[1],
                message.session_id,
                message.request_id,
                0,
                HEADER_BYTES + len(message.body) + len(credential),
            ),
            encode_header(message),
            message.body,
            credential,
        )
    )


def encode_header(message: Message) -> bytes:
    """The 24 octets of the header, which digests and signatures cover."""
    return _HEADER.pack(
        message.opcode,
        message.response_code,
        message.opflags,
        message.site_serial,
        message.recursion_count,
        message.reserved,
        message.expiration,
        len(message.body),
    )


def answer_version(request: Message) -> Version:
    """The version to answer in: the lower of what the peer suggests and our best; major 2 unless 3 is suggested."""
    if request.suggested[0] == 3:
        return (3, 0)
    if request.suggested[0] in (0, 1, 5):
        return VERSION_2_0  # the oldest clients wrote 5.0 and meant 2.0; nothing older was ever spoken
    return min(request.suggested, PROTOCOL_VERSION)


def _read_credential(frame: bytes, at: int, end: int) -> bytes | None:
    if end - at < 4:
        return None
    (length,) = _LENGTH.unpack_from(frame, at)
    if length > end - at - 4:
        raise ProtocolError(f"a credential of {length} octets runs past the message", offset=at)
    return frame[at + 4 : at + 4 + length]
