"""HS_ADMIN: who may change a record, and how (`wire.md` §7.1)."""

from __future__ import annotations

from dataclasses import dataclass

from idis.proto.codes import ALL_ADMIN_RIGHTS
from idis.proto.errors import DataError, ProtocolError
from idis.proto.types.fields import json_object, number_field, text_field
from idis.proto.wire import Reader, text, u16, u32

SPARE_BYTES = 2  # an old encoder appends two octets nobody reads; they are kept
_RIGHTS_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Admin:
    """An administrator: the key `index:handle` with its `rights` (AdminRight); index 0 means any key of that handle."""

    handle: str
    index: int
    rights: int = ALL_ADMIN_RIGHTS
    spare: bytes = b""


def encode_admin(admin: Admin) -> bytes:
    """The octets of an administrator."""
    return u16(admin.rights) + text(admin.handle) + u32(admin.index) + admin.spare


def decode_admin(octets: bytes) -> Admin:
    """Read an administrator that fills the whole buffer.

    Raises:
        ProtocolError: a field runs past the buffer, or octets other than the spare ones are left over.
    """
    reader = Reader(octets)
    rights, handle, index = reader.u16(), reader.text(), reader.u32()
    if reader.remaining not in (0, SPARE_BYTES):
        raise ProtocolError(f"{reader.remaining} octets after an administrator", offset=reader.at)
    return Admin(handle, index, rights, reader.take(reader.remaining))


def admin_to_json(admin: Admin) -> dict[str, object]:
    """The object of the REST interface; `permissions` are twelve binary digits, LIST_HANDLES first."""
    shown: dict[str, object] = {
        "handle": admin.handle,
        "index": admin.index,
        "permissions": format(admin.rights & ALL_ADMIN_RIGHTS, "012b"),
    }
    return shown | {"spare": admin.spare.hex()} if admin.spare else shown


def admin_from_json(data: object) -> Admin:
    """Read the object of the REST interface; `permissions` absent means all rights.

    Raises:
        DataError: a field is missing or of the wrong kind.
    """
    fields = json_object(data, "an administrator")
    digits = text_field(fields, "permissions") if "permissions" in fields else "1" * _RIGHTS_DIGITS
    if not digits or len(digits) > _RIGHTS_DIGITS or set(digits) - {"0", "1"}:
        raise DataError(f"permissions must be up to {_RIGHTS_DIGITS} binary digits")
    spare = text_field(fields, "spare") if "spare" in fields else ""
    try:
        octets = bytes.fromhex(spare)
    except ValueError:
        octets = b"?"
    if len(octets) not in (0, SPARE_BYTES):
        raise DataError("spare must be four hexadecimal digits")
    return Admin(text_field(fields, "handle"), number_field(fields, "index", 2**32 - 1), int(digits, 2), octets)
