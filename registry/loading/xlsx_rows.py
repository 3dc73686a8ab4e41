"""Rows from XLSX: every sheet that is not empty, its first row the header; formulas count as their last value.

openpyxl reads the sheets as a stream, but the shared strings whole: their size is checked before they are unpacked.
"""

from __future__ import annotations

import datetime
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from idis.registry.loading.csv_rows import checked_header
from idis.registry.loading.rows import Damaged, FileRefused, Row

STRINGS_BYTES_MAX = 512 * 1024 * 1024  # shared strings unpacked; they are held in memory while the sheets stream
UNPACKED_BYTES_MAX = 4 * 1024 * 1024 * 1024  # a sheet of 1,048,576 rows of 40 fields is about 2 GiB

_ROWS_PER_BLOCK = 2_000
_ROW_BYTES = 60  # a packed row of a dozen cells
_SHEET_ERRORS = frozenset({"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"})


@dataclass(frozen=True, slots=True)
class XlsxBlock:
    """Some rows of one sheet with the number of each."""

    sheet: str
    sheet_number: int
    columns: tuple[str, ...]
    cells: tuple[tuple[int, tuple[str, ...]], ...]

    @property
    def weight(self) -> int:
        """Rows."""
        return len(self.cells)

    def rows(self) -> Iterator[Row]:
        """Its rows; one with cells right of the header, or with a formula's error, is Damaged."""
        width = len(self.columns)
        for line, cells in self.cells:
            if any(cells[width:]):
                yield line, Damaged("columns", "", f"the row has {len(cells)} cells, the header has {width}")
            elif wrong := _SHEET_ERRORS.intersection(cells):
                yield line, Damaged("formula", min(wrong), f"a cell holds the formula error {min(wrong)}")
            else:
                yield line, cells[:width] + ("",) * (width - len(cells))


class XlsxSource:
    """An opened XLSX file."""

    def __init__(self, path: Path) -> None:
        """Check that it is a workbook of bearable size.

        Raises:
            FileRefused: another zip file, damaged, or too large unpacked.
        """
        self._path = path
        try:
            with zipfile.ZipFile(path) as archive:
                sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
        except (zipfile.BadZipFile, OSError):
            raise FileRefused(f"{path.name} is a damaged XLSX file: it ends too early or was altered") from None
        if "xl/workbook.xml" not in sizes:
            raise FileRefused(f"{path.name} is a zip archive, not an XLSX workbook")
        if sizes.get("xl/sharedStrings.xml", 0) > STRINGS_BYTES_MAX or sum(sizes.values()) > UNPACKED_BYTES_MAX:
            raise FileRefused(f"{path.name} unpacks to {sum(sizes.values()) >> 20} MiB: split it, or save it as CSV UTF-8")
        self._octets = path.stat().st_size

    @property
    def form(self) -> str:
        """'XLSX'."""
        return "XLSX"

    @property
    def weight(self) -> int:
        """0: how many rows there are is known at the end."""
        return 0

    @property
    def rows_about(self) -> int:
        """Judged by the file's length."""
        return self._octets // _ROW_BYTES

    def blocks(self) -> Iterator[XlsxBlock]:
        """The rows of every sheet; FileRefused when the workbook cannot be read."""
        import openpyxl  # takes 0.2 s to import: only files of this form pay it
        from openpyxl.utils.exceptions import InvalidFileException

        try:
            book = openpyxl.load_workbook(self._path, read_only=True, data_only=True)
        except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, SyntaxError) as error:
            raise FileRefused(f"{self._path.name} is a damaged XLSX file ({error})") from None
        filled = False
        try:
            for number, sheet in enumerate(book.worksheets):
                for block in _blocks(sheet.title, number, sheet.iter_rows(values_only=True)):
                    filled = True
                    yield block
        except (zipfile.BadZipFile, SyntaxError, ValueError, EOFError) as error:
            raise FileRefused(f"{self._path.name} is a damaged XLSX file ({error})") from None
        finally:
            book.close()
        if not filled:
            raise FileRefused(f"{self._path.name} has no sheet with a header and rows")


def cell_text(cell: object) -> str:
    """A cell as text: whole numbers without a point, dates as ISO 8601, truth as true and false."""
    match cell:
        case None:
            return ""
        case str():
            return cell.strip()
        case bool():
            return "true" if cell else "false"
        case float():
            return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else format(cell, ".15g")
        case datetime.datetime():
            midnight = cell.time() == datetime.time()
            return cell.date().isoformat() if midnight else cell.isoformat(timespec="seconds")
        case datetime.date() | datetime.time():
            return cell.isoformat()
        case _:
            return str(cell)


def _blocks(sheet: str, sheet_number: int, rows: Iterable[tuple[Any, ...]]) -> Iterator[XlsxBlock]:
    columns: tuple[str, ...] = ()
    gathered: list[tuple[int, tuple[str, ...]]] = []
    for number, row in enumerate(rows, start=1):
        cells = tuple(map(cell_text, row))
        if not any(cells):
            continue
        if not columns:
            columns = _header(sheet, cells)
            continue
        gathered.append((number, cells))
        if len(gathered) == _ROWS_PER_BLOCK:
            yield XlsxBlock(sheet, sheet_number, columns, tuple(gathered))
            gathered = []
    if gathered:
        yield XlsxBlock(sheet, sheet_number, columns, tuple(gathered))


def _header(sheet: str, cells: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return checked_header(list(cells))
    except FileRefused as refused:
        raise FileRefused(f'sheet "{sheet}": {refused}') from None
