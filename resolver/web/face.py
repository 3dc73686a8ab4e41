"""What the HTTP face shows of a node, gathered in one place for its pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from idis.proto.types.site import Site
from idis.resolver.admin.elsewhere import Elsewhere
from idis.resolver.admin.registrar import Registrar
from idis.resolver.admin.server_key import ServerKey
from idis.resolver.admin.verifier import Verifier
from idis.resolver.commits import Commits
from idis.resolver.config import NodeConfig
from idis.resolver.metrics import Metrics
from idis.resolver.processes.board import Board
from idis.resolver.recursion.recursor import Recursor
from idis.resolver.service import Service
from idis.resolver.trace.errands import Errands
from idis.resolver.trace.job_files import JobFiles
from idis.resolver.trace.neighbours import Neighbours


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the node answers as it should; `reason` is empty when it does."""

    ready: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Face:
    """A running node as its HTTP pages see it. `started` is monotonic seconds; `board` is None where one process is all."""

    config: NodeConfig
    version: str
    site: Site
    service: Service
    figures: Callable[[], Metrics]
    recursor: Recursor | None
    readiness: Callable[[], Readiness]
    registrar: Registrar
    verifier: Verifier
    elsewhere: Elsewhere
    neighbours: Neighbours
    server_key: ServerKey | None  # None where the node signs nothing
    started: float
    commits: Commits
    board: Board | None = None
    errands: Errands = field(default_factory=Errands)

    @property
    def job_files(self) -> JobFiles:
        """Where questions that take their time are written down."""
        return JobFiles(self.config.data_dir)

    @property
    def uptime_s(self) -> float:
        """Seconds since the node began to serve."""
        return self.service.clock.monotonic() - self.started

    @property
    def connections_max(self) -> int:
        """How many connections all processes of the node may have; what follows from descriptors, each has for itself."""
        shared = self.board is None or self.config.limits.connections
        return self.service.table.connections_max * (1 if shared else self.config.node.workers + 1)
