"""Questions ready to send, built before the first is sent; only the request id is patched in afterwards.

A request of the Handle protocol is put together from the one form the codec gives for a placeholder, because a million
of them through the codec would take longer than the measurement; a test compares both octet for octet.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from idis.bench.asking.plan import UDP_FRAME_BYTES_MAX, Frames
from idis.proto.dns.message import HEADER_BYTES as DNS_HEADER_BYTES
from idis.proto.dns.message import encode_query
from idis.proto.dns.name import Labels, write_name
from idis.proto.errors import IdisError
from idis.proto.exchange import request_message
from idis.proto.identifier import parse_identifier
from idis.proto.message import ENVELOPE_BYTES, encode_message
from idis.proto.query import Query

_LENGTH = struct.Struct(">I")
_LENGTH_AT = 16
_BODY_LENGTH_AT = 40
_BODY_AT = 44
_PLACEHOLDER = "0/0"


class QuestionError(IdisError):
    """An identifier that cannot be asked for in this way; the text names it."""


def handle_frames(identifiers: Sequence[str], *, now: int, datagrams: bool) -> Frames:
    """Resolution requests for all public values, as clients send them (recursive, may be cached, public only).

    Args:
        identifiers: as they are to be asked.
        now: unix time, which the expiration is reckoned from.
        datagrams: refuse what does not fit one packet.

    Raises:
        QuestionError: a text is no identifier, or too long for a datagram.
    """
    query = Query(_PLACEHOLDER, parse_identifier(_PLACEHOLDER), public_only=True, recursive=True)
    form = encode_message(request_message(query, request_id=0, now=now))
    fixed = len(form) - ENVELOPE_BYTES - len(_PLACEHOLDER)
    body_fixed = _LENGTH.unpack_from(form, _BODY_LENGTH_AT)[0] - len(_PLACEHOLDER)
    head, middle, tail = form[:_LENGTH_AT], form[ENVELOPE_BYTES:_BODY_LENGTH_AT], form[_BODY_AT + 4 + len(_PLACEHOLDER) :]
    pack = _LENGTH.pack
    frames = []
    for identifier in identifiers:
        name = identifier.encode()
        size = len(name)
        frames.append(b"".join((head, pack(fixed + size), middle, pack(body_fixed + size), pack(size), name, tail)))
    frames_longest = max(zip(map(len, frames), identifiers, strict=True))
    if datagrams and frames_longest[0] > UDP_FRAME_BYTES_MAX:
        raise QuestionError(f"{frames_longest[1]} does not fit a datagram of {UDP_FRAME_BYTES_MAX} octets: use TCP")
    return _frames(frames)


def http_frames(identifiers: Sequence[str], host: str) -> Frames:
    """`GET /api/handles/…` over a connection that stays; answers must name the identifier where it is plain ASCII."""
    tail = f" HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n\r\n".encode()
    frames = [b"GET /api/handles/" + quote(identifier, safe="/:").encode() + tail for identifier in identifiers]
    echoes = [identifier.encode() if _is_plain(identifier) else b"" for identifier in identifiers]
    joined = _frames(frames)
    return Frames(joined.octets, joined.ends, *_joined(echoes))


def dns_frames(names: Iterable[Labels], query_type: int, *, datagrams: bool, udp_bytes: int = 0) -> Frames:
    """DNS queries for one type, over TCP behind their length; with an OPT record when `udp_bytes` of an answer are taken."""
    form = encode_query(0, (), query_type, udp_bytes=udp_bytes)
    head, tail = form[:DNS_HEADER_BYTES], form[DNS_HEADER_BYTES + 1 :]  # between them the name, here the root's one octet
    messages = (head + write_name(name) + tail for name in names)
    return _frames([message if datagrams else struct.pack(">H", len(message)) + message for message in messages])


def resp_frames(keys: Iterable[str]) -> Frames:
    """Redis GET commands."""
    octets = (key.encode() for key in keys)
    return _frames([b"*2\r\n$3\r\nGET\r\n$%d\r\n%s\r\n" % (len(key), key) for key in octets])


def _frames(frames: Sequence[bytes]) -> Frames:
    return Frames(*_joined(frames))


def _joined(parts: Sequence[bytes]) -> tuple[bytes, array[int]]:
    ends, end = array("Q"), 0
    for part in parts:
        end += len(part)
        ends.append(end)
    return b"".join(parts), ends


def _is_plain(identifier: str) -> bool:
    """Whether JSON shows the text as it is, with the careful writers too that escape what HTML would read."""
    return identifier.isascii() and identifier.isprintable() and not set(identifier) & set("\"\\<>&='")
