"""How soon an approved prefix is resolvable: what is measured, and how it is told."""

from __future__ import annotations

import json
import subprocess
import sys

from idis.bench.effect import Effect, document_of, report_of
from idis.resolver.lab.plan import DNS_OFFSET, HTTP_OFFSET
from tests.ports import free_base

EFFECTS = [Effect(1, 2, 3, 4, 5, 6, 7), Effect(2, 4, 6, 8, 90, 60, 10), Effect(3, 6, 9, 12, 15, 8, 9)]


def test_the_report_tells_median_and_slowest_and_holds_them_against_the_goal() -> None:
    """The goal is for the slowest."""
    lines = report_of(EFFECTS, 59_000.0).splitlines()

    assert ["recursive", "node", "gives", "the", "record", "15.0", "90.0"] in [line.split() for line in lines]
    assert "resolvable everywhere: 90.0 ms at most, goal 100 ms: reached" in lines
    assert "with 'not found' cached: 59,000.0 ms at most, goal 60,000 ms: reached" in lines


def test_a_missed_goal_is_told_as_missed() -> None:
    """Without a round through the cache, nothing is said of it."""
    text = report_of([Effect(1, 2, 3, 4, 101, 120, 5)], None)

    assert "resolvable everywhere: 101.0 ms at most, goal 100 ms: missed" in text
    assert text.endswith("suspended or resumed everywhere: 120.0 ms at most, goal 100 ms: missed")


def test_programs_get_the_same_figures() -> None:
    """Every step by its name."""
    document = document_of(EFFECTS, None)

    assert document["recursive"] == {"median_ms": 15, "slowest_ms": 90}
    assert (document["rounds"], document["cached_ms"]) == (3, None)


def test_it_measures_the_lab() -> None:
    """Four nodes are started, one prefix is approved, and every node on the way answers for it."""
    base = free_base(offset + number for offset in (0, HTTP_OFFSET, DNS_OFFSET) for number in range(14))
    words = [sys.executable, "-m", "idis.bench.effect", "--rounds", "1", "--base-port", str(base), "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)

    assert figures["rounds"] == 1
    assert 0 < figures["approved"]["median_ms"] < figures["recursive"]["median_ms"]
    assert figures["suspended"]["median_ms"] > 0
