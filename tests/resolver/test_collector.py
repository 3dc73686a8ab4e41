"""When the garbage collector runs in a process that answers."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from idis.resolver.collector import QUIET_S, Quiet


@pytest.fixture
def collector(monkeypatch):
    """What was asked of the collector; young objects have become older ones."""
    asked: list[str] = []
    monkeypatch.setattr(gc, "collect", lambda: asked.append("collect"))
    monkeypatch.setattr(gc, "freeze", lambda: asked.append("freeze"))
    monkeypatch.setattr(gc, "get_count", lambda: (5, 1, 0))
    return asked


def test_a_busy_process_never_collects(collector):
    """One question a second is enough to put it off."""
    quiet = Quiet()

    assert not any(quiet.second(answers) for answers in range(100))
    assert collector == []


def test_a_quiet_process_collects_and_freezes(collector):
    """After so many seconds without a question."""
    quiet = Quiet()
    collected = [quiet.second(7) for _ in range(QUIET_S + 1)]

    assert collected == [False] * QUIET_S + [True]
    assert collector == ["collect", "freeze"]


def test_nothing_grown_nothing_collected(collector, monkeypatch):
    """A process that only waits does not look through the same objects every second."""
    monkeypatch.setattr(gc, "get_count", lambda: (5, 0, 0))
    quiet = Quiet()

    assert not any(quiet.second(7) for _ in range(3 * QUIET_S))


def test_a_hot_process_runs_no_full_collection():
    """However many objects it makes and keeps; what has always lived is frozen."""
    program = """
import gc
from idis.resolver.collector import hush
hush(hot=True)
frozen, before = gc.get_freeze_count(), gc.get_stats()
kept = [[number] for number in range(300_000)]
after = gc.get_stats()
print(frozen > 1_000, [now["collections"] - then["collections"] > 0 for now, then in zip(after, before)])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "True [True, False, False]\n"
