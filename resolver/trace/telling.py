"""Telling: what waits in the store is told to the nodes it is for, as long as the node runs (`tracing.md` §8.1, §8.3)."""

from __future__ import annotations

import asyncio
import logging

from idis.registry.store.base import Store, StoreError
from idis.registry.trace import notices, pointers
from idis.resolver.commits import Commits
from idis.resolver.log import note
from idis.resolver.recursion.recursor import Clock
from idis.resolver.trace.neighbours import Neighbours
from idis.resolver.trace.notices import tell_notices
from idis.resolver.trace.pointers import tell_due

EVER_MS = 2**63  # later than any due time
LOOK_S = 0.25  # between two looks; how long something waits at most where its node can be reached


async def keep_telling(store: Store, neighbours: Neighbours, clock: Clock, commits: Commits) -> None:
    """Tell what is due, for ever; ends by cancellation."""
    while True:
        known = store.last_transaction
        await asyncio.sleep(LOOK_S)
        try:
            await tell_due(store, neighbours, clock)
            await tell_notices(store, neighbours, clock)
            if not _waits(store):
                await commits.beyond(known)
        except StoreError as error:
            note(logging.WARNING, "what is to be told to other nodes waits", error=str(error))


def _waits(store: Store) -> bool:
    """Whether anything is to be told, now or later."""
    with store.read() as txn:
        return bool(pointers.due_now(txn, EVER_MS, 1) or notices.due_now(txn, EVER_MS, 1))
