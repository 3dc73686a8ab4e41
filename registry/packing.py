"""MessagePack by one packer a thread: making one costs more than packing a row with it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import msgpack

KEPT_BYTES_MAX = 262_144  # a packer keeps room for the longest it has packed; one that packed more is made anew


class _Packer(threading.local):
    def __init__(self) -> None:
        self.pack = msgpack.Packer().pack


_packer = _Packer()


def packed(members: Sequence[Any]) -> bytes:
    """The array of some members."""
    octets: bytes = _packer.pack(members)
    if len(octets) > KEPT_BYTES_MAX:
        _packer.pack = msgpack.Packer().pack
    return octets
