"""What a node counts: plain integers, cheap enough for the hot path, exported by `web/exporter.py`."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

# Upper bounds in seconds; the last bucket, without bound, is implied. 50 µs to 5 s, about two a decade and more where it matters.
DURATION_BOUNDS_S = (0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 2.0, 5.0)


@dataclass(slots=True)
class Durations:
    """A histogram: how many requests fell into each bucket, and the sum of their seconds."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(DURATION_BOUNDS_S) + 1))
    sum_s: float = 0.0

    def add(self, seconds: float, requests: int = 1) -> None:
        """Count requests that took this long each."""
        self.counts[bisect_left(DURATION_BOUNDS_S, seconds)] += requests
        self.sum_s += seconds * requests


@dataclass(slots=True)
class Metrics:
    """Counters since start, and gauges as they are now.

    Attributes:
        answered: (transport, response code) → answers.
        silent: reason → requests left without an answer.
        limited: limit → how often it was hit.
        durations: transport → time from receiving a request to its answer.
        connections: transport → open now; `accepted` since start; `closed` by reason.
        entries: kind of journal entry → seen by the follower.
        records: prefix → live records, as the follower last saw them.
        position: (epoch, hi, lo) of the last journal entry seen.
    """

    answered: Counter[tuple[str, int]] = field(default_factory=Counter)
    silent: Counter[str] = field(default_factory=Counter)
    limited: Counter[str] = field(default_factory=Counter)
    durations: dict[str, Durations] = field(default_factory=lambda: {"udp": Durations(), "tcp": Durations(), "http": Durations()})
    connections: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    closed: Counter[str] = field(default_factory=Counter)
    entries: Counter[str] = field(default_factory=Counter)
    records: dict[str, int] = field(default_factory=dict)
    position: tuple[int, int, int] = (0, 0, 0)
