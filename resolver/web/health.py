"""`/healthz`, `/readyz` and `/metrics`: what watches a node asks these."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from idis.resolver.web.exporter import CONTENT_TYPE, Exporter
from idis.resolver.web.face import Face
from idis.resolver.web.json_reply import json_reply

STATUS_WARNING_S = 6 * 3_600  # a status lives a day and is renewed hourly: a night's sleep before it ends
STATUSES_NAMED_MAX = 64


class Health:
    """Alive, ready, and how much."""

    def __init__(self, face: Face) -> None:
        self._face = face
        self._exporter = Exporter(face)

    async def alive(self, request: web.Request) -> web.Response:
        """The process runs and its loop turns."""
        return web.Response(text="ok\n")

    async def ready(self, request: web.Request) -> web.Response:
        """The node answers questions; 503 with the reason when it does not."""
        face = self._face
        node = face.config.node
        readiness, metrics = face.readiness(), face.figures()
        step, source = metrics.path
        document: dict[str, object] = {
            "ready": readiness.ready,
            "reason": readiness.reason,
            "name": node.name,
            "tier": node.tier.value,
            "version": face.version,
            "prefixes": list(node.prefixes),
            "records": sum(metrics.records.values()),
            "position": list(metrics.position),
            "recursion": face.recursor is not None,
            "step": step,
            "source": source,
            "workers": node.workers,
            "keeper": node.has_keeper,
            "uptime_s": round(face.uptime_s, 3),
            "statuses_ending": _ending(metrics.statuses, face.service.clock.time()),
        }
        return json_reply(document, 200 if readiness.ready else 503)

    async def metrics(self, request: web.Request) -> web.Response:
        """All counters in Prometheus's text form."""
        return web.Response(body=self._exporter.text(), headers={"Content-Type": CONTENT_TYPE})


def _ending(statuses: Mapping[str, int], now: float) -> list[dict[str, object]]:
    """The prefixes whose status ends within STATUS_WARNING_S or has ended, the first to end first, with the time."""
    ending = sorted((until, prefix) for prefix, until in statuses.items() if until < now + STATUS_WARNING_S)
    return [{"prefix": prefix, "until": until} for until, prefix in ending[:STATUSES_NAMED_MAX]]
