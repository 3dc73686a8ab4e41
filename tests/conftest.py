"""Options of the whole test run."""

import pytest

FUZZ_FRAMES = 20_000  # a sample for every run; campaigns say their own number
HIDDEN_PAIRS = 60


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long campaigns run."""
    parser.addoption("--fuzz-frames", type=int, default=FUZZ_FRAMES, help="mutated frames for each run of the parser fuzzer")
    parser.addoption("--hidden-pairs", type=int, default=HIDDEN_PAIRS, help="pairs of registries with and without hidden values")
