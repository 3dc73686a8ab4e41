"""Every path of the HTTP face, and what holds for all of them: deadlines, CORS, errors as JSON below /api/."""

from __future__ import annotations

import logging

from aiohttp import web
from aiohttp.typedefs import Handler

from idis.proto.codes import ResponseCode
from idis.resolver.log import note
from idis.resolver.transports.http import HttpConnection
from idis.resolver.web.answer_json import SERVER
from idis.resolver.web.callers import Callers
from idis.resolver.web.did_documents import DID_PATH, DidDocuments
from idis.resolver.web.epcis.lazy import LazyEpcis, deliveries
from idis.resolver.web.face import Face
from idis.resolver.web.handle_writes import HandleWrites
from idis.resolver.web.handles import Handles
from idis.resolver.web.health import Health
from idis.resolver.web.json_reply import json_reply
from idis.resolver.web.landing.lazy import PATH as LANDING_PATH
from idis.resolver.web.landing.lazy import LazyLanding
from idis.resolver.web.links.lazy import LazyLinks
from idis.resolver.web.listing import HandleListing
from idis.resolver.web.page import Page
from idis.resolver.web.peer import PROXIES, networks_of
from idis.resolver.web.prefixes import Prefixes
from idis.resolver.web.sessions_api import SessionsApi
from idis.resolver.web.tunnel import Tunnel
from idis.resolver.web.v1.lazy import LazyApi
from idis.resolver.web.verifications import Verifications

HTTP_BODY_BYTES = 1_048_576  # memory of one request; nothing this face reads is larger

_API = "/api/"
_V1 = "/api/v1"  # knows the methods of its own paths, and has some more headers
_CORS_METHODS = "GET,POST,HEAD,PUT,DELETE"
_CORS_HEADERS = "X-Requested-With,Authorization,Origin,Accept,Content-Type"
_V1_METHODS = f"{_CORS_METHODS},PATCH"
_V1_HEADERS = f"{_CORS_HEADERS},If-Match,If-None-Match,Idempotency-Key"
_V1_SHOWN = "ETag,Location"
_CORS_AGE_S = "86400"


def application(face: Face, links: LazyLinks) -> web.Application:
    """The HTTP face of one node; `links` answers its GS1 keys."""
    app = web.Application(middlewares=[_timed, _cross_origin, _api_errors], client_max_size=HTTP_BODY_BYTES)
    app.on_response_prepare.append(_name_server)
    app[PROXIES] = networks_of(face.config.listen.proxies)
    callers, health = Callers(face), Health(face)
    app.router.add_get("/", Page(face).get)
    app.router.add_post("/", Tunnel(face.service).post)
    app.router.add_get("/healthz", health.alive)
    app.router.add_get("/readyz", health.ready)
    app.router.add_get("/metrics", health.metrics)
    _add_handles(app, face, callers)
    _add_sessions(app, face, callers)
    v1 = LazyApi(face, callers.caller_of, callers.challenges)
    app.router.add_route("*", r"/api/v1{rest:(/[\s\S]*)?}", v1.answer)
    app.cleanup_ctx.append(deliveries(face))
    app.router.add_route("*", r"/epcis/v2{rest:(/[\s\S]*)?}", LazyEpcis(face, callers).answer)
    app.router.add_get(DID_PATH + "{did:.+}", DidDocuments(face).get)
    links.add_paths(app, face, callers)
    app.router.add_get(LANDING_PATH, LazyLanding(face).get)
    return app


def _add_handles(app: web.Application, face: Face, callers: Callers) -> None:
    handles, writes, prefixes = Handles(face, callers), HandleWrites(face, callers), Prefixes(face, callers)
    app.router.add_get("/api/site", handles.get_site)
    app.router.add_get("/api/handles", HandleListing(face, callers).get)
    app.router.add_get("/api/handles/{identifier:.*}", handles.get)
    app.router.add_put("/api/handles/{identifier:.*}", writes.put)
    app.router.add_delete("/api/handles/{identifier:.*}", writes.delete)
    app.router.add_get("/api/prefixes", prefixes.get)
    for path in ("/api/prefixes", "/api/prefixes/{prefix:.*}"):
        app.router.add_post(path, prefixes.post)
        app.router.add_delete(path, prefixes.delete)


