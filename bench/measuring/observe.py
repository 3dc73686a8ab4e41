"""What the kernel says about the server and the cores during a round: CPU time of processes, use of cores, strangers.

All from /proc, so on Linux only; where a file is missing the figure is None and the report says so.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_NS_PER_S = 1_000_000_000
_PROCESSES_MAX = 4_096  # of one tree


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at the clock, a server's processes and some cores.

    Attributes:
        at_ns: of the monotonic clock.
        server_ns: CPU time of the server with its threads and descendants; None without one.
        cores_ns: for each core watched, CPU time spent on tasks and stolen by the hypervisor; interrupts are not in it,
            because loopback traffic of the measurement itself is delivered in them.
    """

    at_ns: int
    server_ns: int | None
    cores_ns: dict[int, int]


@dataclass(frozen=True, slots=True)
class Use:
    """The difference of two readings.

    Attributes:
        seconds: between them.
        server_cpu_s: None when there is no server to look at.
        foreign: share of the watched cores' time used by neither server nor generator; None when nothing is watched.
    """

    seconds: float
    server_cpu_s: float | None
    foreign: float | None


def read(processes: Sequence[int], cores: frozenset[int]) -> Reading:
    """Look now; takes a tenth of a millisecond.

    Args:
        processes: of the server, as `tree` finds them; none when it is elsewhere.
        cores: which cores to watch.
    """
    spent = [cpu for cpu in map(cpu_ns, processes) if cpu is not None]
    return Reading(time.monotonic_ns(), sum(spent) if spent else None, _cores_ns(cores))


def between(before: Reading, after: Reading, generator_cpu_s: float) -> Use:
    """What was used from one reading to the other, the generator's own part known."""
    seconds = (after.at_ns - before.at_ns) / _NS_PER_S
    server_s = None
    if before.server_ns is not None and after.server_ns is not None:
        server_s = (after.server_ns - before.server_ns) / _NS_PER_S
    foreign = None
    cores = before.cores_ns.keys() & after.cores_ns.keys()
    if cores and seconds > 0:
        used_s = sum(after.cores_ns[core] - before.cores_ns[core] for core in cores) / _NS_PER_S
        foreign = max(used_s - generator_cpu_s - (server_s or 0.0), 0.0) / (seconds * len(cores))
    return Use(seconds, server_s, foreign)


def tree(process: int) -> list[int]:
    """A process and its descendants, as far as they can be seen; takes milliseconds, for all there are are looked at."""
    children: dict[int, list[int]] = {}
    for path in _PROC.iterdir():
        if path.name.isdigit() and (parent := _parent(path)) is not None:
            children.setdefault(parent, []).append(int(path.name))
    found = [process]
    for one in found:
        found += children.get(one, [])
        if len(found) > _PROCESSES_MAX:
            break
    return found


def cpu_ns(process: int) -> int | None:
    """CPU time of all threads of a process, in nanoseconds where the scheduler tells, else in ticks; None when it is gone."""
    try:
        tasks = [int((task / "schedstat").read_bytes().split()[0]) for task in (_PROC / str(process) / "task").iterdir()]
    except (OSError, ValueError, IndexError):
        tasks = []
    # Threads that have ended are only in the total of the process, which counts in ticks.
    return max(sum(tasks), _ticks_ns(process) or 0) or None


def allowed_cores(process: int) -> frozenset[int]:
    """The cores a process may run on; none when that cannot be seen."""
    try:
        return frozenset(os.sched_getaffinity(process))
    except OSError:
        return frozenset()


def exists(process: int) -> bool:
    """Whether there is such a process."""
    return (_PROC / str(process) / "stat").exists()


def _fields_of(path: Path) -> list[bytes]:
    """The fields of a stat file behind the name, which may hold blanks."""
    return path.read_bytes().rpartition(b")")[2].split()


def _parent(path: Path) -> int | None:
    try:
        return int(_fields_of(path / "stat")[1])
    except (OSError, ValueError, IndexError):
        return None


def _ticks_ns(process: int) -> int | None:
    try:
        fields = _fields_of(_PROC / str(process) / "stat")
        return (int(fields[11]) + int(fields[12])) * (_NS_PER_S // _TICKS_PER_S)
    except (OSError, ValueError, IndexError):
        return None


def _cores_ns(cores: frozenset[int]) -> dict[int, int]:
    """User, nice, system and stolen time of each core."""
    if not cores:
        return {}
    try:
        lines = (_PROC / "stat").read_text().splitlines()
    except OSError:
        return {}
    wanted = {f"cpu{core}": core for core in cores}
    found = {}
    for name, *numbers in (line.split() for line in lines):
        if name in wanted and len(numbers) >= 8:
            user, nice, system, _idle, _wait, _interrupts, _soft_interrupts, stolen = map(int, numbers[:8])
            found[wanted[name]] = (user + nice + system + stolen) * (_NS_PER_S // _TICKS_PER_S)
    return found
