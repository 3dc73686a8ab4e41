"""Telling hidden from absent by time: the statistics, and that the harness runs; never what the times are."""

from __future__ import annotations

import json
import random
import subprocess
import sys

import pytest

from idis.bench.hidden import Situation, auc, chance_spread, crossed_auc, judged


@pytest.mark.parametrize(
    ("hiding", "plain", "area"),
    [
        ([3, 4], [1, 2], 1.0),
        ([1, 2], [3, 4], 0.0),
        ([1, 2], [1, 2], 0.5),
        ([1, 1, 1], [1, 1, 1], 0.5),
        ([1, 3], [2, 4], 0.25),
        ([2, 2, 5], [1, 2, 3], 2 / 3),
    ],
)
def test_the_area_counts_pairs(hiding: list[float], plain: list[float], area: float) -> None:
    """By hand: of all pairs those in which the hiding took longer, ties half."""
    assert auc(hiding, plain) == pytest.approx(area)


def test_a_side_that_is_faster_is_told_apart_as_well() -> None:
    """Which way it goes is learnt on the other half."""
    assert crossed_auc([1.0] * 10, [2.0] * 10) == 1.0


def test_who_guesses_is_judged_as_guessing() -> None:
    """Numbers from one source: near one half, on either side of it, within twice the spread."""
    draw = random.Random(1)
    times = [[draw.random() for _ in range(2_000)] for _ in range(2)]

    assert abs(crossed_auc(*times) - 0.5) <= 2 * chance_spread(2_000)


def test_one_answer_in_a_hundred_that_is_slower_shows_in_medians_only_when_it_is_many() -> None:
    """A small shift that single answers hide is found by whoever asks often."""
    draw = random.Random(2)
    times = [(draw.gauss(10.3, 1.0), draw.gauss(10.0, 1.0)) for _ in range(5_000)]
    verdict = judged(Situation("x", (), ()), "udp", times)

    assert 0.5 < verdict.auc < 0.65 < verdict.blocks


def test_a_sample_of_the_campaign_runs() -> None:
    """A node is asked over three transports for three situations, and no octet of a pair differs."""
    words = [sys.executable, "-m", "idis.bench.hidden", "--pairs", "200", "--json"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=100, check=True)
    found = json.loads(done.stdout)

    assert [verdict["transport"] for verdict in found] == ["udp"] * 3 + ["tcp"] * 3 + ["http"] * 3
    assert all(0 <= verdict["auc"] <= 1 for verdict in found)
