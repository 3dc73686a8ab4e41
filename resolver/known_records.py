"""Records that were read and found undamaged, or answers made of them, kept for as long as the store stays as it is.

Without a compiler the store is asked for every answer: finding the record and comparing its digest is a quarter of the
work. Memory that holds what was compared needs neither, and what holds a whole answer needs no work at all. Any commit
forgets everything, so nothing old is ever answered; under steady writes it holds nothing and costs next to nothing. Freeing
100,000 records at once would take ten milliseconds, so what is forgotten is freed a little with each batch.
"""

from __future__ import annotations

from typing import Generic, TypeVar

KNOWN_BYTES_MAX = 64 * 2**20  # 100,000 records of 250 octets
RECORD_BYTES = 300  # what Python needs for one beside its octets
FREED_PER_BATCH = 256  # four times what a batch can add: what waits to be freed shrinks

Known = TypeVar("Known")


class KnownRecords(Generic[Known]):
    """A bounded part of one snapshot.

    Args:
        octets_max: bound of what is kept, roughly; 0 keeps nothing.

    Attributes:
        found: key → what is known; to be read directly.
    """

    def __init__(self, octets_max: int) -> None:
        self.found: dict[bytes, Known] = {}
        self._octets_max = octets_max
        self._octets = 0
        self._forgotten: list[dict[bytes, Known]] = []

    def add(self, key: bytes, known: Known, octets: int) -> None:
        """Keep what is not known yet, of so many octets; when there is no room, what was kept before goes."""
        size = len(key) + octets + RECORD_BYTES
        if size + self._octets > self._octets_max:
            self.forget()
            if size > self._octets_max:
                return
        self.found[key] = known
        self._octets += size

    def forget(self) -> None:
        """The store has changed: keep nothing."""
        if self.found:
            self._forgotten.append(self.found)
            self.found = {}
            self._octets = 0

    def free(self) -> None:
        """Free a part of what was forgotten; called once a batch."""
        left = FREED_PER_BATCH
        while left and self._forgotten:
            oldest = self._forgotten[-1]
            step = min(left, len(oldest))
            for _ in range(step):
                oldest.popitem()
            left -= step
            if not oldest:
                self._forgotten.pop()
