"""Bits in a row, read and written from the left: what RFID tags and compressed links are made of."""

from __future__ import annotations

from idis.proto.schemes.gs1.elements import Gs1Error


class BitReader:
    """Takes numbers of so many bits off the left end."""

    __slots__ = ("_number", "remaining")

    def __init__(self, number: int, length: int) -> None:
        self._number = number
        self.remaining = length

    def read(self, bits: int) -> int:
        """The next bits as a number.

        Raises:
            Gs1Error: fewer are left.
        """
        if bits > self.remaining:
            raise Gs1Error("the bits end within a field")
        self.remaining -= bits
        return (self._number >> self.remaining) & ((1 << bits) - 1)

    def rest(self) -> int:
        """All bits that are left, without taking them."""
        return self._number & ((1 << self.remaining) - 1)

    def copy(self) -> BitReader:
        """A reader at the same place."""
        return BitReader(self._number, self.remaining)


class BitWriter:
    """Puts numbers of so many bits to the right end."""

    __slots__ = ("length", "number")

    def __init__(self) -> None:
        self.number = 0
        self.length = 0

    def write(self, value: int, bits: int) -> None:
        """Put a number; it fits by what was judged before."""
        assert 0 <= value < 1 << bits
        self.number = self.number << bits | value
        self.length += bits

    def pad(self, multiple: int) -> None:
        """Put zeros until the length is a multiple."""
        self.write(0, -self.length % multiple)
