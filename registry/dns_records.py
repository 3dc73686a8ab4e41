"""Values of a record as DNS records: a closed list of rules, applied to the public values of an answer.

    URL, URL.*           NAPTR "U" with the URL as its substitution, and URI
    HS_SITE, HS_SITE.6   of a prefix: SRV at `_hdl-srv._tcp` and the like, A and AAAA at `_s1`, NAPTR "S" at the prefix, TXT
    IDIS.LINK            the same as URL, of GS1 keys and OIDs under their own roots; the service is the type of the link
    every text           TXT `type=data`

Types of the Handle System that are no text (keys, administrators) have no form here. All records of one kind share the
shortest lifetime among them (RFC 2181 §5.2). The compiled step makes the same octets (`proto/_speedups_dns.pxi`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address
from urllib.parse import quote_from_bytes

from idis.proto.dns import records
from idis.proto.dns.name import Labels, write_name
from idis.proto.dns.records import AAAA, NAPTR, SRV, STRING_BYTES_MAX, A, Rr, naptr, srv, txt, uri
from idis.proto.errors import DataError, ProtocolError
from idis.proto.identifier import fold
from idis.proto.schemes.gs1.link_types import DEFAULT
from idis.proto.types.link import LINK_TYPE, Link, decode_link
from idis.proto.types.site import HTTP, HTTPS, TCP, UDP, Server, decode_site
from idis.proto.value import Value

ORDER = 100  # of every NAPTR record: one list, in which the index of a value decides
PREFERENCE_MAX = 65_535
TEXT_BYTES_MAX = 4_096  # of a value shown as TXT; a longer one belongs on another transport
URL_SERVICE = b"idis+url"

_URL = "URL"
_URL_FAMILY = "URL."
_SITES = frozenset({"HS_SITE", "HS_SITE.6"})
_TEXTS = frozenset({"HS_ALIAS", "HS_SERV", "HS_DESC"})
_HEAD = "HS_"
# What stays as it is in a URL: everything printable but the delimiter of the substitution and its escape.
_SAFE = "".join(map(chr, range(0x21, 0x7F))).replace("!", "").replace("\\", "")
_SCHEMES = {UDP: "udp", TCP: "tcp", HTTP: "http", HTTPS: "https"}
# service and transport of an SRV name → the protocol of an interface
# in the order in which they are recommended
INTERFACES = {("hdl-srv", "tcp"): TCP, ("hdl-srv", "udp"): UDP, ("https", "tcp"): HTTPS, ("http", "tcp"): HTTP}


@dataclass(frozen=True, slots=True)
class SiteServer:
    """One server of the sites of a prefix, with what its value says of its lifetime and rank."""

    server: Server
    number: int
    index: int
    ttl_s: int


def item_records(values: Sequence[Value], kind: int, owner: Labels, now: int) -> tuple[Rr, ...]:
    """What the public values of an item answer to a question of a kind; empty when nothing does."""
    match kind:
        case records.NAPTR:
            made = [(value, data) for value in values if _is_url(value.type) for data in _naptr_of(value)]
        case records.URI:
            made = [(value, uri(_rank(value), 1, _tidy(value.data))) for value in values if _is_url(value.type) and value.data]
        case records.TXT:
            made = [(value, txt(text)) for value in values for text in _texts_of(value)]
        case _:
            made = []
    if not made:
        return ()
    ttl_s = min(value.lifetime_s(now) for value, _ in made)
    return tuple(Rr(owner, kind, ttl_s, data) for _, data in made)


def thing_records(values: Sequence[Value], kind: int, owner: Labels, now: int) -> tuple[Rr, ...]:
    """What the public values of a thing answer at its GS1 key or OID: as an item's, and its links for everybody.

    A link that is only complete with a lot or a serial number has no form here: these names are of classes.
    """
    found = item_records(values, kind, owner, now)
    if kind not in (NAPTR, records.URI):
        return found
    made = []
    for value in values:
        link = _link_of(value)
        if link is None:
            continue
        service = URL_SERVICE if link.link_type == DEFAULT else link.link_type.encode("ascii")
        href = link.href.encode("ascii")
        if kind == NAPTR:
            made += [(value, data) for data in _naptr(value, service, href)]
        else:
            made.append((value, uri(_rank(value), 1, href)))
    ttl_s = min([value.lifetime_s(now) for value, _ in made] + [record.ttl_s for record in found], default=0)
    return tuple(Rr(owner, kind, ttl_s, data) for data in (*(record.data for record in found), *(data for _, data in made)))


def servers_of(values: Iterable[Value], now: int) -> list[SiteServer]:
    """The servers that the sites among these values name, counted from 1."""
    found: list[SiteServer] = []
    for value in values:
        if fold(value.type) in _SITES:
            try:
                site = decode_site(value.data)
            except ProtocolError:
                continue  # somebody else's octets: whoever reads the value itself sees them
            found += [
                SiteServer(server, len(found) + number, value.index, value.lifetime_s(now))
                for number, server in enumerate(site.servers, 1)
            ]
    return found


def prefix_records(values: Sequence[Value], kind: int, owner: Labels, now: int) -> tuple[Rr, ...]:
    """What the values of a prefix answer at its own name: as an item's, and where the prefix is answered."""
    found = item_records(values, kind, owner, now)
    if kind != NAPTR:
        return found
    servers = servers_of(values, now)
    made = []
    for rank, ((service, transport), protocol) in enumerate(INTERFACES.items(), 1):
        if any(way.protocol == protocol for one in servers for way in one.server.interfaces):
            target = (f"_{service}".encode(), f"_{transport}".encode(), *owner)
            made.append(naptr(ORDER, 10 * rank, b"S", f"idis+{service}.{transport}".encode(), b"", target))
    ttl_s = min([one.ttl_s for one in servers] + [record.ttl_s for record in found], default=0)
    return tuple(Rr(owner, kind, ttl_s, data) for data in (*(record.data for record in found), *made))


