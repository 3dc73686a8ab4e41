"""The supervisor of a node with workers: binds, forks, watches, replaces, stops. It answers nobody.

    supervisor ── keeper      store, journal, HTTP, metrics of all
             ├─── worker 1    binary port, UDP and TCP
             └─── worker N    binary port, UDP and TCP

It owns every listening socket and the lock of the data directory, so neither is ever given up while a process is
replaced: connections and datagrams that come meanwhile wait in the kernel for the next process on the same socket. It
opens no store, runs no event loop and no thread, so that it may fork at any time. Its children end with it.

A process that ends is started again, at once, then ever later up to PAUSE_S_MAX. Two that are ended by signals within a
minute may mean a damaged store (`storage.md` §2.8), so the node stops and says so. SIGHUP replaces the workers one after
the other: the new one answers before the old one stops accepting.
"""

from __future__ import annotations

import logging
import os
import secrets
import select
import signal
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NoReturn

from idis.proto.dns.cookie import SECRET_BYTES
from idis.proto.errors import IdisError
from idis.registry.store.directory import NodeLock, current_generation
from idis.resolver import log
from idis.resolver.collector import hush
from idis.resolver.config import NodeConfig
from idis.resolver.node import STOP_GRACE_S
from idis.resolver.processes import workers
from idis.resolver.processes.board import KEEPER, Board, Seat, State, process_name
from idis.resolver.processes.serving import LEAVE
from idis.resolver.transports.sockets import Sockets, bind_shared

START_S_MAX = 30.0  # a process that does not answer by then is ended; half a second is usual
STOP_S_MAX = 2 * STOP_GRACE_S  # a process that has not ended by then is killed
PAUSE_S_MIN, PAUSE_S_MAX = 0.1, 5.0  # between starts of a process that keeps ending, doubled each time
LIVED_S = 60.0  # whoever lived so long ends the series
DEATHS_MAX, DEATHS_WITHIN_S = 2, 60.0  # by signals

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
_HELD_BACK = (*_SIGNALS, LEAVE)  # around a fork, until the child has handlers of its own


class SupervisorError(IdisError):
    """The node cannot go on; the text says why and what to do."""


@dataclass(slots=True)
class Child:
    """A running process. `deadline` is when it is killed unless it has got further; `killed` says that we did."""

    pid: int
    seat: Seat
    started: float
    deadline: float | None
    killed: bool = False


@dataclass(slots=True)
class Post:
    """One process number: who serves, who is about to, who is finishing; `due` is when the next one is started."""

    number: int
    sockets: Sockets
    seats: tuple[Seat, Seat]
    serving: Child | None = None
    coming: Child | None = None
    leaving: Child | None = None
    due: float | None = None
    pause_s: float = PAUSE_S_MIN

    @property
    def children(self) -> list[Child]:
        """Its processes."""
        return [child for child in (self.serving, self.coming, self.leaving) if child is not None]


def run(config: NodeConfig, *, ready: Callable[[], None] | None = None) -> int:
    """Serve with several processes until SIGTERM or SIGINT; see `serving.run`."""
    log.configure(config.node.log_level, process="supervisor")
    current_generation(config.data_dir)
    lock = NodeLock(config.data_dir)
    try:
        shares, http = bind_shared(config.listen, config.node.workers, config.tls, config.dns)
        if config.dns.enabled and not config.dns.cookie_secret:  # any worker may meet the cookie that another one made
            config = replace(config, dns=replace(config.dns, cookie_secret=secrets.token_hex(SECRET_BYTES)))
        return Supervisor(config, [http, *shares]).run(ready)
    finally:
        lock.release()


