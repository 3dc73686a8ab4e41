"""A writer that is killed at any moment loses nothing it has acknowledged (`trust.md` §10, P1)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from idis.registry.store.verify import verify


@pytest.mark.timeout(0)
def test_nothing_acknowledged_is_lost(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """After every kill: all acknowledged changes stored, all invariants hold, unknown ones happen once when sent again."""
    cycles = request.config.getoption("--kill-cycles", default=12)
    seed = request.config.getoption("--kill-seed", default=1)
    script = Path(__file__).with_name("killed_writer.py")
    command = [sys.executable, str(script), str(tmp_path / "node"), str(cycles), str(seed)]
    child = subprocess.run(command, capture_output=True, text=True, check=False)
    found = [json.loads(line) for line in child.stdout.splitlines()]
    totals = {name: sum(cycle.get(name, 0) for cycle in found) for name in ("acknowledged", "retried", "repeated")}
    slowest = max(cycle.get("opened_s", 0) for cycle in found)
    print(f"{cycles} kills, seed {seed}: {totals}, slowest open {slowest * 1000:.1f} ms")

    assert len(found) == cycles, child.stderr
    assert all(cycle["killed"] for cycle in found), child.stderr
    assert [cycle["lost"] for cycle in found if cycle["lost"]] == []
    assert [cycle["problems"] for cycle in found if cycle["problems"]] == []
    assert totals["acknowledged"] > cycles
    assert verify(tmp_path / "node").problems == []
