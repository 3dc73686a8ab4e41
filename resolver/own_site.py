"""This node's own site record: how it tells others to reach it."""

from __future__ import annotations

import ipaddress

from idis.proto.types.site import HTTP, HTTPS, INTERFACE_BOTH, INTERFACE_QUERY, TCP, UDP, Interface, Server, Site
from idis.resolver.config import NodeConfig
from idis.resolver.recursion.target import peer_name

SERVER_ID = 1


def own_site(config: NodeConfig, port: int, http_port: int, public_key: bytes = b"") -> Site:
    """The site of a node that listens on these ports, and signs with the private half of `public_key`.

    TCP stands first, and UDP only where the network is private: a public node answers strangers over UDP with silence,
    after which old clients wait three seconds before they try TCP (`wire.md` W4). Administration is offered on TCP only.
    """
    ways = [Interface(INTERFACE_BOTH, TCP, port)]
    if ipaddress.ip_address(config.advertised).is_private:
        ways.append(Interface(INTERFACE_QUERY, UDP, port))
    ways.append(Interface(INTERFACE_QUERY, HTTP, http_port))
    if config.tls.enabled:
        ways.append(Interface(INTERFACE_QUERY, HTTPS, http_port))
    return Site(
        serial=config.node.site_serial,
        attributes=(("desc", config.node.name), *_other_addresses(config)),
        servers=(Server(SERVER_ID, config.advertised, public_key, tuple(ways)),),
    )


def own_places(site: Site) -> frozenset[str]:
    """ADDRESS:PORT of each way the binary protocol takes into a site, by which a route may name it."""
    others = [text for name, text in site.attributes if name == "alt_addr"]
    return frozenset(
        peer_name(address, way.port)
        for server in site.servers
        for way in server.interfaces
        for address in (server.address, *others)
        if way.protocol in (TCP, UDP)
    )


def _other_addresses(config: NodeConfig) -> tuple[tuple[str, str], ...]:
    """The address of the other family, where a node listens on both and says no more than that."""
    if config.listen.advertise:
        return ()
    mine = ipaddress.ip_address(config.advertised)
    for host in config.listen.hosts:
        other = ipaddress.ip_address(host)
        if other.version != mine.version and not other.is_unspecified:
            return (("alt_addr", host),)
    return ()
