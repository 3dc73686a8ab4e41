"""Flat bodies: nothing nests, and every error says where."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from idis.proto.errors import ProtocolError
from idis.proto.flat import FlatReader, join_texts, split_texts


def reader_of(octets: str) -> FlatReader:
    """A body whose members have at most eight octets."""
    return FlatReader(bytes.fromhex(octets), "test", str_bytes_max=8, bin_bytes_max=8)


def test_members_are_read_in_order() -> None:
    """The header, then one after the other, to the end."""
    fields = reader_of("93 c3 c402 0102 a161")

    assert (fields.header(), fields.truth(), fields.octets(), fields.ended, fields.member(), fields.ended) == (
        3, True, b"\x01\x02", False, "a", True
    )  # fmt: skip


@pytest.mark.parametrize(
    ("octets", "read", "sentence"),
    [
        ("", FlatReader.header, r"no test: No more data to unpack\. \(at octet 0\)"),
        ("c0", FlatReader.header, "no test: "),
        ("c402 01", FlatReader.member, r"no test: No more data to unpack\. \(at octet 2\)"),
        ("91 c0", FlatReader.member, "max_array_len"),
        ("81 c0 c0", FlatReader.member, "max_map_len"),
        ("c7 01 00 00", FlatReader.member, "max_ext_len"),
        ("a9 616161616161616161", FlatReader.member, "max_str_len"),
        ("c409 000000000000000000", FlatReader.member, "max_bin_len"),
        ("01", FlatReader.truth, r"true or false is expected \(at octet 1\)"),
        ("a161", FlatReader.octets, r"octets are expected \(at octet 2\)"),
    ],
)
def test_what_is_not_expected_is_refused(octets: str, read: Callable[[FlatReader], object], sentence: str) -> None:
    """Before it is built."""
    with pytest.raises(ProtocolError, match=sentence):
        read(reader_of(octets))


def test_texts_end_with_a_zero_octet() -> None:
    """The last one, too, so that none and one empty text differ."""
    assert [join_texts(texts) for texts in ((), ("",), ("a", "b"))] == ["", "\x00", "a\x00b\x00"]
    assert [split_texts(joined) for joined in ("", "\x00", "a\x00b\x00")] == [(), ("",), ("a", "b")]
