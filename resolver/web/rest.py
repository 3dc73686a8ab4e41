"""What every path of the REST interface does alike: keep to the rates, and refuse in the form of the field (`wire.md` §15)."""

from __future__ import annotations

from aiohttp import web

from idis.proto.codes import ResponseCode
from idis.proto.outcome import Refused
from idis.registry.registration.checks import Refusal
from idis.resolver.web.callers import Callers
from idis.resolver.web.face import Face
from idis.resolver.web.json_reply import json_reply, status_of
from idis.resolver.web.peer import is_secure, peer_of

# What a proof may mend is told with 401 and the ways to give one; over plain HTTP none may be asked for.
_MENDED_BY_PROOF = (
    ResponseCode.AUTHENTICATION_NEEDED,
    ResponseCode.AUTHENTICATION_FAILED,
    ResponseCode.AUTHENTICATION_TIMEOUT,
    ResponseCode.AUTHENTICATION_ERROR,
    ResponseCode.SESSION_TIMEOUT,
)
_HTTPS = "send this over HTTPS with your credentials; they are not taken over plain HTTP"


def limited(request: web.Request, face: Face) -> Refusal | None:
    """Whether this source asks too often."""
    service = face.service
    verdict = service.chain.limit(peer_of(request), service.clock.monotonic())
    return Refusal(verdict.code, verdict.message) if isinstance(verdict, Refused) else None


def answer_refusal(
    request: web.Request, callers: Callers, refusal: Refusal, *, handle: str = "", pretty: bool = False
) -> web.Response:
    """A refusal as JSON with its status; where a proof would help, the ways to give one."""
    document: dict[str, object] = {"responseCode": int(refusal.code)}
    if handle:
        document["handle"] = handle
    document["message"] = refusal.message
    if refusal.code not in _MENDED_BY_PROOF:
        return json_reply(document, status_of(refusal.code, resolved=False), pretty=pretty)
    if not is_secure(request):
        document["message"] = f"{refusal.message}; {_HTTPS}" if refusal.message else _HTTPS
        return json_reply(document, 403, pretty=pretty)
    answer = json_reply(document, 401, pretty=pretty)
    for challenge in callers.challenges(request):
        answer.headers.add("WWW-Authenticate", challenge)
    return answer
