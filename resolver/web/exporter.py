"""The counters of a node in Prometheus's text form, under names of the `idis_` family.

The hot path counts in plain integers (`metrics.py`); they are turned into metrics only when somebody scrapes. Each node
has a registry of its own, so that several nodes can live in one process.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from idis.resolver.metrics import DURATION_BOUNDS_S, Durations
from idis.resolver.web.face import Face

__all__ = ["CONTENT_TYPE", "Exporter"]


class Exporter(Collector):
    """Collects the counters of one node."""

    def __init__(self, face: Face) -> None:
        self._face = face
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def text(self) -> bytes:
        """Everything, in the text form."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Every metric as it is now."""
        yield from self._requests()
        yield from self._connections()
        yield from self._journal()
        yield from self._recursion()
        yield from self._build()

    def _requests(self) -> Iterator[Metric]:
        metrics, tier = self._face.metrics, self._face.config.node.tier.value
        answered = CounterMetricFamily("idis_requests", "Requests answered.", labels=("tier", "transport", "code"))
        for (transport, code), count in sorted(metrics.answered.items()):
            answered.add_metric((tier, transport, str(code)), count)
        yield answered
        yield _counter("idis_silent", "Requests left without an answer.", "reason", metrics.silent)
        yield _counter("idis_limited", "Times a limit was hit.", "limit", metrics.limited)
        took = HistogramMetricFamily(
            "idis_request_duration_seconds", "Time from receiving a request to its answer.", labels=("tier", "transport")
        )
        for transport, durations in metrics.durations.items():
            took.add_metric((tier, transport), _buckets(durations), durations.sum_s)
        yield took

    def _connections(self) -> Iterator[Metric]:
        metrics = self._face.metrics
        is_open = GaugeMetricFamily("idis_connections", "Connections open now.", labels=("transport",))
        for transport, count in sorted(metrics.connections.items()):
            is_open.add_metric((transport,), count)
        yield is_open
        yield _counter("idis_connections_accepted", "Connections accepted.", "transport", metrics.accepted)
        yield _counter("idis_connections_closed", "Connections closed, by whom or why.", "reason", metrics.closed)
        yield GaugeMetricFamily(
            "idis_connections_limit", "Connections there may be.", value=self._face.service.table.connections_max
        )

    def _journal(self) -> Iterator[Metric]:
        metrics = self._face.metrics
        yield _counter("idis_journal_entries", "Journal entries seen.", "kind", metrics.entries)
        position = GaugeMetricFamily("idis_journal_position", "Last journal entry seen.", labels=("part",))
        for part, number in zip(("epoch", "transaction", "entry"), metrics.position, strict=True):
            position.add_metric((part,), number)
        yield position
        records = GaugeMetricFamily("idis_records", "Live records of each prefix answered here.", labels=("prefix",))
        for prefix, count in metrics.records.items():
            records.add_metric((prefix,), count)
        yield records

    def _recursion(self) -> Iterator[Metric]:
        recursor = self._face.recursor
        if recursor is None:
            return
        counted, upstream = recursor.counters, recursor.upstream.counters
        hits = {
            "answer": counted.hits,
            "negative": counted.negative_hits,
            "failure": counted.failure_hits,
            "stale": counted.stale,
        }
        yield _counter("idis_cache_hits", "Questions answered from the cache.", "kind", hits)
        yield CounterMetricFamily("idis_cache_misses", "Questions other nodes were asked for.", value=counted.misses)
        events = {
            "joined": counted.flights_joined,
            "prefetched": counted.prefetches,
            "busy": counted.busy,
            "failed": counted.failures,
            "poisoning_flush": counted.poisoning_flushes,
        }
        yield _counter("idis_recursion_events", "What happened while asking other nodes.", "event", events)
        yield GaugeMetricFamily("idis_cache_bytes", "Memory held by answers and delegations.", value=recursor.bytes_used)
        yield GaugeMetricFamily("idis_cache_entries", "Answers in the cache.", value=len(recursor.cache))
        yield CounterMetricFamily("idis_cache_evictions", "Answers dropped for want of room.", value=recursor.cache.evictions)
        yield GaugeMetricFamily("idis_recursion_pending", "Questions waiting for other nodes.", value=recursor.pending)
        asked = {
            "queries": upstream.queries,
            "packets": upstream.packets,
            "timeouts": upstream.timeouts,
            "tcp_fallbacks": upstream.tcp_fallbacks,
            "mismatches": upstream.mismatches,
            "set_aside": upstream.set_aside,
        }
        yield _counter("idis_upstream", "What asking other nodes took.", "what", asked)

    def _build(self) -> Iterator[Metric]:
        face = self._face
        build = GaugeMetricFamily("idis_build", "This node and its program.", labels=("version", "python", "name", "tier"))
        build.add_metric((face.version, platform.python_version(), face.config.node.name, face.config.node.tier.value), 1)
        yield build
        yield GaugeMetricFamily("idis_uptime_seconds", "Seconds since the node began to serve.", value=face.uptime_s)


def _counter(name: str, line: str, label: str, counts: dict[str, int]) -> Metric:
    family = CounterMetricFamily(name, line, labels=(label,))
    for key, count in sorted(counts.items()):
        family.add_metric((key,), count)
    return family


def _buckets(durations: Durations) -> list[tuple[str, float]]:
    """Cumulative, as Prometheus wants them."""
    shown: list[tuple[str, float]] = []
    total = 0
    for bound, count in zip((*map(str, DURATION_BOUNDS_S), "+Inf"), durations.counts, strict=True):
        total += count
        shown.append((bound, total))
    return shown
