"""What is printed on many labels, read from a CSV file: an identifier in each row, and the lines beside it."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

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
    """The labels of a file in UTF-8 with headings in its first row.

    Args:
        path: the file. One column is headed identifier or 标识; without any such heading the first one counts.
        columns: headings of those printed beside the symbol; without any, name or 名称 where there is one.

    Raises:
        CodeError: the file cannot be used; one sentence says why.
    """
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise CodeError(f"{path} has more than {FILE_BYTES_MAX:,} octets: split it")
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(_rows(csv.reader(file), path, columns))
    except OSError as error:
        raise CodeError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CodeError(f"{path} is not UTF-8: save it as CSV UTF-8") from None
    except csv.Error as error:
        raise CodeError(f"{path} is no CSV: {error}") from None


def _rows(cells: Iterator[list[str]], path: Path, columns: Sequence[str]) -> Iterator[LabelRow]:
    headings = [heading.strip() for heading in next(cells, [])]
    if not headings:
        raise CodeError(f"{path} is empty: its first row must hold headings, one of them identifier or 标识")
    known = [heading.lower() for heading in headings]
    place = next((known.index(name) for name in _IDENTIFIERS if name in known), 0)
    beside = [_place(path, headings, name) for name in columns] or [known.index(name) for name in _NAMES if name in known]
    if len(beside) > LINES_MAX:
        raise CodeError(f"{len(beside)} columns beside a symbol: at most {LINES_MAX} have room")
    count = 0
    for number, row in enumerate(cells, start=2):
        if not any(cell.strip() for cell in row):
            continue
        count += 1
        if count > ROWS_MAX:
            raise CodeError(f"{path} has more than {ROWS_MAX:,} rows: split it")
        if max(map(len, row)) > CELL_CHARACTERS_MAX:
            raise CodeError(f"{path} row {number} has a cell of more than {CELL_CHARACTERS_MAX:,} characters")
        texts = [row[at].strip() if at < len(row) else "" for at in (place, *beside)]
        yield LabelRow(number, texts[0], tuple(text for text in texts[1:] if text))
    if not count:
        raise CodeError(f"{path} has headings and no rows")


def _place(path: Path, headings: Sequence[str], name: str) -> int:
    if name not in headings:
        raise CodeError(f"{path} has no column {name}; it has {', '.join(headings)}")
    return headings.index(name)
