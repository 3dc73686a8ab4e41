"""What is printed on many labels, read from a table: an identifier in each row, and the lines beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from idis.registry.loading.csv_rows import CsvSource
from idis.registry.loading.rows import Damaged, FileRefused, RowSource, form_of
from idis.registry.loading.xlsx_rows import XlsxSource
from idis.resolver.codes.carrier import CodeError

ROWS_MAX = 10_000  # some 420 sheets of 24; more are printed by several commands
FILE_BYTES_MAX = 16_777_216
CELL_CHARACTERS_MAX = 2_048
LINES_MAX = 6  # beside a symbol

_IDENTIFIERS = ("identifier", "标识", "id", "code", "编码")
_NAMES = ("name", "名称")


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One label: the row it comes from, counted with the headings as row 1, its identifier, and further lines."""

    number: int
    identifier: str
    lines: tuple[str, ...]


def read_rows(path: Path, columns: Sequence[str] = ()) -> list[LabelRow]:
    """The labels of a table with headings in its first row: CSV as spreadsheets write it, or XLSX.

    Args:
        path: the file. One column is headed identifier or 标识; without any such heading the first one counts.
        columns: headings of those printed beside the symbol; without any, name or 名称 where there is one.

    Raises:
        CodeError: the file cannot be used; one sentence says why.
    """
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise CodeError(f"{path} has more than {FILE_BYTES_MAX:,} octets: split it")
        form = form_of(path)
        if form not in ("csv", "xlsx"):
            raise CodeError(f"{path} is {form}: labels are printed from CSV or XLSX")
        source = XlsxSource(path) if form == "xlsx" else CsvSource(path)
        rows = list(_rows(source, path, columns))
    except OSError as error:
        raise CodeError(f"{path} cannot be read: {error.strerror}") from None
    except FileRefused as error:
        told = str(error)
        raise CodeError(told if path.name in told else f"{path}: {told}") from None
    if not rows:
        raise CodeError(f"{path} has headings and no rows")
    return rows


def _rows(source: RowSource, path: Path, columns: Sequence[str]) -> Iterator[LabelRow]:
    count = 0
    for block in source.blocks():
        places = _places(path, block.columns, columns)
        for number, cells in block.rows():
            if isinstance(cells, Damaged):
                raise CodeError(f"{path} row {number}: {cells.message}")
            assert not isinstance(cells, Mapping), "tables have cells in the order of their headings"
            count += 1
            if count > ROWS_MAX:
                raise CodeError(f"{path} has more than {ROWS_MAX:,} rows: split it")
            if max(map(len, cells)) > CELL_CHARACTERS_MAX:
                raise CodeError(f"{path} row {number} has a cell of more than {CELL_CHARACTERS_MAX:,} characters")
            texts = [cells[at].strip() for at in places]
            yield LabelRow(number, texts[0], tuple(text for text in texts[1:] if text))


def _places(path: Path, headings: Sequence[str], columns: Sequence[str]) -> tuple[int, ...]:
    """Where the identifier stands, and what is printed beside it."""
    known = [heading.lower() for heading in headings]
    place = next((known.index(name) for name in _IDENTIFIERS if name in known), 0)
    beside = [_place(path, headings, name) for name in columns] or [known.index(name) for name in _NAMES if name in known]
    if len(beside) > LINES_MAX:
        raise CodeError(f"{len(beside)} columns beside a symbol: at most {LINES_MAX} have room")
    return place, *beside


def _place(path: Path, headings: Sequence[str], name: str) -> int:
    if name not in headings:
        raise CodeError(f"{path} has no column {name}; it has {', '.join(headings)}")
    return headings.index(name)
