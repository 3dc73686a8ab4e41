"""Where a prefix is answered, as `/api/v1` shows and takes it: addresses and a port for each protocol (`domain.md` §4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated

from idis.proto.errors import DataError
from idis.proto.types.pubkey import is_pem
from idis.proto.types.site import (
    HTTP,
    HTTPS,
    INTERFACE_BOTH,
    INTERFACE_QUERY,
    SERVERS_MAX,
    TCP,
    UDP,
    Interface,
    Server,
    Site,
)
from idis.proto.value import Value
from idis.registry.registration.delegation import KEY_BYTES_MAX
from idis.registry.registration.values import SITES_MAX, administrator_key
from idis.resolver.admin.server_key import site_key, site_key_pem
from idis.resolver.operator_key import OperatorKeyError, public_key_pem
from idis.resolver.web.v1.field import Field
from idis.resolver.web.v1.reading import Unfit

_PORTS_MAX = 65_535
_KEY_LETTERS_MAX = KEY_BYTES_MAX
_DESCRIPTION = "desc"


@dataclass(frozen=True, slots=True)
class ServerModel:
    """One server; it is reached by at least one protocol."""

    address: Annotated[str, Field("IPv4 or IPv6", "地址", 2, 45, "[0-9a-fA-F:.]+", example="192.0.2.10")]
    tcp: Annotated[int | None, Field("port of the binary protocol over TCP", "TCP端口", 1, _PORTS_MAX, example=2641)] = None
    udp: Annotated[int | None, Field("port of the binary protocol over UDP", "UDP端口", 1, _PORTS_MAX)] = None
    http: Annotated[int | None, Field("port of HTTP", "HTTP端口", 1, _PORTS_MAX)] = None
    https: Annotated[int | None, Field("port of HTTPS", "HTTPS端口", 1, _PORTS_MAX)] = None
    public_key: Annotated[
        str, Field("RSA key in PEM form that it certifies its answers with", "服务器公钥", 0, _KEY_LETTERS_MAX, name="publicKey")
    ] = ""


@dataclass(frozen=True, slots=True)
class SiteModel:
    """A set of servers that all hold the same records."""

    servers: Annotated[tuple[ServerModel, ...], Field("its servers", "服务器", 1, SERVERS_MAX)]
    description: Annotated[str, Field("for people", "说明", 0, 255, r"[^\u0000-\u001f\u007f-\u009f]*")] = ""


SITES = Field("the sites", "站点", most=SITES_MAX)
ADMINISTRATOR_KEY = Field(
    "public key in PEM form of its administrator, 300:0.NA/PREFIX, by which other nodes know him; empty without one",
    "管理员公钥",
    0,
    _KEY_LETTERS_MAX,
    name="administratorKey",
)
NEW_ADMINISTRATOR_KEY = Field(
    "public key in PEM form of its administrator, in place of the one before; empty removes that, without it stays as it is",
    "管理员公钥",
    0,
    _KEY_LETTERS_MAX,
    name="administratorKey",
)


def site_of(model: SiteModel, pointer: str) -> Site:
    """A site as it was sent.

    Raises:
        Unfit: an address is none, or a server has no port.
    """
    servers = tuple(_server(at, server, f"{pointer}/servers/{at}") for at, server in enumerate(model.servers))
    return Site(servers=servers, attributes=((_DESCRIPTION, model.description),) if model.description else ())


def sites_of(models: tuple[SiteModel, ...], pointer: str) -> tuple[Site, ...]:
    """Sites as they were sent; errors as `site_of`."""
    return tuple(site_of(model, f"{pointer}/{at}") for at, model in enumerate(models))


def administrator_of(key: str | None) -> bytes | None:
    """The key of an administrator as it was sent.

    Raises:
        Unfit: it is no public key, or none that is accepted here.
    """
    if not key:
        return None if key is None else b""
    try:
        return public_key_pem(key.encode())
    except OperatorKeyError as error:
        raise Unfit("#/administratorKey", str(error)) from None


def model_of_administrator(values: Iterable[Value]) -> str:
    """The key of an administrator as it is shown."""
    key = administrator_key(values)
    return key.decode("ascii", "replace") if is_pem(key) else site_key_pem(key)


def model_of_site(site: Site) -> SiteModel:
    """A site as it is shown; of several ports of one protocol, the first."""
    return SiteModel(tuple(map(_model, site.servers)), site.attribute(_DESCRIPTION) or "")


def _server(at: int, model: ServerModel, pointer: str) -> Server:
    try:
        address = str(ip_address(model.address))
    except ValueError:
        raise Unfit(f"{pointer}/address", "this must be an IPv4 or IPv6 address") from None
    ports = ((TCP, model.tcp), (UDP, model.udp), (HTTP, model.http), (HTTPS, model.https))
    ways = [Interface(INTERFACE_BOTH if protocol == TCP else INTERFACE_QUERY, protocol, port) for protocol, port in ports if port]
    if not ways:
        raise Unfit(pointer, "give at least one of the ports tcp, udp, http and https")
    try:
        key = site_key(model.public_key.encode()) if model.public_key else b""
    except DataError as error:
        raise Unfit(f"{pointer}/publicKey", str(error)) from None
    return Server(at + 1, address, key, tuple(ways))


def _model(server: Server) -> ServerModel:
    ports: dict[int, int] = {}
    for way in server.interfaces:
        ports.setdefault(way.protocol, way.port)
    key = site_key_pem(server.public_key)
    return ServerModel(server.address, ports.get(TCP), ports.get(UDP), ports.get(HTTP), ports.get(HTTPS), key)
