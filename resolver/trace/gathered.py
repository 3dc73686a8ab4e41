"""What one request of a walk has gathered from many nodes, and how much of it the walk knows."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field

from idis.registry.trace.edge import Edge
from idis.registry.trace.expanding import Ask


@dataclass(slots=True)
class Gathered:
    """What one request of a walk has gathered.

    Attributes:
        edges: by the thing they are of.
        wanted: what is still to be asked, by the prefix that is to be asked.
        done: what was asked of whom.
        running: questions on their way.
        told: how many edges of each thing the walk has been told; None before it was told anything.
        beside: it is not of the walk: only what is in the answers counts.
    """

    edges: dict[str, list[Edge]] = field(default_factory=lambda: defaultdict(list))
    wanted: dict[str, dict[Ask, None]] = field(default_factory=lambda: defaultdict(dict))
    done: set[tuple[str, Ask]] = field(default_factory=set)
    running: set[asyncio.Task[None]] = field(default_factory=set)
    told: dict[str, int] | None = None
    beside: bool = False

    @property
    def has_news(self) -> bool:
        """Whether there is something to tell the walk, be it that there is nothing yet."""
        told = self.told
        return told is None or any(len(edges) > told.get(thing, 0) for thing, edges in self.edges.items())

    def news(self) -> dict[str, list[Edge]]:
        """The edges that the walk has not been told; it is told now."""
        before = self.told or {}
        self.told = {thing: len(edges) for thing, edges in self.edges.items()}
        return {thing: edges[before.get(thing, 0) :] for thing, edges in self.edges.items() if len(edges) > before.get(thing, 0)}
