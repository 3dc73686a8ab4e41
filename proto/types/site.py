"""Site records: HS_SITE, HS_SITE.6, HS_SITE.PREFIX and the legacy HS_NA_DELEGATE (`wire.md` §7.2).

A site is a set of servers that all hold the same records. The order of its servers is significant: a server is picked by
its position (`identifier.site_hash`).
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from idis.proto.errors import DataError, ProtocolError
from idis.proto.identifier import HashOption
from idis.proto.message import PROTOCOL_VERSION, Version
from idis.proto.wire import Reader, array, blob, text, u16, u32

# A site larger than this is a mistake or an attack; the limits keep decoding within a millisecond or two.
SERVERS_MAX = 64
INTERFACES_MAX = 16
ATTRIBUTES_MAX = 64

INTERFACE_ADMIN = 1
INTERFACE_QUERY = 2
INTERFACE_BOTH = 3

UDP = 0
TCP = 1
HTTP = 2
HTTPS = 3

_PRIMARY = 0x80
_MULTI_PRIMARY = 0x40
_ATTRIBUTE_BYTES_MIN = 8
_SERVER_BYTES_MIN = 28
_INTERFACE_BYTES_MIN = 6
_IPV4_HEAD = bytes(12)
_IPV6_LOOPBACK = bytes(15) + b"\x01"


@dataclass(frozen=True, slots=True)
class Interface:
    """A way to reach a server; `type` says what for (INTERFACE_ADMIN, QUERY, BOTH), `protocol` is UDP, TCP, HTTP or HTTPS."""

    type: int
    protocol: int
    port: int


@dataclass(frozen=True, slots=True)
class Server:
    """One server of a site. `address` is an IPv4 or IPv6 address as text; `public_key` is the data of an HS_PUBKEY or empty."""

    server_id: int
    address: str
    public_key: bytes
    interfaces: tuple[Interface, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """The data of a site value; `version` is the protocol version its servers speak, `serial` grows with each change.

    `other_flags` are the bits of the mask nobody has named; they are kept.
    """

    format_version: int = 1
    version: Version = PROTOCOL_VERSION
    serial: int = 1
    primary: bool = True
    multi_primary: bool = False
    hash_option: int = HashOption.WHOLE
    hash_filter: bytes = b""
    attributes: tuple[tuple[str, str], ...] = ()
    servers: tuple[Server, ...] = ()
    other_flags: int = 0

    def attribute(self, name: str) -> str | None:
        """The first attribute of that name."""
        return next((value for key, value in self.attributes if key == name), None)


def encode_site(site: Site) -> bytes:
    """The octets of a site record.

    Raises:
        DataError: the address of a server is none.
    """
    mask = (_PRIMARY if site.primary else 0) | (_MULTI_PRIMARY if site.multi_primary else 0) | site.other_flags
    return b"".join(
        (
            u16(site.format_version),
            bytes(site.version),
            u16(site.serial),
            bytes((mask, site.hash_option)),
            blob(site.hash_filter),
            array(text(name) + text(value) for name, value in site.attributes),
            array(_encode_server(server) for server in site.servers),
        )
    )


def decode_site(octets: bytes) -> Site:
    """Read a site record that fills the whole buffer.

    Raises:
        ProtocolError: a field runs past the buffer, octets are left over, or a limit is passed.
    """
    reader = Reader(octets)
    format_version = reader.u16()
    version = (reader.u8(), reader.u8())
    serial = reader.u16()
    mask = reader.u8()
    hash_option = reader.u8()
    hash_filter = reader.blob()
    attributes = reader.array(lambda: (reader.text(), reader.text()), _ATTRIBUTE_BYTES_MIN, ATTRIBUTES_MAX)
    servers = reader.array(lambda: _read_server(reader), _SERVER_BYTES_MIN, SERVERS_MAX)
    if reader.remaining:
        raise ProtocolError(f"{reader.remaining} octets after the last server", offset=reader.at)
    return Site(
        format_version=format_version,
        version=version,
        serial=serial,
        primary=bool(mask & _PRIMARY),
        multi_primary=bool(mask & _MULTI_PRIMARY),
        hash_option=hash_option,
        hash_filter=hash_filter,
        attributes=attributes,
        servers=servers,
        other_flags=mask & ~(_PRIMARY | _MULTI_PRIMARY),
    )


def encode_address(address: str) -> bytes:
    """The 16 octets of an address; IPv4 stands in the last four.

    Raises:
        DataError: not an address, or one with a zone, which has no octets.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        raise DataError(f"{address!r} is no IP address") from None
    if isinstance(parsed, IPv4Address):
        return _IPV4_HEAD + parsed.packed
    if parsed.scope_id is not None:
        raise DataError(f"{address!r} has a zone, which a site record cannot hold")
    return parsed.packed


def decode_address(octets: bytes) -> str:
    """The text of a 16-octet address; `::1` is recognised, every other address below 2**32 is IPv4."""
    if octets[:12] == _IPV4_HEAD and octets != _IPV6_LOOPBACK:
        return str(IPv4Address(octets[12:]))
    return str(IPv6Address(octets))


def _encode_server(server: Server) -> bytes:
    return b"".join(
        (
            u32(server.server_id),
            encode_address(server.address),
            blob(server.public_key),
            array(bytes((way.type, way.protocol)) + u32(way.port) for way in server.interfaces),
        )
    )


def _read_server(reader: Reader) -> Server:
    server_id = reader.u32()
    address = decode_address(reader.take(16))
    public_key = reader.blob()
    interfaces = reader.array(lambda: Interface(reader.u8(), reader.u8(), reader.u32()), _INTERFACE_BYTES_MIN, INTERFACES_MAX)
    return Server(server_id, address, public_key, interfaces)
