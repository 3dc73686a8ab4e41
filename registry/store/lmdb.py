"""The store on LMDB: one data directory, many readers, one writing thread in each process (`storage.md` §2).

Open it after a fork, never before; within a process a directory is open once. The node opens it exclusively, command-line
tools beside it: LMDB's own mutex keeps their commits apart.
"""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import TypeVar, cast

from idis.registry.journal import Entry, EntryKind, Position
from idis.registry.record import PreparedRecord
from idis.registry.store import codec, keys, rules
from idis.registry.store.base import Committed, OutcomeKey, StoreBusy, StoreError, WriteTxn
from idis.registry.store.directory import NodeLock, current_generation, make_directory, make_generation
from idis.registry.store.ear import Ear
from idis.registry.store.environment import DATA_FILE, ENGINE, Environment
from idis.registry.store.lmdb_read import LmdbReadTxn, PrefixCache
from idis.registry.store.lmdb_write import LmdbWriteTxn
from idis.registry.store.segments import segments
from idis.registry.store.trimming import Bounds
from idis.registry.store.writer import Settings, Writer

T = TypeVar("T")

MAP_BYTES_START = 64 * 2**30  # address space, not disk; a host that limits it starts lower
SEGMENTS_WAITING_MAX = 2  # one being flushed, one being applied: a load does not crowd out other writers
BUSY_PAUSE_S = 0.01

DEFAULTS = Settings()


class LmdbStore:
    """An open data directory; see `base.Store` for every verb. Made by `create` and `open`."""

    def __init__(
        self, environment: Environment, lock: NodeLock | None, settings: Settings, clock: Callable[[], float]
    ) -> None:
        self.environment = environment
        self._lock = lock
        self._clock = clock
        self._cache: PrefixCache = {}
        self.writer = Writer(environment, self._cache, settings, clock)

    @classmethod
    def create(
        cls,
        directory: Path,
        *,
        map_bytes: int = MAP_BYTES_START,
        exclusive: bool = True,
        node: str | None = None,
        settings: Settings = DEFAULTS,
        clock: Callable[[], float] = time.time,
    ) -> LmdbStore:
        """Make a store in a folder that holds none, and open it.

        Args:
            directory: made when missing.
            map_bytes: size of the map to start with.
            exclusive: see `open`.
            node: name of the node it belongs to; a random one by default.
            settings: limits of the writer.
            clock: unix time in seconds.

        Raises:
            StoreError: the folder cannot be used; the text says why and what to do.
        """
        make_directory(directory)
        lock = NodeLock(directory)
        try:
            meta = codec.Meta(ENGINE, node or uuid.uuid4().hex, rules.FIRST_EPOCH, int(clock() * 1000), 0)
            make_generation(directory, partial(_build, meta, map_bytes))
        finally:
            lock.release()
        return cls.open(directory, exclusive=exclusive, map_bytes=map_bytes, settings=settings, clock=clock)

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        exclusive: bool,
        map_bytes: int = 0,
        settings: Settings = DEFAULTS,
        clock: Callable[[], float] = time.time,
    ) -> LmdbStore:
        """Open a data directory.

        Args:
            directory: as it was created.
            exclusive: true for the node, which is the only one to serve from it; false for tools beside it.
            map_bytes: least size of the map; the store remembers the one it has.
            settings: limits of the writer.
            clock: unix time in seconds.

        Raises:
            StoreError: it is missing, no store, of another format, not permitted, or served by another node.
        """
        generation = current_generation(directory)
        lock = NodeLock(directory) if exclusive else None
        try:
            environment = Environment(generation, map_bytes=map_bytes)
            try:
                _check_meta(environment, generation)
                environment.check_readers()
            except BaseException:
                environment.close()
                raise
        except BaseException:
            if lock is not None:
                lock.release()
            raise
        return cls(environment, lock, settings, clock)

    @property
    def identity(self) -> bytes:
        """What tells this store from any other that may stand in its place later; for what is derived from it."""
        folder = self.environment.folder
        facts = (folder / DATA_FILE).stat()
        return f"{folder.name}/{facts.st_dev}/{facts.st_ino}".encode()

    @property
    def poisoned(self) -> bool:
        """Whether a flush failed: no further write is accepted, and the node should end."""
        return self.writer.poisoned

    @property
    def last_transaction(self) -> int:
        """The number of the last commit of any process on this directory."""
        return self.environment.last_transaction

    def ear(self) -> Ear | None:
        """Hears each commit of any process on this directory; for the caller to close. None where the kernel gives none."""
        try:
            return Ear(self.environment.folder / DATA_FILE)
        except OSError:
            return None

    def read(self) -> LmdbReadTxn:
        """A snapshot for the length of a `with` block: short, in one thread, never across an await."""
        return LmdbReadTxn(self.environment, self._cache, self._clock)

    def write(
        self, change: Callable[[WriteTxn], T], *, actor: str, outcome: OutcomeKey | None = None
    ) -> Future[Committed[T]]:
        """Queue a change; the future is resolved after the flush. See `Writer.submit` for what it raises."""
        rules.check_write(actor, outcome)
        return self.writer.submit(change, actor=actor, outcome=outcome)

    def write_all(self, records: Sequence[PreparedRecord], *, actor: str) -> int:
        """Put many records, one BULK entry a segment; how many were new or different. Blocks."""
        rules.check_write(actor, None)
        changed = 0
        waiting: deque[Future[Committed[int]]] = deque()
        for group in segments(records, self._folds):
            if len(waiting) >= SEGMENTS_WAITING_MAX:
                changed += waiting.popleft().result().result
            waiting.append(self._submit_segment(group, actor))
        return changed + sum(future.result().result for future in waiting)

    def trim(self, before: Position) -> int:
        """Drop journal entries before a position, never the last one; how many were dropped. Blocks."""
        return self.writer.trim(Bounds(before=before))

    def close(self) -> None:
        """Finish what is queued and let go of the directory."""
        self.writer.close()
        self.environment.close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _submit_segment(self, group: list[PreparedRecord], actor: str) -> Future[Committed[int]]:
        while True:
            try:
                return self.writer.submit(partial(_put_segment, group), actor=actor, operations=len(group))
            except StoreBusy:
                time.sleep(BUSY_PAUSE_S)

    def _folds(self, prefix: str) -> bool:
        with self.read() as txn:
            entry = txn.prefix(prefix)
        return entry is None or entry.fold_suffix


