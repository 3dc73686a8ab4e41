"""Delivery: telling subscribers, in order, each event once, again and again until they take it (`tracing.md` §5).

Every subscription has a place of its own in the order of recording, kept with it: it moves when the subscriber has answered
with success, and never back. A subscriber that does not answer waits longer each time; nobody waits for him.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from functools import partial

import aiohttp

from idis.registry.document import DocumentKind
from idis.registry.store.base import Store, StoreError, WriteTxn
from idis.registry.trace.event_query import BadQuery, parse_query
from idis.registry.trace.event_sight import EventSight
from idis.registry.trace.kept_event import KeptEvent
from idis.registry.trace.writing import json_text
from idis.resolver.log import note
from idis.resolver.recursion.recursor import Clock
from idis.resolver.web.epcis.ask import VERSION
from idis.resolver.web.epcis.following import new_events
from idis.resolver.web.epcis.named_queries import query_of
from idis.resolver.web.epcis.query_document import document, event_json
from idis.resolver.web.epcis.schedule import read_schedule
from idis.resolver.web.epcis.subscription import Subscription, decode_subscription

LOOK_S = 0.3  # how long an event may wait until its subscribers are told
SUBSCRIPTIONS_MAX = 10_000  # looked at each time
DELIVERIES_AT_ONCE = 8
ANSWER_S_MAX = 10.0  # a subscriber takes the events or does not; what he does with them is his own time
ANSWER_BYTES_MAX = 65_536
RETRY_MS_MIN, RETRY_MS_MAX = 1_000, 300_000

_ACTOR = "event subscriptions"


class Deliveries:
    """Tells subscribers of one node.

    Args:
        store: the node's.
        clock: the node's.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._running: dict[bytes, asyncio.Task[None]] = {}
        self._seen: dict[bytes, tuple[int, str]] = {}  # the transaction and place at which there was nothing to tell

    async def run(self) -> None:
        """Look for ever; ends by cancellation."""
        timeout = aiohttp.ClientTimeout(total=ANSWER_S_MAX)
        async with aiohttp.ClientSession(timeout=timeout, auto_decompress=False, trust_env=False) as session:
            try:
                while True:
                    await asyncio.sleep(LOOK_S)
                    try:
                        self._look(session)
                    except StoreError as error:
                        note(logging.WARNING, "subscriptions wait", error=str(error))
            finally:
                for task in self._running.values():
                    task.cancel()
                await asyncio.gather(*self._running.values(), return_exceptions=True)

    def _look(self, session: aiohttp.ClientSession) -> None:
        """Begin what is due."""
        now_ms, transaction = self._now_ms, self._store.last_transaction
        with self._store.read() as txn:
            documents = txn.documents(DocumentKind.EVENT_SUBSCRIPTION, None, SUBSCRIPTIONS_MAX)
        for key, octets in documents:
            if len(self._running) >= DELIVERIES_AT_ONCE:
                return
            if key in self._running:
                continue
            subscription = decode_subscription(octets)
            nothing_new = not subscription.schedule and self._seen.get(key) == (transaction, subscription.place)
            if subscription.due_ms > now_ms or nothing_new:
                continue
            task = asyncio.create_task(self._deliver(session, subscription, transaction))
            self._running[key] = task
            task.add_done_callback(partial(self._ended, key))

    def _ended(self, key: bytes, _task: asyncio.Task[None]) -> None:
        del self._running[key]

    async def _deliver(self, session: aiohttp.ClientSession, told: Subscription, transaction: int) -> None:
        """Tell one subscriber what is new."""
        try:
            found, place, more = await self._found(told)
            if found or (told.schedule and told.report_if_empty):
                error = await self._post(session, told, found)
            else:
                error = ""
            after = self._after(told, len(found), place, error, more=more)
            if after != told:
                await asyncio.wrap_future(self._store.write(partial(_move, told=told, after=after), actor=_ACTOR))
            if not error and not more:
                self._seen[told.key] = (transaction, after.place)
        except StoreError as error:
            note(logging.WARNING, "subscription waits", subscription=told.id, error=str(error))

    async def _found(self, told: Subscription) -> tuple[list[KeptEvent], bytes, bool]:
        with self._store.read() as txn:
            caller = told.caller(txn, int(self._clock.time()))
            question = query_of(txn, told.query)
        place = bytes.fromhex(told.place)
        if caller is None or question is None:
            return [], place, False
        try:
            query = parse_query(question["query"])
        except BadQuery:
            return [], place, False  # it was made by a version that knew more
        return await new_events(self._store, query, EventSight(caller), place)

    async def _post(self, session: aiohttp.ClientSession, told: Subscription, found: list[KeptEvent]) -> str:
        """Why the subscriber did not take it; empty when he did."""
        events = [event_json(one.event, digital_links=True) for one in found]
        body = json_text(document(events, self._now_ms, query=told.query, subscription=told.id)).encode()
        headers = {"Content-Type": "application/json", "GS1-EPCIS-Version": VERSION, "GS1-CBV-Version": VERSION}
        if told.signature_token:
            headers["GS1-Signature"] = told.signature_token
        try:
            async with session.post(told.dest, data=body, headers=headers, allow_redirects=False) as answer:
                await answer.content.read(ANSWER_BYTES_MAX)
                return "" if 200 <= answer.status < 300 else f"HTTP {answer.status}"
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            return (str(error) or type(error).__name__)[:300]

    def _after(self, told: Subscription, events: int, place: bytes, error: str, *, more: bool) -> Subscription:
        """The subscription after an attempt."""
        now_ms = self._now_ms
        if error:
            failures = told.failures + 1
            wait_ms = min(RETRY_MS_MIN * 2 ** min(failures - 1, 20), RETRY_MS_MAX)
            return replace(told, failures=failures, last_error=error, due_ms=now_ms + wait_ms)
        due_ms = told.due_ms
        if told.schedule and not more:
            due_ms = read_schedule(told.schedule).after(now_ms // 1_000) * 1_000
        moved = place.hex() if events or told.schedule or more else told.place
        return replace(told, place=moved, delivered=told.delivered + events, failures=0, last_error="", due_ms=due_ms)

    @property
    def _now_ms(self) -> int:
        return int(self._clock.time() * 1_000)


def _move(txn: WriteTxn, told: Subscription, after: Subscription) -> None:
    """Keep a subscription as it is after an attempt, unless it was removed meanwhile."""
    if txn.document(DocumentKind.EVENT_SUBSCRIPTION, told.key) is not None:
        txn.put_document(DocumentKind.EVENT_SUBSCRIPTION, told.key, after.encode())
