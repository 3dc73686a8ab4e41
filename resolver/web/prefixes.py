"""`/api/prefixes`: the prefixes this node answers for, and which it shall (`wire.md` §15; operations 300, 301 and 302)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from idis.proto.codes import OpCode, ResponseCode
from idis.registry.caller import Caller
from idis.registry.registration.checks import Refusal
from idis.resolver.admin.homing import Homing
from idis.resolver.admin.listing import Listing
from idis.resolver.web.callers import Callers
from idis.resolver.web.face import Face
from idis.resolver.web.json_reply import json_reply
from idis.resolver.web.parameters import BadParameter
from idis.resolver.web.paths import PREFIXES_PATH, rest_of
from idis.resolver.web.rest import answer_refusal, limited


class Prefixes:
    """Lists, homes and unhomes prefixes."""

    def __init__(self, face: Face, callers: Callers) -> None:
        self._face = face
        self._callers = callers
        self._listing = Listing(face.service.chain.store, face.registrar)
        self._homing = Homing(face.registrar, face.elsewhere, face.site)

    async def get(self, request: web.Request) -> web.Response:
        """The prefixes homed here."""
        if (busy := limited(request, self._face)) is not None:
            return self._refuse(request, busy)
        caller = await self._callers.caller_of(request)
        if isinstance(caller, Refusal):
            return self._refuse(request, caller)
        pages = await self._listing.names(OpCode.LIST_HOMED_PREFIXES, "/", caller)
        if isinstance(pages, Refusal):
            return self._refuse(request, pages)
        names = [name async for page in pages for name in page]
        return json_reply({"responseCode": int(ResponseCode.SUCCESS), "prefixes": names})

    async def post(self, request: web.Request) -> web.Response:
        """Home a prefix that its parent delegates to this node."""
        return await self._perform(request, self._homing.home)

    async def delete(self, request: web.Request) -> web.Response:
        """Unhome a prefix, which must have no records left."""
        return await self._perform(request, self._homing.unhome)

    async def _perform(self, request: web.Request, do: Callable[[str, Caller], Awaitable[Refusal | None]]) -> web.Response:
        try:
            named = rest_of(request, PREFIXES_PATH) if "prefix" in request.match_info else request.query.get("prefix", "")
        except BadParameter as error:
            return self._refuse(request, Refusal(ResponseCode.PROTOCOL_ERROR, str(error)))
        if not named:
            sentence = "name the prefix: /api/prefixes/0.NA/88.118.8, or ?prefix=0.NA/88.118.8"
            return self._refuse(request, Refusal(ResponseCode.PROTOCOL_ERROR, sentence))
        if (busy := limited(request, self._face)) is not None:
            return self._refuse(request, busy, named)
        caller = await self._callers.caller_of(request)
        refusal = caller if isinstance(caller, Refusal) else await do(named, caller)
        if refusal is not None:
            return self._refuse(request, refusal, named)
        return json_reply({"responseCode": int(ResponseCode.SUCCESS), "handle": named})

    def _refuse(self, request: web.Request, refusal: Refusal, handle: str = "") -> web.Response:
        return answer_refusal(request, self._callers, refusal, handle=handle)

