"""Random and damaged texts through every recogniser: nothing is raised, nothing is slow, canonical forms are fixed points."""

import pytest
from identifiers import Result, Writer, campaign, examine, heaviest

SEED = 2026


@pytest.fixture(scope="module")
def result(request: pytest.FixtureRequest) -> Result:
    """One campaign, judged by several tests."""
    return campaign(SEED, request.config.getoption("--fuzz-texts"))


def test_every_promise_is_kept(result: Result) -> None:
    """No exception, no text that takes more than ten milliseconds, canonical forms that read as themselves."""
    assert "\n".join(map(str, result.findings)) == ""


def test_the_texts_are_near_enough(result: Result) -> None:
    """A good part of them is something: the campaign gets behind the first checks."""
    assert result.recognised > result.texts / 4


def test_the_heaviest_texts_are_taken() -> None:
    """One piece repeated up to every limit."""
    assert "\n".join(map(str, examine(iter(heaviest())).findings)) == ""


def test_the_writer_is_seeded() -> None:
    """The same seed gives the same texts, so a finding can be found again."""
    one, other = Writer(7), Writer(7)

    assert [one.text() for _ in range(50)] == [other.text() for _ in range(50)]
