"""The board: memory that all processes of one node map, in which each says how it is.

Process numbers: 0 is the keeper (store, journal, HTTP), 1 to N are the workers. Each number has two seats, because a
process that is replaced still finishes its work while the next one begins. A seat is written by the process that sits on
it; only its state is the supervisor's as well, before that process begins and after it has ended.
"""

from __future__ import annotations

import mmap
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from idis.resolver.guard.proofs import NEWS_BYTES, RING_BYTES, Proofs
from idis.resolver.metrics import Metrics
from idis.resolver.metrics_block import BLOCK_BYTES, CounterBlock

KEEPER = 0
BEAT_S_MAX = 3.0  # a process whose loop has not turned for so long answers nobody

_SENTENCE_BYTES = 1_024
_HEAD_BYTES = 64 + _SENTENCE_BYTES
_SEAT_BYTES = _HEAD_BYTES + BLOCK_BYTES + RING_BYTES
_STATE, _PID, _CONNECTIONS, _BEAT_MS = range(4)  # words of a seat
_RESTARTS_AT = 8  # words of the board: what is new in the rings comes first, then the restarts of each number


def process_name(number: int) -> str:
    """For logs and for `ps`."""
    return "keeper" if number == KEEPER else f"worker {number}"


class State(IntEnum):
    """What the process on a seat does."""

    EMPTY = 0
    STARTING = 1
    READY = 2
    LEAVING = 3  # replaced: finishes what it has


class Seat:
    """The memory of one process."""

    def __init__(self, memory: memoryview) -> None:
        self._words = memory[:64].cast("Q")
        self._sentence = memory[64:_HEAD_BYTES]
        self.counters = CounterBlock(memory[_HEAD_BYTES : _HEAD_BYTES + BLOCK_BYTES])
        self.ring = memory[_HEAD_BYTES + BLOCK_BYTES : _HEAD_BYTES + BLOCK_BYTES + RING_BYTES]

    def prepare(self) -> None:
        """A process is about to be started for this seat."""
        self._words[_STATE] = State.STARTING
        self._words[_PID] = self._words[_CONNECTIONS] = self._words[_BEAT_MS] = 0
        self.reason = ""

    def clear(self) -> None:
        """The process has ended."""
        self._words[_STATE] = State.EMPTY
        self._words[_CONNECTIONS] = 0

    @property
    def state(self) -> State:
        """What the process does."""
        return State(self._words[_STATE])

    @state.setter
    def state(self, state: State) -> None:
        self._words[_STATE] = state

    @property
    def pid(self) -> int:
        """The process's number in the system."""
        return self._words[_PID]

    @pid.setter
    def pid(self, pid: int) -> None:
        self._words[_PID] = pid

    @property
    def connections(self) -> int:
        """Connections it has open."""
        return self._words[_CONNECTIONS]

    @connections.setter
    def connections(self, count: int) -> None:
        self._words[_CONNECTIONS] = count

    @property
    def beat_s(self) -> float:
        """When its loop last turned, in monotonic seconds."""
        return self._words[_BEAT_MS] / 1_000

    @beat_s.setter
    def beat_s(self, now: float) -> None:
        self._words[_BEAT_MS] = int(now * 1_000)

    @property
    def reason(self) -> str:
        """Why it could not start."""
        return bytes(self._sentence).rstrip(b"\x00").decode("utf-8", "replace")

    @reason.setter
    def reason(self, sentence: str) -> None:
        self._sentence[:] = sentence.encode()[:_SENTENCE_BYTES].ljust(_SENTENCE_BYTES, b"\x00")


@dataclass(frozen=True, slots=True)
class Process:
    """What can be said of one process of a node; memory in octets, 0 when it does not run."""

    number: int
    ready: bool
    restarts: int
    answers: int
    resident_bytes: int

    @property
    def label(self) -> str:
        """How metrics name it."""
        return "keeper" if self.number == KEEPER else str(self.number)


class Board:
    """The memory of a node with `workers` workers; made before the first fork."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        head = 8 * (_RESTARTS_AT + workers + 1)
        self.relay = f"idis-{secrets.token_hex(16)}"  # the socket at which workers reach the keeper; drawn before they start
        seats = 2 * (workers + 1)
        # Pages nobody has written to cost nothing.
        memory = memoryview(mmap.mmap(-1, head + seats * _SEAT_BYTES))
        self._words = memory[:head].cast("Q")
        self._news = memory[:NEWS_BYTES]
        self.seats = [Seat(memory[at : at + _SEAT_BYTES]) for at in range(head, head + seats * _SEAT_BYTES, _SEAT_BYTES)]

    def seats_of(self, number: int) -> tuple[Seat, Seat]:
        """Both seats of a process number."""
        return self.seats[2 * number], self.seats[2 * number + 1]

    def count_restart(self, number: int) -> None:
        """The supervisor has replaced a process."""
        self._words[_RESTARTS_AT + number] += 1

    def proofs(self, seat: Seat) -> Proofs:
        """What the process on a seat tells and hears of proven addresses."""
        return Proofs([one.ring for one in self.seats], self.seats.index(seat), self._news)

    def connections_beside(self, seat: Seat) -> int:
        """Connections that all other processes have."""
        return sum(one.connections for one in self.seats) - seat.connections

    def add_counts(self, metrics: Metrics) -> None:
        """Add what every process has counted, also those that have ended."""
        for seat in self.seats:
            metrics.add(seat.counters.read(alive=seat.state is not State.EMPTY))

    def lack(self, now: float) -> str:
        """Which worker does not answer; empty when all do. `now` is monotonic."""
        for number in range(1, self.workers + 1):
            serving = [seat for seat in self.seats_of(number) if seat.state is State.READY]
            if not serving:
                return f"worker {number} of {self.workers} is not running: it is being started"
            if all(now - seat.beat_s > BEAT_S_MAX for seat in serving):
                return f"worker {number} of {self.workers} has answered nobody for {BEAT_S_MAX:.0f} s"
        return ""

    def processes(self) -> Iterator[Process]:
        """How each process is."""
        for number in range(self.workers + 1):
            seats = self.seats_of(number)
            counts = [seat.counters.read(alive=False) for seat in seats]
            yield Process(
                number,
                any(seat.state is State.READY for seat in seats),
                self._words[_RESTARTS_AT + number],
                sum(int(count) for each in counts for name, count in each.items() if name.startswith("answered/")),
                sum(_resident_bytes(seat.pid) for seat in seats if seat.state is not State.EMPTY),
            )


def _resident_bytes(pid: int) -> int:
    """Memory of a process that is in RAM, shared pages included; 0 when it has just ended."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0
