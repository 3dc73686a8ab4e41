"""Subscriptions over REST: `/queries/{name}/subscriptions` (ISO/IEC 19987 §12.7.3). Delivery is `delivery.py`'s."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace
from functools import partial
from typing import Any

from aiohttp import web

from idis.registry.caller import Role
from idis.registry.document import DocumentKind
from idis.registry.event_row import recorded_head
from idis.registry.registration.checks import Refusal
from idis.registry.store.base import ReadTxn, WriteTxn
from idis.registry.trace.event import Json
from idis.registry.trace.event_time import read_time
from idis.registry.trace.teller import teller_of
from idis.resolver.web.epcis.ask import Ask
from idis.resolver.web.epcis.events import need_identity
from idis.resolver.web.epcis.exception import EpcisException, Kind, refused
from idis.resolver.web.epcis.following import end_of_events
from idis.resolver.web.epcis.named_queries import SUBSCRIPTIONS_MAX, find_query, read_object
from idis.resolver.web.epcis.query_document import json_reply
from idis.resolver.web.epcis.schedule import BadSchedule, read_schedule
from idis.resolver.web.epcis.subscription import Subscription, decode_subscription
from idis.resolver.web.epcis.webhook import fault_of, fault_of_name, guard_of

BODY_BYTES_MAX = 16_384
TOKEN_CHARACTERS_MAX = 500

_MEMBERS = frozenset(("dest", "signatureToken", "reportIfEmpty", "stream", "schedule", "initialRecordTime"))


async def list_subscriptions(ask: Ask) -> web.StreamResponse:
    """`GET /queries/{name}/subscriptions`: the caller's own."""
    need_identity(ask)
    name = find_query(ask)["name"]
    with ask.store.read() as txn:
        found = [one.to_json() for one in of_query(txn, name) if _owns(ask, one)]
    return json_reply(found)


async def post_subscription(ask: Ask) -> web.StreamResponse:
    """`POST /queries/{name}/subscriptions`."""
    need_identity(ask)
    name = find_query(ask)["name"]
    body = await read_object(ask, BODY_BYTES_MAX)
    with ask.store.read() as txn:
        if isinstance(teller := teller_of(txn, ask.caller), Refusal):
            raise refused(teller)
        place = end_of_events(txn)
        if sum(1 for _ in of_query(txn, name)) >= SUBSCRIPTIONS_MAX:
            raise EpcisException(Kind.SUBSCRIPTION_CONTROLS, f"{SUBSCRIPTIONS_MAX} have subscribed to {name}: remove one before")
    made = _read(ask, name, body, _first(body.get("initialRecordTime")) or place)
    if fault := await fault_of_name(made.dest, guard_of(ask.face.config.events)):
        raise _bad(fault)
    change = partial(_put, subscription=made)
    await asyncio.wrap_future(ask.store.write(change, actor=ask.caller.name[:200]))
    location = f"{ask.request.rel_url.raw_path.rstrip('/')}/{made.id}"
    return json_reply(made.to_json(), 201, [("Location", location)])


async def get_subscription(ask: Ask) -> web.StreamResponse:
    """`GET /queries/{name}/subscriptions/{id}`."""
    return json_reply(_find(ask).to_json())


async def delete_subscription(ask: Ask) -> web.StreamResponse:
    """`DELETE /queries/{name}/subscriptions/{id}`."""
    change = partial(_delete, key=_find(ask).key)
    await asyncio.wrap_future(ask.store.write(change, actor=ask.caller.name[:200]))
    return web.Response(status=204)


async def resume_subscription(ask: Ask) -> web.StreamResponse:
    """`POST /queries/{name}/subscriptions/{id}/resume`: try at once, and go on where it stopped. Our addition."""
    after = replace(_find(ask), given_up="", failures=0, failing_ms=0, due_ms=ask.now_ms)
    change = partial(put_again, subscription=after)
    if not (await asyncio.wrap_future(ask.store.write(change, actor=ask.caller.name[:200]))).result:
        raise EpcisException(Kind.NO_SUCH_NAME, "there is no subscription of this id")
    return json_reply(after.to_json())


