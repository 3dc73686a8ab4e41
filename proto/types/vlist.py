"""HS_VLIST: a group of keys, each named by handle and index (`wire.md` §7)."""

from __future__ import annotations

from collections.abc import Iterable

from idis.proto.errors import ProtocolError
from idis.proto.types.fields import json_list, json_object, number_field, text_field
from idis.proto.value import REFERENCE_BYTES_MIN, Reference
from idis.proto.wire import Reader, array, text, u32

# A group is read while somebody waits to be let in; larger groups are made of groups.
MEMBERS_MAX = 1_024


def encode_vlist(members: Iterable[Reference]) -> bytes:
    """The octets of a group."""
    return array(text(member.handle) + u32(member.index) for member in members)


def decode_vlist(octets: bytes) -> tuple[Reference, ...]:
    """Read a group of at most MEMBERS_MAX that fills the whole buffer.

    Raises:
        ProtocolError: a field runs past the buffer, octets are left over, or there are too many members.
    """
    reader = Reader(octets)
    members = reader.array(lambda: Reference(reader.text(), reader.u32()), REFERENCE_BYTES_MIN, MEMBERS_MAX)
    if reader.remaining:
        raise ProtocolError(f"{reader.remaining} octets after the last member", offset=reader.at)
    return members


def vlist_to_json(members: Iterable[Reference]) -> list[dict[str, object]]:
    """The list of the REST interface."""
    return [{"handle": member.handle, "index": member.index} for member in members]


def vlist_from_json(data: object) -> tuple[Reference, ...]:
    """Read the list of the REST interface.

    Raises:
        DataError: a field is missing or of the wrong kind.
    """
    members = [json_object(member, "a member") for member in json_list(data, "a group")]
    return tuple(Reference(text_field(member, "handle"), number_field(member, "index", 2**32 - 1)) for member in members)
