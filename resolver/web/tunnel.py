"""`POST /` with `application/x-hdl-message`: the binary protocol through HTTP (`wire.md` §8)."""

from __future__ import annotations

import asyncio

from aiohttp import web

from idis.proto.message import ENVELOPE_BYTES, MESSAGE_BYTES_MAX
from idis.resolver.chain import Deferred
from idis.resolver.request import HTTP
from idis.resolver.service import Service
from idis.resolver.web.handles import peer_of

CONTENT_TYPE = "application/x-hdl-message"


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
        frame = await self._body(request)
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

    async def _body(self, request: web.Request) -> bytes:
        """The whole body, if it comes in time and is no longer than a message can be."""
        body = bytearray()
        try:
            async with asyncio.timeout(self._service.limits.body_ms / 1_000):
                async for chunk in request.content.iter_any():
                    body += chunk
                    if len(body) > ENVELOPE_BYTES + MESSAGE_BYTES_MAX:
                        raise web.HTTPRequestEntityTooLarge(ENVELOPE_BYTES + MESSAGE_BYTES_MAX, len(body))
        except TimeoutError:
            self._service.metrics.limited["body"] += 1
            late = web.HTTPRequestTimeout(text="the body did not arrive in time")
            late.force_close()
            raise late from None
        return bytes(body)
