"""A value's data in one line for people: text as it is, structures in words, nothing that acts on a terminal."""

from __future__ import annotations

import json

from idis.proto.types.site import Site, decode_site
from idis.proto.types.site_json import PROTOCOL_NAMES
from idis.proto.types.table import describe
from idis.proto.value import Value


def shown_data(value: Value) -> str:
    """The data of a value as a table shows it."""
    form = describe(value.type, value.data)
    match form["format"], form["value"]:
        case "string", str(text):
            return printable(text)
        case "site", _:
            return printable(_site_line(decode_site(value.data)))
        case "admin", {"handle": handle, "index": index, "permissions": permissions}:
            return printable(f"{index}:{handle} rights {permissions}")
        case "vlist", list(members):
            return printable(" ".join(f"{member['index']}:{member['handle']}" for member in members))
        case name, str(text):
            return f"{name}:{text}"
        case _, structure:
            return json.dumps(structure)


def printable(text: str) -> str:
    """Control characters of a stranger's data must not reach the terminal."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


def _site_line(site: Site) -> str:
    """One line for a site: what it is, then each server with its ways in, then what the owner says about it."""
    servers = []
    for server in site.servers:
        ways = (f"{PROTOCOL_NAMES[way.protocol]}/{way.port}" for way in server.interfaces if way.protocol < len(PROTOCOL_NAMES))
        servers.append(" ".join((server.address, *ways)))
    role = "primary" if site.primary else "mirror"
    about = [f"{name} {text}" for name, text in site.attributes]
    return "; ".join((f"{role}, serial {site.serial}", *servers, *about))
