"""Rows from JSON lines: one object per line, UTF-8, each naming its own fields."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from idis.registry.loading.csv_rows import survey
from idis.registry.loading.rows import BLOCK_BYTES, ROW_BYTES_MAX, Damaged, FileRefused, Row

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class JsonBlock:
    """Whole lines of a JSON lines file. `line` is the number of the first one."""

    octets: bytes
    line: int
    sheet: str = ""
    sheet_number: int = 0
    columns: tuple[str, ...] = ()

    @property
    def weight(self) -> int:
        """Octets."""
        return len(self.octets)

    def rows(self) -> Iterator[Row]:
        """Its objects; a line that holds something else is Damaged."""
        for line, octets in enumerate(self.octets.split(b"\n"), start=self.line):
            if octets.strip():
                yield line, _object(octets)


class JsonSource:
    """A surveyed file of JSON lines."""

    def __init__(self, path: Path) -> None:
        """Survey the file.

        Raises:
            FileRefused: not UTF-8.
        """
        self._path = path
        self._survey = survey(path)
        if self._survey.encoding != "utf-8":
            raise FileRefused(f"{path.name} is not UTF-8, as JSON must be")

    def first(self) -> dict[str, object]:
        """The first object, to see what the rows are; empty when the first line is none."""
        with self._path.open("rb") as file:
            line = file.readline(ROW_BYTES_MAX).removeprefix(_BOM)
        row = _object(line)
        return {} if isinstance(row, Damaged) else row

    @property
    def form(self) -> str:
        """'JSON lines'."""
        return "JSON lines"

    @property
    def weight(self) -> int:
        """Octets."""
        return self._survey.octets

    @property
    def rows_about(self) -> int:
        """Lines."""
        return self._survey.lines + 1

    def blocks(self) -> Iterator[JsonBlock]:
        """Its pieces; FileRefused when a line does not end."""
        line = 1
        with self._path.open("rb") as file:
            rest = file.read(len(_BOM)).removeprefix(_BOM)
            while octets := file.read(BLOCK_BYTES):
                rest += octets
                end = rest.rfind(b"\n") + 1
                if end:
                    yield JsonBlock(rest[:end], line)
                    line += rest.count(b"\n", 0, end)
                    rest = rest[end:]
                if len(rest) > ROW_BYTES_MAX:
                    raise FileRefused(f"line {line} is longer than {ROW_BYTES_MAX >> 20} MiB")
            if rest:
                yield JsonBlock(rest, line)


def _object(octets: bytes) -> dict[str, object] | Damaged:
    try:
        row = json.loads(octets)
    except ValueError as error:
        return Damaged("json", octets[:80].decode("utf-8", "replace"), f"the line is no JSON ({_where(error)})")
    except RecursionError:
        return Damaged("json", octets[:80].decode("utf-8", "replace"), "the line is nested too deeply")
    if not isinstance(row, dict):
        return Damaged("json", octets[:80].decode("utf-8", "replace"), "the line is no JSON object")
    return row


def _where(error: ValueError) -> str:
    return f"{error.msg} at character {error.colno}" if isinstance(error, json.JSONDecodeError) else str(error)
