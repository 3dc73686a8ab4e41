"""The machine a figure was taken on, in one line: figures without it say nothing."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from idis.proto.errors import IdisError

REALTIME_HELP = "before all other programs of this machine, which wait meanwhile; needs root"
FIRST, SECOND = 2, 1  # priorities of measured and measuring programs, and of what only disturbs them


class PriorityError(IdisError):
    """The kernel does not let this process go first; the text says so."""


_CPU_FACTS = Path("/proc/cpuinfo")


def machine_line() -> str:
    """Processor, usable cores, memory, kernel and Python."""
    cores = len(os.sched_getaffinity(0))
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{_processor()}, {cores} cores, {memory_gib:.1f} GiB, {platform.system()} {platform.release()}, {python}"


def go_first(priority: int = FIRST) -> None:
    """From now on this process, and those it starts, run before all that have no real-time priority.

    On a machine that others use too this is the only way to latencies that mean something. The kernel still gives others
    a twentieth of a core that is never idle.

    Raises:
        PriorityError: it may not.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    except PermissionError:
        raise PriorityError("--realtime needs root or CAP_SYS_NICE") from None


def _processor() -> str:
    try:
        facts = _CPU_FACTS.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.machine()
    names = (line.partition(":")[2].strip() for line in facts.splitlines() if line.startswith("model name"))
    return next(names, platform.machine())
