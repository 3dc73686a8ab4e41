"""Who waits for changes, and a node that stops."""

from __future__ import annotations

import asyncio

import pytest

from idis.proto.subscription import SubscribeReply, SubscribeRequest, name_hash, prefix_hash
from idis.registry.prefix import PrefixEntry
from idis.registry.registration.checks import Refusal
from idis.registry.store.memory import MemoryStore
from idis.resolver.commits import Commits
from idis.resolver.subscription.teller import Teller
from tests.waiting import WAIT_S_MAX

WAIT_MS = 600_000


async def test_who_waits_is_answered_when_the_node_stops():
    """A stop waits for nobody's ten minutes; the answer says that nothing has changed."""
    store = MemoryStore()
    teller = Teller(store, Commits(store, None))
    with store.read() as txn:
        position = txn.position.encode()
    waiting = asyncio.create_task(teller.answer(SubscribeRequest(position, ("88.118.8",), WAIT_MS), "192.0.2.1"))
    await asyncio.sleep(0)
    teller.end()
    async with asyncio.timeout(WAIT_S_MAX):
        reply = await waiting
        late = await teller.answer(SubscribeRequest(position, ("88.118.8",), WAIT_MS), "192.0.2.1")
    teller.close()

    assert reply == SubscribeReply(position)
    assert late == SubscribeReply(position)


@pytest.mark.parametrize(
    ("asked", "hashes", "everything"),
    [
        (("88.",), (prefix_hash("88.118.8"),), False),
        (("88.118.",), (prefix_hash("88.118.8"),), False),
        (("88.1.",), (), False),
        (("86.",), (), False),
        (("88.118.8",), (), True),
        (("88.118.8.1",), (), True),
        (("88.118",), (), False),
    ],
)
async def test_who_is_told_of_a_prefix(asked: tuple[str, ...], hashes: tuple[bytes, ...], everything: bool) -> None:
    """Below a name with a dot the prefix alone, whole labels compared; at and below the prefix itself, everything."""
    store = MemoryStore()
    teller = Teller(store, Commits(store, None))
    with store.read() as txn:
        position = txn.position.encode()
    store.write(lambda txn: txn.put_prefix(PrefixEntry("88.118.8")), actor="test").result()
    reply = await teller.answer(SubscribeRequest(position, asked, 0), "192.0.2.1")
    teller.close()

    assert not isinstance(reply, Refusal)
    assert (reply.hashes, reply.everything) == (hashes, everything)


def test_a_prefix_is_not_mistaken_for_a_record() -> None:
    """Its hash is that of the name with nothing behind the slash, which no record has."""
    assert prefix_hash("88.118.8") == name_hash("88.118.8", "") != name_hash("88.118", "8")
