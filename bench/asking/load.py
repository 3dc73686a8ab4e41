"""How a measurement asks: every setting of a run, checked once, and the plans of its generator processes."""

from __future__ import annotations

import ipaddress
import math
import socket
from array import array
from dataclasses import asdict, dataclass
from enum import Enum

from idis.bench.asking import schedule
from idis.bench.asking.plan import CONNECTIONS_MAX, PIPELINE_MAX, Dialect, Frames, Plan
from idis.bench.asking.tally import INTERVALS_MAX
from idis.proto.errors import IdisError
from idis.resolver.recursion.target import server_address

NS_PER_S = 1_000_000_000
DURATION_S_MAX = 3_600.0
RATE_MAX = 50_000_000.0
ROUNDS_MAX = 1_000
PROCESSES_MAX = 256
TIMEOUT_MS_MAX = 60_000
SPREAD_MS = 100  # interval of the series of short runs; long ones have a second
SHORT_S = 60.0


class LoadError(IdisError):
    """Settings that contradict each other or are out of bounds; the text names them."""


class Transport(Enum):
    """What carries the questions."""

    UDP = "udp"
    TCP = "tcp"
    HTTP = "http"
    DNS = "dns"
    DNS_TCP = "dns-tcp"

    @property
    def datagrams(self) -> bool:
        """Whether a question is a datagram."""
        return self in (Transport.UDP, Transport.DNS)

    @property
    def binary(self) -> bool:
        """Whether the Handle protocol is spoken."""
        return self in (Transport.UDP, Transport.TCP)

    @property
    def dns(self) -> bool:
        """Whether DNS is spoken."""
        return self in (Transport.DNS, Transport.DNS_TCP)


