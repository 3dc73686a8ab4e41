"""One round: generator processes with a common start, the kernel watched meanwhile, everything added up.

The processes are forked, so that a hundred megabytes of questions exist once; each sends back its counts through a pipe.
A process that does not report in time is ended and the round fails: half a generator measures nothing.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from idis.bench.asking.generator import generate
from idis.bench.asking.histogram import Histogram
from idis.bench.asking.load import NS_PER_S, Load, Question, Target, plans
from idis.bench.asking.plan import Plan
from idis.bench.asking.tally import Count, Tally
from idis.bench.measuring import observe
from idis.proto.errors import IdisError

# From making the plans to the first question: processes are forked and connections made in it.
LEAD_S = 0.15
LEAD_S_PER_CONNECTION = 0.000_2
READING_NS = 5_000_000  # before counting begins the kernel is asked: that takes somebody a core, and would be in the tail
GRACE_S = 20.0  # beyond the last time-out; sending back a histogram takes milliseconds

Generate = Callable[[Plan, Tally], None]


class RoundError(IdisError):
    """A generator process failed; the text says how."""


@dataclass(slots=True)
class Round:
    """What one round gave.

    Attributes:
        tally: of all processes.
        use: of the server's and the cores' time while it was counted.
        busy: of each process, 0…1.
        cores_watched: those `use.foreign` speaks of.
    """

    tally: Tally
    use: observe.Use
    busy: list[float] = field(default_factory=list)
    cores_watched: frozenset[int] = frozenset()

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.tally[Count.ANSWERED] / self.seconds if self.seconds else 0.0

    @property
    def seconds(self) -> float:
        """How long was counted."""
        return self.use.seconds

    @property
    def server_cpu_us(self) -> float | None:
        """The server's CPU time for one answer, in microseconds."""
        answered = self.tally[Count.ANSWERED]
        return self.use.server_cpu_s * 1e6 / answered if self.use.server_cpu_s is not None and answered else None

    @property
    def server_busy(self) -> float | None:
        """The share of one core the server used; above 1 when it has several."""
        return self.use.server_cpu_s / self.seconds if self.use.server_cpu_s is not None and self.seconds else None


def run_round(
    load: Load, target: Target, question: Question, number: int, *, server: int | None = None, run: Generate = generate
) -> Round:
    """Ask for one round.

    Args:
        number: of the round; keys and schedule are drawn anew for each.
        server: its process id, when it runs here.
        run: what a generator process does; the compiled or the plain loop.

    Raises:
        RoundError: a process failed or did not end.
    """
    lead_s = LEAD_S + LEAD_S_PER_CONNECTION * load.connections
    work = plans(load, target, question, number)
    cores = _watched(load, server)
    start_ns = time.monotonic_ns() + round(lead_s * NS_PER_S)
    processes = observe.tree(server) if server is not None else []
    children = [_Child(load, plan, position, start_ns, run) for position, plan in enumerate(work)]
    try:
        _sleep_until(start_ns + round(load.warm_up_s * NS_PER_S) - READING_NS)
        before = observe.read(processes, cores)
        _sleep_until(start_ns + round(load.duration_s * NS_PER_S))
        after = observe.read(processes, cores)
        tallies = [child.tally(load.timeout_ms / 1_000 + GRACE_S) for child in children]
    finally:
        for child in children:
            child.end()
    total = tallies[0]
    busy = [tally.busy for tally in tallies]
    for tally in tallies[1:]:
        total.add(tally)
    watched_s = (after.at_ns - before.at_ns) / NS_PER_S
    use = observe.between(before, after, total[Count.CPU_NS] / NS_PER_S * watched_s / load.duration_s)
    # Counted is what was due in this time, whenever /proc was read.
    server_s = None if use.server_cpu_s is None else use.server_cpu_s * load.measured_s / watched_s
    return Round(total, observe.Use(load.measured_s, server_s, use.foreign), busy, cores)


def _watched(load: Load, server: int | None) -> frozenset[int]:
    """The cores that should carry nobody but generator and server: those of the pins, and the server's if it is pinned too."""
    if not load.pins:
        return frozenset()
    of_server = frozenset() if server is None else observe.allowed_cores(server)
    return frozenset(load.pins) | (of_server if len(of_server) < (os.cpu_count() or 1) else frozenset())


class _Child:
    """One generator process and the pipe it reports through."""

    def __init__(self, load: Load, plan: Plan, position: int, start_ns: int, run: Generate) -> None:
        context = multiprocessing.get_context("fork")
        self._pipe, far = context.Pipe(duplex=False)
        pin = load.pins[position % len(load.pins)] if load.pins else None
        self._process: BaseProcess = context.Process(
            target=_generate_and_report, args=(load, plan, start_ns, pin, run, far), daemon=True
        )
        self._process.start()
        far.close()

    def tally(self, seconds: float) -> Tally:
        """What the process counted; waits for it at most so long."""
        try:
            if not self._pipe.poll(seconds):
                raise RoundError("a generator process did not end in time")
            report = self._pipe.recv()
        except (EOFError, OSError):
            raise RoundError("a generator process ended without its counts") from None
        if isinstance(report, str):
            raise RoundError(f"a generator process failed: {report}")
        return _unpacked(*report)

    def end(self) -> None:
        """It has ended, or does now."""
        self._process.join(0.5)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._pipe.close()


def _generate_and_report(load: Load, plan: Plan, start_ns: int, pin: int | None, run: Generate, pipe: Connection) -> None:
    """What a generator process does."""
    try:
        if pin is not None:
            os.sched_setaffinity(0, {pin})
        gc.disable()  # a collection would stand between two questions
        tally = Tally(load.interval_ns, load.intervals)
        begun = time.process_time_ns()
        run(replace(plan, start_ns=start_ns), tally)
        tally.counts[Count.CPU_NS] += time.process_time_ns() - begun
        pipe.send(_packed(tally))
    except KeyboardInterrupt:
        pass  # the whole command is interrupted; its first process says so
    except Exception as error:  # the outermost loop of this process: the round must learn why it failed
        pipe.send(f"{type(error).__name__}: {error}")
    finally:
        pipe.close()


def _packed(tally: Tally) -> tuple[int, int, list[bytes]]:
    parts: Sequence[array[int]] = (
        tally.counts, tally.codes, tally.series, tally.service.counts, tally.response.counts, tally.slip.counts
    )  # fmt: skip
    return tally.interval_ns, tally.intervals, [part.tobytes() for part in parts]


def _unpacked(interval_ns: int, intervals: int, parts: list[bytes]) -> Tally:
    counts, codes, series, service, response, slip = (array("Q", part) for part in parts)
    return Tally(interval_ns, intervals, counts, codes, Histogram(3, service), Histogram(3, response), Histogram(3, slip), series)


def _sleep_until(moment_ns: int) -> None:
    while (left := moment_ns - time.monotonic_ns()) > 0:
        time.sleep(left / NS_PER_S)
