"""Bodies of our own operations: a msgpack array of fixed length, read member by member (`architecture.md`, "One wire, extended").

Each member is read after its kind and size are known to be allowed, and none of them may be an array, a map or an extension:
a megabyte of empty arrays would otherwise become a hundred megabytes of lists. Where a body has rows, their array headers
are read one by one and compared with what is allowed before a row exists. Many texts travel as one, each ended by a zero octet.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgpack

from idis.proto.errors import ProtocolError


class FlatReader:
    """A cursor over the members of a body; each read either succeeds or raises ProtocolError.

    Args:
        octets: the body.
        what: its name in errors: "batch" for "no batch: it breaks off".
        str_bytes_max, bin_bytes_max: of one member.
    """

    def __init__(self, octets: bytes, what: str, *, str_bytes_max: int, bin_bytes_max: int) -> None:
        self._octets = octets
        self._what = what
        self._unpacker = flat_unpacker(octets, str_bytes_max=str_bytes_max, bin_bytes_max=bin_bytes_max)

    @property
    def at(self) -> int:
        """Where the next member begins."""
        return int(self._unpacker.tell())

    @property
    def ended(self) -> bool:
        """Whether nothing is left."""
        return self.at == len(self._octets)

    def expect(self, held: bool, sentence: str) -> None:
        """Raise ProtocolError with a sentence unless something holds."""
        if not held:
            raise ProtocolError(sentence, offset=self._unpacker.tell())

    def header(self) -> int:
        """How many members an array has."""
        try:
            count: int = self._unpacker.read_array_header()
        except (msgpack.UnpackException, ValueError) as error:
            raise self._broken(error) from None
        return count

    def member(self) -> Any:
        """The next member, whatever its kind."""
        try:
            return self._unpacker.unpack()
        except (msgpack.UnpackException, ValueError) as error:
            raise self._broken(error) from None

    def truth(self, sentence: str = "true or false is expected") -> bool:
        """True or false."""
        found = self.member()
        self.expect(isinstance(found, bool), sentence)
        return bool(found)

    def octets(self) -> bytes:
        """Octets."""
        found = self.member()
        self.expect(isinstance(found, bytes), "octets are expected")
        return bytes(found)

    def _broken(self, error: Exception) -> ProtocolError:
        return ProtocolError(f"no {self._what}: {error or 'it breaks off'}", offset=self._unpacker.tell())


def flat_unpacker(octets: bytes, *, str_bytes_max: int, bin_bytes_max: int) -> msgpack.Unpacker:
    """An unpacker of a body, none of whose members may hold others."""
    unpacker = msgpack.Unpacker(
        max_buffer_size=max(len(octets), 1),
        max_array_len=0,
        max_map_len=0,
        max_ext_len=0,
        max_str_len=str_bytes_max,
        max_bin_len=bin_bytes_max,
    )
    unpacker.feed(octets)
    return unpacker


def join_texts(texts: Iterable[str]) -> str:
    """Many texts as one; none of them holds a zero octet."""
    return "".join(f"{text}\x00" for text in texts)


def split_texts(joined: str) -> tuple[str, ...]:
    """The reverse; `joined.count("\\x00")` tells beforehand how many they are."""
    return tuple(joined.split("\x00")[:-1])
