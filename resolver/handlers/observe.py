"""Last step: count what was decided."""

from __future__ import annotations

from idis.resolver.metrics import Metrics
from idis.resolver.reply import code_of
from idis.resolver.request import Settled, Silence


class Observe:
    """Counts answers by transport and code, silences by reason, and how long they took."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        # The hot path counts here itself: (transport, code) → answers, and how long requests of a transport took.
        self.answered = metrics.answered
        self.durations = metrics.durations

    def __call__(self, transport: str, settled: Settled) -> None:
        """Count one settled request."""
        match settled:
            case Silence(reason=reason):
                self._metrics.silent[reason] += 1
            case _:
                self.answered[transport, int(code_of(settled))] += 1

    def took(self, transport: str, seconds: float, requests: int = 1) -> None:
        """Count how long requests took, from receiving to answering."""
        self.durations[transport].add(seconds, requests)
