"""Last step: count what was decided."""

from __future__ import annotations

from idis.resolver.metrics import Metrics
from idis.resolver.reply import code_of
from idis.resolver.request import Settled, Silence


class Observe:
    """Counts answers by transport and code, silences by reason, and how long they took."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self.answered = metrics.answered  # (transport, code) → answers; the hot path counts here itself

    def __call__(self, transport: str, settled: Settled) -> None:
        """Count one settled request."""
        match settled:
            case Silence(reason=reason):
                self._metrics.silent[reason] += 1
            case _:
                self.answered[transport, int(code_of(settled))] += 1

    def took(self, transport: str, seconds: float, requests: int = 1) -> None:
        """Count how long requests took, from receiving to answering."""
        self._metrics.durations[transport].add(seconds, requests)
