"""What goes wrong over EPCIS, as problem documents (RFC 7807) with the standard's own types."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any

from aiohttp import web

from idis.proto.codes import ResponseCode
from idis.registry.registration.checks import Refusal
from idis.registry.trace.event_problem import Problem
from idis.registry.trace.writing import json_text

PROBLEM_TYPE = "application/problem+json"
RETRY_AFTER_S = 1


class Kind(Enum):
    """The standard's exceptions, with the status and the title of each."""

    VALIDATION = ("ValidationException", 400, "the events cannot be accepted")
    QUERY_VALIDATION = ("QueryValidationException", 400, "the question is not well formed")
    QUERY_PARAMETER = ("QueryParameterException", 400, "a parameter cannot be used")
    SUBSCRIPTION_CONTROLS = ("SubscriptionControlsException", 400, "the subscription cannot be used")
    SECURITY = ("SecurityException", 403, "this is not allowed")
    NO_SUCH_NAME = ("NoSuchNameException", 404, "there is nothing of this name")
    NO_SUCH_RESOURCE = ("NoSuchResourceException", 404, "there is nothing at this path")
    NOT_ACCEPTABLE = ("NotAcceptableException", 406, "this form of answer is not available")
    ALREADY_EXISTS = ("ResourceAlreadyExistsException", 409, "it exists already")
    CAPTURE_LIMIT = ("CaptureLimitExceededException", 413, "this is more than is taken at once")
    QUERY_TOO_LARGE = ("QueryTooLargeException", 413, "the answer is larger than was asked for")
    QUERY_TOO_COMPLEX = ("QueryTooComplexException", 413, "answering would take too long")
    URI_TOO_LONG = ("URITooLongException", 414, "the address is too long")
    MEDIA_TYPE = ("UnsupportedMediaTypeException", 415, "this type of content cannot be read")
    IMPLEMENTATION = ("ImplementationException", 500, "this node failed to answer")


class EpcisException(Exception):
    """A request that is refused.

    Args:
        kind: why.
        detail: one sentence that says what to do.
        status: where it is not the kind's own.
        errors: what is wrong with events.
    """

    def __init__(self, kind: Kind, detail: str, *, status: int = 0, errors: Iterable[Problem] = ()) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.status = status or kind.value[1]
        self.errors = tuple(errors)
        self.challenges: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The problem document."""
        name, _, title = self.kind.value
        shown: dict[str, Any] = {
            "type": f"epcisException:{name}",
            "title": title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            shown["errors"] = [problem_json(problem) for problem in self.errors]
        return shown

    def reply(self) -> web.Response:
        """The answer."""
        answer = web.Response(text=json_text(self.to_json()), status=self.status, content_type=PROBLEM_TYPE)
        answer.headers["Cache-Control"] = "no-store"
        if self.status == 503:
            answer.headers["Retry-After"] = str(RETRY_AFTER_S)
        for challenge in self.challenges:
            answer.headers.add("WWW-Authenticate", challenge)
        return answer


def problem_json(problem: Problem) -> dict[str, Any]:
    """What is wrong with an event, in the form of a problem document."""
    return {
        "type": f"epcisException:{Kind.VALIDATION.value[0]}",
        "title": problem.rule,
        "status": Kind.VALIDATION.value[1],
        "detail": problem.message,
        "pointer": problem.pointer,
    }


def refused(refusal: Refusal) -> EpcisException:
    """The exception for a refusal of the registry."""
    match refusal.code:
        case ResponseCode.SERVER_TOO_BUSY | ResponseCode.SERVER_BACKUP:
            return EpcisException(Kind.IMPLEMENTATION, refusal.message, status=503)
        case ResponseCode.INSUFFICIENT_PERMISSIONS | ResponseCode.INVALID_ADMIN:
            return EpcisException(Kind.SECURITY, refusal.message)
        case _:
            return EpcisException(Kind.SECURITY, refusal.message, status=401)