def service_records(
    servers: Sequence[SiteServer], service: str, transport: str, owner: Labels, prefix: Labels
) -> tuple[tuple[Rr, ...], tuple[Rr, ...]]:
    """The SRV records of a service, and the addresses of the servers they name."""
    protocol = INTERFACES.get((service, transport))
    made, named = [], []
    for one in servers:
        ports = [way.port for way in one.server.interfaces if way.protocol == protocol and 0 < way.port < 65_536]
        if ports:
            target = server_name(one.number, prefix)
            made += [(one.ttl_s, srv(one.index & 0xFFFF, 1, port, target)) for port in ports]
            named += address_records(one, target)
    ttl_s = min((ttl for ttl, _ in made), default=0)
    return tuple(Rr(owner, SRV, ttl_s, data) for _, data in made), tuple(named)


def address_records(one: SiteServer, owner: Labels) -> list[Rr]:
    """The address of a server."""
    address = ip_address(one.server.address)
    return [Rr(owner, A if isinstance(address, IPv4Address) else AAAA, one.ttl_s, address.packed)]


def server_name(number: int, prefix: Labels) -> Labels:
    """The name of a server of a prefix: `_s1` below it."""
    return (b"_s%d" % number, *prefix)


def fits(owner: Labels) -> bool:
    """Whether a name made from another one is still one."""
    try:
        write_name(owner)
    except DataError:
        return False
    return True


def _is_url(name: str) -> bool:
    folded = fold(name)
    return folded == _URL or folded.startswith(_URL_FAMILY)


def _rank(value: Value) -> int:
    return min(value.index, PREFERENCE_MAX)


def _tidy(url: bytes) -> bytes:
    return quote_from_bytes(url, _SAFE).encode("ascii")


def _naptr_of(value: Value) -> Iterator[bytes]:
    if value.data:
        yield from _naptr(value, URL_SERVICE, value.data)


def _naptr(value: Value, service: bytes, url: bytes) -> Iterator[bytes]:
    regexp = b"!^.*$!" + _tidy(url) + b"!"
    if len(regexp) <= STRING_BYTES_MAX and len(service) <= STRING_BYTES_MAX:  # a longer one has a URI record only
        yield naptr(ORDER, _rank(value), b"U", service, regexp)


def _link_of(value: Value) -> Link | None:
    """The link that a value holds, if it is one for everybody that nothing has to be put into."""
    if fold(value.type) != LINK_TYPE:
        return None
    try:
        link = decode_link(value.data)
    except DataError:
        return None  # of a node that did not check it
    return link if link.public and not link.variables and link.href.isascii() and link.link_type.isascii() else None


def _texts_of(value: Value) -> Iterator[bytes]:
    name = fold(value.type)
    if name in _SITES:
        yield from _site_texts(value)
    elif (not name.startswith(_HEAD) or name in _TEXTS) and len(value.data) <= TEXT_BYTES_MAX:
        yield value.type.encode("utf-8") + b"=" + value.data


def _site_texts(value: Value) -> Iterator[bytes]:
    for one in servers_of((value,), 0):
        host = f"[{one.server.address}]" if ":" in one.server.address else one.server.address
        for way in one.server.interfaces:
            scheme = _SCHEMES.get(way.protocol, str(way.protocol))
            yield f"{value.type}={scheme}://{host}:{way.port}".encode()
