"""The knee: the highest rate at which a server still keeps an objective, found by doubling and halving.

An open loop shows it honestly: beyond the knee the queue grows without end and with it every percentile. A rate holds
when p99 is within the objective, nothing is lost or left unsent, and nothing is wrong; lateness of the generator is in
the response times, so what holds holds all the more. Where a rate fails while the generator is tired, the knee is its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from idis.bench.asking.load import RATE_MAX

PRECISION = 1.05  # the search ends when what holds and what fails are this close
PROBES_MAX = 60
QUESTIONS_MIN = 100  # of a probe: of fewer there is no 99th percentile


@dataclass(frozen=True, slots=True)
class Probe:
    """One rate tried.

    Attributes:
        holds: the objective was kept.
        generator_failed: it does not hold, and the generator itself was late or busy.
        reason: why it does not hold.
    """

    rate: float
    p99_us: float
    achieved: float
    holds: bool
    generator_failed: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Knee:
    """What the search found.

    Attributes:
        best: the highest rate that held; None when none did.
        limit: the lowest rate that did not; None when the generator or RATE_MAX ended the search.
        probes: in the order they were tried.
    """

    best: Probe | None
    limit: Probe | None
    probes: list[Probe]

    @property
    def ended_by_generator(self) -> bool:
        """Whether the server may carry more than could be asked."""
        return self.limit is None or self.limit.generator_failed


def find_knee(try_rate: Callable[[float], Probe], start: float, *, least: float, again: int = 1) -> Knee:
    """Search.

    Args:
        try_rate: measures one rate.
        start: the first rate, in questions a second.
        least: the lowest rate worth trying.
        again: how often a rate is tried before it counts as failed: one unlucky second must not halve a server.
    """
    probes: list[Probe] = []
    best: Probe | None = None
    limit: Probe | None = None
    rate = max(start, least)
    while len(probes) < PROBES_MAX and least <= rate <= RATE_MAX:
        for _ in range(max(again, 1)):
            probe = try_rate(rate)
            probes.append(probe)
            if probe.holds:
                break
        if probe.holds:
            best = probe
        else:
            limit = probe
        if best is not None and limit is not None and limit.rate / best.rate <= PRECISION:
            break
        if best is None:
            rate = rate / 2
        elif limit is None:
            rate = min(rate * 2, RATE_MAX) if rate < RATE_MAX else RATE_MAX * 2
        else:
            rate = (best.rate * limit.rate) ** 0.5
    return Knee(best, limit, probes)
