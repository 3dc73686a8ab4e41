"""The stored forms: how each thing looks as the value of its key (`storage.md` §2.7, §3).

Every value begins with eight octets of BLAKE2b over table, key and the rest of the value. LMDB has no checksums: half of
all flipped bits would come back as silently wrong data, and a flipped branch page leads to the right value of another
key. So nothing is used before its digest was compared.

A record is a fixed header of 56 octets and the octets of its answers; what is absent costs nothing, and an identifier
that is spelled as its key says is not stored twice. The rest is rare and short: msgpack arrays, to which later versions
append.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import astuple, dataclass, replace
from typing import Any

import msgpack

from idis.proto.sealing import SEAL_BYTES, SEAL_SUM_MODULUS, seal_rows, seal_value, unseal_value
from idis.registry.event_row import EventRow
from idis.registry.journal import POSITION_BYTES, Entry, EntryKind, Position
from idis.registry.packing import packed
from idis.registry.prefix import Hosting, Moving, PrefixEntry, PrefixState, Privacy, RouteEntry
from idis.registry.record import NO_VALUES, Alias, PreparedRecord, RecordFlag, StoredRecord
from idis.registry.store import keys
from idis.registry.store.base import PrefixStat, RecordDamaged, StoredOutcome, StoreError

DIGEST_BYTES = SEAL_BYTES
DIGEST_SUM_MODULUS = SEAL_SUM_MODULUS
FORMAT = 1  # of every stored form; a store of a newer one is refused
PREPARED_BY = 1  # version of `record.prepare`; raised when it gives other octets for the same values

_RECORD = struct.Struct(">BBHQIQQIQI")  # format, flags, prepared by, version, position (3), ttl, not after, public length
RECORD_HEADER_BYTES = DIGEST_BYTES + _RECORD.size
_FORM_AT, _FLAGS_AT = DIGEST_BYTES, DIGEST_BYTES + 1
_PUBLIC_AT = _RECORD.size
_read_public = struct.Struct(">8xBB42xI").unpack_from  # of a sealed record: digest, format, flags, …, public length

# The upper half of the format octet says which optional parts follow the public values, in this order.
HAS_RESTRICTED = 0x10
HAS_SPELLING = 0x20
HAS_ALIASES = 0x40
_FORMAT_MASK = 0x0F

_ENTRY = struct.Struct(">BBQQHH")  # format, kind, version, time in ms, key length, actor length
_STAT = struct.Struct(">QQQ")
_U16 = struct.Struct(">H")
_U32 = struct.Struct(">I")

_FLAGS = tuple(RecordFlag(number) for number in range(256))  # looking one up is ten times cheaper than building it
_HEADS = {table: table + b"\x00" for table in keys.TABLES}  # what every digest of a table begins with
_RECORD_HEAD, _EDGE_HEAD = _HEADS[keys.RECORD], _HEADS[keys.EDGE]

# A frozen dataclass sets each field through object.__setattr__, which costs as much as the look-up itself. Every query
# reads a record, so it is filled through its slots: the same object in half the time.
_new_record = StoredRecord.__new__
_identifier, _public, _restricted, _aliases, _flags, _version, _position, _ttl_s, _not_after, _digest = (
    StoredRecord.__dict__[name].__set__ for name in StoredRecord.__slots__
)


@dataclass(frozen=True, slots=True)
class BulkSegment:
    """Body of a BULK entry: `count` records of one prefix between two keys, inclusive, were written at its position.

    `digest_sum` is the sum of their digests modulo 2**64. A follower fetches the range; records in it that carry another
    position were not part of the load.
    """

    prefix: str
    first_key: bytes
    last_key: bytes
    count: int
    digest_sum: int


@dataclass(frozen=True, slots=True)
class Meta:
    """What a store says of itself."""

    engine: str
    node: str
    epoch: int
    created_ms: int
    generation: int
    format: int = FORMAT


def seal(table: bytes, key: bytes, rest: bytes) -> bytes:
    """A value ready to be put: its digest and the rest."""
    return seal_value(_HEADS[table], key, rest)


def unseal(table: bytes, key: bytes, value: bytes) -> bytes:
    """The rest of a value whose digest was compared.

    Raises:
        RecordDamaged: the digest does not match; nothing of the value may be used.
    """
    rest = unseal_value(_HEADS[table], key, value)
    if rest is None:
        raise RecordDamaged(f"a value of table {table.decode()} does not match its digest: key {readable(key)}")
    return rest


def seal_aliases(rows: dict[bytes, bytes]) -> tuple[list[bytes], list[tuple[bytes, bytes]], int, int]:
    """`seal` of rows of the alias table, as `proto/sealing.py` does many."""
    return seal_rows(_HEADS[keys.ALIAS], rows)


def seal_edges(rows: dict[bytes, bytes]) -> tuple[list[bytes], list[tuple[bytes, bytes]], int, int]:
    """`seal` of rows of the edge table, as `proto/sealing.py` does many."""
    return seal_rows(_EDGE_HEAD, rows)


def encode_event(row: EventRow) -> bytes:
    """The sealed value of an event at its place."""
    event_id, time_ms, content, declares_error, body, place = row
    return seal(keys.EVENT, place, packed([FORMAT, event_id, time_ms, content, declares_error, body]))


def decode_event(place: bytes, value: bytes) -> EventRow:
    """The reverse of `encode_event`. Raises RecordDamaged."""
    _, event_id, time_ms, content, declares_error, body, *_ = msgpack.unpackb(unseal(keys.EVENT, place, value))
    return EventRow(event_id, time_ms, content, declares_error, body, place)


def unseal_edge(key: bytes, value: bytes) -> bytes:
    """`unseal` of a row of the edge table, of which a walk reads many thousands."""
    rest = unseal_value(_EDGE_HEAD, key, value)
    return unseal(keys.EDGE, key, value) if rest is None else rest  # which has the words for it


def digest_of(value: bytes) -> int:
    """The digest a sealed value begins with."""
    return int.from_bytes(value[:DIGEST_BYTES], "big")


def readable(key: bytes) -> str:
    """A key as a person may read it: text with `|` for zero octets, or hexadecimal digits."""
    try:
        text = key.decode()
    except UnicodeDecodeError:
        return key.hex()
    text = text.replace("\x00", "|")
    return text if text.isprintable() else key.hex()


# --- records ---------------------------------------------------------------------------------------------------------


def encode_record(key: bytes, record: PreparedRecord, version: int, position: Position) -> bytes:
    """The sealed value of a record at its key."""
    return seal(keys.RECORD, key, record_rest(key, record, version, position))


def record_rest(key: bytes, record: PreparedRecord, version: int, position: Position) -> bytes:
    """What `encode_record` seals: for a load, which knows the position only when it writes."""
    public, restricted, aliases = record.public, record.restricted, record.aliases
    form = FORMAT
    tail = b""
    if restricted != NO_VALUES:
        form |= HAS_RESTRICTED
        tail = _U32.pack(len(restricted)) + restricted
    spelling = record.identifier.encode()
    if keys.is_hashed(key) or spelling != key.replace(b"\x00", b"/", 1):
        form |= HAS_SPELLING
        tail += _U16.pack(len(spelling)) + spelling
    if aliases:
        form |= HAS_ALIASES
        tail += _encode_aliases(aliases)
    header = _RECORD.pack(
        form,
        int(record.flags),
        PREPARED_BY,
        version,
        position.epoch,
        position.hi,
        position.lo,
        record.ttl_s,
        record.not_after,
        len(public),
    )
    return header + public + tail


def encode_tombstone(key: bytes, identifier: str, version: int, position: Position) -> bytes:
    """The sealed value that a deleted record leaves: its name and its version."""
    gone = PreparedRecord(identifier, NO_VALUES, NO_VALUES, (), RecordFlag.TOMBSTONE, 0, 0)
    return encode_record(key, gone, version, position)


def decode_record(key: bytes, value: bytes) -> StoredRecord:
    """The record of a sealed value.

    Raises:
        RecordDamaged: see `unseal`.
        StoreError: it was written by a newer version of this program.
    """
    rest = unseal(keys.RECORD, key, value)
    form, flags, _prepared_by, version, epoch, hi, lo, ttl_s, not_after, length = _RECORD.unpack_from(rest)
    if form & _FORMAT_MASK != FORMAT:
        raise StoreError(f"record {readable(key)} has format {form & _FORMAT_MASK}, this version reads {FORMAT}: update idis")
    at = _PUBLIC_AT + length
    record = _new_record(StoredRecord)
    if form == FORMAT:
        _identifier(record, key.decode().replace("\x00", "/", 1))
        _restricted(record, NO_VALUES)
        _aliases(record, ())
    else:
        _fill_optional(record, key, rest, at, form)
    _public(record, rest[_PUBLIC_AT:at])
    _flags(record, _FLAGS[flags])
    _version(record, version)
    _position(record, Position(epoch, hi, lo))
    _ttl_s(record, ttl_s)
    _not_after(record, not_after)
    _digest(record, int.from_bytes(value[:DIGEST_BYTES], "big"))
    return record


def decode_public(key: bytes, value: bytes) -> tuple[int, bytes]:
    """The flags and the public values of a sealed record, whose digest was compared like any other; raises as `decode_record`."""
    if unseal_value(_RECORD_HEAD, key, value) is None:
        unseal(keys.RECORD, key, value)  # which has the words for it
    if value[_FORM_AT] == FORMAT:  # as most are: nothing follows the public values
        return value[_FLAGS_AT], value[RECORD_HEADER_BYTES:]
    return public_of(key, value)


def public_of(key: bytes, value: bytes) -> tuple[int, bytes]:
    """As `decode_public`, of a record from an entry of the journal: what seals the entry was compared, and covers it."""
    form, flags, length = _read_public(value)
    if form & _FORMAT_MASK != FORMAT:
        _check_format(form & _FORMAT_MASK, "record", key)
    return flags, value[RECORD_HEADER_BYTES : RECORD_HEADER_BYTES + length]


def record_parts(key: bytes, rest: bytes) -> tuple[str, bytes, bytes]:
    """Identifier, public and restricted values of a stored form without its digest."""
    form, length = rest[0], _U32.unpack_from(rest, _PUBLIC_AT - 4)[0]
    at = _PUBLIC_AT + length
    if form == FORMAT:
        return key.decode().replace("\x00", "/", 1), rest[_PUBLIC_AT:at], NO_VALUES
    identifier, restricted, _ = _optional(key, rest, at, form)
    return identifier, rest[_PUBLIC_AT:at], restricted


def alias_keys(key: bytes, rest: bytes) -> list[bytes]:
    """The keys of the second names that a stored form without its digest holds."""
    if not rest[0] & HAS_ALIASES:
        return []
    *_, at = _optional(key, rest, _PUBLIC_AT + _U32.unpack_from(rest, _PUBLIC_AT - 4)[0], rest[0])
    return [keys.alias_key(alias, key) for alias in _decode_aliases(rest, at)]


def decode_undamaged(key: bytes, value: bytes) -> tuple[int, bytes] | None:
    """As `decode_public`; None for a damaged record."""
    try:
        return decode_public(key, value)
    except RecordDamaged:
        return None


def prepared_by(value: bytes) -> int:
    """Which version of `record.prepare` made the octets of a sealed record."""
    return _U16.unpack_from(value, DIGEST_BYTES + 2)[0]  # type: ignore[no-any-return]


def _fill_optional(record: StoredRecord, key: bytes, rest: bytes, at: int, form: int) -> None:
    identifier, restricted, at = _optional(key, rest, at, form)
    _identifier(record, identifier)
    _restricted(record, restricted)
    _aliases(record, _decode_aliases(rest, at) if form & HAS_ALIASES else ())


def _optional(key: bytes, rest: bytes, at: int, form: int) -> tuple[str, bytes, int]:
    """The identifier and the restricted values of a record, and where its second names begin."""
    restricted = NO_VALUES
    if form & HAS_RESTRICTED:
        end = at + 4 + _U32.unpack_from(rest, at)[0]
        restricted, at = rest[at + 4 : end], end
    if form & HAS_SPELLING:
        end = at + 2 + _U16.unpack_from(rest, at)[0]
        identifier, at = rest[at + 2 : end].decode(), end
    else:
        identifier = key.decode().replace("\x00", "/", 1)
    return identifier, restricted, at


_PACKER = msgpack.Packer()  # making one costs as much as its work; of plain texts it packs in one step of the interpreter


def _encode_aliases(aliases: Iterable[Alias]) -> bytes:
    packed: bytes = _PACKER.pack([[alias.scheme, alias.local_id] for alias in aliases])
    return packed


def _decode_aliases(rest: bytes, at: int) -> tuple[Alias, ...]:
    return tuple(Alias(scheme, local_id) for scheme, local_id in msgpack.unpackb(rest[at:]))


# --- prefixes and ranges ---------------------------------------------------------------------------------------------


def encode_prefix(entry: PrefixEntry) -> bytes:
    """The sealed value of a prefix entry; its key is the prefix itself."""
    return seal(keys.PREFIX, entry.prefix.encode(), _pack(astuple(entry)))


def decode_prefix(key: bytes, value: bytes) -> PrefixEntry:
    """The entry of a sealed value. Raises RecordDamaged."""
    fields = _unpack(keys.PREFIX, key, value)
    prefix, state, homed, hosting, owner, code, industry, privacy, *others, moving = fields
    entry = PrefixEntry(prefix, PrefixState(state), homed, Hosting(hosting), owner, code, industry, Privacy(privacy), *others)
    return replace(entry, moving=Moving(moving)) if moving else entry


def encode_route(route: RouteEntry) -> bytes:
    """The sealed value of a range; its key is `keys.route_key` of its start."""
    return seal(keys.ROUTE, keys.route_key(route.start), _pack(astuple(route)))


def decode_route(key: bytes, value: bytes) -> RouteEntry:
    """The range of a sealed value. Raises RecordDamaged."""
    return RouteEntry(*_unpack(keys.ROUTE, key, value))


# --- the journal and what goes with it -------------------------------------------------------------------------------


def encode_entry(entry: Entry) -> tuple[bytes, bytes]:
    """The key of a journal entry, which is its position, and its sealed value."""
    position, kind, key, version, body, name, time_ms = entry
    place, actor = position.encode(), name.encode()
    rest = b"".join((_ENTRY.pack(FORMAT, kind, version, time_ms, len(key), len(actor)), key, actor, body))
    return place, seal(keys.JOURNAL, place, rest)


def decode_entry(key: bytes, value: bytes) -> Entry:
    """The entry of a sealed value. Raises RecordDamaged."""
    rest = unseal(keys.JOURNAL, key, value)
    form, kind, version, time_ms, key_bytes, actor_bytes = _ENTRY.unpack_from(rest)
    _check_format(form, "journal entry", key)
    actor_at = _ENTRY.size + key_bytes
    body_at = actor_at + actor_bytes
    return Entry(
        position=Position.decode(key),
        kind=EntryKind(kind),
        key=rest[_ENTRY.size : actor_at],
        version=version,
        body=rest[body_at:],
        actor=rest[actor_at:body_at].decode(),
        time_ms=time_ms,
    )


def encode_segment(segment: BulkSegment) -> bytes:
    """The body of a BULK entry."""
    return _pack(astuple(segment))


def decode_segment(body: bytes) -> BulkSegment:
    """The reverse of `encode_segment`."""
    _form, *fields = msgpack.unpackb(body)
    return BulkSegment(*fields)


def encode_alias(alias: Alias, key: bytes) -> tuple[bytes, bytes]:
    """Key and sealed value that say: the record of `key` has this second name."""
    place = keys.alias_key(alias, key)
    return place, seal(keys.ALIAS, place, key)


def decode_alias(place: bytes, value: bytes) -> bytes:
    """The record key an alias names. Raises RecordDamaged."""
    return unseal(keys.ALIAS, place, value)


def encode_outcome(place: bytes, outcome: StoredOutcome) -> bytes:
    """The sealed value of a write's outcome at its key."""
    rest = outcome.position.encode() + _U16.pack(len(outcome.digest)) + outcome.digest + outcome.body
    return seal(keys.OUTCOME, place, rest)


