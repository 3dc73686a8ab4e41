"""Where a recognised identifier would be asked, by what this node itself knows; nobody is asked for it.

Identifiers of the Handle family and their twins (VAA, did:cn) go where the nearest granted prefix says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from idis.proto.identifier import fold
from idis.proto.schemes.handle import ROUTE as HANDLE
from idis.proto.schemes.recognised import Recognised, RouteKey
from idis.proto.schemes.vaa import ROUTE as VAA
from idis.proto.types.site import TCP
from idis.proto.value import decode_values
from idis.registry.authority import responsible_entry
from idis.registry.prefix import PrefixEntry, PrefixState
from idis.registry.registration.values import sites_in
from idis.registry.store.base import ReadTxn
from idis.resolver.recursion.target import peer_name

SERVERS_MAX = 8  # as many as a person compares


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Who answers for a prefix.

    Attributes:
        prefix: the nearest granted one.
        state: a prefix that is suspended or revoked is answered by nobody.
        here: whether this node has its records.
        servers: ADDRESS:PORT of those it is delegated to.
    """

    prefix: str
    state: PrefixState
    here: bool
    servers: tuple[str, ...] = ()


def whereabouts(txn: ReadTxn, readings: Sequence[Recognised]) -> Whereabouts | None:
    """Where the first reading would be asked, or the first of its twins that leads somewhere; None where that is not known."""
    if not readings or not readings[0].ok:
        return None
    twins = readings if readings[0].route is not None and readings[0].route.type == VAA else readings[:1]
    return next((found for reading in twins if (found := _of_route(txn, reading.route)) is not None), None)


def _of_route(txn: ReadTxn, route: RouteKey | None) -> Whereabouts | None:
    if route is None or route.type not in (HANDLE, VAA):
        return None
    entry = responsible_entry(txn, fold(route.key))
    if entry is None:
        return None
    here = entry.answers_here
    return Whereabouts(entry.prefix, entry.state, here, () if here else _servers(entry))


def _servers(entry: PrefixEntry) -> tuple[str, ...]:
    found = (
        peer_name(server.address, way.port)
        for site in sites_in(decode_values(entry.values))
        for server in site.servers
        for way in server.interfaces
        if way.protocol == TCP
    )
    return tuple(dict.fromkeys(found))[:SERVERS_MAX]
