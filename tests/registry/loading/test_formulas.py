"""Cells that begin like formulas."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.registry.loading.formulas import guarded, may_be_guarded, unguarded


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("@x", "'@x"),
        ("-5", "-5"),
        ("+3.5", "+3.5"),
        ("-a", "'-a"),
        ("abc", "abc"),
        ("'=x", "''=x"),
        ("'a", "'a"),
    ],
)
def test_no_cell_is_taken_for_a_formula(cell: str, shown: str) -> None:
    """What begins like a formula is quoted, numbers are not."""
    assert guarded(cell) == shown


@given(cell=st.text(st.sampled_from("'=+-@\t1.a"), max_size=5))
def test_what_was_guarded_comes_back(cell: str) -> None:
    """Any text survives the way out and in."""
    assert unguarded(guarded(cell)) == cell


@given(cells=st.lists(st.text(st.sampled_from("'=+-@1a,\""), max_size=4), min_size=1, max_size=4))
def test_a_piece_with_a_guarded_cell_is_noticed(cells: list[str]) -> None:
    """Looking at the octets of a piece misses no cell that would change."""
    file = io.StringIO()
    csv.writer(file).writerow([guarded(cell) for cell in cells])
    changes = any(unguarded(guarded(cell)) != guarded(cell) for cell in cells)

    assert may_be_guarded(file.getvalue().encode()) or not changes
