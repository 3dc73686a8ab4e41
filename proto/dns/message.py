"""DNS messages as an authority meets them: one question in, one response out (RFC 1035 §4, RFC 6891).

A query is read whole and without trust: what is not exactly one question, with at most an OPT record behind it, is a
`Fault` that carries what can be answered, or nothing at all. Records an asker sends along are walked over, so that the OPT
record is found and a message that lies about its length is refused.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

from idis.proto.dns.name import Labels, lowered, read_name, write_name
from idis.proto.dns.records import IN, OPT, Rr
from idis.proto.errors import ProtocolError

HEADER_BYTES = 12
UDP_BYTES_PLAIN = 512  # without EDNS (RFC 1035 §4.2.1)
UDP_BYTES_MAX = 1_232  # with it: what passes every network unfragmented (`trust.md` §7)
QUERY_BYTES_MAX = 4_096  # a name, a type and a few options; a longer query is no question
RECORDS_MAX = 16  # beside the question of a query; askers send OPT, and TSIG at most
OPTIONS_MAX = 16  # in its OPT record

NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED, BADVERS, BADCOOKIE = 0, 1, 2, 3, 4, 5, 16, 23

_QR, _AA, _TC, _RD = 0x8000, 0x0400, 0x0200, 0x0100
_COOKIE = 10  # option code (RFC 7873 §4)
_DO = 0x8000
_HEADER = struct.Struct(">HHHHHH")
_PAIR = struct.Struct(">HH")
_RR = struct.Struct(">HHIH")


@dataclass(frozen=True, slots=True)
class Edns:
    """What the OPT record of a query says. `cookie` is the data of its COOKIE option; None without one."""

    udp_bytes: int
    version: int
    flags: int
    cookie: bytes | None = None


@dataclass(frozen=True, slots=True)
class DnsQuery:
    """One question.

    Attributes:
        id, flags: of the header.
        question: its octets as they came, to be echoed.
        labels: the name, spelled as asked.
        type, class_: what is asked.
        edns: None without OPT record.
        size: octets of the message.
    """

    id: int
    flags: int
    question: bytes
    labels: Labels
    type: int
    class_: int
    edns: Edns | None
    size: int

    @property
    def udp_bytes(self) -> int:
        """How long an answer by datagram may be."""
        return UDP_BYTES_PLAIN if self.edns is None else min(max(self.edns.udp_bytes, UDP_BYTES_PLAIN), UDP_BYTES_MAX)


@dataclass(frozen=True, slots=True)
class Fault:
    """A message that is no question for us: its header, and the response code that says so."""

    id: int
    flags: int
    code: int
    edns: Edns | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What a question comes to.

    Attributes:
        code: of the response.
        answers, authority, additional: its records.
        authoritative: false where this node does not speak for the name.
        repeatable: whether everybody who asks so gets the same until the store changes.
    """

    code: int = NOERROR
    answers: tuple[Rr, ...] = ()
    authority: tuple[Rr, ...] = ()
    additional: tuple[Rr, ...] = ()
    authoritative: bool = True
    repeatable: bool = False


@dataclass(frozen=True, slots=True)
class Response:
    """A response as a client reads it."""

    id: int
    code: int
    authoritative: bool
    truncated: bool
    answers: tuple[Rr, ...]
    authority: tuple[Rr, ...]
    additional: tuple[Rr, ...]
    edns: Edns | None = None


