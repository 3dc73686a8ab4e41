"""Who waits for changes, and a node that stops."""

from __future__ import annotations

import asyncio

from idis.proto.subscription import SubscribeReply, SubscribeRequest
from idis.registry.store.memory import MemoryStore
from idis.resolver.subscription.teller import Teller

WAIT_MS = 600_000


async def test_who_waits_is_answered_when_the_node_stops():
    """A stop waits for nobody's ten minutes; the answer says that nothing has changed."""
    store = MemoryStore()
    teller = Teller(store)
    with store.read() as txn:
        position = txn.position.encode()
    waiting = asyncio.create_task(teller.answer(SubscribeRequest(position, ("88.118.8",), WAIT_MS), "192.0.2.1"))
    await asyncio.sleep(0)
    teller.end()
    async with asyncio.timeout(10):
        reply = await waiting
        late = await teller.answer(SubscribeRequest(position, ("88.118.8",), WAIT_MS), "192.0.2.1")
    teller.close()

    assert reply == SubscribeReply(position)
    assert late == SubscribeReply(position)
