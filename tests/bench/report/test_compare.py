"""Comparisons: what is said of two runs, and what is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from idis.bench.asking.load import Load, Transport
from idis.bench.measuring.measure import Measurement, Run
from idis.bench.report.compare import Pair, document_of, lines_of, objections, report, run_in_turn
from idis.bench.report.figures import document_of as document_of_run

RunOf = Callable[..., Run]


def _pair(one: Run, other: Run, *, paired: bool = True) -> Pair:
    return Pair(("before", "after"), document_of_run(one), document_of_run(other), paired)


def _verdicts(pair: Pair) -> dict[str, str]:
    return {line.title: line.verdict for line in lines_of(pair)}


def test_a_slower_run_is_worse(run_of: RunOf) -> None:
    """Twice the latency in five rounds, with the ratio and its interval."""
    slow, fast = run_of(*[[200 + n] * 50 for n in range(5)]), run_of(*[[100 + n] * 50 for n in range(5)])
    line = next(line for line in lines_of(_pair(slow, fast)) if line.title == "response p50")

    assert line.verdict == "worse"
    assert line.ratio.ratio == pytest.approx(2, rel=0.05)
    assert line.ratio.low > 1.8


def test_more_answers_are_better(run_of: RunOf) -> None:
    """For rates the larger one wins."""
    many, few = run_of(*[[100] * (60 + n) for n in range(5)]), run_of(*[[100] * (30 + n) for n in range(5)])

    assert _verdicts(_pair(many, few))["answers/s"] == "better"
    assert _verdicts(_pair(few, many))["answers/s"] == "worse"


def test_no_difference_is_claimed_where_none_shows(run_of: RunOf) -> None:
    """A run beside itself."""
    run = run_of(*[[100 + 10 * n] * 50 for n in range(6)])

    assert set(_verdicts(_pair(run, run, paired=False)).values()) == {"no difference shown"}


def test_few_rounds_claim_nothing(run_of: RunOf) -> None:
    """However far apart they are."""
    verdicts = _verdicts(_pair(run_of([900] * 50), run_of([100] * 50)))

    assert set(verdicts.values()) == {"too few rounds (5 needed)"}


def test_runs_asked_otherwise_are_objected_to(run_of: RunOf) -> None:
    """Another rate makes another experiment."""
    pair = _pair(run_of([100] * 10), run_of([100] * 10, rate=50.0))

    assert objections(pair) == ["the runs differ in rate: 100.0 and 50.0"]
    assert report(pair)[-1].startswith("DO NOT TRUST THIS COMPARISON: the runs differ in rate")


def test_a_run_s_own_faults_are_repeated(run_of: RunOf) -> None:
    """With the name of the run they belong to."""
    bad = run_of([100] * 10)
    bad.rounds[0].busy.append(0.99)

    assert any(
        sentence.startswith("after: the generator was busy 99%") for sentence in objections(_pair(run_of([100] * 10), bad))
    )


def test_document_holds_ratio_interval_and_verdict(run_of: RunOf) -> None:
    """For programs."""
    document = document_of(_pair(run_of([100] * 10), run_of([100] * 10)))
    first: dict[str, Any] = document["measures"][0]

    assert (document["one"], document["other"]) == ("before", "after")
    assert first["ratio"] == {"ratio": 1.0, "low": 1.0, "high": 1.0, "rounds": 1}
    assert first["verdict"].startswith("too few")


def test_servers_take_turns_in_a_drawn_order() -> None:
    """Every round has every server once, the order changes, and the seed repeats it."""

    class Fake:
        load = Load(Transport.UDP, rounds=12)

        def __init__(self, name: str, log: list[str]) -> None:
            self._name, self._log = name, log

        def run_round(self) -> None:
            self._log.append(self._name)

    def order(seed: int) -> list[str]:
        log: list[str] = []
        run_in_turn([cast(Measurement, Fake(name, log)) for name in "abc"], seed)
        return log

    first = order(1)
    rounds = ["".join(first[at : at + 3]) for at in range(0, 36, 3)]

    assert all(sorted(one) == ["a", "b", "c"] for one in rounds)
    assert len(set(rounds)) > 2
    assert order(1) == first
    assert order(2) != first
