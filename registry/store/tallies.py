"""Tallies: how many values there are in tables of one purpose, and the sum of their digests (`storage.md` §2.7).

A digest cannot see that something has vanished. Records are counted by prefix; documents, audit lines, rows of edges and
events as a whole, each under a name in `meta`, in the transaction of every change.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

from idis.registry.store import codec, keys
from idis.registry.store.environment import Tables

_TALLY = struct.Struct(">QQ")


@dataclass(slots=True)
class Tally:
    """What is in one table: how many values, and the sum of their digests modulo 2**64."""

    count: int = 0
    digest_sum: int = 0

    def take(self, value: bytes | None) -> None:
        """Count a sealed value that came."""
        self._change(value, 1)

    def drop(self, value: bytes | None) -> None:
        """Count out a sealed value that went."""
        self._change(value, -1)

    def take_all(self, count: int, digests: int) -> None:
        """Count many that came, by the sum of their digests."""
        self.count += count
        self.digest_sum = (self.digest_sum + digests) % codec.DIGEST_SUM_MODULUS

    def encode(self, name: bytes) -> bytes:
        """The sealed value under its name in `meta`."""
        return codec.seal(keys.META, name, _TALLY.pack(self.count, self.digest_sum))

    def _change(self, value: bytes | None, sign: int) -> None:
        if value is not None:
            self.count += sign
            self.digest_sum = (self.digest_sum + sign * codec.digest_of(value)) % codec.DIGEST_SUM_MODULUS


def read(raw: Any, tables: Tables, name: bytes) -> Tally:
    """The tally of a name; nothing was counted where there is none. Raises RecordDamaged."""
    value = raw.get(name, db=tables.meta)
    return Tally() if value is None else Tally(*_TALLY.unpack(codec.unseal(keys.META, name, value)))
