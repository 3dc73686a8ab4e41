"""The counters of one process in memory that the other processes of its node read.

A block is a row of cells, each a name and a number; one process writes it, and what it has counted stays when that process
ends, so that the node's totals never fall. Whoever comes next in the same place goes on counting from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from idis.resolver.metrics import NOW

CELLS_MAX = 1_023  # names of one process: about 70 are usual; other nodes' unusual response codes make more
BLOCK_BYTES = 64 * (1 + CELLS_MAX)

OVERFLOW = "limited/metric_names"  # the first cell: numbers that found no cell of their own
_CELL_BYTES = 64
_NUMBER_BYTES = 8
_NAME_BYTES_MAX = _CELL_BYTES - _NUMBER_BYTES


class CounterBlock:
    """BLOCK_BYTES of memory, zeroed or used before."""

    def __init__(self, memory: memoryview) -> None:
        self._memory = memory
        self._used = memory[:_NUMBER_BYTES].cast("Q")  # cells that have a name
        self._numbers = memory.cast("d")
        self._cells: dict[str, int] = {}  # name → where its number is; the writer's
        self._before: dict[str, float] = {}  # what was counted here by processes that have ended

    def take_over(self) -> None:
        """Begin to write: go on from what is here, and end what was true of the process before."""
        self._cells = dict(self._walk())
        self._before = {name: self._numbers[at] for name, at in self._cells.items() if not name.startswith(NOW)}
        for name, at in self._cells.items():
            if name.startswith(NOW):
                self._numbers[at] = 0.0
        if not self._cells:
            self._new_cell(OVERFLOW)

    def write(self, numbers: Mapping[str, float]) -> None:
        """Show what this process has counted since it took over."""
        cells, before = self._cells, self._before
        left_out = 0
        for name, number in numbers.items():
            if (at := cells.get(name) or self._new_cell(name)) is None:
                left_out += 1
            else:
                self._numbers[at] = before.get(name, 0.0) + number
        if left_out:
            self._numbers[cells[OVERFLOW]] = before.get(OVERFLOW, 0.0) + left_out

    def read(self, *, alive: bool) -> dict[str, float]:
        """What is shown; without what is true only now, when the process has ended."""
        numbers = {name: self._numbers[at] for name, at in self._walk() if alive or not name.startswith(NOW)}
        if not numbers.get(OVERFLOW, 0.0):
            numbers.pop(OVERFLOW, None)
        return numbers

    def _walk(self) -> Iterator[tuple[str, int]]:
        """Names, and where their numbers are."""
        for cell in range(self._used[0]):
            start = _start_of(cell)
            octets = bytes(self._memory[start : start + _NAME_BYTES_MAX])
            yield octets.rstrip(b"\x00").decode(), (start - _NUMBER_BYTES) // _NUMBER_BYTES

    def _new_cell(self, name: str) -> int | None:
        """Where the number of a new name goes, while there is room."""
        cell = self._used[0]
        octets = name.encode()
        if cell >= CELLS_MAX or len(octets) > _NAME_BYTES_MAX:
            return None
        start = _start_of(cell)
        self._memory[start : start + len(octets)] = octets
        self._used[0] = cell + 1  # after the name, so that a reader finds it whole
        at = self._cells[name] = (start - _NUMBER_BYTES) // _NUMBER_BYTES
        return at


def _start_of(cell: int) -> int:
    """Where a cell's name begins; its number stands in front of it."""
    return _CELL_BYTES * (1 + cell) + _NUMBER_BYTES
