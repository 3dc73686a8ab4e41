"""`/api/v1` before its first request: its table and models are imported when somebody asks, not while a node starts."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from idis.registry.caller import Caller
from idis.registry.registration.checks import Refusal
from idis.resolver.web.face import Face

_API = "idis.resolver.web.v1.api"


class LazyApi:
    """Answers as `Api` does; the arguments are its."""

    def __init__(
        self,
        face: Face,
        caller_of: Callable[[web.Request], Awaitable[Caller | Refusal]],
        challenges: Callable[[web.Request], Sequence[str]],
    ) -> None:
        self._face = face
        self._caller_of = caller_of
        self._challenges = challenges
        self._answer: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """One request."""
        if self._answer is None:
            module = await asyncio.to_thread(importlib.import_module, _API)
            self._answer = module.Api(self._face, self._caller_of, self._challenges).answer
        assert self._answer is not None, "it was made"
        return await self._answer(request)
