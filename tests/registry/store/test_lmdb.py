"""What LMDB has beyond the contract: groups, a growing map, other processes, a disk that fails."""

from __future__ import annotations

import errno
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread, current_thread
from typing import Any

import lmdb
import pytest

from idis.registry.document import DocumentKind
from idis.registry.journal import BEGINNING, SnapshotNeeded
from idis.registry.prefix import PrefixEntry
from idis.registry.record import PreparedRecord
from idis.registry.store import keys
from idis.registry.store.base import OutcomeKey, RecordDamaged, StoreBusy, StoreError, StoreFull, StorePoisoned, WriteTxn
from idis.registry.store.environment import ENGINE
from idis.registry.store.lmdb import LmdbStore
from idis.registry.store.verify import check
from idis.registry.store.writer import COMMIT_BYTES_MAX, Settings

MakeRecord = Callable[..., PreparedRecord]

SMALL_MAP = 1_048_576
SETTINGS = Settings(free_bytes_min=0)
KEY = b"88.118\x00A1"
FAULT_POINTS = int(os.environ.get("IDIS_FAULT_POINTS", "2"))  # a campaign takes every call of the run
STRACE = shutil.which("strace")


def small(directory: Path, settings: Settings = SETTINGS) -> LmdbStore:
    """A store with a map of 1 MiB and the homed prefix 88.118."""
    store = LmdbStore.create(directory, map_bytes=SMALL_MAP, settings=settings)
    store.write(lambda txn: txn.put_prefix(PrefixEntry("88.118", homed=True)), actor="test").result(10)
    return store


def journal(store: LmdbStore) -> list[Any]:
    """The whole journal."""
    with store.read() as txn:
        entries = txn.journal(BEGINNING, 100_000)
    assert isinstance(entries, list)
    return entries


class Held:
    """A change that stops the writer inside a commit until it is released, so that a queue gathers behind it."""

    def __init__(self, store: LmdbStore) -> None:
        self._begun, self._release = Event(), Event()
        self.future = store.write(self._wait, actor="test")
        self._begun.wait(10)

    def _wait(self, _txn: WriteTxn) -> None:
        self._begun.set()
        self._release.wait(10)

    def release(self) -> None:
        """Let the writer go on."""
        self._release.set()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LmdbStore]:
    """A small store."""
    store = small(tmp_path / "node")
    yield store
    store.close()


