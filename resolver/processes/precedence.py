"""Who goes before whom when threads of a node want the same core: whoever answers before whoever writes.

No privilege is needed, and nothing but speed hangs on it, so a kernel that refuses is not an error.

A thread that wakes does not simply run. Since Linux 6.6 the one that is running may finish its slice first, 1.4 ms on two
cores, and whether it has is looked at when the timer ticks, with many kernels every 4 ms. Since 6.12 a thread that asks
for shorter slices goes before one that has longer ones as soon as it wakes; it gets no more of the core for that. So who
answers asks for short slices. The keeper is nicer, and never stops another process by waking (SCHED_BATCH).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import struct

SLICE_NS = 250_000  # a turn of the loop with 256 answers; the kernel allows 0.1 to 100 ms
KEEPER_NICE = 5  # leaves it a quarter of a core that a worker wants all the time: writes go on beside `busy_poll`

# struct sched_attr (sched_setattr(2)): its size, policy, flags, nice, real-time priority, runtime, deadline, period.
_ATTRIBUTES = struct.Struct("=IIQiIQQQ")
_RESET_ON_FORK = 1  # SCHED_FLAG_RESET_ON_FORK
_CALLS = {"x86_64": 314, "aarch64": 274}  # sched_setattr, for which not every C library has a function


def answer_first() -> None:
    """Let the calling thread run soon after it wakes; those it starts are as others."""
    call = _CALLS.get(platform.machine())
    if call is None or os.sched_getscheduler(0) != os.SCHED_OTHER:
        return
    octets = _ATTRIBUTES.pack(
        _ATTRIBUTES.size, os.SCHED_OTHER, _RESET_ON_FORK, os.getpriority(os.PRIO_PROCESS, 0), 0, SLICE_NS, 0, 0
    )
    ctypes.CDLL(None).syscall(call, 0, octets, 0)


def give_way() -> None:
    """Let the calling thread, and those it starts, come after whoever answers, without starving.

    Under a real-time policy its priority becomes the next lower one.
    """
    policy, priority = os.sched_getscheduler(0), os.sched_getparam(0).sched_priority
    with contextlib.suppress(OSError):
        if policy in (os.SCHED_FIFO, os.SCHED_RR):
            os.sched_setparam(0, os.sched_param(max(priority - 1, 1)))
        elif policy == os.SCHED_OTHER:
            os.setpriority(os.PRIO_PROCESS, 0, min(os.getpriority(os.PRIO_PROCESS, 0) + KEEPER_NICE, 19))
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
