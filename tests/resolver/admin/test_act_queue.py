"""Acts on their way to the writer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from idis.proto.errors import IdentifierError
from idis.proto.types.admin import Admin, encode_admin
from idis.proto.value import Value, encode_values
from idis.registry.caller import Caller
from idis.registry.identity import identity_of
from idis.registry.prefix import PrefixEntry
from idis.registry.registration import acts, together
from idis.registry.registration.acts import Create, Delete, Done
from idis.registry.registration.together import Asked
from idis.registry.store.base import Committed, StoreBusy, StoreError, StoreFull, StorePoisoned, WriteTxn
from idis.registry.store.memory import MemoryStore
from idis.resolver.admin import act_queue as act_queue_module
from idis.resolver.admin.act_queue import ActQueue
from idis.resolver.admin.landing import Landing

OWNER = Caller("tcp 192.0.2.7", identity_of(300, "0.NA/88.118.8"))
NOW = 1_790_000_000


class Slow:
    """A store whose changes run when they are let."""

    def __init__(self) -> None:
        self.inner = MemoryStore()
        values = encode_values((Value(100, "HS_ADMIN", encode_admin(Admin("0.NA/88.118.8", 300))),))
        entry = PrefixEntry("88.118.8", homed=True, values=values)
        self.inner.write(lambda txn: txn.put_prefix(entry), actor="test").result()
        self.waiting: list[tuple[Callable[[WriteTxn], Any], Future[Committed[Any]]]] = []
        self.refuses: StoreError | None = None

    def write(self, change: Callable[[WriteTxn], Any], *, actor: str) -> Future[Committed[Any]]:
        """Keep it."""
        if self.refuses is not None:
            raise self.refuses
        future: Future[Committed[Any]] = Future()
        self.waiting.append((change, future))
        return future

    def let(self, *, fails: StoreError | None = None, twice: bool = False) -> None:
        """Run the first change, or refuse it before it runs."""
        change, future = self.waiting.pop(0)
        if fails is not None:
            future.set_exception(fails)
            return
        if twice:  # as a commit for which the map had to grow
            with pytest.raises(ZeroDivisionError):
                self.inner.write(lambda txn: (change(txn), 1 // 0), actor="test").result()
        done = self.inner.write(change, actor="test")
        if (error := done.exception()) is not None:
            future.set_exception(error)
        else:
            future.set_result(done.result())


@pytest.fixture
def store() -> Slow:
    """See above."""
    return Slow()


@pytest.fixture
def queue(store) -> ActQueue:
    """A queue before it."""
    return ActQueue(store, Landing())


def create(name: str) -> Asked:
    """An act of the owner."""
    return Asked(Create(f"88.118.8/{name}", (Value(1, "URL", b"u"),)), OWNER, NOW)


def ask(queue: ActQueue, *names: str) -> list[asyncio.Task[acts.Result]]:
    """Ask for records."""
    return [asyncio.ensure_future(queue.perform(create(name))) for name in names]


async def turn() -> None:
    """Let the loop do what there is."""
    for _ in range(3):
        await asyncio.sleep(0)


async def test_one_change_does_all_that_wait_when_it_begins(store, queue):
    """Those too that came after it was queued."""
    first = ask(queue, "a", "b")
    await turn()
    later = ask(queue, "c")
    await turn()
    queued = len(store.waiting)
    store.let()

    assert queued == 1
    assert await asyncio.gather(*first, *later) == [Done(f"88.118.8/{name}", 1) for name in "abc"]


async def test_who_comes_while_a_change_runs_gets_the_next(store, queue):
    """Nobody is left behind."""
    first = ask(queue, "a")
    await turn()
    store.let()
    second = ask(queue, "b")
    await asyncio.gather(*first)
    await turn()
    store.let()

    assert await asyncio.gather(*second) == [Done("88.118.8/b", 1)]


async def test_a_change_for_which_nobody_is_left_takes_nobody_when_it_ends(store, queue):
    """The change before it took its acts while they were being queued; who comes as it ends has a change of his own."""
    queue._call()
    tasks = ask(queue, "a")
    store.let()
    await turn()
    store.let()

    assert await asyncio.wait_for(asyncio.gather(*tasks), 5) == [Done("88.118.8/a", 1)]


async def test_a_commit_holds_so_many(store, queue, monkeypatch):
    """Those beyond the bound are taken by the next one."""
    monkeypatch.setattr(act_queue_module, "COMMIT_OPS_MAX", 2)
    asked = ask(queue, "a", "b", "c")
    await turn()
    store.let()
    await asyncio.gather(*asked[:2])
    late = asked[2].done()
    store.let()

    assert not late
    assert await asked[2] == Done("88.118.8/c", 1)


async def test_a_commit_holds_so_many_octets(store, queue, monkeypatch):
    """Large records come in commits of their own."""
    monkeypatch.setattr(act_queue_module, "OCTETS_MAX", 1)
    asked = ask(queue, "a", "b")
    await turn()
    store.let()
    await asked[0]
    late = asked[1].done()
    store.let()

    assert not late
    assert await asked[1] == Done("88.118.8/b", 1)


async def test_a_change_that_runs_twice_does_the_same(store, queue):
    """The engine repeats a commit when its map had to grow."""
    asked = ask(queue, "a", "b")
    await turn()
    store.let(twice=True)

    assert await asyncio.gather(*asked) == [Done("88.118.8/a", 1), Done("88.118.8/b", 1)]


async def test_an_act_that_raises_ends_nobody_else(store, queue, monkeypatch):
    """The others are done by changes of their own, and it gets what it raised."""
    perform = acts.perform

    def failing(txn: WriteTxn, act: acts.Act, *rest: Any, **more: Any) -> acts.Result:
        if act.identifier.endswith("b"):
            raise StoreError("the record is damaged")
        return perform(txn, act, *rest, **more)

    monkeypatch.setattr(together.acts, "perform", failing)
    asked = ask(queue, "a", "b", "c")
    await turn()
    while store.waiting:
        store.let()
        await turn()
    done = await asyncio.gather(*asked, return_exceptions=True)

    assert [done[0], done[2]] == [Done("88.118.8/a", 1), Done("88.118.8/c", 1)]
    assert str(done[1]) == "the record is damaged"


@pytest.mark.parametrize("error", [StoreBusy("full queue"), StoreFull("no room"), StorePoisoned("a flush failed")])
async def test_what_the_store_cannot_do_is_told_to_all_at_once(store, queue, error):
    """Nobody is tried again, and the queue goes on."""
    asked = ask(queue, "a", "b")
    await turn()
    store.let(fails=error)
    told = await asyncio.gather(*asked, return_exceptions=True)
    after = ask(queue, "c")
    await turn()
    store.let()

    assert told == [error, error]
    assert await after[0] == Done("88.118.8/c", 1)


async def test_a_store_that_takes_nothing_says_so(store, queue):
    """Everybody in the line is told, and may ask again."""
    store.refuses = StoreBusy("full queue")
    with pytest.raises(StoreBusy):
        await queue.perform(create("a"))
    store.refuses = None
    asked = ask(queue, "a")
    await turn()
    store.let()

    assert await asked[0] == Done("88.118.8/a", 1)


async def test_the_line_is_bounded(store, queue, monkeypatch):
    """Beyond the bound an act is refused as busy, nothing half-done."""
    monkeypatch.setattr(act_queue_module, "WRITE_QUEUE_MAX", 2)
    ask(queue, "a", "b")
    await turn()

    with pytest.raises(StoreBusy):
        await queue.perform(create("c"))


async def test_what_is_no_identifier_is_raised(store, queue):
    """As by a lone act."""
    asked = asyncio.ensure_future(queue.perform(Asked(Delete("88..8/a"), OWNER, NOW)))
    await turn()
    store.let()

    with pytest.raises(IdentifierError):
        await asked


async def test_whoever_is_gone_is_not_told(store, queue):
    """His act is done all the same, and his neighbour's too."""
    gone, stays = ask(queue, "a", "b")
    await turn()
    gone.cancel()
    await turn()
    store.let()
    result = await stays
    with store.inner.read() as txn:
        count = txn.stat("88.118.8").records

    assert result == Done("88.118.8/b", 1)
    assert count == 2


async def test_many_are_told_by_and_by(store, queue, monkeypatch):
    """Between some and the next, the loop does what else there is."""
    monkeypatch.setattr(act_queue_module, "TOLD_MAX", 1)
    asked = ask(queue, "a", "b", "c")
    await turn()
    store.let()
    counts = []
    while not all(task.done() for task in asked):
        await asyncio.sleep(0)
        counts.append(sum(task.done() for task in asked))

    assert [done.result() for done in asked] == [Done(f"88.118.8/{name}", 1) for name in "abc"]
    assert {1, 2} <= set(counts)
