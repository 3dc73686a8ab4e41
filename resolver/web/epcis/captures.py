"""Capture over REST: documents of events as jobs, and one event alone (ISO/IEC 19987 §12.6).

A job is answered when it is done: what is 202 is durable. So the job that its `Location` names is never running; it is kept
for those who ask later what became of their document.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

from aiohttp import web

from idis.registry.caller import Caller, Role
from idis.registry.document import DocumentKind
from idis.registry.registration.checks import Refusal
from idis.registry.store.base import ReadTxn, WriteTxn
from idis.registry.trace.capture import EVENTS_MAX, Behaviour, Captured, Fate, Ready, capture, keep_one, ready
from idis.registry.trace.event import Event
from idis.registry.trace.event_stream import parse_json
from idis.registry.trace.event_time import write_utc
from idis.registry.trace.reading import read_event
from idis.registry.trace.teller import Teller, teller_of
from idis.registry.trace.writing import json_text
from idis.resolver.web.epcis.ask import BASE_PATH, CAPTURE_BYTES_MAX, Ask
from idis.resolver.web.epcis.exception import EpcisException, Kind, problem_json, refused
from idis.resolver.web.epcis.paging import Page, page_of
from idis.resolver.web.epcis.query_document import json_reply
from idis.resolver.web.epcis.spool import small_body, spooled

EVENT_BYTES_MAX = 1_048_576  # of one event alone
JOBS_AT_ONCE = 4  # each holds a thread and a file; more wait for their sender to come again
JOB_DAYS = 30  # how long a job is kept
JOB_ERRORS_MAX = 200  # told of one job: they must fit into its document
_SWEEP_JOBS = 16  # old ones that a new one removes

_DAY_MS = 86_400_000


class Captures:
    """Takes events."""

    def __init__(self) -> None:
        self._running = 0

    async def post_document(self, ask: Ask) -> web.StreamResponse:
        """`POST /capture`."""
        behaviour = _behaviour(ask.request)
        teller = _teller(ask)
        if self._running >= JOBS_AT_ONCE:
            raise EpcisException(Kind.IMPLEMENTATION, "other documents are being captured: send this one again", status=503)
        self._running += 1
        try:
            async with spooled(ask.request) as path:
                begun_ms = ask.now_ms
                opened = partial(_open, path)
                captured = await asyncio.to_thread(capture, ask.store, opened, teller, behaviour, begun_ms)
        finally:
            self._running -= 1
        _check_document(captured)
        job = secrets.token_hex(8)
        key = begun_ms.to_bytes(8, "big") + bytes.fromhex(job)
        told = _job_json(key.hex(), captured, behaviour, begun_ms, ask.now_ms, ask.caller)
        change = partial(_put_job, key=key, told=told, before_ms=begun_ms - JOB_DAYS * _DAY_MS)
        await asyncio.wrap_future(ask.store.write(change, actor=ask.caller.name[:200]))
        return json_reply(told, 202, [("Location", f"{BASE_PATH}/capture/{key.hex()}"), *_limits()])

    async def list_jobs(self, ask: Ask) -> web.StreamResponse:
        """`GET /capture`: the caller's own, newest last."""
        page = page_of(ask, f"capture {ask.caller.name}")
        with ask.store.read() as txn:
            jobs, key = _jobs(txn, ask.caller, page)
        shown = [job for _, job in jobs]
        return json_reply(shown, headers=[*page.link(ask, key), *_limits()])

    async def get_job(self, ask: Ask) -> web.StreamResponse:
        """`GET /capture/{id}`."""
        try:
            key = bytes.fromhex(ask.names["job"])
        except ValueError:
            key = b""
        with ask.store.read() as txn:
            found = txn.document(DocumentKind.CAPTURE_JOB, key) if key else None
        job = None if found is None else json.loads(found)
        if job is None or not _may_see(ask.caller, job):
            raise EpcisException(Kind.NO_SUCH_RESOURCE, "there is no capture job of this id")
        return json_reply(job)

    async def options(self, ask: Ask) -> web.StreamResponse:
        """`OPTIONS /capture`: the limits."""
        return web.Response(status=204, headers=dict(_limits()) | {"Allow": "GET, HEAD, OPTIONS, POST"})

    async def post_event(self, ask: Ask) -> web.StreamResponse:
        """`POST /events`: one bare event."""
        teller = _teller(ask)
        octets = await small_body(ask.request, EVENT_BYTES_MAX)
        try:
            event = read_event(parse_json(octets.decode("utf-8-sig")))
        except ValueError as error:
            raise EpcisException(Kind.VALIDATION, f"this is no JSON: {error}") from None
        judged = ready(event, ask.now_ms) if isinstance(event, Event) else event
        if not isinstance(judged, Ready):
            raise EpcisException(Kind.VALIDATION, judged[0].message, errors=judged)
        done = await asyncio.wrap_future(ask.store.write(partial(keep_one, judged, teller), actor=teller.name[:200]))
        if done.result.fate is Fate.CONFLICT:
            raise EpcisException(Kind.ALREADY_EXISTS, f"the eventID {judged.event.event_id} belongs to another event")
        location = f"{BASE_PATH}/events/{quote(judged.event.event_id, safe='')}"
        return web.Response(status=201, headers={"Location": location})


