"""IDIS.SUCCESSOR: what became of an identifier that is no longer in use, and what stands in its place.

    data: JSON  {"kind": "superseded", "successors": ["88.118.8/B2"], "date": "2026-11-26", "note": "new drawing"}

    superseded   one thing takes its place: a new edition, a relabelled item
    merged       it has become part of one other
    split        it has become several others
    transferred  the same thing, under another owner's name
    withdrawn    nothing takes its place

A successor is a handle, or a name of another scheme as in an alias (`alias.py`). The identifier keeps resolving: this value
is part of its answer, and whoever asks to be led on is led to the successor.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum

from idis.proto.errors import DataError, IdentifierError
from idis.proto.identifier import IDENTIFIER_BYTES_MAX, parse_identifier
from idis.proto.types.alias import canonical_alias
from idis.proto.types.fields import json_list, json_object, text_field

SUCCESSOR_TYPE = "IDIS.SUCCESSOR"

SUCCESSORS_MAX = 64  # parts of one thing; a lot that went into more is told by its genealogy
NOTE_CHARACTERS_MAX = 500
SUCCESSION_BYTES_MAX = 65_536

_MEMBERS = frozenset(("kind", "successors", "date", "note"))


class SuccessionKind(Enum):
    """How an identifier ended."""

    SUPERSEDED = "superseded"
    MERGED = "merged"
    SPLIT = "split"
    TRANSFERRED = "transferred"
    WITHDRAWN = "withdrawn"


_COUNTS = {
    SuccessionKind.SUPERSEDED: (1, 1, "one successor"),
    SuccessionKind.MERGED: (1, 1, "one successor"),
    SuccessionKind.SPLIT: (2, SUCCESSORS_MAX, f"2 to {SUCCESSORS_MAX} successors"),
    SuccessionKind.TRANSFERRED: (1, 1, "one successor"),
    SuccessionKind.WITHDRAWN: (0, 0, "no successor"),
}


@dataclass(frozen=True, slots=True)
class Succession:
    """The end of an identifier. `date` is that day, written YYYY-MM-DD; `note` one line for people, or empty."""

    kind: SuccessionKind
    successors: tuple[str, ...]
    date: str
    note: str = ""

    @property
    def sole(self) -> str:
        """The one successor; empty when there is none, or more than one to choose from."""
        return self.successors[0] if len(self.successors) == 1 else ""


def encode_succession(succession: Succession) -> bytes:
    """The data of an IDIS.SUCCESSOR value."""
    form = {"kind": succession.kind.value, "successors": list(succession.successors), "date": succession.date}
    if succession.note:
        form["note"] = succession.note
    return json.dumps(form, ensure_ascii=False).encode()


def decode_succession(octets: bytes) -> Succession:
    """Read the data of an IDIS.SUCCESSOR value.

    Raises:
        DataError: no such JSON, or a member that is not as it should be; the sentence says which.
    """
    if len(octets) > SUCCESSION_BYTES_MAX:
        raise DataError(f"a succession has at most {SUCCESSION_BYTES_MAX} octets")
    try:
        form = json_object(json.loads(octets), "a succession")
    except (ValueError, RecursionError):
        raise DataError('a succession is JSON, such as {"kind": "withdrawn", "date": "2026-11-26"}') from None
    if unknown := form.keys() - _MEMBERS:
        raise DataError(f"a succession has no member {min(unknown)[:40]!r}")
    kind = _kind(text_field(form, "kind"))
    successors = _successors(json_list(form.get("successors", ()), "successors"), kind)
    note = text_field(form, "note") if "note" in form else ""
    if len(note) > NOTE_CHARACTERS_MAX or not (note.isprintable()):
        raise DataError(f"a note is one line of at most {NOTE_CHARACTERS_MAX} characters")
    return Succession(kind, successors, _day(text_field(form, "date")), note)


def _kind(text: str) -> SuccessionKind:
    try:
        return SuccessionKind(text)
    except ValueError:
        raise DataError(f"the kind of a succession is {', '.join(kind.value for kind in SuccessionKind)}") from None


def _successors(names: Sequence[object], kind: SuccessionKind) -> tuple[str, ...]:
    least, most, words = _COUNTS[kind]
    if not least <= len(names) <= most:
        raise DataError(f"what is {kind.value} has {words}, not {len(names)}")
    successors = tuple(_name(name) for name in names)
    if len(set(successors)) < len(successors):
        raise DataError("a successor is named twice")
    return successors


def _name(name: object) -> str:
    """A handle, or a name of another scheme that can be recognised."""
    if not isinstance(name, str) or not name or len(name.encode("utf-8", "replace")) > IDENTIFIER_BYTES_MAX:
        raise DataError(f"a successor is a name of at most {IDENTIFIER_BYTES_MAX} octets")
    if name[0].isdigit() and not any(ord(character) < 0x20 for character in name):
        try:
            if parse_identifier(name).suffix is not None:
                return name
        except IdentifierError:
            pass
    if (written := canonical_alias(name)) != name:
        raise DataError(f"this successor is written {written}")
    return name


def _day(text: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise DataError("the date of a succession is written YYYY-MM-DD")
    return text
