from __future__ import annotations

from pathlib import Path

from idis.resolver.config import Tier
from idis.resolver.lab.plan import make_plan

PILOTS = ("ship", "automotive", "chemical", "nuclear")


def test_the_tree_is_the_one_that_was_asked_for() -> None:
    """A national node for 88, four secondary nodes, two enterprise nodes for each industry, a recursive node."""
    plan = make_plan(Path("lab"))
    enterprises = [node.pilot for node in plan.nodes if node.tier is Tier.ENTERPRISE]

    assert plan.national.homed == ("88",)
    assert plan.recursive.tier is Tier.RECURSIVE
    assert [node.pilot for node in plan.nodes if node.tier is Tier.SECONDARY] == list(PILOTS)
    assert all(enterprises.count(pilot) == 2 for pilot in PILOTS)


def test_each_industry_has_an_enterprise_without_servers() -> None:
    """A secondary node hosts one more enterprise."""
    plan = make_plan(Path("lab"))

    assert all(len(node.hosted) == 1 for node in plan.nodes if node.tier is Tier.SECONDARY)


def test_one_secondary_node_is_reached_over_ipv6() -> None:
    """Unless the machine has no IPv6, where everything is on IPv4."""
    hosts = [node.host for node in make_plan(Path("lab")).nodes]
    without = [node.host for node in make_plan(Path("lab"), ipv6=False).nodes]

    assert hosts.count("::1") == 1
    assert set(without) == {"127.0.0.1"}


def test_base_port_moves_every_port() -> None:
    """Ports count up from the base, HTTP 100 higher, none twice."""
    plan = make_plan(Path("lab"), base_port=20_000)
    ports = [node.port for node in plan.nodes] + [node.http_port for node in plan.nodes]

    assert len(set(ports)) == len(ports)
    assert min(ports) == 20_000
    assert plan.national.http_port == 20_100


def test_every_child_has_one_parent() -> None:
    """Each node but the national and the recursive one is delegated to exactly once."""
    plan = make_plan(Path("lab"))
    children = [child.name for node in plan.nodes for child in plan.children(node)]

    assert sorted(children) == sorted(node.name for node in plan.nodes if node.tier in (Tier.SECONDARY, Tier.ENTERPRISE))
