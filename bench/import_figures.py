"""How fast records get in, out and in again, and how much disk they take.

    python -m idis.bench.import_figures [--rows 1000000] [--processes 2] [--directory DIR]

Each step runs in a process of its own, so that its memory is its own:

    rows       CSV of automotive parts with their lots, checked against the pilot's schema, into a fresh store
    again      the same file once more: every row is checked, compared and found unchanged
    dump       that store, written as a dump
    restore    the dump, into a fresh store
    plain      records of exactly 300 octets of values and no second name, from a dump into a fresh store
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path

from idis.bench.folder import add_directory, working_folder
from idis.bench.machine import machine_line
from idis.proto.value import Value
from idis.registry.journal import Position
from idis.registry.loading.dump import DumpWriter, Header, PrefixCount
from idis.registry.loading.export import export_dump
from idis.registry.loading.load import Options, load
from idis.registry.loading.load_dump import load_dump
from idis.registry.prefix import PrefixEntry
from idis.registry.record import Record, prepare
from idis.registry.store import codec, keys
from idis.registry.store.bulk import NOWHERE
from idis.registry.store.lmdb import LmdbStore

PREFIX = "88.120.5"
ORGANISATION = f"{PREFIX}/ORG.CELLS"
COLUMNS = "identifier,objectType,name,producer,visibility,partNo,nameAtManufacturer,supplier,serialNo,batch,productionDate"
PLAIN_VALUE_BYTES = 300
ROWS_DEFAULT = 1_000_000
NOW = 1_767_225_600
FSYNC_SAMPLES = 101


@dataclass(frozen=True, slots=True)
class Figure:
    """What one step took.

    `cpu_s` is the time of all its processes together: on a machine that does other work too it says more than `seconds`.
    `own_bytes` is the peak of memory the storing process allocated itself; mapped pages of the store are not in it.
    """

    name: str
    records: int
    seconds: float
    cpu_s: float
    own_bytes: int
    note: str = ""

    def __str__(self) -> str:
        rate = self.records / self.seconds
        memory = f"{self.own_bytes / 2**20:6.0f} MiB"
        times = f"{self.seconds:8.1f} s {self.cpu_s:8.1f} CPU s"
        return f"{self.name:8} {self.records:>10,} {times} {rate:>9,.0f}/s {memory}  {self.note}".rstrip()


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rows", type=int, default=ROWS_DEFAULT, help="how many records")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="workers of an import")
    add_directory(parser)
    arguments = parser.parse_args()
    with working_folder("import", arguments.directory) as folder:
        print(f"{machine_line()}, flush of 4 KiB {fsync_ms(folder):.2f} ms at the median, {arguments.processes} workers")
        for step in steps(folder, arguments.rows, arguments.processes):
            with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as apart:
                print(apart.submit(step).result(), flush=True)
    return 0


def steps(folder: Path, rows: int, processes: int) -> Iterator[Callable[[], Figure]]:
    """The steps, to be run in order."""
    parts = folder / "parts.csv"
    write_parts(parts, rows)
    yield partial(load_rows, "rows", parts, folder / "one", processes)
    yield partial(load_rows, "again", parts, folder / "one", processes)
    yield partial(dump_store, folder / "one", folder / "parts.dump")
    yield partial(restore, "restore", folder / "parts.dump", folder / "two", processes)
    shutil.rmtree(folder / "one")
    shutil.rmtree(folder / "two")
    write_plain(folder / "plain.dump", rows)
    yield partial(restore, "plain", folder / "plain.dump", folder / "three", processes)


def write_parts(path: Path, rows: int) -> None:
    """A CSV of parts in key order, a lot for every 500 of them."""
    with path.open("w", encoding="utf-8") as file:
        file.write(COLUMNS + "\n")
        for number in range(rows):
            day, minute = 1 + number % 28, number % 60
            file.write(
                f"{PREFIX}/PART.{number:09},part,转向节 {number},{ORGANISATION},public,SK-{number % 37:03},左前转向节,"
                f"{ORGANISATION},S{number:09},{PREFIX}/LOT.{number // 500:06},2025-03-{day:02}T08:{minute:02}:00+08:00\n"
            )


def write_plain(path: Path, rows: int) -> None:
    """A dump of records whose values take PLAIN_VALUE_BYTES each in wire form."""
    empty = len(prepare(Record("", (Value(1, "URL", b""), Value(2, "name", b""))), 0).public)
    filling = b"x" * (PLAIN_VALUE_BYTES - empty - 40)
    records = []
    digest_sum = 0
    for number in range(rows):
        url = b"https://example.com/p/%018d" % number
        record = prepare(Record(f"{PREFIX}/PLAIN.{number:012}", (Value(1, "URL", url), Value(2, "name", filling))), NOW)
        assert len(record.public) == PLAIN_VALUE_BYTES
        key = keys.record_key(PREFIX, f"PLAIN.{number:012}", True)
        value = codec.encode_record(key, record, 1, NOWHERE)
        digest_sum += codec.digest_of(value)
        records.append((key, value))
    count = PrefixCount(True, rows, digest_sum % codec.DIGEST_SUM_MODULUS)
    with path.open("wb") as file:
        writer = DumpWriter(file, Header(NOW, Position(1, 1, 0).encode(), True, {PREFIX: count}))
        writer.add(records)
        writer.finish()


def load_rows(name: str, file: Path, directory: Path, processes: int) -> Figure:
    """Import the CSV."""
    store = _open(directory)
    taken = _Taken()
    options = Options(pilot="automotive", processes=processes, errors=file.with_suffix(".errors.csv"))
    summary = load(file, store, options, folder=directory, today=date(2026, 1, 1), now=NOW, report=taken.look)
    figure = taken.figure(name, summary.rows)
    loaded = summary.loaded
    note = f"{loaded.new:,} new, {loaded.unchanged:,} unchanged, {summary.refused:,} refused; {_sizes(store)}"
    store.close()
    return replace(figure, note=note)


def dump_store(directory: Path, file: Path) -> Figure:
    """Write the dump."""
    store = _open(directory)
    taken = _Taken()
    with file.open("wb") as out:
        exported = export_dump(store, out, [], restricted=True, now=NOW, report=taken.look)
    figure = taken.figure("dump", exported.records)
    store.close()
    return replace(figure, note=f"{file.stat().st_size / exported.records:.0f} octets a record")


def restore(name: str, file: Path, directory: Path, processes: int) -> Figure:
    """Load a dump into a fresh store."""
    store = _open(directory)
    taken = _Taken()
    summary = load_dump(file, store, dry_run=False, processes=processes, report=taken.look)
    figure = replace(taken.figure(name, summary.loaded.new), note=_sizes(store))
    store.close()
    return figure


def fsync_ms(folder: Path) -> float:
    """How long the disk under a folder takes to make 4 KiB durable: the median, in milliseconds."""
    path = folder / "flush"
    taken = []
    with path.open("wb") as file:
        for _ in range(FSYNC_SAMPLES):
            file.write(bytes(4_096))
            file.flush()
            started = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - started)
    path.unlink()
    return statistics.median(taken) * 1_000


class _Taken:
    """What a step takes, from its making on."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._cpu_s = _cpu_s()
        self._peak_bytes = 0

    def figure(self, name: str, records: int) -> Figure:
        """What it took until now."""
        return Figure(name, records, time.perf_counter() - self._started, _cpu_s() - self._cpu_s, self._peak_bytes)

    def look(self, _phase: str, _count: int, _share: float | None) -> None:
        """Take a sample."""
        self._peak_bytes = max(self._peak_bytes, _own_bytes())


def _cpu_s() -> float:
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, who))


def _own_bytes() -> int:
    try:
        lines = Path("/proc/self/status").read_text("ascii").splitlines()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1_024
    return next(int(line.split()[1]) * 1_024 for line in lines if line.startswith("RssAnon:"))


def _open(directory: Path) -> LmdbStore:
    if directory.exists():
        return LmdbStore.open(directory, exclusive=False)
    store = LmdbStore.create(directory, exclusive=False)
    store.write(lambda txn: txn.put_prefix(PrefixEntry(PREFIX, homed=True)), actor="bench").result()
    return store


def _sizes(store: LmdbStore) -> str:
    with store.read() as txn:
        stat = txn.stat(PREFIX)
    disk = (store.environment.folder / "data.mdb").stat().st_size
    return f"{stat.octets / stat.records:.0f} octets a record, {disk / stat.records:.0f} on disk"


if __name__ == "__main__":
    sys.exit(main())
