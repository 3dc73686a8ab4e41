"""What commands print: tables for people, JSON for programs, one sentence for an error."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Sequence
from enum import IntEnum

from idis.proto.errors import IdisError


class ExitCode(IntEnum):
    """What every command returns to the shell."""

    DONE = 0
    REFUSED = 1  # not found, or refused by a node
    USAGE = 2  # the command, a file or the configuration is wrong
    NETWORK = 3  # nobody answered


class CommandError(IdisError):
    """A command cannot go on; the text says what to do, `code` is the exit code."""

    def __init__(self, message: str, code: ExitCode = ExitCode.USAGE) -> None:
        super().__init__(message)
        self.code = code


def print_json(data: object) -> None:
    """One JSON document on standard output."""
    json.dump(data, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")


def print_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Columns as wide as their widest cell; Chinese characters count double, as terminals show them."""
    for line in table_lines(head, rows):
        print(line)


def table_lines(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """The lines of such a table."""
    lines = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(text_width(line[column]) for line in lines) for column in range(len(head))]
    padded = ([cell + " " * (width - text_width(cell)) for cell, width in zip(line, widths, strict=True)] for line in lines)
    return ["  ".join(line).rstrip() for line in padded]


def text_width(text: str) -> int:
    """How many columns a terminal takes for a text: two for Chinese characters, none for marks on the one before."""
    if text.isascii():
        return len(text)
    return sum(map(_character_width, text))


def _character_width(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
