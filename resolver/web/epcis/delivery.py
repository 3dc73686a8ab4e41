"""Delivery: telling subscribers, in order, each event once, again and again until they take it (`tracing.md` §5).

Every subscription has a place of its own in the order of recording, kept with it: it moves when the subscriber has answered
with success, and never back. A subscriber that does not answer waits longer each time, and not for ever; nobody waits for him.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from idis.registry.caller import Caller
from idis.registry.document import DocumentKind
from idis.registry.store.base import Store, StoreError
from idis.registry.trace.event_query import BadQuery, parse_query
from idis.registry.trace.event_sight import EventSight
from idis.registry.trace.kept_event import KeptEvent
from idis.registry.trace.writing import json_text
from idis.resolver.commits import Commits
from idis.resolver.config import NodeConfig
from idis.resolver.log import note
from idis.resolver.recursion.recursor import Clock
from idis.resolver.web.epcis.ask import VERSION
from idis.resolver.web.epcis.following import new_events
from idis.resolver.web.epcis.named_queries import query_of
from idis.resolver.web.epcis.query_document import document, event_json
from idis.resolver.web.epcis.schedule import read_schedule
from idis.resolver.web.epcis.subscription import Subscription, decode_subscription
from idis.resolver.web.epcis.subscriptions import put_again
from idis.resolver.web.epcis.webhook import Refused, Webhooks, signature_of

LOOK_S = 0.3  # how long an event may wait until its subscribers are told
SUBSCRIPTIONS_MAX = 10_000  # looked at each time
DELIVERIES_AT_ONCE = 8
RETRY_MS_MIN, RETRY_MS_MAX = 1_000, 300_000

HOUR_MS = 3_600_000

_ACTOR = "event subscriptions"


class Deliveries:
    """Tells subscribers of one node.

    Args:
        store: the node's.
        clock: the node's.
        config: the node's.
        draw: a number from 0 to 1 by chance: those who failed together are not tried together.
    """

    def __init__(self, store: Store, clock: Clock, config: NodeConfig, draw: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._config = config
        self._draw = draw
        self._running: dict[bytes, asyncio.Task[None]] = {}
        self._seen: dict[bytes, tuple[int, str]] = {}  # the transaction and place at which there was nothing to tell

    async def run(self, commits: Commits) -> None:
        """Look for ever; ends by cancellation."""
        webhooks = Webhooks(self._config.events, self._config.data_dir)
        try:
            while True:
                await asyncio.sleep(LOOK_S)
                known = self._store.last_transaction
                try:
                    waits = self._look(webhooks)
                except StoreError as error:
                    note(logging.WARNING, "subscriptions wait", error=str(error))
                else:
                    if not waits:
                        await commits.beyond(known)
        finally:
            for task in self._running.values():
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)
            await webhooks.close()

    def _look(self, webhooks: Webhooks) -> bool:
        """Begin what is due; whether anything is under way, or will be due without a commit."""
        now_ms, transaction = self._now_ms, self._store.last_transaction
        with self._store.read() as txn:
            documents = txn.documents(DocumentKind.EVENT_SUBSCRIPTION, None, SUBSCRIPTIONS_MAX)
        timed = False
        for key, octets in documents:
            if len(self._running) >= DELIVERIES_AT_ONCE:
                return True
            if key in self._running:
                continue
            subscription = decode_subscription(octets)
            timed |= not subscription.given_up and (bool(subscription.schedule) or subscription.due_ms > now_ms)
            nothing_new = not subscription.schedule and self._seen.get(key) == (transaction, subscription.place)
            if subscription.given_up or subscription.due_ms > now_ms or nothing_new:
                continue
            task = asyncio.create_task(self._deliver(webhooks, subscription, transaction))
            self._running[key] = task
            task.add_done_callback(partial(self._ended, key))
        return timed or bool(self._running)

    def _ended(self, key: bytes, _task: asyncio.Task[None]) -> None:
        del self._running[key]

    async def _deliver(self, webhooks: Webhooks, told: Subscription, transaction: int) -> None:
        """Tell one subscriber what is new."""
        try:
            if (caller := self._caller(told)) is None:
                after = replace(told, given_up="the token it was made with has ended, or is not known any more")
                await self._keep(told, after)
                return
            found, place, more = await self._found(told, caller)
            refused = None
            if found or (told.schedule and told.report_if_empty):
                refused = await self._post(webhooks, told, found)
            after = self._taken(told, len(found), place, more=more) if refused is None else self._failed(told, refused)
            if after != told:
                await self._keep(told, after)
            if refused is None and not more:
                self._seen[told.key] = (transaction, after.place)
        except StoreError as error:
            note(logging.WARNING, "subscription waits", subscription=told.id, error=str(error))

    async def _keep(self, told: Subscription, after: Subscription) -> None:
        if after.given_up:
            note(logging.WARNING, "subscription given up", subscription=told.id, dest=told.dest, reason=after.given_up)
        await asyncio.wrap_future(self._store.write(partial(put_again, subscription=after), actor=_ACTOR))

    def _caller(self, told: Subscription) -> Caller | None:
        with self._store.read() as txn:
            return told.caller(txn, int(self._clock.time()))

    async def _found(self, told: Subscription, caller: Caller) -> tuple[list[KeptEvent], bytes, bool]:
        with self._store.read() as txn:
            question = query_of(txn, told.query)
        place = bytes.fromhex(told.place)
        if question is None:
            return [], place, False
        try:
            query = parse_query(question["query"])
        except BadQuery:
            return [], place, False  # it was made by a version that knew more
        return await new_events(self._store, query, EventSight(caller), place)

    async def _post(self, webhooks: Webhooks, told: Subscription, found: list[KeptEvent]) -> Refused | None:
        """Why the subscriber did not take it; None when he did."""
        events = [event_json(one.event, digital_links=True) for one in found]
        body = json_text(document(events, self._now_ms, query=told.query, subscription=told.id)).encode()
        headers = {"Content-Type": "application/json", "GS1-EPCIS-Version": VERSION, "GS1-CBV-Version": VERSION}
        if told.signature_token:
            headers["GS1-Signature"] = signature_of(told.signature_token, body)
        return await webhooks.tell(told.dest, body, headers)

    def _failed(self, told: Subscription, refused: Refused) -> Subscription:
        """The subscription after an attempt that failed."""
        now_ms = self._now_ms
        failures, failing_ms = told.failures + 1, told.failing_ms or now_ms
        wait_ms = min(RETRY_MS_MIN * 2 ** min(failures - 1, 20), RETRY_MS_MAX)
        due_ms = now_ms + int(wait_ms * (1 + self._draw()) / 2)
        hours = self._config.events.give_up_h
        given_up = ""
        if refused.final:
            given_up = f"it does not want to be told any more: {refused.reason}"
        elif now_ms - failing_ms >= hours * HOUR_MS:
            given_up = f"nothing was taken for {hours} hours, {failures} attempts: {refused.reason}"
        return replace(
            told, failures=failures, failing_ms=failing_ms, last_error=refused.reason, due_ms=due_ms, given_up=given_up
        )

    def _taken(self, told: Subscription, events: int, place: bytes, *, more: bool) -> Subscription:
        """The subscription after an attempt that did not fail."""
        due_ms = told.due_ms
        if told.schedule and not more:
            due_ms = read_schedule(told.schedule).after(self._now_ms // 1_000) * 1_000
        moved = place.hex() if events or told.schedule or more else told.place
        delivered = told.delivered + events
        return replace(told, place=moved, delivered=delivered, failures=0, failing_ms=0, last_error="", due_ms=due_ms)

    @property
    def _now_ms(self) -> int:
        return int(self._clock.time() * 1_000)
