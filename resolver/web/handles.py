"""`GET /api/handles/{identifier}`: resolution for people and back offices (`wire.md` §15)."""

from __future__ import annotations

from aiohttp import web

from idis.proto.codes import ResponseCode
from idis.proto.errors import IdentifierError
from idis.proto.exchange import request_message
from idis.proto.outcome import Outcome, Refused, outcome_code
from idis.proto.query import Query
from idis.proto.types.site import encode_site
from idis.proto.types.site_json import site_to_json
from idis.registry.caller import Caller
from idis.registry.registration.checks import Refusal
from idis.resolver.admin.reading import answer_here
from idis.resolver.recursion.resolved import Resolved
from idis.resolver.request import Request, Settled, Silence, SiteRecord
from idis.resolver.web.answer_json import outcome_document
from idis.resolver.web.callers import Callers
from idis.resolver.web.face import Face
from idis.resolver.web.json_reply import json_reply, refusal, status_of
from idis.resolver.web.parameters import BadParameter, Form, certify_of, form_of, query_of
from idis.resolver.web.paths import spelling_of
from idis.resolver.web.peer import peer_of
from idis.resolver.web.rest import answer_refusal


class Handles:
    """Answers resolutions over HTTP with the steps every transport has; to who has proved an identity, with his own."""

    def __init__(self, face: Face, callers: Callers) -> None:
        self._face = face
        self._callers = callers

    async def get(self, request: web.Request) -> web.Response:
        """One identifier."""
        form, spelling = Form(), ""
        caller = await self._callers.caller_of(request)
        try:
            form = form_of(request.query.items())
            spelling = spelling_of(request)
            unproved = isinstance(caller, Refusal) or caller.anonymous
            query = query_of(spelling, request.query.items(), public_only=unproved)
            certified = certify_of(request.query.items())
        except BadParameter as error:
            return _refuse(ResponseCode.PROTOCOL_ERROR, str(error), "", form)
        except IdentifierError as error:
            return _refuse(ResponseCode.INVALID_HANDLE, str(error), spelling, form)
        if certified:
            sentence = "this node does not sign answers: ask without cert"
            return _refuse(ResponseCode.OPERATION_NOT_SUPPORTED, sentence, spelling, form)
        settled = caller if isinstance(caller, Refusal) else await self._settle(request, query, caller)
        if isinstance(settled, Refusal):
            return answer_refusal(request, self._callers, settled, handle=spelling, pretty=form.pretty)
        return _shown(settled, spelling, form)

    async def _settle(self, request: web.Request, query: Query, caller: Caller) -> Settled | Refusal:
        """What a question gets; a refusal where a proof may help."""
        settled: Settled | Refusal | None = None
        if not caller.anonymous and (own := self._face.service.chain.own_query(query)) is not None:
            settled = await answer_here(self._face.registrar, own, caller, encode_site(self._face.site))
        if settled is None:
            message = request_message(query, request_id=1, now=int(self._face.service.clock.time()))
            settled = await self._face.service.chain.resolve(Request(message, query, peer_of(request)))
        if isinstance(settled, Refused) and settled.code == ResponseCode.AUTHENTICATION_NEEDED:
            return Refusal(settled.code, settled.message or "some of these values are restricted: prove an identity")
        return settled

    async def get_site(self, request: web.Request) -> web.Response:
        """This node's own site record."""
        try:
            form = form_of(request.query.items())
        except BadParameter as error:
            return refusal(ResponseCode.PROTOCOL_ERROR, str(error))
        document = {"responseCode": int(ResponseCode.SUCCESS), "site": site_to_json(self._face.site)}
        return json_reply(document, pretty=form.pretty, callback=form.callback)


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
