"""Drives a resolution over real sockets."""

from __future__ import annotations

from collections.abc import Callable

from idis.resolver.recursion.event import Ask, Done
from idis.resolver.recursion.resolution import Resolution
from idis.resolver.recursion.upstream import Upstream


async def walk(resolution: Resolution, upstream: Upstream, clock: Callable[[], float]) -> Done:
    """Ask whom the resolution wants asked, one after the other, until it is done."""
    while True:
        step = resolution.next_query(clock())
        if isinstance(step, Done):
            return step
        assert isinstance(step, Ask), "every question was answered before the next step"
        event = await upstream.ask(step.target, step.query, step.budget)
        resolution.receive(event, clock())
