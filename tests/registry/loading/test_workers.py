"""Worker processes: results, refusals, deaths."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from idis.registry.loading.rows import FileRefused
from idis.registry.loading.workers import WorkerLost, Workers


def squaring() -> Callable[[int], int]:
    """A worker's function: squares, refuses 13, dies of 66."""

    def square(number: int) -> int:
        if number == 13:
            raise FileRefused("thirteen is refused")
        if number == 66:
            os.kill(os.getpid(), signal.SIGKILL)
        return number * number

    return square


def test_workers_apply_the_function_to_every_task() -> None:
    """Each task gives one result, in whatever order."""
    with Workers[int, int]([squaring, squaring]) as workers:
        found = sorted(workers.map(range(10)))

    assert found == [number * number for number in range(10)]


def test_a_refusal_in_a_worker_is_raised_here() -> None:
    """What is wrong with the file is told by the parent, in the worker's words."""
    with Workers[int, int]([squaring]) as workers, pytest.raises(FileRefused, match="thirteen"):
        list(workers.map([1, 13, 2]))


def test_a_killed_worker_is_told() -> None:
    """A worker that dies does not leave the parent waiting."""
    with Workers[int, int]([squaring]) as workers, pytest.raises(WorkerLost, match="killed"):
        list(workers.map([1, 66, 2]))
