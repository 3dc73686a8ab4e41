"""The lines of a batch file: one JSON object each, as
`{"handle": "88.118.8/A1", "values": [{"index": 1, "type": "URL", "data": "https://example.com/1"}]}`.

`op` says what is to be done, `create` when it is left out; the others are replace, delete, add, modify, remove, disable and
enable. `values` go with those that write values, `indexes` with those that name them. The form is that of `idis export`
(`registry/loading/rest_rows.py`), except that what a line could not do is refused: a disabled record would show itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from idis.proto.batch import BATCH_ITEMS_MAX, VERBS_WITH_INDEXES, BatchItem, Verb, payload_of_indexes
from idis.proto.errors import DataError
from idis.proto.value import INDEX_MAX, VALUES_PER_RECORD_MAX, encode_values
from idis.registry.loading.rest_rows import values_of_rest

LINE_BYTES_MAX = 1_048_576  # more than a record may have, as JSON
_SHOWN_MAX = 80  # characters of what was not expected
CHUNK_BYTES_MAX = 2_097_152  # of lines in one batch: half of what a message may be, JSON being wordy

_VERBS = {verb.name.lower(): verb for verb in Verb}
_MEMBERS = ("handle", "op", "values", "indexes")
_IGNORED = "responseCode"  # what exports and answers begin with


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that asks for nothing that could be done."""

    number: int
    handle: str
    message: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """The lines of one batch.

    Attributes:
        start: offset of its first octet in the file.
        end: offset behind its last one.
        items: what they ask for, each with the number of its line.
        bad: those that ask for nothing.
        next_line: the number of the line behind it.
    """

    start: int
    end: int
    items: tuple[tuple[int, BatchItem], ...]
    bad: tuple[BadLine, ...]
    next_line: int


def chunks(file: BinaryIO, offset: int, line: int) -> Iterator[Chunk]:
    """Cut a file into batches, always at the same places from one offset on.

    Args:
        file: open for reading, seekable.
        offset: where a line begins.
        line: the number of that line.

    Raises:
        DataError: a line is longer than LINE_BYTES_MAX; nothing behind it can be found.
    """
    file.seek(offset)
    start = at = offset
    items: list[tuple[int, BatchItem]] = []
    bad: list[BadLine] = []
    while octets := file.readline(LINE_BYTES_MAX + 1):
        if len(octets) > LINE_BYTES_MAX:
            raise DataError(f"line {line} is longer than {LINE_BYTES_MAX >> 20} MiB")
        at += len(octets)
        if octets.strip():
            judged = read_line(line, octets)
            if isinstance(judged, BadLine):
                bad.append(judged)
            else:
                items.append((line, judged))
        line += 1
        if len(items) + len(bad) == BATCH_ITEMS_MAX or at - start >= CHUNK_BYTES_MAX:
            yield Chunk(start, at, tuple(items), tuple(bad), line)
            start, items, bad = at, [], []
    if at > start:
        yield Chunk(start, at, tuple(items), tuple(bad), line)


def read_line(number: int, octets: bytes) -> BatchItem | BadLine:
    """What one line asks for."""
    handle = ""
    try:
        row = json.loads(octets)
        if not isinstance(row, dict):
            raise DataError("a line is one JSON object")
        named = row.get("handle")
        if not isinstance(named, str) or not named:
            raise DataError('which identifier? Give it as {"handle": "88.118.8/A1", "values": [...]}')
        handle = named
        if strange := ", ".join(name for name in row if name not in _MEMBERS and name != _IGNORED):
            known = ", ".join(_MEMBERS)
            raise DataError(f"what is {strange[:_SHOWN_MAX]}? A line has {known}; 'idis import' takes what 'idis export' writes")
        return _item(handle, row)
    except DataError as error:
        return BadLine(number, handle, str(error))
    except (ValueError, RecursionError) as error:  # not UTF-8, or nested without end
        return BadLine(number, handle, f"no JSON: {error}")


def _item(handle: str, row: dict[str, object]) -> BatchItem:
    name = row.get("op", "create")
    verb = _VERBS.get(name) if isinstance(name, str) else None
    if verb is None:
        raise DataError(f'"op" is one of {", ".join(_VERBS)}')
    if verb is Verb.DELETE:
        return BatchItem(verb, handle)
    if verb in VERBS_WITH_INDEXES:
        indexes = row.get("indexes", [])
        if not isinstance(indexes, list) or len(indexes) > VALUES_PER_RECORD_MAX or not all(map(_is_index, indexes)):
            raise DataError(f'"indexes" is a list of numbers from 1 to {INDEX_MAX}')
        return BatchItem(verb, handle, payload_of_indexes(indexes))
    return BatchItem(verb, handle, encode_values(values_of_rest(row.get("values"))))


def _is_index(index: object) -> bool:
    return type(index) is int and 0 < index <= INDEX_MAX
