"""Where the registration of a file stands: kept beside the file, so that running the same command again takes it up.

The place names the file by its size and the digest of its beginning, and the run by a random number, from which the key of
every batch is made: a batch that was sent before the place was written is recognised by the node and not done twice.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field, replace
from hashlib import blake2b
from pathlib import Path

from idis.proto.batch import BATCH_KEY_BYTES
from idis.proto.errors import IdisError

PLACE_SUFFIX = ".idis-place"
ERRORS_SUFFIX = ".errors.jsonl"
PLACE_VERSION = 1
_HEAD_BYTES = 65_536  # of the file, that tell it from another one of the same size


class PlaceError(IdisError):
    """The place of another file, or of another target, is in the way."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a file has come.

    Attributes:
        run: 32 hexadecimal digits, drawn when the file was begun.
        size: of the file, in octets.
        head: digest of its beginning.
        target: where it goes.
        offset: all in front of it is done.
        line: the number of the line there.
        errors: octets of the error sheet that belong to what is done.
        counts: results by code; "unread" for lines that ask for nothing.
    """

    run: str
    size: int
    head: str
    target: str
    offset: int = 0
    line: int = 1
    errors: int = 0
    counts: dict[str, int] = field(default_factory=dict)

    def key(self, start: int) -> bytes:
        """The idempotency key of the batch that begins at an offset."""
        return blake2b(f"{self.run} {start}".encode(), digest_size=BATCH_KEY_BYTES).digest()

    def advanced(self, offset: int, line: int, errors: int, counts: dict[str, int]) -> Place:
        """The place after one more batch; `counts` are that batch's own."""
        total = dict(self.counts)
        for name, count in counts.items():
            total[name] = total.get(name, 0) + count
        return replace(self, offset=offset, line=line, errors=errors, counts=total)

    def write(self, path: Path) -> None:
        """Keep it, whole or not at all."""
        beside = path.with_name(path.name + ".new")
        beside.write_text(json.dumps({"version": PLACE_VERSION, **asdict(self)}) + "\n", encoding="utf-8")
        os.replace(beside, path)


def place_path(file: Path) -> Path:
    """Where the place of a file is kept."""
    return file.with_name(file.name + PLACE_SUFFIX)


def errors_path(file: Path) -> Path:
    """Where what was refused is written."""
    return file.with_name(file.name + ERRORS_SUFFIX)


def find_place(file: Path, target: str, run: str) -> Place:
    """The kept place of a file, or its beginning.

    Args:
        file: to be registered.
        target: where it goes; a place of another target is not taken up.
        run: the number of a new run.

    Raises:
        PlaceError: the kept place is another file's or target's, or cannot be read.
    """
    with file.open("rb") as opened:
        head = blake2b(opened.read(_HEAD_BYTES), digest_size=16).hexdigest()
    begun = Place(run, file.stat().st_size, head, target)
    path = place_path(file)
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept.pop("version") != PLACE_VERSION:
            raise ValueError
        place = Place(**kept)
    except FileNotFoundError:
        return begun
    except (ValueError, TypeError, KeyError, AttributeError):
        raise PlaceError(f"{path} cannot be read: remove it to begin {file.name} anew") from None
    if (place.size, place.head) != (begun.size, begun.head):
        raise PlaceError(f"{file.name} has changed since it was begun: finish the old file, or remove {path} to begin anew")
    if place.target != target:
        raise PlaceError(f"{file.name} was begun with {place.target}: go on there, or remove {path} to begin anew with {target}")
    return place
