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

# What the path of an identifier begins with: a handle's prefix, dotted numbers, an element string, the name of a scheme, an
# agency. A number alone, or letters alone, may be the address of anything.
PATH = (
    r"/{identifier:[0-9][^/]*/.+|[0-9]+(?:\.[0-9A-Za-z-]+)+|(?:\(|\[|%28|%5[Bb])[0-9].*|(?:VAA|MA\.)[0-9].*"
    r"|(?:hdl|doi|urn|did|ark|oid|ecode|info|imo|vin|cas|ec|un|sscc|gln|gmn|uscc|lei|iso15459|iso6346|bpn|duns|uuid):.+}"
)


class LazyLanding:
    """Answers `GET` of an identifier of any scheme, GS1 keys excepted, which have a resolver of their own."""

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
