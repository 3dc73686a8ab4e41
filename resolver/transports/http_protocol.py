"""aiohttp's side of a connection, told how this node refuses what is no HTTP.

Left to itself aiohttp answers such octets in plain text, with the names of its own versions, and writes a traceback into
the log for each: a stranger could fill the disk with them.
"""

from __future__ import annotations

import json
import logging

from aiohttp import web
from aiohttp.http_exceptions import LineTooLong

from idis.proto.codes import ResponseCode
from idis.registry.registration.checks import Refusal
from idis.resolver.log import note
from idis.resolver.transports.http import HttpConnection
from idis.resolver.web.answer_json import SERVER

LINE_BYTES_MAX = 8_190  # of a request line, and of a header field: aiohttp's own default, and what proxies expect

_V1 = b"/api/v1/"


class HttpProtocol(web.RequestHandler):
    """One connection's parser and requests."""

    __slots__ = ()

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """The answer to octets that are no request; the connection ends with it."""
        if status >= 500:
            return super().handle_error(request, status, exc, message)
        connection = None if self.transport is None else self.transport.get_protocol()
        if isinstance(connection, HttpConnection):
            connection.broke()
        sentence, target = _sentence(exc, message or ""), _long_target(exc)
        note(logging.DEBUG, "http request malformed", peer=request.remote, reason=sentence)
        answer = _refusal(sentence, 414 if target else status, is_v1=target.startswith(_V1))
        answer.headers["Server"] = SERVER
        answer.force_close()
        return answer


def _refusal(sentence: str, status: int, is_v1: bool) -> web.Response:
    """In the form of whatever was asked."""
    if is_v1:
        # Imported when somebody asks like that: it comes with the models of /api/v1, which a node does without at first.
        from idis.resolver.web.v1.problem import problem_of, problem_reply

        return problem_reply(problem_of(Refusal(ResponseCode.PROTOCOL_ERROR, sentence), status))
    text = json.dumps({"responseCode": int(ResponseCode.PROTOCOL_ERROR), "message": sentence}, ensure_ascii=False)
    answer = web.Response(status=status, text=text, content_type="application/json")
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


def _long_target(exc: BaseException | None) -> bytes:
    """How the target of a request begins that is too long; empty where something else is wrong."""
    line = exc.args[0] if isinstance(exc, LineTooLong) else b""
    return bytes(line) if isinstance(line, bytes | bytearray) and line.startswith(b"/") else b""


def _sentence(exc: BaseException | None, message: str) -> str:
    """What is wrong, without the octets that were sent."""
    if isinstance(exc, LineTooLong):
        return f"a line of this request is longer than {LINE_BYTES_MAX} octets"
    first = message.partition("\n")[0].rstrip(":. ")
    return f"this is no HTTP request: {first[:1].lower()}{first[1:]}" if first else "this is no HTTP request"
