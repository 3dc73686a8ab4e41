"""Storing in order what worker processes have sealed ahead.

Sealing a record for its place in the journal costs as much as storing it. So workers seal each batch for the place it will
most likely get, the transaction after the one before, while the parent stores the batches that are ready. Where a node
writes in between, the guess is wrong, and the batch is sealed again: slower, not wrong.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from idis.registry.journal import Position
from idis.registry.store.base import Store
from idis.registry.store.bulk import Item, Loaded, batches, load_sealed
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
    loaded = Loaded()
    stored = 0
    position = _position(store)

    def tasks() -> Iterator[Task]:
        for number in range(count):
            yield task(number, Position(position.epoch, position.hi + 1 + number - stored, 0))

    waiting: dict[int, SealedAhead] = {}
    for result in run(tasks()):
        waiting[result.number] = result
        while ahead := waiting.pop(stored, None):
            for part in ahead.parts:
                loaded += load_sealed(store, part, actor=ACTOR)
            stored += 1
            position = _position(store)
            report("loading", loaded.total, loaded.total / records)
    return loaded


def _position(store: Store) -> Position:
    with store.read() as txn:
        return txn.position
