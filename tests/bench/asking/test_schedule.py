"""Schedules and keys: drawn from the seed alone, with the rate and the popularity they promise."""

from __future__ import annotations

from array import array
from collections import Counter
from itertools import pairwise
from statistics import mean, pstdev

import pytest

from idis.bench.asking.schedule import every_key, fixed_schedule, poisson_schedule, share_of, uniform_keys, zipf_keys


def test_fixed_gaps_are_equal() -> None:
    """Four a second for half a second: at 0 and a quarter."""
    assert list(fixed_schedule(4, 0.5)) == [0, 250_000_000]


def test_fixed_schedule_does_not_drift() -> None:
    """The last of a million at 3/s stands where it should to the nanosecond, though the gap is no whole number."""
    due = fixed_schedule(300_000, 1)

    assert len(due) == 300_000
    assert due[-1] == 299_999 * 10**9 // 300_000


def test_poisson_gaps_have_the_mean_and_the_spread_of_an_exponential() -> None:
    """Both are the reciprocal of the rate."""
    due = poisson_schedule(10_000, 5, "a seed")
    gaps = [later - earlier for earlier, later in pairwise(due)]

    assert len(due) == pytest.approx(50_000, rel=0.02)
    assert mean(gaps) == pytest.approx(100_000, rel=0.02)
    assert pstdev(gaps) == pytest.approx(100_000, rel=0.03)


def test_poisson_schedule_ascends_and_ends_in_time() -> None:
    """No question is due before its predecessor or after the round."""
    due = poisson_schedule(1_000, 2, "a seed")

    assert list(due) == sorted(due)
    assert due[-1] < 2 * 10**9


def test_the_same_seed_gives_the_same_schedule() -> None:
    """And another seed another one."""
    assert poisson_schedule(100, 1, "1/1") == poisson_schedule(100, 1, "1/1")
    assert poisson_schedule(100, 1, "1/1") != poisson_schedule(100, 1, "1/2")


def test_shares_of_processes_are_the_whole_schedule() -> None:
    """Several processes ask together what one would have asked."""
    due = poisson_schedule(1_000, 1, "a seed")
    shares = [share_of(due, process, 3) for process in range(3)]

    assert sorted(moment for share in shares for moment in share) == list(due)


@pytest.mark.parametrize(("rate", "seconds"), [(0.1, 1), (10**9, 1)])
def test_schedule_of_no_or_too_many_questions_is_refused(rate: float, seconds: float) -> None:
    """Before memory is spent on it."""
    with pytest.raises(ValueError, match="a schedule holds"):
        fixed_schedule(rate, seconds)


def test_uniform_keys_are_all_as_likely() -> None:
    """Each of ten about a tenth of the time."""
    counts = Counter(uniform_keys(10, 100_000, "a seed"))

    assert set(counts) == set(range(10))
    assert max(counts.values()) < 1.05 * min(counts.values())


def test_zipf_keys_fall_off_with_the_exponent() -> None:
    """With exponent 1 the most popular is asked twice as often as the second, ten times as often as the tenth."""
    popular = [count for _, count in Counter(zipf_keys(100, 200_000, 1.0, "a seed")).most_common(10)]

    assert popular[0] / popular[1] == pytest.approx(2, rel=0.1)
    assert popular[0] / popular[9] == pytest.approx(10, rel=0.15)


def test_popularity_does_not_follow_the_order_of_the_keys() -> None:
    """Which key is popular is drawn from the seed."""
    most = {Counter(zipf_keys(1_000, 10_000, 1.2, seed)).most_common(1)[0][0] for seed in "abcdef"}

    assert len(most) > 3


def test_first_pass_asks_every_key_once() -> None:
    """In order."""
    assert every_key(4) == array("I", [0, 1, 2, 3])
