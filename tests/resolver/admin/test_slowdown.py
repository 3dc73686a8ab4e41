"""Who guesses is slowed down, and nobody else."""

from __future__ import annotations

import pytest

from idis.registry.identity import identity_of
from idis.resolver.admin import slowdown as slowdown_module
from idis.resolver.admin.slowdown import Slowdown

WHO, OTHER = identity_of(300, "0.NA/88.118.8"), identity_of(301, "0.NA/88.118.8")


def failed(times: int, source: str = "here", step_s: float = 0.0) -> Slowdown:
    """So many wrong answers."""
    slowdown = Slowdown()
    for time in range(times):
        slowdown.failed(WHO, source, time * step_s)
    return slowdown


@pytest.mark.parametrize(("failures", "wait_s"), [(1, 0), (4, 0), (5, 1), (6, 2), (7, 4), (10, 32), (11, 60), (500, 60)])
def test_the_wait_doubles_up_to_a_minute(failures, wait_s):
    """From the fifth failure within a minute."""
    assert failed(failures).wait_s(WHO, "here", 0.0) == wait_s


def test_slips_far_apart_are_forgotten():
    """One every two minutes never adds up."""
    assert failed(20, step_s=121.0).wait_s(WHO, "here", 20 * 121.0) == 0


@pytest.mark.parametrize(("identity", "source"), [(OTHER, "here"), (WHO, "there")])
def test_nobody_else_waits(identity, source):
    """Neither another key nor the same key's owner elsewhere."""
    assert failed(50).wait_s(identity, source, 0.0) == 0


def test_a_right_answer_begins_anew():
    """Its owner sits there."""
    slowdown = failed(5)
    slowdown.succeeded(WHO, "here")

    assert slowdown.wait_s(WHO, "here", 0.0) == 0


def test_the_table_is_bounded(monkeypatch):
    """Somebody with many names fills it and no more."""
    monkeypatch.setattr(slowdown_module, "ENTRIES_MAX", 8)
    slowdown = Slowdown()
    for number in range(100):
        slowdown.failed(identity_of(number + 1, "0.NA/88.1"), "here", 0.0)

    assert len(slowdown) == 8
