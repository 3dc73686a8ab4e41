"""The batch body: what is read, and what is refused before anything is built of it."""

from __future__ import annotations

from unittest.mock import patch

import msgpack
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from idis.proto import batch
from idis.proto.batch import (
    BATCH_ITEMS_MAX,
    BatchItem,
    BatchReply,
    BatchRequest,
    ItemResult,
    Verb,
    payload_of_indexes,
    read_batch,
    read_batch_reply,
)
from idis.proto.errors import ProtocolError

# [1, 16 octets, [[3, "88.1/a", b""], [6, "88.1/b", indexes 1 and 2]]]
REQUEST = bytes.fromhex(
    "93 01 c410 000102030405060708090a0b0c0d0e0f 92"
    "93 03 a6 38382e312f61 c400"
    "93 06 a6 38382e312f62 c40c 00000002 00000001 00000002"
)
# [1, true, [[1, "88.1/a", 4, ""], [100, "88.1/b", 0, "gone"]]]
REPLY = bytes.fromhex("93 01 c3 92 94 01 a6 38382e312f61 04 a0 94 64 a6 38382e312f62 00 a4 676f6e65")


def test_a_batch_is_read():
    """Verbs, identifiers and payloads come out as they were written."""
    batch = read_batch(REQUEST)

    assert batch.key == bytes(range(16))
    assert batch.items[0] == BatchItem(Verb.DELETE, "88.1/a")
    assert batch.items[1].indexes == (1, 2)


def test_a_batch_is_written_as_it_is_read():
    """The octets are the same."""
    items = (BatchItem(Verb.DELETE, "88.1/a"), BatchItem(Verb.REMOVE, "88.1/b", payload_of_indexes((1, 2))))

    assert BatchRequest(items, bytes(range(16))).encode() == REQUEST


def test_an_answer_is_read_and_written():
    """Codes, versions and sentences, in the order of the request."""
    reply = BatchReply((ItemResult(1, "88.1/a", 4), ItemResult(100, "88.1/b", 0, "gone")), repeated=True)

    assert read_batch_reply(REPLY) == reply
    assert reply.encode() == REPLY


@pytest.mark.skipif(batch.read_items is None, reason="both ways need the compiled one")
@given(
    st.lists(st.tuples(st.integers(0, 300), st.text(max_size=40), st.binary(max_size=300)), max_size=4),
    st.integers(0, 200),
    st.binary(max_size=1),
)
@settings(max_examples=40)
@example([(1, "x" * 40, b""), (1, "x" * 300, b"y" * 256), (1, "", b"z" * 66_000)], 0, b"")
def test_both_ways_read_the_same(items: list[tuple[int, str, bytes]], at: int, octet: bytes):
    """The compiled one and the plain one, of whole batches and of such with one octet left out or another one in its place."""
    octets = bytearray(msgpack.packb([1, b"", items]))
    octets[3 + at : 4 + at] = octet
    came = []
    for way in (batch.read_items, None):
        with patch.object(batch, "read_items", way):
            try:
                came.append(read_batch(bytes(octets)))
            except ProtocolError as error:
                came.append(str(error))

    assert came[0] == came[1]


@pytest.mark.parametrize("cut", range(len(REQUEST)))
def test_a_batch_that_breaks_off_is_refused(cut: int):
    """At every octet, with a documented error."""
    with pytest.raises(ProtocolError):
        read_batch(REQUEST[:cut])


@pytest.mark.parametrize("cut", range(len(REPLY)))
def test_an_answer_that_breaks_off_is_refused(cut: int):
    """At every octet, with a documented error."""
    with pytest.raises(ProtocolError):
        read_batch_reply(REPLY[:cut])


@pytest.mark.parametrize(
    ("octets", "sentence"),
    [
        ("93 02 c400 90", "layout 1"),
        ("93 01 c401ff 90", "16 octets"),
        ("92 01 c400", "three fields"),
        ("93 01 c400 dc07d1", "at most 2000"),
        ("93 01 c400 ddffffffff", "at most 2000"),
        ("93 01 c400 91 94 01 a0 c400 01", "three fields"),
        ("93 01 c400 91 93 91c0 a0 c400", "max_array_len"),
        ("93 01 c400 91 93 01 81a161c0 c400", "max_map_len"),
        ("93 01 c400 91 93 01 a2ffff c400", "utf-8"),
        ("93 01 c400 91 93 a131 a161 c400", "whole number"),
        ("93 01 c400 91 93 ff a161 c400", "whole number"),
        ("93 01 c400 91 93 01 c40161 c400", "text"),
        ("93 01 c400 91 93 01 a161 a0", "octets are expected"),
        ("93 01 c400 90 00", "octets after"),
        ("93 01 c400 91 93 01 c7010000 c400", "max_ext_len"),
    ],
)
def test_what_is_no_batch_is_refused(octets: str, sentence: str):
    """Each with a sentence of its own, and nothing nested is ever built."""
    with pytest.raises(ProtocolError, match=sentence):
        read_batch(bytes.fromhex(octets))


def test_nesting_is_never_followed():
    """A hundred thousand arrays inside each other end at the second."""
    with pytest.raises(ProtocolError):
        read_batch(b"\x91" * 100_000)


def test_as_many_items_as_allowed():
    """The limit itself is allowed."""
    batch = BatchRequest((BatchItem(Verb.DELETE, "88.1/a"),) * BATCH_ITEMS_MAX)

    assert read_batch(batch.encode()) == batch


def test_indexes_end_with_their_array():
    """Octets behind the last index are refused."""
    with pytest.raises(ProtocolError):
        _ = BatchItem(Verb.REMOVE, "88.1/a", bytes.fromhex("00000001 00000001 00")).indexes
