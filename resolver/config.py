"""The configuration of one node: every setting with its meaning, its default and what is allowed.

Each section is a frozen dataclass; the metadata of a field carries the line a person reads and the bounds a machine
checks, so that the file `idis init` writes, the errors and `idis config check` all say the same. Reading and merging
live in `config_load.py`, writing in `config_text.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

from idis.proto.errors import IdisError

CONFIG_FILE = "node.toml"

DEFAULT_PORT = 2641
DEFAULT_HTTP_PORT = 8000
DEFAULT_TLS_PORT = 2642

# What `idis init` makes, relative to the data directory.
DEVELOPMENT_CERTIFICATE = "tls/certificate.pem"
DEVELOPMENT_KEY = "tls/key.pem"

# Sources that cannot be a victim of reflection from outside: loopback, private and link-local ranges.
PRIVATE_NETWORKS = (
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
)


class ConfigError(IdisError):
    """A configuration that cannot be used; the text names the key and what is allowed."""


class Tier(Enum):
    """The tiers of the national system, by the word the configuration uses."""

    ROOT = "root"  # 国际根节点
    NATIONAL = "national"  # 国家顶级节点
    SECONDARY = "secondary"  # 二级节点
    ENTERPRISE = "enterprise"  # 企业节点
    RECURSIVE = "recursive"  # 递归节点


@dataclass(frozen=True, slots=True)
class Setting:
    """What a person reads about a setting, and the whole numbers or the words it allows."""

    line: str
    least: int = 0
    most: int = 0
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NodeSection:
    """Who this node is."""

    name: Annotated[str, Setting("shown in answers, pages and metrics")] = ""
    tier: Annotated[Tier, Setting("root, national, secondary, enterprise or recursive")] = Tier.ENTERPRISE
    prefixes: Annotated[tuple[str, ...], Setting("prefixes of this node, for people; the registry decides what is answered")] = ()
    site_serial: Annotated[int, Setting("serial number of its HS_SITE; raise it when addresses change", 1, 65_534)] = 1
    log_level: Annotated[str, Setting("debug, info, warning or error", words=("debug", "info", "warning", "error"))] = "info"
    workers: Annotated[int, Setting("processes that answer on the binary port", 1, 64)] = 1
    keeper: Annotated[bool, Setting("writes, HTTP and administration apart from the one worker; several always so")] = False
    index_bytes: Annotated[int, Setting("room for the answer index, in octets; 0: none", 0, 2**36)] = 2**33
    busy_poll: Annotated[bool, Setting("never sleep: each worker keeps one core wholly busy for lower latency")] = False

    @property
    def has_keeper(self) -> bool:
        """Whether store, writes, HTTP and administration have a process of their own; else one process does everything."""
        return self.keeper or self.workers > 1


@dataclass(frozen=True, slots=True)
class ListenSection:
    """Where this node is reached."""

    hosts: Annotated[tuple[str, ...], Setting("IPv4 and IPv6 addresses to listen on; 0.0.0.0 and :: are all")] = ("127.0.0.1",)
    port: Annotated[int, Setting("binary protocol, UDP and TCP; 0 lets the kernel choose", 0, 65_535)] = DEFAULT_PORT
    http_port: Annotated[int, Setting("HTTP; 0 lets the kernel choose", 0, 65_535)] = DEFAULT_HTTP_PORT
    proxies: Annotated[tuple[str, ...], Setting("networks of reverse proxies whose X-Forwarded-For and -Proto are believed")] = ()
    advertise: Annotated[str, Setting("address put into this node's HS_SITE; empty: the first of hosts")] = ""


@dataclass(frozen=True, slots=True)
class TlsSection:
    """Encrypted connections; HTTPS shares the port of HTTP."""

    certificate: Annotated[str, Setting("PEM file, chain included, relative to the data directory; empty: no TLS")] = ""
    key: Annotated[str, Setting("PEM file of its private key, without passphrase, mode 600")] = ""
    port: Annotated[int, Setting("binary protocol over TLS; 0 lets the kernel choose", 0, 65_535)] = DEFAULT_TLS_PORT
    client_certificates: Annotated[bool, Setting("ask HTTPS clients for a certificate, which they need not show")] = True
    handshakes_per_s: Annotated[int, Setting("TLS handshakes of one /24 or /56", 1, 10**6)] = 200

    @property
    def enabled(self) -> bool:
        """Whether there is a certificate to show."""
        return bool(self.certificate)


@dataclass(frozen=True, slots=True)
class RecursionSection:
    """Whether and how this node asks other nodes for what it does not hold."""

    enabled: Annotated[bool, Setting("ask other nodes for what this one does not hold")] = False
    roots: Annotated[tuple[str, ...], Setting("root nodes as HOST:PORT, [IPv6]:PORT; needed when enabled")] = ()
    cache_bytes: Annotated[int, Setting("memory for cached answers, in octets", 65_536, 2**40)] = 268_435_456
    ttl_max_s: Annotated[int, Setting("longest time an answer is kept, in seconds", 1, 172_800)] = 86_400
    negative_ttl_s: Annotated[int, Setting("how long 'not found' is kept, in seconds", 0, 300)] = 60
    stale_max_s: Annotated[int, Setting("how long after its end an answer may serve when others are silent", 0, 259_200)] = 86_400
    deadline_ms: Annotated[int, Setting("longest time one question may take in all, in milliseconds", 50, 60_000)] = 2_000


@dataclass(frozen=True, slots=True)
class LimitsSection:
    """How much of this node one client, or all of them, may hold."""

    connections: Annotated[int, Setting("TCP and HTTP connections in all; 0: half the descriptor limit", 0, 1_000_000)] = 0
    connections_per_address: Annotated[int, Setting("TCP and HTTP connections of one address", 1, 1_000_000)] = 256
    pipeline: Annotated[int, Setting("unanswered requests of one connection before it is no longer read", 1, 65_536)] = 256
    header_ms: Annotated[int, Setting("a request begun must have its header by then", 100, 600_000)] = 5_000
    tls_ms: Annotated[int, Setting("a TLS handshake begun must be done by then", 100, 600_000)] = 5_000
    body_ms: Annotated[int, Setting("and its whole body by then", 100, 600_000)] = 10_000
    idle_ms: Annotated[int, Setting("idle connections are closed after this; sooner under pressure", 1_000, 86_400_000)] = 30_000
    write_stall_ms: Annotated[int, Setting("a client that does not read its answers is cut after this", 100, 600_000)] = 10_000
    pending_queries: Annotated[int, Setting("questions waiting for other nodes", 1, 1_000_000)] = 10_000


@dataclass(frozen=True, slots=True)
class GuardSection:
    """What UDP sources and busy clients are allowed (requests per second)."""

    trusted_networks: Annotated[tuple[str, ...], Setting("treated as validated, not rate limited")] = PRIVATE_NETWORKS
    validation_s: Annotated[int, Setting("how long a completed TCP exchange proves a UDP source; 0: never", 0, 86_400)] = 600
    unvalidated_per_s: Annotated[int, Setting("UDP questions of an unproven source; of its /24 or /56 32 times", 1, 10**6)] = 50
    unvalidated_burst: Annotated[int, Setting("of those, at once", 1, 10**6)] = 125
    proven_udp_per_s: Annotated[int, Setting("UDP questions of a source proven by TCP", 1, 10**6)] = 200
    validated_per_s: Annotated[int, Setting("questions over TCP and HTTP of one address", 1, 10**7)] = 5_000
    network_per_s: Annotated[int, Setting("the same of one /24 or /56", 1, 10**7)] = 20_000


@dataclass(frozen=True, slots=True)
class AdminSection:
    """How administrators prove who they are."""

    sessions: Annotated[bool, Setting("offer sessions of Handle clients: AES and codes over messages; TLS is better")] = True
    weak_secrets: Annotated[bool, Setting("accept old clients' answers that are plain MD5 or SHA-1 digests of a secret")] = False
    resolver: Annotated[str, Setting("ADDRESS:PORT of a node to ask for keys held elsewhere; empty: the roots")] = ""
    remote_keys: Annotated[
        str, Setting("of keys held elsewhere, believe certified, signed, or any", words=("certified", "signed", "any"))
    ] = "certified"
    anchors: Annotated[str, Setting("PEM file of public keys trusted for that, relative to the data directory; empty: none")] = ""


@dataclass(frozen=True, slots=True)
class PageSection:
    """The pages of identifiers that people see in a browser."""

    root_key: Annotated[str, Setting("PEM file of the public keys signatures are verified from; empty: none is verified")] = ""


@dataclass(frozen=True, slots=True)
class DnsSection:
    """Identifiers as domain names, for whoever has nothing but DNS; off without a zone."""

    zone: Annotated[str, Setting("the zone identifiers are named in, like id.example.cn; empty: no DNS")] = ""
    port: Annotated[int, Setting("DNS, UDP and TCP; 53 needs CAP_NET_BIND_SERVICE; 0 lets the kernel choose", 0, 65_535)] = 53
    name_servers: Annotated[tuple[str, ...], Setting("names of the zone's name servers; empty: ns1 in the zone")] = ()
    mailbox: Annotated[str, Setting("who is responsible, as a domain name; empty: hostmaster in the zone")] = ""
    negative_ttl_s: Annotated[int, Setting("how long resolvers believe that a name is absent, in seconds", 0, 300)] = 60
    gs1_zone: Annotated[str, Setting("root of ONS 2.0 names of GS1 keys; empty: none")] = "gs1.id.onsepc.com"
    gs1_old_zone: Annotated[str, Setting("root of ONS 1 names of GTINs; empty: none")] = "id.onsepc.com"
    oid_zone: Annotated[str, Setting("root of ORS names of OIDs; empty: none")] = "oid-res.org"
    gs1_prefix: Annotated[str, Setting("where GS1 keys are registered, as PREFIX/01/GTIN; empty: by their own names")] = ""
    oid_prefix: Annotated[str, Setting("where OIDs are registered, as PREFIX/1.2.156; empty: by their own names")] = ""
    cookie_secret: Annotated[str, Setting("32 hexadecimal digits, the same on all servers of the zone; empty: random")] = ""

    @property
    def enabled(self) -> bool:
        """Whether there is a zone to answer for."""
        return bool(self.zone)


@dataclass(frozen=True, slots=True)
class LinksSection:
    """How GS1 Digital Links are resolved; which links a thing has is registered, not configured."""

    root: Annotated[str, Setting("where Digital Links are asked, as https://id.example.cn; empty: the host a client names")] = ""
    contact: Annotated[str, Setting("who runs the resolver, for its description file; empty: the name of the node")] = ""
    terms: Annotated[str, Setting("address of its terms of use; empty: none")] = ""
    short_gtins: Annotated[bool, Setting("take GTINs of 8, 12 and 13 digits in paths, as old labels have them")] = False
    old_descriptions: Annotated[bool, Setting("itemDescription in place of description in linksets, as before 1.2")] = False
    recall_page: Annotated[bool, Setting("people see the recall flag of a thing on a page before they go on to its link")] = True


@dataclass(frozen=True, slots=True)
class RoutesSection:
    """How providers of routes for identifiers of other schemes are asked; the routes themselves are registered."""

    networks: Annotated[tuple[str, ...], Setting("private networks in which providers may be asked; empty: none")] = ()
    ca: Annotated[str, Setting("PEM file of certificates trusted beside the system's, relative to the data directory")] = ""
    name_servers: Annotated[tuple[str, ...], Setting("ADDRESS:PORT of DNS servers to ask; empty: those of this machine")] = ()
    deadline_ms: Annotated[int, Setting("longest time providers are waited for, in milliseconds", 50, 60_000)] = 1_800


@dataclass(frozen=True, slots=True)
class EventsSection:
    """Who subscribes to events is told over HTTP; whom that may be."""

    networks: Annotated[tuple[str, ...], Setting("private networks in which subscribers may be told; empty: none")] = ()
    ca: Annotated[str, Setting("PEM file of certificates trusted beside the system's, relative to the data directory")] = ""
    give_up_h: Annotated[int, Setting("hours after which one who never takes anything is no longer told", 1, 8_760)] = 72


@dataclass(frozen=True, slots=True)
class NodeConfig:
    """One node, wholly described; `data_dir` is where its store lives and is not part of the file."""

    data_dir: Path
    node: NodeSection = field(default_factory=NodeSection)
    listen: ListenSection = field(default_factory=ListenSection)
    tls: TlsSection = field(default_factory=TlsSection)
    recursion: RecursionSection = field(default_factory=RecursionSection)
    limits: LimitsSection = field(default_factory=LimitsSection)
    guard: GuardSection = field(default_factory=GuardSection)
    admin: AdminSection = field(default_factory=AdminSection)
    dns: DnsSection = field(default_factory=DnsSection)
    links: LinksSection = field(default_factory=LinksSection)
    page: PageSection = field(default_factory=PageSection)
    routes: RoutesSection = field(default_factory=RoutesSection)
    events: EventsSection = field(default_factory=EventsSection)

    @property
    def advertised(self) -> str:
        """The address other nodes reach this one at."""
        return self.listen.advertise or self.listen.hosts[0]


# section name in the file → its type, in the order the file has them
SECTIONS: dict[str, type[Any]] = {
    "node": NodeSection,
    "listen": ListenSection,
    "tls": TlsSection,
    "recursion": RecursionSection,
    "limits": LimitsSection,
    "guard": GuardSection,
    "admin": AdminSection,
    "dns": DnsSection,
    "links": LinksSection,
    "page": PageSection,
    "routes": RoutesSection,
    "events": EventsSection,
}


def settings(section: type[Any]) -> dict[str, tuple[Setting, Any]]:
    """The settings of a section: name → (what is known of it, its default)."""
    hints = get_type_hints(section, include_extras=True)
    return {item.name: (get_args(hints[item.name])[1], item.default) for item in fields(section)}
