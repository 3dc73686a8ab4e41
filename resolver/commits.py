"""Waiting for commits: of this process, of others of the node, of a command beside it.

LMDB writes a commit to its data file before anybody can read it, and the kernel tells who listens at the file. So nobody
has to look often whether there is something new, and an idle node sleeps. Whoever has waited sets his own pace before he
waits again: under a burst of changes he is woken as often as he wants to be.
"""

from __future__ import annotations

import asyncio

from idis.registry.store.base import Store
from idis.registry.store.ear import Ear

LOOK_S = 0.02  # between two looks at the number of the last commit, where there is no ear


class Commits:
    """Wakes those who wait in one process; the node calls `look` every second, should the ear ever miss something.

    Args:
        store: whose commits.
        ear: at the file they are written to; None: the store is looked at every LOOK_S while somebody waits.
    """

    def __init__(self, store: Store, ear: Ear | None) -> None:
        self._store = store
        self._ear = ear
        self._waiting: dict[asyncio.Future[None], int] = {}
        self._listening = False
        self._timer: asyncio.TimerHandle | None = None

    async def beyond(self, known: int, within_s: float | None = None) -> None:
        """Return once there is a commit beyond a known one, or the time is over.

        Args:
            known: `store.last_transaction` before the caller looked at the store.
            within_s: how long to wait; None: for ever.
        """
        if self._ear is not None and not self._listening:
            self._ear.forget()
        if self._store.last_transaction != known:
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[woken] = known
        self._listen()
        try:
            await asyncio.wait((woken,), timeout=within_s)
        finally:
            self._waiting.pop(woken, None)
            if not self._waiting:
                self._rest()

    def look(self) -> None:
        """Wake whoever waits for what is there."""
        last = self._store.last_transaction
        for woken in [woken for woken, known in self._waiting.items() if known != last]:
            del self._waiting[woken]
            if not woken.done():
                woken.set_result(None)
        if not self._waiting:
            self._rest()

    def wake(self) -> None:
        """Wake whoever waits, commit or not: one of them has something else to do."""
        for woken in self._waiting:
            if not woken.done():
                woken.set_result(None)

    def close(self) -> None:
        """Wake nobody any more."""
        self._waiting.clear()
        self._rest()
        if self._ear is not None:
            self._ear.close()
            self._ear = None

    def _listen(self) -> None:
        if self._listening:
            return
        self._listening = True
        loop = asyncio.get_running_loop()
        if self._ear is None:
            self._timer = loop.call_later(LOOK_S, self._look_again)
        else:
            loop.add_reader(self._ear.fileno(), self._hear)

    def _rest(self) -> None:
        if not self._listening:
            return
        self._listening = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        elif self._ear is not None:
            asyncio.get_running_loop().remove_reader(self._ear.fileno())

    def _hear(self) -> None:
        assert self._ear is not None, "who hears has an ear"
        self._ear.forget()
        self.look()

    def _look_again(self) -> None:
        self._listening, self._timer = False, None
        self.look()
        if self._waiting:
            self._listen()