def _put_segment(records: Sequence[PreparedRecord], txn: WriteTxn) -> int:
    return cast(LmdbWriteTxn, txn).put_segment(records)


def _build(meta: codec.Meta, map_bytes: int, folder: Path, generation: int) -> None:
    """Fill the folder of a new generation: its tables, what it says of itself, the entry that opens the journal."""
    environment = Environment(folder, map_bytes=map_bytes, create=True)
    try:
        tables = environment.tables
        meta = codec.Meta(meta.engine, meta.node, meta.epoch, meta.created_ms, generation)
        opening = Entry(
            Position(meta.epoch, 1, 0), EntryKind.EPOCH, b"", meta.epoch, b"", rules.STORE_ACTOR, meta.created_ms
        )
        raw = environment.begin_write()
        raw.put(keys.META_STORE, codec.encode_meta(meta), db=tables.meta)
        raw.put(*codec.encode_entry(opening), db=tables.journal)
        raw.commit()
    finally:
        environment.close()


def _check_meta(environment: Environment, generation: Path) -> None:
    raw = environment.begin_read()
    try:
        value = raw.get(keys.META_STORE, db=environment.tables.meta)
    finally:
        environment.end_read(raw)
    if value is None:
        raise StoreError(f"{generation} does not say what it is: restore it from a copy")
    meta = codec.decode_meta(value)
    if (meta.engine, meta.format) != (ENGINE, codec.FORMAT):
        raise StoreError(
            f"{generation} has format {meta.format} of engine {meta.engine}, this version reads {codec.FORMAT} of {ENGINE}:"
            " use the version of idis that made it"
        )
