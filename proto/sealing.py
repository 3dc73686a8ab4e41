"""Sealed values: what a store keeps, behind eight octets of BLAKE2b over where it lies and what it says (`storage.md` §2.7).

Compiled where that is possible: the digest of a short value costs less than the calls it takes the standard library to
make one. The plain twins give the same octets.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b

from idis.proto import speedups

SEAL_BYTES = 8
SEAL_SUM_MODULUS = 2**64

_HEADS_KEPT = 64  # one for each table of a store

Rows = tuple[list[bytes], list[tuple[bytes, bytes]], int, int]


def seal_value_in_python(head: bytes, key: bytes, rest: bytes) -> bytes:
    """The digest of head, key and rest, one behind the other, and the rest."""
    hasher = _hasher(head)()
    hasher.update(key + rest)
    return hasher.digest() + rest


def unseal_value_in_python(head: bytes, key: bytes, value: bytes) -> bytes | None:
    """The rest of a sealed value; None where its digest does not match."""
    rest = value[SEAL_BYTES:]
    hasher = _hasher(head)()
    hasher.update(key + rest)
    return rest if value.startswith(hasher.digest()) else None


def seal_rows_in_python(head: bytes, rows: dict[bytes, bytes]) -> Rows:
    """Seal many.

    Args:
        head: of all of them.
        rows: what each key holds.

    Returns:
        The keys, sorted; each with its sealed value; the sum of the digests, read as numbers in network order, modulo
        SEAL_SUM_MODULUS; how many octets keys and values have.
    """
    places = sorted(rows)
    values = [(key, seal_value_in_python(head, key, rows[key])) for key in places]
    seal_sum = sum(int.from_bytes(value[:SEAL_BYTES], "big") for _, value in values) % SEAL_SUM_MODULUS
    return places, values, seal_sum, sum(len(key) + len(value) for key, value in values)


@lru_cache(_HEADS_KEPT)
def _hasher(head: bytes) -> Callable[[], blake2b]:
    """What begins with a head: copying a hasher costs half of making one."""
    return blake2b(head, digest_size=SEAL_BYTES).copy


seal_value, unseal_value, seal_rows = seal_value_in_python, unseal_value_in_python, seal_rows_in_python
if speedups.LOADED == speedups.COMPILED:
    from idis.proto import _speedups

    seal_value, unseal_value, seal_rows = _speedups.seal_value, _speedups.unseal_value, _speedups.seal_rows
