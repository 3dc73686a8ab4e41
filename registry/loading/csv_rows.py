"""Rows from CSV: UTF-8 with or without BOM, or GB18030; separated by comma, semicolon or tab; quoted as RFC 4180 says.

The survey reads the file once: it decides the encoding for the whole file, because a file that is ASCII for a million
lines may turn Chinese in the next. Splitting works on octets: in both encodings no octet of a longer character equals a
separator, a quote or a line feed.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from idis.registry.loading.formulas import may_be_guarded, unguarded
from idis.registry.loading.rows import (
    BLOCK_BYTES,
    COLUMNS_MAX,
    FIELD_CHARS_MAX,
    ROW_BYTES_MAX,
    Damaged,
    FileRefused,
    Row,
)

_BOM = b"\xef\xbb\xbf"
_WIDE_SURE = 12  # characters; GB18030 that is read as UTF-8 fails after two or three
_LOOKED_AT = 65_536  # characters of a block; enough to be sure
_SEPARATORS = ",;\t"
_SEPARATOR_NAMES = {",": "separated by ,", ";": "separated by ;", "\t": "separated by tabs"}
_SEPARATOR_LINE = re.compile(rb"sep=([,;\t])\r?\n", re.IGNORECASE)  # what Excel writes for itself


@dataclass(frozen=True, slots=True)
class Survey:
    """What one look over the whole file told."""

    encoding: str
    octets: int
    lines: int


@dataclass(frozen=True, slots=True)
class CsvBlock:
    """Whole rows of a CSV file. `line` is the line of the first one."""

    columns: tuple[str, ...]
    octets: bytes
    line: int
    encoding: str
    separator: str
    sheet: str = ""
    sheet_number: int = 0

    @property
    def weight(self) -> int:
        """Octets."""
        return len(self.octets)

    def in_utf8(self) -> CsvBlock:
        """The same rows in UTF-8."""
        if self.encoding == "utf-8":
            return self
        return replace(self, octets=self.octets.decode(self.encoding).encode(), encoding="utf-8")

    def rows(self) -> Iterator[Row]:
        """Its rows; a row of another length than the header, or with too long a field, is Damaged."""
        csv.field_size_limit(FIELD_CHARS_MAX)
        text = io.StringIO(self.octets.decode(self.encoding), newline="")
        reader = csv.reader(text, delimiter=self.separator)
        width = len(self.columns)
        quoted = may_be_guarded(self.octets)
        before = self.line - 1
        while True:
            line = before + reader.line_num + 1
            try:
                cells = next(reader, None)
            except csv.Error:
                yield line, Damaged("length", "", f"a field is longer than {FIELD_CHARS_MAX:,} characters")
                continue
            if cells is None:
                return
            if quoted:
                cells = [unguarded(cell) for cell in cells]
            if len(cells) == width:
                if any(cells):
                    yield line, cells
            elif any(cells):
                yield line, _of_width(cells, width)


class CsvSource:
    """A surveyed CSV file."""

    def __init__(self, path: Path) -> None:
        """Survey the file and read its header.

        Raises:
            FileRefused: neither UTF-8 nor GB18030, binary, or without a usable header.
        """
        self._path = path
        self._survey = survey(path)
        with path.open("rb") as file:
            head = file.read(ROW_BYTES_MAX)
        self._start = len(_BOM) if head.startswith(_BOM) else 0
        self._line = 1
        named = _SEPARATOR_LINE.match(head, self._start)
        if named:
            self._start = named.end()
            self._line = 2
        self._separator = named.group(1).decode() if named else _sniff(head[self._start :])
        self._record = _record_pattern(self._separator)
        self._columns, header_bytes = self._read_header(head[self._start :])
        self._line += head.count(b"\n", self._start, self._start + header_bytes)
        self._start += header_bytes

    @property
    def form(self) -> str:
        """'CSV, UTF-8, separated by ,'."""
        return f"CSV, {self._survey.encoding.upper()}, {_SEPARATOR_NAMES[self._separator]}"

    @property
    def weight(self) -> int:
        """Octets."""
        return self._survey.octets

    @property
    def rows_about(self) -> int:
        """Lines below the header."""
        return self._survey.lines

    def blocks(self) -> Iterator[CsvBlock]:
        """Its pieces; FileRefused when a quoted field does not end."""
        line = self._line
        with self._path.open("rb") as file:
            file.seek(self._start)
            rest = b""
            while octets := file.read(BLOCK_BYTES):
                rest += octets
                end = self._last_record_end(rest)
                if end:
                    yield self._block(rest[:end], line)
                    line += rest.count(b"\n", 0, end)
                    rest = rest[end:]
                if len(rest) > ROW_BYTES_MAX:
                    raise FileRefused(
                        f'line {line}: this row does not end within {ROW_BYTES_MAX >> 20} MiB; a quote (") was left open'
                    )
            if rest:
                yield self._block(rest, line)

    def _block(self, octets: bytes, line: int) -> CsvBlock:
        return CsvBlock(self._columns, octets, line, self._survey.encoding, self._separator)

    def _last_record_end(self, octets: bytes) -> int:
        if b'"' not in octets:
            return octets.rfind(b"\n") + 1
        match = self._record.match(octets)
        return match.end() if match else 0

    def _read_header(self, octets: bytes) -> tuple[tuple[str, ...], int]:
        match = re.match(self._record.pattern.removesuffix(b"*+"), octets) if octets else None
        record = match.group() if match else octets
        csv.field_size_limit(FIELD_CHARS_MAX)
        try:
            reader = csv.reader(io.StringIO(record.decode(self._survey.encoding), newline=""), delimiter=self._separator)
            cells = next(reader, [])
        except csv.Error:
            raise FileRefused("the first line is no header: a field in it does not end") from None
        return checked_header(cells), len(record)


def survey(path: Path) -> Survey:
    """Read the whole file once for its encoding and its number of lines.

    Raises:
        FileRefused: a NUL octet, UTF-8 with damage in it, or neither UTF-8 nor GB18030.
    """
    utf8 = _Utf8Judge()
    octets = lines = 0
    ended = True
    with path.open("rb") as file:
        while piece := file.read(BLOCK_BYTES):
            if b"\x00" in piece:
                raise FileRefused(f"{path.name} is a binary file (a NUL octet near line {lines + 1})")
            utf8.feed(piece, lines)
            octets += len(piece)
            lines += piece.count(b"\n")
            ended = piece.endswith(b"\n")
    utf8.feed(b"", lines, final=True)
    if octets and not lines:
        _refuse_old_mac(path)
    if utf8.bad_line and utf8.was_sure:
        raise FileRefused(f"line {utf8.bad_line} of {path.name} is damaged: it is not UTF-8, and what is before it is")
    if utf8.bad_line:
        _require_gb18030(path, utf8.bad_line)
    return Survey("gb18030" if utf8.bad_line else "utf-8", octets, lines + (0 if ended else 1) - 1)


class _Utf8Judge:
    """Decides whether a stream of octets is UTF-8, and whether it was beyond doubt until it was not.

    One damaged octet in a UTF-8 file must not turn all its Chinese into other Chinese.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._wide = 0
        self.bad_line = 0

    @property
    def was_sure(self) -> bool:
        """Whether more characters of three octets were read than other encodings produce by chance."""
        return self._wide >= _WIDE_SURE

    def feed(self, piece: bytes, lines_before: int, *, final: bool = False) -> None:
        """Read on."""
        if self.bad_line:
            return
        try:
            text = self._decoder.decode(piece, final)
        except UnicodeDecodeError as error:
            sound = error.object[: error.start]
            self.bad_line = lines_before + 1 + sound.count(b"\n")
            text = sound.decode("utf-8", "ignore")
        if not self.was_sure and not text.isascii():
            self._wide += sum(character == "\ufeff" or "\u2e80" <= character <= "\uffef" for character in text[:_LOOKED_AT])


