"""Questions under a name: kept as documents, asked again and again, subscribed to (ISO/IEC 19987 §12.7).

A name belongs to whoever gave it: he and the operators may remove it. Whoever asks by a name sees of the answer what he may
see of events, not what the giver of the name may.
"""

from __future__ import annotations

import asyncio
import re
from functools import partial
from typing import Any
from urllib.parse import quote

from aiohttp import web

from idis.registry.caller import Action, Caller, Role
from idis.registry.document import DocumentKind, text_key
from idis.registry.store.base import ReadTxn, WriteTxn
from idis.registry.trace.event import Json
from idis.registry.trace.event_stream import parse_json
from idis.registry.trace.event_time import write_utc
from idis.registry.trace.writing import json_text
from idis.resolver.web.epcis.ask import BASE_PATH, Ask
from idis.resolver.web.epcis.events import answer_query, need_identity, read_query
from idis.resolver.web.epcis.exception import EpcisException, Kind
from idis.resolver.web.epcis.paging import page_of
from idis.resolver.web.epcis.query_document import json_reply
from idis.resolver.web.epcis.spool import small_body
from idis.resolver.web.epcis.streams import stream, wants_stream

QUERY_BYTES_MAX = 65_536
SUBSCRIPTIONS_MAX = 100  # of one question

_NAME = re.compile(r"[A-Za-z0-9._~-]{1,100}", re.ASCII)


async def list_queries(ask: Ask) -> web.StreamResponse:
    """`GET /queries`."""
    need_identity(ask)
    page = page_of(ask, "queries")
    with ask.store.read() as txn:
        documents = txn.documents(DocumentKind.EVENT_QUERY, page.after or None, page.size + 1)
    following = documents[page.size - 1][0] if len(documents) > page.size else None
    shown = [_shown(parse_json(document.decode())) for _, document in documents[: page.size]]
    return json_reply(shown, headers=page.link(ask, following))


async def post_query(ask: Ask) -> web.StreamResponse:
    """`POST /queries`: `{"name": …, "query": {…}}`."""
    need_identity(ask)
    if ask.caller.scope is not None and Action.TRACE not in ask.caller.scope.actions:
        raise EpcisException(Kind.SECURITY, "this token may not be used for 'trace'")
    body = await read_object(ask, QUERY_BYTES_MAX)
    name, query = body.get("name"), body.get("query")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise EpcisException(Kind.QUERY_VALIDATION, "name is 1 to 100 letters, digits, or characters of -._~")
    if not isinstance(query, dict) or not body.keys() <= {"name", "query"}:
        raise EpcisException(Kind.QUERY_VALIDATION, 'write {"name": "…", "query": {…}}')
    read_query(query)
    told = {"name": name, "query": query, "createdAt": write_utc(ask.now_ms), "createdBy": ask.caller.name}
    change = partial(_put, name=name, document=json_text(told).encode())
    done = await asyncio.wrap_future(ask.store.write(change, actor=ask.caller.name[:200]))
    if not done.result:
        raise EpcisException(Kind.ALREADY_EXISTS, f"there is a question of the name {name}: give another, or remove it first")
    return web.Response(status=201, headers={"Location": f"{BASE_PATH}/queries/{quote(name, safe='')}"})


async def get_query(ask: Ask) -> web.StreamResponse:
    """`GET /queries/{name}`."""
    need_identity(ask)
    return json_reply(_shown(find_query(ask)))


async def delete_query(ask: Ask) -> web.StreamResponse:
    """`DELETE /queries/{name}`, with all who subscribed to it."""
    need_identity(ask)
    told = find_query(ask)
    if not owns(ask.caller, told):
        raise EpcisException(Kind.SECURITY, "a question is removed by whoever gave it its name, or by an operator")
    change = partial(_delete, name=told["name"])
    await asyncio.wrap_future(ask.store.write(change, actor=ask.caller.name[:200]))
    return web.Response(status=204)


async def list_events_of_query(ask: Ask) -> web.StreamResponse:
    """`GET /queries/{name}/events`; over WebSocket or as server-sent events it goes on."""
    need_identity(ask)
    told = find_query(ask)
    if wants_stream(ask):
        return await stream(ask, read_query(told["query"]), told["name"])
    return await answer_query(ask, told["query"], told["name"])


def find_query(ask: Ask) -> dict[str, Any]:
    """The document of the question that a path names. Raises EpcisException."""
    name = ask.names["query"]
    with ask.store.read() as txn:
        found = query_of(txn, name)
    if found is None:
        raise EpcisException(Kind.NO_SUCH_NAME, "there is no question of this name")
    return found


def query_of(txn: ReadTxn, name: str) -> dict[str, Any] | None:
    """The document of a question; None where there is none of this name."""
    document = txn.document(DocumentKind.EVENT_QUERY, text_key(name)) if _NAME.fullmatch(name) else None
    return None if document is None else parse_json(document.decode())


def owns(caller: Caller, told: dict[str, Any]) -> bool:
    """Whether a caller made something, or operates the node."""
    return told["createdBy"] == caller.name or caller.holds(Role.OPERATOR, "")


async def read_object(ask: Ask, octets_max: int) -> dict[str, Json]:
    """The JSON object of a body. Raises EpcisException."""
    octets = await small_body(ask.request, octets_max)
    try:
        body = parse_json(octets.decode("utf-8-sig"))
    except ValueError as error:
        raise EpcisException(Kind.QUERY_VALIDATION, f"this is no JSON: {error}") from None
    if not isinstance(body, dict):
        raise EpcisException(Kind.QUERY_VALIDATION, "the body is a JSON object")
    return body


def _shown(told: dict[str, Any]) -> dict[str, Any]:
    return {"name": told["name"], "query": told["query"], "createdAt": told["createdAt"]}


def _put(txn: WriteTxn, name: str, document: bytes) -> bool:
    key = text_key(name)
    if txn.document(DocumentKind.EVENT_QUERY, key) is not None:
        return False
    txn.put_document(DocumentKind.EVENT_QUERY, key, document)
    return True


def _delete(txn: WriteTxn, name: str) -> None:
    txn.delete_document(DocumentKind.EVENT_QUERY, text_key(name))
    head = name.encode() + b"\x00"
    for key, _ in txn.documents(DocumentKind.EVENT_SUBSCRIPTION, head, SUBSCRIPTIONS_MAX):
        if not key.startswith(head):
            break
        txn.delete_document(DocumentKind.EVENT_SUBSCRIPTION, key)
