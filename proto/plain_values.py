"""Plain values: stamped and split into public and hidden as they came over the wire, without decoding them.

Nine records of ten hold values without structure, ascending by index, with relative lifetimes and without references. For
them everything that is asked before a record is stored can be read off its octets. `split_plain` does so, compiled where
that is possible; whatever is not so plain gives None and is decoded and judged the ordinary way.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from idis.proto import speedups
from idis.proto.errors import DataError
from idis.proto.identifier import fold
from idis.proto.types.table import check_data
from idis.proto.value import INDEX_MAX, TTL_S_MAX

PLAIN_VALUES_MAX = 64  # longer records are rare, and their octets are not worth going through twice
TYPES_KNOWN_MAX = 4_096  # spellings of types, and administrators, whose plainness is remembered
ADMIN_BYTES_MAX = 512  # of an administrator, or a type, that is remembered
TYPE_BYTES_MAX = 255  # the usual limit of names

# A record that names its template may have fields hidden by it; what the node writes is not its clients' to send.
TEMPLATE_INDEXES = (1000, 1001, 1002)

# Types with a structure, a secret, or a meaning for the node begin so; all others are their owner's own words.
_MEANT = ("HS_", "IDIS.", "RECALLFLAG")
_ADMIN = b"HS_ADMIN"
_HEAD = struct.Struct(">IIBIBI")  # index, timestamp, TTL type, TTL, permissions, length of the type
_LENGTH = struct.Struct(">I")
_PUBLIC_READ = 2
_PERMISSIONS_MAX = 15
_NONE = bytes(4)

Split = Callable[[bytes, int, int, dict[bytes, bool], dict[bytes, bool], "Judge"], tuple[bytes, bytes, int] | None]
Judge = Callable[[bytes, bool], bool]  # octets; whether they are the data of an administrator, else a type


def split_plain_in_python(
    octets: bytes, now: int, value_bytes_max: int, types: dict[bytes, bool], admins: dict[bytes, bool], judge: Judge
) -> tuple[bytes, bytes, int] | None:
    """What `_speedups.split_plain` does.

    Args:
        octets: a counted array of values in wire form.
        now: unix time, the values' timestamps.
        value_bytes_max: most octets in one value.
        types: what `judge` has said of types before.
        admins: what it has said of the data of HS_ADMIN values.
        judge: says of a type, or of such data, whether it is plain, and remembers it.

    Returns:
        The public values and the hidden ones, each a counted array, and the shortest lifetime of the public ones in
        seconds; None when the values are not plain, or not whole.
    """
    if len(octets) <= 4 or not 0 < (count := _LENGTH.unpack_from(octets)[0]) <= PLAIN_VALUES_MAX:
        return None
    stamp = now.to_bytes(4, "big")
    stamped = bytearray(octets)
    at, last, ttl_s = 4, 0, TTL_S_MAX
    hidden: list[tuple[int, int]] = []
    try:
        for _ in range(count):
            index, _, ttl_type, ttl, permissions, type_bytes = _HEAD.unpack_from(octets, at)
            type_at = at + _HEAD.size
            type_end = type_at + type_bytes
            (data_bytes,) = _LENGTH.unpack_from(octets, type_end)
            end = type_end + 8 + data_bytes
            if (
                not last < index <= INDEX_MAX
                or index in TEMPLATE_INDEXES
                or ttl_type
                or permissions > _PERMISSIONS_MAX
                or data_bytes > value_bytes_max
                or octets[end - 4 : end] != _NONE
                or not _is_plain(octets, type_at, type_end, end - 4, types, admins, judge)
            ):
                return None
            stamped[at + 4 : at + 8] = stamp
            if not permissions & _PUBLIC_READ:
                hidden.append((at, end))
            elif ttl < ttl_s:
                ttl_s = ttl
            last, at = index, end
    except struct.error:
        return None
    return None if at != len(octets) else (*_split(bytes(stamped), count, hidden), ttl_s)


split_plain: Split = split_plain_in_python
if speedups.LOADED == speedups.COMPILED:
    from idis.proto import _speedups

    split_plain = _speedups.split_plain


class PlainTypes:
    """The types known to be plain, and the administrators known to be well formed; at most TYPES_KNOWN_MAX of each."""

    def __init__(self) -> None:
        self.types: dict[bytes, bool] = {}
        self.admins: dict[bytes, bool] = {}

    def judge(self, octets: bytes, is_admin: bool) -> bool:
        """Whether values of a type need no look at their data and mean nothing to the node; or whether octets are the data
        of an administrator."""
        plain = _is_administrator(octets) if is_admin else _is_own_word(octets)
        if len(octets) > ADMIN_BYTES_MAX:  # types too: four thousand that fill a message each would be a gigabyte
            return plain
        known = self.admins if is_admin else self.types
        if len(known) >= TYPES_KNOWN_MAX:
            known.clear()
        known[octets] = plain
        return plain


def _is_plain(
    octets: bytes,
    type_at: int,
    type_end: int,
    data_end: int,
    types: dict[bytes, bool],
    admins: dict[bytes, bool],
    judge: Judge,
) -> bool:
    name = octets[type_at:type_end]
    plain = types.get(name)
    if plain is None:
        plain = judge(name, False)
    if plain or name != _ADMIN or data_end - type_at > ADMIN_BYTES_MAX:
        return plain
    data = octets[type_end + 4 : data_end]
    plain = admins.get(data)
    return judge(data, True) if plain is None else plain


def _is_own_word(octets: bytes) -> bool:
    if not 0 < len(octets) <= TYPE_BYTES_MAX:
        return False
    try:
        name = octets.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return name.isprintable() and " " not in name and not fold(name).startswith(_MEANT)


def _is_administrator(octets: bytes) -> bool:
    try:
        check_data("HS_ADMIN", octets)
    except DataError:
        return False
    return True


def _split(stamped: bytes, count: int, hidden: list[tuple[int, int]]) -> tuple[bytes, bytes]:
    if not hidden:
        return stamped, _NONE
    public, at = [_LENGTH.pack(count - len(hidden))], 4
    for start, end in hidden:
        public.append(stamped[at:start])
        at = end
    public.append(stamped[at:])
    return b"".join(public), b"".join((_LENGTH.pack(len(hidden)), *(stamped[start:end] for start, end in hidden)))
