"""The last commit of a store, read from its file without opening it: LMDB is opened once in a process, and late.

Each commit ends by writing one of the two meta pages at the front of the data file, in turn; the one with the higher
transaction number is the last. A page that is being written meanwhile reads as one of its neighbours in time, because its
number is written with one store. The layout is that of LMDB 0.9 on 64-bit machines, data version 1.
"""

from __future__ import annotations

import os
import struct

_META = struct.Struct("=16xIIQQI")  # page header; magic, version, address, map size, page size
_TRANSACTION = struct.Struct("=Q")
_TRANSACTION_AT = 16 + 24 + 2 * 48 + 8  # behind the page header, the two main tables and the last page's number
_MAGIC, _VERSION = 0xBEEFC0DE, 1
_PAGE_BYTES_MAX = 65_536
_META_BYTES = _TRANSACTION_AT + _TRANSACTION.size


def last_transaction(descriptor: int) -> int | None:
    """The number of the last commit in an open `data.mdb`; None when this is no such file.

    Raises:
        OSError: it cannot be read.
    """
    first = os.pread(descriptor, _META_BYTES, 0)
    if len(first) < _META_BYTES:
        return None
    page_bytes: int = _META.unpack_from(first)[4]
    if not _META_BYTES < page_bytes <= _PAGE_BYTES_MAX:
        return None
    second = os.pread(descriptor, _META_BYTES, page_bytes)
    numbers = [number for page in (first, second) if (number := _number(page)) is not None]
    return max(numbers) if len(numbers) == 2 else None


def _number(page: bytes) -> int | None:
    if len(page) < _META_BYTES or _META.unpack_from(page)[:2] != (_MAGIC, _VERSION):
        return None
    number: int = _TRANSACTION.unpack_from(page, _TRANSACTION_AT)[0]
    return number