def decode_outcome(place: bytes, value: bytes) -> StoredOutcome:
    """The outcome of a sealed value. Raises RecordDamaged."""
    rest = unseal(keys.OUTCOME, place, value)
    body_at = POSITION_BYTES + 2 + _U16.unpack_from(rest, POSITION_BYTES)[0]
    return StoredOutcome(rest[POSITION_BYTES + 2 : body_at], rest[body_at:], Position.decode(rest))


def encode_stat(place: bytes, stat: PrefixStat) -> bytes:
    """The sealed value of a prefix's counts at its key."""
    return seal(keys.STAT, place, _STAT.pack(stat.records, stat.digest_sum, stat.octets))


def decode_stat(place: bytes, value: bytes) -> PrefixStat:
    """The counts of a sealed value. Raises RecordDamaged."""
    return PrefixStat(*_STAT.unpack(unseal(keys.STAT, place, value)))


def encode_meta(meta: Meta) -> bytes:
    """The sealed value of what a store says of itself."""
    rest: bytes = msgpack.packb(list(astuple(meta)))
    return seal(keys.META, keys.META_STORE, rest)


def decode_meta(value: bytes) -> Meta:
    """The reverse of `encode_meta`. Raises RecordDamaged; the format is for the caller to judge."""
    return Meta(*msgpack.unpackb(unseal(keys.META, keys.META_STORE, value)))


def encode_trimmed(position: Position) -> bytes:
    """The sealed value that remembers up to where the journal was trimmed."""
    return seal(keys.META, keys.META_TRIMMED, position.encode())


def decode_trimmed(value: bytes) -> Position:
    """The reverse of `encode_trimmed`. Raises RecordDamaged."""
    return Position.decode(unseal(keys.META, keys.META_TRIMMED, value))


def _pack(fields: tuple[Any, ...]) -> bytes:
    packed: bytes = msgpack.packb([FORMAT, *fields])
    return packed


def _unpack(table: bytes, key: bytes, value: bytes) -> list[Any]:
    fields: list[Any] = msgpack.unpackb(unseal(table, key, value))
    _check_format(fields[0], table.decode(), key)
    return fields[1:]


def _check_format(form: int, what: str, key: bytes) -> None:
    if form != FORMAT:
        raise StoreError(f"{what} {readable(key)} has format {form}, this version reads {FORMAT}: update idis")
