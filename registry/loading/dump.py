"""The dump: a sorted binary copy of records, quick to load, checked before the first of them is.

    magic     8 octets   "IDISDUMP"
    version   u8         1
    header    u32 length ‖ msgpack map, see `Header`
    block     u32 length ‖ msgpack [[key, value], …] or [key, value, digest]      repeated; one prefix, ascending keys
    end       u32        0
    trailer   u64 number of records ‖ 32 octets SHA-256 of everything before these 32

A value is the stored form of `codec.py`, sealed with the digest and the journal position it had at its source, so that
the sum of digests below a prefix is the source's own: a record that had vanished there, or vanishes on the way, shows.
Without restricted values, a record that had some is stored anew and carries its source's digest as a third item. Values
keep their timestamps; records keep their versions where nothing is stored yet. Tombstones are not dumped. The trailer
guards against accidents, not against forgers: load dumps from those you trust.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import msgpack

from idis.proto.identifier import fold
from idis.registry.loading.rows import DUMP_MAGIC, FileRefused
from idis.registry.record import NO_VALUES, PreparedRecord, RecordFlag, StoredRecord
from idis.registry.store import codec
from idis.registry.store.base import RecordDamaged
from idis.registry.store.codec import DIGEST_BYTES, DIGEST_SUM_MODULUS
from idis.registry.store.keys import KEY_BYTES_MAX, prefix_of
from idis.registry.template_elsewhere import TEMPLATES_MAX, named_in

VERSION = 1
BLOCK_RECORDS = 1_000
BLOCK_BYTES_MAX = 256 * 1024 * 1024  # a block of the largest records the wire allows; checked before it is read
HEADER_BYTES_MAX = 64 * 1024 * 1024  # some hundred octets a prefix
HASH_BYTES = 32

_LENGTH = struct.Struct(">I")
_COUNT = struct.Struct(">Q")
_HEAD_BYTES = len(DUMP_MAGIC) + 1
_PUBLIC_LENGTH_AT = codec.RECORD_HEADER_BYTES - 4
_FORMAT_MASK = 0x0F

Item = tuple[bytes, bytes] | tuple[bytes, bytes, int]  # key, sealed value, digest at the source if the value is another


@dataclass(frozen=True, slots=True)
class PrefixCount:
    """What is dumped of one folded prefix."""

    fold_suffix: bool
    records: int
    digest_sum: int


@dataclass(frozen=True, slots=True)
class Header:
    """What a dump says of itself.

    Attributes:
        created: unix time in seconds.
        position: of the snapshot in its source's journal, twenty octets.
        restricted: whether values without public-read are inside.
        prefixes: by folded prefix.
    """

    created: int
    position: bytes
    restricted: bool
    prefixes: Mapping[str, PrefixCount]

    @property
    def records(self) -> int:
        """All of them."""
        return sum(count.records for count in self.prefixes.values())


@dataclass(frozen=True, slots=True)
class BlockPlace:
    """Where a block's msgpack lies, how many records it holds, and their octets."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class BlockFacts:
    """What a look at a block told. `partial` are keys of records whose restricted values were left out, `templates` are named."""

    prefix: str
    first_key: bytes
    last_key: bytes
    records: int
    digest_sum: int
    partial: tuple[bytes, ...]
    templates: frozenset[str]


class DumpWriter:
    """Writes a dump to an open file."""

    def __init__(self, file: BinaryIO, header: Header) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self._count = 0
        self._write(DUMP_MAGIC + bytes((VERSION,)))
        self._write_block(_pack_header(header))

    def add(self, items: Iterable[Item]) -> None:
        """Add records of one prefix, ascending by key and beyond all earlier ones."""
        items = iter(items)
        while block := list(islice(items, BLOCK_RECORDS)):
            self._write_block(msgpack.packb(block))
            self._count += len(block)

    def finish(self) -> None:
        """Write the end and the trailer."""
        self._write(_LENGTH.pack(0) + _COUNT.pack(self._count))
        self._file.write(self._hash.digest())

    def _write_block(self, octets: bytes) -> None:
        self._write(_LENGTH.pack(len(octets)) + octets)

    def _write(self, octets: bytes) -> None:
        self._hash.update(octets)
        self._file.write(octets)


def dump_item(key: bytes, record: StoredRecord, *, restricted: bool) -> Item:
    """A record as it is dumped."""
    left_out = record.withholds and not restricted
    flags = record.flags & ~(RecordFlag.RESTRICTED | RecordFlag.LISTED) if left_out else record.flags
    kept = PreparedRecord(
        record.identifier,
        record.public,
        NO_VALUES if left_out else record.restricted,
        record.aliases,
        flags,
        record.ttl_s,
        record.not_after,
    )
    value = codec.encode_record(key, kept, record.version, record.position)
    same = codec.digest_of(value) == record.digest
    return (key, value) if same else (key, value, record.digest)


