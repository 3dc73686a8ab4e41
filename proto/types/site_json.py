"""Site records as the JSON object of the REST interface (`wire.md` §15)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from idis.proto.errors import DataError, ProtocolError
from idis.proto.identifier import HashOption
from idis.proto.message import Version
from idis.proto.types import pubkey
from idis.proto.types.fields import flag_field, json_list, json_object, number_field, text_field
from idis.proto.types.site import INTERFACE_ADMIN, INTERFACE_QUERY, Interface, Server, Site
from idis.proto.types.text import encode_text, octets_from_base64, octets_from_hex, octets_to_json, text_to_json

PROTOCOL_NAMES = ("UDP", "TCP", "HTTP", "HTTPS")  # by number on the wire

_VERSION = re.compile(r"(\d{1,3})\.(\d{1,3})")


def site_to_json(site: Site) -> dict[str, object]:
    """The object of a site; what has its usual value is left out where the interface allows it."""
    shown: dict[str, object] = {
        "version": site.format_version,
        "protocolVersion": "{}.{}".format(*site.version),
        "serialNumber": site.serial,
        "primarySite": site.primary,
        "multiPrimary": site.multi_primary,
    }
    if site.hash_option != HashOption.WHOLE:
        shown["hashOption"] = site.hash_option
    if site.hash_filter:
        shown["hashFilter"] = octets_to_json(site.hash_filter)
    if site.other_flags:
        shown["otherFlags"] = site.other_flags
    shown["attributes"] = [{"name": name, "value": value} for name, value in site.attributes]
    shown["servers"] = [_server_to_json(server) for server in site.servers]
    return shown


def site_from_json(data: object) -> Site:
    """Read the object of a site.

    Raises:
        DataError: a field is missing or of the wrong kind.
    """
    fields = json_object(data, "a site")
    attributes = [json_object(item, "an attribute") for item in json_list(fields.get("attributes", []), "attributes")]
    return Site(
        format_version=number_field(fields, "version", 0xFFFF, 1),
        version=_read_version(fields),
        serial=number_field(fields, "serialNumber", 0xFFFF, 1),
        primary=flag_field(fields, "primarySite"),
        multi_primary=flag_field(fields, "multiPrimary"),
        hash_option=number_field(fields, "hashOption", 0xFF, HashOption.WHOLE),
        hash_filter=_read_octets(fields["hashFilter"], "hashFilter") if "hashFilter" in fields else b"",
        attributes=tuple((text_field(item, "name"), text_field(item, "value")) for item in attributes),
        servers=tuple(_server_from_json(item) for item in json_list(fields.get("servers", []), "servers")),
        other_flags=number_field(fields, "otherFlags", 0x3F, 0),
    )


def _server_to_json(server: Server) -> dict[str, object]:
    shown: dict[str, object] = {"serverId": server.server_id, "address": server.address}
    if server.public_key:
        shown["publicKey"] = _key_to_json(server.public_key)
    shown["interfaces"] = [
        {
            "query": bool(way.type & INTERFACE_QUERY),
            "admin": bool(way.type & INTERFACE_ADMIN),
            "protocol": PROTOCOL_NAMES[way.protocol] if way.protocol < len(PROTOCOL_NAMES) else str(way.protocol),
            "port": way.port,
        }
        for way in server.interfaces
    ]
    return shown


def _server_from_json(data: object) -> Server:
    fields = json_object(data, "a server")
    return Server(
        server_id=number_field(fields, "serverId", 2**32 - 1),
        address=text_field(fields, "address"),
        public_key=_key_from_json(fields["publicKey"]) if "publicKey" in fields else b"",
        interfaces=tuple(_interface_from_json(item) for item in json_list(fields.get("interfaces", []), "interfaces")),
    )


def _interface_from_json(data: object) -> Interface:
    fields = json_object(data, "an interface")
    name = text_field(fields, "protocol").upper()
    if name in PROTOCOL_NAMES:
        protocol = PROTOCOL_NAMES.index(name)
    else:
        protocol = number_field(fields, "protocol", 0xFF)
    kind = (INTERFACE_QUERY if flag_field(fields, "query") else 0) | (INTERFACE_ADMIN if flag_field(fields, "admin") else 0)
    return Interface(kind, protocol, number_field(fields, "port", 2**32 - 1))


def _key_to_json(octets: bytes) -> dict[str, object]:
    """As JWK when that gives the same octets back, else as text or octets: a site record is compared octet by octet."""
    try:
        key = pubkey.public_key_to_json(pubkey.decode_public_key(octets))
    except ProtocolError:
        return text_to_json(octets)
    if pubkey.encode_public_key(pubkey.public_key_from_json(key)) != octets:
        return octets_to_json(octets)
    return {"format": "key", "value": key}


def _key_from_json(data: object) -> bytes:
    fields = json_object(data, "publicKey")
    if fields.get("format") == "key":
        return pubkey.encode_public_key(pubkey.public_key_from_json(fields.get("value")))
    return _read_octets(data, "publicKey")


def _read_octets(data: object, what: str) -> bytes:
    if isinstance(data, str):
        return encode_text(data)
    fields = json_object(data, what)
    value = text_field(fields, "value")
    match fields.get("format"):
        case "base64":
            return octets_from_base64(value)
        case "hex":
            return octets_from_hex(value)
        case "string":
            return encode_text(value)
        case _:
            raise DataError(f"{what} must be of the format key, string, base64 or hex")


def _read_version(fields: Mapping[str, object]) -> Version:
    found = _VERSION.fullmatch(text_field(fields, "protocolVersion")) if "protocolVersion" in fields else None
    if "protocolVersion" not in fields:
        return Site().version
    if found is None or int(found[1]) > 0xFF or int(found[2]) > 0xFF:
        raise DataError("protocolVersion must be like 2.11")
    return int(found[1]), int(found[2])
