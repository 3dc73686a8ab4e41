"""What every connection of a node shares."""

from __future__ import annotations

from dataclasses import dataclass

from idis.resolver.chain import Chain
from idis.resolver.config import LimitsSection
from idis.resolver.guard.connections import ConnectionTable
from idis.resolver.guard.sources import Sources
from idis.resolver.metrics import Metrics
from idis.resolver.recursion.recursor import Clock


@dataclass(frozen=True, slots=True)
class Service:
    """The chain that answers, who may hold how much of the node, and where it is counted."""

    chain: Chain
    sources: Sources
    table: ConnectionTable
    limits: LimitsSection
    metrics: Metrics
    clock: Clock
