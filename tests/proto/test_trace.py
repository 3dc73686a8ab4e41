"""Steps of a trace on the wire: EXPAND, its answer, POINTER."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.proto.errors import ProtocolError
from idis.proto.trace import (
    AskRow,
    EdgeRow,
    ExpandReply,
    PointerRow,
    StoneRow,
    read_expand,
    read_expand_reply,
    read_pointer,
    trace_audience,
)

ID = "000102030405060708090a0b0c0d0e0f"
HEAD = "dc0010 03 c410" + ID + "a4 38382e31 a6 726563616c6c c402 7061 c3 c2 c0 0a 20 64 ccc8 a5 38382e3200"
THING = "a7 38382e312f4100"  # 88.1/A and what ends it
WINDOW = "c410 ffffffffffffffff 0000000000000007"
REQUEST = HEAD + THING + WINDOW + "c400"

# One edge of 88.1/A, the second of three texts being 88.2/B; a pointer, what is left, a tombstone, an alias.
TEXTS = "b3 38382e312f4100 38382e322f4200 38382e3200"
EDGE = (
    "00000000 01 01 00000001 00000000 0000000000000001 7fffffffffffffff 0000000000000002 7fffffffffffffff"
    "ffffffff ffffffff ffffffff ffffffff 00000002"
)
REPLY = (
    "9a 03"
    + TEXTS
    + "c442"
    + EDGE
    + "c408 00000000 0002 aabb"
    + "c410 00000000 00000002 0000000000000005"
    + "c408 00000000 00000001"
    + "01 02 91 96 a0 a4 38382e33 01 02 a4 646f776e c3 c2"
)
DECODED = ExpandReply(
    (
        EdgeRow(
            *("88.1/A", "T", True, "88.2/B", "88.1/A", 1, 2**63 - 1, 2, 2**63 - 1),
            *("", "", "", "", "88.2"),
        ),
    ),
    ((0, b"\xaa\xbb"),),
    (PointerRow("88.1/A", "88.2", 5),),
    (StoneRow("", "88.3", 1, 2, "down", True),),
    (("88.1/A", "88.2/B"),),
    1,
    2,
)


def test_an_answer_decodes() -> None:
    """Every text is named by its place."""
    assert read_expand_reply(bytes.fromhex(REPLY)) == DECODED


def test_an_answer_encodes() -> None:
    """The same octets."""
    assert DECODED.encode() == bytes.fromhex(REPLY)


def test_so_much_of_a_lot_is_told_from_a_thing() -> None:
    """By the second bit of the octet that says whether an edge is certain."""
    (row,) = read_expand_reply(bytes.fromhex(REPLY.replace("00000000 01 01", "00000000 01 02"))).edges

    assert (row.certain, row.of_class) == (False, True)


def test_a_cursor_comes_with_its_thing() -> None:
    """Behind the place among the asks and its length."""
    octets = bytes.fromhex(HEAD + THING + WINDOW + "c407 00000000 0001 cc")

    assert read_expand(octets).asks == (AskRow("88.1/A", -1, 7, b"\xcc"),)


@pytest.mark.parametrize("octets", [REQUEST, REPLY])
def test_every_beginning_is_refused(octets: str) -> None:
    """A message that breaks off is a protocol error, wherever it does."""
    whole = bytes.fromhex(octets)
    read = read_expand if octets is REQUEST else read_expand_reply
    read(whole)
    for length in range(len(whole)):
        with pytest.raises(ProtocolError):
            read(whole[:length])


@pytest.mark.parametrize(
    ("octets", "sentence"),
    [
        (REQUEST + "c0", "octets after the last field"),
        (REQUEST.replace(" a6 726563616c6c", " a0"), "a purpose is a short text"),
        (REQUEST.replace(ID, ID + "00").replace("c410" + ID, "c411" + ID), "a trace's id has 16 octets"),
        (HEAD + "a0" + "c400" + "c400", "every thing has one window"),
        (HEAD + THING + "c400" + "c400", "every thing has one window"),
        (HEAD + THING + WINDOW + "c407 00000001 0001 cc", "a cursor of nothing"),
        (HEAD + THING + WINDOW + "c407 00000000 0002 cc", "a cursor that is too long or breaks off"),
        (HEAD + "da03f6" + "6100" * 507 + WINDOW + "c400", "more than 500 texts"),
    ],
)
def test_what_is_no_request(octets: str, sentence: str) -> None:
    """Each is told in one sentence."""
    with pytest.raises(ProtocolError, match=sentence):
        read_expand(bytes.fromhex(octets))


@pytest.mark.parametrize(
    ("octets", "sentence"),
    [
        (REPLY.replace("ffffffff 00000002c408", "ffffffff 00000003c408"), "a text is named that is not there"),
        (REPLY.replace("00000000 01 01", "00000000 05 01"), "a text is named that is not there"),
        (REPLY.replace("c442", "c441").replace("00000002c408", "000000c408"), "rows of a fixed length"),
        (REPLY.replace("a4 38382e33 01", "a4 38382e33 05"), "step is none of those known"),
    ],
)
def test_what_is_no_answer(octets: str, sentence: str) -> None:
    """Each is told in one sentence."""
    with pytest.raises(ProtocolError, match=sentence):
        read_expand_reply(bytes.fromhex(octets))


def test_a_pointer_says_which_ways() -> None:
    """An octet for each thing, and none other than forward, back and both."""
    for ways in ("c400", "c401 00", "c401 04", "c402 0101"):
        with pytest.raises(ProtocolError, match="every thing has its ways"):
            read_pointer(bytes.fromhex("95 03 a4 38382e32 05" + THING + ways))


@given(st.binary(max_size=200))
def test_garbage_is_a_protocol_error(octets: bytes) -> None:
    """Nothing else comes out."""
    for read in (read_expand, read_expand_reply, read_pointer):
        try:
            read(octets)
        except ProtocolError:
            continue


def test_a_pass_is_for_one_question() -> None:
    """Its id and its purpose."""
    assert trace_audience(bytes(16), "recall") == "trace 00000000000000000000000000000000 recall"
