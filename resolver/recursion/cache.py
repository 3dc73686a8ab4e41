"""The cache of a recursive node: what was answered, until when, within a bound in octets.

Three segments with budgets of their own, so that absent names and failures never evict real answers: answers, negative
answers (10 %), failures (2 %). Each segment is a pair of queues with a second chance: a new entry waits in a small queue and
moves to the main one only if it was asked for again, so a scan over many names passes through without emptying the
cache, and a hit costs one look-up and one flag.

An entry keeps the authority's octets untouched, TTL fields included, because record signatures cover them; the remaining
time is told by `Answer.ttl_s` and governs the entry. Lifetimes get a jitter of −5…0 %, so that entries fetched together do
not end together and none outlives what was granted. Times are readings of one monotonic clock; only values with an
absolute TTL are compared with the wall clock.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from idis.proto.identifier import fold
from idis.proto.outcome import Answer, NotFound, NoValues, Outcome, Refused
from idis.proto.query import Query
from idis.proto.value import TTL_ABSOLUTE, decode_values
from idis.resolver.recursion.settings import CACHE_BYTES, NEGATIVE_TTL_S, NEGATIVE_TTL_S_MAX, STALE_MAX_S, TTL_MAX_S

NEGATIVE_SHARE = 0.10
FAILURE_SHARE = 0.02
SMALL_SHARE = 0.10  # of a segment: where new entries prove themselves
JITTER_SHARE = 0.05
FAILURE_TTL_S_MIN = 1.0
FAILURE_TTL_S_MAX = 300.0  # RFC 9520
STALE_TTL_S = 30  # what a stale answer grants (RFC 8767)
REFRESH_S_MIN = 30.0  # at most one attempt per key in this time while the authority is silent
PREFETCH_SHARE = 0.10  # the last part of a lifetime, in which a popular entry is fetched anew
PREFETCH_HITS_MIN = 2

# Measured with tracemalloc on CPython 3.11: the entry object, its floats, the key tuple, the outcome object, the queue's
# node and the share of two hash tables: 480. Strings, octets and filter tuples are counted one by one.
ENTRY_BYTES = 560

_NEVER = float("inf")

Key = tuple[object, ...]


def cache_key(query: Query) -> Key | None:
    """What makes two questions the same; None for a question whose answer belongs to its asker alone.

    The prefix is folded; the suffix is not, because only its owner knows whether case matters there.
    """
    if query.auth:
        return None
    identifier = query.identifier
    prefix = fold(identifier.prefix)
    flags = query.public_only + 2 * query.follow_alias
    if not query.types and not query.indexes:
        return (prefix, identifier.suffix, flags)  # as `plain_key`
    types = tuple(sorted({fold(name) for name in query.types}))
    return (prefix, identifier.suffix, flags, types, tuple(sorted(set(query.indexes))))


def plain_key(folded_prefix: str, suffix: str, public_only: bool) -> Key:
    """The `cache_key` of a question for all values of `prefix/suffix` that asks for nothing else."""
    return (folded_prefix, suffix, int(public_only))


class Mirror(Protocol):
    """A second place that answers from fresh entries by itself, for a while, until it is told to forget one."""

    def show(self, entry: Entry, now: float, unix: float) -> float:
        """Answer from an entry, for a time this decides; returns until when, in monotonic seconds."""

    def forget(self, key: Key) -> None:
        """Answer from this entry no longer."""


class Entry:
    """One cached outcome.

    `refresh_at` is the earliest time to ask the authority again; `failures` counts those in a row; until `shown_until` the
    mirror may answer from it, and hits there are not counted here.
    """

    __slots__ = (
        "expires_at",
        "failures",
        "hits",
        "key",
        "outcome",
        "prefetch_at",
        "queue",
        "referenced",
        "refresh_at",
        "shown_until",
        "size",
        "stored_at",
        "valid_until",
    )

    def __init__(self, key: Key) -> None:
        self.key = key
        self.outcome: Outcome = NotFound()
        self.queue: OrderedDict[Key, Entry] | None = None
        self.stored_at = 0.0
        self.expires_at = 0.0
        self.prefetch_at = _NEVER
        self.refresh_at = 0.0
        self.valid_until = _NEVER
        self.shown_until = 0.0
        self.failures = 0
        self.hits = 0
        self.size = 0
        self.referenced = False

    def fresh(self, now: float, unix: float) -> bool:
        """Whether it may be served as it is."""
        return now < self.expires_at and unix < self.valid_until

    def aged(self, now: float) -> Outcome:
        """The outcome with the time that remains of its lifetime."""
        outcome = self.outcome
        if isinstance(outcome, Answer):
            return Answer(outcome.values, max(int(self.expires_at - now), 0))
        return outcome


class Segment:
    """Entries of one sort within a budget of octets."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        self.bytes_used = 0
        self.evictions = 0
        self._small: OrderedDict[Key, Entry] = OrderedDict()
        self._main: OrderedDict[Key, Entry] = OrderedDict()
        self._small_bytes = 0

    def __len__(self) -> int:
        return len(self._small) + len(self._main)

    def admit(self, entry: Entry, size: int) -> list[Entry]:
        """Give an entry its (new) size, and put it into the queue of newcomers if it is new. Returns what had to go."""
        self.bytes_used += size - entry.size
        if entry.queue is None:
            entry.queue = self._small
            self._small[entry.key] = entry
            self._small_bytes += size
        elif entry.queue is self._small:
            self._small_bytes += size - entry.size
        entry.size = size
        return self._evict()

    def remove(self, entry: Entry) -> None:
        """Take an entry out."""
        assert entry.queue is not None, "the entry is in no queue"
        if entry.queue is self._small:
            self._small_bytes -= entry.size
        del entry.queue[entry.key]
        entry.queue = None
        self.bytes_used -= entry.size
        entry.size = 0

    def _evict(self) -> list[Entry]:
        gone: list[Entry] = []
        while self.bytes_used > self.bytes_max and (self._small or self._main):
            from_small = bool(self._small) and (self._small_bytes > self.bytes_max * SMALL_SHARE or not self._main)
            queue = self._small if from_small else self._main
            entry = next(iter(queue.values()))
            if not entry.referenced:
                self.remove(entry)
                self.evictions += 1
                gone.append(entry)
                continue
            entry.referenced = False
            del queue[entry.key]
            self._main[entry.key] = entry
            entry.queue = self._main
            if from_small:
                self._small_bytes -= entry.size
        return gone


