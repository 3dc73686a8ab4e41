"""The compiled pass over the rows of a CSV gives, octet for octet, what the careful path gives."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from idis.proto import speedups
from idis.registry.loading.template_lists import TemplateLists
from idis.registry.readers import ReaderLists

sys.path.insert(0, str(Path(__file__).parent))

from odd_tables import Checking, OddTable, samples

if speedups.LOADED != speedups.COMPILED:
    pytest.skip("the compiled pass is not loaded", allow_module_level=True)

from idis.proto._speedups import Sheaf, UsualRows, UsualTable

TABLES = int(os.environ.get("IDIS_USUAL_ROWS", "30"))  # more of them for a campaign


@pytest.mark.parametrize("seed", range(TABLES))
def test_a_table_comes_to_the_same_on_both_ways(seed: int) -> None:
    """Records, second names, references and findings of whatever stands in a file."""
    table = OddTable(seed)
    lists = TemplateLists()
    if seed % 5 == 0:
        prefix = samples(table.pilot)[0][1].partition("/")[0]
        template = f"{prefix}/META_{table.pilot}_part".upper()
        lists = TemplateLists({template: ReaderLists({2010: ()}, frozenset())}, {}, frozenset((prefix,)))
    plan = table.plan(lists)
    fast, careful = Checking(plan, compiled=True), Checking(plan, compiled=False)

    assert [fast(block) for block in table.blocks()] == [careful(block) for block in table.blocks()]


def test_behind_too_long_a_quoted_field_a_reader_begins_anew() -> None:
    """In its next line, where a quote may open a field that ends rows later."""
    table = OddTable(0)
    row = table.octets.splitlines(keepends=True)[0]
    block = table.block(row + b'"' + b"x" * 131_073 + b'\n",\n' + row * 3 + b'"\n' + row, 2)
    fast, careful = (Checking(table.plan(TemplateLists()), compiled=compiled) for compiled in (True, False))

    assert fast(block) == careful(block)


class _Asked:
    """A number that is worked out when it is asked for."""

    def __init__(self, answer: Callable[[], int]) -> None:
        self._answer = answer

    def __index__(self) -> int:
        return self._answer()


def _learned(cell: str) -> tuple[Any, ...]:
    return b"value", cell, cell, (), ()


def _taken(columns: list[Any], edges: tuple[Any, ...]) -> bytes:
    """The record of a row of empty cells behind its identifier."""
    nothing: dict[str, Any] = dict.fromkeys(("rules", "looked_at", "namings", "foreign", "references"), ())
    table = UsualTable(2, columns, public=1, recall=0, flags={"": 0}, edges=edges, secret=b"s" * 16, **nothing)
    told: dict[str, Any] = {"table_of": lambda *_: table, "known": lambda _: (b"88.1", True), "refer": print}
    rows = UsualRows(2, ",", identifier_at=0, object_at=-1, visibility_at=1, prefix=b"", forms=(1,) * 6, **told)
    records = Sheaf()
    rows.take(b"88.1/x,\n", 1, 1, records, Sheaf(), lambda *_: None)
    return records.packed(1)[0][0]


def test_numbers_of_columns_are_kept_as_they_were_looked_at() -> None:
    """What would lead out of the table when it is asked for again is not asked again."""
    answers = [10**9, 0]
    edges = (_Asked(lambda: answers.pop()),)

    assert b"value" in _taken([(1, 0, b"", 0, _learned)], edges)
    assert answers == [10**9]


def test_columns_do_not_grow_while_a_table_is_made() -> None:
    """It has room for those it was given."""
    columns: list[Any] = []

    def grown() -> int:
        columns.append((1, 0, b"", 0, _learned))
        return 1

    columns.append((_Asked(grown), 0, b"", 0, _learned))
    assert _taken(columns, ()).count(b"value") == 1
