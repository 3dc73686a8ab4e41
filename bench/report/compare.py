"""Two or more runs compared: the ratio of their medians with an interval, measure by measure.

Servers are measured in turn, each round in another drawn order, so that whatever else the machine does meets all of them
alike; their rounds are then paired. Files of former runs are compared too, without pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from random import Random
from statistics import median
from typing import Any

from idis.bench.measuring.measure import Measurement
from idis.bench.report.bootstrap import ROUNDS_MIN, Ratio, ratio_of
from idis.bench.report.figures import Document
from idis.bench.report.text import micros, number

# what is compared: its title, where it stands in a round's figures, whether more is better
MEASURES: tuple[tuple[str, tuple[str, ...], bool], ...] = (
    ("answers/s", ("rate",), True),
    ("response p50", ("response_us", "p50"), False),
    ("response p90", ("response_us", "p90"), False),
    ("response p99", ("response_us", "p99"), False),
    ("response p99.9", ("response_us", "p99.9"), False),
    ("service p50", ("service_us", "p50"), False),
    ("service p99", ("service_us", "p99"), False),
    ("server CPU an answer", ("server_cpu_us",), False),
)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two runs to be compared; `paired` when their rounds of the same number ran side by side."""

    names: tuple[str, str]
    one: Document
    other: Document
    paired: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One measure of two runs.

    Attributes:
        one, other: medians over the rounds.
        ratio: of one by other.
    """

    title: str
    one: float
    other: float
    ratio: Ratio
    more_is_better: bool

    @property
    def verdict(self) -> str:
        """What may be said."""
        if self.ratio.rounds < ROUNDS_MIN:
            return f"too few rounds ({ROUNDS_MIN} needed)"
        if not self.ratio.differs:
            return "no difference shown"
        return "better" if (self.ratio.ratio > 1) is self.more_is_better else "worse"


def run_in_turn(measurements: Sequence[Measurement], seed: int) -> None:
    """Every measurement's rounds, in an order drawn anew for each round."""
    order, random = list(measurements), Random(f"{seed}/order")
    for _ in range(measurements[0].load.rounds):
        random.shuffle(order)
        for measurement in order:
            measurement.run_round()


def lines_of(pair: Pair) -> list[Line]:
    """The measures both runs have."""
    lines = []
    for title, path, more_is_better in MEASURES:
        values, others = _values(pair.one["rounds"], path), _values(pair.other["rounds"], path)
        ratio = ratio_of(values, others, paired=pair.paired)
        if ratio is not None:
            lines.append(Line(title, median(values), median(others), ratio, more_is_better))
    return lines


def objections(pair: Pair) -> list[str]:
    """Why two runs may not be comparable, with what each says of itself."""
    runs = zip(pair.names, (pair.one, pair.other), strict=True)
    found = [f"{name}: {sentence}" for name, document in runs for sentence in document["objections"]]
    for what, getter in _SAME.items():
        if getter(pair.one) != getter(pair.other):
            found.append(f"the runs differ in {what}: {getter(pair.one)} and {getter(pair.other)}")
    return found


def report(pair: Pair) -> list[str]:
    """A table for people."""
    first, second = pair.names
    width = max(12, len(first) + 2, len(second) + 2)
    text = [f"{'':22}{first:>{width}}{second:>{width}}{'ratio':>9}{'95 % interval':>18}  the first is"]
    for line in lines_of(pair):
        show: Callable[[float], str] = number if line.title == "answers/s" else micros
        interval = f"{line.ratio.low:.3f} – {line.ratio.high:.3f}"
        text.append(
            f"{line.title:22}{show(line.one):>{width}}{show(line.other):>{width}}"
            f"{line.ratio.ratio:>9.3f}{interval:>18}  {line.verdict}"
        )
    return text + [f"DO NOT TRUST THIS COMPARISON: {sentence}" for sentence in objections(pair)]


def document_of(pair: Pair) -> Mapping[str, Any]:
    """The comparison for JSON."""
    return {
        "one": pair.names[0],
        "other": pair.names[1],
        "objections": objections(pair),
        "measures": [{**asdict(line), "verdict": line.verdict} for line in lines_of(pair)],
    }


_SAME: dict[str, Callable[[Document], object]] = {
    "transport": lambda document: document["transport"],
    "mode": lambda document: document["mode"],
    "machine": lambda document: document["machine"],
    "generator": lambda document: document["generator"],
    "rate": lambda document: document["load"]["rate"],
    "connections and pipeline": lambda document: (document["load"]["connections"], document["load"]["pipeline"]),
    "identifiers": lambda document: document["keys"],
}


def _values(rounds: Sequence[Mapping[str, Any]], path: Sequence[str]) -> list[float]:
    found = []
    for one in rounds:
        value: Any = one
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        if value is not None:
            found.append(float(value))
    return found
