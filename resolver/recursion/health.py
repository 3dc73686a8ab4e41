"""The health of each upstream server: how fast it answers, whether it is worth asking, and how often it may be asked again.

The time-out follows the measured round trip (RFC 6298), the breaker sets a silent server aside and lets one question through
as a probe, and the retry budget keeps repeats at a tenth of first tries, so that an overloaded server is not pushed
further under (`trust.md` §8). Times are readings of one monotonic clock, in seconds.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

UPSTREAM_TIMEOUT_S_MIN = 0.050
UPSTREAM_TIMEOUT_S_MAX = 2.0
UPSTREAM_TIMEOUT_S_UNKNOWN = 0.200  # the first time-out leaves room for two more tries in a deadline of 2 s

SERVERS_MAX = 16_384  # least recently used out; one takes about 400 octets

BREAKER_FAILURES = 5  # in a row
BREAKER_SAMPLE = 20  # or half of at least so many …
BREAKER_WINDOW_S = 10.0  # … within this time
BREAKER_S_MIN = 1.0
BREAKER_S_MAX = 30.0

RETRY_SHARE = 0.10  # of first tries
RETRY_TOKENS_MAX = 10.0  # a server met for the first time may be asked again this often before the share counts
UDP_SILENT_S = 600.0  # a server that answers TCP but not UDP is asked over TCP for as long as it would remember us

RANK_JITTER_S = 0.010  # spreads questions over servers of nearly equal speed


class Health:
    """What is known of one server."""

    __slots__ = (
        "_average_s",
        "_open_s",
        "_probing",
        "_row",
        "_tokens",
        "_variation_s",
        "_window_failures",
        "_window_since",
        "_window_tries",
        "open_until",
        "udp_silent_until",
    )

    def __init__(self) -> None:
        self._average_s = 0.0
        self._variation_s = 0.0
        self._row = 0
        self._window_since = 0.0
        self._window_tries = 0
        self._window_failures = 0
        self._open_s = 0.0
        self._probing = False
        self._tokens = RETRY_TOKENS_MAX
        self.open_until = 0.0
        self.udp_silent_until = 0.0

    @property
    def timeout_s(self) -> float:
        """How long to wait for an answer before asking again."""
        if self._average_s == 0.0:
            return UPSTREAM_TIMEOUT_S_UNKNOWN
        return min(max(self._average_s + 4 * self._variation_s, UPSTREAM_TIMEOUT_S_MIN), UPSTREAM_TIMEOUT_S_MAX)

    @property
    def average_s(self) -> float:
        """The smoothed round trip; 0 before the first answer."""
        return self._average_s

    def set_aside(self, now: float) -> bool:
        """Whether the breaker is open."""
        return now < self.open_until or self._probing

    def admit(self, now: float) -> bool:
        """Whether a question may be put to it; the first one after the breaker's time is the probe."""
        if self._open_s == 0.0:
            self._tokens = min(self._tokens + RETRY_SHARE, RETRY_TOKENS_MAX)
            return True
        if self.set_aside(now):
            return False
        self._probing = True
        return True

    def take_retry(self) -> bool:
        """Whether the retry budget allows one more try; counts it."""
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True

    def answered(self, now: float, round_trip_s: float | None) -> None:
        """It answered; `round_trip_s` only when it is clear which try was answered (Karn)."""
        self._count(now, failed=False)
        self._row = 0
        self._open_s = 0.0
        self._probing = False
        self.open_until = 0.0
        if round_trip_s is None:
            return
        if self._average_s == 0.0:
            self._average_s, self._variation_s = max(round_trip_s, 1e-6), round_trip_s / 2
        else:
            self._variation_s += (abs(self._average_s - round_trip_s) - self._variation_s) / 4
            self._average_s += (round_trip_s - self._average_s) / 8

    def failed(self, now: float) -> None:
        """It was silent, unreachable or unintelligible."""
        self._count(now, failed=True)
        self._row += 1
        half = self._window_tries >= BREAKER_SAMPLE and 2 * self._window_failures >= self._window_tries
        # Questions already under way when it opened say nothing new, so they do not prolong it.
        if now >= self.open_until and (self._probing or self._row >= BREAKER_FAILURES or half):
            self._open_s = min(max(self._open_s * 2, BREAKER_S_MIN), BREAKER_S_MAX)
            self.open_until = now + self._open_s
        self._probing = False

    def abandoned(self) -> None:
        """The question was withdrawn; it proves nothing."""
        self._probing = False

    def _count(self, now: float, *, failed: bool) -> None:
        if now - self._window_since > BREAKER_WINDOW_S:
            self._window_since, self._window_tries, self._window_failures = now, 0, 0
        self._window_tries += 1
        self._window_failures += failed


class HealthTable:
    """The health of the servers asked lately."""

    def __init__(self, random: Callable[[], float], *, servers_max: int = SERVERS_MAX) -> None:
        self._random = random
        self._servers_max = servers_max
        self._known: OrderedDict[object, Health] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def of(self, key: object) -> Health:
        """The health of a server, unknown at first."""
        health = self._known.get(key)
        if health is None:
            health = self._known[key] = Health()
            if len(self._known) > self._servers_max:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(key)
        return health

    def rank(self, key: object, now: float) -> float:
        """The cost of asking a server: its round trip with jitter; one set aside comes after all others."""
        health = self._known.get(key)
        if health is None:
            return 0.0
        if health.set_aside(now):
            return UPSTREAM_TIMEOUT_S_MAX + max(health.open_until - now, 0.0)
        return health.average_s + RANK_JITTER_S * self._random()
