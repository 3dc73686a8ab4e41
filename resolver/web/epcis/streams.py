"""Answers that go on: a named question over WebSocket (ISO/IEC 19987 §12.8), or as server-sent events, which are ours."""

from __future__ import annotations

import asyncio
import contextlib

from aiohttp import WSMsgType, web

from idis.registry.event_row import PLACE_BYTES
from idis.registry.trace.event_query import EventQuery
from idis.registry.trace.event_sight import EventSight
from idis.registry.trace.kept_event import KeptEvent
from idis.registry.trace.writing import json_text
from idis.resolver.web.epcis.ask import Ask, common_headers
from idis.resolver.web.epcis.exception import EpcisException, Kind
from idis.resolver.web.epcis.following import end_of_events, follow
from idis.resolver.web.epcis.query_document import document, event_json
from idis.resolver.web.epcis.schedule import FIELDS, BadSchedule, Schedule, read_schedule

STREAMS_MAX = 200  # of one process: each is a connection and a look at the store every now and then
MESSAGE_BYTES_MAX = 4_096  # a listener has nothing to say
PING_S = 30.0
STREAM_S_MAX = 3_600.0  # then a listener comes again, with the rights he has by then

_open = 0


def wants_stream(ask: Ask) -> bool:
    """Whether an answer is to go on."""
    headers = ask.request.headers
    return headers.get("Upgrade", "").lower() == "websocket" or "text/event-stream" in headers.get("Accept", "")


async def stream(ask: Ask, query: EventQuery, name: str) -> web.StreamResponse:
    """Send the events that answer a question from now on."""
    global _open  # how many this process holds
    schedule = _controls(ask)
    if _open >= STREAMS_MAX:
        raise EpcisException(Kind.IMPLEMENTATION, f"{STREAMS_MAX} streams are open: close one, or come again", status=503)
    _open += 1
    try:
        if ask.request.headers.get("Upgrade", "").lower() == "websocket":
            return await _socket(ask, query, name, schedule)
        if schedule is not None:
            raise EpcisException(Kind.SUBSCRIPTION_CONTROLS, "server-sent events come at once: say stream=true")
        return await _server_sent(ask, query, name)
    finally:
        _open -= 1


def _controls(ask: Ask) -> Schedule | None:
    """The schedule a stream keeps to; None: at once. Raises EpcisException."""
    given = dict(ask.request.query)
    streams = given.pop("stream", "")
    fields = {name: value for name, value in given.items() if name in FIELDS}
    if strange := next((name for name in given if name not in FIELDS), None):
        raise EpcisException(Kind.QUERY_PARAMETER, f"{strange[:100]}: a stream knows only stream=true and a schedule")
    if (streams == "true") == bool(fields):
        raise EpcisException(Kind.SUBSCRIPTION_CONTROLS, f"say stream=true, or a schedule of {', '.join(FIELDS)}, and not both")
    try:
        return read_schedule(fields) if fields else None
    except BadSchedule as error:
        raise EpcisException(Kind.SUBSCRIPTION_CONTROLS, str(error)) from None


async def _socket(ask: Ask, query: EventQuery, name: str, schedule: Schedule | None) -> web.StreamResponse:
    place = _start(ask)  # before it is said that the stream has begun: nothing recorded from then on may be missed
    socket = web.WebSocketResponse(max_msg_size=MESSAGE_BYTES_MAX, heartbeat=PING_S, compress=False)
    common_headers(socket, ask.face.version)
    await socket.prepare(ask.request)
    sender = asyncio.create_task(_send(ask, socket, query, name, schedule, place))
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STREAM_S_MAX):
                async for message in socket:
                    if message.type is WSMsgType.ERROR:
                        break
        await socket.close()
    finally:
        sender.cancel()
        await asyncio.gather(sender, return_exceptions=True)
    return socket


async def _send(
    ask: Ask, socket: web.WebSocketResponse, query: EventQuery, name: str, schedule: Schedule | None, place: bytes
) -> None:
    async for found, _ in follow(ask.store, query, EventSight(ask.caller), place):
        if not found:
            continue
        if schedule is not None:
            now_s = ask.now_ms // 1_000
            await asyncio.sleep(schedule.after(now_s) - now_s)
        events = [event_json(one.event, digital_links=ask.digital_links) for one in found]
        await socket.send_str(json_text(document(events, ask.now_ms, query=name)))


async def _server_sent(ask: Ask, query: EventQuery, name: str) -> web.StreamResponse:
    """One message for each event; its id is where a listener that lost the connection goes on."""
    place = _start(ask)
    answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    common_headers(answer, ask.face.version)
    await answer.prepare(ask.request)
    await answer.write(b": following\n\n")
    with contextlib.suppress(TimeoutError, ConnectionResetError):
        async with asyncio.timeout(STREAM_S_MAX):
            async for found, _ in follow(ask.store, query, EventSight(ask.caller), place):
                await answer.write("".join(_message(ask, one, name) for one in found).encode() or b": still here\n\n")
    return answer


def _message(ask: Ask, one: KeptEvent, name: str) -> str:
    text = json_text(event_json(one.event, digital_links=ask.digital_links))
    return f"id: {one.place.hex()}\nevent: {name}\ndata: {text}\n\n"


def _start(ask: Ask) -> bytes:
    """Where a stream begins: behind the event the listener had last, or now."""
    try:
        last = bytes.fromhex(ask.request.headers.get("Last-Event-ID", ""))
    except ValueError:
        last = b""
    if len(last) == PLACE_BYTES:
        return last
    with ask.store.read() as txn:
        return end_of_events(txn)
