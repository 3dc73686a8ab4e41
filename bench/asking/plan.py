"""What one generator process is to do, all of it computed ahead: the hot loop only copies, sends, receives and counts."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from enum import IntEnum

UDP_FRAME_BYTES_MAX = 512  # one packet; longer questions belong on TCP
BATCH_MAX = 64  # datagrams a system call
SLOTS_MAX = 262_144  # questions under way in one process: a second of silence at 250,000/s
CONNECTIONS_MAX = 10_000
PIPELINE_MAX = 65_536


class Dialect(IntEnum):
    """What is spoken. RESP is there for the competitors of `peers/`, in the least form they need."""

    HANDLE = 0
    DNS = 1
    RESP = 2
    HTTP = 3


@dataclass(frozen=True, slots=True)
class Frames:
    """Questions ready to send, one for each key, behind one another.

    Attributes:
        octets, ends: the questions, and where each one ends.
        echoes, echo_ends: HTTP only: what the answer's body must hold, empty where nothing can be said.
    """

    octets: bytes
    ends: array[int]
    echoes: bytes = b""
    echo_ends: array[int] = field(default_factory=lambda: array("Q"))

    def __len__(self) -> int:
        return len(self.ends)

    def of(self, key: int) -> bytes:
        """The question of one key."""
        return self.octets[self.ends[key - 1] if key else 0 : self.ends[key]]

    def echo_of(self, key: int) -> bytes:
        """What the body of an HTTP answer must hold."""
        return self.echoes[self.echo_ends[key - 1] if key else 0 : self.echo_ends[key]] if self.echo_ends else b""


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole work of one generator process. Times are nanoseconds; those of the schedule count from `start_ns`.

    Attributes:
        dialect: what is spoken.
        datagrams: UDP, else TCP.
        address, port: numeric address of the server.
        connections: sockets, all connected before the start.
        pipeline: questions under way on each connection at most.
        frames: the questions.
        keys: which question is asked, one after the other; begun anew at the end.
        due: when each question is to be sent (open loop), ascending; empty: as soon as there is a free place (closed loop).
        start_ns: of the monotonic clock.
        duration_ns, warm_up_ns: of sending; questions due in the warm-up are asked but not counted.
        timeout_ns: an answer later than this after its question counts as none.
        interval_ns: of the series over time.
        questions_max: ends a closed loop early; 0: does not.
        spin: never sleep; exact times for a whole core.
        reconnect: a new connection for each question (TCP), as servers that close after one answer need.
        expected: for each key the digest its answer must have, 0 for any; empty: digests are not compared.
        learn: fill `expected` in place of comparing.
    """

    dialect: Dialect
    datagrams: bool
    address: str
    port: int
    connections: int
    pipeline: int
    frames: Frames
    keys: array[int]
    due: array[int]
    start_ns: int
    duration_ns: int
    warm_up_ns: int
    timeout_ns: int
    interval_ns: int
    questions_max: int = 0
    spin: bool = False
    reconnect: bool = False
    expected: array[int] = field(default_factory=lambda: array("Q"))
    learn: bool = False

    @property
    def slots(self) -> int:
        """How many questions may be under way at once in all; a power of two."""
        wanted = min(self.connections * self.pipeline, SLOTS_MAX, DNS_SLOTS_MAX if self.dialect is Dialect.DNS else SLOTS_MAX)
        return 1 << max(wanted, 1).bit_length()


# DNS answers of response code 0 that are none, under codes beyond those of DNS.
DNS_TRUNCATED = 4_001
DNS_NO_DATA = 4_002
DNS_OPT_BYTES = 11  # at the end of a question that has an OPT record: one without options

# Sixteen bits of id must tell the questions under way and leave some to tell a late answer from a good one.
DNS_SLOTS_MAX = 8_191
