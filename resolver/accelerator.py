"""The compiled hot path as the transports use it: they hand it what arrives and keep what it hands back.

It exists only where `speedups.LOADED` says so. Rates, sources and counters of the datagrams it sees lie in C beside the
look-up (`Gate`, `Counters`); here they are joined to those of the node. Where its answers come from is somebody else's:
the index of a store (`registry/answer_index.py`), or the cache of a node that recurses (`recursion/ring.py`).
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import ClassVar, Protocol

from idis.proto._speedups import PROVEN, TRUSTED, UNPROVEN, AnswerIndex, Counters, Streams, drain, process
from idis.proto.connection import MESSAGE_BYTES_ANONYMOUS
from idis.resolver.config import GuardSection
from idis.resolver.dns_accelerator import DnsAccelerator
from idis.resolver.guard.gate import SECRET_BYTES, make_gate
from idis.resolver.guard.sources import Sources, Standing
from idis.resolver.metrics import Metrics
from idis.resolver.recursion.recursor import Clock
from idis.resolver.request import TCP, UDP

# A datagram for Python: its octets, where it came from, how far that is believed.
Leftover = tuple[bytes, tuple[str, int] | tuple[str, int, int, int], int]


class Answers(Protocol):
    """Where prepared answers come from."""

    @property
    def index(self) -> AnswerIndex | None:
        """The index that answers; None while there is none."""

    def fresh(self) -> bool:
        """Whether it holds every change committed until now; what it does for that takes less than a millisecond."""


class Accelerator:
    """The compiled step of one process.

    Args:
        answers: where they come from.
        guard: what sources are allowed.
        sources: who hears of proofs, and tells.
        site_serial: of this node's HS_SITE.
        metrics: where it is counted.
        clock: unix and monotonic time.
        random_octets: `secrets.token_bytes`.
        told: told now and then how many answers of a response code there were, however they were asked for.

    Attributes:
        batches: of datagrams that one turn of the loop takes: a quarter of a millisecond.
        standings: what the numbers of `Leftover` mean.
    """

    batches: ClassVar = 4
    standings: ClassVar = {UNPROVEN: Standing.UNPROVEN, PROVEN: Standing.PROVEN, TRUSTED: Standing.TRUSTED}

    def __init__(
        self,
        answers: Answers,
        guard: GuardSection,
        sources: Sources,
        site_serial: int,
        metrics: Metrics,
        clock: Clock,
        random_octets: Callable[[int], bytes],
        told: Callable[[int, int], None] | None = None,
    ) -> None:
        self.answers = answers
        self._sources = sources
        self._metrics = metrics
        self._site_serial = site_serial
        self._clock = clock
        self._gate = make_gate(guard, random_octets(SECRET_BYTES))
        self._udp, self._tcp = Counters(), Counters()
        self._udp_durations, self._tcp_durations = metrics.durations[UDP], metrics.durations[TCP]
        self._bring = _Bringer(metrics, told)
        metrics.gather.insert(0, self.count)  # before whoever is told
        sources.listeners.append(self._prove)

    def datagrams(self, descriptor: int) -> tuple[int, list[Leftover]]:
        """Receive, answer and send what waits at a socket, at most 64 datagrams.

        Returns:
            How many came, and those for Python, from which rate limits have been taken.
        """
        clock, index = self._clock, self.answers.index
        started = clock.monotonic()
        received, leftovers = drain(
            index, self._gate, descriptor, int(clock.time()), started, self._site_serial, self._udp, self._fresh
        )
        if received > len(leftovers):
            # Dropped ones are among them: too few to matter, or else too fast.
            self._udp_durations.add(clock.monotonic() - started, received - len(leftovers))
        return received, leftovers

    def stream(
        self, data: bytes, allowed: int, unanswered_max: int, octets_max: int
    ) -> tuple[bytes, int, list[tuple[int, int]], int, bool] | None:
        """Answer what is common among the frames of a chunk; see `process`. None when the index may not answer now."""
        answers = self.answers
        if not answers.fresh() or (index := answers.index) is None:
            return None
        clock = self._clock
        started = clock.monotonic()
        now, serial = int(clock.time()), self._site_serial
        result = process(index, data, now, serial, self._tcp, allowed, unanswered_max, octets_max, MESSAGE_BYTES_ANONYMOUS)
        if result[3]:
            self._tcp_durations.add(clock.monotonic() - started, result[3])
        return result

    def streams(
        self, streams: Streams, allowed: Callable[[int], int], took: Callable[[int, int], None]
    ) -> tuple[int, list[tuple[int, bytes, bytes, bool]], list[int]]:
        """Read, answer and write the streams that have sent something; see `Streams.drain`.

        Returns:
            How many were ready, what Python must go on with, which were active.
        """
        clock, answers = self._clock, self.answers
        started = clock.monotonic()
        ready, answered, handed, active = streams.drain(
            answers.index, int(clock.time()), started, self._site_serial, self._tcp, answers.fresh, allowed, took
        )
        if answered:
            self._tcp_durations.add(clock.monotonic() - started, answered)
        return ready, handed, active

    def dns(self, zone: bytes, secret: bytes) -> DnsAccelerator:
        """The step of the DNS face, with the gate and the answers of this one; see `DnsAccelerator`."""
        return DnsAccelerator(self.answers, self._gate, self._fresh, zone, secret, self._metrics, self._clock)

    def allow(self, address: str, now: float) -> bool:
        """Take a token for a question that came in fragments, from which none was taken."""
        return self._gate.allow(_packed(address), now)

    def count(self) -> None:
        """Bring what was counted in C into the metrics."""
        self._bring(UDP, self._udp)
        self._bring(TCP, self._tcp)

    def _fresh(self) -> bool:
        """Asked between receiving and answering: a source proven before it sent is proven, a change made before is seen."""
        self._sources.hear()
        return self.answers.fresh()

    def _prove(self, address: str, until: float) -> None:
        self._gate.prove(_packed(address), until)


class _Bringer:
    """Adds to the metrics what has been counted since it was last asked."""

    def __init__(self, metrics: Metrics, told: Callable[[int, int], None] | None) -> None:
        self._metrics = metrics
        self._told = told
        self._brought: dict[tuple[str, str, object], int] = {}

    def __call__(self, transport: str, counters: Counters) -> None:
        metrics = self._metrics
        for code, count in counters.answered.items():
            if new := self._new(transport, "answered", code, count):
                metrics.answered[transport, code] += new
                if self._told is not None:
                    self._told(code, new)
        for reason, count in counters.silent.items():
            if new := self._new(transport, "silent", reason, count):
                metrics.silent[reason] += new
        if new := self._new(transport, "index", "damaged", counters.damaged):
            metrics.index["damaged"] += new
        for limit, count in counters.limited.items():
            if new := self._new(transport, "limited", limit, count):
                metrics.limited[limit] += new

    def _new(self, transport: str, family: str, name: object, count: int) -> int:
        before = self._brought.get((transport, family, name), 0)
        self._brought[transport, family, name] = count
        return count - before


def _packed(address: str) -> bytes:
    host = address.partition("%")[0]  # fe80::1%eth0
    return socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
