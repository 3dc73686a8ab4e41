"""The recursor: what a recursive node knows, and how it finds out the rest.

A question is answered from the cache at once (`cached`), or joins the flight that is already under way for it, or starts
one (`resolve`). A flight always ends in the cache, whoever still waits. When an answer is past its TTL and its authority
fails or stays silent for 400 ms, the old answer is served, marked stale; the authority is then left alone for 30 s per
question. Popular answers are fetched anew before they end.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from idis.proto.codes import ResponseCode
from idis.proto.identifier import fold
from idis.proto.outcome import Answer, NotFound, NoValues, Referral, Refused
from idis.proto.query import Query
from idis.resolver.recursion.budget import Budget
from idis.resolver.recursion.cache import PREFETCH_HITS_MIN, REFRESH_S_MIN, AnswerCache, Entry, Key, cache_key, stale_outcome
from idis.resolver.recursion.delegation import DELEGATION_BYTES, DelegationTree
from idis.resolver.recursion.event import Done
from idis.resolver.recursion.flood import FloodGate
from idis.resolver.recursion.resolution import Resolution
from idis.resolver.recursion.resolved import Resolved
from idis.resolver.recursion.settings import PREFIX_NEGATIVE_TTL_S, RecursorSettings
from idis.resolver.recursion.target import server_address, site_at
from idis.resolver.recursion.upstream import Upstream
from idis.resolver.recursion.walk import walk

FLIGHT_WAITERS = 1_000  # of one question; more of the same means a storm
PREFETCHES_MAX = 64  # under way at once, so that refreshing never crowds out asking
STALE_AFTER_S = 0.4  # of silence; the ceiling of RFC 8767 is 1.8 s
DELEGATION_SHARE = 0.10  # of cache_bytes, for knowing who answers for what
MISMATCHES_MAX = 10_000  # forged or garbled answers after which nothing learnt lately is trusted


class Clock(Protocol):
    """Where the time comes from; the module `time` is one."""

    def time(self) -> float:
        """Unix time in seconds."""

    def monotonic(self) -> float:
        """Seconds that never go back."""


@dataclass(slots=True)
class RecursorCounters:
    """Counts since start. What the sockets did is counted by `Recursor.upstream.counters`."""

    hits: int = 0  # fresh answers from the cache
    negative_hits: int = 0  # NotFound and NoValues from the cache
    failure_hits: int = 0  # refusals and failures from the cache
    misses: int = 0  # flights started by a question
    flights_joined: int = 0
    prefetches: int = 0
    stale: int = 0
    busy: int = 0  # refused for want of room, or because a prefix's authority is asked for too many absent names
    failures: int = 0  # flights that heard from nobody
    poisoning_flushes: int = 0


class _Flight:
    """One question under way."""

    __slots__ = ("discard", "task", "waiters")

    def __init__(self) -> None:
        self.task: asyncio.Task[Resolved] | None = None
        self.waiters = 0
        self.discard = False  # flushed meanwhile: what it brings may be older than the flush


class Recursor:
    """Answers any question by asking other nodes.

    Args:
        settings: see `RecursorSettings`.
        clock: unix and monotonic time.
        upstream: the sockets; made here unless a test brings its own.
        random: numbers in [0, 1) for the jitter of lifetimes.

    Raises:
        ValueError: a root is no ADDRESS:PORT.
    """

    def __init__(
        self,
        settings: RecursorSettings,
        clock: Clock = time,
        *,
        upstream: Upstream | None = None,
        random: Callable[[], float] | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self.counters = RecursorCounters()
        self.upstream = upstream or Upstream(clock=clock.monotonic, wall_clock=clock.time)
        tree_bytes = int(settings.cache_bytes * DELEGATION_SHARE)
        self.tree = DelegationTree(
            [site_at(*_address(root)) for root in settings.roots],
            delegations_max=max(tree_bytes // DELEGATION_BYTES, 16),
        )
        self.cache = AnswerCache(
            random or secrets.SystemRandom().random,
            bytes_max=settings.cache_bytes - tree_bytes,
            ttl_max_s=settings.ttl_max_s,
            negative_ttl_s=settings.negative_ttl_s,
            stale_max_s=settings.stale_max_s,
        )
        self.on_kept: Callable[[Key, Done], None] | None = None  # told of every answer that is kept, and how it was found
        self._flood = FloodGate()
        self._flights: dict[Key, _Flight] = {}
        self._pending = 0
        self._prefetching = 0
        self._mismatches_forgiven = 0

    @property
    def bytes_used(self) -> int:
        """Memory held by answers and delegations, in octets as counted."""
        return self.cache.bytes_used + len(self.tree) * DELEGATION_BYTES

    @property
    def pending(self) -> int:
        """Questions waiting now."""
        return self._pending

    def cached(self, query: Query, now: float) -> Resolved | None:
        """What can be said at once; None when other nodes have to be asked.

        Args:
            query: the question.
            now: unix time, against which values of absolute TTL are held. Ages are measured on the monotonic clock.
        """
        key = cache_key(query)
        if key is None or query.authoritative:
            return None
        return self._look_up(key, query, now)

    def ready(self, key: Key, now: float) -> Answer | NotFound | NoValues | None:
        """The fresh outcome of a question by its `cache_key`; None where `cached` has to look: all that is not simply there.

        Args:
            key: of a question that does not ask for an authoritative answer.
            now: unix time, as at `cached`.
        """
        steady = self._clock.monotonic()
        entry = self.cache.get(key, steady)
        if entry is None or not entry.fresh(steady, now):
            return None
        outcome = entry.outcome
        match outcome:
            case Answer():
                if steady >= entry.prefetch_at and entry.hits + 1 >= PREFETCH_HITS_MIN:
                    return None
                self.counters.hits += 1
            case NotFound() | NoValues():
                self.counters.negative_hits += 1
            case _:
                return None
        self.cache.hit(entry, steady, now)
        return outcome

    def count_hits(self, code: int, count: int) -> None:
        """So many questions were answered with this response code from the cache's mirror."""
        if code == ResponseCode.SUCCESS:
            self.counters.hits += count
        else:
            self.counters.negative_hits += count

    async def resolve(self, query: Query, *, referral: Referral | None = None) -> Resolved:
        """Answer a question, asking other nodes if need be; takes at most `deadline_ms`.

        Args:
            query: the question.
            referral: where this node's own registry refers it to, to start there instead of at the roots.
        """
        key = cache_key(query)
        if key is None:
            return await self._resolve_alone(query, referral)
        entry = None
        if query.authoritative:
            key = (*key, "authoritative")
        elif (known := self._look_up(key, query, self._clock.time())) is not None:
            return known
        else:
            entry = self._stale_entry(key)
        flight = self._flights.get(key)
        if flight is None and self._is_flooded(query):
            return self._busy(entry, f"too many unknown names under {query.identifier.prefix} are asked for")
        if self._pending >= self._settings.pending_queries or (flight is not None and flight.waiters >= FLIGHT_WAITERS):
            return self._busy(entry, "too many questions are waiting")
        if flight is None:
            self.counters.misses += 1
            flight = self._start(key, query, referral)
        else:
            self.counters.flights_joined += 1
        return await self._wait(flight, entry)

    def flush(self, prefix: str = "") -> int:
        """Forget everything at and below a prefix, or everything. Returns how many answers and delegations went."""
        folded = fold(prefix)
        for key, flight in self._flights.items():
            flight.discard |= not folded or key[0] == folded or str(key[0]).startswith(folded + ".")
        return self.cache.flush(folded) + self.tree.flush(folded)

    def forget(self, keys: Iterable[Key]) -> int:
        """Forget single answers, and what is under way for them. Returns how many there were."""
        keys = set(keys)
        for key, flight in self._flights.items():
            flight.discard |= key in keys or key[:-1] in keys
        return sum(map(self.cache.drop, keys))

    async def close(self) -> None:
        """Stop asking; questions under way are cancelled."""
        tasks = [flight.task for flight in self._flights.values() if flight.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.upstream.close()

    # The cache

    def _look_up(self, key: Key, query: Query, unix: float) -> Resolved | None:
        now = self._clock.monotonic()
        entry = self.cache.get(key, now)
        if entry is None:
            return None
        if not entry.fresh(now, unix):
            if key not in self._flights and now < entry.refresh_at and _may_be_stale(entry, unix):
                return self._stale(entry, now)
            return None
        self.cache.hit(entry, now, unix)
        match entry.outcome:
            case Answer():
                self.counters.hits += 1
                if now >= entry.prefetch_at and entry.hits >= PREFETCH_HITS_MIN:
                    self._prefetch(key, query, entry)
            case NotFound() | NoValues():
                self.counters.negative_hits += 1
            case _:
                self.counters.failure_hits += 1
        return Resolved(entry.aged(now), "cache", now - entry.stored_at)

    def _stale_entry(self, key: Key) -> Entry | None:
        entry = self.cache.get(key, self._clock.monotonic())
        return entry if entry is not None and _may_be_stale(entry, self._clock.time()) else None

    def _stale(self, entry: Entry, now: float) -> Resolved:
        self.counters.stale += 1
        return Resolved(stale_outcome(entry), "stale", now - entry.stored_at, stale=True)

    def _prefetch(self, key: Key, query: Query, entry: Entry) -> None:
        if key in self._flights or self._prefetching >= PREFETCHES_MAX:
            return
        entry.prefetch_at = float("inf")
        self.counters.prefetches += 1
        self._prefetching += 1
        task = self._start(key, query, None).task
        assert task is not None, "a flight that has started has a task"
        task.add_done_callback(self._prefetched)

    def _prefetched(self, _task: asyncio.Task[Resolved]) -> None:
        self._prefetching -= 1

    # Flights

    def _start(self, key: Key, query: Query, referral: Referral | None) -> _Flight:
        flight = self._flights[key] = _Flight()
        flight.task = asyncio.get_running_loop().create_task(self._fly(key, flight, query, referral))
        return flight

    async def _fly(self, key: Key, flight: _Flight, query: Query, referral: Referral | None) -> Resolved:
        try:
            done = await self._walk(query, referral)
        finally:
            del self._flights[key]
        if key[-1] == "authoritative":
            key = key[:-1]
        return self._conclude(key, query, done, keep=not flight.discard)

    async def _walk(self, query: Query, referral: Referral | None) -> Done:
        now = self._clock.monotonic()
        budget = Budget(now, milliseconds=self._settings.deadline_ms, hops=query.recursion_count)
        resolution = Resolution(query, self.tree, budget, now, rank=self.upstream.rank, referral=referral)
        done = await walk(resolution, self.upstream, self._clock.monotonic)
        self._check_for_poisoning()
        return done

    def _conclude(self, key: Key, query: Query, done: Done, *, keep: bool) -> Resolved:
        """Keep what a flight brought; a failure is answered with the old answer if there is one."""
        now, unix = self._clock.monotonic(), self._clock.time()
        if isinstance(done.outcome, NotFound) and not query.identifier.names_prefix:
            self._flood.count(query.identifier.folded_prefix, now)
        if not done.failed:
            if keep:
                negative_ttl_s = PREFIX_NEGATIVE_TTL_S if done.no_prefix else None
                self.cache.put(key, done.outcome, now, unix, negative_ttl_s=negative_ttl_s)
                if self.on_kept is not None and done.hops and isinstance(done.outcome, Answer | NotFound | NoValues):
                    self.on_kept(key, done)
            return Resolved(done.outcome, "upstream", hops=done.hops)
        self.counters.failures += 1
        entry = self.cache.fail(key, done.outcome, now) if keep else None
        if entry is not None and not query.authoritative and _may_be_stale(entry, unix):
            self.counters.stale += 1
            return Resolved(stale_outcome(entry), "stale", now - entry.stored_at, done.hops, stale=True)
        return Resolved(done.outcome, "upstream", hops=done.hops)

    async def _wait(self, flight: _Flight, entry: Entry | None) -> Resolved:
        task = flight.task
        assert task is not None, "a flight that has started has a task"
        self._pending += 1
        flight.waiters += 1
        try:
            if entry is None:
                # Shielded: an asker that goes away must not end the flight of the others.
                return await asyncio.shield(task)
            await asyncio.wait((task,), timeout=STALE_AFTER_S)
            if task.done():
                return task.result()
        finally:
            self._pending -= 1
            flight.waiters -= 1
        now = self._clock.monotonic()
        entry.refresh_at = now + REFRESH_S_MIN
        return self._stale(entry, now)

    async def _resolve_alone(self, query: Query, referral: Referral | None) -> Resolved:
        """A question with an identity of its own: its answer is for nobody else."""
        if self._pending >= self._settings.pending_queries:
            return self._busy(None, "too many questions are waiting")
        self._pending += 1
        self.counters.misses += 1
        try:
            done = await self._walk(query, referral)
        finally:
            self._pending -= 1
        return Resolved(done.outcome, "upstream", hops=done.hops)

    def _is_flooded(self, query: Query) -> bool:
        identifier = query.identifier
        return not identifier.names_prefix and self._flood.closed(identifier.folded_prefix, self._clock.monotonic())

    def _busy(self, entry: Entry | None, reason: str) -> Resolved:
        if entry is not None:
            return self._stale(entry, self._clock.monotonic())
        self.counters.busy += 1
        return Resolved(Refused(ResponseCode.SERVER_TOO_BUSY, reason), "upstream")

    def _check_for_poisoning(self) -> None:
        """Somebody who forges answers by the thousand may have hit once: forget everything, ask anew."""
        mismatches = self.upstream.counters.mismatches
        if mismatches - self._mismatches_forgiven >= MISMATCHES_MAX:
            self._mismatches_forgiven = mismatches
            self.counters.poisoning_flushes += 1
            self.flush()


def _may_be_stale(entry: Entry, unix: float) -> bool:
    return isinstance(entry.outcome, Answer) and unix < entry.valid_until


def _address(text: str) -> tuple[str, int]:
    host, port = server_address(text)
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(host)), port
    raise ValueError(f"{text!r} is no ADDRESS:PORT")
