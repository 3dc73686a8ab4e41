"""Sorted runs in temporary files, merged again in bounded memory.

A run is a sorted list of tuples, packed in pieces, so that merging holds one piece of each run. The files have no names:
whatever ends the process, nothing is left to clean up. Each process that works on a load appends to a file of its own and
may read all of them, so records pass between processes through the page cache and not through pipes. Without a folder the
runs stay in memory, for small files.
"""

from __future__ import annotations

import heapq
import io
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Any

import msgpack

from idis.registry.loading.sheaf import Item as Item
from idis.registry.loading.sheaf import merged_pieces

PIECE_ITEMS = 128  # tuples unpacked at once, per run
MERGE_RUNS_MAX = 256  # more runs than these are merged in two rounds: 256 pieces of records are some 16 MiB


@dataclass(frozen=True, slots=True)
class Piece:
    """Where some tuples lie: number of the file, offset and length in octets, and how many there are."""

    file: int
    offset: int
    length: int
    count: int


@dataclass(frozen=True, slots=True)
class Run:
    """A sorted run: its pieces, its first and its last tuple."""

    pieces: tuple[Piece, ...]
    first: Item
    last: Item


class SpillFile:
    """A file without a name; travels to a spawned process, where it is the same file."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._end = 0

    @classmethod
    def make(cls, folder: Path) -> SpillFile:
        """A new one in a folder."""
        handle, name = tempfile.mkstemp(dir=folder)
        os.unlink(name)
        return cls(handle)

    def write(self, octets: bytes) -> int:
        """Append octets; returns their offset. OSError when the disk is full."""
        offset = self._end
        view = memoryview(octets)
        while view:
            written = os.pwrite(self._handle, view, self._end)
            view = view[written:]
            self._end += written
        return offset

    def read(self, offset: int, length: int) -> bytes:
        """Octets written before, by whomever."""
        return os.pread(self._handle, length, offset)

    def close(self) -> None:
        """Let go of it."""
        os.close(self._handle)

    def __reduce__(self) -> tuple[Any, ...]:
        return _received, (DupFd(self._handle),)


class MemoryFile:
    """A piece of memory that serves as a spill file inside one process."""

    def __init__(self) -> None:
        self._memory = io.BytesIO()

    def write(self, octets: bytes) -> int:
        """Append octets; returns their offset."""
        offset = self._memory.seek(0, io.SEEK_END)
        self._memory.write(octets)
        return offset

    def read(self, offset: int, length: int) -> bytes:
        """Octets written before."""
        self._memory.seek(offset)
        return self._memory.read(length)

    def close(self) -> None:
        """Let go of it."""
        self._memory.close()


@dataclass(frozen=True, slots=True)
class Spill:
    """The temporary files of a load: number 0 is the parent's, the others are the workers'."""

    files: tuple[SpillFile | MemoryFile, ...]

    @classmethod
    def make(cls, folder: Path | None, workers: int) -> Spill:
        """Open the files in `folder`; None keeps everything in memory, which admits no workers."""
        if folder is None:
            return cls((MemoryFile(),))
        return cls(tuple(SpillFile.make(folder) for _ in range(workers + 1)))

    def write_run(self, file: int, items: Iterable[Item]) -> Run | None:
        """Append sorted tuples of octets, text and integers to a file, piece by piece; None when there are none."""
        items = iter(items)
        pieces: list[Piece] = []
        first: Item | None = None
        last: Item = ()
        while piece := list(islice(items, PIECE_ITEMS)):
            octets = msgpack.packb(piece)
            pieces.append(Piece(file, self.files[file].write(octets), len(octets), len(piece)))
            first = piece[0] if first is None else first
            last = piece[-1]
        return None if first is None else Run(tuple(pieces), first, last)

    def write_packed(self, file: int, packed: Iterable[tuple[bytes, int]]) -> Run | None:
        """Append tuples that a sheaf has sorted and packed, piece by piece, each with their number; None when there are none."""
        pieces: list[Piece] = []
        first = last = b""
        for octets, count in packed:
            pieces.append(Piece(file, self.files[file].write(octets), len(octets), count))
            first, last = first or octets, octets
        return Run(tuple(pieces), unpacked(first)[0], unpacked(last)[-1]) if pieces else None

    def octets(self, piece: Piece) -> bytes:
        """The tuples of a piece, as they are packed."""
        return self.files[piece.file].read(piece.offset, piece.length)

    def items(self, pieces: Iterable[Piece]) -> Iterator[Item]:
        """The tuples of some pieces, in order."""
        for piece in pieces:
            yield from unpacked(self.octets(piece))

    def close(self) -> None:
        """Give the space back."""
        for file in self.files:
            file.close()


def unpacked(octets: bytes) -> Item:
    """The tuples of a piece, or the elements of one."""
    items: Item = msgpack.unpackb(octets, use_list=False)
    return items


class Stream:
    """One kind of sorted tuples, added run by run and read back as one sorted sequence."""

    def __init__(self, spill: Spill) -> None:
        self._spill = spill
        self._runs: list[Run] = []

    def add(self, run: Run | None) -> None:
        """Keep a run."""
        if run is not None:
            self._runs.append(run)

    def extend(self, items: Iterable[Item]) -> None:
        """Write sorted tuples as a run of the parent's file, and keep it."""
        self.add(self._spill.write_run(0, items))

    def __bool__(self) -> bool:
        return bool(self._runs)

    def __iter__(self) -> Iterator[Item]:
        """All tuples in order. Runs that do not overlap, those of a sorted file, are only chained."""
        pieces = self.ordered_pieces()
        if pieces is not None:
            return self._spill.items(pieces)
        self._reduce()
        return heapq.merge(*(self._spill.items(run.pieces) for run in self._runs))

    def ordered_pieces(self) -> list[Piece] | None:
        """All pieces in order, if that gives all tuples in order: if no two runs overlap."""
        self._runs.sort(key=lambda run: run.first)
        if any(one.last > other.first for one, other in zip(self._runs, self._runs[1:], strict=False)):
            return None
        return list(chain.from_iterable(run.pieces for run in self._runs))

    def _reduce(self) -> None:
        while len(self._runs) > MERGE_RUNS_MAX:
            group, self._runs = self._runs[:MERGE_RUNS_MAX], self._runs[MERGE_RUNS_MAX:]
            self.extend(heapq.merge(*(self._spill.items(run.pieces) for run in group)))


