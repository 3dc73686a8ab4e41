"""What one generator process counted: plain arrays that a compiled loop can count into, and what is read from them."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from enum import IntEnum

from idis.bench.asking.histogram import Histogram, bucket_count

SERIES_DIGITS = 2
SERIES_BITS = 8  # p of two significant digits
SERIES_BUCKETS = bucket_count(SERIES_BITS)
INTERVALS_MAX = 3_600
CODES = 4_096  # response codes are below this, HTTP's too; whatever is above counts as the last


class Count(IntEnum):
    """Where each number stands in `Tally.counts`. Questions due in the warm-up are in none of the first ten."""

    OFFERED = 0  # due
    SENT = 1
    ANSWERED = 2  # in time and right, whatever the code
    TIMED_OUT = 3  # not answered in time
    LATE = 4  # of those, answered afterwards; the others are lost
    UNSENT = 5  # still held back when the time was over
    WRONG_ECHO = 6  # another identifier than asked for, or another operation
    WRONG_DIGEST = 7  # other values than learnt in the first pass
    BROKEN = 8  # lost with their connection
    HELD = 9  # had to wait for the server: pipeline or socket full
    MALFORMED = 10
    STRAY = 11  # nobody asked
    CONNECT_FAILED = 12
    SEND_FAILED = 13
    SENT_OCTETS = 14
    RECEIVED_OCTETS = 15
    CONNECTS = 16
    IDLE_NS = 17  # waiting, or going round with nothing to do
    LOOP_NS = 18  # from the start to the last answer
    CPU_NS = 19


COUNTS = 20


@dataclass(slots=True)
class Tally:
    """The counts of one process, or of several added up.

    Attributes:
        counts: see `Count`.
        codes: answers by response code.
        service, response: histogram counts of three digits: from the actual, and from the intended time of sending.
        slip: actual minus intended time of sending, of questions that did not have to wait for the server.
        series: for each interval of the intended time, response times at two digits.
        interval_ns: of the series.
        processes: how many were added up.
    """

    interval_ns: int
    intervals: int
    counts: array[int] = field(default_factory=lambda: array("Q", bytes(8 * COUNTS)))
    codes: array[int] = field(default_factory=lambda: array("Q", bytes(8 * CODES)))
    service: Histogram = field(default_factory=Histogram)
    response: Histogram = field(default_factory=Histogram)
    slip: Histogram = field(default_factory=Histogram)
    series: array[int] = field(default_factory=lambda: array("Q"))
    processes: int = 1

    def __post_init__(self) -> None:
        if not self.series:
            self.series = array("Q", bytes(8 * SERIES_BUCKETS * self.intervals))

    def __getitem__(self, count: Count) -> int:
        return self.counts[count]

    def add(self, other: Tally) -> None:
        """Add the counts of another process or round of the same length."""
        self.processes += other.processes
        for mine, theirs in ((self.counts, other.counts), (self.codes, other.codes), (self.series, other.series)):
            for index, count in enumerate(theirs):
                if count:
                    mine[index] += count
        self.service.merge(other.service)
        self.response.merge(other.response)
        self.slip.merge(other.slip)

    def interval(self, number: int) -> Histogram:
        """The response times of the questions due in one interval."""
        return Histogram(SERIES_DIGITS, self.series[number * SERIES_BUCKETS : (number + 1) * SERIES_BUCKETS])

    @property
    def busy(self) -> float:
        """The share of its time the generator had something to do: near 1 it measures itself."""
        loop_ns = self[Count.LOOP_NS]
        return 1 - self[Count.IDLE_NS] / loop_ns if loop_ns else 0.0

    @property
    def wrong(self) -> int:
        """Answers that were none to their question."""
        return self[Count.WRONG_ECHO] + self[Count.WRONG_DIGEST]

    @property
    def errors(self) -> int:
        """Everything that is neither an answer nor a time-out."""
        broken = (Count.BROKEN, Count.MALFORMED, Count.STRAY, Count.CONNECT_FAILED, Count.SEND_FAILED)
        return self.wrong + sum(self[count] for count in broken)

    def code_counts(self) -> dict[int, int]:
        """Answers by response code, without those that did not occur."""
        return {code: count for code, count in enumerate(self.codes) if count}