def decode_query(octets: bytes) -> DnsQuery | Fault | None:
    """Read what an asker sent; None when it deserves no answer: too short for a header, or a response itself."""
    if len(octets) < HEADER_BYTES:
        return None
    number, flags, questions, answers, authority, additional = _HEADER.unpack_from(octets)
    if flags & _QR:
        return None
    if flags & 0x7800:
        return Fault(number, flags, NOTIMP)
    records = answers + authority + additional
    if questions != 1 or records > RECORDS_MAX or len(octets) > QUERY_BYTES_MAX:
        return Fault(number, flags, FORMERR)
    try:
        labels, at = read_name(octets, HEADER_BYTES)
        if at + _PAIR.size > len(octets):
            return Fault(number, flags, FORMERR)
        kind, class_ = _PAIR.unpack_from(octets, at)
        end = at + _PAIR.size
        edns = _find_edns(octets, end, records)
    except ProtocolError:
        return Fault(number, flags, FORMERR)
    query = DnsQuery(number, flags, octets[HEADER_BYTES:end], labels, kind, class_, edns, len(octets))
    if edns is not None and edns.version:
        return Fault(number, flags, BADVERS, replace(edns, cookie=None))
    return query


def encode_reply(query: DnsQuery, reply: Reply, bytes_max: int, cookie: bytes = b"") -> bytes:
    """The octets of a response, at most `bytes_max`: without room for the answers it is marked as truncated.

    Args:
        query: what is answered.
        reply: with what.
        bytes_max: 65,535 over TCP.
        cookie: the data of the COOKIE option; empty for none.
    """
    opt = b"" if query.edns is None else _opt(query.edns, reply.code >> 4, cookie)
    flags = _response_flags(query.flags, reply.code) | (_AA if reply.authoritative else 0)
    parts = [_encode_rrs(section, query) for section in (reply.answers, reply.authority, reply.additional)]
    counts = [len(reply.answers), len(reply.authority), len(reply.additional)]
    fixed = HEADER_BYTES + len(query.question) + len(opt)
    if fixed + sum(map(len, parts)) > bytes_max:
        parts[2], counts[2] = b"", 0  # what nobody asked for goes first
    if fixed + len(parts[0]) + len(parts[1]) > bytes_max:
        flags |= _TC
        parts, counts = [b"", b"", b""], [0, 0, 0]
    header = _HEADER.pack(query.id, flags, 1, counts[0], counts[1], counts[2] + bool(opt))
    return b"".join((header, query.question, *parts, opt))


def encode_hint(query: DnsQuery, cookie: bytes = b"", *, code: int = NOERROR) -> bytes:
    """An empty response that sends the asker to TCP, or with BADCOOKIE has it ask again with the cookie."""
    opt = b"" if query.edns is None else _opt(query.edns, code >> 4, cookie)
    flags = _response_flags(query.flags, code) | (0 if code else _TC)
    return _HEADER.pack(query.id, flags, 1, 0, 0, bool(opt)) + query.question + opt


def encode_fault(fault: Fault) -> bytes:
    """The octets that answer a message that is no question."""
    opt = b"" if fault.edns is None else _opt(fault.edns, fault.code >> 4, b"")
    return _HEADER.pack(fault.id, _response_flags(fault.flags, fault.code), 0, 0, 0, bool(opt)) + opt


def encode_query(number: int, labels: Labels, kind: int, *, udp_bytes: int = 0, cookie: bytes = b"") -> bytes:
    """The octets of a question of class IN; with an OPT record when `udp_bytes` are given."""
    opt = _opt(Edns(udp_bytes, 0, 0), 0, cookie, udp_bytes) if udp_bytes else b""
    return _HEADER.pack(number, 0, 1, 0, 0, bool(opt)) + write_name(labels) + _PAIR.pack(kind, IN) + opt


def decode_response(octets: bytes) -> Response:
    """Read a response.

    Raises:
        ProtocolError: it is none, or damaged.
    """
    if len(octets) < HEADER_BYTES:
        raise ProtocolError("the message ends inside its header", offset=len(octets))
    number, flags, questions, *counts = _HEADER.unpack_from(octets)
    if not flags & _QR or questions > 1:
        raise ProtocolError("this is no response", offset=2)
    at = HEADER_BYTES
    if questions:
        at = read_name(octets, at)[1] + _PAIR.size
    sections: list[tuple[Rr, ...]] = []
    edns, high = None, 0
    for count in counts:
        found = []
        for _ in range(count):
            record, class_, at = _read_rr(octets, at)
            if record.type == OPT:
                edns, high = _edns_of(class_, record.ttl_s, record.data, at), record.ttl_s >> 24
            else:
                found.append(record)
        sections.append(tuple(found))
    code = (flags & 0xF) | high << 4
    answers, authority, additional = sections
    return Response(number, code, bool(flags & _AA), bool(flags & _TC), answers, authority, additional, edns)


