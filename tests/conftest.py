"""Options of the whole test run."""

import ctypes
import gc
from collections.abc import Iterator

import hypothesis
import pytest
from aiohttp import web_app

# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile("idis", deadline=None)
hypothesis.settings.load_profile("idis")

# A sample for every run; campaigns say their own numbers.
FUZZ_FRAMES = 20_000
FUZZ_TEXTS = 10_000
FUZZ_TWINS = 4_000
ADMIN_REPLAYS = 5
ADMIN_GUESSES = 160
ADMIN_HALF_OPEN = 300
HIDDEN_PAIRS = 60
ATTACKS = 30  # of each kind
HTTP_CASES = 200

M_MMAP_THRESHOLD = -3  # of glibc's mallopt(3)
LARGE_BYTES = 262_144


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long campaigns run."""
    parser.addoption("--fuzz-frames", type=int, default=FUZZ_FRAMES, help="mutated frames for each run of the parser fuzzer")
    parser.addoption("--fuzz-texts", type=int, default=FUZZ_TEXTS, help="random and damaged texts for the recognisers")
    parser.addoption("--fuzz-twins", type=int, default=FUZZ_TWINS, help="rounds of compiled functions against plain ones")
    parser.addoption("--admin-replays", type=int, default=ADMIN_REPLAYS, help="times each captured write is sent again")
    parser.addoption("--admin-guesses", type=int, default=ADMIN_GUESSES, help="wrong answers to challenges")
    parser.addoption("--admin-half-open", type=int, default=ADMIN_HALF_OPEN, help="challenges nobody answers")
    parser.addoption("--http-cases", type=int, default=HTTP_CASES, help="requests made up against /api/v1")
    parser.addoption("--hidden-pairs", type=int, default=HIDDEN_PAIRS, help="pairs of registries with and without hidden values")
    parser.addoption("--attacks", type=int, default=ATTACKS, help="tries of each attack on signed records")


def pytest_configure() -> None:
    """Large blocks go back to the kernel when they are freed: a run makes thousands of nodes with megabytes each."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):  # only glibc has it, and only glibc keeps them
        libc.mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)


def pytest_collection_finish() -> None:
    """What was imported to find the tests lives as long as they: the collector walks only what they make, and so more often."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    """A node that a test has started ends with it: aiohttp remembers the last 1,024 applications, each with its whole node."""
    yield
    web_app._cached_build_middleware.cache_clear()
