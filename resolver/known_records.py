"""Records that were read and found undamaged, or answers made of them, kept for as long as they stay as they are.

Without a compiler the store is asked for every answer: finding a record and comparing its digest costs as much as all
else. Memory that holds what was compared needs neither. What a commit changed is forgotten before the next question is
answered: the journal says what that is. Where nobody says it, everything is forgotten.

No question waits for what is kept. It lies in many small tables, because a table that grows is copied, which takes tens of
milliseconds for a million entries. When one is full, a record is kept only if it was asked for before, in the place of those
that came first: who asks for everything once moves nothing. What is forgotten all at once is freed a little with each batch.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

from idis.registry.journal import EntryKind, Position, SnapshotNeeded
from idis.registry.store.base import ReadTxn, StoreError

KNOWN_BYTES_MIN = 16 * 2**20  # 40,000 records of 250 octets, a quarter of what an idle node takes
KNOWN_BYTES_MAX = 2**30  # 2 million of them; whoever asks for more names wants the compiled step
MEMORY_SHARE = 32  # of the machine's memory, one part in so many, for all processes that answer
ANSWERS_BYTES_MAX = 64 * 2**20  # of whole answers, which a commit empties: 200,000 of DNS

TABLES = 256  # a million entries are 4,000 each, whose copy takes 0.1 ms
TABLE_MASK = TABLES - 1
ENTRY_BYTES = 150  # what Python needs for one beside its octets: two objects and a place in a table
EVICTED = 16  # entries that go when a table is full
FREED_PER_BATCH = 256  # four times what a batch can add: what waits to be freed shrinks
CHANGES_PER_BATCH = 64  # entries of the journal looked at, 0.01 ms; 0.3 ms of those that another process wrote
COMMITS_BEHIND_MAX = 4_096  # a second of catching up at full load; beyond it is cheaper to start over

_TAG_SHIFT = 40  # bits of a hash that tell two keys of one place apart
_NOTHING: Sequence[Mapping[bytes, bytes]] = ({},) * TABLES
_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


class KnownRecords:
    """A bounded number of octets under their keys.

    Args:
        octets_max: bound of what is kept, roughly; 0 keeps nothing.

    Attributes:
        tables: key → octets, each key in the table of its hash: `tables[hash(key) & TABLE_MASK]`; to be read directly.
    """

    def __init__(self, octets_max: int) -> None:
        self.tables: list[dict[bytes, bytes]] = [{} for _ in range(TABLES)]
        self._table_octets = octets_max // TABLES
        self._room = [self._table_octets] * TABLES
        # Which keys were asked for while there was no room: one octet of each, overwritten by the next that falls there.
        self._asked_mask = (1 << (octets_max // ENTRY_BYTES).bit_length()) - 1
        self._asked = bytearray(self._asked_mask + 1)
        self._forgotten: list[dict[bytes, bytes]] = []

    def get(self, key: bytes) -> bytes | None:
        """What is kept under a key."""
        return self.tables[hash(key) & TABLE_MASK].get(key)

    def add(self, key: bytes, octets: bytes) -> None:
        """Keep what is not known yet, if there is room or it was asked for before."""
        place = hash(key)
        number = place & TABLE_MASK
        room = self._room[number] - len(key) - len(octets) - ENTRY_BYTES
        if room < 0:
            at, tag = (place >> 8) & self._asked_mask, (place >> _TAG_SHIFT) & 0xFF
            if self._asked[at] != tag:
                self._asked[at] = tag
                return
            room += self._evict(self.tables[number])
            if room < 0:  # larger than those were; there will be room for it when it is asked for again
                self._room[number] = room + len(key) + len(octets) + ENTRY_BYTES
                return
        self.tables[number][key] = octets
        self._room[number] = room

    def discard(self, key: bytes) -> None:
        """It has changed: forget it."""
        number = hash(key) & TABLE_MASK
        octets = self.tables[number].pop(key, None)
        if octets is not None:
            self._room[number] += len(key) + len(octets) + ENTRY_BYTES

    def forget(self) -> None:
        """Everything has changed: keep nothing."""
        self._forgotten += filter(None, self.tables)
        self.tables[:] = [{} for _ in range(TABLES)]
        self._room = [self._table_octets] * TABLES

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

    def _evict(self, table: dict[bytes, bytes]) -> int:
        """Forget what came first; how many octets that were."""
        octets = 0
        for key in list(islice(table, EVICTED)):
            octets += len(key) + len(table.pop(key)) + ENTRY_BYTES
        return octets


class FollowedRecords(KnownRecords):
    """Public values of records under their record keys, which the journal keeps true.

    Attributes:
        current: the tables that hold for the snapshot of `follow`: `tables`, or nothing while changes are still unread.
        marks: what stands in front of a record's key where something made of it is kept, which goes when the record changes;
            no key of a record begins so.
    """

    def __init__(self, octets_max: int) -> None:
        super().__init__(octets_max)
        self.current: Sequence[Mapping[bytes, bytes]] = self.tables if octets_max else _NOTHING
        self.marks: Sequence[bytes] = ()
        self._keeps = octets_max > 0
        self._position: Position | None = None

    @property
    def is_behind(self) -> bool:
        """Whether there are changes that `follow` has not looked at."""
        return self._keeps and self.current is not self.tables

    def follow(self, txn: ReadTxn) -> None:
        """Forget what was changed up to a snapshot, which is no older than the last one."""
        if not self._keeps:
            return
        try:
            self._position = self._caught_up(txn, txn.position)
        except StoreError:  # a damaged entry does not say what it changed
            self.forget()
            self._position = txn.position
        self.current = self.tables if self._position == txn.position else _NOTHING

    def _caught_up(self, txn: ReadTxn, last: Position) -> Position:
        at = self._position
        if at is None or last.hi - at.hi > COMMITS_BEHIND_MAX:
            self.forget()
            return last
        entries = txn.journal(at, CHANGES_PER_BATCH)
        if isinstance(entries, SnapshotNeeded):
            self.forget()
            return last
        for entry in entries:
            match entry.kind:
                case EntryKind.PUT | EntryKind.DELETE:
                    self.discard(entry.key)
                    for mark in self.marks:
                        self.discard(mark + entry.key)
                case EntryKind.BULK | EntryKind.EPOCH:
                    self.forget()
        return entries[-1].position if entries else last


def known_bytes(processes: int) -> int:
    """Memory for known records of one of so many processes that answer, in octets."""
    share = _memory_bytes() // MEMORY_SHARE // processes
    return min(max(share, KNOWN_BYTES_MIN), KNOWN_BYTES_MAX)


def _memory_bytes() -> int:
    """The memory of this machine, or what the container it runs in may take of it."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        return min(machine, int(_CGROUP_LIMIT.read_text()))
    except (OSError, ValueError):  # no such limit
        return machine
