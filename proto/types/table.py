"""Every structured type by name, and the JSON form of any value's data (`wire.md` §7, §15).

`describe` and `compose` are what the HTTP face and the commands use. What `describe` shows of well-formed data composes back
to the same octets: data that its type's structure cannot carry unchanged is shown as plain octets. Keys are the one
exception, shown as JWK even when an old encoder wrote them its own way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from idis.proto.errors import DataError, ProtocolError
from idis.proto.identifier import fold
from idis.proto.types import pubkey
from idis.proto.types.admin import admin_from_json, admin_to_json, decode_admin, encode_admin
from idis.proto.types.alias import ALIAS_TYPE, canonical_alias, decode_alias
from idis.proto.types.certificate import decode_certificate
from idis.proto.types.fields import json_object, text_field
from idis.proto.types.key_delegation import decode_delegation
from idis.proto.types.link import LINK_TYPE, decode_link
from idis.proto.types.namespace import decode_namespace
from idis.proto.types.prefix_status import decode_status
from idis.proto.types.signature import decode_signature
from idis.proto.types.signed import decode_signed
from idis.proto.types.site import decode_site, encode_site
from idis.proto.types.site_json import site_from_json, site_to_json
from idis.proto.types.successor import SUCCESSOR_TYPE, decode_succession
from idis.proto.types.text import encode_text, octets_from_base64, octets_from_hex, octets_to_json, text_to_json
from idis.proto.types.vlist import decode_vlist, encode_vlist, vlist_from_json, vlist_to_json

Check = Callable[[bytes], object]


@dataclass(frozen=True, slots=True)
class Structure:
    """A format of the REST interface with its two directions, octets to JSON and back."""

    format: str
    show: Callable[[bytes], object]
    read: Callable[[object], bytes]


_ADMIN = Structure("admin", lambda data: admin_to_json(decode_admin(data)), lambda form: encode_admin(admin_from_json(form)))
_VLIST = Structure("vlist", lambda data: vlist_to_json(decode_vlist(data)), lambda form: encode_vlist(vlist_from_json(form)))
_SITE = Structure("site", lambda data: site_to_json(decode_site(data)), lambda form: encode_site(site_from_json(form)))
_KEY = Structure(
    "key",
    lambda data: pubkey.public_key_to_json(pubkey.decode_public_key(data)),
    lambda form: pubkey.encode_public_key(pubkey.public_key_from_json(form)),
)

STRUCTURES: dict[str, Structure] = {
    "HS_ADMIN": _ADMIN,
    "HS_VLIST": _VLIST,
    "HS_SITE": _SITE,
    "HS_SITE.6": _SITE,
    "HS_SITE.PREFIX": _SITE,
    "HS_NA_DELEGATE": _SITE,
    "HS_PUBKEY": _KEY,
}

_FORMATS = {structure.format: structure for structure in (_ADMIN, _VLIST, _SITE, _KEY)}

# What data of a type must be to be registered; every other type takes any octets.
_CHECKS: dict[str, Check] = {
    "HS_ADMIN": decode_admin,
    "HS_VLIST": decode_vlist,
    "HS_SITE": decode_site,
    "HS_SITE.6": decode_site,
    "HS_SITE.PREFIX": decode_site,
    "HS_NA_DELEGATE": decode_site,
    "HS_NAMESPACE": decode_namespace,
    "HS_SIGNATURE": decode_signature,
    "HS_CERT": decode_certificate,
    "IDIS.SIGNED": decode_signed,
    "IDIS.DELEGATION": decode_delegation,
    "IDIS.STATUS": decode_status,
    LINK_TYPE: decode_link,
    ALIAS_TYPE: decode_alias,
    SUCCESSOR_TYPE: decode_succession,
}


def describe(type_name: str, data: bytes) -> dict[str, object]:
    """The `data` object of the REST interface: a format and a value that `compose` turns into the same octets."""
    structure = STRUCTURES.get(fold(type_name))
    if structure is None:
        return text_to_json(data)
    try:
        shown = structure.show(data)
        faithful = structure.format == "key" or structure.read(shown) == data
    except (ProtocolError, DataError):
        return text_to_json(data)
    return {"format": structure.format, "value": shown} if faithful else octets_to_json(data)


def compose(type_name: str, data: object) -> bytes:
    """The octets of a `data` object, or of a bare string, checked against what its type requires.

    An alias may be given in any spelling of its name; it is stored in the one.

    Raises:
        DataError: no such object, or octets that are no data of that type; its sentence says why.
    """
    octets = _compose(data)
    if fold(type_name) == ALIAS_TYPE:
        return canonical_alias(octets.decode("utf-8", "replace")).encode()
    check_data(type_name, octets)
    return octets


def check_data(type_name: str, octets: bytes) -> None:
    """Refuse octets that are no data of their type; types without structure take any.

    Raises:
        DataError: its sentence says why.
    """
    check = _CHECKS.get(fold(type_name))
    if check is None:
        return
    try:
        check(octets)
    except ProtocolError as error:
        raise DataError(f"no data of type {type_name}: {error}") from None


def _compose(data: object) -> bytes:
    if isinstance(data, str):
        return encode_text(data)
    fields = json_object(data, "data")
    name = text_field(fields, "format")
    if structure := _FORMATS.get(name):
        return structure.read(fields.get("value"))
    return _compose_plain(name, fields)


def _compose_plain(name: str, fields: Mapping[str, object]) -> bytes:
    value = text_field(fields, "value")
    match name:
        case "string":
            return encode_text(value)
        case "base64":
            return octets_from_base64(value)
        case "hex":
            return octets_from_hex(value)
        case _:
            raise DataError(f"the format {name!r} is unknown")
