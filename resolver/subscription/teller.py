"""The teller: answers subscriptions when the journal has moved."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from idis.proto.codes import ResponseCode
from idis.proto.subscription import HASHES_MAX, SubscribeReply, SubscribeRequest, name_hash, prefix_hash
from idis.registry.journal import Entry, EntryKind, Position, SnapshotNeeded
from idis.registry.registration.checks import Refusal
from idis.registry.store.base import Store
from idis.resolver.commits import Commits

PACE_S = 0.02  # between two answers to those who wait, however fast commits come
ENTRIES_MAX = 1_000  # of one answer
WAITING_MAX = 1_024  # subscriptions at once
WAITING_PER_SOURCE_MAX = 64  # a node with many workers has one for each

_OF_A_RECORD = (EntryKind.PUT, EntryKind.DELETE)
_OF_A_DELEGATION = (EntryKind.PREFIX, EntryKind.ROUTE)
_OF_A_PREFIX = (EntryKind.BULK, EntryKind.PREFIX, EntryKind.ROUTE, EntryKind.EPOCH)


class Teller:
    """Tells of changes in one store. Everybody who waits is woken by one commit."""

    def __init__(self, store: Store, commits: Commits) -> None:
        self._store = store
        self._commits = commits
        self._told_s = 0.0
        self._waiting: dict[str, int] = {}
        self._moved = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        self._ending = False

    async def answer(self, asked: SubscribeRequest, source: str) -> SubscribeReply | Refusal:
        """What has changed since a position; waits for it as long as is asked."""
        if not asked.position:
            with self._store.read() as txn:
                return SubscribeReply(txn.position.encode())
        own = self._waiting.get(source, 0)
        if own >= WAITING_PER_SOURCE_MAX or sum(self._waiting.values()) >= WAITING_MAX:
            return Refusal(ResponseCode.SERVER_TOO_BUSY, "too many subscriptions: ask again in a while")
        self._waiting[source] = own + 1
        try:
            return await self._wait(Position.decode(asked.position), asked)
        finally:
            self._waiting[source] -= 1
            if not self._waiting[source]:
                del self._waiting[source]

    def end(self) -> None:
        """Answer whoever waits now, and let nobody wait any more: the node is stopping."""
        self._ending = True
        self._moved.set()

    def close(self) -> None:
        """Look no longer."""
        if self._looking is not None:
            self._looking.cancel()

    async def _wait(self, position: Position, asked: SubscribeRequest) -> SubscribeReply:
        loop = asyncio.get_running_loop()
        until = loop.time() + asked.wait_ms / 1_000
        prefixes = frozenset(asked.prefixes)
        while True:
            known = self._store.last_transaction
            reply = self._look(position, prefixes)
            if reply.everything or reply.hashes:
                return reply
            position = Position.decode(reply.position)
            left_s = until - loop.time()
            if left_s <= 0 or self._ending:
                return reply
            await self._movement(known, left_s)

    async def _movement(self, known: int, within_s: float) -> None:
        """Wait until the journal may have moved beyond a commit that has been looked at."""
        if self._looking is None or self._looking.done():
            self._moved.clear()
            self._looking = asyncio.create_task(self._watch(known))
        try:
            async with asyncio.timeout(within_s):
                await self._moved.wait()
        except TimeoutError:
            return

    async def _watch(self, known: int) -> None:
        loop = asyncio.get_running_loop()
        await self._commits.beyond(known)
        await asyncio.sleep(max(self._told_s + PACE_S - loop.time(), 0.0))
        self._told_s = loop.time()
        self._moved.set()

    def _look(self, position: Position, prefixes: frozenset[str]) -> SubscribeReply:
        with self._store.read() as txn:
            entries = txn.journal(position, ENTRIES_MAX)
        if isinstance(entries, SnapshotNeeded):
            return SubscribeReply(entries.position.encode(), everything=True)
        if not entries:
            return SubscribeReply(position.encode())
        return _told(entries, prefixes)


def _told(entries: Sequence[Entry], prefixes: frozenset[str]) -> SubscribeReply:
    hashes: dict[bytes, None] = {}
    everything = False
    zones = tuple(prefix for prefix in prefixes if prefix.endswith("."))
    for entry in entries:
        prefix, _, suffix = entry.key.partition(b"\x00")
        name = prefix.decode("utf-8", "replace")
        if entry.kind in _OF_A_RECORD and name in prefixes:
            hashes[name_hash(name, suffix.decode("utf-8", "replace"))] = None
        elif entry.kind in _OF_A_PREFIX and (entry.kind is EntryKind.EPOCH or _touches(name, prefixes)):
            everything = True
        elif zones and entry.kind in _OF_A_DELEGATION and name.startswith(zones):
            # Of a range only its beginning is told here, and what lies in it is anybody's guess.
            everything = everything or entry.kind is EntryKind.ROUTE
            hashes[prefix_hash(name)] = None
    everything = everything or len(hashes) > HASHES_MAX
    return SubscribeReply(entries[-1].position.encode(), everything, () if everything else tuple(hashes))


def _touches(name: str, prefixes: frozenset[str]) -> bool:
    return name in prefixes or any(prefix.startswith(f"{name}.") for prefix in prefixes)
