"""Which nodes the lab has, where they listen, and how one is found: pure data, nothing is started here.

One national node, a secondary node for each pilot industry, the pilots' enterprises, and a recursive node in front.
An enterprise without servers is hosted by its secondary node. The automotive secondary node is reached over IPv6.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from idis.registry.pilots.sample import ENTERPRISES, SECONDARIES, Enterprise
from idis.registry.registration.checks import Organisation
from idis.resolver.config import AdminSection, DnsSection, ListenSection, NodeConfig, NodeSection, RecursionSection, Tier
from idis.resolver.operator_key import OPERATOR_KEY_FILE

BASE_PORT = 9640  # below 10,000, because some clients of the field accept no larger port
HTTP_OFFSET = 100  # HTTP ports follow the binary ones at this distance
DNS_OFFSET = 200  # and those of DNS, where a node has it
DNS_ZONE = "id.lab"
NODES_MAX = HTTP_OFFSET
IPV4, IPV6 = "127.0.0.1", "::1"

NATIONAL_PREFIX = "88"
ANCHORS_FILE = "anchors.pem"
KEYS_FOLDER = "keys"  # of enterprises without servers, who have no directory of their own


SECONDARY_NAMES = {
    "ship": "船舶行业二级节点",
    "automotive": "汽车行业二级节点",
    "chemical": "化工行业二级节点",
    "nuclear": "核电行业二级节点",
}
IPV6_PILOT = "automotive"


@dataclass(frozen=True, slots=True)
class LabNode:
    """One node of the lab; `pilot` is empty for nodes above the industries."""

    name: str
    tier: Tier
    pilot: str
    homed: tuple[str, ...]
    hosted: tuple[str, ...]
    organisation: Organisation
    host: str
    port: int
    http_port: int
    directory: Path

    @property
    def prefixes(self) -> tuple[str, ...]:
        """Every prefix this node answers for."""
        return self.homed + self.hosted

    @property
    def dns_port(self) -> int:
        """The port of DNS; 0 where a node has none: everything can be asked for at the top and in front of the tree."""
        return self.port + DNS_OFFSET if self.tier in (Tier.NATIONAL, Tier.RECURSIVE) else 0

    @property
    def address(self) -> str:
        """Host and binary port as commands take them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole tree, parents before children, the recursive node last."""

    nodes: tuple[LabNode, ...]

    @property
    def national(self) -> LabNode:
        """The top of the tree."""
        return self.nodes[0]

    @property
    def recursive(self) -> LabNode:
        """The node everybody asks."""
        return self.nodes[-1]

    def holder(self, prefix: str) -> LabNode:
        """The node that answers for a prefix."""
        return next(node for node in self.nodes if prefix in node.prefixes)

    def children(self, parent: LabNode) -> list[LabNode]:
        """The nodes a parent delegates to."""
        return [node for node in self.nodes if any(_parent(prefix) in parent.homed for prefix in node.homed)]


def make_plan(root: Path, *, base_port: int = BASE_PORT, ipv6: bool = True) -> Plan:
    """Lay out the tree below `root`, ports counting up from `base_port`; without IPv6 every node is on IPv4."""
    nodes: list[LabNode] = []

    def add(name: str, tier: Tier, pilot: str, homed: tuple[str, ...], owner: Organisation, hosted: tuple[str, ...] = ()) -> None:
        host = IPV6 if ipv6 and tier is Tier.SECONDARY and pilot == IPV6_PILOT else IPV4
        port = base_port + len(nodes)
        nodes.append(LabNode(name, tier, pilot, homed, hosted, owner, host, port, port + HTTP_OFFSET, root / name))

    add("national-88", Tier.NATIONAL, "", (NATIONAL_PREFIX,), Organisation("国家顶级节点"))
    for pilot, prefix in SECONDARIES.items():
        hosted = tuple(one.prefix for one in ENTERPRISES[pilot] if one.hosted)
        add(f"secondary-{_short(prefix)}", Tier.SECONDARY, pilot, (prefix,), Organisation(SECONDARY_NAMES[pilot]), hosted)
    for pilot, enterprises in ENTERPRISES.items():
        for one in enterprises:
            if not one.hosted:
                add(f"enterprise-{_short(one.prefix)}", Tier.ENTERPRISE, pilot, (one.prefix,), organisation(one))
    add("recursive", Tier.RECURSIVE, "", (), Organisation())
    assert len(nodes) <= NODES_MAX
    return Plan(tuple(nodes))


def organisation(enterprise: Enterprise) -> Organisation:
    """An enterprise of the sample data as the owner of a prefix."""
    return Organisation(enterprise.chinese, enterprise.uscc)


def config_of(node: LabNode, plan: Plan) -> NodeConfig:
    """The configuration a node of the lab runs with."""
    return NodeConfig(
        data_dir=node.directory,
        node=NodeSection(name=node.name, tier=node.tier, prefixes=node.homed, log_level="warning"),
        listen=ListenSection(hosts=(node.host,), port=node.port, http_port=node.http_port),
        dns=DnsSection(zone=DNS_ZONE if node.dns_port else "", port=node.dns_port),
        recursion=RecursionSection(enabled=node.tier is Tier.RECURSIVE, roots=_roots(node, plan)),
        # Whoever answers in the name of enterprises finds out from the top who asks, and whom to tell of their things.
        admin=AdminSection(
            resolver="" if node.tier is Tier.RECURSIVE else plan.national.address, anchors=str(anchors_of(plan))
        ),
    )


def anchors_of(plan: Plan) -> Path:
    """The file of the key that every certified way begins with: that of the node at the top."""
    return plan.national.directory / ANCHORS_FILE


def owner_key_of(plan: Plan, prefix: str) -> Path:
    """The file of the private key of an enterprise's administrator: in its node's directory, or among the hosted ones' keys."""
    node = plan.holder(prefix)
    if prefix in node.homed:
        return node.directory / OPERATOR_KEY_FILE
    return node.directory.parent / KEYS_FOLDER / f"{prefix}.pem"


def _roots(node: LabNode, plan: Plan) -> tuple[str, ...]:
    return (plan.national.address,) if node.tier is Tier.RECURSIVE else ()


def _parent(prefix: str) -> str:
    return prefix.rpartition(".")[0]


def _short(prefix: str) -> str:
    return prefix.removeprefix(NATIONAL_PREFIX + ".").replace(".", "-")
