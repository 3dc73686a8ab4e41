"""Python's garbage collector, kept from making questions wait.

A full collection walks every object that lives: 0.8 s for the two million of a large cache. Answering leaves no garbage
that needs it (measured over every kind of question, and broken frames; an upstream that refuses leaves 20 objects), so a
worker never runs one while it is asked anything. Young objects are still looked through whenever 10,000 have piled up.
"""

from __future__ import annotations

import gc

YOUNG_OBJECTS = 10_000  # 0.7 ms to look through
QUIET_S = 10  # without a question, after which a worker may look through what has piled up since the last time

_NEVER = 2**31 - 1


def hush(*, hot: bool) -> None:
    """What lives now lives as long as the process: the collector need not walk it again and again.

    Args:
        hot: run no collection of older objects but in `Quiet`; for a process that only answers.
    """
    gc.collect()
    gc.freeze()
    if hot:
        gc.set_threshold(YOUNG_OBJECTS, _NEVER, _NEVER)


class Quiet:
    """Looks once a second whether nobody asks, and then has older objects looked through."""

    def __init__(self) -> None:
        self._answers = -1
        self._quiet_s = 0

    def second(self, answers: int) -> bool:
        """A second has passed; `answers` is how many have been given since start. Whether it collected."""
        self._quiet_s = self._quiet_s + 1 if answers == self._answers else 0
        self._answers = answers
        # The second number counts the times that young objects have become older ones.
        if self._quiet_s < QUIET_S or not gc.get_count()[1]:
            return False
        gc.collect()
        gc.freeze()
        return True
