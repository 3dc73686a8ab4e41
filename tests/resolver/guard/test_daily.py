"""Daily quotas: one count for all processes, by Beijing's day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from idis.registry.daily_count import add_count, beijing_day, counted
from idis.registry.prefix import PrefixEntry
from idis.registry.store.lmdb import LmdbStore
from idis.registry.store.memory import MemoryStore
from idis.resolver.guard.daily import DailyCounts
from idis.resolver.node import Node
from tests.resolver.conftest import Client, StartNode

# 2026-11-25 00:00 in Beijing is 16:00 of the day before in universal time.
MIDNIGHT = 1_795_536_000
PREFIX = "88.118.8"


class Clock:
    """Steady time."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return self.seconds


def take(counts: DailyCounts, store: MemoryStore, now: int, quota: int = 3) -> bool:
    """One resolution."""
    with store.read() as txn:
        return counts.take(PREFIX, quota, txn, now)


def test_a_day_begins_at_midnight_in_beijing() -> None:
    """Eight hours before it does in Greenwich."""
    assert beijing_day(MIDNIGHT) == beijing_day(MIDNIGHT - 1) + 1
    assert beijing_day(MIDNIGHT + 86_399) == beijing_day(MIDNIGHT)


def test_the_quota_is_used_up_and_comes_back_at_midnight() -> None:
    """Three, and then none until the next day."""
    store = MemoryStore()
    counts = DailyCounts(store, Clock())

    assert [take(counts, store, MIDNIGHT - 10) for _ in range(4)] == [True, True, True, False]
    assert take(counts, store, MIDNIGHT)


async def test_processes_share_one_count() -> None:
    """What one has answered, the other knows a second after it was added; a restart forgets nothing."""
    store, clock = MemoryStore(), Clock()
    one, other = DailyCounts(store, clock), DailyCounts(store, clock)
    assert take(other, store, MIDNIGHT)
    assert [take(one, store, MIDNIGHT) for _ in range(2)] == [True, True]
    await one.finish()
    await other.finish()
    clock.seconds = 2.0

    assert not take(other, store, MIDNIGHT)
    assert not take(DailyCounts(store, clock), store, MIDNIGHT)


def test_what_comes_late_is_not_counted_on_the_next_day() -> None:
    """A process that adds after midnight adds to a day that is over."""
    store, day = MemoryStore(), beijing_day(MIDNIGHT)
    totals = [
        store.write(lambda txn, when=when, n=n: add_count(txn, PREFIX, when, n), actor="test").result().result
        for when, n in ((day, 5), (day - 1, 7), (day, 1))
    ]
    with store.read() as txn:
        assert counted(txn, PREFIX, day) == 6
        assert counted(txn, PREFIX, day + 1) == 0
    assert totals == [5, 0, 6]


@pytest.mark.parametrize("asked", ["udp", "tcp", "idis"])
async def test_a_node_refuses_what_is_beyond_the_quota(
    start_node: StartNode,
    client_of: Callable[[Node], Client],
    frame: Callable[..., bytes],
    code: Callable[[bytes], int],
    asked: str,
) -> None:
    """With 603 to whoever speaks IDIS, with 3 to the others; the prefix itself is free, and another one is not touched."""
    node = await start_node()
    set_quota(node._store, 2)
    client = client_of(node)

    async def ask(name: str) -> int:
        if asked == "udp":
            return code((await client.ask_udp(frame(name)))[0])
        return code(await client.ask_tcp(frame(name, tail=bytes(4) if asked == "idis" else b"")))

    refused = 603 if asked == "idis" else 3
    assert [await ask(f"{PREFIX}/A1") for _ in range(3)] == [1, 1, refused]
    assert await ask(PREFIX) == 1


def set_quota(store: LmdbStore, quota: int) -> None:
    """Let the prefix pay for so many answers a day."""
    with store.read() as txn:
        entry = txn.prefix(PREFIX)
    assert isinstance(entry, PrefixEntry)
    store.write(lambda txn: txn.put_prefix(replace(entry, daily_quota=quota)), actor="test").result()