@dataclass(frozen=True, slots=True)
class Target:
    """One server: as it was given, and its numeric address."""

    text: str
    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: the questions ready to send, what they are spoken in, and what their answers must be.

    Attributes:
        expected: digests from a first pass, see `Plan`; None when they are not compared.
    """

    frames: Frames
    dialect: Dialect
    expected: array[int] | None = None


@dataclass(frozen=True, slots=True)
class DnsForm:
    """How identifiers are asked for over DNS: the zone they stand in, and the type of record wanted."""

    zone: str
    type: str = "NAPTR"


@dataclass(frozen=True, slots=True)
class Load:
    """How to ask.

    Attributes:
        transport: what carries the questions.
        rate: questions a second of all processes together (open loop); None: closed loop.
        poisson: the gaps of an open loop are exponential, not equal.
        connections: of all processes together.
        pipeline: questions under way on a connection at most; closed loop: always that many.
        duration_s, warm_up_s: of sending in one round, and how much of its begin is not counted.
        timeout_ms: an answer later than this counts as none.
        rounds: how often.
        seed: of keys and schedule; each round draws anew from it.
        processes: generator processes.
        zipf: exponent of the popularity of keys; None: uniform.
        pins: cores of the generator processes, in turn; empty: not pinned.
        spin: never sleep.
        reconnect: a new connection for each question.
        dns: of identifiers over DNS; None elsewhere, and for questions that are made already.
    """

    transport: Transport
    rate: float | None = None
    poisson: bool = False
    connections: int = 1
    pipeline: int = 1
    duration_s: float = 10.0
    warm_up_s: float = 1.0
    timeout_ms: int = 1_000
    rounds: int = 1
    seed: int = 1
    processes: int = 1
    zipf: float | None = None
    pins: tuple[int, ...] = ()
    spin: bool = False
    reconnect: bool = False
    dns: DnsForm | None = None

    def __post_init__(self) -> None:
        bounds = (
            ("--rate", self.rate is None or 0 < self.rate <= RATE_MAX, f"more than 0, at most {RATE_MAX:.0f}"),
            ("--connections", 1 <= self.connections <= CONNECTIONS_MAX, f"1 to {CONNECTIONS_MAX}"),
            ("--pipeline", 1 <= self.pipeline <= PIPELINE_MAX, f"1 to {PIPELINE_MAX}"),
            ("--duration", 0 < self.duration_s <= DURATION_S_MAX, f"more than 0, at most {DURATION_S_MAX:.0f} s"),
            ("--warm-up", 0 <= self.warm_up_s < self.duration_s, "0 or more, and less than --duration"),
            ("--timeout-ms", 1 <= self.timeout_ms <= TIMEOUT_MS_MAX, f"1 to {TIMEOUT_MS_MAX}"),
            ("--rounds", 1 <= self.rounds <= ROUNDS_MAX, f"1 to {ROUNDS_MAX}"),
            ("--processes", 1 <= self.processes <= min(PROCESSES_MAX, self.connections), "1 to the number of connections"),
            ("--zipf", self.zipf is None or 0 < self.zipf <= schedule.ZIPF_EXPONENT_MAX, "more than 0, at most 10"),
            (
                "--rate and --duration", self.rate is None or 1 <= self.sends <= schedule.SENDS_MAX,
                f"1 to {schedule.SENDS_MAX} questions a round, not {self.sends}",
            ),
            ("--reconnect", not (self.reconnect and self.transport.datagrams), "UDP has no connections"),
        )
        for name, holds, allowed in bounds:
            if not holds:
                raise LoadError(f"{name}: {allowed}")

    @property
    def sends(self) -> int:
        """Questions of one round of an open loop; 0 in a closed one, and where a setting is out of bounds."""
        sends = (self.rate or 0) * self.duration_s
        return round(sends) if math.isfinite(sends) else 0

    @property
    def measured_s(self) -> float:
        """What of a round is counted."""
        return self.duration_s - self.warm_up_s

    @property
    def interval_ns(self) -> int:
        """Of the series over time."""
        return SPREAD_MS * 1_000_000 if self.duration_s <= SHORT_S else NS_PER_S

    @property
    def intervals(self) -> int:
        """How many intervals the series has."""
        return min(int(self.duration_s * NS_PER_S / self.interval_ns) + 1, INTERVALS_MAX)

    def line(self) -> str:
        """The settings as one line."""
        if self.rate is None:
            mode = "closed loop"
        else:
            mode = f"open loop, {self.rate:g}/s {'Poisson' if self.poisson else 'fixed'}"
        parts = [
            mode,
            f"{self.connections} connections × {self.pipeline if self.rate is None else f'at most {self.pipeline}'} under way",
            f"{self.rounds} × {self.duration_s:g} s ({self.warm_up_s:g} s of each not counted)",
            f"time-out {self.timeout_ms} ms",
            "uniform keys" if self.zipf is None else f"Zipf keys, exponent {self.zipf:g}",
            f"seed {self.seed}",
            f"{self.processes} generator {'process' if self.processes == 1 else 'processes'}",
        ]
        parts += [f"{self.dns.type} records below {self.dns.zone}"] if self.dns else []
        parts += ["a connection for each question"] if self.reconnect else []
        parts += ["spinning"] if self.spin else []
        return ", ".join(parts)

    def document(self) -> dict[str, object]:
        """The settings for JSON."""
        return {**asdict(self), "transport": self.transport.value, "pins": list(self.pins)}


def target_of(text: str) -> Target:
    """`HOST:PORT`, its name looked up once, before anything is measured.

    Raises:
        LoadError: no such host, or no port.
    """
    try:
        host, port = server_address(text)
    except ValueError as error:
        raise LoadError(str(error)) from None
    try:
        return Target(text, str(ipaddress.ip_address(host)), port)
    except ValueError:
        pass
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise LoadError(f"{host}: {error.strerror or error}") from None
    addresses = sorted((str(entry[4][0]) for entry in found), key=lambda address: ":" in address)
    return Target(text, addresses[0], port)


def plans(load: Load, target: Target, question: Question, round_number: int) -> list[Plan]:
    """The plans of all generator processes of one round, but for their start; together they ask what one alone would."""
    seed = f"{load.seed}/{round_number}"
    draws = min(load.sends or schedule.DRAWS_MAX, schedule.DRAWS_MAX)
    keys = keys_of(load, len(question.frames), draws, seed)
    due = schedule_of(load, seed)
    return [
        Plan(
            dialect=question.dialect,
            datagrams=load.transport.datagrams,
            address=target.address,
            port=target.port,
            connections=load.connections // load.processes + (process < load.connections % load.processes),
            pipeline=load.pipeline,
            frames=question.frames,
            keys=_turned(keys, process, load.processes),
            due=schedule.share_of(due, process, load.processes),
            start_ns=0,
            duration_ns=round(load.duration_s * NS_PER_S),
            warm_up_ns=round(load.warm_up_s * NS_PER_S),
            timeout_ns=load.timeout_ms * 1_000_000,
            interval_ns=load.interval_ns,
            spin=load.spin,
            reconnect=load.reconnect,
            expected=array("Q") if question.expected is None else question.expected,
        )
        for process in range(load.processes)
    ]


def keys_of(load: Load, keys: int, draws: int, seed: str) -> array[int]:
    """Which question is asked, one after the other."""
    if load.zipf is not None:
        return schedule.zipf_keys(keys, draws, load.zipf, seed)
    return schedule.uniform_keys(keys, draws, seed)


def schedule_of(load: Load, seed: str) -> array[int]:
    """When the questions of a round are due; empty in a closed loop."""
    if load.rate is None:
        return array("Q")
    if load.poisson:
        return schedule.poisson_schedule(load.rate, load.duration_s, seed)
    return schedule.fixed_schedule(load.rate, load.duration_s)


def _turned(keys: array[int], process: int, processes: int) -> array[int]:
    """The draws of one process: all of them, begun at another place."""
    at = len(keys) * process // processes
    return keys[at:] + keys[:at] if at else keys
