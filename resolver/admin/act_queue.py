"""Acts on their way to the writer: whatever waits when the store begins a commit is done by one change.

A change of its own for each act costs a future, two locks and a wake-up, more than the act itself. Here the acts that
arrive wait in one line, and one change, when its turn comes, takes them all: those too that came after it was queued. What
it was comes back to the loop by one wake-up. If anything unforeseen ends such a change, nothing of it has happened, and
each of its acts is done by a change of its own, so that none suffers for another.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future

from idis.proto.errors import IdentifierError
from idis.registry.registration import acts
from idis.registry.registration.plain_creates import PlainCreate
from idis.registry.registration.together import Asked, actor_of, perform_together
from idis.registry.store.base import (
    COMMIT_OPS_MAX,
    WRITE_QUEUE_MAX,
    Committed,
    Store,
    StoreBusy,
    StoreError,
    StoreFull,
    StorePoisoned,
    WriteTxn,
)
from idis.resolver.admin.landing import Landing

ACTOR = "acts"  # whoever asked for an act is named with it
OCTETS_MAX = 1_048_576  # of the values of one commit: bounds the latency of the first in it
TOLD_MAX = 4  # at one turn of the loop, because each answers his client: whoever only asks comes in between

_Results = list[acts.Result | IdentifierError]
_Waiting = tuple[Asked, "asyncio.Future[acts.Result]"]
_Told = acts.Result | BaseException


class ActQueue:
    """The acts of one process that wait for the store."""

    def __init__(self, store: Store, landing: Landing) -> None:
        self._store = store
        self._landing = landing
        self._line: deque[_Waiting] = deque()
        self._called = False  # a change that takes them is queued and has not begun
        self._untold: deque[tuple[asyncio.Future[acts.Result], _Told]] = deque()  # what is durable, to be told

    async def perform(self, asked: Asked) -> acts.Result:
        """What an act comes to, once it is durable.

        Raises:
            IdentifierError: its identifier is none.
            StoreError: see `Writer.submit`.
        """
        if len(self._line) >= WRITE_QUEUE_MAX:
            raise StoreBusy(f"{len(self._line)} acts are waiting for the disk: try again shortly")
        waiter: asyncio.Future[acts.Result] = asyncio.get_running_loop().create_future()
        self._line.append((asked, waiter))
        if not self._called:
            self._call()
        return await waiter

    def _call(self) -> None:
        """Have the store take who waits."""
        self._called = True
        taken: list[_Waiting] = []

        def change(txn: WriteTxn) -> _Results:
            if not taken:  # it runs again when the map had to grow
                self._called = False
                self._take(taken)
            return perform_together(txn, [asked for asked, _ in taken])

        try:
            future = self._store.write(change, actor=ACTOR)
        except StoreError as error:
            self._called = False
            self._tell((self._line.popleft()[1], error) for _ in range(len(self._line)))
            return
        self._landing.then(future, lambda done: self._settle(taken, done))

    def _take(self, taken: list[_Waiting]) -> None:
        """Move to a change what one commit may hold; in whichever thread runs it."""
        octets = 0
        while self._line and len(taken) < COMMIT_OPS_MAX and octets < OCTETS_MAX:
            waiting = self._line.popleft()
            taken.append(waiting)
            octets += _octets_of(waiting[0].act)

    def _settle(self, taken: list[_Waiting], done: Future[Committed[_Results]]) -> None:
        """A change has ended: tell who waits for it, and have who has come meanwhile taken."""
        error = done.exception()
        if error is not None and not taken:  # it was refused before it ran
            self._called = False
            self._take(taken)
        if error is None:
            self._tell((waiter, result) for (_, waiter), result in zip(taken, done.result().result, strict=True))
        elif len(taken) == 1 or isinstance(error, StoreBusy | StoreFull | StorePoisoned):
            self._tell((waiter, error) for _, waiter in taken)
        else:
            for asked, waiter in taken:
                self._do_alone(asked, waiter)
        if self._line and not self._called:
            self._call()

    def _do_alone(self, asked: Asked, waiter: asyncio.Future[acts.Result]) -> None:
        try:
            future = self._store.write(asked.perform, actor=actor_of(asked.caller))
        except StoreError as error:
            self._tell(((waiter, error),))
            return
        self._landing.then(future, lambda done: self._tell(((waiter, done.exception() or done.result().result),)))

    def _tell(self, results: Iterable[tuple[asyncio.Future[acts.Result], _Told]]) -> None:
        """Tell who waits what it came to, a few at each turn of the loop."""
        telling = bool(self._untold)
        self._untold.extend(results)
        if not telling:
            self._tell_some()

    def _tell_some(self) -> None:
        for _ in range(min(TOLD_MAX, len(self._untold))):
            waiter, result = self._untold.popleft()
            if waiter.done():
                continue  # whoever asked is gone; what was done is done
            if isinstance(result, BaseException):
                waiter.set_exception(result)
            else:
                waiter.set_result(result)
        if self._untold:
            asyncio.get_running_loop().call_soon(self._tell_some)


def _octets_of(act: acts.Act | PlainCreate) -> int:
    match act:
        case PlainCreate(octets=octets):
            return len(octets)
        case acts.Create(values=values) | acts.AddValues(values=values) | acts.ModifyValues(values=values):
            return sum(len(value.data) for value in values)
        case _:
            return 0
