"""Bounds-checked reading and plain writing of the wire's primitive fields.

Every length that comes from a peer passes through `Reader`, which compares it with the octets really present before
anything is sliced or allocated: four octets must not make us buffer gigabytes. Integers are big-endian and unsigned
unless the name says otherwise (`wire.md`, conventions).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from typing import TypeVar

from idis.proto.codes import ResponseCode
from idis.proto.errors import ProtocolError

T = TypeVar("T")

ARRAY_BYTES_MAX = 1_048_576  # Handle's own limit for one array; a record value may not be larger either

_U16 = struct.Struct(">H")
_U32 = struct.Struct(">I")
_I64 = struct.Struct(">q")


class Reader:
    """A cursor over received octets between `at` and `end`; each read either succeeds whole or raises ProtocolError."""

    __slots__ = ("at", "buffer", "end")

    def __init__(self, buffer: bytes, at: int = 0, end: int | None = None) -> None:
        self.buffer = buffer
        self.at = at
        self.end = len(buffer) if end is None else end

    @property
    def remaining(self) -> int:
        """Octets not yet read."""
        return self.end - self.at

    def take(self, count: int) -> bytes:
        """Exactly `count` octets."""
        at = self.at
        if count > self.end - at:
            raise ProtocolError(f"{count} octets announced, {self.end - at} present", offset=at)
        self.at = at + count
        return self.buffer[at : at + count]

    def u8(self) -> int:
        """One octet."""
        at = self.at
        if at >= self.end:
            raise ProtocolError("the message ends inside a field", offset=at)
        self.at = at + 1
        return self.buffer[at]

    def u16(self) -> int:
        """Two octets."""
        return self._integer(_U16, 2)

    def u32(self) -> int:
        """Four octets."""
        return self._integer(_U32, 4)

    def i64(self) -> int:
        """Eight octets, signed."""
        return self._integer(_I64, 8)

    def blob(self) -> bytes:
        """`u32 length` and that many octets (the wire's *bytes*)."""
        at = self.at
        length = self.u32()
        if length > ARRAY_BYTES_MAX:
            raise ProtocolError(f"a field of {length} octets is longer than {ARRAY_BYTES_MAX}", offset=at)
        return self.take(length)

    def text(self) -> str:
        """A blob that holds UTF-8 (the wire's *string*)."""
        at = self.at
        try:
            return self.blob().decode("utf-8")
        except UnicodeDecodeError as error:
            raise ProtocolError("a string is not UTF-8", offset=at + 4 + error.start) from None

    def count(self, item_bytes_min: int, items_max: int | None = None) -> int:
        """The `u32` count of an array whose items take at least `item_bytes_min` octets each, at most `items_max` of them."""
        at = self.at
        count = self.u32()
        if items_max is not None and count > items_max:
            raise ProtocolError(f"{count} items announced, at most {items_max} are allowed", offset=at)
        if count * item_bytes_min > self.end - self.at:
            raise ProtocolError(f"{count} items announced, {self.end - self.at} octets present", offset=at)
        return count

    def array(self, item: Callable[[], T], item_bytes_min: int, items_max: int | None = None) -> tuple[T, ...]:
        """A counted array, each item read by `item`; the limits are those of `count`."""
        return tuple([item() for _ in range(self.count(item_bytes_min, items_max))])

    def _integer(self, layout: struct.Struct, width: int) -> int:
        at = self.at
        if width > self.end - at:
            raise ProtocolError("the message ends inside a field", offset=at)
        self.at = at + width
        number: int = layout.unpack_from(self.buffer, at)[0]
        return number


def u16(number: int) -> bytes:
    """Two octets."""
    return _U16.pack(number)


def u32(number: int) -> bytes:
    """Four octets."""
    return _U32.pack(number)


def i64(number: int) -> bytes:
    """Eight octets, signed."""
    return _I64.pack(number)


def blob(octets: bytes) -> bytes:
    """`u32 length` and the octets."""
    return _U32.pack(len(octets)) + octets


def text(string: str) -> bytes:
    """`u32 length` and the string as UTF-8."""
    return blob(string.encode("utf-8"))


def array(items: Iterable[bytes]) -> bytes:
    """A counted array of items that are already encoded."""
    parts = list(items)
    return _U32.pack(len(parts)) + b"".join(parts)


def refuse(message: str, reader: Reader, code: int = ResponseCode.PROTOCOL_ERROR) -> ProtocolError:
    """A ProtocolError at the reader's position, to be raised by the caller."""
    return ProtocolError(message, offset=reader.at, code=code)