class PackedStream(Stream):
    """A stream of runs that sheaves have packed."""

    def packed(self) -> Iterator[bytes]:
        """All tuples in order, in packed pieces."""
        pieces = self.ordered_pieces()
        if pieces is not None:
            return map(self._spill.octets, pieces)
        self._reduce()
        return self._merged(self._runs)

    def __iter__(self) -> Iterator[Item]:
        """All tuples in order."""
        return chain.from_iterable(map(unpacked, self.packed()))

    def _reduce(self) -> None:
        while len(self._runs) > MERGE_RUNS_MAX:
            group, self._runs = self._runs[:MERGE_RUNS_MAX], self._runs[MERGE_RUNS_MAX:]
            self.add(self._spill.write_packed(0, ((octets, _count(octets)) for octets in self._merged(group))))

    def _merged(self, runs: Iterable[Run]) -> Iterator[bytes]:
        return merged_pieces([map(self._spill.octets, run.pieces) for run in runs], PIECE_ITEMS)


@dataclass(frozen=True, slots=True)
class RunWriter:
    """One process's way of writing runs."""

    spill: Spill
    file: int

    def write(self, items: Sequence[Item]) -> Run | None:
        """Write sorted tuples."""
        return self.spill.write_run(self.file, items)

    def write_packed(self, packed: Sequence[tuple[bytes, int]]) -> Run | None:
        """Write tuples that a sheaf has sorted and packed."""
        return self.spill.write_packed(self.file, packed)


def _count(octets: bytes) -> int:
    return len(unpacked(octets))


def _received(handle: Any) -> SpillFile:
    return SpillFile(handle.detach())
