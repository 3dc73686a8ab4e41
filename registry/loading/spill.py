"""Sorted runs in one temporary file, merged again in bounded memory.

A run is a sorted list of tuples, packed in pieces, so that merging holds one piece of each run. The file has no name:
whatever ends the process, nothing is left to clean up. Without a folder the runs stay in memory, for small files.
"""

from __future__ import annotations

import heapq
import io
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgpack

PIECE_ITEMS = 128  # tuples unpacked at once, per run
MERGE_RUNS_MAX = 256  # more runs than these are merged in two rounds: 256 pieces of records are some 16 MiB

Item = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class PackedRun:
    """A sorted run ready to be written. `pieces` are the lengths of its pieces; `first` and `last` its bounds."""

    octets: bytes
    pieces: tuple[int, ...]
    first: Item
    last: Item


@dataclass(frozen=True, slots=True)
class _Run:
    offset: int
    pieces: tuple[int, ...]
    first: Item
    last: Item


def pack_run(items: Sequence[Item]) -> PackedRun | None:
    """Pack sorted tuples of octets, text and integers; None when there are none."""
    if not items:
        return None
    pieces = [msgpack.packb(items[at : at + PIECE_ITEMS]) for at in range(0, len(items), PIECE_ITEMS)]
    return PackedRun(b"".join(pieces), tuple(map(len, pieces)), items[0], items[-1])


def _nameless_file(folder: Path) -> BinaryIO:
    handle, name = tempfile.mkstemp(dir=folder)
    os.unlink(name)
    return cast(BinaryIO, os.fdopen(handle, "w+b", buffering=0))


class Spill:
    """The temporary file. Streams of several kinds share it."""

    def __init__(self, folder: Path | None) -> None:
        """Open it in `folder`; None keeps everything in memory."""
        self._file: BinaryIO = io.BytesIO() if folder is None else _nameless_file(folder)
        self._end = 0

    def write(self, octets: bytes) -> int:
        """Append octets; returns their offset. OSError when the disk is full."""
        offset = self._end
        self._file.seek(offset)
        view = memoryview(octets)
        while view:
            view = view[self._file.write(view) :]
        self._end += len(octets)
        return offset

    def read(self, offset: int, length: int) -> bytes:
        """Octets written before."""
        self._file.seek(offset)
        return self._file.read(length)

    def close(self) -> None:
        """Give the space back."""
        self._file.close()


class Stream:
    """One kind of sorted tuples, added run by run and read back as one sorted sequence."""

    def __init__(self, spill: Spill) -> None:
        self._spill = spill
        self._runs: list[_Run] = []

    def add(self, run: PackedRun | None) -> None:
        """Keep a run."""
        if run is not None:
            self._runs.append(_Run(self._spill.write(run.octets), run.pieces, run.first, run.last))

    def extend(self, items: Iterable[Item]) -> None:
        """Keep sorted tuples as one run, packed piece by piece, without holding them all."""
        items = iter(items)
        pieces: list[int] = []
        first: Item | None = None
        last: Item = ()
        start = 0
        while piece := list(islice(items, PIECE_ITEMS)):
            octets = msgpack.packb(piece)
            offset = self._spill.write(octets)
            if first is None:
                first, start = piece[0], offset
            last = piece[-1]
            pieces.append(len(octets))
        if first is not None:
            self._runs.append(_Run(start, tuple(pieces), first, last))

    def __bool__(self) -> bool:
        return bool(self._runs)

    def __iter__(self) -> Iterator[Item]:
        """All tuples in order. Runs that do not overlap, those of a sorted file, are only chained."""
        self._runs.sort(key=lambda run: run.first)
        ordered = all(one.last <= other.first for one, other in zip(self._runs, self._runs[1:], strict=False))
        if ordered:
            return chain.from_iterable(map(self._items, self._runs))
        self._reduce()
        return heapq.merge(*map(self._items, self._runs))

    def _reduce(self) -> None:
        while len(self._runs) > MERGE_RUNS_MAX:
            group, self._runs = self._runs[:MERGE_RUNS_MAX], self._runs[MERGE_RUNS_MAX:]
            self.extend(heapq.merge(*map(self._items, group)))

    def _items(self, run: _Run) -> Iterator[Item]:
        offset = run.offset
        for length in run.pieces:
            yield from msgpack.unpackb(self._spill.read(offset, length), use_list=False)
            offset += length
