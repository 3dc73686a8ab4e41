"""Bringing what the store's writer finished back to the event loop, all of a commit by one wake-up.

The writer resolves the futures of a commit one after another, from its own thread. Waking the loop for each costs as much
as the change itself when sixty-four share a flush; here the first one wakes it, and what follows is taken along.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class Landing:
    """Waits for futures of another thread on the loop that asks first."""

    def __init__(self) -> None:
        self._landed: deque[tuple[Callable[[Future[Any]], None], Future[Any]]] = deque()
        self._awake = False

    def then(self, future: Future[T], call: Callable[[Future[T]], None]) -> None:
        """Call this on the running loop when a future of another thread is done."""
        loop = asyncio.get_running_loop()

        def landed(done: Future[T]) -> None:
            self._landed.append((call, done))
            if not self._awake:
                self._awake = True
                loop.call_soon_threadsafe(self._settle)

        future.add_done_callback(landed)

    async def wait(self, future: Future[T]) -> T:
        """What a future of another thread comes to. A waiter that is cancelled leaves the change to its fate."""
        waiter: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def settle(done: Future[T]) -> None:
            if waiter.done():
                return
            if (error := done.exception()) is not None:
                waiter.set_exception(error)
            else:
                waiter.set_result(done.result())

        self.then(future, settle)
        return await waiter

    def _settle(self) -> None:
        # Cleared first: what lands from here on wakes the loop again, at worst for nothing.
        self._awake = False
        while self._landed:
            call, done = self._landed.popleft()
            call(done)
