"""Which provider is well, by what was observed of it.

A provider that fails is left alone for a while, which doubles with each failure in a row; in the background it is asked again
what it was last asked for, and comes back as soon as it answers. While all providers of a route are left alone, the one
whose time ends first is asked all the same.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

PROVIDERS_MAX = 4_096  # of which anything is remembered; the longest unused one is forgotten
REST_S_MIN, REST_S_MAX = 2.0, 300.0
JITTER_SHARE = 0.2  # so that providers that failed together are not asked together
SLOW_FACTOR = 4.0  # a provider so much slower than the one behind it changes places with it
SLOW_S_MIN = 0.05  # below this nobody is slow
_WEIGHT = 0.3  # of the newest time in the mean

T = TypeVar("T")


@dataclass(slots=True)
class Observed:
    """One provider.

    Attributes:
        failures: in a row.
        rests_until: monotonic seconds; 0 for one that is well.
        seconds: mean time to an answer; 0 before the first.
        trouble: what went wrong last.
    """

    failures: int = 0
    rests_until: float = 0.0
    seconds: float = 0.0
    trouble: str = ""

    @property
    def well(self) -> bool:
        """Whether it answered when it was asked last."""
        return self.failures == 0


class Health:
    """What is known of providers, by their names.

    Args:
        random: numbers in [0, 1) for jitter.
    """

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._known: OrderedDict[str, Observed] = OrderedDict()

    def of(self, name: str) -> Observed:
        """What was observed of a provider."""
        return self._known.get(name) or Observed()

    def answered(self, name: str, seconds: float) -> None:
        """It answered, in so many seconds."""
        seen = self._seen(name)
        seen.failures, seen.rests_until, seen.trouble = 0, 0.0, ""
        seen.seconds = seconds if not seen.seconds else seen.seconds + _WEIGHT * (seconds - seen.seconds)

    def failed(self, name: str, trouble: str, now: float) -> None:
        """It did not, or what it said was no answer."""
        seen = self._seen(name)
        seen.failures = min(seen.failures + 1, 32)
        seen.trouble = trouble
        rest = min(REST_S_MIN * 2 ** (seen.failures - 1), REST_S_MAX)
        seen.rests_until = now + rest * (1 + JITTER_SHARE * (2 * self._random() - 1))

    def order(self, providers: Sequence[T], name: Callable[[T], str], now: float) -> list[T]:
        """Whom to ask, in this order: those that are well as preferred, unless one is far slower than the next; the others
        only where none is well, and of them the one whose rest ends first."""
        well = [provider for provider in providers if self.of(name(provider)).rests_until <= now]
        if not well:
            return sorted(providers, key=lambda provider: self.of(name(provider)).rests_until)[:1]
        for place in range(len(well) - 1):
            here, behind = self.of(name(well[place])).seconds, self.of(name(well[place + 1])).seconds
            if behind and here > max(SLOW_S_MIN, behind * SLOW_FACTOR):
                well[place], well[place + 1] = well[place + 1], well[place]
        return well

    def _seen(self, name: str) -> Observed:
        seen = self._known.setdefault(name, Observed())
        self._known.move_to_end(name)
        if len(self._known) > PROVIDERS_MAX:
            self._known.popitem(last=False)
        return seen
