"""Flagging: as events arrive, the flags of the records they reach are set and taken back (`registry/trace/flags.py`).

Events are looked at in the order of recording, outside every other transaction. What was flagged is walked again when other
events have come since: what a recalled lot went into today is recalled, too. Records change as by any other write, so caches
of recursive nodes are told as of any other.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from idis.registry.event_row import EventOrder
from idis.registry.store.base import Store, StoreError, WriteTxn
from idis.registry.trace.flags import (
    MARKS,
    Spread,
    flags_something,
    named_in,
    note_source,
    place_of,
    put_place,
    put_spread,
    sources,
    spread,
    word_on,
)
from idis.registry.trace.kept_event import kept
from idis.registry.trace.records import spelling_at
from idis.resolver.commits import Commits
from idis.resolver.log import note
from idis.resolver.recursion.recursor import Clock

LOOK_S = 0.3  # how long an event may wait until what it flags is flagged
STEP_EVENTS = 256  # read in one transaction
RECORDS_AT_ONCE = 64  # written in one transaction
AGAIN_S = 20.0  # before what is flagged is walked again because other events have come
PLACE_S = 60.0  # before it is noted how far events have been looked at, where none of them flagged anything

_ACTOR = "recall flags"


class Flagging:
    """Sets the flags of one node's records.

    Args:
        store: the node's.
        clock: the node's.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._place = b""
        self._noted_s = self._walked_s = 0.0
        self._words: dict[str, str] = {}  # of the sources, as they were last spread
        self._grown = False  # events have come since the last walk

    async def run(self, commits: Commits) -> None:
        """Look for ever; ends by cancellation."""
        seen = -1
        while True:
            transaction = self._store.last_transaction
            try:
                if transaction != seen or self._due():
                    await self.look()
                seen = transaction
            except StoreError as error:
                note(logging.WARNING, "recall flags wait", error=str(error))
            await asyncio.sleep(LOOK_S)
            if seen == transaction:
                await commits.beyond(seen, AGAIN_S if self._grown else None)

    async def look(self) -> None:
        """Look at what is new, once."""
        begun = self._place
        due = await self._named()
        self._grown = self._grown or self._place != begun
        with self._store.read() as txn:
            known = sources(txn)
            again = self._due()
            due |= {source: None for source in known if again or word_on(txn, source).flag != self._words.get(source)}
        if again:
            self._walked_s, self._grown = self._clock.monotonic(), False
        for source in due:
            await self._spread(source)
        if self._place != begun and (due or self._clock.monotonic() - self._noted_s >= PLACE_S):
            self._noted_s = self._clock.monotonic()
            await self._written(partial(put_place, place=self._place))

    def _due(self) -> bool:
        return self._grown and self._clock.monotonic() - self._walked_s >= AGAIN_S

    async def _named(self) -> dict[str, None]:
        """What new events flag."""
        found: dict[str, None] = {}
        if not self._place:
            with self._store.read() as txn:
                self._place = place_of(txn)
        while True:
            with self._store.read() as txn:
                start = self._place + b"\x00" if self._place else b""
                rows = txn.events(EventOrder.RECORDED, start, b"\xff", STEP_EVENTS)
                spelling = spelling_at(txn)
                for key, row in rows:
                    self._place = key
                    if any(mark in row.body for mark in MARKS) and flags_something(event := kept(row).event):
                        found |= dict.fromkeys(named_in(event, spelling))
            if len(rows) < STEP_EVENTS:
                return found
            await asyncio.sleep(0)

    async def _spread(self, source: str) -> None:
        """Let the word on a thing lie on all that it is in."""
        now_ms = int(self._clock.time() * 1_000)
        told = await asyncio.to_thread(self._found, source, now_ms)
        changed = 0
        for at in range(0, len(told.changed), RECORDS_AT_ONCE):
            part = told.changed[at : at + RECORDS_AT_ONCE]
            changed += len(await self._written(partial(put_spread, told=told, things=part, now=now_ms // 1_000)))
        await self._written(partial(note_source, told=told))
        if changed:
            note(logging.INFO, "recall flags set", thing=source, flag=told.word.flag, records=changed)
        self._words.pop(source, None)
        if told.reached:
            self._words[source] = told.word.flag

    def _found(self, source: str, now_ms: int) -> Spread:
        with self._store.read() as txn:
            return spread(txn, source, now_ms)

    async def _written(self, change: partial[list[str]] | partial[None]) -> list[str]:
        def act(txn: WriteTxn) -> list[str]:
            return change(txn) or []

        return (await asyncio.wrap_future(self._store.write(act, actor=_ACTOR))).result
