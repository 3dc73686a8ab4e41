"""An answer about a genealogy as a file: CSV or XLSX, one row a thing, the last one saying how far it reaches."""

from __future__ import annotations

import csv
from pathlib import Path

from idis.registry.loading.formulas import guarded
from idis.resolver.cli.output import CommandError
from idis.resolver.cli.trace_shown import ShownAnswer

CELL_CHARACTERS_MAX = 32_767  # of an XLSX cell


def write_file(name: str, answer: ShownAnswer, *, sheet: bool) -> int:
    """Write the rows of an answer; how many they are."""
    try:
        if sheet:
            _write_sheet(Path(name), answer)
        else:
            # The byte order mark tells spreadsheets that the Chinese inside is UTF-8.
            with open(name, "w", encoding="utf-8-sig", newline="") as file:
                table = csv.writer(file)
                table.writerow(answer.head)
                table.writerows(tuple(map(guarded, row)) for row in answer.rows)
                table.writerows((f"# {line.strip()}",) for line in answer.extent)
    except OSError as error:
        raise CommandError(f"{name} cannot be written: {error.strerror or error}") from None
    return len(answer.rows)


def _write_sheet(path: Path, answer: ShownAnswer) -> None:
    import openpyxl  # takes 0.2 s to import: only files of this form pay it

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("answer")
    sheet.append(answer.head)
    for row in answer.rows:
        sheet.append(tuple(_cell(guarded(cell)) for cell in row))
    extent = book.create_sheet("extent")
    for line in answer.extent:
        extent.append((_cell(line.strip()),))
    book.save(path)


def _cell(text: str) -> str:
    # XML, and so XLSX, cannot hold control characters.
    clean = "".join(character if character >= " " or character in "\t\n" else "\ufffd" for character in text)
    return clean[:CELL_CHARACTERS_MAX]
