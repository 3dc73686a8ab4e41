"""Counting."""

from __future__ import annotations

from idis.resolver.metrics import DURATION_BOUNDS_S, Durations, Metrics


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


def test_of_several_processes_the_slowest_path_is_named():
    """A worker that has no index yet is what an operator looks for."""
    total = Metrics()
    for source in ("index", "store", "index"):
        worker = Metrics()
        worker.take_path("compiled", "cache")
        worker.take_path("compiled", source)
        total.add(worker.numbers())

    assert total.path == ("compiled", "store")
    assert {name: count for name, count in total.gauges.items() if count} == {"path.compiled.index": 2, "path.compiled.store": 1}


def test_without_a_binary_port_no_path_is_named():
    """A keeper answers nobody there."""
    assert Metrics().path == ("", "")


def test_damage_that_workers_meet_adds_up():
    """Whoever keeps the index judges it by what all of them have met."""
    total = Metrics()
    for count in (2, 3):
        worker = Metrics()
        worker.index["damaged"] = count
        total.add(worker.numbers())

    assert total.index["damaged"] == 5
