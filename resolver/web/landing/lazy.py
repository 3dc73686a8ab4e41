"""The way of a bare identifier as a path: people get its page, programs its resolution. The page's parts are imported for the
first reader, not while a node starts."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from aiohttp import web

from idis.resolver.web.face import Face
from idis.resolver.web.links.preferences import read_accept
from idis.resolver.web.paths import HANDLES_PATH

_LANDING = "idis.resolver.web.landing.landing"


class LazyLanding:
    """Answers `GET /PREFIX/SUFFIX`."""

    def __init__(self, face: Face) -> None:
        self._face = face
        self._page: Callable[[web.Request], Awaitable[web.Response]] | None = None

    async def get(self, request: web.Request) -> web.StreamResponse:
        """The page, or the way to the JSON (`wire.md` §8)."""
        if not read_accept(",".join(request.headers.getall("Accept", []))).prefers("text/html"):
            location = HANDLES_PATH + quote(request.raw_path.lstrip("/"), safe="%/?=&:@!$'()*+,;~-._")
            raise web.HTTPFound(location, headers={"Vary": "Accept"})
        if self._page is None:
            module = await asyncio.to_thread(importlib.import_module, _LANDING)
            self._page = module.Landing(self._face).get
        assert self._page is not None, "it was made"
        return await self._page(request)
