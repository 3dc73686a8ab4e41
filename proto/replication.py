"""Replication between Handle servers: the requests of ops 1001 and 1002 (`wire.md` §13); `replication_stream.py` has the rest.

Our own nodes follow each other's journal; these operations exist so that servers of other make can mirror us and we them.
"""

from __future__ import annotations

from dataclasses import dataclass

from idis.proto.errors import ProtocolError
from idis.proto.message import Version
from idis.proto.wire import Reader, blob, i64, text, u32

ALL_SOURCES = 1
ONE_SOURCE = 0


@dataclass(frozen=True, slots=True)
class Share:
    """Which part of the records the receiver wants: those whose hash picks server `number` of `servers` (`site_hash`)."""

    hash_type: int
    servers: int
    number: int

    def encode(self) -> bytes:
        """The share's octets."""
        return bytes((self.hash_type,)) + u32(self.servers) + u32(self.number)


@dataclass(frozen=True, slots=True)
class LogRequest:
    """RETRIEVE_TXN_LOG: the changes since a position.

    `state` is the JSON of positions in every source, or None for one source at `last_txn_id` and `last_query_ms` (unix
    time). Before 2.9 there was only one source and no octet to say so: then `versioned` is False.
    """

    share: Share
    state: str | None = None
    last_txn_id: int = 0
    last_query_ms: int = 0
    versioned: bool = True
    trailing: bytes = b""

    def encode(self) -> bytes:
        """The body's octets."""
        if self.state is not None:
            position = bytes((ALL_SOURCES,)) + text(self.state)
        else:
            position = bytes((ONE_SOURCE,)) if self.versioned else b""
            position += i64(self.last_txn_id) + i64(self.last_query_ms)
        return position + self.share.encode() + self.trailing


@dataclass(frozen=True, slots=True)
class DumpRequest:
    """DUMP_HANDLES: everything, or everything behind a starting point of a type (0–3); `starting_point` None means all."""

    share: Share
    starting_point: bytes | None = None
    starting_type: int = 0
    trailing: bytes = b""

    def encode(self) -> bytes:
        """The body's octets."""
        start = b"" if self.starting_point is None else blob(self.starting_point) + u32(self.starting_type)
        return self.share.encode() + start + self.trailing


def read_log_request(reader: Reader, version: Version) -> LogRequest:
    """Decode the body of RETRIEVE_TXN_LOG as that version writes it."""
    at = reader.at
    versioned = version >= (2, 9)
    kind = reader.u8() if versioned else ONE_SOURCE
    if kind == ALL_SOURCES:
        state = reader.text()
        return LogRequest(_read_share(reader), state, trailing=reader.take(reader.remaining))
    if kind != ONE_SOURCE:
        raise ProtocolError(f"replication state of kind {kind} is unknown", offset=at)
    last_txn_id, last_query_ms = reader.i64(), reader.i64()
    share = _read_share(reader)
    return LogRequest(share, None, last_txn_id, last_query_ms, versioned, reader.take(reader.remaining))


def read_dump_request(reader: Reader) -> DumpRequest:
    """Decode the body of DUMP_HANDLES."""
    share = _read_share(reader)
    if reader.remaining < 8:
        return DumpRequest(share, trailing=reader.take(reader.remaining))
    return DumpRequest(share, reader.blob(), reader.u32(), reader.take(reader.remaining))


def _read_share(reader: Reader) -> Share:
    return Share(reader.u8(), reader.u32(), reader.u32())
