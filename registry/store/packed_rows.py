"""Rows of a table as one run of octets, on their way from the process that sealed them to the one that stores them.

    row    u16 length of the key ‖ u32 length of the value ‖ key ‖ value       repeated

Compiled where that is possible; the plain twin gives the same rows.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator

from idis.proto import speedups

Row = tuple[bytes, bytes]  # key, value

_HEAD = struct.Struct(">HI")


def pack_rows(rows: Iterable[Row]) -> bytes:
    """Rows one behind the other."""
    return b"".join([part for key, value in rows for part in (_HEAD.pack(len(key), len(value)), key, value)])


def unpack_rows_in_python(octets: bytes) -> Iterator[Row]:
    """The reverse of `pack_rows`, each row when it is asked for.

    Raises:
        ValueError: the last one is cut short.
    """
    at = 0
    while at < len(octets):
        if len(octets) - at < _HEAD.size:
            raise ValueError("a packed row is cut short")
        key_bytes, value_bytes = _HEAD.unpack_from(octets, at)
        at += _HEAD.size
        if key_bytes + value_bytes > len(octets) - at:
            raise ValueError("a packed row is cut short")
        yield octets[at : at + key_bytes], octets[at + key_bytes : at + key_bytes + value_bytes]
        at += key_bytes + value_bytes


unpack_rows: Callable[[bytes], Iterator[Row]] = unpack_rows_in_python
if speedups.LOADED == speedups.COMPILED:
    from idis.proto import _speedups

    unpack_rows = _speedups.PackedRows
