"""Items on their way into a sorted run: gathered in any order, given back sorted and packed.

Compiled where that is possible: an item is then packed when it is added, and sorting moves no octets of those that come
sorted. The plain twin keeps tuples.
"""

from __future__ import annotations

import msgpack

from idis.proto import speedups
from idis.registry.loading.spill import Item


class SheafInPython:
    """What `Sheaf` is: items are tuples of octets, texts and integers below 2**64, all of one make."""

    def __init__(self) -> None:
        self._items: list[Item] = []

    def __len__(self) -> int:
        return len(self._items)

    def add(self, item: Item) -> None:
        """Take an item in."""
        self._items.append(item)

    def packed(self, each: int) -> list[tuple[bytes, int]]:
        """All items in order, in pieces of so many: msgpack arrays, and how many are in each."""
        self._items.sort()
        pieces = [self._items[at : at + each] for at in range(0, len(self._items), each)]
        return [(msgpack.packb(piece), len(piece)) for piece in pieces]

    def heads(self, elements: int) -> SheafInPython:
        """A sheaf of the first elements of each item."""
        made = SheafInPython()
        made._items = [item[:elements] for item in self._items]
        return made


if speedups.LOADED == speedups.COMPILED:
    from idis.proto._speedups import Sheaf as Sheaf
else:
    Sheaf = SheafInPython  # type: ignore[misc,assignment]
