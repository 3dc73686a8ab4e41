"""Answers of the REST interface: JSON or JSONP, with the status its table gives each response code (`wire.md` §15)."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from idis.proto.codes import ResponseCode
from idis.resolver.web.answer_json import json_text

# Line separators end a JavaScript statement although JSON allows them in a string; an angle bracket could end a script.
_SCRIPT_ESCAPES = {0x2028: "\\u2028", 0x2029: "\\u2029", ord("<"): "\\u003c"}

STATUSES: dict[int, int] = {
    ResponseCode.SUCCESS: 200,
    ResponseCode.VALUES_NOT_FOUND: 200,
    ResponseCode.SERVICE_REFERRAL: 300,
    ResponseCode.PREFIX_REFERRAL: 300,
    ResponseCode.PROTOCOL_ERROR: 400,
    ResponseCode.INVALID_HANDLE: 400,
    ResponseCode.INVALID_VALUE: 400,
    ResponseCode.SERVER_NOT_RESPONSIBLE: 400,
    ResponseCode.INVALID_ADMIN: 403,
    ResponseCode.INSUFFICIENT_PERMISSIONS: 403,
    ResponseCode.AUTHENTICATION_NEEDED: 403,  # on plain HTTP, where no credentials may be asked for
    ResponseCode.AUTHENTICATION_FAILED: 403,
    ResponseCode.INVALID_CREDENTIAL: 403,
    ResponseCode.HANDLE_NOT_FOUND: 404,
    ResponseCode.HANDLE_ALREADY_EXISTS: 409,
    ResponseCode.VALUE_ALREADY_EXISTS: 409,
    ResponseCode.REGISTRATION_COUNT_LIMIT: 403,
    ResponseCode.PREFIX_LIMIT: 403,
    ResponseCode.DAILY_REQUEST_LIMIT: 503,
    ResponseCode.OPERATION_NOT_SUPPORTED: 501,
    ResponseCode.SERVER_TOO_BUSY: 503,
    ResponseCode.SERVER_BACKUP: 503,
}
_RETRY_AFTER_S = 1


def status_of(code: int, *, resolved: bool = True) -> int:
    """The HTTP status that reports a response code, of a resolution or of anything else; every code not in the table is 500."""
    if code == ResponseCode.VALUES_NOT_FOUND and not resolved:
        return 400
    return STATUSES.get(code, 500)


def json_reply(
    document: Mapping[str, object],
    status: int = 200,
    *,
    pretty: bool = False,
    callback: str = "",
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """A JSON document as the answer; wrapped in a call when a callback is named."""
    text = json_text(document, pretty=pretty)
    content_type = "application/json"
    if callback:
        # The comment in front keeps the octets from being read as anything but a script.
        text = f"/**/{callback}({text.translate(_SCRIPT_ESCAPES)});"
        content_type = "application/javascript"
    answer = web.Response(text=text, status=status, content_type=content_type, charset="utf-8", headers=headers)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    if status == 503:
        answer.headers["Retry-After"] = str(_RETRY_AFTER_S)
    return answer


def refusal(code: int, message: str, handle: str = "", **form: object) -> web.Response:
    """An error of the REST interface."""
    document: dict[str, object] = {"responseCode": int(code)}
    if handle:
        document["handle"] = handle
    document["message"] = message
    return json_reply(document, status_of(code), pretty=bool(form.get("pretty")), callback=str(form.get("callback", "")))
