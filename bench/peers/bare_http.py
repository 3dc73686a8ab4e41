"""The bare HTTP handler our REST form is compared with: aiohttp, no look-up, an answer of the same size."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec

from idis.bench.asking.load import Question, Transport
from idis.bench.asking.plan import Dialect
from idis.bench.asking.questions import http_frames
from idis.bench.asking.sample import sample_identifier, sample_rows
from idis.bench.peers.contender import Contender, Face, Running, local, memory_of
from idis.bench.peers.dataset import PREFIX, identifiers
from idis.bench.peers.stage import HOST, Stage, answers_by_stream, free_port

_PROGRAM = "from idis.bench.peers.bare_http import serve; serve({port})"


def serve(port: int) -> None:
    """Answer every GET with the same JSON until ended."""
    import asyncio

    import uvloop
    from aiohttp import web

    row = json.loads(next(iter(sample_rows(PREFIX, 1))))
    body = json.dumps({"responseCode": 1, **row}, separators=(",", ":")).encode()

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    application = web.Application()
    application.router.add_get("/api/handles/{identifier:.+}", answer)
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    web.run_app(application, host=HOST, port=port, access_log=None, print=None)


def _start(stage: Stage, names: int) -> Running:
    port = free_port()
    question = Question(http_frames([sample_identifier(PREFIX, 0)], f"{HOST}:{port}"), Dialect.HTTP)
    process = stage.start([sys.executable, "-c", _PROGRAM.format(port=port)], "bare-http")
    stage.wait(process, "bare-http", answers_by_stream(port, question.frames.of(0)))
    every = Question(http_frames(identifiers(names), f"{HOST}:{port}"), Dialect.HTTP)
    # The same words for every name, so the identifier is not looked for.
    plain = Question(type(every.frames)(every.frames.octets, every.frames.ends), Dialect.HTTP)
    return Running({Transport.HTTP: Face(local(port), plain, process.pid, constant=True)}, None, memory_of(process.pid))


def _missing() -> str:
    return next((f"{name} is not installed" for name in ("aiohttp", "uvloop") if find_spec(name) is None), "")


BARE_HTTP = Contender("aiohttp, bare", _missing, _start)
