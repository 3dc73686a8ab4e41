"""The document of a run: counts, percentiles, series, and what is said of the run itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from idis.bench.asking.tally import Count
from idis.bench.measuring.measure import Run
from idis.bench.measuring.observe import Use
from idis.bench.report.figures import document_of, total_of

RunOf = Callable[..., Run]


def test_total_is_the_rounds_added_up_and_leaves_them_as_they_are(run_of: RunOf) -> None:
    """Counts, histograms and series."""
    run = run_of([100, 200], [300])
    total = total_of(run.rounds)

    assert total[Count.ANSWERED] == 3
    assert total.response.total == 3
    assert sum(total.series) == 3
    assert [one.tally[Count.ANSWERED] for one in run.rounds] == [2, 1]


def test_figures_are_per_second_and_per_answer(run_of: RunOf) -> None:
    """Rates over the counted seconds, server CPU by answers, octets both ways."""
    total = document_of(run_of([100] * 100, [100] * 100))["total"]

    assert (total["seconds"], total["rate"], total["achieved"]) == (2.0, 100.0, 1.0)
    assert (total["server_cpu_us"], total["server_busy"]) == (1_000.0, 0.1)
    assert (total["sent_octets_per_s"], total["received_octets_per_s"]) == (9_000, 36_000)
    assert total["codes"] == {"SUCCESS": 200}


def test_both_latencies_stand_side_by_side(run_of: RunOf) -> None:
    """Response from the intended, service from the actual time of sending; in microseconds."""
    total = document_of(run_of(list(range(100, 200))))["total"]

    assert total["response_us"]["p50"] == pytest.approx(149, rel=0.001)
    assert total["service_us"]["p50"] == pytest.approx(139, rel=0.001)
    assert total["slip_us"]["p99"] == pytest.approx(10, rel=0.001)
    assert total["response_us"]["min"] <= 100 < 199 <= total["response_us"]["max"]


def test_series_is_by_interval_and_by_second(run_of: RunOf) -> None:
    """Ten tenths make a second, the stall is in its own tenth."""
    document = document_of(run_of([100] * 50 + [9_000] * 10 + [100] * 40))

    assert [row["count"] for row in document["series"]] == [10] * 10
    assert [row["at_s"] for row in document["series"] if row["max_us"] > 5_000] == [1.5]
    assert [(row["at_s"], row["count"]) for row in document["seconds"]] == [(1.0, 100)]


def test_what_is_not_known_is_null(run_of: RunOf) -> None:
    """Without the server's process there is no CPU time, without an answer no percentile."""
    run = run_of([])
    run.rounds[0].use = Use(1.0, None, None)
    total = document_of(run)["total"]

    assert (total["server_cpu_us"], total["server_busy"], total["foreign"]) == (None, None, None)
    assert total["response_us"] == {}


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda one: one.tally.counts.__setitem__(Count.OFFERED, 102), "98.0% of the questions were answered"),
        (lambda one: one.busy.append(0.95), "generator was busy 95%"),
        (lambda one: one.tally.slip.record(200_000, 10), "left late"),
        (lambda one: setattr(one, "use", Use(1.0, None, 0.07)), "something else used 7%"),
        (lambda one: one.tally.counts.__setitem__(Count.WRONG_DIGEST, 3), "3 answers were wrong"),
        (lambda one: one.tally.counts.__setitem__(Count.CONNECT_FAILED, 2), "and 2 connections failed: the server went away"),
    ],
)
def test_a_run_that_measured_itself_says_so(run_of: RunOf, spoil: Callable[[Any], object], sentence: str) -> None:
    """Each reason alone, in one of two rounds, is enough; without it there is no objection."""
    run = run_of([100] * 100, [100] * 100)
    assert document_of(run)["objections"] == []
    run.rounds[1].tally.counts[Count.OFFERED] = 100
    spoil(run.rounds[1])
    if sentence.startswith("98"):
        run.rounds[0].tally.counts[Count.OFFERED] = 102

    found = document_of(run)["objections"]

    assert len(found) == 1
    assert sentence in found[0]


def test_a_closed_loop_is_judged_by_neither_rate_nor_slip(run_of: RunOf) -> None:
    """It offers what is answered; but the remark says what it hides."""
    run = run_of([100] * 10, rate=None)
    run.rounds[0].tally.slip.record(10**9, 100)
    document = document_of(run)

    assert document["objections"] == []
    assert any("closed loop" in remark for remark in document["remarks"])


def test_nothing_answered_is_the_only_objection_then(run_of: RunOf) -> None:
    """Whatever else is wrong follows from it."""
    assert document_of(run_of([]))["objections"] == ["nothing was answered"]


def test_time_outs_are_lost_or_late(run_of: RunOf) -> None:
    """Late ones did arrive."""
    run = run_of([100] * 10)
    run.rounds[0].tally.counts[Count.TIMED_OUT] = 5
    run.rounds[0].tally.counts[Count.LATE] = 2
    total = document_of(run)["total"]

    assert (total["timed_out"], total["late"], total["lost"]) == (5, 2, 3)


def test_the_settings_are_in_the_document(run_of: RunOf) -> None:
    """A figure without them says nothing."""
    run = run_of([100], seed=9, zipf=1.1)
    document = document_of(replace(run, keys=5))

    assert document["load"]["seed"] == 9
    assert (document["mode"], document["transport"], document["keys"]) == ("open", "udp", 5)
    assert "Zipf keys, exponent 1.1" in document["settings"]


def test_answers_that_are_none_make_a_run_doubtful(run_of: RunOf) -> None:
    """A node is quickest where it has nothing: all answers, or more than half of them, were of another code."""
    run = run_of([100] * 10)
    for found, sentence in ((0, "no answer was a success"), (4, "60.0% of the answers were no success"), (5, "")):
        run.rounds[0].tally.codes[1], run.rounds[0].tally.codes[100] = found, 10 - found
        said = document_of(run)["objections"]

        assert [one.startswith(sentence) for one in said] == ([True] if sentence else [])


@pytest.mark.parametrize(("count", "words"), [(Count.CONNECT_FAILED, "nobody takes questions"), (Count.TIMED_OUT, "in silence")])
def test_nothing_answered_is_explained(run_of: RunOf, count: Count, words: str) -> None:
    """A closed port is told from one that says nothing."""
    run = run_of([])
    run.rounds[0].tally.counts[count] = 3

    assert words in document_of(run)["objections"][0]
