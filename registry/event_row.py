"""An event as the store keeps it: what it is found by, and its octets (`storage.md` §3).

The store knows of an event its id, its time and what tells its content from another's; `registry/trace/capture.py` owns the
form of the body. Events are never changed and never removed: an error declaration is a second event of the same id.
"""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

EVENT_BYTES_MAX = 8_388_608  # of one body: an event of a million characters of any script, with its context
EVENT_ID_BYTES_MAX = 2_048  # a URI
CONTENT_BYTES = 32  # of the digest of what an event says
IDS_KEPT_MAX = 64  # an event is looked for, its declaration too, and then it is put
PLACE_BYTES = 24  # when it was recorded, and where in the journal

_BIAS = 2**63  # times before 1970 sort before those after it


class EventRow(NamedTuple):
    """One event.

    Attributes:
        event_id: its id.
        time_ms: when it happened, unix time in milliseconds.
        content: digest of what it says.
        declares_error: it says that the event of this id was wrong.
        body: the rest.
        place: where it lies, in the order of recording; empty before it is stored. `recorded_ms` is its beginning.
    """

    event_id: str
    time_ms: int
    content: bytes
    declares_error: bool
    body: bytes
    place: bytes = b""

    @property
    def recorded_ms(self) -> int:
        """When it was recorded, unix time in milliseconds. In the order of places it never falls."""
        return int.from_bytes(self.place[:8], "big")

    @property
    def time_key(self) -> bytes:
        """Where it lies in the order of what happened."""
        return time_head(self.time_ms) + self.place


class EventKnown(NamedTuple):
    """An event of this id is there already; `same`: it says the same."""

    row: EventRow
    same: bool


class EventOrder(Enum):
    """The two orders in which events lie."""

    RECORDED = "recorded"  # keys are places
    HAPPENED = "happened"  # keys are times, then places


def time_head(time_ms: int) -> bytes:
    """What the keys of events of a moment begin with, in the order of what happened."""
    return (time_ms + _BIAS).to_bytes(8, "big")


def recorded_head(time_ms: int) -> bytes:
    """Likewise, in the order of recording."""
    return max(time_ms, 0).to_bytes(8, "big")


def id_key(event_id: str, declares_error: bool) -> bytes:
    """The key by which an event is found by its id."""
    return _id_digest(event_id) + (b"\x01" if declares_error else b"\x00")


@lru_cache(IDS_KEPT_MAX)
def _id_digest(event_id: str) -> bytes:
    return blake2b(event_id.encode(), digest_size=16).digest()