class Supervisor:
    """Runs the processes of one node; `sockets` are those of each process number."""

    def __init__(self, config: NodeConfig, sockets: list[Sockets]) -> None:
        self._config = config
        self._board = Board(config.node.workers)
        self._posts = [Post(number, own, self._board.seats_of(number)) for number, own in enumerate(sockets)]
        self._pid = os.getpid()
        self._deaths: deque[float] = deque()
        self._renew: deque[Post] = deque()  # to be replaced, one after the other
        self._answering = False  # whether all have been ready once
        self._told = _Told()

    def run(self, ready: Callable[[], None] | None) -> int:
        """Start, watch, stop; returns 0.

        Raises:
            SupervisorError: a process could not start, or too many were ended by signals. Nothing is left running.
        """
        hush(hot=False)  # pages the collector does not write to stay shared
        try:
            for post in self._posts:
                self._start(post, time.monotonic())
            while not self._told.to_stop:
                self._told.wait(self._patience_s(time.monotonic()))
                self._look(time.monotonic(), ready)
            log.note(logging.INFO, "stopping", name=self._config.node.name)
        finally:
            self._stop()
            self._told.close()
        log.note(logging.INFO, "stopped", name=self._config.node.name)
        return 0

    def _look(self, now: float, ready: Callable[[], None] | None) -> None:
        """Take in what has happened and do what is due."""
        for post in self._posts:
            for child in post.children:
                self._bury(post, child, now)
        if self._told.to_stop:
            return
        for post in self._posts:
            self._promote(post, now)
            if post.due is not None and now >= post.due:
                self._start(post, now)
        if not self._answering and all(post.serving for post in self._posts):
            self._answering = True
            ports = self._posts[KEEPER].sockets
            log.note_ready(logging.INFO, self._config, ports.port, ports.http_port, ports.tls_port)
            if ready is not None:
                ready()
        if self._told.to_renew:
            self._told.to_renew = False
            self._renew = deque(self._posts[KEEPER + 1 :])
        self._go_on_renewing(now)

    def _start(self, post: Post, now: float) -> None:
        """Fork a process for a post."""
        seat = next(seat for seat in post.seats if seat.state is State.EMPTY)
        seat.prepare()
        post.due = None
        signal.pthread_sigmask(signal.SIG_BLOCK, _HELD_BACK)
        try:
            pid = os.fork()
            if pid == 0:
                self._be(post, seat)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD_BACK)
        post.coming = Child(pid, seat, now, now + START_S_MAX)

    def _be(self, post: Post, seat: Seat) -> NoReturn:
        """What the child does."""
        code = 1
        try:
            for other in self._posts:
                if other is not post:
                    other.sockets.close()
            place = workers.Place(post.number, post.sockets, self._board, seat)
            code = workers.run(workers.share_of(self._config), place, self._pid, self._told.ear)
        finally:
            os._exit(code)

    def _promote(self, post: Post, now: float) -> None:
        """A process that has become ready serves; the one before it leaves."""
        coming = post.coming
        if coming is None or coming.seat.state is not State.READY:
            self._kill_late(post, now)
            return
        before, post.serving, post.coming = post.serving, coming, None
        coming.deadline = None
        if self._answering:
            self._board.count_restart(post.number)
            log.note(logging.INFO, "process replaced", which=process_name(post.number), pid=coming.pid)
        if before is not None:
            before.seat.state = State.LEAVING
            before.deadline = now + STOP_S_MAX
            post.leaving = before
            _send(before, LEAVE)
        self._kill_late(post, now)

    def _bury(self, post: Post, child: Child, now: float) -> None:
        """If a process has ended, say so and see that there is another one."""
        pid, status = os.waitpid(child.pid, os.WNOHANG)
        if not pid:
            return
        was = "leaving"
        if child is post.leaving:
            post.leaving = None
        elif child is post.coming:
            was, post.coming = "coming", None
        else:
            was, post.serving = "serving", None
        child.seat.clear()
        code = os.waitstatus_to_exitcode(status)
        if self._told.to_stop or (was == "leaving" and code == 0):
            return
        self._judge(post, child, code, was, now)

    def _judge(self, post: Post, child: Child, code: int, was: str, now: float) -> None:
        """A process ended that should not have."""
        reason = child.seat.reason or _cause(post.number, code)
        log.note(logging.ERROR, "process ended", pid=child.pid, was=was, reason=reason)
        if code < 0 and not child.killed:
            self._count_death(reason, now)
        if not self._answering:
            raise SupervisorError(reason)
        if was == "coming" and post.serving is not None:
            self._renew.clear()  # what does not start shall not replace more of what runs
        if post.serving is None and post.coming is None:
            if now - child.started > LIVED_S:
                post.pause_s = PAUSE_S_MIN
            post.due = now + post.pause_s
            post.pause_s = min(post.pause_s * 2, PAUSE_S_MAX)

    def _count_death(self, reason: str, now: float) -> None:
        self._deaths.append(now)
        while now - self._deaths[0] > DEATHS_WITHIN_S:
            self._deaths.popleft()
        if len(self._deaths) >= DEATHS_MAX:
            raise SupervisorError(
                f"{len(self._deaths)} processes of this node were ended by signals within {DEATHS_WITHIN_S:.0f} s ({reason}):"
                f" run 'idis verify {self._config.data_dir}' before starting it again"
            )

    def _go_on_renewing(self, now: float) -> None:
        """Replace the next worker, when the one before has been replaced."""
        if self._renew and not any(post.coming or post.leaving or post.due is not None for post in self._posts):
            self._start(self._renew.popleft(), now)

    def _kill_late(self, post: Post, now: float) -> None:
        for child in post.children:
            if child.deadline is not None and now >= child.deadline:
                child.deadline = None
                child.killed = True
                _send(child, signal.SIGKILL)

    def _patience_s(self, now: float) -> float | None:
        """How long nothing is due; None: until something happens."""
        times = [post.due for post in self._posts] + [child.deadline for post in self._posts for child in post.children]
        due = [at for at in times if at is not None]
        return max(min(due) - now, 0) if due else None

    def _stop(self) -> None:
        """End every process and close every socket; who has not ended within STOP_S_MAX is killed."""
        for post in self._posts:
            post.sockets.close()  # from here on nobody is kept waiting who will never be answered
        children = [child for post in self._posts for child in post.children]
        for child in children:
            _send(child, signal.SIGTERM)
        deadline = time.monotonic() + STOP_S_MAX
        while children := [child for child in children if not os.waitpid(child.pid, os.WNOHANG)[0]]:
            if (left_s := deadline - time.monotonic()) <= 0:
                for child in children:
                    _send(child, signal.SIGKILL)
                deadline = time.monotonic() + STOP_S_MAX
            else:
                self._told.wait(left_s)


