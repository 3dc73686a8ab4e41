"""Who is at the other end of an HTTP request, and by what way it came; through configured proxies, who is behind them."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from aiohttp import web

from idis.resolver.request import Peer
from idis.resolver.transports.http import HttpConnection

FORWARDED_MAX = 16  # addresses of X-Forwarded-For that are looked at, from the nearest on

Networks = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
PROXIES = web.AppKey("proxies", Networks)


def networks_of(texts: Sequence[str]) -> Networks:
    """The networks of a setting."""
    return tuple(ipaddress.ip_network(text) for text in texts)


def peer_of(request: web.Request) -> Peer:
    """Who asks over HTTP."""
    transport = request.transport
    connection = transport.get_protocol() if transport is not None else None
    if not isinstance(connection, HttpConnection):
        raise web.HTTPServiceUnavailable(text="the connection is gone")
    return connection.peer


def address_of(request: web.Request) -> str:
    """The address a request comes from; behind a proxy the nearest one that is no proxy."""
    address = peer_of(request).source.address
    proxies = request.app[PROXIES]
    if not proxies or not _is_in(address, proxies):
        return address
    forwarded = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
    for text in reversed(forwarded[-FORWARDED_MAX:]):
        try:
            named = str(ipaddress.ip_address(text.strip()))
        except ValueError:
            break
        address = named
        if not _is_in(named, proxies):
            break
    return address


def is_secure(request: web.Request) -> bool:
    """Whether a request came over TLS, as far as this node or a proxy before it can tell."""
    link = peer_of(request).link
    if link is not None and link.secure:
        return True
    proxies = request.app[PROXIES]
    if not proxies or not _is_in(peer_of(request).source.address, proxies):
        return False
    return request.headers.get("X-Forwarded-Proto", "").strip().lower() == "https"


def _is_in(address: str, networks: Networks) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    return any(parsed in network for network in networks)
