"""The journal: every change once, in order, with the body a follower needs (`storage.md` §6)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

_POSITION = struct.Struct(">IQQ")
POSITION_BYTES = _POSITION.size


class Position(NamedTuple):
    """A place in the journal, ordered, opaque to followers: (epoch, transaction, index inside it). A tuple, as there are many."""

    epoch: int
    hi: int
    lo: int

    def encode(self) -> bytes:
        """Twenty octets that sort as the positions do."""
        return _POSITION.pack(*self)

    @classmethod
    def decode(cls, octets: bytes, at: int = 0) -> Position:
        """The reverse of `encode`."""
        return cls(*_POSITION.unpack_from(octets, at))


BEGINNING = Position(0, 0, 0)


class EntryKind(IntEnum):
    """What an entry reports."""

    PUT = 1  # body: the stored record
    DELETE = 2  # body: the tombstone
    PREFIX = 3  # body: the prefix entry
    ROUTE = 4  # body: the route; empty when it was removed
    BULK = 5  # body: a BulkSegment; its records are to be fetched by range
    EPOCH = 6
    DOCUMENT = 7  # key: kind and key of the document; body: the document, empty when it was removed
    AUDIT = 8  # key: that of the line; body: the line
    EVENT = 9  # key: the place of the event; body: empty, for an event never changes and is read where it lies


class Entry(NamedTuple):
    """One change; a tuple, because every follower reads all of them.

    `version` is the version after it; `time_ms` is unix time in milliseconds; `actor` who did it.
    """

    position: Position
    kind: EntryKind
    key: bytes
    version: int
    body: bytes
    actor: str
    time_ms: int


@dataclass(frozen=True, slots=True)
class SnapshotNeeded:
    """The position asked for has been trimmed or is of another epoch: take a snapshot, then follow from `position`."""

    position: Position
