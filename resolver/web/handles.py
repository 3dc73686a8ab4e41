"""`GET /api/handles/{identifier}`: resolution for people and back offices (`wire.md` §15)."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from aiohttp import web

from idis.proto.codes import ResponseCode
from idis.proto.dialect import FILTERS_MAX
from idis.proto.errors import IdentifierError
from idis.proto.exchange import request_message
from idis.proto.identifier import parse_identifier
from idis.proto.outcome import Answer, NotFound, NoValues, Outcome, Referral, Refused, outcome_code
from idis.proto.query import Query
from idis.proto.types.site_json import site_to_json
from idis.proto.value import INDEX_MAX, decode_values
from idis.resolver.recursion.resolved import Resolved
from idis.resolver.request import Peer, Request, Settled, Silence, SiteRecord
from idis.resolver.transports.http import HttpConnection
from idis.resolver.web.face import Face
from idis.resolver.web.json_reply import allowed_callback, json_reply, refusal, status_of
from idis.resolver.web.value_json import value_json

HANDLES_PATH = "/api/handles/"

_TRUE = ("", "true", "1", "yes")
_FALSE = ("false", "0", "no")


class BadParameter(ValueError):
    """A parameter that cannot be used; the text names it and what is allowed."""


@dataclass(frozen=True, slots=True)
class Form:
    """How the answer is to look."""

    pretty: bool = False
    callback: str = ""


class Handles:
    """Answers resolutions over HTTP with the steps every transport has."""

    def __init__(self, face: Face) -> None:
        self._face = face

    async def get(self, request: web.Request) -> web.Response:
        """One identifier."""
        form = Form()
        try:
            form = _form(request)
            spelling = _spelling(request)
            query = _query(spelling, request)
        except BadParameter as error:
            return _refuse(ResponseCode.PROTOCOL_ERROR, str(error), "", form)
        except IdentifierError as error:
            return _refuse(ResponseCode.INVALID_HANDLE, str(error), spelling, form)
        if _flag(request, "cert"):
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
            form = _form(request)
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


def _query(spelling: str, request: web.Request) -> Query:
    parameters = request.query
    indexes = parameters.getall("index", [])
    types = parameters.getall("type", [])
    if len(indexes) > FILTERS_MAX or len(types) > FILTERS_MAX:
        raise BadParameter(f"at most {FILTERS_MAX} indexes and types may be asked for")
    return Query(
        spelling=spelling,
        identifier=parse_identifier(spelling),
        indexes=tuple(_index(text) for text in indexes),
        types=tuple(types),
        public_only=_flag(request, "publicOnly", default=True),
        authoritative=_flag(request, "auth"),
        recursive=True,
        do_not_refer=_flag(request, "doNotRefer"),
    )


def _index(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 10 and 0 < int(text) <= INDEX_MAX:
        return int(text)
    raise BadParameter(f"index must be a whole number from 1 to {INDEX_MAX}")


def _form(request: web.Request) -> Form:
    callback = request.query.get("callback", "")
    if callback and not allowed_callback(callback):
        raise BadParameter("callback must be a name of letters, digits, '_', '$' and dots")
    return Form(_flag(request, "pretty"), callback)


def _flag(request: web.Request, name: str, *, default: bool = False) -> bool:
    """A boolean parameter; without a value it is true."""
    text = request.query.get(name)
    if text is None:
        return default
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise BadParameter(f"{name} must be true or false")


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
    code = outcome_code(outcome)
    document: dict[str, object] = {"responseCode": int(code), "handle": spelling}
    match outcome:
        case Answer(values=values):
            document["values"] = [value_json(value) for value in decode_values(values)]
        case Referral(values=values, handle=handle):
            document["message"] = "this name is answered by the sites below"
            if handle:
                document["referral"] = handle
            document["values"] = [value_json(value) for value in decode_values(values)] if values else []
        case NoValues():
            document["values"] = []
        case NotFound():
            document["message"] = "this identifier does not exist"
        case Refused(message=message):
            document["message"] = message
    return json_reply(document, status_of(code), pretty=form.pretty, callback=form.callback, headers=headers)


def _refuse(code: int, message: str, spelling: str, form: Form) -> web.Response:
    return refusal(code, message, spelling, pretty=form.pretty, callback=form.callback)