def checked_header(cells: list[str]) -> tuple[str, ...]:
    """The column names, trimmed, without empty ones at the end.

    Raises:
        FileRefused: none, too many, one without a name or the same name twice.
    """
    names = [cell.strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    if not names:
        raise FileRefused("the first line is empty: it must name the columns")
    if len(names) > COLUMNS_MAX:
        raise FileRefused(f"the first line has {len(names)} columns, at most {COLUMNS_MAX:,} are read: is it a header?")
    if "" in names:
        raise FileRefused(f"column {names.index('') + 1} has no name in the first line")
    if len(set(names)) < len(names):
        twice = next(name for at, name in enumerate(names) if name in names[:at])
        raise FileRefused(f'the first line names the column "{twice}" twice')
    return tuple(names)


def _require_gb18030(path: Path, bad_line: int) -> None:
    decoder = codecs.getincrementaldecoder("gb18030")()
    try:
        with path.open("rb") as file:
            while piece := file.read(BLOCK_BYTES):
                decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise FileRefused(f"{path.name} is neither UTF-8 (see line {bad_line}) nor GB18030: save it as CSV UTF-8") from None


def _refuse_old_mac(path: Path) -> None:
    with path.open("rb") as file:
        if b"\r" in file.read(BLOCK_BYTES):
            raise FileRefused(f"{path.name} ends its lines with CR alone: save it as CSV UTF-8")


def _sniff(octets: bytes) -> str:
    header = re.sub(rb'"[^"]*"', b"", octets[:ROW_BYTES_MAX].split(b"\n", 1)[0])
    return max(_SEPARATORS, key=lambda separator: header.count(separator.encode()))


def _record_pattern(separator: str) -> re.Pattern[bytes]:
    # A quote opens a field only at its beginning, as the csv module reads it; possessive, so the search never goes back.
    comma = re.escape(separator).encode()
    field = rb'(?:"(?:[^"]++|"")*+"[^%b\r\n]*+|[^"%b\r\n][^%b\r\n]*+)?+' % (comma, comma, comma)
    return re.compile(rb"(?:(?:%b%b)*+%b(?:\r\n?|\n))*+" % (field, comma, field))


def _of_width(cells: list[str], width: int) -> list[str] | Damaged:
    if len(cells) > width and not any(cells[width:]):
        return cells[:width]
    return Damaged("columns", "", f"the row has {len(cells)} fields, the header has {width}")
