"""The stream behind an answer to op 1001 or 1002, until the connection ends (`wire.md` §13), sans I/O.

It opens with a stream type, then a header, then records without lengths of their own. In a signed stream the octets since
the last signature form a block, and a signature follows each: `Block.octets` are what it covers. So that records are never
trusted before their signature is, a block is handed over whole: its records and its signature together.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from idis.proto.errors import ProtocolError
from idis.proto.value import VALUES_PER_RECORD_MAX, Value, encode_value, read_value
from idis.proto.wire import Reader, array, blob, i64, text, u32

STREAM_SIGNED = 0
STREAM_UNSIGNED = 0xFFFF_FFFF
STREAM_TLS = 0x544C_5300

FORMAT = 2
STATUS_REDUMP = 1
STATUS_SENDING = 2

BLOCK_BYTES_MAX = 4_194_304  # a record of 2,048 values of 2 KB; what is larger is no record anybody replicates


class StreamKind(Enum):
    """Which of the two streams: changes since a position, or everything."""

    LOG = 1
    DUMP = 2


@dataclass(frozen=True, slots=True)
class LogHeader:
    """The first block of changes; STATUS_REDUMP says that the position is too old and a dump is needed."""

    format: int = FORMAT
    status: int = STATUS_SENDING

    def encode(self) -> bytes:
        """The block's octets."""
        return u32(self.format) + u32(self.status)


@dataclass(frozen=True, slots=True)
class DumpHeader:
    """The first block of a dump."""

    format: int = FORMAT

    def encode(self) -> bytes:
        """The block's octets."""
        return u32(self.format)


@dataclass(frozen=True, slots=True)
class Transaction:
    """One change at a unix time in ms.

    `action`: 1 create, 2 delete, 3 update, 4 home, 5 unhome, 6 delete all; `values` for 1 and 3.
    """

    txn_id: int
    handle: str
    action: int
    date_ms: int
    values: tuple[Value, ...] = ()

    def encode(self) -> bytes:
        """The record's octets."""
        head = b"\x01" + i64(self.txn_id) + text(self.handle) + bytes((self.action,)) + i64(self.date_ms)
        return head + _encode_values(self.values) if self.action in _ACTIONS_WITH_VALUES else head


@dataclass(frozen=True, slots=True)
class QueueName:
    """The transactions that follow come from this source."""

    name: str

    def encode(self) -> bytes:
        """The record's octets."""
        return b"\x02" + text(self.name)


@dataclass(frozen=True, slots=True)
class QueueTimestamp:
    """The source has nothing older than this left to send; unix ms."""

    date_ms: int

    def encode(self) -> bytes:
        """The record's octets."""
        return b"\x03" + i64(self.date_ms)


@dataclass(frozen=True, slots=True)
class LogEnd:
    """Nothing more for now."""

    def encode(self) -> bytes:
        """The record's octets."""
        return b"\x00"


@dataclass(frozen=True, slots=True)
class DumpPosition:
    """Where in the log the dump stands; unix ms."""

    date_ms: int
    txn_id: int

    def encode(self) -> bytes:
        """The record's octets."""
        return b"\x00" + i64(self.date_ms) + i64(self.txn_id)


@dataclass(frozen=True, slots=True)
class DumpedHandle:
    """One record with all its values."""

    handle: str
    values: tuple[Value, ...]

    def encode(self) -> bytes:
        """The record's octets."""
        return b"\x01" + text(self.handle) + _encode_values(self.values)


@dataclass(frozen=True, slots=True)
class DumpedPrefix:
    """One homed prefix."""

    prefix: str

    def encode(self) -> bytes:
        """The record's octets."""
        return b"\x02" + text(self.prefix)


@dataclass(frozen=True, slots=True)
class LastChange:
    """When a handle, or with `is_prefix` a prefix, was last changed (unix ms), and the priority that settles equal times."""

    name: str
    date_ms: int
    priority: int
    is_prefix: bool = False

    def encode(self) -> bytes:
        """The record's octets."""
        return (b"\x04" if self.is_prefix else b"\x03") + text(self.name) + i64(self.date_ms) + u32(self.priority)


@dataclass(frozen=True, slots=True)
class DumpStatus:
    """The positions of every source as JSON."""

    state: str

    def encode(self) -> bytes:
        """The record's octets."""
        return b"\x05" + text(self.state)


@dataclass(frozen=True, slots=True)
class DumpEnd:
    """The dump is complete; a stream that ends without it has failed."""

    def encode(self) -> bytes:
        """The record's octets."""
        return b"\xff"


Record = (
    LogHeader
    | DumpHeader
    | Transaction
    | QueueName
    | QueueTimestamp
    | LogEnd
    | DumpPosition
    | DumpedHandle
    | DumpedPrefix
    | LastChange
    | DumpStatus
    | DumpEnd
)


@dataclass(frozen=True, slots=True)
class Block:
    """One record, the octets it came in, and the signature over them; empty in an unsigned stream."""

    record: Record
    octets: bytes
    signature: bytes = b""


