"""Who goes before whom: what the kernel is told, by threads of this process that then end."""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import threading
from collections.abc import Callable
from typing import TypeVar

import pytest

from idis.resolver.processes.precedence import KEEPER_NICE, SLICE_NS, answer_first, give_way

T = TypeVar("T")

SCHED_GETATTR = {"x86_64": 315, "aarch64": 275}
RUNTIME_AT = 24


def in_a_thread(work: Callable[[], T]) -> T:
    """What it comes to in a thread of its own, whose priority is nobody else's."""
    results: list[T] = []
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()
    thread.join()
    return results[0]


def slice_ns() -> int:
    """Of the calling thread; 0 with kernels that do not tell."""
    octets = ctypes.create_string_buffer(56)
    ctypes.CDLL(None).syscall(SCHED_GETATTR[platform.machine()], 0, octets, len(octets), 0)
    return int(struct.unpack_from("=Q", octets, RUNTIME_AT)[0])


def standing() -> tuple[int, int]:
    """Policy and nice value of the calling thread."""
    return os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK, os.getpriority(os.PRIO_PROCESS, 0)


@pytest.mark.skipif(platform.machine() not in SCHED_GETATTR, reason="the numbers of its system calls are not known")
def test_who_answers_first_has_short_slices():
    """It keeps its policy and its nice value, and what it starts has usual slices."""

    def work() -> tuple[int, int, int, tuple[int, int], tuple[int, int]]:
        usual, before = slice_ns(), standing()
        answer_first()
        return usual, slice_ns(), in_a_thread(slice_ns), before, standing()

    usual, now, started, before, after = in_a_thread(work)
    if not usual:
        pytest.skip("this kernel has no slices of one's own")

    assert now == SLICE_NS < usual == started
    assert before == after


def test_who_gives_way_is_nicer_and_interrupts_nobody():
    """Its policy is the one whose processes do not stop others by waking."""

    def work() -> tuple[tuple[int, int], tuple[int, int]]:
        before = standing()
        give_way()
        return before, standing()

    (policy, nice), after = in_a_thread(work)

    assert policy == os.SCHED_OTHER
    assert after == (os.SCHED_BATCH, min(nice + KEEPER_NICE, 19))


def test_who_gives_way_among_real_time_processes_stays_one_of_them():
    """One priority lower, so that it is still before all that have none."""

    def work() -> tuple[int, int] | None:
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(2))
        except PermissionError:
            return None
        give_way()
        return os.sched_getscheduler(0), os.sched_getparam(0).sched_priority

    found = in_a_thread(work)
    if found is None:
        pytest.skip("real-time priorities need CAP_SYS_NICE")

    assert found == (os.SCHED_FIFO, 1)
