"""The machine a figure was taken on, in one line: figures without it say nothing."""

from __future__ import annotations

import os
import platform
from pathlib import Path

_CPU_FACTS = Path("/proc/cpuinfo")


def machine_line() -> str:
    """Processor, usable cores, memory, kernel and Python."""
    cores = len(os.sched_getaffinity(0))
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{_processor()}, {cores} cores, {memory_gib:.1f} GiB, {platform.system()} {platform.release()}, {python}"


def _processor() -> str:
    try:
        facts = _CPU_FACTS.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.machine()
    names = (line.partition(":")[2].strip() for line in facts.splitlines() if line.startswith("model name"))
    return next(names, platform.machine())
