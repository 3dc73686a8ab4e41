"""What a DNS question comes to: its name made an identifier, the identifier resolved as from any other transport.

    name ─ zone? ─ place ─┬ apex                     SOA, NS
                          ├ item, ONS, ORS           chain → values → NAPTR, URI, TXT
                          └ prefix, service, server  chain → values → SRV, A, AAAA, NAPTR, TXT

A name outside the zones is refused; nobody is recursed for beyond identifiers; zones are not transferred. What exists
without such records, or has names below it, is NODATA; what does not exist is NXDOMAIN; both with the SOA that bounds how
long that is believed (RFC 2308). What this node is not responsible for is refused, so that a resolver asks another server.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import ip_address

from idis.proto.codes import ResponseCode
from idis.proto.dns.message import NXDOMAIN, REFUSED, SERVFAIL, DnsQuery, Reply
from idis.proto.dns.name import Labels, below, lowered, name_from_text, write_name
from idis.proto.dns.naming import (
    GS1_HEAD,
    OID_HEAD,
    Apex,
    ItemName,
    PrefixName,
    ServerName,
    ServiceName,
    gs1_text,
    oid_text,
    ons1_text,
    place_of,
)
from idis.proto.dns.records import AAAA, ANY, AXFR, CLASS_ANY, IN, IXFR, NAPTR, NS, SOA, SRV, TXT, URI, A, Rr, Soa
from idis.proto.errors import IdentifierError, ProtocolError
from idis.proto.exchange import request_message
from idis.proto.identifier import Identifier, parse_identifier
from idis.proto.outcome import Answer, NotFound, NoValues, Outcome, Referral, Refused
from idis.proto.query import Query
from idis.proto.value import TTL_ABSOLUTE, Value, decode_values
from idis.registry.authority import responsible_entry
from idis.registry.dns_records import (
    address_records,
    fits,
    item_records,
    prefix_records,
    server_name,
    servers_of,
    service_records,
    thing_records,
)
from idis.registry.store.base import ReadTxn
from idis.resolver.chain import Batch, Chain
from idis.resolver.config import DnsSection
from idis.resolver.recursion.resolved import Resolved
from idis.resolver.request import Later, Peer, Request, Settled, Silence, SiteRecord

_DENIED = 400  # the first of the codes for what an asker may not see
_COMMON = (NAPTR, URI, TXT)
ZONE_TTL_S = 3_600  # of SOA and NS: they change with the configuration

# Makes a reply of what a deferred question came to.
Finish = Callable[[Settled], Reply]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Other nodes have to be asked; `finish` makes the reply of what they say."""

    later: Later
    finish: Finish


@dataclass(frozen=True, slots=True)
class Asked:
    """A question for the chain, and the place in the zone it came from; None for names of other schemes."""

    identifier: Identifier
    place: ItemName | PrefixName | ServiceName | ServerName | None


