"""The search for the knee, over servers that are only functions."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from idis.bench.measuring.knee import PRECISION, PROBES_MAX, Probe, find_knee


def _server(capacity: float, *, tired_at: float = 1e12) -> tuple[list[float], Callable[[float], Probe]]:
    tried: list[float] = []

    def try_rate(rate: float) -> Probe:
        tried.append(rate)
        holds = rate <= min(capacity, tired_at)
        return Probe(rate, 10.0, 1.0, holds, not holds and tired_at < capacity)

    return tried, try_rate


@pytest.mark.parametrize("capacity", [3.0, 900.0, 1_000.0, 54_321.0, 1_500_000.0])
def test_knee_is_found_from_either_side(capacity: float) -> None:
    """The best rate holds and the next one tried, at most 5 % higher, does not."""
    _, try_rate = _server(capacity)
    knee = find_knee(try_rate, 1_000.0, least=1.0)

    assert knee.best is not None
    assert knee.limit is not None
    assert knee.best.rate <= capacity < knee.limit.rate
    assert knee.limit.rate / knee.best.rate <= PRECISION * 1.001
    assert not knee.ended_by_generator


def test_knee_of_a_dead_server_is_none() -> None:
    """The search ends at one a second."""
    tried, try_rate = _server(0.0)
    knee = find_knee(try_rate, 1_000.0, least=1.0)

    assert knee.best is None
    assert min(tried) >= 1.0
    assert len(tried) <= PROBES_MAX


def test_knee_that_the_generator_sets_is_said() -> None:
    """What lies beyond says nothing about the server."""
    _, try_rate = _server(1e6, tired_at=20_000.0)
    knee = find_knee(try_rate, 1_000.0, least=1.0)

    assert knee.best is not None
    assert knee.best.rate <= 20_000
    assert knee.ended_by_generator


def test_one_unlucky_second_does_not_halve_a_server() -> None:
    """A rate that fails once is tried again."""
    failed: list[float] = []

    def try_rate(rate: float) -> Probe:
        unlucky = rate == 1_000.0 and not failed
        failed.extend([rate] if unlucky else [])
        return Probe(rate, 10.0, 1.0, not unlucky and rate <= 1_500)

    knee = find_knee(try_rate, 1_000.0, least=1.0, again=2)

    assert knee.best is not None
    assert knee.best.rate > 1_400


def test_search_ends_though_a_server_never_tires() -> None:
    """At the highest rate a schedule can hold."""
    tried, try_rate = _server(1e12)
    knee = find_knee(try_rate, 1_000.0, least=1.0)

    assert knee.limit is None
    assert knee.ended_by_generator
    assert len(tried) <= PROBES_MAX
