"""The target: one server of one site as something that can be asked, and the order in which a site's servers are asked.

A site is a full replica of a service, divided over its servers by a hash of the identifier (`wire.md` §12.4). The server
the hash picks comes first; the others of the site come last, for sites whose servers each hold everything or whose
order we were told wrongly. The same site published for both address families (HS_SITE.6 beside HS_SITE) is one site
with two addresses per server, IPv6 first.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from idis.proto.identifier import site_hash
from idis.proto.message import PROTOCOL_VERSION, REQUEST_VERSION, SITE_SERIAL_UNKNOWN, Version
from idis.proto.types.site import INTERFACE_BOTH, INTERFACE_QUERY, TCP, UDP, Interface, Server, Site

ADDRESSES_MAX = 4  # per server; more would only be tried when all before are silent, and the budget ends earlier

DEFAULT_PORT = 2641

_QUERY_TYPES = (INTERFACE_QUERY, INTERFACE_BOTH)
_PORT_MAX = 65_535


@dataclass(frozen=True, slots=True)
class Target:
    """A server that can be asked.

    Attributes:
        addresses: IP addresses, IPv6 first.
        udp_port, tcp_port: 0 where the transport is not offered.
        serial: serial of the site it was found in.
        version: what the site says it speaks, within what we speak.
        stand_in: asked in place of the server that the hash picks; what it does not know may exist there.
        public_key: what its site says that it signs with, as an HS_PUBKEY value has it; empty where it says nothing.
    """

    addresses: tuple[str, ...]
    udp_port: int
    tcp_port: int
    serial: int = SITE_SERIAL_UNKNOWN
    version: Version = REQUEST_VERSION
    stand_in: bool = False
    public_key: bytes = b""

    @property
    def key(self) -> tuple[str, int, int]:
        """What makes it the same server for loop detection and health, whatever site names it."""
        return (self.addresses[0], self.udp_port, self.tcp_port)

    @property
    def name(self) -> str:
        """`host:port` for people."""
        return peer_name(self.addresses[0], self.tcp_port or self.udp_port)


Rank = Callable[[Target], float]


def peer_name(address: str, port: int) -> str:
    """`host:port`, with brackets around an IPv6 address."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def targets(sites: Iterable[Site], identifier: str, *, primary_only: bool, rank: Rank | None = None) -> list[Target]:
    """Whom to ask for an identifier, best first; empty when no site has a server we can reach.

    Args:
        sites: full replicas of one service.
        identifier: the spelling that will be sent.
        primary_only: leave out mirrors, for authoritative questions.
        rank: cost of asking a target, compared between sites; lower is earlier.
    """
    first: list[Target] = []
    rest: list[Target] = []
    for site in sites:
        if (primary_only and not site.primary) or not site.servers:
            continue
        bucket = site_hash(identifier, site.hash_option) % len(site.servers)
        for position, server in enumerate(site.servers):
            if (target := target_of(site, server)) is not None:
                if position == bucket:
                    first.append(target)
                else:
                    rest.append(replace(target, stand_in=True))
    if rank is not None:
        first.sort(key=rank)
        rest.sort(key=rank)
    picked = {target.key for target in first}
    return list(dict.fromkeys(first + [target for target in rest if target.key not in picked]))


def target_of(site: Site, server: Server) -> Target | None:
    """A server as a target; None when it offers neither UDP nor TCP for resolutions."""
    udp_port, tcp_port = _port(server.interfaces, UDP), _port(server.interfaces, TCP)
    if not (udp_port or tcp_port):
        return None
    alternatives = [
        value for name, value in site.attributes if name in ("alt_addr", f"alt_addr.{server.server_id}") and _is_address(value)
    ]
    version = max(REQUEST_VERSION, min(site.version, PROTOCOL_VERSION))
    addresses = _ordered([server.address, *alternatives])
    return Target(addresses, udp_port, tcp_port, site.serial, version, public_key=server.public_key)


def merge_families(sites4: Sequence[Site], sites6: Sequence[Site]) -> tuple[Site, ...]:
    """Pair each IPv6 site with the IPv4 site that has the same servers; what has no partner stays as it is."""
    unpaired = list(sites4)
    merged: list[Site] = []
    for six in sites6:
        partner = next((four for four in unpaired if _same_servers(four, six)), None)
        if partner is None:
            merged.append(six)
            continue
        unpaired.remove(partner)
        second = tuple(
            (f"alt_addr.{server.server_id}", other.address) for server, other in zip(six.servers, partner.servers, strict=True)
        )
        merged.append(replace(six, attributes=six.attributes + second))
    return (*merged, *unpaired)


def site_at(host: str, port: int) -> Site:
    """The site of one server known only by its address: UDP and TCP on one port, speaking the best we speak."""
    interfaces = (Interface(INTERFACE_QUERY, UDP, port), Interface(INTERFACE_QUERY, TCP, port))
    return Site(serial=SITE_SERIAL_UNKNOWN, servers=(Server(1, host, b"", interfaces),))


def server_address(text: str, default_port: int = DEFAULT_PORT) -> tuple[str, int]:
    """Host and port of `HOST`, `HOST:PORT`, `[IPv6]`, `[IPv6]:PORT` or a bare IPv6 address.

    Raises:
        ValueError: no host, or a port that is none.
    """
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError(f"{text!r} is no server address")
        port = rest[1:]
    elif text.count(":") > 1:
        host, port = text, ""
    else:
        host, _colon, port = text.partition(":")
    number = int(port) if port.isascii() and port.isdigit() else default_port if not port else 0
    if not host or not 0 < number <= _PORT_MAX:
        raise ValueError(f"{text!r} is no server address")
    return host, number


def _port(interfaces: Iterable[Interface], protocol: int) -> int:
    for interface in interfaces:
        if interface.protocol == protocol and interface.type in _QUERY_TYPES and 0 < interface.port <= _PORT_MAX:
            return interface.port
    return 0


def _ordered(addresses: Iterable[str]) -> tuple[str, ...]:
    unique = dict.fromkeys(addresses)
    return tuple(sorted(unique, key=lambda address: ":" not in address))[:ADDRESSES_MAX]


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _same_servers(one: Site, other: Site) -> bool:
    return [(s.server_id, s.interfaces) for s in one.servers] == [(s.server_id, s.interfaces) for s in other.servers]