class DnsFace:
    """Answers questions about one zone of identifiers, and about GS1 keys and OIDs under their own roots.

    Args:
        config: the zone.
        chain: of the node.
        address: of the node, which is one of the zone's name servers.
    """

    def __init__(self, config: DnsSection, chain: Chain, address: str) -> None:
        host = ip_address(address)
        self.zone = lowered(name_from_text(config.zone))
        self.negative_ttl_s = config.negative_ttl_s
        self._chain = chain
        self._servers = tuple(lowered(name_from_text(name)) for name in config.name_servers) or ((b"ns1", *self.zone),)
        self._address_kind, self._address = A if host.version == 4 else AAAA, host.packed
        self._mailbox = name_from_text(config.mailbox) if config.mailbox else (b"hostmaster", *self.zone)
        schemes = (
            (config.gs1_zone, gs1_text, GS1_HEAD, config.gs1_prefix),
            (config.gs1_old_zone, ons1_text, GS1_HEAD, config.gs1_prefix),
            (config.oid_zone, oid_text, OID_HEAD, config.oid_prefix),
        )
        # The zone of other names, how they are read, and what stands in front of what was read.
        self._schemes = [
            (lowered(name_from_text(root)), read, f"{prefix}/" if prefix else head)
            for root, read, head, prefix in schemes
            if root
        ]

    def is_common(self, query: DnsQuery) -> bool:
        """Whether the compiled step may answer it; of such a question a stranger learns nothing, not even a refusal."""
        return query.type in _COMMON and query.class_ == IN and below(lowered(query.labels), self.zone) is not None

    def decide(self, query: DnsQuery, peer: Peer, batch: Batch) -> Reply | Waiting | Silence:
        """What a question comes to; the limit is applied to it."""
        name = lowered(query.labels)
        front = below(name, self.zone)
        if query.type in (AXFR, IXFR) or query.class_ not in (IN, CLASS_ANY):
            return Reply(REFUSED, authoritative=False)
        if front is None:
            return self._ask_elsewhere(query, name, peer, batch)
        if name in self._servers:
            return self._name_server(query, batch.txn)
        place = place_of(front)
        if place is None:
            return self._absent(batch.txn)
        if isinstance(place, Apex):
            return self._apex(query, batch.txn)
        if isinstance(place, ItemName):
            return self._ask(Asked(place.identifier, place), query, self.zone, peer, batch)
        return self._ask(Asked(Identifier(place.prefix, None), place), query, self.zone, peer, batch)

    def _ask_elsewhere(self, query: DnsQuery, name: Labels, peer: Peer, batch: Batch) -> Reply | Waiting | Silence:
        """A name of another scheme, under its own root."""
        for root, read, head in self._schemes:
            text = read(name, root)
            if text is not None:
                try:
                    asked = Asked(parse_identifier(head + text), None)
                except IdentifierError:
                    return self._absent(batch.txn, root)
                return self._ask(asked, query, root, peer, batch)
        return Reply(REFUSED, authoritative=False)

    def _ask(self, asked: Asked, query: DnsQuery, zone: Labels, peer: Peer, batch: Batch) -> Reply | Waiting | Silence:
        identifier = asked.identifier
        types = ("HS_SITE", "HS_SITE.6") if isinstance(asked.place, ServiceName | ServerName) else ()
        question = Query(str(identifier), identifier, types=types, public_only=True, recursive=True)
        message = request_message(question, request_id=1, now=int(self._chain.clock.time()))
        verdict = batch.decide(Request(message, question, peer))
        if isinstance(verdict, Later):
            soa = self._soa(batch.txn, zone)
            return Waiting(verdict, lambda settled: self._settle(asked, query, settled, lambda: soa, None))
        if isinstance(verdict, Silence):
            return verdict
        reply = self._settle(asked, query, verdict, lambda: self._soa(batch.txn, zone), batch.txn)
        return replace(reply, repeatable=isinstance(verdict, Answer) and _is_repeatable(identifier, verdict, batch.txn))

    def _settle(self, asked: Asked, query: DnsQuery, settled: Settled, soa: Callable[[], Rr], txn: ReadTxn | None) -> Reply:
        """The reply that tells an outcome; without a snapshot nothing is known of names below."""
        outcome = settled.outcome if isinstance(settled, Resolved) else settled
        match outcome:
            case Answer(values=octets) | Referral(values=octets):
                reply = self._show(asked, query, outcome, octets)
                return reply if reply.answers or reply.code == SERVFAIL else replace(reply, authority=(soa(),))
            case NoValues():
                return Reply(authority=(soa(),))
            case NotFound():
                exists = _has_more(asked, txn)
                return Reply(0 if exists else NXDOMAIN, authority=(soa(),))
            case Refused(code=code):
                return self._refuse(asked, code, soa, txn)
            case SiteRecord() | Silence():
                return Reply(SERVFAIL, authoritative=False)

    def _refuse(self, asked: Asked, code: int, soa: Callable[[], Rr], txn: ReadTxn | None) -> Reply:
        if _DENIED <= code <= ResponseCode.AUTHENTICATION_ERROR:
            return Reply(authority=(soa(),))  # it exists, and DNS has nobody to show it to
        if code == ResponseCode.SERVER_NOT_RESPONSIBLE:
            return Reply(authority=(soa(),)) if _has_more(asked, txn) else Reply(REFUSED, authoritative=False)
        return Reply(SERVFAIL, authoritative=False)

    def _show(self, asked: Asked, query: DnsQuery, outcome: Outcome, octets: bytes) -> Reply:
        try:
            values = decode_values(octets)
        except ProtocolError:
            return Reply(SERVFAIL, authoritative=False)
        now = int(self._chain.clock.time())
        owner = query.labels
        match asked.place:
            case ServiceName(service=service, transport=transport):
                answers, additional = service_records(servers_of(values, now), service, transport, owner, owner[2:])
                return Reply(answers=_of_kind(answers, query.type), additional=additional if answers else ())
            case ServerName(number=number):
                found = [one for one in servers_of(values, now) if one.number == number]
                if not found:
                    return Reply(NXDOMAIN)
                return Reply(answers=_of_kind(tuple(address_records(found[0], owner)), query.type))
            case PrefixName(bare=False):
                return Reply()
            case PrefixName():
                if not fits(server_name(9_999, (b"_hdl-srv", b"_tcp", *owner))):
                    return Reply()
                return Reply(answers=_first_of(lambda kind: prefix_records(values, kind, owner, now), query.type))
            case _ if isinstance(outcome, Referral):
                return Reply(answers=self._referred(asked, query, values, now))
            case None:
                return Reply(answers=_first_of(lambda kind: thing_records(values, kind, owner, now), query.type))
            case _:
                return Reply(answers=_first_of(lambda kind: item_records(values, kind, owner, now), query.type))

    def _referred(self, asked: Asked, query: DnsQuery, values: tuple[Value, ...], now: int) -> tuple[Rr, ...]:
        """An item answered elsewhere: where its prefix is answered is what a NAPTR or TXT question is told."""
        if not isinstance(asked.place, ItemName):
            return ()
        labels = lowered(query.labels)
        owner = labels[labels.index(b"_") + 1 :]
        found = _first_of(lambda kind: prefix_records(values, kind, owner, now), query.type)
        return tuple(replace(record, owner=query.labels) for record in found)

    def _apex(self, query: DnsQuery, txn: ReadTxn) -> Reply:
        soa = self._soa(txn, self.zone)
        records = {SOA: (replace(soa, ttl_s=ZONE_TTL_S),), NS: self._name_servers()}
        records[ANY] = records[SOA]
        found = records.get(query.type, ())
        return Reply(answers=found, authority=() if found else (soa,))

    def _name_servers(self) -> tuple[Rr, ...]:
        return tuple(Rr(self.zone, NS, ZONE_TTL_S, write_name(name)) for name in self._servers)

    def _name_server(self, query: DnsQuery, txn: ReadTxn) -> Reply:
        """A name server with a name in the zone: this one, as far as this one knows."""
        found = _of_kind((Rr(query.labels, self._address_kind, ZONE_TTL_S, self._address),), query.type)
        return Reply(answers=found, authority=() if found else (self._soa(txn, self.zone),))

    def _absent(self, txn: ReadTxn, zone: Labels | None = None) -> Reply:
        return Reply(NXDOMAIN, authority=(self._soa(txn, self.zone if zone is None else zone),))

    def _soa(self, txn: ReadTxn, zone: Labels) -> Rr:
        data = Soa(self._servers[0], self._mailbox, txn.transaction, self.negative_ttl_s).data
        return Rr(zone, SOA, min(self.negative_ttl_s, ZONE_TTL_S), data)


