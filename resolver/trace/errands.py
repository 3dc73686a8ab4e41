"""Errands that are kept: long ones while they run, and what they and others found for as long as somebody may go on with it.

An errand is known by a secret, in base 32: the id of its question, which the nodes it reached know too, and as much again
which only whoever asked knows. All of it is in the memory of one process, and bounded: the oldest that does not run goes first.
Those that take their time are written down beside it (`job_files.py`).
"""

from __future__ import annotations

import asyncio
import secrets
from base64 import b32encode
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum

from idis.proto.codes import ResponseCode
from idis.proto.trace import TRACE_ID_BYTES
from idis.registry.registration.checks import Refusal
from idis.resolver.recursion.recursor import Clock
from idis.resolver.trace.errand import Errand

KEPT_S = 600  # after it ended, or was looked at
KEPT_MAX = 64
KEPT_EDGES_MAX = 300_000  # of all that are kept; an edge takes about 700 octets
RUNNING_MAX = 4  # that outlive their request
RUNNING_PER_IDENTITY_MAX = 2

JOB_EDGES = 500_000
JOB_MS = 600_000
JOB_NODES = 256


class State(Enum):
    """How it stands with an errand."""

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"
    INTERRUPTED = "interrupted"  # by a restart of the node: a fresh pass has it asked anew


@dataclass(slots=True, eq=False)
class Kept:
    """An errand that is kept.

    Attributes:
        job: its secret name.
        kind: of its answer, as whoever made it calls it.
        identity: of whoever asked.
        errand: the question itself.
        view: makes the answer of what it has found.
        begun, touched: unix time.
        task: that takes it to its end; None where nothing runs.
        running_s: how long it has run in all, up to the last end; `since` is when it began to run, monotonic.
    """

    job: str
    kind: str
    identity: str
    errand: Errand
    view: Callable[[], object]
    begun: float
    touched: float
    task: asyncio.Task[None] | None = None
    running_s: float = 0.0
    since: float = 0.0
    state: State = State.DONE
    over: asyncio.Event = field(default_factory=asyncio.Event)


class Errands:
    """The errands of one process."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Kept] = OrderedDict()

    def keep(
        self, kind: str, identity: str, errand: Errand, view: Callable[[], object], clock: Clock, *, job: str = ""
    ) -> Kept:
        """Keep an errand that is over, or not begun; `job` is the name it had before a restart."""
        now = clock.time()
        secret = errand.question.trace_id + secrets.token_bytes(TRACE_ID_BYTES)
        job = job or b32encode(secret).decode().rstrip("=").lower()
        kept = self._kept[job] = Kept(job, kind, identity, errand, view, now, now)
        self._sweep(now)
        return kept

    def find(self, job: str, clock: Clock) -> Kept | Refusal:
        """The errand of a secret."""
        now = clock.time()
        self._sweep(now)
        kept = self._kept.get(job)
        if kept is None:
            return Refusal(ResponseCode.HANDLE_NOT_FOUND, "no such question is kept here: it is over, or another node has it")
        kept.touched = now
        self._kept.move_to_end(job)
        return kept

    def refuse(self, identity: str) -> Refusal | None:
        """Why nothing more of somebody may run now."""
        running = [kept.identity for kept in self._kept.values() if kept.state is State.RUNNING]
        if running.count(identity) >= RUNNING_PER_IDENTITY_MAX:
            return Refusal(ResponseCode.SERVER_TOO_BUSY, f"{RUNNING_PER_IDENTITY_MAX} questions of yours run: cancel one")
        if len(running) >= RUNNING_MAX:
            return Refusal(ResponseCode.SERVER_TOO_BUSY, "too many long questions run here: ask again in a while")
        return None

    def run(
        self, kept: Kept, work: Awaitable[None], clock: Clock, after: Callable[[Kept], Awaitable[None]] | None = None
    ) -> None:
        """Let an errand run, whoever waits for it; `after` is what is to be done when it has come to its end."""
        kept.state, kept.since = State.RUNNING, clock.monotonic()
        kept.over.clear()

        async def finish() -> None:
            try:
                await work
                kept.state = State.DONE
            except asyncio.CancelledError:
                kept.state = State.CANCELLED
                raise
            finally:
                if kept.state is State.RUNNING:
                    kept.state = State.FAILED  # the loop logs why
                kept.running_s += clock.monotonic() - kept.since
                kept.touched, kept.task = clock.time(), None
                kept.over.set()
            if after is not None and kept.job in self._kept:
                await after(kept)

        kept.task = asyncio.get_running_loop().create_task(finish())

    async def drop(self, kept: Kept) -> None:
        """End an errand and forget what it found."""
        self._kept.pop(kept.job, None)
        if kept.task is not None:
            kept.task.cancel()
            await kept.over.wait()

    def _sweep(self, now: float) -> None:
        """Forget what is too old, and the oldest of what is too much."""
        idle = [kept for kept in self._kept.values() if kept.state is not State.RUNNING]
        edges = sum(kept.errand.edges for kept in idle)
        for at, kept in enumerate(idle):
            if now - kept.touched > KEPT_S or (at < len(idle) - 1 and (len(idle) - at > KEPT_MAX or edges > KEPT_EDGES_MAX)):
                del self._kept[kept.job]
                edges -= kept.errand.edges
