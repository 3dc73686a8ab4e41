"""The journal follower of a node: sees every change, its own and those of other processes on the same directory.

After a commit, and not more often than once per interval, it compares the store's last position with its own; only when that
moved does it read the journal. It never polls tables. Readers hang on as hooks: metrics count, the recursion cache forgets.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from idis.proto.any_name import ANY_PREFIX
from idis.proto.status import statuses_of
from idis.proto.types.prefix_status import STATUS_TYPE
from idis.proto.value import decode_values
from idis.registry.document import DocumentKind
from idis.registry.journal import Entry, EntryKind, Position, SnapshotNeeded
from idis.registry.prefix import PrefixEntry, PrefixState
from idis.registry.registration.checks import entries as prefix_entries
from idis.registry.store.base import ReadTxn, Store, StoreError
from idis.registry.store.codec import decode_record
from idis.resolver.commits import Commits
from idis.resolver.log import note
from idis.resolver.metrics import Metrics

INTERVAL_S = 0.2  # how long a change may wait, behind another one, until caches and metrics know; answers know it at once
ENTRIES_MAX = 32  # between two looks at the sockets, 0.15 ms; 256 made the p99 of reads fivefold during 5,000 writes/s
PREFIX_SERIES_MAX = 1_000  # prefixes counted one by one; a metric with more series helps nobody

_ABOUT_A_PREFIX = frozenset((EntryKind.PUT, EntryKind.DELETE, EntryKind.BULK, EntryKind.PREFIX))

_STATUS = STATUS_TYPE.encode()
_FOREIGN_ROUTE = bytes((DocumentKind.FOREIGN_ROUTE,))

OnEntries = Callable[[Sequence[Entry]], None]


class Follower:
    """Reads the journal from its own position on."""

    def __init__(self, store: Store, metrics: Metrics, on_entries: OnEntries) -> None:
        self._store = store
        self._metrics = metrics
        self._on_entries = on_entries
        with store.read() as txn:
            self._take(txn.position)
            self._count_all(txn)
        self.failure = ""  # why the journal could not be read at the last look

    def look(self) -> bool:
        """Take in what is new, at most ENTRIES_MAX entries; True when there is more."""
        with self._store.read() as txn:
            if txn.position == self.position:
                return False
            batch = txn.journal(self.position, ENTRIES_MAX)
            if isinstance(batch, SnapshotNeeded):
                # Trimmed away while this node slept: whoever hangs on starts over, which an empty list says.
                note(logging.WARNING, "journal trimmed", position=str(self.position))
                self._take(batch.position)
                self._count_all(txn)
                batch = []
            elif batch:
                self._take(batch[-1].position)
                heads = {entry.key.partition(b"\x00")[0] for entry in batch if entry.kind in _ABOUT_A_PREFIX}
                self._count(txn, map(bytes.decode, heads))
            more = txn.position != self.position and bool(batch)
        for kind, count in Counter([entry.kind for entry in batch]).items():
            self._metrics.entries[kind.name.lower()] += count
        self._on_entries(batch)
        return more

    async def run(self, commits: Commits) -> None:
        """Look for ever; ends by cancellation."""
        while True:
            known = self._store.last_transaction
            try:
                more = self.look()
                self.failure = ""
            except StoreError as error:
                more = False
                if not self.failure:
                    note(logging.ERROR, "journal unreadable", error=str(error))
                self.failure = str(error)
            await asyncio.sleep(0 if more else INTERVAL_S)
            if not more and not self.failure:
                await commits.beyond(known)

    def _take(self, position: Position) -> None:
        self.position = position
        self._metrics.position = (position.epoch, position.hi, position.lo)

    def _count_all(self, txn: ReadTxn) -> None:
        """Start over with the prefixes registered here."""
        records, statuses = self._metrics.records, self._metrics.statuses
        records.clear()
        statuses.clear()
        for entry in prefix_entries(txn):
            self._count_one(txn, entry.prefix, entry)
            if len(records) == PREFIX_SERIES_MAX:
                break

    def _count(self, txn: ReadTxn, prefixes: Iterable[str]) -> None:
        """Take over what some prefixes have come to."""
        for prefix in prefixes:
            self._count_one(txn, prefix, txn.prefix(prefix))

    def _count_one(self, txn: ReadTxn, prefix: str, entry: PrefixEntry | None) -> None:
        records = self._metrics.records
        if entry is None or not entry.answers_here:
            records.pop(prefix, None)
        elif prefix in records or len(records) < PREFIX_SERIES_MAX:
            records[prefix] = txn.stat(prefix).records
        statuses = self._metrics.statuses
        until = 0 if entry is None or entry.state is PrefixState.REVOKED else status_end(entry)
        if not until:
            statuses.pop(prefix, None)
        elif prefix in statuses or len(statuses) < PREFIX_SERIES_MAX:
            statuses[prefix] = until


def status_end(entry: PrefixEntry) -> int:
    """When the last of the statuses in the record of a prefix ends, in unix seconds; 0 without any."""
    if _STATUS not in entry.values:
        return 0
    return max((status.valid_until for status in statuses_of(decode_values(entry.values))), default=0)


def outdated(entries: Iterable[Entry]) -> set[str]:
    """The folded prefixes below which answers of other nodes may be wrong after these changes: a prefix is registered otherwise,
    or a name of another scheme leads elsewhere, by a route or by a record that has it."""
    found = set()
    for entry in entries:
        if entry.kind in (EntryKind.PREFIX, EntryKind.ROUTE):
            found.add(prefix_of(entry))
        elif entry.kind is EntryKind.DOCUMENT:
            if entry.key[:1] == _FOREIGN_ROUTE:
                found.add(ANY_PREFIX)
        elif entry.kind is EntryKind.BULK or (entry.kind is EntryKind.PUT and decode_record(entry.key, entry.body).aliases):
            found.add(ANY_PREFIX)
    return found


def prefix_of(entry: Entry) -> str:
    """The folded prefix an entry is about; of a ROUTE, the parent of the prefixes in its range."""
    return entry.key.partition(b"\x00")[0].decode()
