"""Slows down who gives wrong proofs (`trust.md` §5): five within a minute are free, then each doubles the wait, up to a minute.

Counted by identity and source together, so that nobody can lock an owner out by guessing from elsewhere. While a source
waits, its proofs for that identity are not even looked at. The table is bounded, the longest untouched is forgotten.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from idis.registry.identity import Identity

FREE_FAILURES = 5  # within WINDOW_S: a person's slips
WINDOW_S = 60.0
DELAY_S_MIN, DELAY_S_MAX = 1.0, 60.0
ENTRIES_MAX = 65_536  # about 16 MB


@dataclass(slots=True)
class _Failures:
    count: int
    since: float
    blocked_until: float = 0.0


class Slowdown:
    """Who has failed lately; clock readings are monotonic seconds."""

    def __init__(self) -> None:
        self._failures: OrderedDict[tuple[Identity, str], _Failures] = OrderedDict()

    def __len__(self) -> int:
        return len(self._failures)

    def wait_s(self, identity: Identity, source: str, now: float) -> float:
        """How long the source has to wait before a proof for the identity is looked at; 0 when not at all."""
        entry = self._failures.get((identity, source))
        return max(entry.blocked_until - now, 0.0) if entry is not None else 0.0

    def failed(self, identity: Identity, source: str, now: float) -> None:
        """A proof was wrong."""
        key = identity, source
        entry = self._failures.get(key)
        if entry is None or now - max(entry.since, entry.blocked_until) > WINDOW_S:
            entry = self._failures[key] = _Failures(0, now)
        entry.count += 1
        if entry.count >= FREE_FAILURES:
            doublings = min(entry.count - FREE_FAILURES, 6)
            entry.blocked_until = now + min(DELAY_S_MIN * 2**doublings, DELAY_S_MAX)
        self._failures.move_to_end(key)
        if len(self._failures) > ENTRIES_MAX:
            self._failures.popitem(last=False)

    def succeeded(self, identity: Identity, source: str) -> None:
        """A proof was right: its owner sits there, and starts anew."""
        self._failures.pop((identity, source), None)