def _is_repeatable(identifier: Identifier, answer: Answer, txn: ReadTxn) -> bool:
    """Whether an answer costs its prefix nothing and holds nothing that ends at a moment."""
    entry = responsible_entry(txn, identifier.folded_prefix)
    quota = entry is not None and entry.daily_quota
    return not quota and all(value.ttl_type != TTL_ABSOLUTE for value in decode_values(answer.values))


def _of_kind(records: tuple[Rr, ...], kind: int) -> tuple[Rr, ...]:
    return tuple(record for record in records if kind in (record.type, ANY))


def _first_of(made: Callable[[int], tuple[Rr, ...]], kind: int) -> tuple[Rr, ...]:
    """The records of a kind; for ANY the first there are, because whoever asks for all is no friend (RFC 8482)."""
    if kind != ANY:
        return made(kind)
    return next((found for one in (NAPTR, TXT, SRV) if (found := made(one))), ())


def _has_more(asked: Asked, txn: ReadTxn | None) -> bool:
    """Whether names may stand below one that is not there itself (RFC 8020 forbids NXDOMAIN then)."""
    match asked.place:
        case ItemName(may_be_tail=tail):
            return tail
        case PrefixName(prefix=prefix) if txn is not None:
            return any(entry.prefix.startswith(f"{prefix}.") for entry in txn.prefixes(f"{prefix}.", 1))
        case _:
            return False
