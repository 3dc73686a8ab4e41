"""The interval of a ratio: wide where rounds scatter, narrow where they agree, silent where there are too few."""

from __future__ import annotations

from random import Random

import pytest

from idis.bench.report.bootstrap import ratio_of


def test_ratio_is_that_of_the_medians() -> None:
    """Not of the means: one unlucky round does not matter."""
    ratio = ratio_of([10, 20, 1_000], [5, 10, 15], paired=False)

    assert ratio is not None
    assert ratio.ratio == 2.0


def test_interval_holds_the_true_ratio() -> None:
    """In nearly all of many experiments with a known ratio of 1.5."""
    hits = 0
    for seed in range(20):
        random = Random(seed)
        one = [1.5 * random.gauss(100, 10) for _ in range(9)]
        other = [random.gauss(100, 10) for _ in range(9)]
        ratio = ratio_of(one, other, paired=False, seed=seed)
        hits += ratio is not None and ratio.low <= 1.5 <= ratio.high

    assert hits >= 16


def test_equal_sides_do_not_differ() -> None:
    """Two halves of the same scatter."""
    random = Random(1)
    values = [random.gauss(100, 10) for _ in range(20)]
    ratio = ratio_of(values[::2], values[1::2], paired=False)

    assert ratio is not None
    assert not ratio.differs


def test_clear_difference_is_found_and_few_rounds_claim_none() -> None:
    """Twice as much in five rounds is a difference, in three it is not yet."""
    five = ratio_of([20, 21, 19, 20, 22], [10, 11, 10, 9, 10], paired=True)
    three = ratio_of([20, 21, 19], [10, 11, 10], paired=True)

    assert five is not None
    assert three is not None
    assert (five.differs, three.differs) == (True, False)


def test_pairs_cancel_what_both_suffered() -> None:
    """A machine that slows both down in some rounds widens the interval of the unpaired ratio only."""
    shared = [100, 50, 90, 60, 100, 40, 80]
    one, other = [2.0 * value for value in shared], [float(value) for value in shared]
    paired, apart = (ratio_of(one, other, paired=paired) for paired in (True, False))

    assert paired is not None
    assert apart is not None
    assert (paired.low, paired.high) == (2.0, 2.0)
    assert apart.high - apart.low > 0.5


def test_same_seed_gives_the_same_interval() -> None:
    """A report can be made again."""
    one, other = [1.0, 2.0, 3.0, 4.0], [2.0, 3.0, 2.5, 3.5]

    assert ratio_of(one, other, paired=False, seed=3) == ratio_of(one, other, paired=False, seed=3)


@pytest.mark.parametrize(("one", "other"), [([], [1.0]), ([1.0], []), ([1.0], [0.0])])
def test_nothing_to_divide_gives_no_ratio(one: list[float], other: list[float]) -> None:
    """Neither an error nor a number."""
    assert ratio_of(one, other, paired=False) is None
