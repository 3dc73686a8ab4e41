"""A change at an enterprise's node ends what a recursive node has kept of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from idis.proto.types.site import Site
from idis.proto.value import Value
from idis.registry.caller import tool
from idis.registry.record import Record
from idis.registry.registration import acts
from idis.registry.registration.checks import Organisation, Refusal
from idis.registry.registration.consent import Awaiting
from idis.registry.registration.life import Event
from idis.registry.registration.prefix_acts import Advance, Delegate, PrefixAct, Revoke, perform_prefix
from idis.resolver.admin import concern
from idis.resolver.client import Client
from idis.resolver.config import RecursionSection, Tier
from idis.resolver.node import Node
from tests.waiting import WAIT_S_MAX, until

NAME = "88.118.8/A1"
DEADLINE_MS = 30_000  # no question fails because the machine is busy


async def shown(node: Node, name: str = NAME) -> str | int:
    """The first value of an answer, or its code."""
    async with Client(f"127.0.0.1:{node.port}", timeout_s=WAIT_S_MAX, follow_referrals=False) as client:
        reply = await client.resolve(name)
    return reply.values[0].text if reply.found else reply.code


def write(node: Node, name: str, text: str) -> None:
    """Change a record at its own node."""
    act = acts.Create(name, (Value(1, "URL", text.encode()),), True)
    done = node._store.write(lambda txn: acts.perform(txn, act, tool("test"), int(time.time())), actor="test").result(10).result
    assert isinstance(done, acts.Done)


async def becomes(node: Node, name: str, wanted: str | int) -> bool:
    """Whether an answer becomes another one."""

    async def is_so() -> bool:
        return await shown(node, name) == wanted

    return bool(await until(is_so))


@pytest.fixture
async def nodes(start_node: Callable[..., Awaitable[Node]]) -> tuple[Node, Node]:
    """An enterprise, and a recursive node that has its record, and the absence of another, in its cache."""
    enterprise = await start_node()
    recursion = RecursionSection(enabled=True, deadline_ms=DEADLINE_MS, roots=(f"127.0.0.1:{enterprise.port}",))
    recursive = await start_node("recursive", tier=Tier.RECURSIVE, prefixes=(), recursion=recursion)
    await shown(recursive)
    await shown(recursive, "88.118.8/new")
    await subscribed(recursive, 1)
    return enterprise, recursive


async def test_a_changed_record_is_known_soon(nodes: tuple[Node, Node]) -> None:
    """Long before its TTL of a day ends."""
    write(nodes[0], NAME, "https://example.com/changed")

    assert await becomes(nodes[1], NAME, "https://example.com/changed")


async def test_an_absence_ends_with_a_registration(nodes: tuple[Node, Node]) -> None:
    """What was not found is found."""
    assert await shown(nodes[1], "88.118.8/new") == 100
    write(nodes[0], "88.118.8/NEW", "https://example.com/new")

    assert await becomes(nodes[1], "88.118.8/new", "https://example.com/new")


async def test_other_answers_stay(nodes: tuple[Node, Node]) -> None:
    """Only what has changed is asked for again."""
    await shown(nodes[1], "88.118.8/big")
    assert nodes[1]._recursor is not None
    misses = nodes[1]._recursor.counters.misses
    write(nodes[0], NAME, "https://example.com/changed")
    await becomes(nodes[1], NAME, "https://example.com/changed")
    await shown(nodes[1], "88.118.8/big")

    assert nodes[1]._recursor.counters.misses == misses + 1


async def test_a_server_without_subscriptions_is_left_alone(
    start_node: Callable[..., Awaitable[Node]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked once, and its answers end with their TTL as before."""
    monkeypatch.setattr(concern, "OPERATIONS", concern.OPERATIONS - {9004})
    enterprise = await start_node()
    recursion = RecursionSection(enabled=True, deadline_ms=DEADLINE_MS, roots=(f"127.0.0.1:{enterprise.port}",))
    recursive = await start_node("recursive", tier=Tier.RECURSIVE, prefixes=(), recursion=recursion)
    await shown(recursive)

    assert await until(lambda: len(recursive._keeping) == 0)
    assert await shown(recursive) == "https://example.com/p/1"


# Prefixes.

PREFIX = "88.118.8"


