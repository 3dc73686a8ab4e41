"""`GET /api/handles/{identifier}`: resolution for people and back offices (`wire.md` §15)."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from aiohttp import web

from idis.proto.codes import ResponseCode
from idis.proto.errors import IdentifierError
from idis.proto.exchange import request_message
from idis.proto.outcome import Outcome, outcome_code
from idis.proto.types.site_json import site_to_json
from idis.resolver.recursion.resolved import Resolved
from idis.resolver.request import Peer, Request, Settled, Silence, SiteRecord
from idis.resolver.transports.http import HttpConnection
from idis.resolver.web.answer_json import outcome_document
from idis.resolver.web.face import Face
from idis.resolver.web.json_reply import json_reply, refusal, status_of
from idis.resolver.web.parameters import BadParameter, Form, certify_of, form_of, query_of

HANDLES_PATH = "/api/handles/"

class Handles:
    """Answers resolutions over HTTP with the steps every transport has."""

    def __init__(self, face: Face) -> None:
        self._face = face

    async def get(self, request: web.Request) -> web.Response:
        """One identifier."""
        form = Form()
        try:
            form = form_of(request.query.items())
            spelling = _spelling(request)
            query = query_of(spelling, request.query.items())
            certified = certify_of(request.query.items())
        except BadParameter as error:
            return _refuse(ResponseCode.PROTOCOL_ERROR, str(error), "", form)
        except IdentifierError as error:
            return _refuse(ResponseCode.INVALID_HANDLE, str(error), spelling, form)
        if certified:
            sentence = "this node does not sign answers: ask without cert"
            return _refuse(ResponseCode.OPERATION_NOT_SUPPORTED, sentence, spelling, form)
        clock = self._face.service.clock
        message = request_message(query, request_id=1, now=int(clock.time()))
        settled = await self._face.service.chain.resolve(Request(message, query, peer_of(request)))
        return _shown(settled, spelling, form)

    async def get_list(self, request: web.Request) -> web.Response:
        """All identifiers of a prefix; it needs rights that cannot be shown over plain HTTP yet."""
        return refusal(ResponseCode.OPERATION_NOT_SUPPORTED, "this node does not list identifiers: ask for one of them")

    async def get_site(self, request: web.Request) -> web.Response:
        """This node's own site record."""
        try:
            form = form_of(request.query.items())
        except BadParameter as error:
            return refusal(ResponseCode.PROTOCOL_ERROR, str(error))
        document = {"responseCode": int(ResponseCode.SUCCESS), "site": site_to_json(self._face.site)}
        return json_reply(document, pretty=form.pretty, callback=form.callback)


def peer_of(request: web.Request) -> Peer:
    """Who asks over HTTP."""
    transport = request.transport
    connection = transport.get_protocol() if transport is not None else None
    if not isinstance(connection, HttpConnection):
        raise web.HTTPServiceUnavailable(text="the connection is gone")
    return connection.peer


def _spelling(request: web.Request) -> str:
    """The identifier of the path, percent-encoding undone exactly once.

    Raises:
        BadParameter: it is not UTF-8.
    """
    path = request.raw_path.partition("?")[0]
    encoded = path[path.index(HANDLES_PATH) + len(HANDLES_PATH) :]
    try:
        return unquote_to_bytes(encoded).decode("utf-8")
    except UnicodeDecodeError:
        raise BadParameter("the identifier is not UTF-8") from None


def _shown(settled: Settled, spelling: str, form: Form) -> web.Response:
    match settled:
        case Resolved(outcome=outcome, source=source, age_s=age_s, stale=stale):
            headers: dict[str, str] = {"Idis-Source": source}
            if source != "upstream":
                headers["Age"] = str(int(age_s))
            if stale:
                headers["Warning"] = '110 - "Response is Stale"'
            return _answer(outcome, spelling, form, headers)
        case Silence() | SiteRecord():
            raise AssertionError("a resolution over HTTP is always answered")
        case _:
            return _answer(settled, spelling, form, {"Idis-Source": "authority"})


def _answer(outcome: Outcome, spelling: str, form: Form, headers: dict[str, str]) -> web.Response:
    document, status = outcome_document(outcome, spelling), status_of(outcome_code(outcome))
    return json_reply(document, status, pretty=form.pretty, callback=form.callback, headers=headers)


def _refuse(code: int, message: str, spelling: str, form: Form) -> web.Response:
    return refusal(code, message, spelling, pretty=form.pretty, callback=form.callback)
