"""`POST /` with `application/x-hdl-message`: the binary protocol through HTTP (`wire.md` §8)."""

from __future__ import annotations

import asyncio

from aiohttp import web

from idis.proto.message import ENVELOPE_BYTES, MESSAGE_BYTES_MAX
from idis.resolver.chain import Deferred
from idis.resolver.recursion.tunnel import CONTENT_TYPE
from idis.resolver.request import HTTP
from idis.resolver.service import Service
from idis.resolver.web.body import octets_of
from idis.resolver.web.peer import peer_of


class Tunnel:
    """One frame in, one frame out."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def post(self, request: web.Request) -> web.Response:
        """Answer the frame in the body."""
        if request.content_type != CONTENT_TYPE:
            raise web.HTTPUnsupportedMediaType(text=f"the body must be {CONTENT_TYPE}")
        if CONTENT_TYPE not in request.headers.get("Accept", CONTENT_TYPE) and "*/*" not in request.headers.get("Accept", ""):
            raise web.HTTPNotAcceptable(text=f"the answer is {CONTENT_TYPE}")
        frame = await octets_of(request, self._service, ENVELOPE_BYTES + MESSAGE_BYTES_MAX)
        answered: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        parts = bytearray()

        def deliver(octets: bytes, *, more: bool = False) -> None:
            parts.extend(octets)
            if not more and not answered.done():
                answered.set_result(bytes(parts))

        with self._service.chain.batch(HTTP) as batch:
            reply = batch.answer(frame, peer_of(request), deliver)
        if isinstance(reply, Deferred):
            reply = await answered
        if not reply:
            raise web.HTTPBadRequest(text="the body is no message of the protocol")
        return web.Response(body=reply, content_type=CONTENT_TYPE)
