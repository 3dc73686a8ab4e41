"""Choosing values by index and type on their stored octets.

A record is stored as it is sent. A filter walks the array once, compares the index and the type's octets, and cuts the
wanted values out; nothing is decoded. A value is wanted if its index is listed or its type matches; types compare
without ASCII case, and `URL.` also matches every subtype of `URL` (`wire.md` §4.1).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from idis.proto.query import Query
from idis.proto.value import TTL_ABSOLUTE, TTL_S_MAX, ValueSpan, scan_values
from idis.proto.wire import array, text
from idis.registry.permission import PUBLIC_READ
from idis.registry.record import MARKS, PERMISSION_BITS

_TTL = struct.Struct(">BI")  # its type and the number, eight octets into an encoded value
_TTL_AT = 8
_PERMISSIONS_AT = 13
_TYPE_AT = 14  # u32 length and the type, behind the fixed fields
_TYPE_TEXT_AT = 18


@dataclass(frozen=True, slots=True)
class Selection:
    """The wanted values: the public ones as encoded values, and the permission bits of each of the others."""

    public: tuple[bytes, ...]
    restricted: tuple[int, ...]


def select(query: Query, *arrays: bytes) -> Selection:
    """The values of one or more counted arrays that a query wants, in stored order. Marked ones are not there."""
    public: list[bytes] = []
    restricted: list[int] = []
    for values in arrays:
        for span in wanted(query, values):
            if span.permissions & MARKS:
                continue
            if span.permissions & PUBLIC_READ:
                public.append(values[span.start : span.end])
            else:
                restricted.append(span.permissions)
    return Selection(tuple(public), tuple(restricted))


def wanted(query: Query, values: bytes) -> Iterator[ValueSpan]:
    """Where the wanted values of a counted array lie."""
    if query.wants_all:
        yield from scan_values(values)
        return
    indexes = frozenset(query.indexes)
    names, families = _fold_types(query.types)
    for span in scan_values(values):
        if span.index in indexes or _matches(span.type.upper(), names, families):
            yield span


def merge(arrays: Iterable[bytes]) -> bytes:
    """Counted arrays as one, ascending by index."""
    spans = [(span.index, array[span.start : span.end]) for array in arrays for span in scan_values(array)]
    return join(value for _, value in sorted(spans))


def shown(value: bytes) -> bytes:
    """An encoded value as it leaves the node: without the marks of its stored form."""
    bits = value[_PERMISSIONS_AT]
    if not bits & MARKS:
        return value
    return b"".join((value[:_PERMISSIONS_AT], bytes((bits & PERMISSION_BITS,)), value[_PERMISSIONS_AT + 1 :]))


def public_of_types(values: bytes, types: frozenset[bytes]) -> list[bytes]:
    """The public values whose type is one of these upper-case ones."""
    return [
        values[span.start : span.end]
        for span in scan_values(values)
        if span.permissions & PUBLIC_READ and span.type.upper() in types
    ]


def cut(values: bytes) -> list[bytes]:
    """Each encoded value of a counted array."""
    return [values[span.start : span.end] for span in scan_values(values)]


def has_public(values: bytes) -> bool:
    """Whether a counted array shows anything to the public."""
    return any(span.permissions & PUBLIC_READ for span in scan_values(values))


def with_type(value: bytes, name: str) -> bytes:
    """An encoded value under another type."""
    rest_at = _TYPE_TEXT_AT + int.from_bytes(value[_TYPE_AT:_TYPE_TEXT_AT], "big")
    return value[:_TYPE_AT] + text(name) + value[rest_at:]


def type_of(value: bytes) -> bytes:
    """The type of an encoded value."""
    return value[_TYPE_TEXT_AT : _TYPE_TEXT_AT + int.from_bytes(value[_TYPE_AT:_TYPE_TEXT_AT], "big")]


def join(values: Iterable[bytes]) -> bytes:
    """Encoded values as a counted array."""
    return array(values)


def lifetime_s(values: Sequence[bytes], now: int) -> int:
    """Seconds a cache may keep all of these encoded values from `now` on; relative and absolute TTLs both count."""
    least = TTL_S_MAX
    for value in values:
        ttl_type, ttl = _TTL.unpack_from(value, _TTL_AT)
        if ttl_type == TTL_ABSOLUTE:
            ttl = max(ttl - now, 0)
        least = min(least, ttl)
    return least


def _fold_types(types: tuple[str, ...]) -> tuple[frozenset[bytes], frozenset[bytes]]:
    """Wanted names and wanted families, both folded: `URL.` is the family and, without its dot, the name."""
    folded = [name.encode("utf-8").upper() for name in types]
    families = frozenset(name for name in folded if name.endswith(b"."))
    return frozenset(name.removesuffix(b".") if name in families else name for name in folded), families


def _matches(name: bytes, names: frozenset[bytes], families: frozenset[bytes]) -> bool:
    # Looked up dot by dot: comparing with each family in turn would let one query of many types hold the loop.
    if name in names:
        return True
    dot = name.find(b".") if families else -1
    while dot >= 0:
        if name[: dot + 1] in families:
            return True
        dot = name.find(b".", dot + 1)
    return False
