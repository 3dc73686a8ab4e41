"""Mutated frames of every kind: only the documented error comes out, soon, and nothing is kept."""

import tracemalloc

import pytest
from corpus import heaviest, load
from mutate import Mutator
from parsers import feed
from run import GROWTH_KB_MAX, Result, campaign, judge

SEED = 2026
PEAK_BYTES_PER_OCTET = 400  # an empty value of 26 octets becomes an object of a few hundred
PEAK_BYTES_FREE = 200_000  # compiled expressions, decoders of JSON and XML


@pytest.fixture(scope="module")
def result(request: pytest.FixtureRequest) -> Result:
    """One campaign, judged by several tests."""
    return campaign(SEED, request.config.getoption("--fuzz-frames"))


def test_only_documented_errors_come_out_in_time(result: Result) -> None:
    """No other exception, and no frame that takes more than ten milliseconds of processor time."""
    assert "\n".join(map(str, result.findings)) == ""


def test_nothing_grows(result: Result) -> None:
    """Resident memory stays where it was after the first frames."""
    assert result.growth_kb <= GROWTH_KB_MAX


def test_a_frame_takes_memory_in_proportion() -> None:
    """Whatever lengths a frame announces, parsing it allocates no more than a multiple of the octets that came."""
    mutator = Mutator(SEED + 1, load())
    tracemalloc.start()
    try:
        for _ in range(1_500):
            kind, octets = mutator.frame()
            tracemalloc.reset_peak()
            before, _ = tracemalloc.get_traced_memory()
            feed(kind, octets)
            peak = tracemalloc.get_traced_memory()[1] - before

            assert peak <= PEAK_BYTES_FREE + PEAK_BYTES_PER_OCTET * len(octets), (kind, octets.hex())
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("kind", "octets"), load())
def test_every_seed_is_taken(kind: str, octets: bytes) -> None:
    """The corpus itself is well formed enough to get through, whole and cut anywhere."""
    for size in range(0, len(octets), 1 + len(octets) // 40):
        assert judge(kind, octets[:size])[0] == ""

    assert judge(kind, octets)[0] == ""


@pytest.mark.parametrize(("kind", "octets"), heaviest())
def test_the_heaviest_frames_are_taken(kind: str, octets: bytes) -> None:
    """Frames at every limit at once raise nothing undocumented and take memory in proportion."""
    tracemalloc.start()
    try:
        feed(kind, octets)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak <= PEAK_BYTES_FREE + PEAK_BYTES_PER_OCTET * len(octets)


def test_the_mutator_is_seeded() -> None:
    """The same seed gives the same frames, so a finding can be found again."""
    one, other = Mutator(7, load()), Mutator(7, load())

    assert [one.frame() for _ in range(50)] == [other.frame() for _ in range(50)]
