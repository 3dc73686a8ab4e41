"""Who is at the other end of an HTTP request, and by what way it came."""

from __future__ import annotations

from aiohttp import web

from idis.resolver.request import Peer
from idis.resolver.transports.http import HttpConnection


def peer_of(request: web.Request) -> Peer:
    """Who asks over HTTP."""
    transport = request.transport
    connection = transport.get_protocol() if transport is not None else None
    if not isinstance(connection, HttpConnection):
        raise web.HTTPServiceUnavailable(text="the connection is gone")
    return connection.peer


def is_secure(request: web.Request) -> bool:
    """Whether a request came over TLS."""
    link = peer_of(request).link
    return link is not None and link.secure
