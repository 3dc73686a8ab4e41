"""What every connection of a node shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from idis.resolver.chain import Chain
from idis.resolver.config import LimitsSection
from idis.resolver.guard.connections import ConnectionTable
from idis.resolver.guard.sources import Sources
from idis.resolver.metrics import Metrics
from idis.resolver.recursion.recursor import Clock

if TYPE_CHECKING:
    from idis.resolver.accelerator import Accelerator


@dataclass(frozen=True, slots=True)
class Service:
    """The chain that answers, who may hold how much of the node, where it is counted, and the compiled step if there is one."""

    chain: Chain
    sources: Sources
    table: ConnectionTable
    limits: LimitsSection
    metrics: Metrics
    clock: Clock
    accelerator: Accelerator | None = None
