"""A change at an enterprise's node ends what a recursive node has kept of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from idis.proto.value import Value
from idis.registry.caller import tool
from idis.registry.registration import acts
from idis.resolver.admin import concern
from idis.resolver.client import Client
from idis.resolver.config import RecursionSection, Tier
from idis.resolver.node import Node

NAME = "88.118.8/A1"
SOON_S = 3.0


async def shown(node: Node, name: str = NAME) -> str | int:
    """The first value of an answer, or its code."""
    async with Client(f"127.0.0.1:{node.port}", timeout_s=5, follow_referrals=False) as client:
        reply = await client.resolve(name)
    return reply.values[0].text if reply.found else reply.code


def write(node: Node, name: str, text: str) -> None:
    """Change a record at its own node."""
    act = acts.Create(name, (Value(1, "URL", text.encode()),), True)
    done = node._store.write(lambda txn: acts.perform(txn, act, tool("test"), int(time.time())), actor="test").result(10).result
    assert isinstance(done, acts.Done)


async def until(node: Node, name: str, wanted: str | int) -> bool:
    """Whether an answer becomes another one soon."""
    for _ in range(int(SOON_S / 0.02)):
        if await shown(node, name) == wanted:
            return True
        await asyncio.sleep(0.02)
    return False


@pytest.fixture
async def nodes(start_node: Callable[..., Awaitable[Node]]) -> tuple[Node, Node]:
    """An enterprise, and a recursive node that has its record, and the absence of another, in its cache."""
    enterprise = await start_node()
    recursion = RecursionSection(enabled=True, roots=(f"127.0.0.1:{enterprise.port}",))
    recursive = await start_node("recursive", tier=Tier.RECURSIVE, prefixes=(), recursion=recursion)
    await shown(recursive)
    await shown(recursive, "88.118.8/new")
    for _ in range(100):
        await asyncio.sleep(0.02)
        if any(server.position for server in recursive._keeping._servers.values()):
            break
    return enterprise, recursive


async def test_a_changed_record_is_known_soon(nodes: tuple[Node, Node]) -> None:
    """Long before its TTL of a day ends."""
    write(nodes[0], NAME, "https://example.com/changed")

    assert await until(nodes[1], NAME, "https://example.com/changed")


async def test_an_absence_ends_with_a_registration(nodes: tuple[Node, Node]) -> None:
    """What was not found is found."""
    assert await shown(nodes[1], "88.118.8/new") == 100
    write(nodes[0], "88.118.8/NEW", "https://example.com/new")

    assert await until(nodes[1], "88.118.8/new", "https://example.com/new")


async def test_other_answers_stay(nodes: tuple[Node, Node]) -> None:
    """Only what has changed is asked for again."""
    await shown(nodes[1], "88.118.8/big")
    assert nodes[1]._recursor is not None
    misses = nodes[1]._recursor.counters.misses
    write(nodes[0], NAME, "https://example.com/changed")
    await until(nodes[1], NAME, "https://example.com/changed")
    await shown(nodes[1], "88.118.8/big")

    assert nodes[1]._recursor.counters.misses == misses + 1


async def test_a_server_without_subscriptions_is_left_alone(
    start_node: Callable[..., Awaitable[Node]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked once, and its answers end with their TTL as before."""
    monkeypatch.setattr(concern, "OPERATIONS", concern.OPERATIONS - {9004})
    enterprise = await start_node()
    recursion = RecursionSection(enabled=True, roots=(f"127.0.0.1:{enterprise.port}",))
    recursive = await start_node("recursive", tier=Tier.RECURSIVE, prefixes=(), recursion=recursion)
    await shown(recursive)
    for _ in range(100):
        await asyncio.sleep(0.02)
        if not len(recursive._keeping):
            break

    assert len(recursive._keeping) == 0
    assert await shown(recursive) == "https://example.com/p/1"