class AnswerCache:
    """Outcomes by question.

    Args:
        bytes_max: bound of everything in it, in octets as counted by `entry_bytes`.
        random: numbers in [0, 1) for the jitter.
        ttl_max_s, negative_ttl_s, stale_max_s: see `RecursorSettings`.
    """

    def __init__(
        self,
        random: Callable[[], float],
        *,
        bytes_max: int = CACHE_BYTES,
        ttl_max_s: int = TTL_MAX_S,
        negative_ttl_s: int = NEGATIVE_TTL_S,
        stale_max_s: int = STALE_MAX_S,
    ) -> None:
        self._random = random
        self._ttl_max_s = ttl_max_s
        self._negative_ttl_s = min(negative_ttl_s, NEGATIVE_TTL_S_MAX)
        self._stale_max_s = stale_max_s
        negative, failures = int(bytes_max * NEGATIVE_SHARE), int(bytes_max * FAILURE_SHARE)
        self._answers = Segment(bytes_max - negative - failures)
        self._negatives = Segment(negative)
        self._failures = Segment(failures)
        self._entries: dict[Key, tuple[Entry, Segment]] = {}
        self.mirror: Mirror | None = None

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def bytes_used(self) -> int:
        """Octets in use, as counted by `entry_bytes`."""
        return self._answers.bytes_used + self._negatives.bytes_used + self._failures.bytes_used

    @property
    def evictions(self) -> int:
        """Entries dropped for want of room since the start."""
        return self._answers.evictions + self._negatives.evictions + self._failures.evictions

    def get(self, key: Key, now: float) -> Entry | None:
        """The entry of a question, fresh or stale; None when there is none or it is older than stale answers may be."""
        found = self._entries.get(key)
        if found is None:
            return None
        entry, segment = found
        if now >= entry.expires_at and now >= entry.expires_at + (self._stale_max_s if segment is self._answers else 0):
            if segment is self._failures and now < entry.expires_at + FAILURE_TTL_S_MAX:
                return entry  # remembers how often it failed
            self._drop(key)
            return None
        return entry

    def hit(self, entry: Entry, now: float, unix: float) -> None:
        """A fresh entry was asked for; let the mirror answer the next time."""
        entry.referenced = True
        entry.hits += 1
        if self.mirror is not None and now >= entry.shown_until:
            entry.shown_until = self.mirror.show(entry, now, unix)

    def put(
        self, key: Key, outcome: Outcome, now: float, unix: float, *, negative_ttl_s: int | None = None
    ) -> Entry | None:
        """Keep what an authority just answered; None when it grants no lifetime.

        Args:
            key: of the question.
            outcome: what was answered.
            now: monotonic seconds.
            unix: unix time in seconds.
            negative_ttl_s: keeps this absence no longer, if that is shorter than any other.
        """
        absent_s = self._negative_ttl_s if negative_ttl_s is None else min(self._negative_ttl_s, negative_ttl_s)
        match outcome:
            case Answer(ttl_s=ttl_s):
                lifetime_s, segment = min(ttl_s, self._ttl_max_s), self._answers
            case NotFound() | NoValues():
                lifetime_s, segment = absent_s, self._negatives
            case _:
                # Who is not responsible now may be soon: believed no longer than an absence.
                return self._refuse(key, outcome, now, max(absent_s, FAILURE_TTL_S_MIN))
        if lifetime_s <= 0:
            self._drop(key)
            return None
        entry = self._place(key, segment)
        jittered_s = lifetime_s * (1 - JITTER_SHARE * self._random())
        self._fill(entry, outcome, now, jittered_s)
        entry.valid_until = _valid_until(outcome, unix)
        entry.prefetch_at = entry.expires_at - jittered_s * PREFETCH_SHARE
        return self._admit(entry, segment)

    def fail(self, key: Key, outcome: Outcome, now: float) -> Entry | None:
        """Remember that a question failed: for 1 s, doubling up to 300 s. An answer that may be served stale stays.

        Returns:
            The entry to serve: the stale answer, or the failure.
        """
        entry = self.get(key, now)
        if entry is not None and isinstance(entry.outcome, Answer):
            entry.refresh_at = now + REFRESH_S_MIN
            entry.prefetch_at = _NEVER
            return entry
        return self._refuse(key, outcome, now)

    def flush(self, prefix: str) -> int:
        """Drop everything at and below a folded prefix; all of it when the prefix is empty. Returns how many."""
        below = prefix + "."
        doomed = [key for key in self._entries if not prefix or key[0] == prefix or str(key[0]).startswith(below)]
        for key in doomed:
            self._drop(key)
        return len(doomed)

    def drop(self, key: Key) -> bool:
        """Drop one entry; whether there was one."""
        known = key in self._entries
        self._drop(key)
        return known

    def _refuse(
        self, key: Key, outcome: Outcome, now: float, seconds_max: float = FAILURE_TTL_S_MAX
    ) -> Entry | None:
        """Remember a refusal: whatever else was known of the question is over."""
        entry = self.get(key, now)
        failures = min(entry.failures + 1, 32) if entry is not None and isinstance(entry.outcome, Refused) else 1
        entry = self._place(key, self._failures)
        self._fill(entry, outcome, now, min(FAILURE_TTL_S_MIN * 2 ** (failures - 1), seconds_max))
        entry.failures = failures
        entry.valid_until = entry.prefetch_at = _NEVER
        return self._admit(entry, self._failures)

    def _place(self, key: Key, segment: Segment) -> Entry:
        found = self._entries.get(key)
        if found is not None and found[1] is segment:
            return found[0]
        if found is not None:
            self._drop(key)
        entry = Entry(key)
        self._entries[key] = (entry, segment)
        return entry

    def _fill(self, entry: Entry, outcome: Outcome, now: float, lifetime_s: float) -> None:
        self._hide(entry)
        entry.outcome = outcome
        entry.stored_at = now
        entry.expires_at = now + lifetime_s
        entry.refresh_at = 0.0
        entry.failures = entry.hits = 0

    def _admit(self, entry: Entry, segment: Segment) -> Entry | None:
        for gone in segment.admit(entry, entry_bytes(entry)):
            self._hide(gone)
            del self._entries[gone.key]
        return entry if entry.queue is not None else None

    def _drop(self, key: Key) -> None:
        found = self._entries.pop(key, None)
        if found is not None:
            self._hide(found[0])
            found[1].remove(found[0])

    def _hide(self, entry: Entry) -> None:
        if self.mirror is not None and entry.shown_until:
            self.mirror.forget(entry.key)
            entry.shown_until = 0.0


def entry_bytes(entry: Entry) -> int:
    """The octets an entry takes, its share of the tables included."""
    size = ENTRY_BYTES
    for part in entry.key:
        if isinstance(part, str):
            size += sys.getsizeof(part)
        elif isinstance(part, tuple):
            size += sys.getsizeof(part) + sum(sys.getsizeof(item) for item in part)
    match entry.outcome:
        case Answer(values=values):
            size += sys.getsizeof(values)
        case Refused(message=message):
            size += sys.getsizeof(message)
        case _:
            pass
    return size


def stale_outcome(entry: Entry) -> Outcome:
    """What a stale entry is served as."""
    assert isinstance(entry.outcome, Answer), "only answers are served stale"
    return replace(entry.outcome, ttl_s=STALE_TTL_S)


def _valid_until(outcome: Outcome, unix: float) -> float:
    """The earliest absolute end of any value; values with a relative TTL have none."""
    if not isinstance(outcome, Answer):
        return _NEVER
    ends = [float(value.ttl) for value in decode_values(outcome.values) if value.ttl_type == TTL_ABSOLUTE]
    return min(ends, default=_NEVER)
