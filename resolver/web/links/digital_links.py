"""Digital Links over HTTP by aiohttp: all methods, callers who prove who they are, pages for people."""

from __future__ import annotations

import logging
from http import HTTPStatus

from aiohttp import web

from idis.registry.registration.checks import Refusal
from idis.registry.store.base import StoreError
from idis.resolver.address import path_of
from idis.resolver.chain import Chain
from idis.resolver.config import LinksSection
from idis.resolver.log import note
from idis.resolver.web.callers import Callers
from idis.resolver.web.face import Face
from idis.resolver.web.landing.landing import Landing
from idis.resolver.web.landing.language import reader_of
from idis.resolver.web.landing.shown import Case, Shown
from idis.resolver.web.links.answering import Page, PageOf
from idis.resolver.web.links.description import description
from idis.resolver.web.links.kept import KeptReplies
from idis.resolver.web.links.lazy import DESCRIPTION_PATH
from idis.resolver.web.links.pages import TOLD, page_headers, page_of, trouble_page
from idis.resolver.web.links.preferences import read_accept
from idis.resolver.web.links.reply import CROSS_ORIGIN, Reply, not_allowed, options, problem
from idis.resolver.web.links.resolver import LinkResolver, Seen
from idis.resolver.web.peer import is_secure, peer_of
from idis.resolver.web.rest import answer_refusal, limited

_READING = ("GET", "HEAD")


class DigitalLinks:
    """Answers requests for GS1 keys, and for the description of this resolver.

    Attributes:
        kept: the same for plain requests, before aiohttp sees them.
    """

    def __init__(self, chain: Chain, config: LinksSection, face: Face, callers: Callers) -> None:
        self._face = face
        self._callers = callers
        self._config = config
        self._resolver = LinkResolver(chain, config)
        self._landing = Landing(face)
        self.kept = KeptReplies(chain, self._resolver)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """One request."""
        if request.method == "OPTIONS":
            return _sent(options())
        if request.method not in _READING:
            return _sent(not_allowed())
        if request.path == DESCRIPTION_PATH:
            return _sent(self._unchanged(request, description(self._config, _origin(request), self._face.config.node.name)))
        started = self._face.service.clock.monotonic()
        refused = limited(request, self._face)
        if refused is not None:
            return _sent(problem(HTTPStatus.SERVICE_UNAVAILABLE, refused.message))
        caller = await self._callers.caller_of(request)
        if isinstance(caller, Refusal):
            answer = answer_refusal(request, self._callers, caller)
            answer.headers.update(CROSS_ORIGIN)
            return answer
        seen = _seen(request)
        try:
            result = await self._resolver.resolve(seen, peer_of(request), caller, self._face)
        except StoreError as error:
            note(logging.ERROR, "digital link failed", path=seen.path, error=str(error))
            result = problem(HTTPStatus.INTERNAL_SERVER_ERROR, "this node cannot read its store")
        reply = self._unchanged(request, await self._shown(request, seen, result))
        self._resolver.count(reply, self._face.service.clock.monotonic() - started)
        return _sent(reply)

    async def _shown(self, request: web.Request, seen: Seen, result: Reply | Page) -> Reply:
        """The reply, for a person with a page as its content."""
        node = self._face.config.node.name
        if isinstance(result, Page):
            asked = self._resolver.read(seen)
            reader = reader_of(seen.languages, seen.path, request.query)
            record = await self._record(request, result) if result.of is PageOf.RECALL else None
            text = page_of(asked, result, node, self._config.root or seen.origin, reader, record)
            return Reply(result.reply.status, page_headers(result.reply, reader), text.encode())
        if result.status not in TOLD or not read_accept(seen.accept).prefers("text/html"):
            return result
        reader = reader_of(seen.languages, seen.path, request.query)
        text = trouble_page(seen.path, result, result.detail, node, reader)
        return Reply(result.status, page_headers(result, reader), text.encode())

    async def _record(self, request: web.Request, page: Page) -> Shown | None:
        """What the page of its finest record shows, if that can be had."""
        name = page.levels[0].records[0].identifier
        shown = await self._landing.shown(path_of(name).removeprefix("/"), peer_of(request))
        return shown if shown.case is Case.FOUND else None

    @staticmethod
    def _unchanged(request: web.Request, reply: Reply) -> Reply:
        """The reply, without its content where the client has it already."""
        known = request.headers.get("If-None-Match", "")
        if reply.status != HTTPStatus.OK or not reply.etag or reply.etag not in known:
            return reply
        return Reply(HTTPStatus.NOT_MODIFIED, tuple(pair for pair in reply.headers if pair[0] != "Content-Type"))


def _seen(request: web.Request) -> Seen:
    path, _, query = request.raw_path.partition("?")
    return Seen(
        path,
        query.partition("#")[0],
        _origin(request),
        ",".join(request.headers.getall("Accept", [])),
        ",".join(request.headers.getall("Accept-Language", [])),
    )


def _origin(request: web.Request) -> str:
    return f"{'https' if is_secure(request) else 'http'}://{request.host}"


def _sent(reply: Reply) -> web.Response:
    answer = web.Response(status=reply.status, body=reply.body)
    answer.headers.popall("Content-Type", None)
    answer.headers.extend(reply.headers)
    if reply.status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
        answer.headers["Content-Length"] = str(len(reply.body))  # of HEAD, too, where aiohttp leaves out a length of nothing
    return answer
