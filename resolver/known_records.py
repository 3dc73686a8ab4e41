"""Records that were read and found undamaged, kept for as long as the store stays as it is.

Without a compiler the store is asked for every answer: finding the record and comparing its digest is a quarter of the
work. Memory that holds what was compared needs neither. Any commit forgets everything, so nothing old is ever answered;
under steady writes it holds nothing and costs next to nothing. Freeing 100,000 records at once would take milliseconds, so
what is forgotten is freed a little with each batch.
"""

from __future__ import annotations

KNOWN_BYTES_MAX = 64 * 2**20  # 100,000 records of 250 octets
RECORD_BYTES = 300  # what Python needs for one beside its octets
FREED_PER_BATCH = 256  # four times what a batch can add: what waits to be freed shrinks

Public = tuple[int, bytes]  # flags and public values, as `ReadTxn.public` has them


class KnownRecords:
    """A bounded part of one snapshot.

    Args:
        octets_max: bound of what is kept, roughly; 0 keeps nothing.

    Attributes:
        found: record key → the record; to be read directly.
    """

    def __init__(self, octets_max: int) -> None:
        self.found: dict[bytes, Public] = {}
        self._octets_max = octets_max
        self._octets = 0
        self._forgotten: list[dict[bytes, Public]] = []

    def add(self, key: bytes, record: Public) -> None:
        """Keep a record that is not known; when there is no room, what was kept before goes."""
        size = len(key) + len(record[1]) + RECORD_BYTES
        if size + self._octets > self._octets_max:
            self.forget()
            if size > self._octets_max:
                return
        self.found[key] = record
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
