"""What went wrong, in one form for every path (RFC 9457), and the status that reports each response code here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from aiohttp import web

from idis.proto.codes import ResponseCode, response_code_name
from idis.registry.registration.checks import Refusal
from idis.resolver.web.v1.field import Field
from idis.resolver.web.v1.showing import show

PROBLEM_TYPE = "application/problem+json"
RETRY_AFTER_S = 1
PAGE_PATH = "/api/v1/"  # where the codes are explained

# 0 stands for every other code: what this node failed at.
STATUSES: dict[int, int] = {
    0: 500,
    ResponseCode.SERVER_TOO_BUSY: 503,
    ResponseCode.PROTOCOL_ERROR: 400,
    ResponseCode.OPERATION_NOT_SUPPORTED: 501,
    ResponseCode.SERVER_BACKUP: 503,
    ResponseCode.HANDLE_NOT_FOUND: 404,
    ResponseCode.HANDLE_ALREADY_EXISTS: 409,
    ResponseCode.INVALID_HANDLE: 422,
    ResponseCode.VALUES_NOT_FOUND: 404,
    ResponseCode.VALUE_ALREADY_EXISTS: 409,
    ResponseCode.INVALID_VALUE: 422,
    ResponseCode.SERVER_NOT_RESPONSIBLE: 404,
    ResponseCode.INVALID_ADMIN: 403,
    ResponseCode.INSUFFICIENT_PERMISSIONS: 403,
    ResponseCode.AUTHENTICATION_NEEDED: 401,
    ResponseCode.AUTHENTICATION_FAILED: 401,
    ResponseCode.INVALID_CREDENTIAL: 401,
    ResponseCode.AUTHENTICATION_TIMEOUT: 401,
    ResponseCode.AUTHENTICATION_ERROR: 401,
    ResponseCode.SESSION_TIMEOUT: 401,
    ResponseCode.DAILY_REQUEST_LIMIT: 503,
    ResponseCode.REGISTRATION_COUNT_LIMIT: 409,
    ResponseCode.PREFIX_LIMIT: 409,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong."""

    type: Annotated[str, Field("where this code is explained", "说明", example="/api/v1/#code-100")]
    title: Annotated[str, Field("the name of the response code", "名称", example="handle not found")]
    status: Annotated[int, Field("the HTTP status", "状态", 400, 599, example=404)]
    detail: Annotated[str, Field("one sentence that says what to do", "原因与办法", example="88.118.8/A1 is not registered")]
    code: Annotated[int, Field("the response code of the field's own protocol", "响应码", 0, 99_999, example=100)]
    pointer: Annotated[
        str | None, Field("where in the request: into the body as '#/values/0/index', or the name of a parameter", "位置")
    ] = None


@dataclass(frozen=True, slots=True)
class Outdated(Refusal):
    """The version that was expected is not the one that is there."""


@dataclass(frozen=True, slots=True)
class Untimely(Refusal):
    """What was asked for does not fit the present state of its subject."""


@dataclass(frozen=True, slots=True)
class Pointed(Refusal):
    """The refusal of one part of the request."""

    pointer: str


def outdated(version: int | None) -> Outdated:
    """The refusal that says which version is there; None: none is."""
    there = "there is nothing now" if version is None else f'it is at version "{version}"'
    return Outdated(ResponseCode.ERROR, f"it is not what If-Match or If-None-Match expects: {there}; read it again")


def status_of(refusal: Refusal) -> int:
    """The HTTP status that reports a refusal."""
    match refusal:
        case Outdated():
            return 412
        case Untimely():
            return 409
        case _:
            return STATUSES.get(refusal.code, STATUSES[0])


def problem_of(refusal: Refusal, status: int | None = None) -> Problem:
    """The problem that a refusal is, under another status where one is given."""
    shown = status or status_of(refusal)
    return Problem(
        type=f"{PAGE_PATH}#code-{int(refusal.code)}",
        title="precondition failed" if shown == 412 else title_of(refusal.code),
        status=shown,
        detail=refusal.message,
        code=int(refusal.code),
        pointer=refusal.pointer if isinstance(refusal, Pointed) else None,
    )


def title_of(code: int) -> str:
    """The name of a response code in words."""
    return response_code_name(code).replace("_", " ").lower()


def problem_reply(problem: Problem, headers: Mapping[str, str] | None = None) -> web.Response:
    """A problem as the answer."""
    answer = web.Response(
        text=json.dumps(show(problem), ensure_ascii=False), status=problem.status, headers=headers, content_type=PROBLEM_TYPE
    )
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    if problem.status in (429, 503):
        answer.headers["Retry-After"] = str(RETRY_AFTER_S)
    return answer
