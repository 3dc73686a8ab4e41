"""A connection arrives: who it is, that it is counted, and its place in the table; the same over TCP and HTTP."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from idis.resolver.guard.connections import Connected
from idis.resolver.request import Link, Peer

if TYPE_CHECKING:
    from idis.resolver.service import Service

OUT_BUFFER_BYTES = 1_048_576  # answers that a peer has not taken yet; with more of them it is no longer read (`trust.md` §7)
_NOWHERE = "0.0.0.0"  # a peer that was gone before it could be looked at


class Newcomer(Connected, Protocol):
    """A connection that is told its address."""

    address: str


def arrive(newcomer: Newcomer, transport: asyncio.Transport, kind: str, service: Service) -> Peer:
    """Give a new connection its place in the table; where there is none it is shed, for the reason `no_room`.

    Args:
        newcomer: gets its address here; `shed` must work already.
        transport: its stream.
        kind: the name of its transport, as metrics have it.
        service: of the node.

    Returns:
        Who asks over it.
    """
    metrics, sources = service.metrics, service.sources
    newcomer.address = address_of(transport)
    source = sources.of(newcomer.address)
    metrics.accepted[kind] += 1
    metrics.connections[kind] += 1
    transport.set_write_buffer_limits(high=OUT_BUFFER_BYTES)
    if not service.table.admit(newcomer):
        metrics.limited["connections"] += 1
        newcomer.shed("no_room")
    secure = transport.get_extra_info("sslcontext") is not None
    return Peer(kind, source, sources.standing_of_stream(source), Link(secure=secure))


def address_of(transport: asyncio.Transport) -> str:
    """The peer's address."""
    peername = transport.get_extra_info("peername")
    return str(peername[0]) if peername else _NOWHERE
