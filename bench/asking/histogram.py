"""Durations in a log-linear histogram: recording costs one increment, merging one addition a bucket.

The buckets are those of HdrHistogram with a unit of one nanosecond: values below 2^p have a bucket each, and every
further doubling of the value has 2^(p-1) buckets, so that a bucket is never wider than its value divided by 2^(p-1).
Three significant digits need p = 11, two need p = 8. The generators count straight into `counts`; everything read from
it is computed at the end, because a correction for each value would cost more than the question it measures.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

VALUE_BITS = 36
VALUE_NS_MAX = 2**VALUE_BITS - 1  # 68.7 s: longer than any time-out of a look-up; what is above counts as this
PRECISION_BITS = {1: 5, 2: 8, 3: 11}  # significant digits → p
TICKS_PER_HALF_DISTANCE = 5  # lines of the .hgrm form for each halving of what is left, HdrHistogram's usual
NS_PER_US = 1_000


class Level(NamedTuple):
    """One line of the percentile distribution."""

    value_ns: int
    share: float  # 0…1
    at_or_below: int  # values


class Histogram:
    """Counts of durations in nanoseconds.

    Args:
        digits: significant digits, 1 to 3.
        counts: counts to go on with, as `counts` of another one of the same digits.

    Attributes:
        counts: one for each bucket; may be counted into directly at `index_of`.
    """

    __slots__ = ("bits", "counts", "digits")

    def __init__(self, digits: int = 3, counts: Iterable[int] | None = None) -> None:
        self.digits = digits
        self.bits = PRECISION_BITS[digits]
        size = bucket_count(self.bits)
        self.counts = array("Q", bytes(8 * size)) if counts is None else array("Q", counts)
        if len(self.counts) != size:
            raise ValueError(f"{len(self.counts)} counts, {size} buckets")

    def record(self, value_ns: int, count: int = 1) -> None:
        """Count a duration, or several equal ones."""
        self.counts[index_of(value_ns, self.bits)] += count

    def merge(self, other: Histogram) -> None:
        """Add the counts of another histogram of the same digits."""
        if other.bits != self.bits:
            raise ValueError("histograms of different precision cannot be merged")
        for index, count in enumerate(other.counts):
            if count:
                self.counts[index] += count

    def filled(self) -> Iterator[tuple[int, int, int]]:
        """The buckets with something in them: lowest value, highest value, count."""
        for index, count in enumerate(self.counts):
            if count:
                lowest, width = bucket(index, self.bits)
                yield lowest, lowest + width - 1, count

    @property
    def total(self) -> int:
        """How many durations were counted."""
        return sum(self.counts)

    @property
    def least(self) -> int:
        """The lower end of the first bucket with something in it; 0 when nothing was counted."""
        return next((low for low, _, _ in self.filled()), 0)

    @property
    def most(self) -> int:
        """The upper end of the last bucket with something in it; 0 when nothing was counted."""
        for index in range(len(self.counts) - 1, -1, -1):
            if self.counts[index]:
                lowest, width = bucket(index, self.bits)
                return lowest + width - 1
        return 0

    def percentiles(self, shares: Sequence[float]) -> list[int]:
        """For each of some ascending percentages the value at or below which that share lies (nearest rank).

        The value is the upper end of its bucket, as HdrHistogram gives it, so it is never below the true one.
        """
        total = self.total
        ranks = [max(math.ceil(total * share / 100 - 1e-9), 1) for share in shares]
        values, seen = [0] * len(ranks), 0
        at = 0
        for _, high, count in self.filled():
            seen += count
            while at < len(ranks) and ranks[at] <= seen:
                values[at] = high
                at += 1
        return values

    def percentile(self, share: float) -> int:
        """One of `percentiles`."""
        return self.percentiles([share])[0]

    def mean_and_deviation(self) -> tuple[float, float]:
        """Mean and standard deviation, from the middles of the buckets."""
        total = self.total
        if not total:
            return 0.0, 0.0
        middles = [((low + high + 1) / 2 if high > low else float(low), count) for low, high, count in self.filled()]
        mean = sum(middle * count for middle, count in middles) / total
        return mean, math.sqrt(sum((middle - mean) ** 2 * count for middle, count in middles) / total)

    def levels(self) -> Iterator[Level]:
        """The percentile distribution with lines that grow denser towards the end (HdrHistogram's iteration)."""
        total, seen, reached = self.total, 0, 0.0
        for _low, high, count in self.filled():
            seen += count
            share = seen / total
            if seen == total:
                yield Level(high, 1.0, total)
                return
            while reached <= share:
                yield Level(high, reached, seen)
                halvings = math.floor(math.log2(1 / (1 - reached))) + 1
                reached += 1 / (TICKS_PER_HALF_DISTANCE * 2**halvings)

    def hgrm(self) -> str:
        """The percentile distribution in HdrHistogram's text form, in microseconds."""
        lines = [f"{'Value':>12} {'Percentile':>14} {'TotalCount':>10} {'1/(1-Percentile)':>14}", ""]
        for value_ns, share, count in self.levels():
            line = f"{value_ns / NS_PER_US:12.3f} {share:2.12f} {count:10d}"
            lines.append(line if share >= 1 else f"{line} {1 / (1 - share):14.2f}")
        mean, deviation = (number / NS_PER_US for number in self.mean_and_deviation())
        lines += [
            f"#[Mean    = {mean:12.3f}, StdDeviation   = {deviation:12.3f}]",
            f"#[Max     = {self.most / NS_PER_US:12.3f}, Total count    = {self.total:12d}]",
            f"#[Buckets = {VALUE_BITS - self.bits + 1:12d}, SubBuckets     = {2**self.bits:12d}]",
        ]
        return "\n".join(lines) + "\n"

    def sparse(self) -> list[list[int]]:
        """The counts as `[index, count]` pairs, for JSON."""
        return [[index, count] for index, count in enumerate(self.counts) if count]


def from_sparse(pairs: Iterable[Sequence[int]], digits: int = 3) -> Histogram:
    """The histogram whose `sparse` gave these pairs.

    Raises:
        ValueError: an index outside the buckets.
    """
    histogram = Histogram(digits)
    for index, count in pairs:
        if not 0 <= index < len(histogram.counts) or count < 0:
            raise ValueError(f"no bucket {index} with {count}")
        histogram.counts[index] += count
    return histogram


def bucket_count(bits: int) -> int:
    """How many buckets p bits of precision need."""
    return ((VALUE_BITS - bits) << (bits - 1)) + (1 << bits)


def index_of(value_ns: int, bits: int) -> int:
    """The bucket of a value; values outside 0…VALUE_NS_MAX belong to the nearest end."""
    value_ns = min(max(value_ns, 0), VALUE_NS_MAX)
    shift = max(value_ns.bit_length() - bits, 0)
    return (shift << (bits - 1)) + (value_ns >> shift)


def bucket(index: int, bits: int) -> tuple[int, int]:
    """The lowest value of a bucket, and how many values it holds."""
    shift = max((index >> (bits - 1)) - 1, 0)
    return (index - (shift << (bits - 1))) << shift, 1 << shift
