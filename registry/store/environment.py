"""One LMDB environment, held as `storage.md` §2 demands: its settings, its open readers, its growing map.

LMDB must not have its map changed while a transaction of the same process is open, and the binding does not refuse it.
So this class counts the reads that are open; growth shuts the gate for new ones, waits for the last to end, and opens it
again. Another process that grew the map is noticed when the next transaction begins, and answered the same way.

LMDB locks through the process: the same environment is never opened twice in one, and is opened after a fork.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, Lock
from typing import Any

import lmdb

from idis.registry.store import keys
from idis.registry.store.base import StoreError, StoreFull
from idis.registry.store.directory import user_name
from idis.registry.store.peek import Peek
from idis.registry.store.recent import RecentEntries

TABLES_MAX = 24  # the named tables, with room
READERS_MAX = 1_024  # workers, threads and tools; a slot costs 64 octets
SPARE_READS = 1  # a read that begins with a kept transaction takes no lock, so it neither waits for the writer nor starves it
MAP_FILL_GROW = 0.8  # the map doubles before it is full, so that no write has to wait for it
GROW_WAIT_S = 5.0  # a read ends within milliseconds; one that does not is a fault, and must not stop every other one
GROW_EARLY_WAIT_S = 0.02  # before the map is full there is time to try again: a slow reader holds nobody up
ENGINE = "lmdb-0.9"
DATA_FILE = "data.mdb"  # of an environment, as LMDB calls it


@dataclass(frozen=True, slots=True)
class Tables:
    """The named tables of an open environment."""

    meta: Any
    prefix: Any
    route: Any
    record: Any
    journal: Any
    alias: Any
    outcome: Any
    stat: Any
    document: Any
    audit: Any
    edge: Any
    event: Any
    event_time: Any
    event_id: Any


class Environment:
    """An open environment.

    Args:
        folder: of the generation.
        map_bytes: least size of the map; address space, not disk. The file remembers a larger one.
        create: make the file and its tables; without it both must exist.

    Attributes:
        recent: what this process committed last.
    """

    def __init__(self, folder: Path, *, map_bytes: int, create: bool = False) -> None:
        self.folder = folder
        self.recent = RecentEntries()
        self.writing = Lock()  # held for every write transaction of this process, and for growth
        self._reads = Lock()
        self._gate = Condition(self._reads)
        self._open_reads = 0
        self._gate_shut = False
        self._closed = False
        self._lmdb = _open(folder, map_bytes if create else 0, create)
        try:
            if self.map_bytes < map_bytes:
                self._lmdb.set_mapsize(map_bytes)
            self.tables = Tables(*(self._open_table(name, create) for name in keys.TABLES))
            self._peek = _peek(folder)
        except lmdb.Error as error:
            self._lmdb.close()
            raise _unusable(folder, error) from error

    @property
    def map_bytes(self) -> int:
        """The size of the map."""
        return self._lmdb.info()["map_size"]

    @property
    def fill(self) -> float:
        """The share of the map that has ever been used."""
        facts = self._lmdb.info()
        return (facts["last_pgno"] + 1) * self._lmdb.stat()["psize"] / facts["map_size"]

    @property
    def last_transaction(self) -> int:
        """The number of the last commit of any process: when it moved, there is something to follow."""
        if self._peek is not None:
            return self._peek.last_transaction
        return self._lmdb.info()["last_txnid"]

    @property
    def readers(self) -> int:
        """How many reader slots have been taken, of all processes."""
        return self._lmdb.info()["num_readers"]

    def begin_read(self) -> Any:
        """A read transaction, to be ended by `end_read` in the same thread."""
        while True:
            with self._reads:
                if self._gate_shut:
                    self._gate.wait_for(lambda: not self._gate_shut)
                if self._closed:
                    raise StoreError(f"{self.folder} has been closed")
                self._open_reads += 1
            try:
                return self._lmdb.begin()
            except lmdb.MapResizedError:
                self._leave()
                with self.writing:  # the map must not change under a write of this process either
                    self._resize(0, GROW_WAIT_S)
            except lmdb.ReadersFullError:
                self._leave()
                raise StoreError(f"{self.folder} has {READERS_MAX} readers: end some of the processes that use it") from None
            except BaseException:
                self._leave()
                raise

    def end_read(self, transaction: Any) -> None:
        """End a read transaction; what it returned as views dies with it."""
        transaction.abort()
        self._leave()

    def begin_write(self) -> Any:
        """A write transaction; the caller holds `writing`, and commits or aborts in the same thread."""
        while True:
            try:
                return self._lmdb.begin(write=True)
            except lmdb.MapResizedError:
                self._resize(0, GROW_WAIT_S)

    def abort_write(self, transaction: Any) -> None:
        """Undo a write transaction. Readers wait at the door meanwhile: the binding's own lock is unfair to this thread."""
        with self._reads:
            transaction.abort()

    def begin_nested(self, parent: Any) -> Any:
        """A transaction inside a write transaction: its abort leaves the parent as it was."""
        return self._lmdb.begin(write=True, parent=parent)

    def panicked(self) -> bool:
        """Whether the engine gave up after a failed write of its root: what the file holds is unknown."""
        with self.writing:
            try:
                transaction = self.begin_write()
            except lmdb.PanicError:
                return True
            self.abort_write(transaction)
            return False

    def grow(self, *, early: bool = False) -> None:
        """Double the map; the caller holds `writing` and has no transaction open.

        Args:
            early: the map is not full yet: wait only GROW_EARLY_WAIT_S for readers.

        Raises:
            StoreFull: readers did not end, or the system refuses the address space.
        """
        try:
            self._resize(self.map_bytes * 2, GROW_EARLY_WAIT_S if early else GROW_WAIT_S)
        except lmdb.Error as error:
            raise StoreFull(f"the map of {self.folder} cannot grow beyond {self.map_bytes} octets: {error}") from error

    def check_readers(self) -> int:
        """Free the slots of readers that were killed; how many. A slot left behind pins every page freed since."""
        return self._lmdb.reader_check()

    def close(self) -> None:
        """Wait for open reads to end and let go of the files."""
        self._shut_gate(GROW_WAIT_S)
        with self._gate:
            self._closed = True
            self._gate_shut = False
            self._gate.notify_all()
        if self._peek is not None:
            self._peek.close()
        self._lmdb.close()

    def _open_table(self, name: bytes, create: bool) -> Any:
        try:
            return self._lmdb.open_db(name, create=create)
        except lmdb.NotFoundError:
            if name not in keys.LATER_TABLES:
                raise
            return self._lmdb.open_db(name, create=True)

    def _resize(self, map_bytes: int, wait_s: float) -> None:
        """Set the size of the map, 0 for the one another process gave it, while no read is open."""
        if not self._shut_gate(wait_s):
            raise StoreFull(f"the map of {self.folder} cannot grow: a reader did not end within {wait_s} s")
        try:
            self._lmdb.set_mapsize(map_bytes)
        finally:
            with self._gate:
                self._gate_shut = False
                self._gate.notify_all()

    def _shut_gate(self, wait_s: float) -> bool:
        with self._gate:
            if not self._gate.wait_for(lambda: not self._gate_shut, wait_s):
                return False
            self._gate_shut = True
            if self._gate.wait_for(lambda: not self._open_reads, wait_s):
                return True
            self._gate_shut = False
            self._gate.notify_all()
            return False

    def _leave(self) -> None:
        with self._reads:
            self._open_reads -= 1
            if self._gate_shut and not self._open_reads:
                self._gate.notify_all()


