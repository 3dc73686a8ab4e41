"""One row with a few fields changed, and what the checks say about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

import pytest

from idis.registry.pilots.finding import Finding, Invalid
from idis.registry.pilots.table import PILOTS
from idis.registry.pilots.validation import validate

TODAY = date(2026, 1, 15)

Judge = Callable[[str, str, Mapping[str, object], Mapping[str, object]], list[Finding]]


@pytest.fixture
def judge() -> Judge:
    """Findings about a row of (pilot, object) with changes laid over it; a change to None takes the field away."""

    def findings(pilot: str, code: str, row: Mapping[str, object], changes: Mapping[str, object]) -> list[Finding]:
        common = {"name": "样品", "producer": "88.118.8/ORG.1", "visibility": "public"}
        cells = {name: cell for name, cell in {**common, **row, **changes}.items() if cell is not None}
        result = validate(PILOTS[pilot], code, cells, identifier="88.118.8/SAMPLE.1", today=TODAY)
        return list(result.findings if isinstance(result, Invalid) else result.warnings)

    return findings
