"""Bits read and written from the left."""

from __future__ import annotations

import pytest

from idis.proto.schemes.gs1.bits import BitReader, BitWriter
from idis.proto.schemes.gs1.elements import Gs1Error


def test_numbers_come_off_the_left() -> None:
    """1010 0111 is 5, then 0, then 7."""
    reader = BitReader(0b10100111, 8)

    assert (reader.read(3), reader.read(2), reader.rest(), reader.read(3)) == (5, 0, 7, 7)


def test_a_copy_reads_by_itself() -> None:
    """What a copy takes is still there."""
    reader = BitReader(0b1100, 4)
    copy = reader.copy()

    assert (copy.read(2), copy.remaining, reader.remaining) == (3, 2, 4)


def test_reading_past_the_end_is_refused() -> None:
    """A field that is longer than what is left."""
    with pytest.raises(Gs1Error, match="end within a field"):
        BitReader(0, 4).read(5)


def test_writing_pads_with_zeros() -> None:
    """101 to a multiple of four is 1010."""
    writer = BitWriter()
    writer.write(5, 3)
    writer.pad(4)

    assert (writer.number, writer.length) == (0b1010, 4)
