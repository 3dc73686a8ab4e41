"""Who may read or change which value (`wire.md` §4.1, §4.2; `trust.md` §5).

Rights are decided here and nowhere else. Two readers exist so far: one who sees public values and to whom everything
else is as if it did not exist, and one who has not proved an identity but may be asked to. A value without public-read
is a secret of its owner; a value without admin-read is readable by nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from idis.proto.codes import Permission, ResponseCode
from idis.proto.query import Query
from idis.registry.prefix import Privacy

# Plain integers: the enumerations' own operators cost a microsecond, and every filtered answer asks these bits.
PUBLIC_READ = int(Permission.PUBLIC_READ)
_ADMIN_READ = int(Permission.ADMIN_READ)
_ADMIN_WRITE = int(Permission.ADMIN_WRITE)


class Reader(Enum):
    """Who asks."""

    PUBLIC = "public"  # sees public values; hidden is the same as absent
    ANONYMOUS = "anonymous"  # has shown no identity, and may be challenged for one


def reader_of(query: Query, privacy: Privacy) -> Reader:
    """Whom to answer: a query for public values, or any query below a strict prefix, comes from the public."""
    return Reader.PUBLIC if query.public_only or privacy is Privacy.STRICT else Reader.ANONYMOUS


def refusal_of(reader: Reader, restricted: Iterable[int], *, by_name: bool) -> int:
    """What stands in the way of a reader who wants values without public-read; 0 when nothing does.

    Args:
        reader: who asks.
        restricted: the permission bits of each wanted value that is not public.
        by_name: whether the values were asked for by index or type, not as part of the whole record.

    Returns:
        0, AUTHENTICATION_NEEDED, or INSUFFICIENT_PERMISSIONS when one that was asked for by name is readable by nobody, so
        that proving an identity would not help.
    """
    if reader is Reader.PUBLIC:
        return 0
    code = 0
    for permissions in restricted:
        if by_name and not permissions & _ADMIN_READ:
            return ResponseCode.INSUFFICIENT_PERMISSIONS
        code = ResponseCode.AUTHENTICATION_NEEDED
    return code


def changeable(permissions: int) -> bool:
    """Whether a value may be modified or removed at all: without admin-write it is read-only for everybody."""
    return bool(permissions & _ADMIN_WRITE)