def _open(path: Path) -> BinaryIO:
    return path.open("rb")


def _behaviour(request: web.Request) -> Behaviour:
    text = request.headers.get("GS1-Capture-Error-Behaviour", Behaviour.ROLLBACK.value)
    try:
        return Behaviour(text)
    except ValueError:
        raise EpcisException(Kind.VALIDATION, "GS1-Capture-Error-Behaviour is rollback or proceed") from None


def _teller(ask: Ask) -> Teller:
    with ask.store.read() as txn:
        teller = teller_of(txn, ask.caller)
    if isinstance(teller, Refusal):
        raise refused(teller)
    return teller


def _check_document(captured: Captured) -> None:
    """Refuse what is no document of events, or too long a one: nothing of it was kept."""
    if captured.too_many:
        raise EpcisException(Kind.CAPTURE_LIMIT, f"a document has at most {EVENTS_MAX} events: send several")
    if not captured.events:
        detail = captured.problems[0].message if captured.problems else "the document holds no event"
        raise EpcisException(Kind.VALIDATION, detail, errors=captured.problems)


def _limits() -> list[tuple[str, str]]:
    return [
        ("GS1-EPCIS-Capture-Limit", str(EVENTS_MAX)),
        ("GS1-EPCIS-Capture-File-Size-Limit", str(CAPTURE_BYTES_MAX)),
        ("GS1-Capture-Error-Behaviour", "rollback"),
    ]


def _job_json(
    job: str, captured: Captured, behaviour: Behaviour, begun_ms: int, ended_ms: int, caller: Caller
) -> dict[str, Any]:
    return {
        "captureID": job,
        "createdAt": write_utc(begun_ms),
        "finishedAt": write_utc(ended_ms),
        "running": False,
        "success": captured.success,
        "captureErrorBehaviour": behaviour.value,
        "errors": [problem_json(problem) for problem in captured.problems[:JOB_ERRORS_MAX]],
        "events": {
            "received": captured.events,
            "stored": captured.new,
            "known": captured.known,
            "refused": captured.refused,
            "warned": captured.warnings,
        },
        "capturedBy": caller.name,
    }


def _put_job(txn: WriteTxn, key: bytes, told: dict[str, Any], before_ms: int) -> None:
    for old, _ in txn.documents(DocumentKind.CAPTURE_JOB, None, _SWEEP_JOBS):
        if int.from_bytes(old[:8], "big") < before_ms:
            txn.delete_document(DocumentKind.CAPTURE_JOB, old)
    txn.put_document(DocumentKind.CAPTURE_JOB, key, json_text(told).encode())


def _jobs(txn: ReadTxn, caller: Caller, page: Page) -> tuple[list[tuple[bytes, Any]], bytes | None]:
    """The jobs of a page, and where the next one begins."""
    found: list[tuple[bytes, Any]] = []
    after = page.after or None
    while documents := txn.documents(DocumentKind.CAPTURE_JOB, after, page.size):
        for key, document in documents:
            job = json.loads(document)
            if _may_see(caller, job):
                if len(found) == page.size:
                    return found, found[-1][0]
                found.append((key, job))
        after = documents[-1][0]
    return found, None


def _may_see(caller: Caller, job: Any) -> bool:
    return job["capturedBy"] == caller.name or caller.holds(Role.OPERATOR, "") or caller.holds(Role.AUDITOR, "")