class ReplicationStream:
    """Turns the octets of a stream into blocks as they arrive.

    `stream_type` is known once four octets are there. After STREAM_TLS nothing is read: the caller shakes hands on the same
    socket and feeds what it decrypts to a new stream.
    """

    __slots__ = ("_buffer", "_kind", "_needed", "_started", "digest_name", "finished", "stream_type")

    def __init__(self, kind: StreamKind) -> None:
        self._kind = kind
        self._buffer = bytearray()
        self._needed = 0
        self._started = False
        self.stream_type: int | None = None
        self.digest_name = ""
        self.finished = False

    def receive_data(self, data: bytes) -> list[Block]:
        """The blocks completed by `data`.

        Raises:
            ProtocolError: an unknown kind of record or stream, a limit, or a block over BLOCK_BYTES_MAX.
        """
        self._buffer += data
        blocks: list[Block] = []
        if len(self._buffer) < self._needed:
            return blocks  # a long record in small pieces is not read again for each of them
        self._needed = 0
        reader = _StreamReader(bytes(self._buffer))
        kept = 0
        try:
            self._open(reader)
            kept = reader.at
            while not self.finished and self.stream_type != STREAM_TLS and reader.remaining:
                blocks.append(self._read_block(reader))
                kept = reader.at
        except _IncompleteError as incomplete:
            self._needed = incomplete.needed - kept
            if self._needed > BLOCK_BYTES_MAX:
                raise ProtocolError(f"a block is longer than {BLOCK_BYTES_MAX}", offset=kept) from None
        del self._buffer[:kept]
        return blocks

    def _open(self, reader: _StreamReader) -> None:
        if self.stream_type is not None:
            return
        at = reader.at
        stream_type = reader.u32()
        if stream_type not in (STREAM_SIGNED, STREAM_UNSIGNED, STREAM_TLS):
            raise ProtocolError(f"stream type {stream_type:#x} is unknown", offset=at)
        self.digest_name = reader.text() if stream_type == STREAM_SIGNED else ""
        self.stream_type = stream_type

    def _read_block(self, reader: _StreamReader) -> Block:
        start = reader.at
        record = self._read_record(reader) if self._started else self._read_header(reader)
        octets = reader.buffer[start : reader.at]
        signature = reader.blob() if self.stream_type == STREAM_SIGNED else b""
        self._started = True
        self.finished = isinstance(record, LogEnd | DumpEnd) or (isinstance(record, LogHeader) and record.status == STATUS_REDUMP)
        return Block(record, octets, signature)

    def _read_header(self, reader: _StreamReader) -> Record:
        return LogHeader(reader.u32(), reader.u32()) if self._kind is StreamKind.LOG else DumpHeader(reader.u32())

    def _read_record(self, reader: _StreamReader) -> Record:
        at = reader.at
        read = (_LOG_READERS if self._kind is StreamKind.LOG else _DUMP_READERS).get(reader.u8())
        if read is None:
            raise ProtocolError("a replication record is of an unknown kind", offset=at)
        return read(reader)


def encode_opening(digest_name: str | None) -> bytes:
    """The first octets of a stream: signed under that digest, or unsigned when it is None."""
    return u32(STREAM_UNSIGNED) if digest_name is None else u32(STREAM_SIGNED) + text(digest_name)


class _IncompleteError(Exception):
    """At least `needed` octets of the buffer must be there before the record can be read."""

    def __init__(self, needed: int) -> None:
        super().__init__()
        self.needed = needed


class _StreamReader(Reader):
    """A reader that waits for octets instead of refusing their absence; limits are still refused at once."""

    __slots__ = ()

    def take(self, count: int) -> bytes:
        if count > self.remaining:
            raise _IncompleteError(self.at + count)
        return super().take(count)

    def u8(self) -> int:
        if not self.remaining:
            raise _IncompleteError(self.at + 1)
        return super().u8()

    def count(self, item_bytes_min: int, items_max: int | None = None) -> int:
        at = self.at
        count = self.u32()
        if items_max is not None and count > items_max:
            raise ProtocolError(f"{count} items announced, at most {items_max} are allowed", offset=at)
        if count * item_bytes_min > self.remaining:
            raise _IncompleteError(self.at + count * item_bytes_min)
        return count

    def _integer(self, layout: struct.Struct, width: int) -> int:
        if width > self.remaining:
            raise _IncompleteError(self.at + width)
        return super()._integer(layout, width)


_ACTIONS_WITH_VALUES = (1, 3)
_WRAPPED_VALUE_BYTES_MIN = 30  # a value of 26 octets and the length in front of it


def _encode_values(values: tuple[Value, ...]) -> bytes:
    return array(blob(encode_value(value)) for value in values)


def _read_values(reader: Reader) -> tuple[Value, ...]:
    return reader.array(lambda: _read_wrapped(reader), _WRAPPED_VALUE_BYTES_MIN, VALUES_PER_RECORD_MAX)


def _read_wrapped(reader: Reader) -> Value:
    inner = Reader(reader.blob())
    value = read_value(inner)
    if inner.remaining:
        raise ProtocolError(f"{inner.remaining} octets after a replicated value", offset=reader.at - inner.remaining)
    return value


def _read_transaction(reader: Reader) -> Transaction:
    txn_id, handle, action, date_ms = reader.i64(), reader.text(), reader.u8(), reader.i64()
    return Transaction(txn_id, handle, action, date_ms, _read_values(reader) if action in _ACTIONS_WITH_VALUES else ())


_LOG_READERS: dict[int, Callable[[Reader], Record]] = {
    0: lambda reader: LogEnd(),
    1: _read_transaction,
    2: lambda reader: QueueName(reader.text()),
    3: lambda reader: QueueTimestamp(reader.i64()),
}

_DUMP_READERS: dict[int, Callable[[Reader], Record]] = {
    0: lambda reader: DumpPosition(reader.i64(), reader.i64()),
    1: lambda reader: DumpedHandle(reader.text(), _read_values(reader)),
    2: lambda reader: DumpedPrefix(reader.text()),
    3: lambda reader: LastChange(reader.text(), reader.i64(), reader.u32()),
    4: lambda reader: LastChange(reader.text(), reader.i64(), reader.u32(), is_prefix=True),
    5: lambda reader: DumpStatus(reader.text()),
    0xFF: lambda reader: DumpEnd(),
}