def read_header(path: Path) -> tuple[Header, list[BlockPlace]]:
    """Read a dump from end to end: its frame, its trailer, its header, and where its blocks lie.

    Raises:
        FileRefused: it is no dump, of a newer version, cut short, or altered.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        digest = hashlib.sha256()
        head = file.read(_HEAD_BYTES)
        if len(head) < _HEAD_BYTES or not head.startswith(DUMP_MAGIC):
            raise _cut_short(path)
        if head[-1] != VERSION:
            raise FileRefused(f"{path.name} is a dump of version {head[-1]}, this program reads {VERSION}: update idis")
        digest.update(head)
        header_octets = _read_block(file, digest, path, HEADER_BYTES_MAX)
        places: list[BlockPlace] = []
        while block := _read_block(file, digest, path, BLOCK_BYTES_MAX):
            places.append(BlockPlace(file.tell() - len(block), len(block)))
        count_octets = file.read(_COUNT.size)
        digest.update(count_octets)
        trailer = file.read(HASH_BYTES)
        if len(trailer) < HASH_BYTES or file.tell() != size:
            raise _cut_short(path)
        if trailer != digest.digest():
            raise FileRefused(f"{path.name} was altered: its SHA-256 does not match; copy it again from its source")
    header = _unpack_header(header_octets, path)
    if header.records != _COUNT.unpack(count_octets)[0]:
        raise FileRefused(f"{path.name} does not hold the records its header announces; write it again")
    return header, places


def read_items(path: Path, places: Iterable[BlockPlace]) -> Iterator[Item]:
    """The records of some blocks, in order."""
    with path.open("rb") as file:
        for place in places:
            file.seek(place.offset)
            yield from msgpack.unpackb(file.read(place.length), use_list=False)


def look_at(path: Path, place: BlockPlace) -> BlockFacts:
    """Check the form of every record of a block.

    Raises:
        FileRefused: a key or a value that no version of this program wrote.
    """
    digest_sum = 0
    partial: list[bytes] = []
    templates: set[str] = set()
    items = list(read_items(path, [place]))
    if not items:
        raise _foreign(path, "an empty block")
    previous = items[0][0][: items[0][0].find(b"\x00") + 1]
    first_key, head = items[0][0], previous
    for item in items:
        key, value = item[0], item[1]
        if not key > previous or not key.startswith(head) or not head or len(key) > KEY_BYTES_MAX:
            raise _foreign(path, f"keys out of order at {codec.readable(key)}")
        previous = key
        if not _is_whole(key, value):
            raise _foreign(path, f"a damaged record at {codec.readable(key)}")
        if (named := named_in(value)) and len(templates) < TEMPLATES_MAX:
            templates.add(named)
        if len(item) == 2:
            digest_sum += int.from_bytes(value[:DIGEST_BYTES], "big")
        else:
            digest_sum += item[2]
            partial.append(key)
    return BlockFacts(prefix_of(first_key), first_key, previous, len(items), digest_sum, tuple(partial), frozenset(templates))


def check_sums(path: Path, header: Header, facts: Iterable[BlockFacts]) -> tuple[bytes, ...]:
    """Compare what the blocks hold with what the header says; returns the keys of partial records.

    Raises:
        FileRefused: they differ, or the blocks are not in order.
    """
    found = {prefix: replace(count, records=0, digest_sum=0) for prefix, count in header.prefixes.items()}
    partial: list[bytes] = []
    last_key = b""
    for block in facts:
        if block.prefix not in found or block.first_key <= last_key:
            raise _foreign(path, f"keys out of order at {codec.readable(block.first_key)}")
        count = found[block.prefix]
        digest_sum = (count.digest_sum + block.digest_sum) % DIGEST_SUM_MODULUS
        found[block.prefix] = replace(count, records=count.records + block.records, digest_sum=digest_sum)
        partial.extend(block.partial)
        last_key = block.last_key
    for prefix, count in header.prefixes.items():
        if found[prefix] != count:
            raise FileRefused(f"{path.name} lacks records of prefix {prefix}, or has others: write it again from its source")
    return tuple(partial)


def _is_whole(key: bytes, value: bytes) -> bool:
    """Whether a value has a form; its digest and its identifier are looked at only where the form is not the plain one."""
    if len(value) < codec.RECORD_HEADER_BYTES or value[DIGEST_BYTES] & _FORMAT_MASK != codec.FORMAT:
        return False
    end: int = codec.RECORD_HEADER_BYTES + _LENGTH.unpack_from(value, _PUBLIC_LENGTH_AT)[0]
    if value[DIGEST_BYTES] == codec.FORMAT:
        return end == len(value)
    try:
        return end < len(value) and fold(codec.decode_record(key, value).identifier).startswith(prefix_of(key) + "/")
    except (RecordDamaged, ValueError, struct.error, msgpack.UnpackException):
        return False


def _read_block(file: BinaryIO, digest: Any, path: Path, bytes_max: int) -> bytes:
    octets = file.read(_LENGTH.size)
    if len(octets) < _LENGTH.size:
        raise _cut_short(path)
    (length,) = _LENGTH.unpack(octets)
    if length > bytes_max:
        raise FileRefused(f"{path.name} was altered: it announces a block of {length:,} octets")
    block = file.read(length)
    if len(block) < length:
        raise _cut_short(path)
    digest.update(octets)
    digest.update(block)
    return block


def _pack_header(header: Header) -> bytes:
    prefixes = [[name, count.fold_suffix, count.records, count.digest_sum] for name, count in header.prefixes.items()]
    packed: bytes = msgpack.packb(
        {"created": header.created, "position": header.position, "restricted": header.restricted, "prefixes": prefixes}
    )
    return packed


def _unpack_header(octets: bytes, path: Path) -> Header:
    try:
        fields = msgpack.unpackb(octets)
        prefixes = {name: PrefixCount(bool(folds), records, total) for name, folds, records, total in fields["prefixes"]}
        return Header(fields["created"], fields["position"], bool(fields["restricted"]), prefixes)
    except (ValueError, KeyError, TypeError, msgpack.UnpackException):
        raise _foreign(path, "an unreadable header") from None


def _cut_short(path: Path) -> FileRefused:
    return FileRefused(f"{path.name} is cut short: copy it again from its source")


def _foreign(path: Path, what: str) -> FileRefused:
    return FileRefused(f"{path.name} holds {what}: it was not written by 'idis export'")