def out_of_space(error: lmdb.Error) -> bool:
    """Whether a write failed because the disk, a quota or a file-size limit is exhausted: nothing happened."""
    return isinstance(error, lmdb.DiskError) or getattr(error, "code", 0) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def _open(folder: Path, map_bytes: int, create: bool) -> lmdb.Environment:
    try:
        return lmdb.Environment(
            str(folder),
            map_size=map_bytes,
            max_dbs=TABLES_MAX,
            max_readers=READERS_MAX,
            max_spare_txns=SPARE_READS,
            create=create,
            **_engine_choice(),
        )
    except (lmdb.Error, OSError) as error:
        raise _unusable(folder, error) from error


def _engine_choice() -> dict[str, Any]:
    """Bindings from 3.0 on carry two engines, whose files are mutually unreadable; older ones know no choice."""
    try:
        lmdb.version(lib_version=0)
    except TypeError:
        return {}
    return {"lib_version": 0}


def _unusable(folder: Path, error: lmdb.Error | OSError) -> StoreError:
    code = error.errno if isinstance(error, OSError) else getattr(error, "code", 0)
    if "already open" in str(error):
        return StoreError(f"{folder} is already open in this process: share the open store instead")
    if code in (errno.EACCES, errno.EPERM, errno.EROFS) or isinstance(error, lmdb.ReadonlyError):
        return StoreError(f"user {user_name()} may not write {folder}: change its owner or run as the user it belongs to")
    if code == errno.ENOMEM:
        return StoreError(f"the map of {folder} does not fit this process's address space: set a smaller store map size")
    if isinstance(error, lmdb.VersionMismatchError):
        return StoreError(f"{folder} was written by another engine than {ENGINE}: open it with the program that made it")
    if isinstance(error, lmdb.NotFoundError):
        return StoreError(f"{folder} lacks a table of this store: restore it from a copy")
    return StoreError(f"{folder} cannot be opened as a store ({error}): run 'idis verify' and restore it from a copy")


def _peek(folder: Path) -> Peek | None:
    """What tells the last commit for a third of what the engine takes, which every batch pays; None for another layout."""
    try:
        return Peek(folder / DATA_FILE)
    except (OSError, ValueError):
        return None
