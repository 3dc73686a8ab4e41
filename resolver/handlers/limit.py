"""First step: may this source ask at all? Decided before its octets are read."""

from __future__ import annotations

from idis.proto.codes import ResponseCode
from idis.proto.outcome import Refused
from idis.resolver.guard.rates import Rates
from idis.resolver.guard.sources import Standing
from idis.resolver.metrics import Metrics
from idis.resolver.request import UDP, Peer, Silence, Verdict


class Limit:
    """Rate limits. A shed question gets code 3, never silence on a stream; a forged datagram deserves no answer."""

    def __init__(self, rates: Rates, metrics: Metrics) -> None:
        self._rates = rates
        self._limited = metrics.limited

    def __call__(self, peer: Peer, now: float) -> Verdict:
        """None when the source may ask; `now` is monotonic seconds."""
        if peer.standing is Standing.TRUSTED or self._rates.allow(peer.source, peer.standing, now):
            return None
        self._limited[f"rate_{peer.standing.value}"] += 1
        if peer.transport == UDP:
            return Silence("rate")
        return Refused(ResponseCode.SERVER_TOO_BUSY, "this address asks too often: ask again in a second")

    def left(self, peer: Peer, now: float) -> int:
        """How many questions a peer on a stream may still ask, unless it is trusted."""
        return self._rates.left(peer.source, now)

    def take(self, peer: Peer, now: float, count: int) -> None:
        """That many were answered, as `left` had allowed."""
        self._rates.take(peer.source, now, count)
