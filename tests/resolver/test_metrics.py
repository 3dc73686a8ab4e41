"""Counting."""

from __future__ import annotations

from idis.resolver.metrics import DURATION_BOUNDS_S, Durations


def test_a_duration_falls_into_the_first_bucket_that_holds_it():
    """Bounds are inclusive, as Prometheus's are."""
    durations = Durations()
    durations.add(0.00005)
    durations.add(0.00006, requests=3)

    assert durations.counts[:3] == [1, 3, 0]


def test_what_is_longer_than_every_bound_has_a_bucket():
    """Nothing is lost."""
    durations = Durations()
    durations.add(60.0, requests=2)

    assert durations.counts[-1] == 2
    assert durations.sum_s == 120.0


def test_bounds_rise():
    """A bucket below its neighbour would never be filled."""
    assert list(DURATION_BOUNDS_S) == sorted(set(DURATION_BOUNDS_S))
