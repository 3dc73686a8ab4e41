"""Settings: what is refused, and that the plans of several processes are together the plan of one."""

from __future__ import annotations

from array import array
from typing import Any

import pytest

from idis.bench.asking.load import Load, LoadError, Question, Target, Transport, plans, target_of
from idis.bench.asking.plan import DNS_SLOTS_MAX, SLOTS_MAX, Dialect
from idis.bench.asking.questions import handle_frames

TARGET = Target("127.0.0.1:2641", "127.0.0.1", 2641)


def _question(keys: int = 10) -> Question:
    return Question(handle_frames([f"88.1/{key}" for key in range(keys)], now=0, datagrams=True), Dialect.HANDLE)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"rate": 0.0}, "--rate"),
        ({"connections": 0}, "--connections"),
        ({"connections": 10_001}, "--connections"),
        ({"pipeline": 0}, "--pipeline"),
        ({"duration_s": 0.0, "warm_up_s": 0.0}, "--duration"),
        ({"warm_up_s": 10.0}, "--warm-up"),
        ({"timeout_ms": 0}, "--timeout-ms"),
        ({"rounds": 0}, "--rounds"),
        ({"processes": 2}, "--processes"),
        ({"zipf": 11.0}, "--zipf"),
        ({"rate": 10_000_000.0}, "--rate and --duration"),
        ({"transport": Transport.UDP, "reconnect": True}, "--reconnect"),
    ],
)
def test_settings_out_of_bounds_are_refused_by_name(changes: dict[str, Any], named: str) -> None:
    """Before a socket is opened."""
    with pytest.raises(LoadError, match=named):
        Load(**{"transport": Transport.TCP, **changes})


def test_processes_share_connections_and_schedule() -> None:
    """Seven connections and a hundred questions in three processes are seven and a hundred."""
    load = Load(Transport.UDP, rate=100.0, connections=7, processes=3, duration_s=1.0, warm_up_s=0.0)
    shares = plans(load, TARGET, _question(), 1)

    assert sorted(plan.connections for plan in shares) == [2, 2, 3]
    assert sorted(due for plan in shares for due in plan.due) == [number * 10_000_000 for number in range(100)]


def test_every_round_draws_anew_from_the_seed() -> None:
    """The same round is the same again; another one differs."""
    load = Load(Transport.UDP, rate=100.0, poisson=True, duration_s=1.0, warm_up_s=0.0)
    first, again, second = (plans(load, TARGET, _question(), number)[0] for number in (1, 1, 2))

    assert (first.keys, first.due) == (again.keys, again.due)
    assert first.keys != second.keys
    assert first.due != second.due


def test_processes_begin_at_other_keys() -> None:
    """Two closed loops do not ask for the same at the same time."""
    one, other = plans(Load(Transport.TCP, connections=2, processes=2), TARGET, _question(1_000), 1)

    assert one.keys != other.keys
    assert sorted(one.keys[:1_000]) != sorted(other.keys[:1_000])


@pytest.mark.parametrize(
    ("dialect", "connections", "pipeline", "under_way"),
    [(Dialect.HANDLE, 50, 64, 3_200), (Dialect.HANDLE, 10_000, 65_536, SLOTS_MAX), (Dialect.DNS, 64, 65_536, DNS_SLOTS_MAX)],
)
def test_slots_hold_what_may_be_under_way(dialect: Dialect, connections: int, pipeline: int, under_way: int) -> None:
    """A power of two with one to spare, for number 0 is never used; DNS ids leave room for generations."""
    load = Load(Transport.TCP, connections=connections, pipeline=pipeline)
    plan = plans(load, TARGET, Question(_question().frames, dialect), 1)[0]

    assert plan.slots > under_way
    assert plan.slots & (plan.slots - 1) == 0
    assert dialect is not Dialect.DNS or plan.slots <= 2**13


@pytest.mark.parametrize(("duration_s", "interval_ns", "intervals"), [(3.0, 100_000_000, 31), (120.0, 1_000_000_000, 121)])
def test_series_has_tenths_of_short_and_seconds_of_long_rounds(duration_s: float, interval_ns: int, intervals: int) -> None:
    """Enough points to see a stall, few enough to draw."""
    load = Load(Transport.TCP, duration_s=duration_s)

    assert (load.interval_ns, load.intervals) == (interval_ns, intervals)


def test_no_digests_means_none_compared() -> None:
    """The plan's array is empty then."""
    assert plans(Load(Transport.TCP), TARGET, _question(), 1)[0].expected == array("Q")


@pytest.mark.parametrize(
    ("text", "address", "port"), [("127.0.0.1:99", "127.0.0.1", 99), ("[::1]:7", "::1", 7), ("10.0.0.1", "10.0.0.1", 2641)]
)
def test_targets_are_numeric_before_anything_is_measured(text: str, address: str, port: int) -> None:
    """The port is the protocol's unless given."""
    assert target_of(text) == Target(text, address, port)


@pytest.mark.parametrize("text", ["", "127.0.0.1:x", "127.0.0.1:99999", "no such host.invalid:1"])
def test_what_is_no_target_is_refused(text: str) -> None:
    """With a sentence."""
    with pytest.raises(LoadError):
        target_of(text)
