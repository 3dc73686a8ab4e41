"""Records and how they are stored: the octets of the answer are made when the record is written (`storage.md` §3)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntFlag
from operator import attrgetter

from idis.proto.identifier import fold
from idis.proto.statement import NODE_FLAG_TYPE
from idis.proto.types.alias import ALIAS_TYPE, split_alias
from idis.proto.value import TTL_ABSOLUTE, TTL_S_MAX, Value, decode_values, encode_values
from idis.registry.journal import Position

NO_VALUES = b"\x00\x00\x00\x00"  # a counted array of none

_COUNT_BYTES = 4
_VALUE_FIXED_BYTES = 14  # index, timestamp (octets 4 to 7), TTL type, TTL, permissions
_LENGTH = struct.Struct(">I")


class RecordFlag(IntFlag):
    """Facts about a stored record that a reader needs before its values."""

    TOMBSTONE = 1
    DISABLED = 2
    RESTRICTED = 4  # holds values without public-read
    ALIAS = 8  # holds an HS_ALIAS value
    HOLD = 16  # recall flag: check
    STOP = 32  # recall flag: stop
    LISTED = 64  # holds values kept from all but some (`MARK_LISTED`, `MARK_OFF`); says nothing to anybody else


# Marks in the permissions octet of a stored value, above the four bits of the protocol. A marked value lies among the
# restricted ones whatever its permissions say, and whoever may not see it gets the octets he would get without it.
MARK_LISTED = 0x10  # under a readers' list (`readers.py`)
MARK_OFF = 0x20  # disabled: kept, shown to nobody, enabled again when wanted
MARKS = MARK_LISTED | MARK_OFF
PERMISSION_BITS = 0x0F

# Plain integers: the enumeration's own operators build a member, a microsecond each time.
_RESTRICTED = int(RecordFlag.RESTRICTED)
_ALIAS = int(RecordFlag.ALIAS)
_LISTED = int(RecordFlag.LISTED)
_NOT_LIVE = int(RecordFlag.TOMBSTONE | RecordFlag.DISABLED)
RECALL_FLAG = NODE_FLAG_TYPE  # the type of the value that says so
_RECALL_FLAGS = {b"check": int(RecordFlag.HOLD), b"stop": int(RecordFlag.STOP)}
_index_of = attrgetter("index")


@dataclass(frozen=True, slots=True)
class Alias:
    """A second name of a record in another scheme: ('imo', 'IMO9074729'), ('plateNo', '88.118.21|24H0315-07')."""

    scheme: str
    local_id: str


@dataclass(frozen=True, slots=True)
class Record:
    """What is written: the identifier as registered, its values ascending by index, its aliases.

    Those that public values of the type IDIS.ALIAS name need not be given again.
    """

    identifier: str
    values: tuple[Value, ...]
    aliases: tuple[Alias, ...] = ()


@dataclass(frozen=True, slots=True)
class PreparedRecord:
    """A record ready to be stored: the octets of its answers and what caches must know.

    `public` and `restricted` are counted arrays of values in wire form; `public` is the answer to a plain query.
    `ttl_s` is the least relative lifetime of the public values, `not_after` the earliest absolute one (unix time, 0: none).
    """

    identifier: str
    public: bytes
    restricted: bytes
    aliases: tuple[Alias, ...]
    flags: RecordFlag
    ttl_s: int
    not_after: int


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """What is read back: a prepared record with its history.

    A tombstone keeps the version, so that it never falls.
    """

    identifier: str
    public: bytes
    restricted: bytes
    aliases: tuple[Alias, ...]
    flags: RecordFlag
    version: int
    position: Position
    ttl_s: int
    not_after: int
    digest: int

    @property
    def live(self) -> bool:
        """Whether the identifier exists for a reader."""
        return not int(self.flags) & _NOT_LIVE

    @property
    def values(self) -> tuple[Value, ...]:
        """All values, ascending by index within public and within the others; the marks of stored values left out."""
        if self.restricted == NO_VALUES:
            return decode_values(self.public)
        return (*decode_values(self.public), *map(unmarked, decode_values(self.restricted)))

    @property
    def withholds(self) -> bool:
        """Whether it holds values that are not shown to everybody."""
        return self.restricted != NO_VALUES


def unmarked(value: Value) -> Value:
    """A value without the marks of its stored form."""
    return replace(value, permissions=value.permissions & PERMISSION_BITS) if value.permissions & MARKS else value


def prepare(record: Record, now: int | None) -> PreparedRecord:
    """Do at writing time what would otherwise be done for every question.

    Args:
        record: what to store. Values with marks are kept from the public, and so is whatever a flag of the record would
            tell of them.
        now: unix time in seconds, to which the timestamps of the values are set; None leaves each as it is, so that a
            change of one value shows in no other.
    """
    values = sorted(record.values, key=_index_of)
    public = [value for value in values if value.public and not value.permissions & MARKS]
    restricted = values if not public else [value for value in values if not value.public or value.permissions & MARKS]
    flags = 0
    for value in restricted:
        flags |= _LISTED if value.permissions & MARKS else _RESTRICTED
    for value in values:
        if not value.permissions & MARKS:
            flags |= _flag_of(value)
    relative = [value.ttl for value in public if value.ttl_type != TTL_ABSOLUTE]
    # The moment 0 would read as "none": the first second after it has passed just as well.
    absolute = [max(value.ttl, 1) for value in public if value.ttl_type == TTL_ABSOLUTE]
    return PreparedRecord(
        identifier=record.identifier,
        public=encode_values(public, timestamp=now),
        restricted=encode_values(restricted, timestamp=now),
        aliases=_with_declared(record.aliases, public),
        flags=RecordFlag(flags),
        ttl_s=min([TTL_S_MAX, *relative]),
        not_after=min(absolute, default=0),
    )


def declared_aliases(values: Iterable[Value]) -> tuple[Alias, ...]:
    """What values of the type IDIS.ALIAS name among public ones without marks.

    One that is hidden from anybody names nothing: what it leads to would tell of it.
    """
    shown = (value for value in values if value.public and not value.permissions & MARKS)
    named = (split_alias(value.data) for value in shown if _is_alias(value))
    return tuple(dict.fromkeys(Alias(*parts) for parts in named if parts is not None))


def _is_alias(value: Value) -> bool:
    return len(value.type) == len(ALIAS_TYPE) and fold(value.type) == ALIAS_TYPE


def _with_declared(aliases: tuple[Alias, ...], public: Sequence[Value]) -> tuple[Alias, ...]:
    if not any(map(_is_alias, public)):
        return aliases
    return tuple(dict.fromkeys((*aliases, *declared_aliases(public))))


def other_aliases(record: StoredRecord | PreparedRecord) -> tuple[Alias, ...]:
    """The aliases of a record that come from its template's fields or were given with it, not from values of its own.

    They stay when its values change; the others come and go with their values.
    """
    if not record.aliases:
        return ()
    declared = declared_aliases(decode_values(record.public))
    return tuple(alias for alias in record.aliases if alias not in declared) if declared else record.aliases


def recalled(flags: Iterable[str]) -> str:
    """What the recall flags among the values of a record come to: `stop`, `check` (any unknown one, too), or nothing."""
    told = {flag for flag in flags if flag != "none"}
    if not told:
        return ""
    return "stop" if "stop" in told else "check"


def same_content(one: bytes, other: bytes) -> bool:
    """Whether two counted arrays of values differ in nothing but their timestamps."""
    if one == other:
        return True
    if len(one) != len(other):
        return False
    # Imports ask this for every row of a file that was loaded before, so the array is walked once, by its lengths.
    stamped = bytearray(one)
    at = _COUNT_BYTES
    for _ in range(_LENGTH.unpack_from(one)[0]):
        stamped[at + 4 : at + 8] = other[at + 4 : at + 8]
        at += _VALUE_FIXED_BYTES
        at += 4 + _LENGTH.unpack_from(one, at)[0]  # type
        at += 4 + _LENGTH.unpack_from(one, at)[0]  # data
        references = _LENGTH.unpack_from(one, at)[0]
        at += 4
        for _ in range(references):
            at += 8 + _LENGTH.unpack_from(one, at)[0]
    return stamped == other


def _flag_of(value: Value) -> int:
    match value.type:
        case "HS_ALIAS":
            return _ALIAS
        case text if text == RECALL_FLAG:
            return _RECALL_FLAGS.get(value.data, 0)
        case _:
            return 0
