"""The compiled step of the DNS face: what `resolver/transports/dns.py` hands it and keeps of what it hands back.

It answers from the same index as the binary port, by the same gate; what it counts is joined to the node's counters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from idis.proto._speedups import DnsZone, Gate, drain_dns
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
