"""The cursor: each read succeeds whole or says where it failed."""

from collections.abc import Callable

import pytest

from idis.proto.errors import ProtocolError
from idis.proto.wire import ARRAY_BYTES_MAX, Reader, array, blob, i64, refuse, text, u16, u32

OCTETS = bytes.fromhex("01 0203 04050607 fffffffffffffffe 00000002 6869 00000003 e888b9 00000002 08 09")


def test_fields_in_order() -> None:
    """Every primitive is read where the one before ended."""
    reader = Reader(OCTETS)

    assert reader.u8() == 1
    assert reader.u16() == 0x0203
    assert reader.u32() == 0x04050607
    assert reader.i64() == -2
    assert reader.blob() == b"hi"
    assert reader.text() == "船"
    assert reader.array(reader.u8, 1) == (8, 9)
    assert reader.remaining == 0


@pytest.mark.parametrize(
    ("octets", "read", "offset"),
    [
        ("", Reader.u8, 0),
        ("00", Reader.u16, 0),
        ("000000", Reader.u32, 0),
        ("00000000000000", Reader.i64, 0),
        ("00000002 61", Reader.blob, 4),
        ("7fffffff 61", Reader.blob, 0),
        ("00000003 e888ff", Reader.text, 4),
        ("00000003 616263c3"[:-2], lambda reader: reader.take(8), 0),
        ("00000002 00", lambda reader: reader.count(1), 0),
        ("ffffffff 00", lambda reader: reader.count(4), 0),
        ("00000003 000000", lambda reader: reader.count(1, 2), 0),
    ],
)
def test_what_is_refused(octets: str, read: Callable[[Reader], object], offset: int) -> None:
    """A field that runs past the buffer, a limit, or octets that are no text."""
    with pytest.raises(ProtocolError) as refused:
        read(Reader(bytes.fromhex(octets)))

    assert refused.value.offset == offset


def test_a_failed_read_of_a_limit_names_the_protocol_error() -> None:
    """The code to answer with is 4 unless somebody says otherwise."""
    with pytest.raises(ProtocolError) as refused:
        Reader(b"").u8()

    assert refused.value.code == 4


def test_a_reader_stays_inside_its_window() -> None:
    """`at` and `end` bound the octets that can be read."""
    reader = Reader(b"abcdef", 2, 4)

    assert reader.take(2) == b"cd"
    with pytest.raises(ProtocolError):
        reader.u8()


def test_nothing_is_allocated_for_a_length_that_is_not_there() -> None:
    """A blob longer than any array is refused before its octets are looked for."""
    with pytest.raises(ProtocolError, match="longer than"):
        Reader(u32(ARRAY_BYTES_MAX + 1) + b"x").blob()


def test_writing() -> None:
    """Each writer's octets by hand."""
    written = u16(258) + u32(1) + i64(-1) + blob(b"a") + text("船") + array([b"x", b"yz"])

    assert written == bytes.fromhex("0102 00000001 ffffffffffffffff 00000001 61 00000003 e888b9 00000002 78 797a")


def test_refuse_points_at_the_reader() -> None:
    """The error a parser raises itself is at the reader's position."""
    reader = Reader(b"abc", 1)

    assert (refuse("no", reader).offset, refuse("no", reader, 102).code) == (1, 102)
