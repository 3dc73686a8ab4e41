"""The error sheet as a file: form, order, formulas, places that cannot be written."""

from __future__ import annotations

import csv
from pathlib import Path

import openpyxl
import pytest

from idis.registry.loading.error_sheet import (
    HEAD,
    RowFinding,
    drop_error_sheet,
    sheet_path,
    write_error_sheet,
)
from idis.registry.loading.rows import FileRefused

FINDING = RowFinding("", 58, "88.118.21/P1", "error", "thickness", "0", "above", "must be above 0", "correct the cell")


def test_a_finding_reads_as_one_line() -> None:
    """Row, field, value, rule and reason are in it."""
    assert str(FINDING) == "line 58: thickness '0': must be above 0 [above]; correct the cell"


def test_csv_opens_in_a_spreadsheet(tmp_path: Path) -> None:
    """The sheet begins with a byte order mark and its head."""
    path = tmp_path / "errors.csv"
    write_error_sheet(path, [FINDING])

    assert path.read_bytes().startswith(b"\xef\xbb\xbfsheet,line,identifier")
    assert list(csv.reader(path.open(encoding="utf-8-sig")))[1][1:6] == ["58", "88.118.21/P1", "error", "thickness", "0"]


def test_xlsx_is_written_for_who_came_with_xlsx(tmp_path: Path) -> None:
    """The name decides the form; control characters, which XLSX cannot hold, are replaced."""
    path = tmp_path / "errors.xlsx"
    write_error_sheet(path, [RowFinding("plate", 2, "x", "error", "name", "a\x01b", "rule", "reason", "")])
    rows = list(openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True))

    assert rows[0] == HEAD
    assert rows[1][5] == "a\ufffdb"


def test_a_sheet_that_cannot_be_written_names_the_way_out(tmp_path: Path) -> None:
    """A missing folder is told with the option that helps, and nothing is left behind."""
    with pytest.raises(FileRefused, match="--errors"):
        write_error_sheet(tmp_path / "nowhere" / "errors.csv", [FINDING])

    assert list(tmp_path.iterdir()) == []


def test_the_old_sheet_goes_and_a_foreign_file_stays(tmp_path: Path) -> None:
    """When a file has become good its sheet is removed, unless somebody else's file bears the name."""
    sheet, foreign = tmp_path / "a.csv.errors.csv", tmp_path / "b.csv.errors.csv"
    write_error_sheet(sheet, [FINDING])
    foreign.write_text("mine")
    for path in (sheet, foreign, tmp_path / "missing.csv"):
        drop_error_sheet(path)

    assert [path.exists() for path in (sheet, foreign)] == [False, True]


def test_the_sheet_lies_beside_its_file() -> None:
    """CSV for CSV, XLSX for XLSX."""
    assert sheet_path(Path("/x/plates.csv"), "csv") == Path("/x/plates.csv.errors.csv")
    assert sheet_path(Path("/x/plates.xlsx"), "xlsx") == Path("/x/plates.xlsx.errors.xlsx")
