"""What travels when the records of a prefix move: chunks of whole records, and how the prefix is kept.

A record travels with everything a reader could ever see of it, restricted values, timestamps, second names and version
included, and is put at the destination as it was. So both nodes answer with the same octets, and a digest over what is
held, computed by each from its own store, tells whether they hold the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import msgpack

from idis.proto.errors import DataError, IdentifierError, ProtocolError
from idis.proto.identifier import IDENTIFIER_BYTES_MAX
from idis.proto.value import VALUES_PER_RECORD_MAX, ValueSpan, decode_values, encode_values, scan_values
from idis.registry.permission import PUBLIC_READ
from idis.registry.prefix import PrefixEntry, PrefixState, Privacy
from idis.registry.record import MARKS, Alias, PreparedRecord, RecordFlag, StoredRecord
from idis.registry.registration.value_checks import RECORD_BYTES_MAX
from idis.registry.registration.values import is_site
from idis.registry.store.keys import identifier_key
from idis.registry.store.rules import exists

CHUNK_RECORDS_MAX = 512
CHUNK_BYTES_MAX = 524_288  # of records, beyond which no further one is added; with base64 it fits one HTTP body
FORM = 1
DIGEST_BYTES = 16
DIGEST_MODULUS = 1 << (8 * DIGEST_BYTES)
ALIASES_MAX = 1_024  # of one record

_TOMBSTONE = int(RecordFlag.TOMBSTONE)


@dataclass(frozen=True, slots=True)
class Luggage:
    """How a prefix is kept where it comes from, its sites left out."""

    owner: str
    owner_code: str
    industry: str
    privacy: Privacy
    fold_suffix: bool
    quota: int
    ttl_s: int
    signing_required: bool
    daily_quota: int
    values: bytes

    def entry(self, prefix: str) -> PrefixEntry:
        """The prefix as it begins where it is new."""
        return PrefixEntry(
            prefix,
            PrefixState.ACTIVE,
            owner=self.owner,
            owner_code=self.owner_code,
            industry=self.industry,
            privacy=self.privacy,
            fold_suffix=self.fold_suffix,
            quota=self.quota,
            values=self.values,
            ttl_s=self.ttl_s,
            signing_required=self.signing_required,
            daily_quota=self.daily_quota,
        )


@dataclass(frozen=True, slots=True)
class Moved:
    """One record of a chunk: what is to be put, and the version it had; None for one that was deleted meanwhile."""

    key: bytes
    record: PreparedRecord | None
    version: int


def luggage_of(entry: PrefixEntry) -> Luggage:
    """What travels of a prefix entry."""
    values = encode_values(value for value in decode_values(entry.values) if not is_site(value))
    return Luggage(
        entry.owner,
        entry.owner_code,
        entry.industry,
        entry.privacy,
        entry.fold_suffix,
        entry.quota,
        entry.ttl_s,
        entry.signing_required,
        entry.daily_quota,
        values,
    )


def pack_luggage(luggage: Luggage) -> bytes:
    """Luggage as octets."""
    facts = [luggage.owner, luggage.owner_code, luggage.industry, int(luggage.privacy), luggage.fold_suffix]
    terms = [luggage.quota, luggage.ttl_s, luggage.signing_required, luggage.daily_quota]
    packed: bytes = msgpack.packb([FORM, *facts, *terms, luggage.values])
    return packed


def unpack_luggage(octets: bytes) -> Luggage:
    """The reverse of `pack_luggage`.

    Raises:
        DataError: it is none.
    """
    fields = _unpack(octets)
    shape = [int, str, str, str, int, bool, int, int, bool, int, bytes]
    if len(fields) != len(shape) or any(not isinstance(one, kind) for one, kind in zip(fields, shape, strict=True)):
        raise DataError("this is no luggage of a prefix")
    form, owner, code, industry, privacy, fold_suffix, quota, ttl_s, signing_required, daily_quota, values = fields
    if form != FORM or privacy not in (0, 1) or min(quota, daily_quota) < 0 or not 0 <= ttl_s < 2**31:
        raise DataError("this luggage of a prefix is of another form")
    _check_values(values)
    return Luggage(
        owner, code, industry, Privacy(privacy), fold_suffix, quota, ttl_s, signing_required, daily_quota, values
    )


def pack_chunk(records: Iterable[tuple[bytes, StoredRecord]]) -> tuple[bytes, int]:
    """As many records as a chunk takes, and how many that are; deleted ones are left to `pack_changes`."""
    return _packed((_size(record), _item(key, record) if exists(record) else None) for key, record in records)


def pack_changes(changed: Iterable[tuple[bytes, StoredRecord | None]]) -> tuple[bytes, int]:
    """The same of keys that were changed meanwhile; what does not exist any more travels as its key."""
    return _packed(
        (0 if record is None else _size(record), _item(key, record) if exists(record) else [key, None])
        for key, record in changed
    )


def unpack_chunk(octets: bytes, entry: PrefixEntry) -> tuple[Moved, ...]:
    """The records of a chunk, each checked to be one of this prefix.

    Raises:
        DataError: it is no chunk, or holds what is no record of the prefix.
    """
    form, *packed = _unpack(octets)
    if form != FORM or len(packed) != 1 or not isinstance(packed[0], list) or len(packed[0]) > CHUNK_RECORDS_MAX:
        raise DataError("this is no chunk of records")
    return tuple(_moved(item, entry) for item in packed[0])


def record_digest(key: bytes, record: StoredRecord) -> int:
    """What a record adds to the digest of its prefix: everything but its version and its place in a journal."""
    hasher = blake2b(digest_size=DIGEST_BYTES)
    for part in (key, bytes((int(record.flags),)), record.identifier.encode(), record.public, record.restricted):
        hasher.update(len(part).to_bytes(4, "big") + part)
    for alias in sorted((alias.scheme, alias.local_id) for alias in record.aliases):
        hasher.update("\x00".join(alias).encode() + b"\xff")
    return int.from_bytes(hasher.digest(), "big")


def _size(record: StoredRecord) -> int:
    return len(record.public) + len(record.restricted) + len(record.identifier)


def _item(key: bytes, record: StoredRecord) -> list[Any]:
    aliases = [[alias.scheme, alias.local_id] for alias in record.aliases]
    facts = [record.identifier, int(record.flags), record.version, record.ttl_s, record.not_after]
    return [key, *facts, record.public, record.restricted, aliases]


def _moved(item: object, entry: PrefixEntry) -> Moved:
    match item:
        case [bytes(key), None]:
            _check_key(key, entry)
            return Moved(key, None, 0)
        case [
            bytes(key), str(name), int(flags), int(version), int(ttl_s), int(not_after), bytes(public), bytes(shut), list(names)
        ]:
            pass
        case _:
            raise DataError("a chunk holds what is no record")
    if len(public) + len(shut) > RECORD_BYTES_MAX or flags & ~0xFF or flags & _TOMBSTONE or min(version, ttl_s, not_after) < 0:
        raise DataError(f"{name[:IDENTIFIER_BYTES_MAX]} is no record that can be kept")
    try:
        _, own = identifier_key(name, entry.fold_suffix)
    except IdentifierError as error:
        raise DataError(f"{name[:IDENTIFIER_BYTES_MAX]!r} is no identifier: {error}") from None
    if own != key:
        raise DataError(f"{name} does not belong under its key")
    _check_key(key, entry)
    if any(span.permissions & MARKS or not span.permissions & PUBLIC_READ for span in _check_values(public)):
        raise DataError(f"{name} shows a value that is not public")
    _check_values(shut)
    record = PreparedRecord(name, public, shut, _aliases(names), RecordFlag(flags), ttl_s, not_after)
    return Moved(key, record, version)


def _aliases(names: Sequence[object]) -> tuple[Alias, ...]:
    aliases = []
    for name in names[:ALIASES_MAX]:
        match name:
            case [str(scheme), str(local_id)]:
                aliases.append(Alias(scheme, local_id))
            case _:
                raise DataError("a second name is a scheme and a text")
    return tuple(aliases)


def _check_key(key: bytes, entry: PrefixEntry) -> None:
    if not key.startswith(entry.prefix.encode() + b"\x00"):
        raise DataError(f"a chunk for {entry.prefix} holds a record of another prefix")


def _check_values(octets: bytes) -> list[ValueSpan]:
    try:
        spans = list(scan_values(octets))
    except ProtocolError as error:
        raise DataError(f"values that cannot be read: {error}") from None
    if len(spans) > VALUES_PER_RECORD_MAX:
        raise DataError("more values than a record has")
    return spans


def _packed(items: Iterable[tuple[int, list[Any] | None]]) -> tuple[bytes, int]:
    """A chunk of items, each with its octets, up to its bounds; and how many were looked at. None is left out."""
    packed: list[list[Any]] = []
    octets = taken = 0
    for size, item in items:
        if packed and (len(packed) >= CHUNK_RECORDS_MAX or octets + size > CHUNK_BYTES_MAX):
            break
        taken += 1
        if item is not None:
            packed.append(item)
            octets += size
    chunk: bytes = msgpack.packb([FORM, packed])
    return chunk, taken


def _unpack(octets: bytes) -> list[Any]:
    try:
        fields = msgpack.unpackb(octets)
    except (ValueError, msgpack.UnpackException) as error:
        raise DataError(f"these octets are no msgpack: {error}") from None
    if not isinstance(fields, list) or not fields:
        raise DataError("an array is expected")
    return fields
