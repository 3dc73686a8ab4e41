"""The counters of a node in Prometheus's text form, under names of the `idis_` family.

The hot path counts in plain integers (`metrics.py`); they are turned into metrics only when somebody scrapes. Each node
has a registry of its own, so that several nodes can live in one process; a node of several processes has one endpoint.
"""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from idis.resolver.metrics import DURATION_BOUNDS_S, PATHS, Durations, Metrics, path_gauge
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
        """Every metric as it is now, added up over the processes of the node."""
        metrics = self._face.figures()
        yield from self._requests(metrics)
        yield from self._connections(metrics)
        yield from self._administration(metrics)
        yield _counter("idis_dns_answers", "Answers of the DNS face.", "code", _below("code.", metrics.dns))
        events = {name: count for name, count in metrics.dns.items() if not name.startswith("code.")}
        yield _counter("idis_dns_events", "What else the DNS face did.", "event", events)
        yield from self._journal(metrics)
        if self._face.recursor is not None:
            yield from self._recursion(metrics)
        yield from self._paths(metrics)
        yield from self._workers()
        yield from self._build()

    def _requests(self, metrics: Metrics) -> Iterator[Metric]:
        tier = self._face.config.node.tier.value
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

    def _connections(self, metrics: Metrics) -> Iterator[Metric]:
        is_open = GaugeMetricFamily("idis_connections", "Connections open now.", labels=("transport",))
        for transport, count in sorted(metrics.connections.items()):
            is_open.add_metric((transport,), count)
        yield is_open
        yield _counter("idis_connections_accepted", "Connections accepted.", "transport", metrics.accepted)
        yield _counter("idis_connections_closed", "Connections closed, by whom or why.", "reason", metrics.closed)
        yield GaugeMetricFamily("idis_connections_limit", "Connections there may be.", value=self._face.connections_max)

    def _administration(self, metrics: Metrics) -> Iterator[Metric]:
        yield _counter("idis_admin_events", "What the administration did and refused.", "event", metrics.admin)
        for name, line in (
            ("challenges", "Challenges that wait for their answer."),
            ("challenge_bytes", "Memory of the requests that wait with them."),
            ("sessions", "Sessions of Handle clients."),
            ("logins", "Connections over which an IDIS client has logged in."),
        ):
            yield GaugeMetricFamily(f"idis_admin_{name}", line, value=metrics.gauges[f"admin_{name}"])

    def _journal(self, metrics: Metrics) -> Iterator[Metric]:
        yield _counter("idis_journal_entries", "Journal entries seen.", "kind", metrics.entries)
        position = GaugeMetricFamily("idis_journal_position", "Last journal entry seen.", labels=("part",))
        for part, number in zip(("epoch", "transaction", "entry"), metrics.position, strict=True):
            position.add_metric((part,), number)
        yield position
        records = GaugeMetricFamily("idis_records", "Live records of each prefix answered here.", labels=("prefix",))
        for prefix, count in metrics.records.items():
            records.add_metric((prefix,), count)
        yield records
        ends = GaugeMetricFamily(
            "idis_prefix_status_end_seconds", "When the last status of a prefix ends, in unix time.", labels=("prefix",)
        )
        for prefix, until in metrics.statuses.items():
            ends.add_metric((prefix,), until)
        yield ends

    def _recursion(self, metrics: Metrics) -> Iterator[Metric]:
        counted, gauges = metrics.recursion, metrics.gauges
        yield _counter("idis_cache_hits", "Questions answered from the cache.", "kind", _below("hits.", counted))
        yield CounterMetricFamily("idis_cache_misses", "Questions other nodes were asked for.", value=counted["misses"])
        events = _below("events.", counted)
        yield _counter("idis_recursion_events", "What happened while asking other nodes.", "event", events)
        yield GaugeMetricFamily("idis_cache_bytes", "Memory held by answers and delegations.", value=gauges["cache_bytes"])
        yield GaugeMetricFamily("idis_cache_entries", "Answers in the cache.", value=gauges["cache_entries"])
        yield CounterMetricFamily("idis_cache_evictions", "Answers dropped for want of room.", value=counted["evictions"])
        yield GaugeMetricFamily(
            "idis_recursion_pending", "Questions waiting for other nodes.", value=gauges["recursion_pending"]
        )
        yield _counter("idis_upstream", "What asking other nodes took.", "what", _below("upstream.", counted))

    def _paths(self, metrics: Metrics) -> Iterator[Metric]:
        line = "Processes that answer on the binary port, by step and by where its answers come from."
        paths = GaugeMetricFamily("idis_hot_path", line, labels=("step", "source"))
        for path in PATHS:
            paths.add_metric(path, metrics.gauges[path_gauge(*path)])
        yield paths
        line = "Times an entry of the answer index failed its checksum and the store answered."
        yield CounterMetricFamily("idis_index_damaged", line, value=metrics.index["damaged"])

    def _workers(self) -> Iterator[Metric]:
        """Each process of a node that has several."""
        if self._face.board is None:
            return
        ready = GaugeMetricFamily("idis_worker_ready", "Whether this process answers.", labels=("worker",))
        answers = CounterMetricFamily("idis_worker_requests", "Requests this process answered.", labels=("worker",))
        restarts = CounterMetricFamily("idis_worker_restarts", "Times this process was replaced.", labels=("worker",))
        resident = GaugeMetricFamily("idis_worker_resident_bytes", "Its memory in RAM, with shared pages.", labels=("worker",))
        for process in self._face.board.processes():
            labels = (process.label,)
            ready.add_metric(labels, process.ready)
            answers.add_metric(labels, process.answers)
            restarts.add_metric(labels, process.restarts)
            resident.add_metric(labels, process.resident_bytes)
        yield from (ready, answers, restarts, resident)

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


def _below(head: str, counts: Counter[str]) -> dict[str, int]:
    """The counts whose names begin so, by the rest of their names."""
    return {name.removeprefix(head): count for name, count in counts.items() if name.startswith(head)}


def _buckets(durations: Durations) -> list[tuple[str, float]]:
    """Cumulative, as Prometheus wants them."""
    shown: list[tuple[str, float]] = []
    total = 0
    for bound, count in zip((*map(str, DURATION_BOUNDS_S), "+Inf"), durations.counts, strict=True):
        total += count
        shown.append((bound, total))
    return shown
