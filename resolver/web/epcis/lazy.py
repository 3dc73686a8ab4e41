"""The EPCIS interface before its first request and its first subscriber: imported when it is wanted, not while a node starts."""

from __future__ import annotations

import asyncio
import importlib
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web

from idis.registry.document import DocumentKind
from idis.registry.event_row import EventOrder
from idis.registry.store.base import ReadTxn, Store
from idis.resolver.commits import Commits
from idis.resolver.log import note
from idis.resolver.web.callers import Callers
from idis.resolver.web.face import Face

LOOK_S = 0.3  # between two looks; how long the first of them waits at most

_EPCIS = "idis.resolver.web.epcis.epcis"
_DELIVERY = "idis.resolver.web.epcis.delivery"
_FLAGGING = "idis.resolver.web.epcis.flagging"


class LazyEpcis:
    """Answers as `Epcis` does; the arguments are its."""

    def __init__(self, face: Face, callers: Callers) -> None:
        self._face = face
        self._callers = callers
        self._answer: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """One request."""
        if self._answer is None:
            module = await asyncio.to_thread(importlib.import_module, _EPCIS)
            self._answer = module.Epcis(self._face, self._callers).answer
        assert self._answer is not None, "it was made"
        return await self._answer(request)


def deliveries(face: Face) -> Callable[[web.Application], AsyncIterator[None]]:
    """Tells subscribers and flags what events recall while an application runs, from the first of each on."""
    store, commits = face.service.chain.store, face.commits

    async def deliver() -> None:
        await _until(store, commits, lambda txn: bool(txn.documents(DocumentKind.EVENT_SUBSCRIPTION, None, 1)))
        module = await asyncio.to_thread(importlib.import_module, _DELIVERY)
        await module.Deliveries(store, face.service.clock, face.config, random.random).run(commits)

    async def flag() -> None:
        await _until(store, commits, lambda txn: bool(txn.events(EventOrder.RECORDED, b"", b"\xff", 1)))
        module = await asyncio.to_thread(importlib.import_module, _FLAGGING)
        await module.Flagging(store, face.service.clock).run(commits)

    async def context(_app: web.Application) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(deliver(), name="subscriptions"), asyncio.create_task(flag(), name="recall flags")]
        for task in tasks:
            task.add_done_callback(_tell)
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    return context


def _tell(task: asyncio.Task[None]) -> None:
    """Say that something that should go on for ever has failed."""
    if not task.cancelled() and (error := task.exception()) is not None:
        note(logging.ERROR, f"{task.get_name()} failed", error=repr(error))


async def _until(store: Store, commits: Commits, there: Callable[[ReadTxn], bool]) -> None:
    """Wait until something is in the store."""
    while True:
        seen = store.last_transaction
        with store.read() as txn:
            if there(txn):
                return
        await asyncio.sleep(LOOK_S)
        await commits.beyond(seen)
