"""The histogram against lists that are sorted, and its text form against HdrHistogram's rules."""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.bench.asking.histogram import VALUE_NS_MAX, Histogram, bucket, bucket_count, from_sparse, index_of

SHARES = [0.1, 10.0, 50.0, 75.0, 90.0, 99.0, 99.9, 100.0]


def _filled(values: list[int], digits: int = 3) -> Histogram:
    histogram = Histogram(digits)
    for value in values:
        histogram.record(value)
    return histogram


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=200))
def test_percentiles_are_those_of_the_sorted_list(values: list[int]) -> None:
    """Each is the nearest rank's value, at most a thousandth above it."""
    ascending = sorted(values)
    found = _filled(values).percentiles(SHARES)

    for share, value in zip(SHARES, found, strict=True):
        true = ascending[max(math.ceil(len(values) * share / 100 - 1e-9), 1) - 1]
        assert true <= value <= true * 1.001


@given(st.integers(0, VALUE_NS_MAX), st.sampled_from([5, 8, 11]))
def test_a_value_lies_in_its_bucket(value: int, bits: int) -> None:
    """And the bucket is no wider than the precision allows."""
    lowest, width = bucket(index_of(value, bits), bits)

    assert lowest <= value < lowest + width
    assert width == 1 or width <= lowest / 2 ** (bits - 1)


@pytest.mark.parametrize("bits", [5, 8, 11])
def test_buckets_follow_one_another_without_gap(bits: int) -> None:
    """The end of each is the begin of the next, up to the largest value."""
    edge = 0
    for index in range(bucket_count(bits)):
        lowest, width = bucket(index, bits)
        assert lowest == edge
        edge = lowest + width

    assert edge == VALUE_NS_MAX + 1


@pytest.mark.parametrize(
    ("value", "index"), [(0, 0), (2_047, 2_047), (2_048, 2_048), (2_049, 2_048), (4_095, 3_071), (4_096, 3_072)]
)
def test_buckets_are_hdrhistogram_s(value: int, index: int) -> None:
    """Three digits: 2048 single values, then 1024 buckets for each doubling."""
    assert index_of(value, 11) == index


@pytest.mark.parametrize(("value", "kept"), [(-5, 0), (VALUE_NS_MAX + 1, VALUE_NS_MAX), (2**60, VALUE_NS_MAX)])
def test_values_outside_count_at_the_ends(value: int, kept: int) -> None:
    """Nothing is lost, and nothing overruns the array."""
    histogram = _filled([value])

    assert histogram.total == 1
    assert histogram.most == kept


def test_merged_histograms_are_the_histogram_of_all() -> None:
    """Two halves added up equal the whole."""
    values = [Random(4).randrange(10**8) for _ in range(500)]
    merged = _filled(values[::2])
    merged.merge(_filled(values[1::2]))

    assert merged.counts == _filled(values).counts


def test_histograms_of_other_precision_are_not_merged() -> None:
    """Their buckets mean other values."""
    with pytest.raises(ValueError, match="precision"):
        Histogram(3).merge(Histogram(2))


def test_mean_and_deviation_are_those_of_the_values() -> None:
    """Within the precision of the buckets."""
    mean, deviation = _filled([1_000, 2_000, 3_000, 2_000]).mean_and_deviation()

    assert mean == pytest.approx(2_000, rel=0.001)
    assert deviation == pytest.approx(math.sqrt(500_000), rel=0.001)


def test_an_empty_histogram_has_zeros() -> None:
    """No percentile, no least, no most, and still a text."""
    empty = Histogram()

    assert (empty.total, empty.least, empty.most, empty.percentile(99), empty.mean_and_deviation()) == (0, 0, 0, 0, (0.0, 0.0))
    assert "Total count    =            0" in empty.hgrm()


def test_hgrm_lists_shares_up_to_one() -> None:
    """A heading, ascending shares and values, the largest value at share 1 without a quotient, three lines of totals."""
    lines = _filled([1_000 * number for number in range(1, 101)]).hgrm().splitlines()
    rows = [[float(cell) for cell in line.split()] for line in lines[2:-3]]

    assert lines[0].split() == ["Value", "Percentile", "TotalCount", "1/(1-Percentile)"]
    assert [row[1] for row in rows] == sorted(row[1] for row in rows)
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    assert rows[0][1:3] == [0.0, 1.0]
    assert rows[-1] == [100.031, 1.0, 100.0]
    assert all(row[3] == pytest.approx(1 / (1 - row[1]), abs=0.01) for row in rows[:-1])
    assert [line[:2] for line in lines[-3:]] == ["#["] * 3


def test_sparse_form_gives_the_same_histogram_back() -> None:
    """Through JSON and back nothing changes."""
    histogram = _filled([5, 5, 70_000, 10**9])

    assert from_sparse(histogram.sparse()).counts == histogram.counts


@pytest.mark.parametrize("pairs", [[[-1, 1]], [[10**6, 1]], [[0, -1]]])
def test_sparse_form_with_impossible_counts_is_refused(pairs: list[list[int]]) -> None:
    """A file from elsewhere may hold anything."""
    with pytest.raises(ValueError, match="no bucket"):
        from_sparse(pairs)


def test_counts_of_another_size_are_refused() -> None:
    """They would be read as other values."""
    with pytest.raises(ValueError, match="buckets"):
        Histogram(3, [0] * 10)
