"""Waiting for what happens elsewhere: until it is so, never for a time that is enough on a quiet machine."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any

WAIT_S_MAX = 60.0  # what takes so long never comes, however busy the machine; half of what pytest gives a test
LOOK_S = 0.005


async def until(fact: Callable[[], Any | Awaitable[Any]]) -> Any:
    """Look, or ask, until a fact is true; what it was at last, for an `assert` to show."""
    ends = time.monotonic() + WAIT_S_MAX
    while True:
        found = fact()
        if inspect.isawaitable(found):
            found = await found
        if found or time.monotonic() > ends:
            return found
        await asyncio.sleep(LOOK_S)


def until_seen(fact: Callable[[], Any]) -> Any:
    """The same outside of an event loop."""
    ends = time.monotonic() + WAIT_S_MAX
    while not (found := fact()) and time.monotonic() < ends:
        time.sleep(LOOK_S)
    return found
