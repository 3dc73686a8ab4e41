"""Which addresses have proven themselves, told between the processes of one node.

The kernel spreads the connections and datagrams of one address over all workers, so the one that saw the TCP exchange is
seldom the one that gets the datagrams. Each process writes its proofs into a ring of its own in memory that all of them
map, and one shared word says that something is new. Nobody waits for anybody: a ring has one writer, and a reader that
was away too long misses some proofs, after which those sources have to prove themselves again.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Sequence

ENTRIES = 4_096  # of one ring: what a process can prove between two looks of another one
RING_BYTES = 64 + ENTRIES * 24
NEWS_BYTES = 8

# A reader that is nearly a whole ring behind stays this far away from where the writer may be writing.
_MARGIN = 64
_ENTRY = struct.Struct("<16sd")  # IPv6 or IPv4-mapped address; monotonic seconds until which it is believed
_ENTRIES_AT = 64
_MAPPED = bytes(10) + b"\xff\xff"


class Proofs:
    """What one process tells the others and hears of them.

    Args:
        rings: memory of RING_BYTES for each process of the node, the same in all of them.
        own: which of them is this process's.
        news: NEWS_BYTES of memory, aligned, the same for all of them.
    """

    def __init__(self, rings: Sequence[memoryview], own: int, news: memoryview) -> None:
        self._rings = rings
        self._counts = [ring[:8].cast("Q") for ring in rings]
        self._own = own
        self._news = news.cast("Q")
        self._seen_news = 0
        self._seen = [0] * len(rings)

    def tell(self, address: str, until: float) -> None:
        """This address has proven itself until a monotonic time; one with a zone is known to no other process."""
        if "%" in address:
            return
        count = self._counts[self._own][0]
        _ENTRY.pack_into(self._rings[self._own], _ENTRIES_AT + count % ENTRIES * _ENTRY.size, _packed(address), until)
        self._counts[self._own][0] = count + 1
        # Differs from whatever any process wrote there before; last, so that who sees it finds the entry.
        self._news[0] = (count + 1) * len(self._rings) + self._own

    def heard(self) -> list[tuple[str, float]]:
        """What was told since the last call, also by this process and by those that had its ring before: (address, until)."""
        news = self._news[0]
        if news == self._seen_news:
            return []
        self._seen_news = news
        found: list[tuple[str, float]] = []
        for number, ring in enumerate(self._rings):
            count = self._counts[number][0]
            first = max(self._seen[number], count - ENTRIES + _MARGIN)
            self._seen[number] = count
            found.extend(_entry(ring, at) for at in range(first, count))
        return found


def _entry(ring: memoryview, number: int) -> tuple[str, float]:
    packed, until = _ENTRY.unpack_from(ring, _ENTRIES_AT + number % ENTRIES * _ENTRY.size)
    return _text(packed), until


def _packed(address: str) -> bytes:
    if ":" in address:
        return socket.inet_pton(socket.AF_INET6, address)
    return _MAPPED + socket.inet_pton(socket.AF_INET, address)


def _text(packed: bytes) -> str:
    """As the kernel's addresses are spelled."""
    if packed.startswith(_MAPPED):
        return socket.inet_ntop(socket.AF_INET, packed[len(_MAPPED) :])
    return socket.inet_ntop(socket.AF_INET6, packed)