def _add_sessions(app: web.Application, face: Face, callers: Callers) -> None:
    sessions = SessionsApi(face, callers)
    app.router.add_post("/api/sessions{end:/?}", sessions.post)
    app.router.add_get("/api/sessions/this", sessions.get)
    app.router.add_put("/api/sessions/this", sessions.put)
    app.router.add_post("/api/sessions/this", sessions.put)  # as Handle's own browser client does
    app.router.add_delete("/api/sessions/this", sessions.delete)
    app.router.add_get("/api/verifications/{identity:.*}", Verifications(face, callers).get)


async def _name_server(_request: web.Request, answer: web.StreamResponse) -> None:
    """Which library serves is nobody's business."""
    answer.headers["Server"] = SERVER


@web.middleware
async def _timed(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Tell the connection when work on a request begins and ends."""
    transport = request.transport
    connection = transport.get_protocol() if transport is not None else None
    if not isinstance(connection, HttpConnection):
        return await handler(request)
    connection.began()
    try:
        return await handler(request)
    finally:
        connection.ended()


@web.middleware
async def _cross_origin(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let pages of any origin read the API, without credentials."""
    origin = request.headers.get("Origin")
    if not request.path.startswith(_API):
        return await handler(request)
    if _is_forged(request):
        sentence = "a page elsewhere sent this without asking first: use a client, or a script that may"
        return json_reply({"responseCode": int(ResponseCode.PROTOCOL_ERROR), "message": sentence}, 403)
    is_v1 = request.path.startswith(_V1)
    if request.method == "OPTIONS" and not is_v1:
        answer: web.StreamResponse = web.Response(status=204, headers={"Allow": "DELETE, GET, HEAD, OPTIONS, POST, PUT"})
    else:
        answer = await handler(request)
    if origin is not None:
        answer.headers["Access-Control-Allow-Origin"] = origin
        answer.headers["Vary"] = "Origin"
        if request.method == "OPTIONS":
            answer.headers["Access-Control-Allow-Methods"] = _V1_METHODS if is_v1 else _CORS_METHODS
            answer.headers["Access-Control-Allow-Headers"] = _V1_HEADERS if is_v1 else _CORS_HEADERS
            answer.headers["Access-Control-Max-Age"] = _CORS_AGE_S
        elif is_v1:
            answer.headers["Access-Control-Expose-Headers"] = _V1_SHOWN
    return answer


def _is_forged(request: web.Request) -> bool:
    """Whether a form or an image of another site writes in its reader's name, with credentials his browser keeps."""
    crosses = request.headers.get("Sec-Fetch-Site", "none") in ("cross-site", "same-site")
    unasked = request.headers.get("Sec-Fetch-Mode", "cors") in ("navigate", "no-cors")
    return crosses and unasked and request.method not in ("GET", "HEAD", "OPTIONS")


@web.middleware
async def _api_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What goes wrong below /api/ is told as JSON; a failure of ours is logged and told without its insides."""
    below_api = request.path.startswith(_API)
    try:
        return await handler(request)
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted({*error.allowed_methods, "OPTIONS"}))
        if not below_api:
            raise
        document = {"responseCode": int(ResponseCode.OPERATION_NOT_SUPPORTED), "message": f"allowed here: {allowed}"}
        return json_reply(document, 405, headers={"Allow": allowed})
    except web.HTTPNotFound:
        if not below_api:
            raise
        return json_reply({"responseCode": int(ResponseCode.ERROR), "message": "there is nothing at this path"}, 404)
    except web.HTTPException as error:
        if not below_api or error.status < 400:
            raise
        document = {"responseCode": int(ResponseCode.ERROR), "message": error.text or error.reason}
        return json_reply(document, error.status)
    except ConnectionResetError:
        # Whoever went away before he had sent all reads nothing any more, and nothing failed.
        return web.Response(status=400) if request.transport is None else _failed(request)
    except Exception:  # the outermost loop of one HTTP request: its asker gets 500, the others theirs
        return _failed(request)


def _failed(request: web.Request) -> web.StreamResponse:
    note(logging.ERROR, "http request failed", path=request.path, peer=request.remote, exc_info=True)
    return json_reply({"responseCode": int(ResponseCode.ERROR), "message": "this node failed to answer"}, 500)
