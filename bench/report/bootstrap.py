"""How sure a ratio of two medians is: the percentile bootstrap over rounds, seeded.

Rounds, not questions, are drawn again: questions of one round share its luck, and a million of them would promise a
certainty that the next round does not keep.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from statistics import median

RESAMPLES = 5_000
CONFIDENCE = 0.95
ROUNDS_MIN = 5  # fewer say little, and the report says so


@dataclass(frozen=True, slots=True)
class Ratio:
    """The median of one side by that of the other.

    Attributes:
        ratio: of the medians.
        low, high: the interval that holds CONFIDENCE of the resampled ratios; both the ratio itself for one round.
        rounds: of the side that has fewer.
    """

    ratio: float
    low: float
    high: float
    rounds: int

    @property
    def differs(self) -> bool:
        """Whether the interval leaves 1 out, with rounds enough to say so."""
        return self.rounds >= ROUNDS_MIN and not self.low <= 1 <= self.high


def ratio_of(one: Sequence[float], other: Sequence[float], *, paired: bool, seed: int = 1) -> Ratio | None:
    """One side's median by the other's; None when a side is empty or the divisor is 0.

    Args:
        one, other: a figure of each round.
        paired: rounds of the same number ran side by side and are drawn together.
        seed: of the resampling.
    """
    if not one or not other or not median(other):
        return None
    paired = paired and len(one) == len(other)
    random = Random(seed)
    ratios = []
    for _ in range(RESAMPLES):
        first = random.choices(range(len(one)), k=len(one))
        second = first if paired else random.choices(range(len(other)), k=len(other))
        if below := median([other[index] for index in second]):
            ratios.append(median([one[index] for index in first]) / below)
    ratios.sort()
    edge = round(len(ratios) * (1 - CONFIDENCE) / 2)
    whole = median(one) / median(other)
    low, high = ratios[edge], ratios[-1 - edge]
    return Ratio(whole, min(low, whole), max(high, whole), min(len(one), len(other)))
