"""What the tests of carriers share: they need the extra `codes`, and say so where it is missing."""

from __future__ import annotations

import pytest

from idis.proto.schemes.surroundings import Surroundings

pytest.importorskip("zxingcpp", reason="needs pip install 'idis[codes]'")
pytest.importorskip("PIL", reason="needs pip install 'idis[codes]'")


@pytest.fixture
def around() -> Surroundings:
    """A year, and a host of ours."""
    return Surroundings(2026, frozenset(("id.example.cn",)))
