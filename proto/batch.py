"""The batch: up to 2,000 changes in one message, one result for each (`architecture.md`, "One wire, extended").

Opcode BATCH carries msgpack arrays of fixed length. Values travel as one string of octets in wire form, exactly as CREATE
carries them, and indexes as one too, so that nothing nests: `[1, key, [[verb, identifier, payload], …]]`. The key makes a
batch repeatable: the same key with the same octets gives the first results again. The answer is
`[1, repeated, [[code, identifier, version, message], …]]`, in the order of the request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import msgpack

from idis.proto.dialect import read_filter_indexes
from idis.proto.errors import ProtocolError
from idis.proto.identifier import IDENTIFIER_BYTES_MAX
from idis.proto.wire import ARRAY_BYTES_MAX, Reader, array, u32

BATCH_VERSION = 1
BATCH_ITEMS_MAX = 2_000  # the field's own number; bounds a transaction
BATCH_KEY_BYTES = 16
MESSAGE_CHARACTERS_MAX = 500  # of one result

_REQUEST_FIELDS = 3
_ITEM_FIELDS = 3
_RESULT_FIELDS = 4


class Verb(IntEnum):
    """What is to be done with one identifier, and what its payload is."""

    CREATE = 1  # values
    REPLACE = 2  # values; created if absent
    DELETE = 3  # nothing
    ADD = 4  # values at free indexes
    MODIFY = 5  # values at indexes that exist
    REMOVE = 6  # indexes
    DISABLE = 7  # indexes; none: the whole record
    ENABLE = 8  # indexes; none: the whole record


VERBS_WITH_INDEXES = frozenset((Verb.REMOVE, Verb.DISABLE, Verb.ENABLE))


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One change. `payload` is a counted array of values, or of indexes, in wire form, or empty, as the verb says."""

    verb: int
    identifier: str
    payload: bytes = b""

    @property
    def indexes(self) -> tuple[int, ...]:
        """The payload of a verb that takes indexes; none when it is empty.

        Raises:
            ProtocolError: it is no counted array of them.
        """
        if not self.payload:
            return ()
        reader = Reader(self.payload)
        indexes = read_filter_indexes(reader)
        if reader.remaining:
            raise ProtocolError(f"{reader.remaining} octets after the last index", offset=reader.at)
        return indexes


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What became of one change: a response code, the identifier and its version, one sentence when it was refused."""

    code: int
    identifier: str
    version: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """The body of BATCH. `key` is empty, or BATCH_KEY_BYTES that make it repeatable."""

    items: tuple[BatchItem, ...]
    key: bytes = b""

    def encode(self) -> bytes:
        """The body's octets."""
        items = [[int(item.verb), item.identifier, item.payload] for item in self.items]
        packed: bytes = msgpack.packb([BATCH_VERSION, self.key, items])
        return packed


@dataclass(frozen=True, slots=True)
class BatchReply:
    """The answer to BATCH; `repeated` tells that these are the results of an earlier call."""

    results: tuple[ItemResult, ...]
    repeated: bool = False

    def encode(self) -> bytes:
        """The body's octets."""
        packed: bytes = msgpack.packb([BATCH_VERSION, self.repeated, pack_results(self.results)])
        return packed


def payload_of_indexes(indexes: Sequence[int]) -> bytes:
    """The payload of a verb that takes indexes."""
    return array(map(u32, indexes))


def pack_results(results: Sequence[ItemResult]) -> list[list[object]]:
    """Results as arrays, for the wire and for the outcome of an idempotency key."""
    return [[int(result.code), result.identifier, result.version, result.message] for result in results]


def unpack_results(rows: Sequence[Sequence[Any]]) -> tuple[ItemResult, ...]:
    """The reverse of `pack_results`, for octets that this node stored itself."""
    return tuple(ItemResult(*row) for row in rows)


