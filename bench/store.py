"""What the store costs on this machine: `python -m idis.bench.store [--seconds S] [--directory DIR]`.

Lonely and grouped durable creates, loads, reads, stored forms, disk per record; beside them the price of a bare flush on
the same disk, because the disk sets the pace of everything that is durable. Quote ratios, never absolutes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path

from idis.bench.folder import add_directory, working_folder
from idis.bench.machine import machine_line
from idis.proto.value import Value
from idis.registry.journal import Position
from idis.registry.prefix import PrefixEntry
from idis.registry.record import PreparedRecord, Record, prepare
from idis.registry.store import codec, keys
from idis.registry.store.base import WriteTxn
from idis.registry.store.lmdb import LmdbStore

PREFIX = "88.118.21"
WRITERS = 64
LOAD_RECORDS = 50_000
READ_ROUNDS = 20_000
FLUSH_BYTES = 4_096

Figures = dict[str, float]


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m idis.bench.store", description="Micro-figures of the store.")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of each timed part (default 3)")
    add_directory(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args(argv)
    with working_folder("store", arguments.directory) as folder:
        figures = measure(folder, arguments.seconds)
    machine = f"{machine_line()}, load {os.getloadavg()[0]:.1f}, lmdb {version('lmdb')}"
    if arguments.json:
        json.dump({"machine": machine, "figures": figures}, sys.stdout, indent=2)
        print()
        return 0
    print(machine)
    for name, value in figures.items():
        print(f"{name:44} {value:>14,.2f}")
    return 0


def measure(folder: Path, seconds: float) -> Figures:
    """Every figure, in the order they are printed."""
    figures = flushes(folder / "flush", seconds / 3)
    record = sample()
    figures |= forms(record)
    store = LmdbStore.create(folder / "node")
    store.write(lambda txn: txn.put_prefix(PrefixEntry(PREFIX, homed=True)), actor="bench").result()
    figures |= load(store, record, folder)
    figures |= reads(store)
    figures |= lonely(store, record, seconds)
    figures |= grouped(store, record, seconds)
    store.close()
    begun = time.perf_counter()
    LmdbStore.open(folder / "node", exclusive=True).close()
    figures["open ms"] = (time.perf_counter() - begun) * 1e3
    figures["p99 of a lonely create / p50 of a flush"] = figures["lonely create p99 ms"] / figures["bare flush p50 ms"]
    return figures


def sample() -> PreparedRecord:
    """A record of four values and 300 octets."""
    values = tuple(Value(number, "goodsName", b"x" * 39) for number in range(1, 5))
    return prepare(Record(f"{PREFIX}/24H00000000", values), 1_700_000_000)


def flushes(path: Path, seconds: float) -> Figures:
    """A bare write and fdatasync of 4 KiB."""
    file = os.open(path, os.O_RDWR | os.O_CREAT)
    times = []
    end = time.perf_counter() + seconds
    while (begun := time.perf_counter()) < end:
        os.pwrite(file, os.urandom(FLUSH_BYTES), 0)
        os.fdatasync(file)
        times.append(time.perf_counter() - begun)
    os.close(file)
    return {"bare flush p50 ms": statistics.median(times) * 1e3, "bare flush p99 ms": _p99(times) * 1e3}


def forms(record: PreparedRecord) -> Figures:
    """Encoding and decoding a record."""
    _, key = keys.identifier_key(record.identifier, True)
    value = codec.encode_record(key, record, 1, Position(1, 2, 3))
    return {
        "encode a record µs": _each_us(lambda: codec.encode_record(key, record, 1, Position(1, 2, 3))),
        "decode a record µs": _each_us(lambda: codec.decode_record(key, value)),
        "stored form beyond its values, octets": float(len(key) + len(value) - len(record.public)),
    }


def load(store: LmdbStore, record: PreparedRecord, folder: Path) -> Figures:
    """Records in ascending order through the ordinary writer."""
    before = _disk_bytes(folder)
    records = [replace(record, identifier=f"{PREFIX}/24H{number:08d}") for number in range(LOAD_RECORDS)]
    begun = time.perf_counter()
    store.write_all(records, actor="bench")
    spent = time.perf_counter() - begun
    begun = time.perf_counter()
    store.write_all(records, actor="bench")
    again = time.perf_counter() - begun
    return {
        "write_all records/s": LOAD_RECORDS / spent,
        "write_all of equal records/s": LOAD_RECORDS / again,
        f"disk per record of {len(record.public)} octets": (_disk_bytes(folder) - before) / LOAD_RECORDS,
    }


def reads(store: LmdbStore) -> Figures:
    """Random records, each in its own transaction and all in one."""
    wanted = [keys.record_key(PREFIX, f"24H{number * 7919 % LOAD_RECORDS:08d}", True) for number in range(READ_ROUNDS)]
    begun = time.perf_counter()
    for key in wanted:
        with store.read() as txn:
            txn.record(key)
    alone = time.perf_counter() - begun
    with store.read() as txn:
        begun = time.perf_counter()
        for key in wanted:
            txn.record(key)
        inside = time.perf_counter() - begun
        prefix_us = _each_us(lambda: txn.longest_prefix(PREFIX))
    return {
        "record, own transaction µs": alone / READ_ROUNDS * 1e6,
        "record, inside a transaction µs": inside / READ_ROUNDS * 1e6,
        "longest prefix µs": prefix_us,
    }


def lonely(store: LmdbStore, record: PreparedRecord, seconds: float) -> Figures:
    """One writer that waits for each create."""
    times = _create(store, record, "L", seconds)
    return {
        "lonely creates/s": len(times) / seconds,
        "lonely create p50 ms": statistics.median(times) * 1e3,
        "lonely create p99 ms": _p99(times) * 1e3,
    }


def grouped(store: LmdbStore, record: PreparedRecord, seconds: float) -> Figures:
    """Writers that each wait for their own create, ascending and at random places."""
    figures: Figures = {}
    for scattered, name in ((False, "ascending"), (True, "random")):
        with ThreadPoolExecutor(WRITERS) as pool:
            futures = [pool.submit(_create, store, record, f"{number:02}", seconds, scattered) for number in range(WRITERS)]
        times = [spent for future in futures for spent in future.result()]
        figures[f"creates/s, {WRITERS} writers, {name}"] = len(times) / seconds
        figures[f"create p99 ms, {WRITERS} writers, {name}"] = _p99(times) * 1e3
    return figures


def _create(store: LmdbStore, record: PreparedRecord, name: str, seconds: float, scattered: bool = False) -> list[float]:
    times = []
    number = 0
    end = time.perf_counter() + seconds
    while (begun := time.perf_counter()) < end:
        number += 1
        # A multiplicative step spreads the places over the whole range; its inverse exists, so none comes twice.
        place = f"{number * 0x9E3779B97F4A7C15 % 2**64:016X}" if scattered else f"{number:08d}"
        one = replace(record, identifier=f"{PREFIX}/{place}-{name}")
        store.write(partial(_put, one), actor="bench").result()
        times.append(time.perf_counter() - begun)
    return times


def _put(record: PreparedRecord, txn: WriteTxn) -> object:
    return txn.put_record(record)


def _each_us(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    for _ in range(READ_ROUNDS):
        work()
    return (time.perf_counter() - begun) / READ_ROUNDS * 1e6


def _p99(times: list[float]) -> float:
    return sorted(times)[len(times) * 99 // 100]


def _disk_bytes(folder: Path) -> int:
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    sys.exit(main())
