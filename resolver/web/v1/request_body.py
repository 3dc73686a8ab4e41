"""The body of a request: of a known type, within its length, within its time."""

from __future__ import annotations

from aiohttp import web

from idis.proto.codes import ResponseCode
from idis.registry.registration.checks import Refusal
from idis.resolver.web.body import BodyTooLong, read_within
from idis.resolver.web.v1.problem import Problem, problem_of

_JSON = "application/json"


async def read_body(request: web.Request, octets_max: int, body_ms: int) -> bytes | Problem:
    """The octets of a JSON body, or what is wrong with them as a body.

    Args:
        request: whose body.
        octets_max: most octets it may have.
        body_ms: within how many milliseconds it must arrive.
    """
    if request.content_type != _JSON:
        return _refuse(415, f"send the body as {_JSON}")
    if (request.charset or "utf-8").lower().replace("_", "-") not in ("utf-8", "utf8"):
        return _refuse(415, "send the body in UTF-8")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        return _refuse(415, "send the body without Content-Encoding")
    try:
        return await read_within(request, octets_max, body_ms)
    except BodyTooLong:
        return _refuse(413, f"a body has at most {octets_max} octets: send less at once")
    except TimeoutError:
        return _refuse(408, f"the body did not arrive within {body_ms} ms")


def _refuse(status: int, detail: str) -> Problem:
    return problem_of(Refusal(ResponseCode.PROTOCOL_ERROR, detail), status)
