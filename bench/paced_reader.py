"""A reader that asks one question at a fixed rate over UDP, whatever is still unanswered, and tells apart whose time it took.

Response times count from when a question was due, as a client sees them (coordinated omission, `performance.md` §5). On a
machine where the reader wants the same cores as the node, part of that is the reader's own: it sent late, or took late
what had come. So the kernel notes when each answer was put into the reader's socket (SO_TIMESTAMPNS), which is when the
node sent it: from when the question left until then is the node's part, and what the kernel let the node wait for.
"""

from __future__ import annotations

import ctypes
import select
import socket
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

READ_S_MAX = 5.0  # for what has been asked and not answered at the end

_TIMER_SLACK = 29  # PR_SET_TIMERSLACK (prctl(2))
_TIMESTAMPS = 35  # SO_TIMESTAMPNS (socket(7)); Python has no name for it
_MOMENT = struct.Struct("@qq")  # seconds, nanoseconds of the system's clock
_ROOM_BYTES = 4_194_304  # for answers that come while the reader does not run; the kernel may give less


@dataclass(frozen=True, slots=True)
class Reading:
    """What each question came to, in milliseconds and in no order.

    Attributes:
        response_ms: from when it was due until its answer was taken.
        slip_ms: from when it was due until it was sent.
        node_ms: from when it was sent until its answer lay in the socket.
        taking_ms: from then until it was taken.
    """

    response_ms: Sequence[float]
    slip_ms: Sequence[float]
    node_ms: Sequence[float]
    taking_ms: Sequence[float]


def percentile(times: Sequence[float], share: float) -> float:
    """The value below which that share of them lies."""
    ordered = sorted(times)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def read_at(port: int, frame: bytes, per_s: int, seconds: float, check: Callable[[bytes], None]) -> Reading:
    """Ask for so long; every answer is checked.

    Args:
        port: of a node on this machine.
        frame: the question; its request number is changed.
        check: of an answer; raises what it likes.

    Raises:
        SystemExit: not all questions were answered.
    """
    ctypes.CDLL(None).prctl(_TIMER_SLACK, 1)  # the kernel may wake who sleeps 50 µs late unless told otherwise
    count, sent = int(seconds * per_s), 0
    response: list[float] = []
    slip: list[float] = []
    node: list[float] = []
    taking: list[float] = []
    left_at = [0] * count
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _ROOM_BYTES)
        asker.setsockopt(socket.SOL_SOCKET, _TIMESTAMPS, 1)
        asker.connect(("127.0.0.1", port))
        started = time.time_ns()
        due = [started + number * 1_000_000_000 // per_s for number in range(count)]
        while len(response) < count:
            early_s = (due[sent] - time.time_ns()) / 1e9 if sent < count else READ_S_MAX
            if early_s <= 0:
                left_at[sent] = time.time_ns()
                slip.append((left_at[sent] - due[sent]) / 1e6)
                sent += 1
                asker.send(frame[:8] + sent.to_bytes(4, "big") + frame[12:])
            elif select.select((asker,), (), (), early_s)[0]:
                answer, told, _flags, _address = asker.recvmsg(65_536, 64)
                taken_at, came_at = time.time_ns(), _moment(told)
                number = int.from_bytes(answer[8:12], "big") - 1
                check(answer)
                response.append((taken_at - due[number]) / 1e6)
                node.append((came_at - left_at[number]) / 1e6)
                taking.append((taken_at - came_at) / 1e6)
            elif sent == count:
                raise SystemExit(f"{count - len(response)} of {count} questions were not answered within {READ_S_MAX} s")
    return Reading(response, slip, node, taking)


def _moment(told: Sequence[tuple[int, int, bytes]]) -> int:
    """When the kernel got a datagram, in nanoseconds."""
    for level, kind, octets in told:
        if (level, kind) == (socket.SOL_SOCKET, _TIMESTAMPS):
            seconds, nanoseconds = _MOMENT.unpack(octets[: _MOMENT.size])
            return int(seconds) * 1_000_000_000 + int(nanoseconds)
    raise SystemExit("this kernel does not tell when a datagram came")
