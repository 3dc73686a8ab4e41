"""Counters in memory that several processes map."""

from __future__ import annotations

import pytest

from idis.resolver.metrics import Metrics
from idis.resolver.metrics_block import BLOCK_BYTES, CELLS_MAX, OVERFLOW, CounterBlock


@pytest.fixture
def memory() -> memoryview:
    """Fresh memory of one block."""
    return memoryview(bytearray(BLOCK_BYTES))


def written(memory: memoryview, numbers: dict[str, float]) -> CounterBlock:
    """A block that a process has begun to write."""
    block = CounterBlock(memory)
    block.take_over()
    block.write(numbers)
    return block


def test_a_reader_sees_what_was_written(memory):
    """By name; numbers of both kinds."""
    written(memory, {"answered/udp/1": 7, "seconds/udp": 0.25, "now/connections/tcp": 3})

    assert CounterBlock(memory).read(alive=True) == {"answered/udp/1": 7, "seconds/udp": 0.25, "now/connections/tcp": 3}


def test_writing_again_replaces_and_adds_names(memory):
    """Counters show what has been counted since start, not what was added."""
    block = written(memory, {"answered/udp/1": 7})
    block.write({"answered/udp/1": 9, "answered/udp/100": 1})

    assert CounterBlock(memory).read(alive=True) == {"answered/udp/1": 9, "answered/udp/100": 1}


def test_the_next_process_goes_on_counting(memory):
    """Totals never fall when a process is replaced; what was true only then is gone."""
    written(memory, {"answered/udp/1": 7, "now/connections/tcp": 3})
    written(memory, {"answered/udp/1": 2})

    assert CounterBlock(memory).read(alive=True) == {"answered/udp/1": 9, "now/connections/tcp": 0}


def test_the_dead_have_counts_but_no_connections(memory):
    """What a killed process held open is closed."""
    written(memory, {"accepted/tcp": 3, "now/connections/tcp": 3})

    assert CounterBlock(memory).read(alive=False) == {"accepted/tcp": 3}


def test_names_without_room_are_counted(memory):
    """A flood of names, such as response codes of a hostile upstream, is bounded, and shows."""
    block = written(memory, {f"answered/udp/{code}": 1 for code in range(CELLS_MAX + 9)})

    numbers = block.read(alive=True)
    assert numbers[OVERFLOW] == 10
    assert len(numbers) == CELLS_MAX


def metrics_of_a_process() -> Metrics:
    """Something of every kind."""
    metrics = Metrics()
    metrics.answered["udp", 1] = 5
    metrics.answered["tcp", 100] = 2
    metrics.silent["rate"] = 1
    metrics.durations["udp"].add(0.0001, 5)
    metrics.durations["tcp"].add(60.0, 2)
    metrics.connections["tcp"] = 4
    metrics.accepted["tcp"] = 6
    metrics.closed["idle"] = 2
    metrics.limited["connections"] = 3
    metrics.recursion["hits.answer"] = 8
    metrics.gauges["cache_bytes"] = 4_096
    return metrics


def test_metrics_add_up_through_memory(memory):
    """Two processes, one reader: every counter, bucket and gauge is the sum."""
    other_memory = memoryview(bytearray(BLOCK_BYTES))
    written(memory, metrics_of_a_process().numbers())
    written(other_memory, metrics_of_a_process().numbers())
    total = Metrics()
    for one in (memory, other_memory):
        total.add(CounterBlock(one).read(alive=True))

    expected = metrics_of_a_process()
    expected.add(metrics_of_a_process().numbers())
    assert total == expected
    assert total.answered == {("udp", 1): 10, ("tcp", 100): 4}
    assert total.durations["udp"].counts[1] == 10
    assert total.durations["tcp"].sum_s == 240.0
    assert total.gauges == {"cache_bytes": 8_192}


def test_what_is_counted_elsewhere_is_brought_in_first():
    """Whoever reads gets counts as of now."""
    metrics = Metrics()
    metrics.gather.append(lambda: metrics.answered.update({("udp", 1): 3}))

    assert metrics.numbers()["answered/udp/1"] == 3
