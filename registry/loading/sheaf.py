"""Items on their way into a sorted run: gathered in any order, given back sorted and packed.

Compiled where that is possible: an item is then packed when it is added, and sorting moves no octets of those that come
sorted. The plain twin keeps tuples.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from itertools import islice, pairwise
from typing import Any

import msgpack

from idis.proto import speedups

Item = tuple[Any, ...]


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


def ascending_in_python(piece: bytes, elements: int, previous: bytes) -> tuple[bool, int, bytes, bytes]:
    """Whether the first elements of items ascend strictly.

    Args:
        piece: of a run, as a sheaf or a merge gives it.
        elements: how many of each are compared.
        previous: the item before it, packed; empty when there is none.

    Returns:
        Whether they do, how many items there are, and the first and the last one, packed.
    """
    items = msgpack.unpackb(piece, use_list=False)
    before = (msgpack.unpackb(previous, use_list=False),) if previous else ()
    ascends = all(one[:elements] < other[:elements] for one, other in pairwise((*before, *items)))
    return ascends, len(items), msgpack.packb(items[0]), msgpack.packb(items[-1])


def merged_pieces_in_python(runs: Iterable[Iterable[bytes]], each: int) -> Iterator[bytes]:
    """The items of sorted runs in order, in pieces of so many; runs are given piece by piece."""
    items = heapq.merge(*(_items(run) for run in runs))
    while piece := list(islice(items, each)):
        yield msgpack.packb(piece)


def _items(pieces: Iterable[bytes]) -> Iterator[Item]:
    for piece in pieces:
        yield from msgpack.unpackb(piece, use_list=False)


ascending, merged_pieces = ascending_in_python, merged_pieces_in_python
if speedups.LOADED == speedups.COMPILED:
    from idis.proto import _speedups
    from idis.proto._speedups import Sheaf as Sheaf

    ascending, merged_pieces = _speedups.ascending, _speedups.merged_pieces
else:
    Sheaf = SheafInPython  # type: ignore[misc,assignment]
