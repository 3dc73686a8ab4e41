"""The lines of a batch file: one JSON object each, as
`{"identifier": "88.118.8/A1", "values": [{"index": 1, "type": "URL", "data": "https://example.com/1"}]}`.

A line is an item of a batch as `/api/v1` takes it (`resolver/web/v1/batch_model.py`), and shorter where it can be: without
`verb` it is create, and data that are text stand as they are. `values` go with verbs that write values, `indexes` with
those that name them. What a line could not do is refused, so that nothing is passed over in silence.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import BinaryIO

from idis.proto.batch import BATCH_ITEMS_MAX, VERBS_WITH_INDEXES, BatchItem, Verb, misplaced, payload_of_indexes
from idis.proto.errors import DataError
from idis.proto.plain_values import PLAIN_VALUES_MAX, PlainTypes
from idis.proto.value import INDEX_MAX, VALUES_PER_RECORD_MAX, Value, encode_value, encode_values
from idis.registry.loading.rest_rows import values_of_rest
from idis.registry.registration.value_checks import usual_permissions

LINE_BYTES_MAX = 1_048_576  # more than a record may have, as JSON
_SHOWN_MAX = 80  # characters of what was not expected
PLAIN_BYTES_MAX = 65_536  # of one value that is read the quick way
CHUNK_BYTES_MAX = 2_097_152  # of lines in one batch: half of what a message may be, JSON being wordy

_NO_REFERENCES = bytes(4)
_VERBS = {verb.name.lower(): verb for verb in Verb}
_MEMBERS = ("identifier", "verb", "values", "indexes")
_VALUE_MEMBERS = frozenset(("index", "type", "data", "ttl_s", "expires", "permissions", "references", "written"))


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that asks for nothing that could be done."""

    number: int
    identifier: str
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
    identifier = ""
    try:
        row = json.loads(octets)
        if not isinstance(row, dict):
            raise DataError("a line is one JSON object")
        if strange := ", ".join(name for name in row if name not in _MEMBERS):
            known = ", ".join(_MEMBERS)
            raise DataError(f"what is {strange[:_SHOWN_MAX]}? A line has {known}; 'idis import' takes what 'idis export' writes")
        named = row.get("identifier")
        if not isinstance(named, str) or not named:
            raise DataError('which identifier? Give it as {"identifier": "88.118.8/A1", "values": [...]}')
        identifier = named
        return _item(identifier, row)
    except DataError as error:
        return BadLine(number, identifier, str(error))
    except (ValueError, RecursionError) as error:  # not UTF-8, or nested without end
        return BadLine(number, identifier, f"no JSON: {error}")


def _item(identifier: str, row: dict[str, object]) -> BatchItem:
    name = row.get("verb", "create")
    verb = _VERBS.get(name) if isinstance(name, str) else None
    if verb is None:
        raise DataError(f'"verb" is one of {", ".join(_VERBS)}')
    if sentence := misplaced(verb, bool(row.get("values")), bool(row.get("indexes"))):
        raise DataError(sentence)
    if verb is Verb.DELETE:
        return BatchItem(verb, identifier)
    if verb in VERBS_WITH_INDEXES:
        indexes = row.get("indexes", [])
        if not isinstance(indexes, list) or len(indexes) > VALUES_PER_RECORD_MAX or not all(map(_is_index, indexes)):
            raise DataError(f'"indexes" is a list of numbers from 1 to {INDEX_MAX}')
        return BatchItem(verb, identifier, payload_of_indexes(indexes))
    shown = row.get("values")
    if (plain := _plain_values(shown)) is not None:
        return BatchItem(verb, identifier, plain)
    values = values_of_rest([_value(value) for value in shown] if isinstance(shown, list) else shown)
    return BatchItem(verb, identifier, encode_values(values))


def _plain_values(shown: object) -> bytes | None:
    """What `values_of_rest` makes of values that say only index, type and text, as most do; None for any others."""
    if type(shown) is not list or not 0 < len(shown) <= PLAIN_VALUES_MAX:
        return None
    parts, last = [len(shown).to_bytes(4, "big")], 0
    try:
        for value in shown:
            index, kind, text = value["index"], value["type"], value["data"]
            if type(text) is dict and len(text) == 2 and text["format"] == "string":
                text = text["value"]
            head = _plain_head(index, kind)
            octets = text.encode()
            if head is None or len(value) != 3 or index <= last or type(text) is not str or len(octets) > PLAIN_BYTES_MAX:
                return None
            parts += (head, len(octets).to_bytes(4, "big"), octets, _NO_REFERENCES)
            last = index
    except (TypeError, KeyError, AttributeError, UnicodeEncodeError):
        return None  # whoever looks closely has the words for it
    return b"".join(parts)


@lru_cache(4_096, typed=True)
def _plain_head(index: int, kind: str) -> bytes | None:
    """What a value of a type without structure begins with, its data not yet counted."""
    if not _is_index(index) or type(kind) is not str or not PlainTypes().judge(kind.encode(), False):
        return None
    return encode_value(Value(index, kind, b"", permissions=usual_permissions(kind)))[: -2 * len(_NO_REFERENCES)]


def _value(shown: object) -> object:
    """A value of a line in the form that the registry reads, whose one member `ttl` is either of ours."""
    if not isinstance(shown, dict):
        return shown
    if not isinstance(shown.get("data"), str | dict):
        raise DataError('data is text, or an object like {"format": "base64", "value": "AAEC"}')
    if not shown.keys() <= _VALUE_MEMBERS:
        strange = ", ".join(name for name in shown if name not in _VALUE_MEMBERS)
        raise DataError(f"what is {strange[:_SHOWN_MAX]}? A value has {', '.join(sorted(_VALUE_MEMBERS))}")
    expires, ttl_s = shown.get("expires"), shown.get("ttl_s")
    if not isinstance(expires, str | None) or isinstance(ttl_s, str):
        raise DataError("ttl_s is a number of seconds, expires a time like 2026-11-20T12:53:07Z")
    ttl = ttl_s if expires is None else expires
    given = {name: member for name, member in shown.items() if member is not None}
    return given if ttl is None else given | {"ttl": ttl}


def _is_index(index: object) -> bool:
    return type(index) is int and 0 < index <= INDEX_MAX
