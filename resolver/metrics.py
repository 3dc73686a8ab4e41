"""What a node counts: plain integers, cheap enough for the hot path, exported by `web/exporter.py`.

Where a node has several processes, each counts for itself; `numbers` and `add` carry the counts into shared memory and
out of it again (`metrics_block.py`), so that one endpoint shows what all of them did.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from idis.proto._speedups import Counters
    from idis.resolver.recursion.recursor import Recursor

# Numbers whose names begin so are as they are now, and end with their process; all others only grow.
NOW = "now/"

# Upper bounds in seconds; the last bucket, without bound, is implied. 50 µs to 5 s, about two a decade and more where it matters.
DURATION_BOUNDS_S = (0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 2.0, 5.0)


_TIMED = ("udp", "tcp", "http", "dns")  # transports


@dataclass(slots=True)
class Durations:
    """A histogram: how many requests fell into each bucket, and the sum of their seconds."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(DURATION_BOUNDS_S) + 1))
    sum_s: float = 0.0

    def add(self, seconds: float, requests: int = 1) -> None:
        """Count requests that took this long each."""
        self.counts[bisect_left(DURATION_BOUNDS_S, seconds)] += requests
        self.sum_s += seconds * requests


# Which step answers on the binary port and where its answers come from, the fastest first.
PATHS = (("compiled", "index"), ("compiled", "cache"), ("compiled", "store"), ("plain", "cache"), ("plain", "store"))


@dataclass(slots=True)
class Metrics:
    """Counters since start, and gauges as they are now.

    Attributes:
        answered: (transport, response code) → answers.
        silent: reason → requests left without an answer.
        limited: limit → how often it was hit.
        durations: transport → time from receiving a request to its answer.
        connections: transport → open now; `accepted` since start; `closed` by reason.
        recursion: name → what the recursor counted since start, on nodes that recurse; its gauges are in `gauges`.
        gauges: name → as it is now.
        gather: called before somebody reads, to bring in what is counted elsewhere.
        admin: what the administration did and refused, by name.
        dns: what the DNS face answered, `code.N` by response code, and what else it did, by name.
        index: what befell the answer index: `damaged`, how often an entry that was asked for failed its checksum.
        entries: kind of journal entry → seen by the follower.
        records: prefix → live records, as the follower last saw them.
        statuses: prefix → when the last of its statuses ends, in unix seconds, as the follower last saw them.
        position: (epoch, hi, lo) of the last journal entry seen.
    """

    answered: Counter[tuple[str, int]] = field(default_factory=Counter)
    silent: Counter[str] = field(default_factory=Counter)
    limited: Counter[str] = field(default_factory=Counter)
    durations: dict[str, Durations] = field(default_factory=lambda: {which: Durations() for which in _TIMED})
    connections: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    closed: Counter[str] = field(default_factory=Counter)
    recursion: Counter[str] = field(default_factory=Counter)
    admin: Counter[str] = field(default_factory=Counter)
    dns: Counter[str] = field(default_factory=Counter)
    index: Counter[str] = field(default_factory=Counter)
    gauges: Counter[str] = field(default_factory=Counter)
    gather: list[Callable[[], None]] = field(default_factory=list)
    entries: Counter[str] = field(default_factory=Counter)
    records: dict[str, int] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    position: tuple[int, int, int] = (0, 0, 0)

    def gathered(self) -> Metrics:
        """Itself, with what is counted elsewhere brought in."""
        for bring in self.gather:
            bring()
        return self

    def take_path(self, step: str, source: str) -> None:
        """This process answers on the binary port in this one of PATHS."""
        for path in PATHS:
            self.gauges[path_gauge(*path)] = int(path == (step, source))

    @property
    def path(self) -> tuple[str, str]:
        """The slowest of PATHS in which a process answers; empty strings when none has the binary port."""
        taken = [path for path in PATHS if self.gauges[path_gauge(*path)]]
        return taken[-1] if taken else ("", "")

    def numbers(self) -> dict[str, float]:
        """What adds up over the processes of a node, by name; what the follower saw does not."""
        self.gathered()
        numbers: dict[str, float] = {f"answered/{which}/{code}": count for (which, code), count in self.answered.items()}
        for family in _FAMILIES:
            counter: Counter[str] = getattr(self, family)
            numbers |= {f"{family}/{name}": count for name, count in counter.items()}
        for transport, durations in self.durations.items():
            numbers[f"seconds/{transport}"] = durations.sum_s
            numbers |= {f"durations/{transport}/{at}": count for at, count in enumerate(durations.counts) if count}
        for transport, count in self.connections.items():
            numbers[f"{NOW}connections/{transport}"] = count
        return numbers | {f"{NOW}gauges/{name}": count for name, count in self.gauges.items()}

    def add(self, numbers: Mapping[str, float]) -> None:
        """Take in what `numbers` of another process gave."""
        for name, number in numbers.items():
            match name.split("/"):
                case ["answered", transport, code]:
                    self.answered[transport, int(code)] += int(number)
                case ["durations", transport, at]:
                    self.durations[transport].counts[int(at)] += int(number)
                case ["seconds", transport]:
                    self.durations[transport].sum_s += number
                case ["now", ("connections" | "gauges") as family, key] | [family, key]:
                    counter: Counter[str] = getattr(self, family)
                    counter[key] += int(number)


def path_gauge(step: str, source: str) -> str:
    """Under which name `gauges` has the number of processes that answer in one of PATHS."""
    return f"path.{step}.{source}"


def count_datagrams(metrics: Metrics, counters: Counters) -> None:
    """Bring in what was counted before there were metrics."""
    for code, count in counters.answered.items():
        metrics.answered["udp", code] += count
    metrics.silent.update(counters.silent)
    metrics.limited.update(counters.limited)
    metrics.index["damaged"] += counters.damaged


def count_recursion(metrics: Metrics, recursor: Recursor) -> None:
    """Bring in what a recursor and its sockets have counted since start, and what it holds now."""
    counted, upstream = recursor.counters, recursor.upstream.counters
    counts = {
        "hits.answer": counted.hits,
        "hits.negative": counted.negative_hits,
        "hits.failure": counted.failure_hits,
        "hits.stale": counted.stale,
        "misses": counted.misses,
        "evictions": recursor.cache.evictions,
        "events.joined": counted.flights_joined,
        "events.prefetched": counted.prefetches,
        "events.busy": counted.busy,
        "events.failed": counted.failures,
        "events.poisoning_flush": counted.poisoning_flushes,
        "upstream.queries": upstream.queries,
        "upstream.packets": upstream.packets,
        "upstream.timeouts": upstream.timeouts,
        "upstream.tcp_fallbacks": upstream.tcp_fallbacks,
        "upstream.mismatches": upstream.mismatches,
        "upstream.set_aside": upstream.set_aside,
    }
    gauges = {"cache_bytes": recursor.bytes_used, "cache_entries": len(recursor.cache), "recursion_pending": recursor.pending}
    for name, count in counts.items():
        metrics.recursion[name] = count
    for name, count in gauges.items():
        metrics.gauges[name] = count


_FAMILIES = ("silent", "limited", "accepted", "closed", "recursion", "admin", "dns", "index")  # counters by one name