def of_query(txn: ReadTxn, name: str) -> list[Subscription]:
    """All subscriptions to a question."""
    head = name.encode() + b"\x00"
    documents = txn.documents(DocumentKind.EVENT_SUBSCRIPTION, head, SUBSCRIPTIONS_MAX)
    return [decode_subscription(document) for key, document in documents if key.startswith(head)]


def put_again(txn: WriteTxn, subscription: Subscription) -> bool:
    """Keep a subscription as it is now, unless it was removed meanwhile; whether it was there."""
    if txn.document(DocumentKind.EVENT_SUBSCRIPTION, subscription.key) is None:
        return False
    _put(txn, subscription)
    return True


def _find(ask: Ask) -> Subscription:
    need_identity(ask)
    name = find_query(ask)["name"]
    with ask.store.read() as txn:
        found = next((one for one in of_query(txn, name) if one.id == ask.names["subscription"] and _owns(ask, one)), None)
    if found is None:
        raise EpcisException(Kind.NO_SUCH_NAME, "there is no subscription of this id")
    return found


def _owns(ask: Ask, subscription: Subscription) -> bool:
    return subscription.created_by == ask.caller.name or ask.caller.holds(Role.OPERATOR, "")


def _read(ask: Ask, name: str, body: dict[str, Json], place: bytes) -> Subscription:
    if strange := next((member for member in body if member not in _MEMBERS), None):
        raise _bad(f"there is no member {strange[:100]!r}: there are {', '.join(sorted(_MEMBERS))}")
    token, empty = body.get("signatureToken", ""), body.get("reportIfEmpty", False)
    if not isinstance(token, str) or len(token) > TOKEN_CHARACTERS_MAX or not (token.isascii() and token.isprintable()):
        raise _bad(f"signatureToken is at most {TOKEN_CHARACTERS_MAX} printable ASCII characters")
    if not isinstance(empty, bool):
        raise _bad("reportIfEmpty is true or false")
    schedule = _controls(body)
    now_ms = ask.now_ms
    due_ms = read_schedule(schedule).after(now_ms // 1_000) * 1_000 if schedule else now_ms
    caller = ask.caller
    return Subscription(
        id=secrets.token_hex(8),
        query=name,
        dest=_dest(ask, body.get("dest")),
        signature_token=token,
        report_if_empty=empty,
        schedule=schedule,
        created_by=caller.name,
        identity="" if caller.identity is None else str(caller.identity),
        token="" if caller.scope is None else caller.scope.token_id,
        created_ms=now_ms,
        place=place.hex(),
        due_ms=due_ms,
    )


def _controls(body: dict[str, Json]) -> dict[str, str]:
    """The schedule; empty where events are told at once."""
    stream, schedule = body.get("stream", False), body.get("schedule")
    if (stream is True) == (schedule is not None):
        raise _bad('say "stream": true, or a schedule, and not both')
    if schedule is None:
        return {}
    if not isinstance(schedule, dict):
        raise _bad("schedule is a JSON object")
    fields = {name: str(value) for name, value in schedule.items()}
    try:
        read_schedule(fields)
    except BadSchedule as error:
        raise _bad(str(error)) from None
    return fields


def _first(value: Any) -> bytes:
    """Where one begins who wants what was recorded from a time on; empty where he does not say."""
    if value is None:
        return b""
    read = read_time(value) if isinstance(value, str) else None
    if read is None:
        raise _bad("initialRecordTime is a time with its offset")
    return recorded_head(read[0])


def _dest(ask: Ask, value: Any) -> str:
    if fault := fault_of(value, guard_of(ask.face.config.events)):
        raise _bad(fault)
    return str(value)


def _bad(sentence: str) -> EpcisException:
    return EpcisException(Kind.SUBSCRIPTION_CONTROLS, sentence)


def _put(txn: WriteTxn, subscription: Subscription) -> None:
    txn.put_document(DocumentKind.EVENT_SUBSCRIPTION, subscription.key, subscription.encode())


def _delete(txn: WriteTxn, key: bytes) -> None:
    txn.delete_document(DocumentKind.EVENT_SUBSCRIPTION, key)
