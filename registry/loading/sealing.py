"""Storing in order what worker processes have sealed ahead.

Sealing a record for its place in the journal costs as much as storing it. So workers seal each batch for the place it will
most likely get, the transaction after the one before, while the parent stores the batches that are ready. Where a node
writes in between, the guess is wrong, and the batch is sealed again: slower, not wrong. While one batch is on its way to
the disk the parent receives the next, so that no worker waits for a flush.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from idis.registry.journal import Position
from idis.registry.store.base import Store
from idis.registry.store.bulk import Item, Loaded, batches, begin_sealed
from idis.registry.store.sealed_batch import Sealed, seal

ACTOR = "import"

Report = Callable[[str, int, float | None], None]  # phase, how many, part done (None: unknown)
Task = TypeVar("Task")


@dataclass(frozen=True, slots=True)
class SealedAhead:
    """The batches one task came to; usually one, more where a prefix ends in the middle."""

    number: int
    parts: tuple[Sealed, ...]


def seal_ahead(number: int, items: Iterable[Item], position: Position) -> SealedAhead:
    """Seal sorted items for `position` and, where they are several batches, for the transactions after it."""
    now_ms = int(time.time() * 1_000)
    cut = enumerate(batches(items))
    return SealedAhead(number, tuple(seal(batch, Position(position.epoch, position.hi + at, 0), now_ms) for at, batch in cut))


def store_in_order(
    store: Store,
    count: int,
    task: Callable[[int, Position], Task],
    run: Callable[[Iterable[Task]], Iterator[SealedAhead]],
    *,
    records: int,
    report: Report,
) -> Loaded:
    """Store batches in order, in whichever order they are sealed.

    Args:
        store: the open store.
        count: how many tasks there are.
        task: makes a task of its number and the place it will most likely get.
        run: applies `seal_ahead` to tasks, in workers or here, and draws them as late as it can.
        records: about how many records they hold, for progress.
        report: called with progress.
    """
    storing = _Storing(store)

    def tasks() -> Iterator[Task]:
        for number in range(count):
            yield task(number, storing.place_of(number))

    waiting: dict[int, SealedAhead] = {}
    for result in run(tasks()):
        waiting[result.number] = result
        while ahead := waiting.pop(storing.begun, None):
            for part in ahead.parts:
                storing.begin(part)
            storing.begun += 1
            report("loading", storing.loaded.total, storing.loaded.total / records)
    storing.finish()
    report("loading", storing.loaded.total, 1.0)
    return storing.loaded


class _Storing:
    """Batches on their way into the store, one at a time: two in one commit would have other places than they were sealed for.

    Attributes:
        begun: tasks whose batches have all been begun.
        loaded: what became of those that are durable.
    """

    def __init__(self, store: Store) -> None:
        self.begun = 0
        self.loaded = Loaded()
        self._store = store
        self._going: Callable[[], Loaded] | None = None
        self._next = self._place_after(1)

    def place_of(self, number: int) -> Position:
        """Where the first batch of a task will most likely be: each task is one batch."""
        return self._next._replace(hi=self._next.hi + number - self.begun)

    def begin(self, sealed: Sealed) -> None:
        """Begin with a batch once the one before is durable."""
        self.finish()
        self._next = self._place_after(2)
        self._going = begin_sealed(self._store, sealed, actor=ACTOR)

    def finish(self) -> None:
        """Wait for the batch that is on its way."""
        if self._going is not None:
            self.loaded += self._going()
            self._going = None

    def _place_after(self, commits: int) -> Position:
        with self._store.read() as txn:
            return Position(txn.position.epoch, txn.position.hi + commits, 0)
