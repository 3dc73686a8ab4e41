"""The writer: one thread that turns queued changes into commits (`storage.md` §2.3).

While one commit is being flushed, the next group gathers in the queue; then all of it is applied and flushed at once. A
lonely change pays one flush, sixty-four share one. Futures are resolved only after the commit returned.

A group is first applied flat. When one of its changes raises, the group is rolled back and applied again with each change
in a transaction of its own inside the group's, so that the failing one takes none of its neighbours down. When the map is
full it grows, and the group is applied again. After a failed flush nobody knows what the disk holds: the writer is
poisoned, and what was waiting is answered *unknown*. A full disk is refused before LMDB meets it.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Condition, Thread
from typing import Any, cast

import lmdb

from idis.registry.journal import Entry, Position
from idis.registry.store import trimming
from idis.registry.store.base import (
    COMMIT_OPS_MAX,
    WRITE_QUEUE_MAX,
    Committed,
    KeyReused,
    OutcomeKey,
    StoreBusy,
    StoreError,
    StoreFull,
    StorePoisoned,
    WriteTxn,
)
from idis.registry.store.environment import MAP_FILL_GROW, Environment, out_of_space
from idis.registry.store.lmdb_read import PrefixCache
from idis.registry.store.lmdb_write import LmdbWriteTxn

COMMIT_BYTES_MAX = 1_048_576  # bounds the latency of the first change in a group
ATTEMPTS_MAX = 24  # each doubles the map or sets changes apart; from 1 MiB on that reaches every group COMMIT_BYTES_MAX allows
HOUSEKEEPING_S = 10.0  # stale readers pin pages; they are looked for this often
GROW_PAUSE_S = 1.0  # between attempts to grow ahead of need: each holds up new readers for a moment
FREE_BYTES_MIN = 2**30  # writes stop before the disk is full: deleting needs room too
FREE_SHARE_MIN = 0.05  # of a small disk


@dataclass(frozen=True, slots=True)
class Settings:
    """How a store writes and what it keeps; tests make the limits small.

    Attributes:
        free_bytes_min: writes stop when less than this or FREE_SHARE_MIN of the disk is free, whichever is smaller.
        queue_max: changes that may wait.
        journal_age_max_s: see `trimming`.
        journal_bytes_max: see `trimming`.
        audit_age_max_s: see `trimming`.
        housekeeping_s: how often stale readers and old entries are looked for.
    """

    free_bytes_min: int = FREE_BYTES_MIN
    queue_max: int = WRITE_QUEUE_MAX
    journal_age_max_s: int = trimming.JOURNAL_AGE_MAX_S
    journal_bytes_max: int = trimming.JOURNAL_BYTES_MAX
    audit_age_max_s: int = trimming.AUDIT_AGE_S_MAX
    housekeeping_s: float = HOUSEKEEPING_S


@dataclass(frozen=True, slots=True)
class _Job:
    change: Callable[[WriteTxn], Any]
    actor: str
    outcome: OutcomeKey | None
    operations: int
    future: Future[Committed[Any]]


_Result = tuple[_Job, Committed[Any] | Exception]


class _ChangeRaised(Exception):
    """A change of a flat group raised: roll back, and apply each apart."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(reason)
        self.reason = reason


class _FlushFailed(Exception):
    """The commit failed in a way that leaves unknown what the disk holds."""


