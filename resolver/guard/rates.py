"""Token buckets by address and network, in tables that cannot grow (`trust.md` §6).

A table that is full drops the bucket longest unused: an attacker with many addresses makes the limiter coarser, never
larger, because the buckets of whole networks stay. Clock readings are monotonic seconds and come as arguments.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

from idis.resolver.config import GuardSection
from idis.resolver.guard.sources import Source, Standing

BUCKETS_MAX = 65_536  # of one table; about 16 MB when full

# How much more a /24 or /56, and a /20 or /48, may ask than one of its addresses.
NETWORK_FACTOR = 32
REGION_FACTOR = 256

BURST_S = 2.5  # a bucket holds as much as comes in this time: 125 for 50 per second


class Buckets:
    """Token buckets of one size under any hashable keys; at most `buckets_max`, the longest unused out."""

    __slots__ = ("_burst", "_filled", "_max", "_rate_per_s")

    def __init__(self, rate_per_s: float, burst: float, buckets_max: int = BUCKETS_MAX) -> None:
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._max = buckets_max
        self._filled: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()  # key → (tokens, when counted)

    def __len__(self) -> int:
        return len(self._filled)

    def left(self, key: Hashable, now: float) -> int:
        """How many whole tokens there are."""
        tokens, counted = self._filled.get(key, (self._burst, now))
        return int(min(self._burst, tokens + (now - counted) * self._rate_per_s))

    def take(self, key: Hashable, now: float, count: int = 1) -> bool:
        """Take tokens, or say that there are not so many."""
        tokens, counted = self._filled.get(key, (self._burst, now))
        tokens = min(self._burst, tokens + (now - counted) * self._rate_per_s)
        allowed = tokens >= count
        self._filled[key] = (tokens - count if allowed else tokens, now)
        self._filled.move_to_end(key)
        if len(self._filled) > self._max:
            self._filled.popitem(last=False)
        return allowed


class Rates:
    """How often each kind of source may ask."""

    __slots__ = ("_network", "_proven", "_unproven", "_unproven_network", "_unproven_region", "_validated")

    def __init__(self, guard: GuardSection) -> None:
        rate, burst = guard.unvalidated_per_s, guard.unvalidated_burst
        self._unproven = Buckets(rate, burst)
        self._unproven_network = Buckets(rate * NETWORK_FACTOR, burst * NETWORK_FACTOR)
        self._unproven_region = Buckets(rate * REGION_FACTOR, burst * REGION_FACTOR)
        self._proven = Buckets(guard.proven_udp_per_s, guard.proven_udp_per_s * BURST_S)
        self._validated = Buckets(guard.validated_per_s, guard.validated_per_s * BURST_S)
        self._network = Buckets(guard.network_per_s, guard.network_per_s * BURST_S)

    def allow(self, source: Source, standing: Standing, now: float) -> bool:
        """Whether one more question of this source is answered; a trusted one is limited by pressure only."""
        match standing:
            case Standing.TRUSTED:
                return True
            case Standing.CONNECTED:
                return self._validated.take(source.host, now) and self._network.take(source.network, now)
            case Standing.PROVEN:
                return self._proven.take(source.host, now)
            case Standing.UNPROVEN:
                return (
                    self._unproven.take(source.host, now)
                    and self._unproven_network.take(source.network, now)
                    and self._unproven_region.take(source.region, now)
                )

    def left(self, source: Source, now: float) -> int:
        """How many questions a connection of this source may still ask."""
        return min(self._validated.left(source.host, now), self._network.left(source.network, now))

    def take(self, source: Source, now: float, count: int) -> None:
        """That many questions of a connection were answered; `left` had allowed them."""
        self._validated.take(source.host, now, count)
        self._network.take(source.network, now, count)
