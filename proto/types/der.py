"""Just enough DER to look into a public key: definite lengths, no recursion (X.690)."""

from __future__ import annotations

from idis.proto.errors import ProtocolError

INTEGER = 0x02
BIT_STRING = 0x03
OBJECT_IDENTIFIER = 0x06
SEQUENCE = 0x30

_LENGTH_OCTETS_MAX = 4  # lengths above 4 GiB do not fit a message


class DerReader:
    """A cursor over the elements of one level."""

    __slots__ = ("at", "octets")

    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self.at = 0

    @property
    def remaining(self) -> int:
        """Octets not yet read."""
        return len(self.octets) - self.at

    def element(self, tag: int) -> bytes:
        """The content of the next element, which must have that tag.

        Raises:
            ProtocolError: another tag, or a length that runs past the octets.
        """
        start = self.at
        if self._octet() != tag:
            raise ProtocolError(f"a DER element of tag {tag:#04x} is missing", offset=start)
        length = self._octet()
        if length & 0x80:
            width = length & 0x7F
            if not 0 < width <= _LENGTH_OCTETS_MAX:
                raise ProtocolError("a DER length is not definite", offset=start + 1)
            length = int.from_bytes(bytes(self._octet() for _ in range(width)), "big")
        if length > self.remaining:
            raise ProtocolError(f"a DER element of {length} octets, {self.remaining} present", offset=start)
        self.at += length
        return self.octets[self.at - length : self.at]

    def integer(self) -> int:
        """The next element as an unsigned number."""
        return int.from_bytes(self.element(INTEGER), "big")

    def sequence(self) -> DerReader:
        """A reader of the next element's own elements."""
        return DerReader(self.element(SEQUENCE))

    def _octet(self) -> int:
        if not self.remaining:
            raise ProtocolError("a DER element breaks off", offset=self.at)
        self.at += 1
        return self.octets[self.at - 1]