def read_batch(octets: bytes) -> BatchRequest:
    """Decode the body of BATCH.

    Array headers are read one by one and compared with what is allowed before an element exists: a megabyte of empty
    arrays would otherwise become a hundred megabytes of lists.

    Raises:
        ProtocolError: it breaks off, holds anything but the fields said, more than BATCH_ITEMS_MAX items, or octets are left.
    """
    unpacker = _unpacker(octets)
    try:
        _expect(unpacker.read_array_header() == _REQUEST_FIELDS, "a batch has three fields", unpacker)
        _expect(_number(unpacker) == BATCH_VERSION, f"only batches of layout {BATCH_VERSION} are known", unpacker)
        key = _octets(unpacker)
        _expect(len(key) in (0, BATCH_KEY_BYTES), f"a batch's key has {BATCH_KEY_BYTES} octets, or none", unpacker)
        count = unpacker.read_array_header()
        _expect(count <= BATCH_ITEMS_MAX, f"{count} items, at most {BATCH_ITEMS_MAX} in one batch: split it", unpacker)
        items = tuple(_read_item(unpacker) for _ in range(count))
    except (msgpack.UnpackException, ValueError) as error:
        raise ProtocolError(f"no batch: {error or 'it breaks off'}", offset=unpacker.tell()) from None
    _expect(unpacker.tell() == len(octets), "octets after the batch", unpacker)
    return BatchRequest(items, key)


def read_batch_reply(octets: bytes) -> BatchReply:
    """Decode the answer to BATCH.

    Raises:
        ProtocolError: it breaks off or holds anything but the fields said.
    """
    unpacker = _unpacker(octets)
    try:
        _expect(unpacker.read_array_header() == _REQUEST_FIELDS, "a batch's answer has three fields", unpacker)
        _expect(_number(unpacker) == BATCH_VERSION, f"only answers of layout {BATCH_VERSION} are known", unpacker)
        repeated = unpacker.unpack()
        _expect(isinstance(repeated, bool), "'repeated' is true or false", unpacker)
        count = unpacker.read_array_header()
        _expect(count <= BATCH_ITEMS_MAX, f"{count} results, at most {BATCH_ITEMS_MAX}", unpacker)
        results = tuple(_read_result(unpacker) for _ in range(count))
    except (msgpack.UnpackException, ValueError) as error:
        raise ProtocolError(f"no batch's answer: {error or 'it breaks off'}", offset=unpacker.tell()) from None
    return BatchReply(results, repeated)


def _unpacker(octets: bytes) -> msgpack.Unpacker:
    # Elements are read one at a time, and none of them may be an array, a map or an extension.
    unpacker = msgpack.Unpacker(
        max_buffer_size=max(len(octets), 1),
        max_array_len=0,
        max_map_len=0,
        max_ext_len=0,
        max_str_len=max(IDENTIFIER_BYTES_MAX, 4 * MESSAGE_CHARACTERS_MAX),
        max_bin_len=ARRAY_BYTES_MAX,
    )
    unpacker.feed(octets)
    return unpacker


def _read_item(unpacker: msgpack.Unpacker) -> BatchItem:
    _expect(unpacker.read_array_header() == _ITEM_FIELDS, "an item has three fields", unpacker)
    return BatchItem(_number(unpacker), _text(unpacker), _octets(unpacker))


def _read_result(unpacker: msgpack.Unpacker) -> ItemResult:
    _expect(unpacker.read_array_header() == _RESULT_FIELDS, "a result has four fields", unpacker)
    return ItemResult(_number(unpacker), _text(unpacker), _number(unpacker), _text(unpacker))


def _number(unpacker: msgpack.Unpacker) -> int:
    number = unpacker.unpack()
    _expect(type(number) is int and number >= 0, "a whole number is expected", unpacker)
    return int(number)


def _text(unpacker: msgpack.Unpacker) -> str:
    found = unpacker.unpack()
    _expect(isinstance(found, str), "text is expected", unpacker)
    return str(found)


def _octets(unpacker: msgpack.Unpacker) -> bytes:
    found = unpacker.unpack()
    _expect(isinstance(found, bytes), "octets are expected", unpacker)
    return bytes(found)


def _expect(held: bool, sentence: str, unpacker: msgpack.Unpacker) -> None:
    if not held:
        raise ProtocolError(sentence, offset=unpacker.tell())
