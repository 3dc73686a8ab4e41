"""Daily resolutions of prefixes that pay by the day, counted over all processes of a node (`registry/daily_count.py`).

Each process counts what it answers, and adds it to the common count now and then: after ten seconds, or when it has answered
a hundredth of the quota, but not twice in a second. So the node may answer a little more than the quota, never less.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from idis.registry.daily_count import add_count, beijing_day, counted
from idis.registry.store.base import ReadTxn, Store, StoreError
from idis.resolver.log import note

ADD_S = 10.0  # how long answers wait to be added
LOOK_S = 1.0  # how often the common count is looked at, and added to
SHARE = 100  # a hundredth of the quota is added at once
ACTOR = "quota"


@dataclass(slots=True)
class _Count:
    """Of one prefix: `base` is the common count as last known, `own` what is not yet in it, `adding` what is on its way."""

    day: int
    quota: int
    base: int
    looked_at: float
    added_at: float
    own: int = 0
    adding: int = 0


class DailyCounts:
    """The counts of one process.

    Args:
        store: where the common counts are.
        monotonic: seconds that never go back.
    """

    def __init__(self, store: Store, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._monotonic = monotonic
        self._counts: dict[str, _Count] = {}

    def take(self, prefix: str, quota: int, txn: ReadTxn, now: int) -> bool:
        """Count a resolution, unless the quota of the day is used up.

        Args:
            prefix: folded.
            quota: resolutions a day.
            txn: the snapshot the question is answered from.
            now: unix time.
        """
        day, steady = beijing_day(now), self._monotonic()
        count = self._counts.get(prefix)
        if count is None or count.day != day:
            count = self._counts[prefix] = _Count(day, quota, counted(txn, prefix, day), steady, steady)
        elif steady >= count.looked_at + LOOK_S and not count.adding:
            count.base, count.looked_at = counted(txn, prefix, day), steady
        count.quota = quota
        if count.base + count.own + count.adding >= quota:
            return False
        count.own += 1
        return True

    async def run(self) -> None:
        """Add to the common counts, for ever; ends by cancellation."""
        while True:
            await asyncio.sleep(LOOK_S)
            steady = self._monotonic()
            for prefix, count in list(self._counts.items()):
                if count.own and (count.own * SHARE >= count.quota or steady >= count.added_at + ADD_S):
                    await self._add(prefix, count)

    async def finish(self) -> None:
        """Add what is left, before the store closes."""
        for prefix, count in list(self._counts.items()):
            if count.own:
                await self._add(prefix, count)

    async def _add(self, prefix: str, count: _Count) -> None:
        count.adding, count.own = count.own, 0
        count.added_at = self._monotonic()
        change = partial(add_count, prefix=prefix, day=count.day, count=count.adding)
        try:
            count.base = (await asyncio.wrap_future(self._store.write(change, actor=ACTOR))).result
        except StoreError as error:
            count.own += count.adding
            note(logging.WARNING, "daily counts wait", prefix=prefix, error=str(error))
        finally:
            count.adding = 0
