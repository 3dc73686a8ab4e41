"""The value: one numbered, typed element of a record, and its octets (`wire.md` §6).

Records are stored and answered in wire form, so filters work on spans of octets and never build values they do not
need: `scan_values` yields where each value starts, with the three facts a filter asks for.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from idis.proto.codes import Permission, ResponseCode
from idis.proto.errors import ProtocolError
from idis.proto.wire import ARRAY_BYTES_MAX, Reader, array, blob, text, u32

VALUES_PER_RECORD_MAX = 2_048  # limit of the protocol
VALUE_BYTES_MIN = 26  # fixed fields plus the empty lengths of type, data and references
REFERENCE_BYTES_MIN = 8
REFERENCES_MAX = 256  # in a value and in a record: deprecated, so only a hostile peer sends many
INDEX_MAX = 2**31 - 1
TTL_S_DEFAULT = 86_400
TTL_S_MAX = 172_800  # a larger relative TTL counts as this much

TTL_RELATIVE = 0
TTL_ABSOLUTE = 1

_PUBLIC_READ = int(Permission.PUBLIC_READ)  # the enumeration's own operators build a member, a microsecond each time
DEFAULT_PERMISSIONS = Permission.ADMIN_READ | Permission.ADMIN_WRITE | Permission.PUBLIC_READ

_FIXED = struct.Struct(">IIBIB")
_HEAD = struct.Struct(">IIBIBI")  # the fixed fields and the length of the type
_NONE = u32(0)  # an empty array
_LENGTH = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Reference:
    """A deprecated pointer to another value: (handle, index). Written by nobody, tolerated from others."""

    handle: str
    index: int


@dataclass(frozen=True, slots=True)
class Value:
    """One element of a record.

    `ttl` is in seconds when `ttl_type` is relative, unix time when absolute; `timestamp` is unix time, set by the
    registry on every write.
    """

    index: int
    type: str
    data: bytes
    ttl: int = TTL_S_DEFAULT
    ttl_type: int = TTL_RELATIVE
    timestamp: int = 0
    permissions: int = int(DEFAULT_PERMISSIONS)
    references: tuple[Reference, ...] = ()

    @property
    def public(self) -> bool:
        """Whether everybody may read it."""
        return self.permissions & _PUBLIC_READ != 0

    @property
    def text(self) -> str:
        """The data as UTF-8; undecodable octets are shown as replacement characters."""
        return self.data.decode("utf-8", "replace")

    def lifetime_s(self, now: int) -> int:
        """Seconds a cache may keep this value from `now` on; 0 forbids caching."""
        if self.ttl_type == TTL_ABSOLUTE:
            return min(max(self.ttl - now, 0), TTL_S_MAX)
        return min(self.ttl, TTL_S_MAX)


class ValueSpan(NamedTuple):
    """Where one encoded value lies, and what a filter needs to know of it. A tuple, because filters make very many."""

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody asks of a span
    type: bytes
    permissions: int
    start: int
    end: int


def encode_value(value: Value, *, timestamp: int | None = None) -> bytes:
    """The value's octets; with `timestamp` (unix time) in place of its own when given."""
    references = value.references
    return b"".join(
        (
            _FIXED.pack(
                value.index,
                value.timestamp if timestamp is None else timestamp,
                value.ttl_type,
                value.ttl,
                value.permissions,
            ),
            text(value.type),
            blob(value.data),
            array(text(reference.handle) + u32(reference.index) for reference in references) if references else _NONE,
        )
    )


def encode_values(values: Iterable[Value], *, timestamp: int | None = None) -> bytes:
    """A counted array of values; with `timestamp` in place of their own when given."""
    return array(encode_value(value, timestamp=timestamp) for value in values)


def read_value(reader: Reader) -> Value:
    """Decode the value at the reader's position.

    Lengths are read straight from the buffer, as in `scan_values`, and compared with the reader's end once.
    """
    start, buffer = reader.at, reader.buffer
    try:
        index, timestamp, ttl_type, ttl, permissions, type_length = _HEAD.unpack_from(buffer, start)
        type_end = start + _HEAD.size + type_length
        (data_length,) = _LENGTH.unpack_from(buffer, type_end)
        data_end = type_end + 4 + data_length
        (references,) = _LENGTH.unpack_from(buffer, data_end)
    except struct.error:
        raise ProtocolError("a value runs past the message", offset=start) from None
    if data_end + 4 > reader.end or data_length > ARRAY_BYTES_MAX:
        raise ProtocolError("a value runs past the message or its limit", offset=start)
    if not 0 < index <= INDEX_MAX:
        raise ProtocolError(f"value index {index} is out of range", offset=start, code=ResponseCode.INVALID_VALUE)
    try:
        type_name = buffer[start + _HEAD.size : type_end].decode("utf-8")
    except UnicodeDecodeError:
        raise ProtocolError("the type of a value is not UTF-8", offset=start + _HEAD.size) from None
    reader.at = data_end + 4
    return Value(
        index=index,
        type=type_name,
        data=buffer[type_end + 4 : data_end],
        ttl=ttl,
        ttl_type=ttl_type,
        timestamp=timestamp,
        permissions=permissions,
        references=_read_references(reader, data_end) if references else (),
    )


def read_values(reader: Reader) -> tuple[Value, ...]:
    """Decode a counted array of at most VALUES_PER_RECORD_MAX values."""
    values = []
    references = 0
    for _ in range(reader.count(VALUE_BYTES_MIN, VALUES_PER_RECORD_MAX)):
        value = read_value(reader)
        references += len(value.references)
        if references > REFERENCES_MAX:
            raise ProtocolError(f"more than {REFERENCES_MAX} references in a record", offset=reader.at)
        values.append(value)
    return tuple(values)


def decode_values(octets: bytes) -> tuple[Value, ...]:
    """Decode a counted array that fills the whole buffer."""
    reader = Reader(octets)
    values = read_values(reader)
    if reader.remaining:
        raise ProtocolError(f"{reader.remaining} octets after the last value", offset=reader.at)
    return values


def scan_values(octets: bytes, at: int = 0) -> Iterator[ValueSpan]:
    """Walk a counted array of values that this node stored itself, without decoding them.

    Every filtered answer runs through here, so the lengths are read straight from the buffer: reading past its end is
    what fails, and a field lies inside the buffer because the length behind it could be read.

    Raises:
        ProtocolError: the array runs past the buffer.
    """
    start = at
    try:
        (count,) = _LENGTH.unpack_from(octets, at)
        at += 4
        for _ in range(count):
            start = at
            index, _timestamp, _ttl_type, _ttl, permissions, type_length = _HEAD.unpack_from(octets, at)
            type_at = at + _HEAD.size
            type_end = type_at + type_length
            (data_length,) = _LENGTH.unpack_from(octets, type_end)
            at = type_end + 4 + data_length
            (references,) = _LENGTH.unpack_from(octets, at)
            at += 4
            for _ in range(references):
                (length,) = _LENGTH.unpack_from(octets, at)
                at += 8 + length
            if at > len(octets):
                raise ProtocolError("the last value runs past the array", offset=start)
            yield ValueSpan(index, octets[type_at:type_end], permissions, start, at)
    except struct.error:
        raise ProtocolError("a value runs past the array", offset=start) from None


def _read_references(reader: Reader, at: int) -> tuple[Reference, ...]:
    reader.at = at
    return reader.array(lambda: Reference(reader.text(), reader.u32()), REFERENCE_BYTES_MIN, REFERENCES_MAX)
