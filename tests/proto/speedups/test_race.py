"""One writer against several readers, in processes of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("idis.proto._speedups", reason="the compiled hot path is not loaded", exc_type=ImportError)

READERS = 2


@pytest.mark.timeout(0)
@pytest.mark.parametrize("arena", [[], ["ring"]], ids=["append", "ring"])
def test_no_answer_is_torn_stale_or_foreign(request: pytest.FixtureRequest, tmp_path: Path, arena: list[str]) -> None:
    """While entries are replaced, deleted, pushed out and moved to new files, every hit is whole, current and the key's own."""
    reads = request.config.getoption("--race-operations", default=300_000)
    script = Path(__file__).with_name("hot_race.py")
    command = [sys.executable, str(script), str(tmp_path), str(reads), str(READERS), "1", *arena]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout.count("\n")) == (0, 1), done.stdout + done.stderr
