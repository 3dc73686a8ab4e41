"""The records this authority gives, and their data in octets: one function for each type, and the reverse for readers.

Names inside data are never compressed: for SRV and NAPTR that is forbidden (RFC 2782, RFC 3403 §4.1), for the others it
would save little.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from idis.proto.dns.name import Labels, name_text, read_name, write_name
from idis.proto.errors import DataError, ProtocolError

A, NS, SOA, TXT, AAAA, SRV, NAPTR, OPT = 1, 2, 6, 16, 28, 33, 35, 41
IXFR, AXFR, ANY, URI = 251, 252, 255, 256
IN = 1  # the class; CLASS_ANY asks for every class
CLASS_ANY = 255

STRING_BYTES_MAX = 255  # of one character string (RFC 1035 §3.3)

_PAIR = struct.Struct(">HH")
_TRIPLE = struct.Struct(">HHH")
_SOA = struct.Struct(">IIIII")


@dataclass(frozen=True, slots=True)
class Rr:
    """One record of class IN. `ttl_s` is in seconds; `data` its octets."""

    owner: Labels
    type: int
    ttl_s: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Soa:
    """The start of a zone (RFC 1035 §3.3.13). `negative_ttl_s` bounds how long absence is believed (RFC 2308)."""

    host: Labels
    mailbox: Labels
    serial: int
    negative_ttl_s: int
    refresh_s: int = 3_600
    retry_s: int = 600
    expire_s: int = 604_800

    @property
    def data(self) -> bytes:
        """Its octets."""
        times = _SOA.pack(self.serial & 0xFFFF_FFFF, self.refresh_s, self.retry_s, self.expire_s, self.negative_ttl_s)
        return write_name(self.host) + write_name(self.mailbox) + times


def naptr(order: int, preference: int, flags: bytes, service: bytes, regexp: bytes, replacement: Labels = ()) -> bytes:
    """The data of a NAPTR record (RFC 3403 §4.1).

    Raises:
        DataError: a string is longer than STRING_BYTES_MAX.
    """
    return _PAIR.pack(order, preference) + _string(flags) + _string(service) + _string(regexp) + write_name(replacement)


def uri(priority: int, weight: int, target: bytes) -> bytes:
    """The data of a URI record (RFC 7553 §4.5)."""
    return _PAIR.pack(priority, weight) + target


def srv(priority: int, weight: int, port: int, target: Labels) -> bytes:
    """The data of an SRV record (RFC 2782)."""
    return _TRIPLE.pack(priority, weight, port) + write_name(target)


def txt(octets: bytes) -> bytes:
    """The data of a TXT record: octets cut into strings of STRING_BYTES_MAX (RFC 1035 §3.3.14)."""
    pieces = [octets[at : at + STRING_BYTES_MAX] for at in range(0, len(octets), STRING_BYTES_MAX)] or [b""]
    return b"".join(map(_string, pieces))


def read_naptr(data: bytes) -> tuple[int, int, bytes, bytes, bytes, Labels]:
    """Order, preference, flags, service, substitution and replacement of a NAPTR record (RFC 3403).

    Raises:
        ProtocolError: it is none.
    """
    if len(data) <= _PAIR.size:
        raise ProtocolError("a NAPTR record ends inside its numbers", offset=0)
    order, preference = _PAIR.unpack_from(data)
    strings, at = _strings(data, _PAIR.size, len(data), 3)
    if len(strings) < 3:
        raise ProtocolError("a NAPTR record ends inside its strings", offset=at)
    return order, preference, *strings, read_name(data, at)[0]


def data_text(record: Rr) -> str:
    """The data of a record as tools print it, for the types above; others in hexadecimal (RFC 3597).

    Raises:
        ProtocolError: it is not what its type demands.
    """
    kind, data = record.type, record.data
    if kind == TXT:
        return " ".join(_quoted(string) for string in _strings(data, 0, len(data))[0])
    if kind == NS:
        return name_text(read_name(data, 0)[0])
    if kind == SRV and len(data) > _TRIPLE.size:
        priority, weight, port = _TRIPLE.unpack_from(data)
        return f"{priority} {weight} {port} {name_text(read_name(data, _TRIPLE.size)[0])}"
    if kind == NAPTR and len(data) > _PAIR.size:
        order, preference = _PAIR.unpack_from(data)
        strings, at = _strings(data, _PAIR.size, len(data), 3)
        return f"{order} {preference} {' '.join(map(_quoted, strings))} {name_text(read_name(data, at)[0])}"
    if kind == URI and len(data) >= _PAIR.size:
        priority, weight = _PAIR.unpack_from(data)
        return f"{priority} {weight} {_quoted(data[_PAIR.size :])}"
    if kind == A and len(data) == 4:
        return ".".join(map(str, data))
    return f"\\# {len(data)} {data.hex()}"


def _string(octets: bytes) -> bytes:
    if len(octets) > STRING_BYTES_MAX:
        raise DataError(f"a character string has at most {STRING_BYTES_MAX} octets")
    return bytes((len(octets),)) + octets


def _strings(data: bytes, at: int, end: int, count: int = 0) -> tuple[list[bytes], int]:
    found: list[bytes] = []
    while at < end and (not count or len(found) < count):
        length = data[at]
        if at + 1 + length > end:
            raise ProtocolError("a character string runs past its record", offset=at)
        found.append(data[at + 1 : at + 1 + length])
        at += 1 + length
    return found, at


def _quoted(octets: bytes) -> str:
    shown = (
        f"\\{chr(octet)}" if octet in b'"\\' else chr(octet) if 0x20 <= octet < 0x7F else f"\\{octet:03d}" for octet in octets
    )
    return f'"{"".join(shown)}"'
