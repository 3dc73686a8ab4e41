"""XLSX: sheets, cells of every kind, and workbooks that are none."""

from __future__ import annotations

import datetime
import zipfile
from pathlib import Path

import openpyxl
import pytest

from idis.registry.loading.rows import Damaged, FileRefused
from idis.registry.loading.xlsx_rows import XlsxBlock, XlsxSource, cell_text


def blocks_of(tmp_path: Path, sheets: dict[str, list[list[object]]]) -> list[XlsxBlock]:
    """The blocks of a workbook with these sheets."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    path = tmp_path / "book.xlsx"
    book.save(path)
    return list(XlsxSource(path).blocks())


def test_every_sheet_is_read_under_its_name(tmp_path: Path) -> None:
    """Sheets come in order, each with its own header; an empty one is passed over."""
    blocks = blocks_of(tmp_path, {"plate": [["identifier", "名称"], ["1", "板"]], "empty": [], "heat": [["identifier"], ["2"]]})

    assert [(block.sheet, block.sheet_number, block.columns) for block in blocks] == [
        ("plate", 0, ("identifier", "名称")),
        ("heat", 2, ("identifier",)),
    ]


def test_rows_keep_the_numbers_the_spreadsheet_shows(tmp_path: Path) -> None:
    """Blank rows are passed over and counted."""
    (block,) = blocks_of(tmp_path, {"s": [["identifier"], [None], ["1"], [None], ["2"]]})

    assert [(line, list(cells)) for line, cells in block.rows()] == [(3, ["1"]), (5, ["2"])]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        (" text ", "text"),
        (18.0, "18"),
        (0.1, "0.1"),
        (12345678901234, "12345678901234"),
        (True, "true"),
        (datetime.datetime(2025, 3, 17), "2025-03-17"),
        (datetime.datetime(2025, 3, 17, 8, 30), "2025-03-17T08:30:00"),
        (datetime.date(2025, 3, 17), "2025-03-17"),
    ],
)
def test_cells_become_the_text_a_field_expects(cell: object, text: str) -> None:
    """Whole numbers have no point, dates are ISO 8601."""
    assert cell_text(cell) == text


def test_a_formula_error_damages_its_row(tmp_path: Path) -> None:
    """An error a formula left is not stored as text."""
    (block,) = blocks_of(tmp_path, {"s": [["identifier", "name"], ["1", "#REF!"]]})
    ((_, damaged),) = block.rows()

    assert damaged == Damaged("formula", "#REF!", "a cell holds the formula error #REF!")


def test_cells_right_of_the_header_damage_their_row(tmp_path: Path) -> None:
    """A cell that no column names is told."""
    (block,) = blocks_of(tmp_path, {"s": [["identifier"], ["1", "stray"]]})
    ((_, damaged),) = block.rows()

    assert isinstance(damaged, Damaged)


def test_a_wrong_header_names_its_sheet(tmp_path: Path) -> None:
    """With many sheets it matters which one is wrong."""
    with pytest.raises(FileRefused, match='sheet "heat": the first line names the column "a" twice'):
        blocks_of(tmp_path, {"heat": [["a", "a"], ["1", "2"]]})


def test_a_workbook_without_rows_is_refused(tmp_path: Path) -> None:
    """Headers alone are no data."""
    with pytest.raises(FileRefused, match="no sheet with a header and rows"):
        blocks_of(tmp_path, {"s": [["identifier"]]})


def test_another_zip_archive_is_no_workbook(tmp_path: Path) -> None:
    """A zip file that holds something else is called one."""
    path = tmp_path / "book.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")

    with pytest.raises(FileRefused, match="not an XLSX workbook"):
        XlsxSource(path)


def test_a_workbook_cut_short_is_refused(tmp_path: Path) -> None:
    """Half a download is damaged, not half a table."""
    blocks_of(tmp_path, {"s": [["identifier"], ["1"]]})
    path = tmp_path / "book.xlsx"
    path.write_bytes(path.read_bytes()[:-200])

    with pytest.raises(FileRefused, match="damaged"):
        XlsxSource(path)


def test_a_sheet_that_is_no_xml_is_refused(tmp_path: Path) -> None:
    """A workbook whose inside is damaged is refused in one sentence."""
    blocks_of(tmp_path, {"s": [["identifier"], ["1"]]})
    path, other = tmp_path / "book.xlsx", tmp_path / "other.xlsx"
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(other, "w") as copy:
        for entry in archive.infolist():
            octets = archive.read(entry)
            copy.writestr(entry.filename, b"<sheetData><row" if "sheet1" in entry.filename else octets)

    with pytest.raises(FileRefused, match="damaged"):
        list(XlsxSource(other).blocks())
