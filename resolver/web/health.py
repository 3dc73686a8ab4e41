"""`/healthz`, `/readyz` and `/metrics`: what watches a node asks these."""

from __future__ import annotations

from aiohttp import web

from idis.resolver.web.exporter import CONTENT_TYPE, Exporter
from idis.resolver.web.face import Face
from idis.resolver.web.json_reply import json_reply


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
            "workers": node.workers,
            "keeper": node.has_keeper,
            "uptime_s": round(face.uptime_s, 3),
        }
        return json_reply(document, 200 if readiness.ready else 503)

    async def metrics(self, request: web.Request) -> web.Response:
        """All counters in Prometheus's text form."""
        return web.Response(body=self._exporter.text(), headers={"Content-Type": CONTENT_TYPE})
