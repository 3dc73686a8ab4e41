"""Plain records prepared from values as they came over the wire, without decoding them.

Nine records of ten hold values without structure, ascending by index, without references. For them everything that
`value_checks.refuse_values` and `record.prepare` would find out can be read off the octets, at a quarter of the price, and a
batch is mostly this. Whatever is not so plain gives None, and is decoded, judged and prepared the ordinary way; a test
compares both ways over random values.
"""

from __future__ import annotations

import struct

from idis.proto.errors import DataError
from idis.proto.identifier import fold
from idis.proto.types.table import check_data
from idis.proto.value import INDEX_MAX, TTL_S_MAX
from idis.registry.record import PreparedRecord, RecordFlag
from idis.registry.registration.value_checks import (
    RECORD_BYTES_MAX,
    RESERVED_INDEX,
    TYPE_BYTES_MAX,
    VALUE_BYTES_DEFAULT_MAX,
)

PLAIN_VALUES_MAX = 64  # longer records are rare, and their octets are not worth going through twice
TYPES_KNOWN_MAX = 4_096  # spellings of types, and administrators, whose plainness is remembered
ADMIN_BYTES_MAX = 512  # of an administrator that is remembered

_HEAD = struct.Struct(">IIBIBI")  # index, timestamp, TTL type, TTL, permissions, length of the type
_LENGTH = struct.Struct(">I")
_PUBLIC_READ = 2
_PERMISSIONS_MAX = 15
_TEMPLATE_INDEX = 1000  # its template may hide some of the values
_NO_VALUES = bytes(4)

# Types with a structure, a secret, or a meaning for the node begin so; all others are their owner's own words.
_MEANT = ("HS_", "IDIS.", "RECALLFLAG")
_ADMIN = b"HS_ADMIN"

_plain_types: dict[bytes, bool] = {}
_admins: dict[bytes, bool] = {}  # the records of one owner name the same few


def prepare_plain(
    identifier: str, octets: bytes, now: int, value_bytes_max: int = VALUE_BYTES_DEFAULT_MAX
) -> PreparedRecord | None:
    """The prepared record of a counted array of values, or None when it is not plain or not allowed.

    Args:
        identifier: its spelling is kept.
        octets: the values in wire form; their timestamps are set to `now`.
        now: unix time in seconds.
        value_bytes_max: most octets in one value.
    """
    size = len(octets)
    if not 4 < size <= RECORD_BYTES_MAX:
        return None
    stamp = now.to_bytes(4, "big")
    stamped = bytearray(octets)
    (count,) = _LENGTH.unpack_from(octets)
    if count > PLAIN_VALUES_MAX:
        return None
    at, last, ttl_s = 4, 0, TTL_S_MAX
    restricted: list[tuple[int, int]] = []
    try:
        for _ in range(count):
            index, _, ttl_type, ttl, permissions, type_bytes = _HEAD.unpack_from(octets, at)
            type_at = at + 18
            type_end = type_at + type_bytes
            (data_bytes,) = _LENGTH.unpack_from(octets, type_end)
            end = type_end + 8 + data_bytes
            if (
                not last < index <= INDEX_MAX
                or ttl_type
                or permissions > _PERMISSIONS_MAX
                or data_bytes > value_bytes_max
                or octets[end - 4 : end] != _NO_VALUES
                or index in (RESERVED_INDEX, _TEMPLATE_INDEX)
                or not (_is_plain(octets[type_at:type_end]) or _is_admin(octets[type_at : end - 4]))
            ):
                return None
            stamped[at + 4 : at + 8] = stamp
            if permissions & _PUBLIC_READ:
                if ttl < ttl_s:
                    ttl_s = ttl
            else:
                restricted.append((at, end))
            last, at = index, end
    except struct.error:
        return None
    if at != size:
        return None
    public, hidden = (bytes(stamped), _NO_VALUES) if not restricted else _split(stamped, count, restricted)
    flags = RecordFlag.RESTRICTED if restricted else RecordFlag(0)
    return PreparedRecord(identifier, public, hidden, (), flags, ttl_s, 0)


def _split(stamped: bytearray, count: int, restricted: list[tuple[int, int]]) -> tuple[bytes, bytes]:
    public, at = [_LENGTH.pack(count - len(restricted))], 4
    hidden = [_LENGTH.pack(len(restricted))]
    for start, end in restricted:
        public.append(bytes(stamped[at:start]))
        hidden.append(bytes(stamped[start:end]))
        at = end
    public.append(bytes(stamped[at:]))
    return b"".join(public), b"".join(hidden)


def _is_plain(octets: bytes) -> bool:
    """Whether values of a type need no look at their data, and make nothing special of their record."""
    plain = _plain_types.get(octets)
    if plain is None:
        plain = _judge_type(octets)
        if len(_plain_types) >= TYPES_KNOWN_MAX:
            _plain_types.clear()
        _plain_types[octets] = plain
    return plain


def _judge_type(octets: bytes) -> bool:
    if not 0 < len(octets) <= TYPE_BYTES_MAX:
        return False
    try:
        name = octets.decode("utf-8")
    except UnicodeDecodeError:
        return False
    if not name.isprintable() or " " in name:
        return False
    return not fold(name).startswith(_MEANT)


def _is_admin(octets: bytes) -> bool:
    """Whether a type and its data, as they lie in a value, are a well-formed administrator."""
    if not octets.startswith(_ADMIN) or len(octets) > ADMIN_BYTES_MAX:
        return False
    known = _admins.get(octets)
    if known is None:
        try:
            check_data("HS_ADMIN", octets[len(_ADMIN) + 4 :])
            known = octets[len(_ADMIN) : len(_ADMIN) + 4] == _LENGTH.pack(len(octets) - len(_ADMIN) - 4)
        except DataError:
            known = False
        if len(_admins) >= TYPES_KNOWN_MAX:
            _admins.clear()
        _admins[octets] = known
    return known
