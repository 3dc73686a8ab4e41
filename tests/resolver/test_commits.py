"""Waiting for commits, of this process and of others."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from idis.registry.prefix import PrefixEntry
from idis.registry.store.base import Store
from idis.registry.store.lmdb import LmdbStore
from idis.registry.store.memory import MemoryStore
from idis.resolver.commits import Commits
from tests.waiting import WAIT_S_MAX

WRITE = """
import sys
from pathlib import Path
from idis.registry.prefix import PrefixEntry
from idis.registry.store.lmdb import LmdbStore
store = LmdbStore.open(Path(sys.argv[1]), exclusive=False)
store.write(lambda txn: txn.put_prefix(PrefixEntry("88.2")), actor="test").result()
store.close()
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LmdbStore]:
    """A store on disk, as a node has it."""
    made = LmdbStore.create(tmp_path / "data")
    yield made
    made.close()


@pytest.fixture(params=["ear", "looks"])
def commits(request: pytest.FixtureRequest, store: LmdbStore) -> Iterator[Callable[[], Commits]]:
    """Waiting on the store, by ear and by looking; made on the loop of the test."""
    made: list[Commits] = []

    def make() -> Commits:
        made.append(Commits(store, store.ear() if request.param == "ear" else None))
        return made[-1]

    yield make
    for one in made:
        one.close()


def write(store: Store) -> None:
    """One commit."""
    store.write(lambda txn: txn.put_prefix(PrefixEntry("88.1")), actor="test").result()


async def test_a_commit_wakes_all_who_wait(store: LmdbStore, commits: Callable[[], Commits]) -> None:
    """Whoever waits for something beyond what he knows is woken by the next commit."""
    waiting, known = commits(), store.last_transaction
    tasks = [asyncio.create_task(waiting.beyond(known)) for _ in range(3)]
    await asyncio.sleep(0)
    await asyncio.to_thread(write, store)
    async with asyncio.timeout(WAIT_S_MAX):
        await asyncio.gather(*tasks)

    assert store.last_transaction != known


async def test_a_commit_of_another_process_wakes(tmp_path: Path, store: LmdbStore, commits: Callable[[], Commits]) -> None:
    """What a command beside the node writes is heard as well."""
    waiting, known = commits(), store.last_transaction
    task = asyncio.create_task(waiting.beyond(known))
    await asyncio.to_thread(subprocess.run, [sys.executable, "-c", WRITE, str(tmp_path / "data")], check=True)
    async with asyncio.timeout(WAIT_S_MAX):
        await task

    assert store.last_transaction != known


async def test_what_is_there_already_is_not_waited_for(store: LmdbStore, commits: Callable[[], Commits]) -> None:
    """A commit between looking and waiting is not slept through."""
    waiting, known = commits(), store.last_transaction
    await asyncio.to_thread(write, store)
    async with asyncio.timeout(WAIT_S_MAX):
        await waiting.beyond(known)

    assert store.last_transaction != known


async def test_without_a_commit_the_time_ends_the_waiting(store: LmdbStore, commits: Callable[[], Commits]) -> None:
    """Nothing has happened, and the caller goes on."""
    waiting, known = commits(), store.last_transaction
    async with asyncio.timeout(WAIT_S_MAX):
        await waiting.beyond(known, 0.01)

    assert store.last_transaction == known


async def test_the_second_commit_is_heard_after_the_first(store: LmdbStore, commits: Callable[[], Commits]) -> None:
    """Who was woken waits again, and is woken again."""
    waiting = commits()
    seen = []
    for _ in range(2):
        known = store.last_transaction
        task = asyncio.create_task(waiting.beyond(known))
        await asyncio.sleep(0)
        await asyncio.to_thread(store.write(lambda txn: txn.add_audit(b"{}"), actor="test").result)
        async with asyncio.timeout(WAIT_S_MAX):
            await task
        seen.append(store.last_transaction - known)

    assert seen == [1, 1]


async def test_who_waits_may_be_woken_without_a_commit() -> None:
    """Something else is to be done; who waits again sleeps again."""
    store = MemoryStore()
    waiting, known = Commits(store, None), store.last_transaction
    first = asyncio.create_task(waiting.beyond(known))
    await asyncio.sleep(0)
    waiting.wake()
    async with asyncio.timeout(WAIT_S_MAX):
        await first
    second = asyncio.create_task(waiting.beyond(known))
    await asyncio.sleep(0)

    assert not second.done()
    second.cancel()


async def test_a_look_wakes_where_nothing_was_heard() -> None:
    """The node looks every second, should a file system keep silent about what others write."""
    store = MemoryStore()
    waiting = Commits(store, None)
    task = asyncio.create_task(waiting.beyond(store.last_transaction))
    await asyncio.sleep(0)
    write(store)
    waiting.look()
    async with asyncio.timeout(WAIT_S_MAX):
        await task

    assert task.done()
