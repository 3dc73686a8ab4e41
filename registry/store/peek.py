"""The last commit of a store, read from the front of its file: cheaper than asking the engine, and possible before it is open.

Each commit ends by writing one of the two meta pages at the front of the data file, in turn; the one with the higher
transaction number is the last. A page that is being written meanwhile reads as one of its neighbours in time, because its
number is written with one store. The layout is that of LMDB 0.9 on 64-bit machines, data version 1; the pages never move.
"""

from __future__ import annotations

import mmap
import os
import struct
from pathlib import Path

_META = struct.Struct("=16xIIQQI")  # page header; magic, version, address, map size, page size
_TRANSACTION = struct.Struct("=Q")
_TRANSACTION_AT = 16 + 24 + 2 * 48 + 8  # behind the page header, the two main tables and the last page's number
_MAGIC, _VERSION = 0xBEEFC0DE, 1
_PAGE_BYTES_MAX = 65_536
_META_BYTES = _TRANSACTION_AT + _TRANSACTION.size


class Peek:
    """The meta pages of one data file, mapped.

    Args:
        path: of `data.mdb`.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no data file of this layout.
    """

    __slots__ = ("_at", "_map", "_read")

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._at = _second_page(descriptor) + _TRANSACTION_AT
            self._map = mmap.mmap(descriptor, self._at + _TRANSACTION.size, access=mmap.ACCESS_READ)
        finally:
            os.close(descriptor)
        self._read = _TRANSACTION.unpack_from

    @property
    def last_transaction(self) -> int:
        """The number of the last commit of any process. ValueError once it is closed."""
        one: int = self._read(self._map, _TRANSACTION_AT)[0]
        other: int = self._read(self._map, self._at)[0]
        return one if one > other else other

    def close(self) -> None:
        """Give up the mapping."""
        self._map.close()


def _second_page(descriptor: int) -> int:
    """Where the second meta page begins; both must be meta pages."""
    first = os.pread(descriptor, _META_BYTES, 0)
    page_bytes: int = _META.unpack_from(first)[4] if len(first) == _META_BYTES else 0
    if not _META_BYTES < page_bytes <= _PAGE_BYTES_MAX:
        raise ValueError("no data file of LMDB")
    for page in (first, os.pread(descriptor, _META_BYTES, page_bytes)):
        if len(page) < _META_BYTES or _META.unpack_from(page)[:2] != (_MAGIC, _VERSION):
            raise ValueError("no data file of LMDB")
    return page_bytes