def run_python(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Another process of this program; its output."""
    head = "import sys; from pathlib import Path; from idis.registry.store.lmdb import LmdbStore\n"
    command = [sys.executable, "-c", head + script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


class TestEngine:
    """The engine underneath."""

    def test_old_engine(self, store: LmdbStore) -> None:
        """The file is of engine 0.9, whatever the binding prefers."""
        data = (store.environment.folder / "data.mdb").read_bytes()

        assert ENGINE == "lmdb-0.9"
        # The first meta page: magic number and data version 1 after a page header of 16 octets.
        assert data[16:24] == (0xBEEFC0DE).to_bytes(4, sys.byteorder) + (1).to_bytes(4, sys.byteorder)

    def test_map_is_remembered(self, tmp_path: Path) -> None:
        """A store opens with the map it had, or a larger one when asked."""
        LmdbStore.create(tmp_path, map_bytes=SMALL_MAP).close()
        as_it_was = LmdbStore.open(tmp_path, exclusive=True)
        first = as_it_was.environment.map_bytes
        as_it_was.close()
        larger = LmdbStore.open(tmp_path, exclusive=True, map_bytes=4 * SMALL_MAP)

        assert (first, larger.environment.map_bytes) == (SMALL_MAP, 4 * SMALL_MAP)
        larger.close()

    def test_closed_store(self, tmp_path: Path) -> None:
        """A closed store refuses reads and writes in words."""
        store = small(tmp_path)
        store.close()

        with pytest.raises(StoreError, match="has been closed"), store.read():
            pass
        with pytest.raises(StoreError, match="has been closed"):
            store.write(lambda txn: None, actor="test")

    def test_damaged_record_is_not_answered(self, store: LmdbStore, make_record: MakeRecord) -> None:
        """A value whose digest is wrong is refused on the read path."""
        store.write(lambda txn: txn.put_record(make_record("88.118/a1")), actor="test").result(10)

        def damage(txn: Any) -> None:
            value = bytearray(txn.raw.get(KEY, db=txn.tables.record))
            value[-1] ^= 1
            txn.raw.put(KEY, bytes(value), db=txn.tables.record)

        store.write(damage, actor="test").result(10)

        with store.read() as txn, pytest.raises(RecordDamaged):
            txn.record(KEY)


class TestGroups:
    """Natural group commit."""

    def test_what_waits_is_committed_together(self, store: LmdbStore, make_record: MakeRecord) -> None:
        """Changes queued during a commit share the next one: one transaction number, counted up."""
        held = Held(store)
        futures = [
            store.write(lambda txn, n=number: txn.put_record(make_record(f"88.118/a{n}")), actor="test") for number in range(5)
        ]
        held.release()
        positions = [future.result(10).position for future in futures]

        assert len({position.hi for position in positions}) == 1
        assert [position.lo for position in positions] == [0, 1, 2, 3, 4]

    def test_changes_see_each_other(self, store: LmdbStore, make_record: MakeRecord) -> None:
        """A later change of a group reads what an earlier one wrote."""
        held = Held(store)
        store.write(lambda txn: txn.put_record(make_record("88.118/a1")), actor="test")
        seen = store.write(lambda txn: txn.record(KEY) is not None, actor="test")
        held.release()

        assert seen.result(10).result is True

    def test_failing_neighbour(self, store: LmdbStore, make_record: MakeRecord) -> None:
        """One change of a group raises; the others are done as if it had not been there."""

        def fail(txn: WriteTxn) -> None:
            txn.put_record(make_record("88.118/b"))
            raise LookupError("fails")

        held = Held(store)
        before = store.write(lambda txn: txn.put_record(make_record("88.118/a1")), actor="one")
        failing = store.write(fail, actor="two")
        after = store.write(lambda txn: txn.put_record(make_record("88.118/a2")), actor="three")
        held.release()

        with pytest.raises(LookupError):
            failing.result(10)
        assert (before.result(10).result, after.result(10).result) == (1, 1)
        assert [entry.actor for entry in journal(store)] == ["store", "test", "one", "three"]
        assert check(store.environment).problems == []

    def test_failing_alone(self, store: LmdbStore) -> None:
        """A change that raises and has no neighbours is not run again for their sake."""
        runs: list[int] = []

        def fail(_txn: WriteTxn) -> None:
            runs.append(1)
            raise LookupError("fails")

        with pytest.raises(LookupError):
            store.write(fail, actor="test").result(10)
        assert len(runs) == 1

    def test_change_that_swallows_an_engine_error(self, store: LmdbStore, make_record: MakeRecord) -> None:
        """A change that hides a full map from the writer is refused; the store is not poisoned by it."""

        def swallow(txn: WriteTxn) -> None:
            with suppress(Exception):
                txn.put_record(make_record("88.118/a1", "x" * 3_000_000))

        with pytest.raises(StoreError, match="refused the write"):
            store.write(swallow, actor="test").result(10)
        assert store.write(lambda txn: txn.put_record(make_record("88.118/a1")), actor="test").result(10).result == 1

    def test_nothing_is_acknowledged_before_the_commit(self, store: LmdbStore, make_record: MakeRecord) -> None:
        """When a future resolves, a new reader finds the change."""
        futures = [
            store.write(lambda txn, n=number: txn.put_record(make_record(f"88.118/a{n}")), actor="test") for number in range(50)
        ]
        for number, future in enumerate(futures):
            future.result(10)
            with store.read() as txn:
                assert txn.record(f"88.118\x00A{number}".encode()) is not None

    def test_cancelled_change(self, store: LmdbStore, make_record: MakeRecord) -> None:
        """A change that is cancelled while it waits does not happen."""
        held = Held(store)
        future = store.write(lambda txn: txn.put_record(make_record("88.118/a1")), actor="test")
        cancelled = future.cancel()
        held.release()
        held.future.result(10)
        store.write(lambda txn: None, actor="test").result(10)

        assert cancelled
        with store.read() as txn:
            assert txn.record(KEY) is None

    def test_large_changes_are_split(self, store: LmdbStore, make_record: MakeRecord) -> None:
        """A commit takes what fits COMMIT_BYTES_MAX; the rest of the queue comes next, in order."""
        large = "x" * (COMMIT_BYTES_MAX // 3)
        held = Held(store)
        futures = [
            store.write(lambda txn, n=number: txn.put_record(make_record(f"88.118/a{n}", large)), actor="test")
            for number in range(4)
        ]
        held.release()
        numbers = [future.result(20).position.hi for future in futures]

        assert numbers == sorted(numbers)
        assert len(set(numbers)) > 1

    def test_busy_queue(self, tmp_path: Path, make_record: MakeRecord) -> None:
        """Beyond the limit a write is refused at once, and what waits is done."""
        store = small(tmp_path, Settings(free_bytes_min=0, queue_max=2))
        held = Held(store)
        waiting = [store.write(lambda txn: txn.position, actor="test") for _ in range(2)]

        with pytest.raises(StoreBusy):
            store.write(lambda txn: None, actor="test")
        held.release()
        for future in waiting:
            future.result(10)
        store.close()

    def test_close_finishes_the_queue(self, tmp_path: Path, make_record: MakeRecord) -> None:
        """What was queued before the end is durable after it."""
        store = small(tmp_path)
        futures = [
            store.write(lambda txn, n=number: txn.put_record(make_record(f"88.118/a{n}")), actor="test") for number in range(20)
        ]
        store.close()

        assert all(future.done() and future.result().result == 1 for future in futures)


class TestGrowth:
    """The map grows, and nobody notices."""

    def test_under_writers_and_readers(self, store: LmdbStore, make_record: MakeRecord) -> None:
        """A map of 1 MiB takes 6 MiB of records while two threads read; none fails, nothing is lost."""
        stop, wrong = Event(), list[BaseException | str]()

        def read() -> None:
            while not stop.is_set():
                try:
                    with store.read() as txn:
                        if txn.stat("88.118").records < len(txn.records("88.118", None, 3)):
                            wrong.append("fewer counted than found")
                except BaseException as error:
                    wrong.append(error)

        threads = [Thread(target=read) for _ in range(2)]
        for thread in threads:
            thread.start()
        futures = [
            store.write(lambda txn, n=number: txn.put_record(make_record(f"88.118/{n:04d}", "x" * 10_000)), actor="test")
            for number in range(300)
        ]
        for future in futures:
            future.result(30)
        stop.set()
        for thread in threads:
            thread.join()

        assert wrong == []
        assert store.environment.map_bytes >= 8 * SMALL_MAP
        assert check(store.environment).problems == []

    def test_one_change_larger_than_the_map(self, store: LmdbStore, make_record: MakeRecord) -> None:
        """A change that meets a full map is repeated after growth, with one effect."""
        future = store.write(
            lambda txn: [txn.put_record(make_record(f"88.118/{n}", "x" * 100_000)) for n in range(30)], actor="test"
        )

        assert future.result(30).result == [1] * 30
        assert store.environment.map_bytes > SMALL_MAP

    def test_reader_in_the_way(
        self, store: LmdbStore, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A reader that does not end makes the write fail in words, and nothing crash; after it, writes go on."""
        monkeypatch.setattr("idis.registry.store.environment.GROW_WAIT_S", 0.05)
        large = make_record("88.118/a1", "x" * 2_000_000)
        with store.read() as txn:
            refused = store.write(lambda txn: txn.put_record(large), actor="test").exception(10)
            assert txn.record(KEY) is None

        assert isinstance(refused, StoreFull)
        assert store.write(lambda txn: txn.put_record(large), actor="test").result(10).result == 1

    def test_seen_by_another_process(self, store: LmdbStore, make_record: MakeRecord) -> None:
        """A process that opened the small map reads what lies beyond it, and writes on."""
        child = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "import sys; from pathlib import Path; from idis.registry.store.lmdb import LmdbStore\n"
                "from idis.registry.prefix import PrefixEntry\n"
                "store = LmdbStore.open(Path(sys.argv[1]), exclusive=False)\n"
                "print('open', flush=True); sys.stdin.readline()\n"
                "with store.read() as txn: print(txn.stat('88.118').records, flush=True)\n"
                "store.write(lambda txn: txn.put_prefix(PrefixEntry('88.7')), actor='child').result(10); store.close()",
                str(store.environment.folder.parent),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        child.stdout.readline()
        large = [make_record(f"88.118/{number}", "x" * 100_000) for number in range(30)]
        store.write(lambda txn: [txn.put_record(record) for record in large], actor="test").result(30)
        told, _ = child.communicate("go\n", timeout=30)

        assert (told, child.returncode) == ("30\n", 0)
        with store.read() as txn:
            assert txn.prefix("88.7") is not None

    def test_made_by_another_process(self, store: LmdbStore) -> None:
        """This process follows a map that a tool made larger."""
        script = (
            "from idis.registry.prefix import PrefixEntry\n"
            "store = LmdbStore.open(Path(sys.argv[1]), exclusive=False)\n"
            "change = lambda txn: [txn.put_prefix(PrefixEntry(f'88.{n}', owner='x' * 100_000)) for n in range(30)]\n"
            "store.write(change, actor='tool').result(30); store.close()"
        )
        done = run_python(script, store.environment.folder.parent)

        assert done.returncode == 0, done.stderr
        with store.read() as txn:
            assert txn.prefix("88.29") is not None
        assert store.write(lambda txn: txn.put_prefix(PrefixEntry("99")), actor="test").result(10).result == 1


class TestProcesses:
    """Several processes on one directory."""

    def test_tool_beside_the_node(self, store: LmdbStore) -> None:
        """A tool writes while the node has the directory open, and the node reads it."""
        script = (
            "from idis.registry.prefix import PrefixEntry\n"
            "store = LmdbStore.open(Path(sys.argv[1]), exclusive=False)\n"
            "done = store.write(lambda txn: txn.put_prefix(PrefixEntry('88.7')), actor='tool').result(10)\n"
            "print(done.position.hi); store.close()"
        )
        done = run_python(script, store.environment.folder.parent)
        with store.read() as txn:
            entry, position = txn.prefix("88.7"), txn.position

        assert entry is not None
        assert int(done.stdout) == position.hi
        after = store.write(lambda txn: txn.put_prefix(PrefixEntry("88.8")), actor="test").result(10).position
        assert after.hi == position.hi + 1

    def test_second_node(self, store: LmdbStore) -> None:
        """Another process that wants to serve from the directory is told who does."""
        done = run_python("LmdbStore.open(Path(sys.argv[1]), exclusive=True)", store.environment.folder.parent)

        assert f"is served by process {os.getpid()}: stop that node first" in done.stderr

    def test_killed_tool_blocks_nobody(self, store: LmdbStore) -> None:
        """A tool killed inside its transaction leaves nothing, and the node's next write goes through."""
        script = (
            "import os, signal\n"
            "store = LmdbStore.open(Path(sys.argv[1]), exclusive=False)\n"
            "raw = store.environment.begin_write(); raw.put(b'x', b'y', db=store.environment.tables.stat)\n"
            "os.kill(os.getpid(), signal.SIGKILL)"
        )
        done = run_python(script, store.environment.folder.parent)

        assert done.returncode == -signal.SIGKILL
        assert store.write(lambda txn: txn.put_prefix(PrefixEntry("88.7")), actor="test").result(10).result == 1
        assert check(store.environment).problems == []

    def test_stale_reader_is_cleared(self, store: LmdbStore) -> None:
        """The slot of a reader that was killed is freed."""
        script = (
            "import os, signal\n"
            "store = LmdbStore.open(Path(sys.argv[1]), exclusive=False)\n"
            "reader = store.read(); reader.__enter__(); os.kill(os.getpid(), signal.SIGKILL)"
        )
        run_python(script, store.environment.folder.parent)

        assert store.environment.check_readers() == 1
        assert store.environment.check_readers() == 0


def test_store_made_before_its_later_tables(tmp_path: Path) -> None:
    """A store without the tables of documents and audit lines gets them when it is opened."""
    small(tmp_path).close()
    environment = lmdb.Environment(str(tmp_path / "gen-000001"), max_dbs=24, map_size=SMALL_MAP)
    with environment.begin(write=True) as raw:
        for name in (b"document", b"audit"):
            raw.drop(environment.open_db(name, raw))
    environment.close()
    store = LmdbStore.open(tmp_path, exclusive=True, settings=SETTINGS)

    assert store.write(lambda txn: txn.put_document(DocumentKind.ROLE, b"k", b"x"), actor="test").result(10).result is True
    assert check(store.environment).problems == []
    store.close()


class TestHousekeeping:
    """What the writer does by itself."""

    def test_old_entries_go(self, tmp_path: Path, clock: Any) -> None:
        """Entries beyond their age are trimmed, younger ones stay."""
        settings = Settings(free_bytes_min=0, journal_age_max_s=3600)
        store = LmdbStore.create(tmp_path, map_bytes=SMALL_MAP, settings=settings, clock=clock)
        for name in ("88.1", "88.2"):
            store.write(lambda txn, name=name: txn.put_prefix(PrefixEntry(name)), actor="test").result(10)
        clock.now += 7200
        young = store.write(lambda txn: txn.put_prefix(PrefixEntry("88.3")), actor="test").result(10).position
        store.writer.keep_house()

        with store.read() as txn:
            assert txn.journal(BEGINNING, 9) == SnapshotNeeded(young)
        assert entries_in(store, "journal") == 1
        assert check(store.environment).problems == []
        store.close()

    def test_old_outcomes_go(self, tmp_path: Path, clock: Any) -> None:
        """Outcomes of hours that nobody looks in are deleted, younger ones stay."""
        store = LmdbStore.create(tmp_path, map_bytes=SMALL_MAP, settings=SETTINGS, clock=clock)
        for hours, key in ((0, b"1" * 16), (20, b"2" * 16), (5, b"3" * 16)):
            clock.now += hours * 3600
            store.write(lambda txn: b"done", actor="test", outcome=OutcomeKey(b"12345678", key, b"")).result(10)
        store.writer.keep_house()

        assert entries_in(store, "outcome") == 2
        store.close()

    def test_old_audit_lines_go(self, tmp_path: Path, clock: Any) -> None:
        """Lines of the audit trail stay for 400 days, whatever became of their journal entries, and not longer."""
        store = LmdbStore.create(tmp_path, map_bytes=SMALL_MAP, settings=SETTINGS, clock=clock)
        for days, line in ((0, b"old"), (1, b"young")):
            clock.now += days * 86_400
            store.write(lambda txn, line=line: txn.add_audit(line), actor="test").result(10)
        clock.now += 399.5 * 86_400
        store.writer.keep_house()

        with store.read() as txn:
            assert [line for _, line in txn.audits(None, 9)] == [b"young"]
        assert check(store.environment).problems == []
        store.close()

    def test_octets_are_bounded(self, tmp_path: Path) -> None:
        """A journal larger than its bound loses its oldest entries, whatever their age."""
        store = small(tmp_path, Settings(free_bytes_min=0, journal_bytes_max=100_000))
        for number in range(60):
            entry = PrefixEntry(f"88.{number}", owner="x" * 10_000)
            store.write(lambda txn, entry=entry: txn.put_prefix(entry), actor="test").result(10)
        store.writer.keep_house()

        assert entries_in(store, "journal") < 60
        assert check(store.environment).problems == []
        store.close()

    def test_runs_in_the_writer(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The writer looks after its house without being asked."""
        looked = Event()
        monkeypatch.setattr("idis.registry.store.writer.Writer.keep_house", lambda _self: looked.set())
        store = small(tmp_path, Settings(free_bytes_min=0, housekeeping_s=0.01))

        assert looked.wait(10)
        store.close()


def entries_in(store: LmdbStore, table: str) -> int:
    """How many values a table holds."""
    raw = store.environment.begin_read()
    count: int = raw.stat(getattr(store.environment.tables, table))["entries"]
    store.environment.end_read(raw)
    return count


class FailingCommit:
    """An LMDB transaction whose commit fails as a disk would make it fail."""

    def __init__(self, transaction: Any, error: lmdb.Error) -> None:
        self._transaction, self._error = transaction, error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transaction, name)

    def commit(self) -> None:
        """Fail; LMDB has given the transaction up by then."""
        self._transaction.abort()
        raise self._error


class TestDisk:
    """A disk that fails, and one that is full."""

    def fail_commits(self, store: LmdbStore, error: lmdb.Error, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let every commit from now on fail."""
        begin = store.environment.begin_write
        monkeypatch.setattr(store.environment, "begin_write", lambda: FailingCommit(begin(), error))

    def test_failed_flush_poisons(self, store: LmdbStore, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch) -> None:
        """After EIO the outcome is unknown, for those that waited too; later writes are refused, reads go on."""
        held = Held(store)
        self.fail_commits(store, lmdb.Error("mdb_txn_commit: Input/output error", errno.EIO), monkeypatch)
        first = store.write(lambda txn: txn.put_record(make_record("88.118/a1")), actor="test")
        held.release()

        with pytest.raises(StorePoisoned, match="the outcome is unknown"):
            first.result(10)
        with pytest.raises(StorePoisoned):
            store.write(lambda txn: None, actor="test")
        assert store.poisoned
        with store.read() as txn:
            assert txn.prefix("88.118") is not None

    def test_poison_is_for_good(self, store: LmdbStore, monkeypatch: pytest.MonkeyPatch) -> None:
        """A disk that works again does not bring the writer back: nobody knows what it holds."""
        with monkeypatch.context() as patch:
            self.fail_commits(store, lmdb.Error("mdb_txn_commit: Input/output error", errno.EIO), patch)
            store.write(lambda txn: txn.put_prefix(PrefixEntry("88.1")), actor="test").exception(10)

        with pytest.raises(StorePoisoned):
            store.write(lambda txn: txn.put_prefix(PrefixEntry("88.1")), actor="test")

    def test_full_disk_is_refused_and_forgotten(self, store: LmdbStore, monkeypatch: pytest.MonkeyPatch) -> None:
        """ENOSPC fails the write; when there is room again the next one works."""
        with monkeypatch.context() as patch:
            self.fail_commits(store, lmdb.DiskError("mdb_txn_commit: No space left on device", errno.ENOSPC), patch)
            with pytest.raises(StoreFull, match="free some space"):
                store.write(lambda txn: txn.put_prefix(PrefixEntry("88.1")), actor="test").result(10)

        assert store.write(lambda txn: txn.put_prefix(PrefixEntry("88.1")), actor="test").result(10).result == 1

    def test_reserve(self, store: LmdbStore, monkeypatch: pytest.MonkeyPatch) -> None:
        """Writes stop before the disk is full, and go on as soon as there is room."""
        facts = os.statvfs(store.environment.folder)

        class Full:
            f_bavail, f_blocks, f_frsize = 3, facts.f_blocks, 4096

        store.close()
        store = LmdbStore.open(store.environment.folder.parent, exclusive=True)
        with monkeypatch.context() as patch:
            patch.setattr("os.statvfs", lambda _path: Full)
            with pytest.raises(StoreFull, match="kept in reserve"):
                store.write(lambda txn: txn.put_prefix(PrefixEntry("88.1")), actor="test").result(10)
        assert store.write(lambda txn: txn.put_prefix(PrefixEntry("88.1")), actor="test").result(10).result == 1
        store.close()

    @pytest.mark.skipif(STRACE is None, reason="needs strace, to let a system call fail")
    @pytest.mark.parametrize("when", range(2, 2 + FAULT_POINTS))
    @pytest.mark.parametrize("call", ["fdatasync", "pwrite64", "writev"])
    def test_injected_fault(self, tmp_path: Path, call: str, when: int) -> None:
        """When the kernel reports EIO, no write is acknowledged after it, and what was acknowledged is there."""
        told = write_under_faults(tmp_path, f"{call}:error=EIO:when={when}")
        poisoned = [line.startswith("StorePoisoned") for line in told]

        assert poisoned == sorted(poisoned)
        assert poisoned[-1]
        assert all(line.startswith(("done", "StorePoisoned")) for line in told)

    @pytest.mark.skipif(STRACE is None, reason="needs strace, to let a system call fail")
    @pytest.mark.parametrize("when", range(2, 2 + FAULT_POINTS))
    @pytest.mark.parametrize("call", ["fdatasync", "pwrite64", "writev"])
    def test_injected_full_disk(self, tmp_path: Path, call: str, when: int) -> None:
        """ENOSPC refuses one write and the next ones work; only where the engine gives up is the outcome unknown."""
        told = write_under_faults(tmp_path, f"{call}:error=ENOSPC:when={when}")
        letters = "".join({"done": "d", "StoreFull": "f", "StorePoisoned": "p"}[line.split()[0]] for line in told)

        assert re.fullmatch("d*fd*" if call != "pwrite64" else "d*fd*|d*p+", letters), letters

    @pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount a small disk")
    def test_really_full_disk(self, make_record: MakeRecord) -> None:
        """On a disk of 6 MiB: writes stop, reads go on, writes resume when room is made, nothing acknowledged is lost."""
        with tempfile.TemporaryDirectory() as folder:
            mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", folder], capture_output=True, check=False)
            if mounted.returncode:
                pytest.skip("this machine does not allow mounting")
            try:
                self.fill_and_free(Path(folder), make_record)
            finally:
                subprocess.run(["umount", folder], check=True)

    def fill_and_free(self, disk: Path, make_record: MakeRecord) -> None:
        """Fill the disk until a write is refused, free some, and go on."""
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(2_000_000))
        store = small(disk / "node", Settings(free_bytes_min=2**30))
        done: list[bytes] = []
        refused: BaseException | None = None
        for number in range(1_000):
            change = make_record(f"88.118/{number}", "x" * 20_000)
            refused = store.write(lambda txn, change=change: txn.put_record(change), actor="test").exception(10)
            if refused is not None:
                break
            done.append(keys.record_key("88.118", str(number), True))
        with store.read() as txn:
            readable = all(txn.record(key) is not None for key in done)
        ballast.unlink()
        resumed = store.write(lambda txn: txn.put_record(make_record("88.118/after")), actor="test").exception(10)
        problems = check(store.environment).problems
        store.close()

        assert isinstance(refused, StoreFull)
        assert done
        assert readable
        assert resumed is None
        assert problems == []


def write_under_faults(directory: Path, fault: str) -> list[str]:
    """What came of twelve writes while a system call failed; checks that nothing acknowledged is lost.

    The first pwrite64 of the process is that of its lock file.
    """
    script = (
        "import sys; from pathlib import Path; from idis.registry.store.lmdb import LmdbStore\n"
        "from idis.registry.prefix import PrefixEntry; from idis.registry.store.base import StoreError\n"
        "from idis.registry.store.writer import Settings\n"
        "store = LmdbStore.open(Path(sys.argv[1]), exclusive=True, settings=Settings(free_bytes_min=0))\n"
        "for number in range(12):\n"
        "    change = lambda txn: [txn.put_prefix(PrefixEntry(f'88.{number}.{n}', owner='x' * 3000)) for n in range(9)]\n"
        "    try: store.write(change, actor='child').result(10); print('done', number)\n"
        "    except StoreError as error: print(type(error).__name__, number)\n"
        "with store.read() as txn: assert txn.prefix('88.118') is not None\n"
    )
    small(directory).close()
    assert STRACE is not None
    inject = [STRACE, "-f", "-qq", "-o", "/dev/null", "-e", f"trace={fault.partition(':')[0]}", "-e", f"inject={fault}"]
    child = subprocess.run(
        [*inject, sys.executable, "-c", script, str(directory)], capture_output=True, text=True, check=False, timeout=60
    )
    if "ptrace" in child.stderr:
        pytest.skip("this machine does not allow tracing")
    told = child.stdout.splitlines()
    assert len(told) == 12, child.stderr
    if int(fault.rpartition("=")[2]) > 12 and all(line.startswith("done") for line in told):
        pytest.skip("the run makes fewer such calls")
    store = LmdbStore.open(directory, exclusive=True, settings=SETTINGS)
    with store.read() as txn:
        missing = [line for line in told if line.startswith("done") and txn.prefix(f"88.{line.split()[1]}.8") is None]
    problems = check(store.environment).problems
    store.close()
    assert missing == []
    assert problems == []
    return told


def test_followers_are_called_before_whoever_waits_is_told(store: LmdbStore, make_record: MakeRecord) -> None:
    """In the writer's thread, when the commit can be read."""
    seen: list[tuple[str, int]] = []
    before = store.last_transaction
    store.writer.followers.append(lambda: seen.append((current_thread().name, store.last_transaction)))
    store.write(lambda txn: txn.put_record(make_record("88.118/a1")), actor="test").result(10)

    assert seen == [("store-writer", before + 1)]


def test_snapshot_outlives_writes(store: LmdbStore, make_record: MakeRecord) -> None:
    """An open snapshot keeps its state while others commit."""
    store.write(lambda txn: txn.put_record(make_record("88.118/a1")), actor="test").result(10)
    with store.read() as txn:
        for number in range(20):
            store.write(lambda txn, n=number: txn.put_record(make_record("88.118/a1", str(n))), actor="test").result(10)
        seen = txn.record(KEY)

    assert seen is not None
    assert seen.version == 1
