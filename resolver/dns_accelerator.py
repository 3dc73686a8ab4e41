"""The compiled step of the DNS face: what `resolver/transports/dns.py` hands it and keeps of what it hands back.

It answers from the same index as the binary port, by the same gate; what it counts is joined to the node's counters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from idis.proto._speedups import DnsZone, Gate, drain_dns, resolve_dns
from idis.resolver.metrics import Metrics
from idis.resolver.recursion.recursor import Clock

if TYPE_CHECKING:
    from idis.resolver.accelerator import Answers, Leftover


class DnsAccelerator:
    """The compiled step of one process.

    Args:
        answers: where they come from.
        gate: what sources are allowed.
        fresh: asked between receiving and answering.
        zone: its octets.
        secret: of its cookies.
        metrics: where it is counted.
        clock: unix and monotonic time.
    """

    def __init__(
        self,
        answers: Answers,
        gate: Gate,
        fresh: Callable[[], bool],
        zone: bytes,
        secret: bytes,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._answers = answers
        self._gate = gate
        self._fresh = fresh
        self._zone = DnsZone(zone, secret)
        self._metrics = metrics
        self._clock = clock
        self._brought: dict[str, int] = {}
        metrics.gather.insert(0, self.count)

    def datagrams(self, descriptor: int) -> tuple[int, list[Leftover]]:
        """Receive, answer and send what waits at a socket, at most 64 datagrams.

        Returns:
            How many came, and those for Python.
        """
        clock = self._clock
        started = clock.monotonic()
        received, leftovers = drain_dns(
            self._answers.index, self._gate, self._zone, descriptor, int(clock.time()), started, self._fresh
        )
        if received > len(leftovers):
            self._metrics.durations["dns"].add(clock.monotonic() - started, received - len(leftovers))
        return received, leftovers

    def stream(self, octets: bytes, at: int, allowed: int, octets_max: int) -> tuple[bytes, int, int]:
        """Answer what is common at the begin of a stream's messages.

        Args:
            octets: of the stream.
            at: where the next message begins.
            allowed: questions its source may still ask; below 0: any number.
            octets_max: of answers, after which no more messages are taken.

        Returns:
            The answers, each behind its length; where the first message begins that was not answered; how many were.
        """
        answers = self._answers
        if not answers.fresh() or (index := answers.index) is None:
            return b"", at, 0
        clock = self._clock
        started = clock.monotonic()
        written, at, count = resolve_dns(index, self._zone, octets, at, int(clock.time()), allowed, octets_max)
        if count:
            self._metrics.durations["dns"].add(clock.monotonic() - started, count)
        return written, at, count

    def count(self) -> None:
        """Bring what was counted in C into the metrics."""
        zone, metrics = self._zone, self._metrics
        dns = {"code.0": zone.answered, "hints": zone.hints, "slipped": zone.slipped, "cookies": zone.cookies}
        silent, limited = zone.counters.silent, zone.counters.limited
        for counter, counts in ((metrics.dns, dns), (metrics.silent, silent), (metrics.limited, limited)):
            for name, count in counts.items():
                if new := count - self._brought.get(name, 0):
                    self._brought[name] = count
                    counter[name] += new
