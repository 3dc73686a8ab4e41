"""Options of the whole test run."""

import pytest

FUZZ_FRAMES = 20_000  # a sample for every run; campaigns say their own number


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long the fuzzers run."""
    parser.addoption("--fuzz-frames", type=int, default=FUZZ_FRAMES, help="mutated frames for each run of the parser fuzzer")