def site_of(node: Node, port: int = 0) -> Site:
    """A node's site, or the same at a port where nobody is."""
    site = node._site
    server = site.servers[0]
    ways = tuple(replace(way, port=port or way.port) for way in server.interfaces)
    return replace(site, servers=(replace(server, interfaces=ways),))


def act_on(node: Node, *wanted: PrefixAct) -> None:
    """Do something with a prefix at the node that registers it, as two persons where it takes two."""
    for act in wanted:
        for person in ("one", "two"):
            change = node._store.write(
                lambda txn, act=act, person=person: perform_prefix(txn, act, tool(person), int(time.time())), actor="test"
            )
            done = change.result(10).result
            assert not isinstance(done, Refusal), done.message
            if not isinstance(done, Awaiting):
                break


@pytest.fixture
async def tree(start_node: Callable[..., Awaitable[Node]]) -> tuple[Node, Node, Node]:
    """A national node that delegates a prefix, its enterprise, and a recursive node that has asked for a record of it."""
    national = await start_node("national", tier=Tier.NATIONAL, prefixes=("88", "88.118"), records=())
    enterprise = await start_node()
    act_on(national, Delegate(PREFIX, (site_of(enterprise),), grant=True, organisation=Organisation("test")))
    recursion = RecursionSection(enabled=True, deadline_ms=DEADLINE_MS, roots=(f"127.0.0.1:{national.port}",))
    recursive = await start_node("recursive", tier=Tier.RECURSIVE, prefixes=(), recursion=recursion)
    assert await shown(recursive) == "https://example.com/p/1"
    await subscribed(recursive, 2)
    return national, enterprise, recursive


async def subscribed(recursive: Node, count: int) -> None:
    """Wait until so many servers have said where their journals are."""
    assert await until(lambda: sum(bool(server.position) for server in recursive._keeping._servers.values()) >= count)


async def test_a_suspended_prefix_is_answered_no_longer(tree: tuple[Node, Node, Node]) -> None:
    """What was kept of it is forgotten, and known again when it is resumed."""
    national, _enterprise, recursive = tree
    act_on(national, Advance(PREFIX, Event.SUSPEND))
    assert await becomes(recursive, NAME, 301)
    act_on(national, Advance(PREFIX, Event.RESUME))

    assert await becomes(recursive, NAME, "https://example.com/p/1")


async def test_a_revoked_prefix_is_answered_no_longer(tree: tuple[Node, Node, Node]) -> None:
    """For ever."""
    act_on(tree[0], Revoke(PREFIX, "closed"))

    assert await becomes(tree[2], NAME, 301)


async def test_what_stops_above_stops_below(tree: tuple[Node, Node, Node]) -> None:
    """The prefix above is suspended, and with it all that is below."""
    act_on(tree[0], Advance("88.118", Event.SUSPEND))

    assert await becomes(tree[2], NAME, 301)


async def test_new_sites_are_asked_at_once(tree: tuple[Node, Node, Node], start_node: Callable[..., Awaitable[Node]]) -> None:
    """The prefix moves to another node, whose record says something else."""
    other = await start_node("other", records=(Record(NAME, (Value(1, "URL", b"https://example.com/moved"),)),))
    act_on(tree[0], Delegate(PREFIX, (site_of(other),)))

    assert await becomes(tree[2], NAME, "https://example.com/moved")


async def test_a_prefix_that_was_unknown_is_found_when_it_is_granted(tree: tuple[Node, Node, Node]) -> None:
    """Its absence was kept."""
    national, enterprise, recursive = tree
    assert await shown(recursive, "88.118.9/A1") == 100
    act_on(national, Delegate("88.118.9", (site_of(enterprise),), grant=True, organisation=Organisation("test")))

    assert await becomes(recursive, "88.118.9/A1", 301)


async def test_other_prefixes_stay(tree: tuple[Node, Node, Node]) -> None:
    """Only what is at or below the prefix that has changed is asked for again."""
    national, _enterprise, recursive = tree
    assert recursive._recursor is not None
    misses = recursive._recursor.counters.misses
    told = recursive._keeping.told
    act_on(national, Delegate("88.120", (site_of(national),), grant=True, organisation=Organisation("test")))
    await asyncio.sleep(0.2)

    assert await shown(recursive) == "https://example.com/p/1"
    assert (recursive._recursor.counters.misses, recursive._keeping.told) == (misses, told)
