"""What is compiled for registration, loading, store and trail gives what its plain twins give, whatever it is handed."""

from __future__ import annotations

import pytest

pytest.importorskip("idis.proto._speedups", reason="the compiled hot path is not loaded", exc_type=ImportError)

from twins import Result, campaign

SEED = 2026


@pytest.fixture(scope="module")
def result(request: pytest.FixtureRequest) -> Result:
    """One campaign, judged by several tests."""
    return campaign(SEED, request.config.getoption("--fuzz-twins"))


def test_twins_are_alike(result: Result) -> None:
    """The same result or the same refusal, and nothing but a refusal of what is no argument."""
    assert "\n".join(result.findings) == ""


def test_what_is_drawn_is_taken_on(result: Result) -> None:
    """Enough of it is plain for the compiled functions: the campaign gets behind their first checks."""
    kinds = ("new_records", "items", "values", "line", "taking", "loading", "sheaf", "pieces", "block")

    assert all(result.plain[kind] > result.rounds / 200 for kind in kinds)