def _response_flags(asked: int, code: int) -> int:
    # The opcode and RD are echoed; RA is never set, because this face recurses for nobody.
    return _QR | (asked & (0x7800 | _RD)) | (code & 0xF)


def _read_rr(octets: bytes, at: int) -> tuple[Rr, int, int]:
    labels, at = read_name(octets, at)
    if at + _RR.size > len(octets):
        raise ProtocolError("a record runs past the message", offset=at)
    kind, class_, ttl, size = _RR.unpack_from(octets, at)
    at += _RR.size
    if at + size > len(octets):
        raise ProtocolError("the data of a record runs past the message", offset=at)
    return Rr(labels, kind, ttl, octets[at : at + size]), class_, at + size


def _find_edns(octets: bytes, at: int, records: int) -> Edns | None:
    found = None
    for _ in range(records):
        start = at
        record, class_, at = _read_rr(octets, at)
        if record.type == OPT:
            if found is not None or record.owner:
                raise ProtocolError("a second OPT record, or one with a name", offset=start)
            found = _edns_of(class_, record.ttl_s, record.data, start)
    return found


def _edns_of(class_: int, ttl: int, data: bytes, offset: int) -> Edns:
    cookie, at = None, 0
    for _ in range(OPTIONS_MAX):
        if at == len(data):
            break
        if at + _PAIR.size > len(data):
            raise ProtocolError("an option runs past its record", offset=offset)
        code, size = _PAIR.unpack_from(data, at)
        at += _PAIR.size
        if at + size > len(data):
            raise ProtocolError("an option runs past its record", offset=offset)
        if code == _COOKIE and cookie is None:
            cookie = data[at : at + size]
            if size != 8 and not 16 <= size <= 40:
                raise ProtocolError("a cookie of a length that none has", offset=offset)
        at += size
    else:
        if at != len(data):
            raise ProtocolError(f"more than {OPTIONS_MAX} options", offset=offset)
    return Edns(class_, ttl >> 16 & 0xFF, ttl & 0xFFFF, cookie)


def _opt(edns: Edns, high_code: int, cookie: bytes, udp_bytes: int = UDP_BYTES_MAX) -> bytes:
    option = _PAIR.pack(_COOKIE, len(cookie)) + cookie if cookie else b""
    return b"\x00" + _RR.pack(OPT, udp_bytes, high_code << 24 | (edns.flags & _DO), len(option)) + option


def _places(query: DnsQuery) -> dict[Labels, int]:
    """Where the asked name and each name above it stand, for pointers."""
    places: dict[Labels, int] = {}
    if len(write_name(query.labels)) + _PAIR.size != len(query.question):
        return places  # the asker used a pointer itself
    at = HEADER_BYTES
    for number, label in enumerate(query.labels):
        places[lowered(query.labels[number:])] = at
        at += 1 + len(label)
    return places


def _encode_rrs(records: tuple[Rr, ...], query: DnsQuery) -> bytes:
    parts = []
    places: dict[Labels, int] | None = None
    for record in records:
        if record.owner is query.labels:  # nearly always; a pointer to a name that is itself a pointer is one, too
            place: int | None = HEADER_BYTES
        else:
            places = _places(query) if places is None else places
            place = places.get(lowered(record.owner))
        owner = write_name(record.owner) if place is None else (0xC000 | place).to_bytes(2, "big")
        parts += [owner, _RR.pack(record.type, IN, record.ttl_s, len(record.data)), record.data]
    return b"".join(parts)
