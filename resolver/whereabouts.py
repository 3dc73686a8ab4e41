"""Where a recognised identifier would be asked, by what this node itself knows; nobody is asked for it.

A record of this node that has the name; the nearest granted prefix of a handle and its twins (VAA, did:cn); or the route with
the longest match.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from idis.proto.identifier import parse_identifier
from idis.proto.schemes.recognised import Recognised
from idis.proto.types.site import TCP
from idis.proto.value import decode_values
from idis.registry.authority import responsible_entry
from idis.registry.foreign_route import ForeignRoute, TargetKind
from idis.registry.prefix import PrefixEntry, PrefixState
from idis.registry.registration.values import sites_in
from idis.registry.store.base import ReadTxn
from idis.resolver.foreign.finding import Held, Routed, Twin, find, is_shown
from idis.resolver.recursion.target import peer_name

SERVERS_MAX = 8  # as many as a person compares


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Who answers.

    Attributes:
        here: whether this node has the record, or would.
        prefix: the nearest granted one; empty for a name that no prefix holds.
        state: of the prefix: one that is suspended or revoked is answered by nobody.
        servers: ADDRESS:PORT of those who answer otherwise.
        records: of this node that have the name.
        route: the one that holds it, enabled or not.
    """

    here: bool
    prefix: str = ""
    state: PrefixState | None = None
    servers: tuple[str, ...] = ()
    records: tuple[str, ...] = ()
    route: ForeignRoute | None = None


def whereabouts(txn: ReadTxn, readings: Sequence[Recognised], now: int) -> Whereabouts | None:
    """Where a text would be asked; None where that is not known."""
    match find(txn, readings, now):
        case Held(holders=holders):
            records = tuple(holder.identifier for holder in holders if is_shown(txn, holder.identifier, now))
            return _of_handle(txn, records[0], records) if records else None
        case Twin(identifiers=identifiers, known=True):
            return _of_handle(txn, identifiers[0])
        case Routed(route=route):
            nodes = tuple(target.place for target in route.targets if target.kind is TargetKind.NODE)
            return Whereabouts(here=False, servers=nodes, route=route)
        case _:
            return None


def _of_handle(txn: ReadTxn, identifier: str, records: tuple[str, ...] = ()) -> Whereabouts | None:
    entry = responsible_entry(txn, parse_identifier(identifier).folded_prefix)
    if entry is None:
        return None
    here = entry.answers_here
    return Whereabouts(here, entry.prefix, entry.state, () if here else _servers(entry), records)


def _servers(entry: PrefixEntry) -> tuple[str, ...]:
    found = (
        peer_name(server.address, way.port)
        for site in sites_in(decode_values(entry.values))
        for server in site.servers
        for way in server.interfaces
        if way.protocol == TCP
    )
    return tuple(dict.fromkeys(found))[:SERVERS_MAX]
