"""`/api/v1`: finds the operation of a request, reads and checks what it brought, and answers in one form.

Everything that can be wrong with a request is found here, in a fixed order, before an operation sees it: rate, path and
method, proof of identity, what a token allows, parameters, headers, body.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

from aiohttp import web
from multidict import MultiMapping

from idis.proto.codes import ResponseCode
from idis.proto.errors import IdentifierError
from idis.registry.caller import Caller
from idis.registry.registration.checks import Refusal
from idis.registry.store.base import StoreError
from idis.resolver.log import note
from idis.resolver.web.face import Face
from idis.resolver.web.rest import limited
from idis.resolver.web.v1.condition import UNCONDITIONAL, Condition, read_tags
from idis.resolver.web.v1.field import members
from idis.resolver.web.v1.openapi import BASE_PATH, document, path_names
from idis.resolver.web.v1.operation import (
    Call,
    JsonText,
    KeyHeaders,
    Lines,
    Needs,
    Operation,
    Reply,
    VersionHeaders,
)
from idis.resolver.web.v1.page import page
from idis.resolver.web.v1.problem import Pointed, Problem, problem_of, problem_reply, status_of
from idis.resolver.web.v1.reading import Malformed, Unfit, Unmet, read_json, read_model, read_parameters
from idis.resolver.web.v1.request_body import read_body
from idis.resolver.web.v1.showing import show
from idis.resolver.web.v1.table import OPERATIONS

READ_AT_ONCE_BYTES = 16_384  # a millisecond of work
_WITH_SLASHES = ("suffix", "identifier", "beginning")

CallerOf = Callable[[web.Request], Awaitable[Caller | Refusal]]


@dataclass(frozen=True, slots=True)
class _Path:
    """One path of the table with its operations by method."""

    pattern: re.Pattern[str]
    operations: dict[str, Operation[Any, Any]]


class Api:
    """Answers every path below /api/v1.

    Args:
        face: the node.
        caller_of: who asks, or why his proof is not accepted.
        challenges: the WWW-Authenticate headers of an answer that asks for a proof.
    """

    def __init__(self, face: Face, caller_of: CallerOf, challenges: Callable[[web.Request], Sequence[str]]) -> None:
        self._face = face
        self._caller_of = caller_of
        self._challenges = challenges
        self._paths = _compile(OPERATIONS)
        self._document = ""
        self._page = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """One request."""
        try:
            return await self._answer(request)
        except Unfit as error:
            return problem_reply(problem_of(Pointed(ResponseCode.INVALID_VALUE, error.detail, error.pointer)))
        except Unmet as error:
            return problem_reply(problem_of(Pointed(ResponseCode.ERROR, error.detail, error.pointer), 412))
        except Malformed as error:
            return problem_reply(problem_of(Pointed(ResponseCode.PROTOCOL_ERROR, error.detail, error.pointer)))
        except IdentifierError as error:
            return problem_reply(problem_of(Refusal(ResponseCode.INVALID_HANDLE, str(error))))
        except StoreError as error:
            note(logging.ERROR, "store failed", path=request.path, exc_info=True)
            return problem_reply(problem_of(Refusal(ResponseCode.ERROR, f"this node cannot read its store: {error}")))
        except Exception:  # the outermost loop of one request: its asker gets 500, the others theirs
            note(logging.ERROR, "http request failed", path=request.path, peer=request.remote, exc_info=True)
            return problem_reply(problem_of(Refusal(ResponseCode.ERROR, "this node failed to answer")))

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if (busy := limited(request, self._face)) is not None:
            return problem_reply(problem_of(busy))
        path = request.rel_url.raw_path.removeprefix(BASE_PATH)
        method = "GET" if request.method == "HEAD" else request.method
        if path in ("", "/", "/openapi.json"):
            return self._describe(path, method)
        found = self._find(path)
        if found is None:
            return problem_reply(problem_of(Refusal(ResponseCode.ERROR, f"there is nothing at this path: see {BASE_PATH}/"), 404))
        known, match = found
        operation = known.operations.get(method)
        if operation is None:
            return _not_allowed(method, known.operations)
        caller = await self._identify(request, operation)
        if isinstance(caller, Refusal):
            # A proof that cannot be read is no better than one that is wrong.
            return self._refuse(request, caller, 401 if status_of(caller) == 400 else None)
        if (beyond := _refuse_beyond_scope(caller, operation)) is None:
            call = await self._read(request, operation, match, caller)
            if isinstance(call, Problem):
                return problem_reply(call)
            reply = await operation.answer(call)
        else:
            reply = beyond
        if isinstance(reply, Refusal):
            if operation.writes:
                subject = "/".join(map(unquote, match.groups())) or path
                self._face.registrar.tell_refused(caller, _words(operation.name), subject, reply)
            return self._refuse(request, reply)
        return await _send_lines(request, reply) if isinstance(reply, Lines) else _send(reply)

    def _find(self, path: str) -> tuple[_Path, re.Match[str]] | None:
        for known in self._paths:
            if (match := known.pattern.fullmatch(path)) is not None:
                return known, match
        return None

    async def _identify(self, request: web.Request, operation: Operation[Any, Any]) -> Caller | Refusal:
        caller = await self._caller_of(request)
        if isinstance(caller, Refusal):
            return caller
        if operation.needs is Needs.PROOF and caller.anonymous:
            return Refusal(
                ResponseCode.AUTHENTICATION_NEEDED, "prove an identity: send 'Authorization: Bearer idis_…', or a key's proof"
            )
        return caller

    async def _read(
        self, request: web.Request, operation: Operation[Any, Any], match: re.Match[str], caller: Caller
    ) -> Call[Any, Any] | Problem:
        parameters = read_parameters(operation.parameters, _given(operation, match, request.query))
        headers = request.headers
        key = read_parameters(KeyHeaders, _headers(KeyHeaders, headers)).key if operation.writes else None
        octets = b""
        body = None
        if operation.request is not None:
            arrived = await read_body(request, operation.body_bytes_max, self._face.config.limits.body_ms)
            if isinstance(arrived, Problem):
                return arrived
            octets = arrived
            body = await _read_model(operation.request, octets)
        condition = _condition(headers) if operation.versioned else UNCONDITIONAL
        digest = (
            _digest(request.method, request.raw_path, *(headers.get(name, "") for name in ("If-Match", "If-None-Match")), octets)
            if key
            else b""
        )
        return Call(self._face, caller, parameters, body, condition, key or "", digest)

    def _refuse(self, request: web.Request, refusal: Refusal, status: int | None = None) -> web.Response:
        answer = problem_reply(problem_of(refusal, status))
        if answer.status == 401:
            for challenge in self._challenges(request):
                answer.headers.add("WWW-Authenticate", challenge)
        return answer

    def _describe(self, path: str, method: str) -> web.Response:
        if method != "GET":
            return _not_allowed(method, {"GET": None})
        if path == "/openapi.json":
            if not self._document:
                told = document(OPERATIONS, self._face.version, self._face.config.node.name)
                self._document = json.dumps(told, ensure_ascii=False)
            return _of_this_version(web.Response(text=self._document, content_type="application/json"))
        if not self._page:
            self._page = page(OPERATIONS, self._face.version, self._face.config.node.name)
        answer = web.Response(text=self._page, content_type="text/html", charset="utf-8")
        answer.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
        return _of_this_version(answer)


def _refuse_beyond_scope(caller: Caller, operation: Operation[Any, Any]) -> Refusal | None:
    scope, action = caller.scope, operation.action
    if scope is None or action is None or action in scope.actions:
        return None
    sentence = f"this token may not be used for '{action.value}': make one whose actions include it"
    return Refusal(ResponseCode.INSUFFICIENT_PERMISSIONS, sentence)


def _words(name: str) -> str:
    """`transferPrefix` as the audit trail says it."""
    return re.sub("[A-Z]", lambda letter: f" {letter.group().lower()}", name)


def _compile(operations: Sequence[Operation[Any, Any]]) -> list[_Path]:
    """The paths of the table."""
    by_path: dict[str, dict[str, Operation[Any, Any]]] = {}
    for operation in operations:
        by_path.setdefault(operation.path, {})[operation.method] = operation
    return [_Path(_pattern(path), methods) for path, methods in by_path.items()]


def _pattern(path: str) -> re.Pattern[str]:
    """What the path of a request must match; only a suffix, a whole identifier and the beginning of a route may hold slashes."""
    pattern = re.escape(path)
    for name in path_names(path):
        pattern = pattern.replace(re.escape(f"{{{name}}}"), f"(?P<{name}>{'.+' if name in _WITH_SLASHES else '[^/]+'})")
    return re.compile(pattern)


async def _read_model(model: type[Any], octets: bytes) -> object:
    """The body as a model; a long one is read beside the loop, where nobody waits for it but its sender."""
    if len(octets) <= READ_AT_ONCE_BYTES:
        return read_model(model, read_json(octets))
    return await asyncio.to_thread(lambda: read_model(model, read_json(octets)))


def _given(operation: Operation[Any, Any], match: re.Match[str], query: MultiMapping[str]) -> Mapping[str, Sequence[str]]:
    """The texts of path and query by parameter."""
    in_path = path_names(operation.path)
    known = {member.name for member in members(operation.parameters)}.difference(in_path)
    if (strange := next((name for name in query if name not in known), None)) is not None:
        raise Malformed(strange[:100], f"there is no such parameter; there are {', '.join(sorted(known)) or 'none'}")
    given: dict[str, Sequence[str]] = {name: query.getall(name) for name in query}
    for name, text in match.groupdict().items():
        try:
            given[name] = [unquote_to_bytes(text).decode("utf-8")]
        except UnicodeDecodeError:
            raise Malformed(name, "this is not UTF-8, percent-encoded") from None
    return given


def _headers(model: type[Any], headers: MultiMapping[str]) -> Mapping[str, Sequence[str]]:
    return {member.name: headers.getall(member.name) for member in members(model) if member.name in headers}


def _condition(headers: MultiMapping[str]) -> Condition:
    given = read_parameters(VersionHeaders, _headers(VersionHeaders, headers))
    return Condition(
        None if given.match is None else read_tags(given.match, "If-Match"),
        None if given.none_match is None else read_tags(given.none_match, "If-None-Match"),
    )


def _digest(*parts: str | bytes) -> bytes:
    digest = blake2b(digest_size=32)
    for part in parts:
        octets = part.encode("utf-8", "backslashreplace") if isinstance(part, str) else part
        digest.update(len(octets).to_bytes(8, "big") + octets)
    return digest.digest()


def _not_allowed(method: str, operations: Mapping[str, object]) -> web.Response:
    """The methods there are: as the answer to OPTIONS, and as the refusal of any other."""
    allowed = ", ".join(sorted({*operations, "OPTIONS", *(["HEAD"] if "GET" in operations else [])}))
    if method == "OPTIONS":
        return web.Response(status=204, headers={"Allow": allowed})
    refusal = Refusal(ResponseCode.OPERATION_NOT_SUPPORTED, f"allowed here: {allowed}")
    return problem_reply(problem_of(refusal, 405), {"Allow": allowed})


def _of_this_version(answer: web.Response) -> web.Response:
    answer.headers["Cache-Control"] = "no-cache"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


def _send(reply: Reply) -> web.Response:
    text = reply.body.text if isinstance(reply.body, JsonText) else json.dumps(show(reply.body), ensure_ascii=False)
    answer = web.Response(text=text, status=reply.status, content_type="application/json", charset="utf-8")
    answer.headers["Cache-Control"] = "no-store"  # whose answer it is depends on who asked
    answer.headers["X-Content-Type-Options"] = "nosniff"
    if reply.version is not None:
        answer.headers["ETag"] = f'"{reply.version}"'
    if reply.location:
        answer.headers["Location"] = reply.location
    return answer


async def _send_lines(request: web.Request, reply: Lines) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Type": reply.content_type, "Cache-Control": "no-store"})
    answer.headers["X-Content-Type-Options"] = "nosniff"
    await answer.prepare(request)
    async for line in reply.lines:
        await answer.write(line)
    await answer.write_eof()
    return answer
