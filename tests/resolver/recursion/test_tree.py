"""A national node, a secondary node, an enterprise node and a recursive node, all real, on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from idis.proto.types.site import INTERFACE_BOTH, TCP, UDP, Interface, Server, Site, encode_site
from idis.proto.value import Value, encode_values
from idis.registry.prefix import PrefixEntry
from idis.registry.record import Record, prepare
from idis.registry.store.lmdb import LmdbStore
from idis.resolver.client import Client
from idis.resolver.config import RecursionSection, Tier
from idis.resolver.creation import create_node
from idis.resolver.node import Node

NOW = 1_700_000_000
X = "88.118.8/X"


@dataclass
class Tree:
    """The four nodes."""

    national: Node
    secondary: Node
    enterprise: Node
    recursive: Node
    running: list[Node]

    async def stop(self, node: Node) -> None:
        """One node goes down."""
        self.running.remove(node)
        await node.stop()


def site_of(node: Node) -> Site:
    """How a parent names a running node."""
    ways = (Interface(INTERFACE_BOTH, TCP, node.port), Interface(INTERFACE_BOTH, UDP, node.port))
    return Site(servers=(Server(1, "127.0.0.1", b"", ways),))


def delegation(prefix: str, node: Node, ttl_s: int = 3_600) -> PrefixEntry:
    """The entry by which a parent sends everybody to a node."""
    octets = encode_site(site_of(node))
    values = (Value(1, "HS_SITE", octets, ttl=ttl_s), Value(2, "HS_SITE.PREFIX", octets, ttl=ttl_s))
    return PrefixEntry(prefix, values=encode_values(values), ttl_s=ttl_s)


@pytest.fixture
async def tree(make_config) -> AsyncIterator[Tree]:
    """Children first, because parents name their ports."""
    started: list[Node] = []

    async def start(name: str, tier: Tier, *, prefixes=(), entries=(), records=(), **sections) -> Node:
        config = make_config(name, tier=tier, prefixes=prefixes, **sections)
        create_node(config.data_dir, config)
        store = LmdbStore.open(config.data_dir, exclusive=False)
        for entry in entries:
            store.write(lambda txn, entry=entry: txn.put_prefix(entry), actor="test").result()
        store.write_all([prepare(record, NOW) for record in records], actor="test")
        store.close()
        node = Node(config)
        await node.start()
        started.append(node)
        return node

    records = (
        Record(X, (Value(1, "URL", b"https://example.com/x"), Value(2, "EMAIL", b"x@example.com"))),
        Record("88.118.8/alias", (Value(1, "HS_ALIAS", X.encode()),)),
    )
    hosted = (Record("88.118/own", (Value(1, "URL", b"https://example.com/own"),)),)
    enterprise = await start("enterprise", Tier.ENTERPRISE, prefixes=("88.118.8",), records=records)
    secondary = await start(
        "secondary", Tier.SECONDARY, prefixes=("88.118",), entries=[delegation("88.118.8", enterprise)], records=hosted
    )
    national = await start("national", Tier.NATIONAL, prefixes=("88",), entries=[delegation("88.118", secondary)])
    recursion = RecursionSection(enabled=True, roots=(f"127.0.0.1:{national.port}",))
    recursive = await start("recursive", Tier.RECURSIVE, recursion=recursion)
    yield Tree(national, secondary, enterprise, recursive, started)
    for node in reversed(started):
        await node.stop()


@pytest.fixture
async def asking(tree):
    """A client of the recursive node."""
    async with Client(f"127.0.0.1:{tree.recursive.port}") as client:
        yield client


async def test_an_identifier_is_resolved_through_every_tier(tree, asking) -> None:
    """National, secondary, enterprise: three hops, then the values."""
    reply = await asking.resolve(X, types=["URL"], explain=True)

    assert [value.text for value in reply.values] == ["https://example.com/x"]
    assert reply.explanation.source == "upstream"
    assert [(hop.server, hop.response_code) for hop in reply.explanation.hops] == [
        (f"127.0.0.1:{tree.national.port}", 303),
        (f"127.0.0.1:{tree.secondary.port}", 1),
        (f"127.0.0.1:{tree.enterprise.port}", 1),
    ]


async def test_the_second_time_the_cache_answers(asking) -> None:
    """Nobody else is asked."""
    await asking.resolve(X)
    reply = await asking.resolve(X, explain=True)

    assert (reply.explanation.source, reply.explanation.hops) == ("cache", ())
    assert not reply.authoritative


async def test_the_enterprise_down_the_cache_still_answers(tree, asking) -> None:
    """Fresh answers need nobody."""
    await asking.resolve(X)
    await tree.stop(tree.enterprise)

    assert (await asking.resolve(X)).found


async def test_an_absent_identifier_is_not_found(asking) -> None:
    """The enterprise is the authority for that."""
    reply = await asking.resolve("88.118.8/absent")

    assert (reply.code, reply.values) == (100, ())


async def test_an_unregistered_prefix_is_not_found(asking) -> None:
    """The secondary node is the authority for what is below it."""
    assert (await asking.resolve("88.118.77/x")).code == 100


async def test_an_identifier_of_the_secondary_node_itself_is_resolved(asking) -> None:
    """Two tiers are enough."""
    assert (await asking.resolve("88.118/own")).first("url").text == "https://example.com/own"


async def test_a_bare_prefix_shows_where_it_lives(tree, asking) -> None:
    """What the field's own client asks before every identifier."""
    reply = await asking.resolve("88.118.8", types=["HS_SITE"])

    assert [value.type for value in reply.values] == ["HS_SITE"]
    assert reply.values[0].data == encode_site(site_of(tree.enterprise))


