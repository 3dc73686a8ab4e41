"""Following: the events that answer a question from now on, in the order of recording, each once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from idis.registry.event_row import EventOrder
from idis.registry.store.base import ReadTxn, Store
from idis.registry.trace.event_query import EventQuery
from idis.registry.trace.event_search import EventSearch
from idis.registry.trace.event_sight import EventSight
from idis.registry.trace.kept_event import KeptEvent

LOOK_S = 0.2  # how long an event may wait until it is sent
BATCH_EVENTS = 100  # sent at once
QUIET_S = 15.0  # without a word


def end_of_events(txn: ReadTxn) -> bytes:
    """The place of the last event."""
    last = txn.events(EventOrder.RECORDED, b"", b"\xff", 1, newest_first=True)
    return last[0][0] if last else b""


async def new_events(store: Store, query: EventQuery, sight: EventSight, place: bytes) -> tuple[list[KeptEvent], bytes, bool]:
    """The next events behind a place that answer a question, at most BATCH_EVENTS; where to go on, and whether at once."""
    ahead = replace(query, order=EventOrder.RECORDED, newest_first=False)
    search = EventSearch(ahead, sight, BATCH_EVENTS, place)
    while not search.done:
        with store.read() as txn:
            search.step(txn)
        await asyncio.sleep(0)
    return search.found, search.key, search.more


async def follow(
    store: Store, query: EventQuery, sight: EventSight, place: bytes
) -> AsyncIterator[tuple[list[KeptEvent], bytes]]:
    """Batches of new events for ever, each with the place of the last event looked at; ends by cancellation.

    Every now and then an empty one comes, so that whoever sends them learns whether anybody still listens.
    """
    seen, quiet = -1, 0
    while True:
        transaction = store.last_transaction
        if transaction != seen:
            more = True
            while more:
                found, place, more = await new_events(store, query, sight, place)
                if found:
                    yield found, place
            seen = transaction
        await asyncio.sleep(LOOK_S)
        quiet += 1
        if quiet * LOOK_S >= QUIET_S:
            quiet = 0
            yield [], place