class _Told:
    """What signals and children tell the supervisor, through a pipe that wakes it.

    Attributes:
        to_stop: SIGTERM or SIGINT came.
        to_renew: SIGHUP came.
        ear: where a child writes an octet when the board is worth a look.
    """

    def __init__(self) -> None:
        self.to_stop = self.to_renew = False
        self._mouth, self.ear = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._before = {number: signal.signal(number, lambda _number, _frame: None) for number in _SIGNALS}
        self._wakeup_before = signal.set_wakeup_fd(self.ear, warn_on_full_buffer=False)

    def wait(self, seconds: float | None) -> None:
        """Sleep until something is told, or for so long."""
        if select.select([self._mouth], [], [], seconds)[0]:
            told = os.read(self._mouth, 4_096)
            self.to_stop |= signal.SIGTERM in told or signal.SIGINT in told
            self.to_renew |= signal.SIGHUP in told

    def close(self) -> None:
        """Give the signals back."""
        signal.set_wakeup_fd(self._wakeup_before)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._mouth)
        os.close(self.ear)


def _send(child: Child, number: signal.Signals) -> None:
    """A child that has ended but was not waited for still has its number, so this reaches nobody else."""
    os.kill(child.pid, number)


def _cause(number: int, code: int) -> str:
    """Why a process ended, in words."""
    if code < 0:
        return f"{process_name(number)} was ended by {signal.Signals(-code).name}"
    return f"{process_name(number)} ended with exit code {code}"
