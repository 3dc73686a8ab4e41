"""The batch: up to 2,000 changes in one message, one result for each (`architecture.md`, "One wire, extended").

Opcode BATCH carries msgpack arrays of fixed length. Values travel as one string of octets in wire form, exactly as CREATE
carries them, and indexes as one too, so that nothing nests: `[1, key, [[verb, identifier, payload], …]]`. The key makes a
batch repeatable: the same key with the same octets gives the first results again. The answer is
`[1, repeated, [[code, identifier, version, message], …]]`, in the order of the request.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple

import msgpack

from idis.proto import speedups
from idis.proto.dialect import read_filter_indexes
from idis.proto.errors import ProtocolError
from idis.proto.flat import FlatReader
from idis.proto.identifier import IDENTIFIER_BYTES_MAX
from idis.proto.wire import ARRAY_BYTES_MAX, Reader, array, u32

BATCH_VERSION = 1
BATCH_ITEMS_MAX = 2_000  # the field's own number; bounds a transaction
BATCH_KEY_BYTES = 16
MESSAGE_CHARACTERS_MAX = 500  # of one result
TEXT_BYTES_MAX = max(IDENTIFIER_BYTES_MAX, 4 * MESSAGE_CHARACTERS_MAX)

_REQUEST_FIELDS = 3
_ITEM_FIELDS = 3
_RESULT_FIELDS = 4

# All items at once, as long as each is packed the usual way; of others `_read_item` tells what is wrong.
read_items: Callable[[bytes, int, int, int, int, type[tuple[Any, ...]]], tuple[list[Any], int] | None] | None = None
if speedups.LOADED == speedups.COMPILED:
    from idis.proto import _speedups

    read_items = _speedups.read_items


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


def misplaced(verb: Verb, values: bool, indexes: bool) -> str:
    """What is wrong with an item that has values or indexes which its verb would pass over, or none to remove; else empty.

    Deleting a record because somebody meant its second value must not happen.
    """
    if verb in VERBS_WITH_INDEXES:
        if values:
            return f"{verb.name.lower()} takes indexes, and no values"
        return "which values? remove takes indexes" if verb is Verb.REMOVE and not indexes else ""
    if verb is Verb.DELETE:
        return "delete takes neither values nor indexes: 'remove' removes values" if values or indexes else ""
    return f"{verb.name.lower()} takes values, and no indexes" if indexes else ""


class BatchItem(NamedTuple):
    """One change; a tuple, as there are thousands.

    `payload` is a counted array of values, or of indexes, in wire form, or empty, as the verb says.
    """

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


class ItemResult(NamedTuple):
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
        packed: bytes = msgpack.packb([BATCH_VERSION, self.key, self.items])
        return packed


@dataclass(frozen=True, slots=True)
class BatchReply:
    """The answer to BATCH; `repeated` tells that these are the results of an earlier call."""

    results: tuple[ItemResult, ...]
    repeated: bool = False

    def encode(self) -> bytes:
        """The body's octets."""
        packed: bytes = msgpack.packb([BATCH_VERSION, self.repeated, self.results])
        return packed


def payload_of_indexes(indexes: Sequence[int]) -> bytes:
    """The payload of a verb that takes indexes."""
    return array(map(u32, indexes))


def unpack_results(rows: Sequence[Sequence[Any]]) -> tuple[ItemResult, ...]:
    """Results from their arrays, in octets that this node stored itself."""
    return tuple(ItemResult(*row) for row in rows)


def read_batch(octets: bytes) -> BatchRequest:
    """Decode the body of BATCH.

    Raises:
        ProtocolError: it breaks off, holds anything but the fields said, more than BATCH_ITEMS_MAX items, or octets are left.
    """
    fields = _Fields(octets, "batch")
    fields.expect(fields.header() == _REQUEST_FIELDS, "a batch has three fields")
    fields.expect(fields.number() == BATCH_VERSION, f"only batches of layout {BATCH_VERSION} are known")
    key = fields.octets()
    fields.expect(len(key) in (0, BATCH_KEY_BYTES), f"a batch's key has {BATCH_KEY_BYTES} octets, or none")
    count = fields.header()
    fields.expect(count <= BATCH_ITEMS_MAX, f"{count} items, at most {BATCH_ITEMS_MAX} in one batch: split it")
    if read_items is not None:
        read = read_items(octets, fields.at, count, TEXT_BYTES_MAX, ARRAY_BYTES_MAX, BatchItem)
        if read is not None and read[1] == len(octets):
            return BatchRequest(tuple(read[0]), key)
    items = tuple(_read_item(fields) for _ in range(count))
    fields.expect(fields.ended, "octets after the batch")
    return BatchRequest(items, key)


def read_batch_reply(octets: bytes) -> BatchReply:
    """Decode the answer to BATCH.

    Raises:
        ProtocolError: it breaks off or holds anything but the fields said.
    """
    fields = _Fields(octets, "batch's answer")
    fields.expect(fields.header() == _REQUEST_FIELDS, "a batch's answer has three fields")
    fields.expect(fields.number() == BATCH_VERSION, f"only answers of layout {BATCH_VERSION} are known")
    repeated = fields.truth("'repeated' is true or false")
    count = fields.header()
    fields.expect(count <= BATCH_ITEMS_MAX, f"{count} results, at most {BATCH_ITEMS_MAX}")
    results = tuple(_read_result(fields) for _ in range(count))
    return BatchReply(results, repeated)


class _Fields(FlatReader):
    """The members of a batch."""

    def __init__(self, octets: bytes, what: str) -> None:
        super().__init__(octets, what, str_bytes_max=TEXT_BYTES_MAX, bin_bytes_max=ARRAY_BYTES_MAX)

    def number(self) -> int:
        """A whole number from 0."""
        found = self.member()
        self.expect(type(found) is int and found >= 0, "a whole number is expected")
        return int(found)

    def text(self) -> str:
        """Text."""
        found = self.member()
        self.expect(isinstance(found, str), "text is expected")
        return str(found)


def _read_item(fields: _Fields) -> BatchItem:
    fields.expect(fields.header() == _ITEM_FIELDS, "an item has three fields")
    # There are thousands of them: all three are looked at together, and one by one only when something is wrong.
    verb, identifier, payload = fields.member(), fields.member(), fields.member()
    if not (type(verb) is int and verb >= 0 and type(identifier) is str and type(payload) is bytes):
        fields.expect(type(verb) is int and verb >= 0, "a whole number is expected")
        fields.expect(type(identifier) is str, "text is expected")
        fields.expect(type(payload) is bytes, "octets are expected")
    return BatchItem(verb, identifier, payload)


def _read_result(fields: _Fields) -> ItemResult:
    fields.expect(fields.header() == _RESULT_FIELDS, "a result has four fields")
    return ItemResult(fields.number(), fields.text(), fields.number(), fields.text())
