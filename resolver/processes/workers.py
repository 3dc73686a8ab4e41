"""What a process of a node with workers does, from its fork to its end.

A worker answers on the binary port and nothing else, so that a JSON request of 100 µs never stands in front of an answer
of 4 µs; the keeper has the store, the journal and HTTP. Both are a `Node` with part of the sockets. They are forked from
the supervisor, which has everything imported and nothing open: LMDB and the event loop begin here.
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import signal
import time
from dataclasses import dataclass, replace

from idis.proto.errors import IdisError
from idis.resolver import log
from idis.resolver.config import NodeConfig
from idis.resolver.metrics import Metrics
from idis.resolver.node import Node
from idis.resolver.processes.board import KEEPER, Board, Seat, State, process_name
from idis.resolver.processes.precedence import give_way
from idis.resolver.processes.serving import LEAVE, loop_factory, serve
from idis.resolver.transports.sockets import Sockets

REPORT_S = 0.1  # how old the counts of a process may be that the others see; writing them takes 50 µs
BEAT_S = 1.0  # the same of a process that had nothing to count; it still shows that it lives

_CACHE_BYTES_MIN = 65_536
_NAME_PROCESS, _DIE_WITH_PARENT = 15, 1  # PR_SET_NAME, PR_SET_PDEATHSIG of prctl(2)
_prctl = ctypes.CDLL(None).prctl


@dataclass(frozen=True, slots=True)
class Place:
    """Where a process stands in its node: its number, its sockets, its seat on the board."""

    number: int
    sockets: Sockets
    board: Board
    seat: Seat

    def connections_elsewhere(self) -> int:
        """Connections of the node that other processes have."""
        return self.board.connections_beside(self.seat)

    def connections_here(self, count: int) -> None:
        """Tell the others how many this process has."""
        self.seat.connections = count

    def report(self, metrics: Metrics) -> dict[str, float]:
        """Show the others what this process has counted, and that it lives; what it has counted."""
        numbers = metrics.numbers()
        self.seat.counters.write(numbers)
        self.seat.beat_s = time.monotonic()
        return numbers

    async def report_often(self, metrics: Metrics) -> None:
        """Report for ever; ends by cancellation."""
        shown: dict[str, float] = {}
        while True:
            before, shown = shown, self.report(metrics)
            await asyncio.sleep(REPORT_S if shown != before else BEAT_S)


def share_of(config: NodeConfig) -> NodeConfig:
    """What one process of the node may hold, where that is divided between them.

    Memory for the cache, and questions that wait for others, are divided by all processes that recurse. So is what an
    unproven source may ask, by the workers: a forged address never gets more of the node than is configured. Limits of
    proven sources hold in each worker, so that one connection gets what is configured.
    """
    workers, processes = config.node.workers, config.node.workers + 1
    recursion, limits, guard = config.recursion, config.limits, config.guard
    return replace(
        config,
        recursion=replace(recursion, cache_bytes=max(recursion.cache_bytes // processes, _CACHE_BYTES_MIN)),
        limits=replace(limits, pending_queries=-(-limits.pending_queries // processes)),
        guard=replace(
            guard,
            unvalidated_per_s=-(-guard.unvalidated_per_s // workers),
            unvalidated_burst=-(-guard.unvalidated_burst // workers),
        ),
    )


def run(config: NodeConfig, place: Place, supervisor: int, wake: int) -> int:
    """Be one process of a node until told to stop; called in the child right after the fork, signals still blocked.

    Args:
        config: the share of this process.
        place: its sockets and its seat.
        supervisor: the process number of its parent.
        wake: where one octet tells the supervisor to look at the board.

    Returns:
        The exit code: 0 after a stop, 2 when it could not start (the seat says why), 1 after a fault of ours.
    """
    name = process_name(place.number)
    _detach(supervisor, name)
    if place.number == KEEPER:
        give_way()
    log.configure(config.node.log_level, process=name)
    place.seat.pid = os.getpid()

    def tell_ready() -> None:
        place.seat.state = State.READY
        os.write(wake, b"\x00")

    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            return runner.run(serve(Node(config, place), tell_ready))
    except IdisError as error:
        place.seat.reason = str(error)
        return 2
    except Exception as error:  # the outermost loop of this process: the supervisor starts another one
        place.seat.reason = f"{name} failed: {error!r}"
        log.note(logging.ERROR, "failed", exc_info=True)
        return 1


def _detach(supervisor: int, name: str) -> None:
    """End with the parent, leave the terminal's signals to it, show a name."""
    _prctl(_DIE_WITH_PARENT, signal.SIGTERM)
    _prctl(_NAME_PROCESS, f"idis {name}".encode())
    if os.getppid() != supervisor:
        os._exit(0)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGCHLD, LEAVE):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
