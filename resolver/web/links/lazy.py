"""The Digital Link resolver before its first request: imported when somebody asks, not while a node starts."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from idis.proto.schemes.gs1.application_identifiers import KEYS
from idis.proto.schemes.gs1.digital_link import WORDS

if TYPE_CHECKING:
    from aiohttp import web

    from idis.resolver.chain import Chain
    from idis.resolver.config import LinksSection
    from idis.resolver.web.callers import Callers
    from idis.resolver.web.face import Face
    from idis.resolver.web.links.kept import KeptReplies

DESCRIPTION_PATH = "/.well-known/gs1resolver"

_MODULE = "idis.resolver.web.links.digital_links"
# Keys in plain, words that stood for them once, and a segment that may be a compressed one.
_PATHS = (
    rf"/{{key:(?:{'|'.join(sorted(KEYS))})}}{{rest:(?:/[\s\S]*)?}}",
    rf"/{{word:(?:{'|'.join(sorted(WORDS))})}}/{{rest:[\s\S]*}}",
    r"/{segment:[A-Za-z0-9_-]{6,2048}/?}",
)


class LazyLinks:
    """Answers Digital Links by aiohttp, and has what answers them before it.

    Args:
        chain: the steps that every question passes.
        config: how this resolver answers.

    Attributes:
        kept: what answers plain requests at once; None before the first request.
    """

    def __init__(self, chain: Chain, config: LinksSection) -> None:
        self._chain = chain
        self._config = config
        self._answer: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None
        self.kept: KeptReplies | None = None

    def add_paths(self, app: web.Application, face: Face, callers: Callers) -> None:
        """Take the paths of Digital Links in an application."""

        async def answer(request: web.Request) -> web.StreamResponse:
            if self._answer is None:
                module = await asyncio.to_thread(importlib.import_module, _MODULE)
                links = module.DigitalLinks(self._chain, self._config, face, callers)
                self._answer, self.kept = links.answer, links.kept
            assert self._answer is not None, "it was made"
            return await self._answer(request)

        for path in (DESCRIPTION_PATH, *_PATHS):
            app.router.add_route("*", path, answer)
