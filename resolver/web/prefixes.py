"""`/api/prefixes`: the prefixes this node answers for, and which it shall (`wire.md` §15; operations 300, 301 and 302)."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from idis.proto.codes import OpCode, ResponseCode
from idis.proto.errors import IdentifierError
from idis.proto.identifier import PREFIX_HANDLE_HEAD, fold, parse_prefix
from idis.registry.registration.checks import Refusal
from idis.registry.registration.life import Registered
from idis.registry.registration.prefix_acts import Home, PrefixAct, Unhome
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
        """Home a prefix."""
        return await self._perform(request, lambda prefix: Home(prefix, own=self._face.site))

    async def delete(self, request: web.Request) -> web.Response:
        """Unhome a prefix, which must have no records left."""
        return await self._perform(request, Unhome)

    async def _perform(self, request: web.Request, act: Callable[[str], PrefixAct]) -> web.Response:
        handle = ""
        try:
            prefix = _prefix_of(request)
            handle = f"{PREFIX_HANDLE_HEAD}{prefix}"
        except BadParameter as error:
            return self._refuse(request, Refusal(ResponseCode.PROTOCOL_ERROR, str(error)))
        except IdentifierError as error:
            return self._refuse(request, Refusal(ResponseCode.INVALID_HANDLE, str(error)))
        if (busy := limited(request, self._face)) is not None:
            return self._refuse(request, busy, handle)
        caller = await self._callers.caller_of(request)
        if isinstance(caller, Refusal):
            return self._refuse(request, caller, handle)
        done = await self._face.registrar.perform_prefix(act(prefix), caller)
        if isinstance(done, Refusal):
            return self._refuse(request, done, handle)
        assert isinstance(done, Registered), "homing waits for nobody"
        return json_reply({"responseCode": int(ResponseCode.SUCCESS), "handle": handle})

    def _refuse(self, request: web.Request, refusal: Refusal, handle: str = "") -> web.Response:
        return answer_refusal(request, self._callers, refusal, handle=handle)


def _prefix_of(request: web.Request) -> str:
    """The prefix that the path or the parameter `prefix` names, with or without `0.NA/`.

    Raises:
        BadParameter, IdentifierError: none, or no prefix.
    """
    named = rest_of(request, PREFIXES_PATH) if "prefix" in request.match_info else request.query.get("prefix", "")
    if not named:
        raise BadParameter("name the prefix: /api/prefixes/0.NA/88.118.8, or ?prefix=0.NA/88.118.8")
    bare = named[len(PREFIX_HANDLE_HEAD) :] if fold(named).startswith(fold(PREFIX_HANDLE_HEAD)) else named
    parse_prefix(bare)
    return bare
