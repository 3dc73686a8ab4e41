"""Long campaigns take their length as an option."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Known when this folder is named on the command line; otherwise the default holds."""
    parser.addoption("--kill-cycles", type=int, default=12, help="how often the writer is killed")
    parser.addoption("--kill-seed", type=int, default=1, help="seed of the moments it is killed at")
