"""Audit lines in a file, chained so that a cut shows: each line names the SHA-256 of itself and all before it.

    {"chain": "…64 hexadecimal digits…", "idis_audit": 1, "node": …}     the head
    {"chain": "…", "time": …, "position": …, "actor": …, …}              a line
    {"chain": "…", "end": true, "lines": 2}                              the end

The digest is over the digest before it (32 zero octets at first) and the octets of the line as it would be without
`chain`. Whoever keeps the last digest elsewhere can tell any later change; the chain alone shows what was lost, not what
was forged with its digests made anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

VERSION = 1
_BEGINNING = bytes(sha256().digest_size)
_HEAD = b'{"chain": "'
_TAIL = b'", '
_DIGITS = 64


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that is whole: its head, how many lines it has, and its last digest."""

    head: Mapping[str, Any]
    lines: int
    digest: str


@dataclass(frozen=True, slots=True)
class Broken:
    """A file that is not: the number of the row that shows it, from 1, and what is wrong."""

    row: int
    fault: str


def chained(head: Mapping[str, object], lines: Iterable[Mapping[str, object]]) -> Iterator[bytes]:
    """The rows of a file, each with its line feed: the head, every line, the end."""
    digest, row = _link(_BEGINNING, {"idis_audit": VERSION, **head})
    yield row
    count = 0
    for fields in lines:
        digest, row = _link(digest, fields)
        count += 1
        yield row
    yield _link(digest, {"end": True, "lines": count})[1]


def check(rows: Iterable[bytes]) -> Checked | Broken:
    """Whether the rows of a file are those that were written: none changed, lost, added or moved."""
    digest = _BEGINNING
    head: dict[str, Any] | None = None
    number = count = 0
    following = iter(rows)
    for number, row in enumerate(following, start=1):
        linked = _follow(digest, row)
        if isinstance(linked, str):
            return Broken(number, linked)
        digest, fields = linked
        if head is None:
            head = fields
            if head.get("idis_audit") != VERSION:
                return Broken(number, f"it is no audit export of version {VERSION}")
        elif fields.get("end") is True:
            if fields.get("lines") != count:
                return Broken(number, f"it ends after {fields.get('lines')} lines, {count} are there")
            return next((Broken(number + 1, "something follows the end") for _ in following), Checked(head, count, digest.hex()))
        else:
            count += 1
    return Broken(number + 1, "the end is missing: the file was cut, or its export did not finish")


def _link(before: bytes, fields: Mapping[str, object]) -> tuple[bytes, bytes]:
    octets = json.dumps(fields, ensure_ascii=False).encode("utf-8", "backslashreplace")
    digest = sha256(before + octets).digest()
    return digest, _HEAD + digest.hex().encode("ascii") + _TAIL + octets[1:] + b"\n"


def _follow(before: bytes, row: bytes) -> tuple[bytes, dict[str, Any]] | str:
    """The digest up to a row and its fields, or what is wrong with it."""
    octets_at = len(_HEAD) + _DIGITS + len(_TAIL)
    octets = b"{" + row.rstrip(b"\r\n")[octets_at:]
    digest = sha256(before + octets).digest()
    if row[:octets_at] != _HEAD + digest.hex().encode("ascii") + _TAIL:
        return "it does not follow from the one before: a row was changed, lost, added or moved"
    try:
        fields: dict[str, Any] = json.loads(octets)
    except ValueError:
        return "it is no JSON"
    return digest, fields
