"""The EPCIS interface before its first request: imported when somebody asks, not while a node starts."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable

from aiohttp import web

from idis.resolver.web.callers import Callers
from idis.resolver.web.face import Face

_EPCIS = "idis.resolver.web.epcis.epcis"


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
