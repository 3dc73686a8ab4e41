"""Rows of a file, whatever its form, in bounded memory.

A source reads the file once from front to back and hands out *blocks*: pieces of about BLOCK_BYTES that end where a row
ends. A block can travel to another process and reads its own rows there, so splitting is cheap and sequential, parsing
is dear and parallel. What is wrong with the file as a whole is a FileRefused before any row is read; what is wrong with
one row is a Damaged in its place, and the reading goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from idis.proto.errors import IdisError

BLOCK_BYTES = 2 * 1024 * 1024  # some thousand rows: work for 50 ms, small enough to keep every worker busy to the end
ROW_BYTES_MAX = 4 * 1024 * 1024  # a row that does not end within this is a quote left open, not a row
FIELD_CHARS_MAX = 131_072  # no field of any pilot is longer than 4,000; this bounds what a broken quote can swallow
COLUMNS_MAX = 1_024  # a pilot's object has some 40 fields

_HEAD_BYTES = 8_192  # enough to tell the forms apart
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_PACKED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"%PDF": "a PDF", b"\x28\xb5\x2f\xfd": "zstd"}
DUMP_MAGIC = b"IDISDUMP"  # opens a binary dump (dump.py)


class FileRefused(IdisError):
    """The file as a whole cannot be loaded; the text says what is wrong with it and what to do."""


@dataclass(frozen=True, slots=True)
class Damaged:
    """A row that cannot be read, in the words of a finding."""

    rule: str
    value: str
    message: str


Cells = Sequence[str] | Mapping[str, object]
Row = tuple[int, Cells | Damaged]  # the line it begins on (a sheet's row number), and its cells in column order


class Block(Protocol):
    """A piece of a file that ends where a row ends; may be pickled."""

    @property
    def sheet(self) -> str:
        """The sheet it comes from; empty where there are none."""

    @property
    def sheet_number(self) -> int:
        """The place of its sheet, from 0."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The header, as written; empty where each row names its own fields."""

    @property
    def weight(self) -> int:
        """How much of the source's `weight` it makes up."""

    def rows(self) -> Iterator[Row]:
        """Its rows, in order; blank ones are left out."""


class RowSource(Protocol):
    """A file, opened and surveyed."""

    @property
    def form(self) -> str:
        """What it is, for a person: 'CSV, GB18030, separated by ;'."""

    @property
    def weight(self) -> int:
        """Its length in octets or rows, in the unit of its blocks' weights; 0 when unknown."""

    @property
    def rows_about(self) -> int:
        """About how many rows it has, to choose a way of working; right to a factor of two."""

    def blocks(self) -> Iterator[Block]:
        """Its pieces, in order."""


def form_of(path: Path) -> str:
    """'dump', 'xlsx', 'jsonl' or 'csv', judged by content, not by name.

    Raises:
        FileRefused: no file, not readable, empty, or of a form that holds no rows.
    """
    head = read_head(path)
    if head.startswith(DUMP_MAGIC):
        return "dump"
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    if head.startswith(_OLE):
        raise FileRefused(f"{path.name} is an old Excel file (.xls): save it as .xlsx or as CSV UTF-8")
    for magic, name in _PACKED.items():
        if head.startswith(magic):
            raise FileRefused(f"{path.name} is {name}: unpack it, or export it as CSV, first")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise FileRefused(f"{path.name} is UTF-16 text: save it as CSV UTF-8")
    if b"\x00" in head:
        raise FileRefused(f"{path.name} is a binary file: CSV, XLSX, JSON lines or a dump is needed")
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start:
        raise FileRefused(f"{path.name} is empty")
    if start.startswith(b"["):
        raise FileRefused(f"{path.name} is one JSON array: write one object per line instead (jq -c '.[]')")
    return "jsonl" if start.startswith(b"{") else "csv"


def read_head(path: Path) -> bytes:
    """The first octets of a file.

    Raises:
        FileRefused: no file, or not readable.
    """
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise FileRefused(f"{path} is no regular file: save the data to one first, they are read more than once")
        with path.open("rb") as file:
            return file.read(_HEAD_BYTES)
    except FileNotFoundError:
        raise FileRefused(f"there is no file {path}") from None
    except IsADirectoryError:
        raise FileRefused(f"{path} is a folder, not a file") from None
    except PermissionError:
        raise FileRefused(f"{path} may not be read by this user") from None