async def test_an_alias_is_followed_by_the_recursive_node(asking) -> None:
    """On request only."""
    plain = await asking.resolve("88.118.8/alias")
    followed = await asking.resolve("88.118.8/alias", follow_alias=True)

    assert plain.first("HS_ALIAS").text == X
    assert followed.first("URL").text == "https://example.com/x"


async def test_a_client_of_the_national_node_follows_referrals_itself(tree) -> None:
    """A node that does not recurse says where to go on."""
    async with Client(f"127.0.0.1:{tree.national.port}") as client:
        reply = await client.resolve(X)

    assert reply.first("URL").text == "https://example.com/x"
    assert [hop.response_code for hop in reply.hops] == [302, 302, 1]


async def test_a_client_that_does_not_follow_shows_the_referral(tree) -> None:
    """302 is then the reply."""
    async with Client(f"127.0.0.1:{tree.national.port}", follow_referrals=False) as client:
        assert (await client.resolve(X)).code == 302


async def test_a_direct_client_asks_the_enterprise_itself(tree) -> None:
    """The prefix once, then straight to its node."""
    async with Client(f"127.0.0.1:{tree.recursive.port}", direct=True) as client:
        first = await client.resolve(X)
        second = await client.resolve(X)

    enterprise = f"127.0.0.1:{tree.enterprise.port}"
    assert [hop.question for hop in first.hops] == ["88.118.8 HS_SITE HS_SITE.6 HS_SERV", X]
    assert [hop.server for hop in second.hops] == [enterprise]
    assert second.authoritative


async def test_a_direct_client_falls_back_to_the_recursive_node(tree) -> None:
    """An enterprise that is down may still be in the cache."""
    async with Client(f"127.0.0.1:{tree.recursive.port}", direct=True) as client:
        await client.resolve(X)
        async with Client(f"127.0.0.1:{tree.recursive.port}") as other:
            await other.resolve(X)
        await tree.stop(tree.enterprise)
        reply = await client.resolve(X)

    assert reply.found
    assert reply.server == f"127.0.0.1:{tree.recursive.port}"


async def test_a_batch_through_the_recursive_node_keeps_its_order(asking) -> None:
    """Found, absent and no identifier side by side."""
    replies = await asking.resolve_many([X, "88.118.8/absent", "88..1/x", X])

    assert [getattr(reply, "code", None) for reply in replies] == [1, 100, None, 1]


async def test_many_clients_at_once_cause_one_question(tree) -> None:
    """They share the flight."""
    async with Client(f"127.0.0.1:{tree.recursive.port}") as client:
        replies = await asyncio.gather(*(client.resolve(X) for _ in range(50)))

    assert all(reply.found for reply in replies)
    assert tree.enterprise.metrics.gathered().answered["udp", 1] == 1
