"""The error sheet: one line per finding, in the order of the file, in the form the user came with."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from idis.registry.loading.formulas import guarded
from idis.registry.loading.rows import FileRefused
from idis.registry.loading.whole_file import whole_file

HEAD = ("sheet", "line", "identifier", "severity", "field", "value", "rule", "reason", "next step")

_SHEET_ROWS_MAX = 1_048_576  # of an XLSX sheet


@dataclass(frozen=True, slots=True)
class RowFinding:
    """One finding about one row; `sheet` is empty where the file has none."""

    sheet: str
    line: int
    identifier: str
    severity: str
    field: str
    value: str
    rule: str
    reason: str
    advice: str

    def __str__(self) -> str:
        where = f"sheet {self.sheet} row {self.line}" if self.sheet else f"line {self.line}"
        what = f"{self.field} {self.value!r}" if self.value else self.field
        advice = f"; {self.advice}" if self.advice else ""
        severity = "warning: " if self.severity == "warning" else ""
        return f"{where}: {severity}{what + ': ' if what else ''}{self.reason} [{self.rule}]{advice}"


def sheet_path(file: Path, form: str) -> Path:
    """Where the error sheet of a file lies when nobody says otherwise: beside it."""
    return file.with_name(file.name + (".errors.xlsx" if form == "xlsx" else ".errors.csv"))


def write_error_sheet(path: Path, findings: Iterable[RowFinding]) -> None:
    """Write the sheet in one step, replacing an older one: XLSX when the name says so, else CSV that spreadsheets open.

    Raises:
        FileRefused: the folder may not be written, or the disk is full.
    """
    write = _write_xlsx if path.suffix.lower() == ".xlsx" else _write_csv
    try:
        with whole_file(path, mode=0o644) as file:
            write(file, findings)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise FileRefused(f"the error sheet {path} cannot be written ({reason}): name another place with --errors") from None


def drop_error_sheet(path: Path) -> None:
    """Remove the sheet of an earlier run, which the file no longer deserves. Another file of that name is left alone."""
    if path.suffix.lower() == ".xlsx":
        with contextlib.suppress(OSError):
            path.unlink()
        return
    with contextlib.suppress(OSError):
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            ours = file.readline().strip() == ",".join(HEAD)
        if ours:
            path.unlink()


def _lines(findings: Iterable[RowFinding]) -> Iterator[tuple[str, ...]]:
    for finding in findings:
        yield (
            guarded(finding.sheet),
            str(finding.line),
            guarded(finding.identifier),
            finding.severity,
            guarded(finding.field),
            guarded(finding.value),
            finding.rule,
            guarded(finding.reason),
            guarded(finding.advice),
        )


def _write_csv(file: BinaryIO, findings: Iterable[RowFinding]) -> None:
    # The byte order mark tells spreadsheets that the Chinese inside is UTF-8.
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    sheet = csv.writer(text)
    sheet.writerow(HEAD)
    sheet.writerows(_lines(findings))
    text.detach()


def _write_xlsx(file: BinaryIO, findings: Iterable[RowFinding]) -> None:
    import openpyxl  # takes 0.2 s to import: only files of this form pay it

    book = openpyxl.Workbook(write_only=True)
    sheet = None
    for number, line in enumerate(_lines(findings)):
        if number % (_SHEET_ROWS_MAX - 1) == 0:
            sheet = book.create_sheet(f"errors {number // (_SHEET_ROWS_MAX - 1) + 1}" if number else "errors")
            sheet.append(HEAD)
        if sheet is not None:
            sheet.append(tuple(map(_printable, line)))
    book.save(file)


def _printable(cell: str) -> str:
    # XML, and so XLSX, cannot hold control characters.
    return "".join(character if character >= " " or character in "\t\n" else "\ufffd" for character in cell)
