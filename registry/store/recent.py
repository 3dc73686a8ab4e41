"""The journal entries that this process committed last, kept as they were written.

Several followers of a node read every entry: the answer index, the counters, what is told to subscribers. Reading one back
costs its digest, its fields and an object, as much as a third of writing it; here all of them get the very entry that was
written, once it is durable. What other processes wrote, and what is older, is read from the journal.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from idis.registry.journal import Entry, Position

COMMITS_MAX = 256  # a follower that looks five times a second misses none, however fast a disk flushes lonely changes
ENTRIES_MAX = 16_384  # a second of all the changes that one process can write
OCTETS_MAX = 8 * 2**20  # of their bodies


class RecentEntries:
    """Filled by the writer's thread, read by any."""

    __slots__ = ("_commits", "_count", "_octets", "_sizes")

    def __init__(self) -> None:
        # Without gaps: each commit's `hi` is one above that of the one before. Replaced as a whole, so that no reader waits.
        self._commits: tuple[tuple[Entry, ...], ...] = ()
        self._sizes: deque[int] = deque()  # octets of the bodies of each
        self._count = self._octets = 0

    def add(self, entries: Sequence[Entry]) -> None:
        """Keep all entries of one commit that has been flushed."""
        if not entries:
            return
        first, commits = entries[0].position, self._commits
        if commits and commits[-1][0].position[:2] != (first.epoch, first.hi - 1):  # another process wrote in between
            commits = ()
            self._sizes.clear()
            self._count = self._octets = 0
        size = sum([len(entry.body) for entry in entries])
        self._sizes.append(size)
        self._count += len(entries)
        self._octets += size
        commits = (*commits, tuple(entries))
        drop = 0
        while len(self._sizes) > COMMITS_MAX or self._count > ENTRIES_MAX or self._octets > OCTETS_MAX:
            self._count -= len(commits[drop])
            self._octets -= self._sizes.popleft()
            drop += 1
        self._commits = commits[drop:]

    def after(self, position: Position, last: Position, limit: int) -> list[Entry] | None:
        """Entries strictly after a position and not beyond another; None when they have to be read from the journal."""
        commits = self._commits
        if not commits:
            return None
        epoch, hi, _ = commits[0][0].position
        at = position.hi - hi
        if position.epoch != epoch or last.epoch != epoch or not 0 <= at < len(commits) or position.hi > last.hi:
            return None
        # Within a commit, entries are numbered from 0.
        found = list(commits[at][position.lo + 1 : position.lo + 1 + limit])
        while len(found) < limit and at < last.hi - hi:
            at += 1
            if at == len(commits):
                return None  # written by another process, or not flushed yet
            found += commits[at][: limit - len(found)]
        return found
