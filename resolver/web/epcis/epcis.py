"""`/epcis/v2/`: finds what a path names, who asks, and turns every refusal into the standard's problem document."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from aiohttp import web

from idis.proto.errors import IdentifierError
from idis.registry.registration.checks import Refusal
from idis.registry.store.base import StoreBusy, StoreError
from idis.resolver.log import note
from idis.resolver.web.callers import Callers
from idis.resolver.web.epcis import events, named_queries, resources, subscriptions
from idis.resolver.web.epcis.ask import BASE_PATH, Answer, Ask, agree, common_headers
from idis.resolver.web.epcis.captures import Captures
from idis.resolver.web.epcis.exception import EpcisException, Kind, refused
from idis.resolver.web.face import Face
from idis.resolver.web.rest import limited

_PART = r"[^/]+"


@dataclass(frozen=True, slots=True)
class _Path:
    """A path with its variable parts, and what answers each method."""

    pattern: re.Pattern[str]
    methods: Mapping[str, Answer]


class Epcis:
    """Answers every path below BASE_PATH."""

    def __init__(self, face: Face, callers: Callers) -> None:
        self._face = face
        self._callers = callers
        self._paths = self._table()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """One request."""
        try:
            answer = await self._answer(request)
        except EpcisException as error:
            answer = self._refuse(request, error)
        except IdentifierError as error:
            answer = EpcisException(Kind.QUERY_PARAMETER, str(error)).reply()
        except StoreBusy as error:
            answer = EpcisException(Kind.IMPLEMENTATION, str(error), status=503).reply()
        except StoreError as error:
            note(logging.ERROR, "store failed", path=request.path, exc_info=True)
            answer = EpcisException(Kind.IMPLEMENTATION, f"this node cannot use its store: {error}").reply()
        if not answer.prepared:
            common_headers(answer, self._face.version)
        return answer

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if isinstance(refusal := limited(request, self._face), Refusal):
            raise EpcisException(Kind.IMPLEMENTATION, refusal.message, status=503)
        agree(request)
        path = request.rel_url.raw_path.removeprefix(BASE_PATH).rstrip("/") or "/"
        for known in self._paths:
            if (match := known.pattern.fullmatch(path)) is not None:
                break
        else:
            raise EpcisException(Kind.NO_SUCH_RESOURCE, f"there is nothing at this path: see {BASE_PATH}/")
        method = "GET" if request.method == "HEAD" else request.method
        act = known.methods.get(method)
        if act is None:
            return _not_allowed(method, known.methods)
        caller = await self._callers.caller_of(request)
        if isinstance(caller, Refusal):
            raise refused(caller)
        return await act(Ask(request, self._face, caller, _names(match)))

    def _refuse(self, request: web.Request, error: EpcisException) -> web.Response:
        if error.status == 401:
            error.challenges = tuple(self._callers.challenges(request))
        return error.reply()

    def _table(self) -> list[_Path]:
        captures = Captures()
        resource = f"(?P<resource>{'|'.join(resources.RESOURCES)})"
        query = f"/queries/(?P<query>{_PART})"
        table: dict[str, dict[str, Answer]] = {
            "/": {"GET": resources.list_root},
            "/capture": {"GET": captures.list_jobs, "POST": captures.post_document, "OPTIONS": captures.options},
            f"/capture/(?P<job>{_PART})": {"GET": captures.get_job},
            "/events": {"GET": events.list_events, "POST": captures.post_event},
            f"/events/(?P<event>{_PART})": {"GET": events.get_event},
            "/queries": {"GET": named_queries.list_queries, "POST": named_queries.post_query},
            query: {"GET": named_queries.get_query, "DELETE": named_queries.delete_query},
            f"{query}/events": {"GET": named_queries.list_events_of_query},
            f"{query}/subscriptions": {
                "GET": subscriptions.list_subscriptions,
                "POST": subscriptions.post_subscription,
            },
            f"{query}/subscriptions/(?P<subscription>{_PART})": {
                "GET": subscriptions.get_subscription,
                "DELETE": subscriptions.delete_subscription,
            },
            f"{query}/subscriptions/(?P<subscription>{_PART})/resume": {"POST": subscriptions.resume_subscription},
            f"/nextPageToken/(?P<token>{_PART})": {"DELETE": forget_token},
            f"/{resource}": {"GET": resources.list_members},
            f"/{resource}/(?P<member>{_PART})": {"GET": resources.get_member},
            f"/{resource}/(?P<member>{_PART})/events": {"GET": resources.list_events_of},
        }
        return [_Path(re.compile(pattern), methods) for pattern, methods in table.items()]


async def forget_token(_ask: Ask) -> web.StreamResponse:
    """`DELETE /nextPageToken/{token}`: nothing is held for one, so it is let go of already."""
    return web.Response(status=204)


def _names(match: re.Match[str]) -> dict[str, str]:
    try:
        return {name: unquote_to_bytes(text).decode("utf-8") for name, text in match.groupdict().items()}
    except UnicodeDecodeError:
        raise EpcisException(Kind.NO_SUCH_RESOURCE, "the path is not UTF-8, percent-encoded") from None


def _not_allowed(method: str, methods: Mapping[str, Answer]) -> web.Response:
    allowed = ", ".join(sorted({*methods, "OPTIONS", *(["HEAD"] if "GET" in methods else [])}))
    if method == "OPTIONS":
        return web.Response(status=204, headers={"Allow": allowed})
    answer = EpcisException(Kind.IMPLEMENTATION, f"allowed here: {allowed}", status=405).reply()
    answer.headers["Allow"] = allowed
    return answer
