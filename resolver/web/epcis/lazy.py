"""The EPCIS interface before its first request and its first subscriber: imported when it is wanted, not while a node starts."""

from __future__ import annotations

import asyncio
import importlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web

from idis.registry.document import DocumentKind
from idis.resolver.web.callers import Callers
from idis.resolver.web.face import Face

LOOK_S = 0.3  # how long the first subscriber waits

_EPCIS = "idis.resolver.web.epcis.epcis"
_DELIVERY = "idis.resolver.web.epcis.delivery"


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
    """Tells subscribers while an application runs, from the first one on."""
    store = face.service.chain.store

    async def deliver() -> None:
        seen = -1
        while True:
            if store.last_transaction != seen:
                seen = store.last_transaction
                with store.read() as txn:
                    if txn.documents(DocumentKind.EVENT_SUBSCRIPTION, None, 1):
                        break
            await asyncio.sleep(LOOK_S)
        module = await asyncio.to_thread(importlib.import_module, _DELIVERY)
        await module.Deliveries(store, face.service.clock, face.config, random.random).run()

    async def context(_app: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(deliver())
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    return context
