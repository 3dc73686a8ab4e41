"""The compiled hot path is optional: without it these tests are skipped. Long campaigns take their length as an option."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Known when this folder is named on the command line; otherwise the defaults hold."""
    parser.addoption("--differential-buffers", type=int, default=20_000, help="mutated buffers for both paths")
    parser.addoption("--race-operations", type=int, default=300_000, help="reads raced against one writer")
