"""`/api/sessions`: the two sides prove to each other who they are, once for many requests (`wire.md` §15).

A session is begun with `POST /api/sessions`, which gives a nonce; who signs it is known in the session from then on. A
client that sends a nonce of its own, and nothing else, gets both signed with the key that stands in this node's HS_SITE.
What a client says, it may say in the Authorization header, in the address, or in a JSON body.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping

from aiohttp import web

from idis.proto.codes import ResponseCode
from idis.proto.errors import DataError
from idis.registry.caller import Caller
from idis.registry.registration.checks import Refusal
from idis.resolver.web.authorization import BadAuthorization, HandleScheme, handle_fields, handle_scheme
from idis.resolver.web.body import BODY_BYTES_MAX, octets_of
from idis.resolver.web.callers import NO_SESSION, Callers
from idis.resolver.web.face import Face
from idis.resolver.web.json_reply import json_reply, refusal
from idis.resolver.web.peer import is_secure
from idis.resolver.web.rest import limited
from idis.resolver.web.sessions import WebSession
from idis.resolver.web.value_reading import read_json

_PATH = "/api/sessions/this"
_PLAIN = "sessions are for HTTPS only: this connection is plain HTTP"


class SessionsApi:
    """Begins, shows, proves and ends sessions."""

    def __init__(self, face: Face, callers: Callers) -> None:
        self._face = face
        self._callers = callers

    async def post(self, request: web.Request) -> web.Response:
        """Begin a session; what proves an identity, or asks for the server's signature, may come with it."""
        said = await self._said(request)
        if isinstance(said, web.Response):
            return said
        if said.session_id:
            return _refuse(ResponseCode.PROTOCOL_ERROR, "a new session has no sessionId yet: send none")
        session = self._callers.open_session(request)
        answer = self._shown(request, session, said)
        answer.set_status(201)
        answer.headers["Location"] = _PATH
        return answer

    async def get(self, request: web.Request) -> web.Response:
        """What is known in a session."""
        return await self.put(request)

    async def put(self, request: web.Request) -> web.Response:
        """Prove an identity in a session, or ask for the server's signature."""
        said = await self._said(request)
        if isinstance(said, web.Response):
            return said
        session = self._callers.session(said.session_id) if said.session_id else None
        if session is None:
            return _refuse(ResponseCode.SESSION_TIMEOUT, NO_SESSION, 403)
        if not said.proves and not said.client_certificate:
            return self._shown(request, session, said)
        try:
            caller = await self._callers.by_handle_scheme(request, said)
        except BadAuthorization as error:
            return _refuse(ResponseCode.PROTOCOL_ERROR, str(error))
        if isinstance(caller, Refusal):
            return self._shown(request, session, said, failure=caller)
        return self._shown(request, session, said, caller=caller)

    async def delete(self, request: web.Request) -> web.Response:
        """End a session."""
        said = await self._said(request)
        if isinstance(said, web.Response):
            return said
        session = self._callers.session(said.session_id) if said.session_id else None
        if session is None:
            return _refuse(ResponseCode.SESSION_TIMEOUT, NO_SESSION, 403)
        self._callers.sessions.close(session)
        return web.Response(status=204)

    async def _said(self, request: web.Request) -> HandleScheme | web.Response:
        """What the request says in its header, its address and its body, the first of them before the others."""
        if not is_secure(request):
            return _refuse(ResponseCode.AUTHENTICATION_NEEDED, _PLAIN, 403)
        if (busy := limited(request, self._face)) is not None:
            return _refuse(busy.code, busy.message)
        try:
            fields = _lowered(await self._json(request)) | _lowered(request.query)
            return handle_scheme(fields | handle_fields(request.headers.get("Authorization", "")))
        except (BadAuthorization, DataError) as error:
            return _refuse(ResponseCode.PROTOCOL_ERROR, str(error))

    async def _json(self, request: web.Request) -> Mapping[str, object]:
        if not request.body_exists or request.content_type != "application/json":
            return {}
        octets = await octets_of(request, self._face.service, BODY_BYTES_MAX)
        document = read_json(octets) if octets else {}
        return document if isinstance(document, Mapping) else {}

    def _shown(
        self,
        request: web.Request,
        session: WebSession,
        said: HandleScheme,
        *,
        caller: Caller | None = None,
        failure: Refusal | None = None,
    ) -> web.Response:
        document: dict[str, object] = {
            "sessionId": session.session_id,
            "nonce": base64.b64encode(session.nonce).decode("ascii"),
        }
        if not said.proves:
            document |= self._callers.server_signature(request, session, said.cnonce)
        known = caller
        if known is None and failure is None and session.proven is not None:
            known = session.proven.caller(self._face.service.clock.monotonic())
        document["authenticated"] = known is not None
        if known is not None:
            document["id"] = session.shown or str(known.identity)
        if failure is not None:
            document |= {"error": failure.message, "responseCode": int(failure.code), "message": failure.message}
        return json_reply(document, 200 if failure is None else 401)


def _lowered(fields: Mapping[str, object]) -> dict[str, str]:
    """Names in lower case; an empty value is `true`, as in addresses."""
    shown = {}
    for name, value in fields.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        shown[name.lower()] = text or "true"
    return shown


def _refuse(code: int, message: str, status: int = 0) -> web.Response:
    answer = refusal(code, message)
    if status:
        answer.set_status(status)
    return answer