class Writer:
    """The queue and its thread, which starts with the first change.

    Args:
        environment: where to write.
        cache: decoded prefix entries, shared with the readers.
        settings: limits.
        clock: unix time in seconds.

    Attributes:
        followers: called after each commit in the writer's thread, before those are told whose changes it holds. What one
            raises ends the writer.
    """

    def __init__(self, environment: Environment, cache: PrefixCache, settings: Settings, clock: Callable[[], float]) -> None:
        self.followers: list[Callable[[], object]] = []
        self._environment = environment
        self._cache = cache
        self._settings = settings
        self._clock = clock
        self._wake = Condition()
        self._queue: deque[_Job] = deque()
        self._group: list[_Job] = []  # what the thread is committing
        self._thread: Thread | None = None
        self._closing = False
        self._poison: str | None = None
        self._grow_at = 0.0  # when growing ahead of need may be tried again

    @property
    def poisoned(self) -> bool:
        """Whether a flush failed; a node that sees this ends, and verifies before it serves again."""
        return self._poison is not None

    @property
    def waiting(self) -> int:
        """How many changes wait for their commit."""
        return len(self._queue)

    def submit(
        self, change: Callable[[WriteTxn], Any], *, actor: str, outcome: OutcomeKey | None = None, operations: int = 1
    ) -> Future[Committed[Any]]:
        """Queue a change; `operations` is how many records it touches.

        Raises:
            StoreBusy: the queue is full.
            StorePoisoned: an earlier flush failed.
            StoreError: the store has been closed.
        """
        job = _Job(change, actor, outcome, operations, Future())
        with self._wake:
            if self._poison is not None:
                raise StorePoisoned(self._poison)
            if self._closing:
                raise StoreError(f"{self._environment.folder} has been closed")
            if len(self._queue) >= self._settings.queue_max:
                raise StoreBusy(f"{len(self._queue)} changes are waiting for the disk: try again shortly")
            self._queue.append(job)
            if self._thread is None:
                self._thread = Thread(target=self._run, name="store-writer", daemon=True)
                self._thread.start()
            self._wake.notify()
        return job.future

    def close(self) -> None:
        """Finish what is queued, then end the thread."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        due = time.monotonic() + self._settings.housekeeping_s
        try:
            while True:
                with self._wake:
                    self._wake.wait_for(lambda: self._queue or self._closing, self._settings.housekeeping_s)
                    if self._closing and not self._queue:
                        return
                    self._group = self._draw()
                if self._group:
                    self._commit(self._group)
                    self._group = []
                if time.monotonic() >= due and self._poison is None:
                    self.keep_house()
                    self._tell_followers()
                    due = time.monotonic() + self._settings.housekeeping_s
        except BaseException as error:  # a fault of ours: nobody may wait for a thread that has ended
            self._poison_with(f"the writer of {self._environment.folder} failed: {error!r}")
            raise

    def _draw(self) -> list[_Job]:
        group: list[_Job] = []
        operations = 0
        while self._queue and operations < COMMIT_OPS_MAX:
            job = self._queue.popleft()
            # What was put back by a commit that was full is running already.
            if job.future.running() or job.future.set_running_or_notify_cancel():
                group.append(job)
                operations += job.operations
        return group

    def _commit(self, group: list[_Job]) -> None:
        """Make a group durable and resolve its futures, or fail it."""
        try:
            results = self._persist(group)
        except (_FlushFailed, lmdb.PanicError) as error:
            self._poison_with(f"{self._environment.folder} could not be flushed ({error}): the outcome is unknown")
            return
        except (lmdb.Error, StoreError) as error:
            if isinstance(error, lmdb.Error) and self._environment.panicked():
                self._poison_with(f"{self._environment.folder} could not be written ({error}): the outcome is unknown")
                return
            reason = error if isinstance(error, StoreError) else self._refusal(error)
            results = [(job, reason) for job in group]
        self._tell_followers()
        for job, result in results:
            if isinstance(result, Exception):
                job.future.set_exception(result)
            else:
                job.future.set_result(result)
        if self._environment.fill >= MAP_FILL_GROW and time.monotonic() >= self._grow_at:
            self._grow_early()

    def _tell_followers(self) -> None:
        for follow in self.followers:
            follow()

    def _persist(self, group: list[_Job]) -> list[_Result]:
        apart = False
        for _ in range(ATTEMPTS_MAX):
            self._require_space()
            with self._environment.writing:
                try:
                    return self._attempt(group, apart)
                except _ChangeRaised as raised:
                    if len(group) == 1:
                        return [(group[0], raised.reason)]
                    apart = True
                except lmdb.MapFullError:
                    self._environment.grow()
        raise StoreFull(f"the map of {self._environment.folder} is too small for this write: set a larger store map size")

    def _attempt(self, group: list[_Job], apart: bool) -> list[_Result]:
        """One transaction over the group; what exceeds COMMIT_BYTES_MAX goes back to the queue."""
        raw = self._environment.begin_write()
        entries: list[Entry] = []
        try:
            results = self._apply_apart(raw, group, entries) if apart else self._apply_flat(raw, group, entries)
        except BaseException:
            self._environment.abort_write(raw)
            raise
        _flush(raw)
        self._environment.recent.add(entries)
        return results

    def _apply_flat(self, raw: Any, group: list[_Job], entries: list[Entry]) -> list[_Result]:
        results: list[_Result] = []
        txn = self._transaction(raw)
        for job in group:
            if txn.octets >= COMMIT_BYTES_MAX:
                self._put_back(group, len(results))
                break
            try:
                results.append((job, _apply(job, txn)))
            except (lmdb.MapFullError, lmdb.DiskError, lmdb.PanicError):
                raise
            except Exception as error:  # whatever a change raises is its caller's; its neighbours must not suffer
                raise _ChangeRaised(error) from error
        txn.finish()
        entries += txn.entries
        return results

    def _apply_apart(self, raw: Any, group: list[_Job], entries: list[Entry]) -> list[_Result]:
        results: list[_Result] = []
        position: Position | None = None
        for job in group:
            nested = self._environment.begin_nested(raw)
            try:
                txn = self._transaction(nested, position)
                result = _apply(job, txn)
                txn.finish()
                nested.commit()
            except (lmdb.MapFullError, lmdb.DiskError, lmdb.PanicError):
                nested.abort()
                raise
            except Exception as error:  # as above; this time it stays with the one who raised it
                nested.abort()
                results.append((job, error))
            else:
                position = txn.next_position
                entries += txn.entries
                results.append((job, result))
        return results

    def _transaction(self, raw: Any, position: Position | None = None) -> LmdbWriteTxn:
        return LmdbWriteTxn(self._environment, self._cache, self._clock, raw, position)

    def _put_back(self, group: list[_Job], kept: int) -> None:
        rest = group[kept:]
        del group[kept:]
        with self._wake:
            self._queue.extendleft(reversed(rest))

    def _require_space(self) -> None:
        facts = os.statvfs(self._environment.folder)
        free = facts.f_bavail * facts.f_frsize
        reserve = min(self._settings.free_bytes_min, int(facts.f_blocks * facts.f_frsize * FREE_SHARE_MIN))
        if free < reserve:
            raise StoreFull(
                f"the disk under {self._environment.folder} is nearly full ({free >> 20} MiB free, {reserve >> 20} MiB are kept"
                " in reserve): free some space, reads go on"
            )

    def _refusal(self, error: lmdb.Error) -> StoreError:
        if out_of_space(error):
            return StoreFull(f"the disk under {self._environment.folder} is full: free some space, reads go on")
        return StoreError(f"{self._environment.folder} refused the write: {error}")

    def _grow_early(self) -> None:
        with self._environment.writing:
            try:
                self._environment.grow(early=True)
            except StoreFull:
                self._grow_at = time.monotonic() + GROW_PAUSE_S  # a slow reader is in the way

    def _poison_with(self, reason: str) -> None:
        with self._wake:
            self._poison = reason
            failed = [*self._group, *self._queue]
            self._queue.clear()
        for job in failed:
            if not job.future.done() and (job.future.running() or job.future.set_running_or_notify_cancel()):
                job.future.set_exception(StorePoisoned(reason))

    def keep_house(self) -> None:
        """Free stale readers, trim the journal, forget old outcomes and audit lines: one short commit at a time."""
        now_ms = int(self._clock() * 1000)
        bounds = trimming.Bounds(
            older_than_ms=now_ms - self._settings.journal_age_max_s * 1000, octets_max=self._settings.journal_bytes_max
        )
        try:
            self._environment.check_readers()
            self.trim(bounds)
            self._drop(lambda raw: trimming.sweep_outcomes(raw, self._environment.tables, now_ms))
            audits_before_ms = now_ms - self._settings.audit_age_max_s * 1000
            self._drop(lambda raw: trimming.sweep_audits(raw, self._environment.tables, audits_before_ms))
        except (_FlushFailed, lmdb.PanicError) as error:
            self._poison_with(f"{self._environment.folder} could not be flushed ({error}): the outcome is unknown")
        except (lmdb.Error, StoreError):
            return  # no room to delete in: trimming waits for the operator as writes do

    def trim(self, bounds: trimming.Bounds) -> int:
        """Trim the journal; how many entries were dropped."""
        dropped = step = self._drop(lambda raw: trimming.trim_journal(raw, self._environment.tables, bounds))
        while step == COMMIT_OPS_MAX:
            step = self._drop(lambda raw: trimming.trim_journal(raw, self._environment.tables, bounds))
            dropped += step
        return dropped

    def _drop(self, step: Callable[[Any], int]) -> int:
        with self._environment.writing:
            raw = self._environment.begin_write()
            try:
                count = step(raw)
            except BaseException:
                self._environment.abort_write(raw)
                raise
            _flush(raw)
        return count


def _flush(raw: Any) -> None:
    """Commit. What was refused before it reached the disk, or for want of space, did not happen; else nothing is certain."""
    try:
        raw.commit()
    except lmdb.Error as error:
        if isinstance(error, lmdb.MapFullError | lmdb.BadTxnError) or out_of_space(error):
            raise
        raise _FlushFailed(str(error)) from error


def _apply(job: _Job, txn: LmdbWriteTxn) -> Committed[Any]:
    """Run one change, or find its outcome from the first time."""
    txn.actor = job.actor
    key = job.outcome
    if key is not None and (first := txn.outcome(key)):
        if first.digest != key.digest:
            raise KeyReused("this idempotency key was used for another request")
        return Committed(first.body, first.position, repeated=True)
    result = job.change(txn)
    if key is not None:
        txn.store_outcome(key, cast(bytes, result))
    return Committed(result, txn.position)
