"""What the HTTP face shows of a node, gathered in one place for its pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from idis.proto.types.site import Site
from idis.resolver.config import NodeConfig
from idis.resolver.metrics import Metrics
from idis.resolver.recursion.recursor import Recursor
from idis.resolver.service import Service


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the node answers as it should; `reason` is empty when it does."""

    ready: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Face:
    """A running node as its HTTP pages see it. `started` is monotonic seconds."""

    config: NodeConfig
    version: str
    site: Site
    service: Service
    metrics: Metrics
    recursor: Recursor | None
    readiness: Callable[[], Readiness]
    started: float

    @property
    def uptime_s(self) -> float:
        """Seconds since the node began to serve."""
        return self.service.clock.monotonic() - self.started
