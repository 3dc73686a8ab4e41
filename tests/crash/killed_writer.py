"""Kills a writing process again and again, and compares what it acknowledged with what is stored.

Usage: killed_writer.py DIRECTORY CYCLES SEED. Prints one JSON line a cycle.

The writer is a child of this process. Before each change it tells what it is about to do, after the commit what came of
it; then it is killed at a random moment. Another child opens the store and checks: nothing acknowledged is missing or
older, every invariant holds, and what was announced and never acknowledged is sent again with its idempotency key and
happens once.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import select
import signal
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from threading import Semaphore
from typing import Any

from idis.proto.value import Value
from idis.registry.prefix import PrefixEntry
from idis.registry.record import Alias, PreparedRecord, Record, prepare
from idis.registry.store import keys, rules
from idis.registry.store.base import Committed, Conflict, OutcomeKey, WriteTxn
from idis.registry.store.lmdb import LmdbStore
from idis.registry.store.verify import check
from idis.registry.store.writer import Settings

SETTINGS = Settings(free_bytes_min=0)
MAP_BYTES = 1_048_576  # grows on the way
IN_FLIGHT = 32
NUMBERS = 400  # records that are created, changed and deleted in turn
LOAD_RECORDS = 40
RUN_S_MAX = 0.12
COMMITS_KEPT = 200  # the older journal is trimmed after each inspection, so that a long campaign does not slow down

State = dict[str, list[int]]  # record → version acknowledged, version announced


def record_of(number: int, version: int) -> PreparedRecord:
    """What version of which record says."""
    value = Value(1, "goodsName", f"{number}-{version}-".encode() + b"x" * (number % 7 * 300))
    aliases = (Alias("serial", str(number % 50)),) if number % 3 else ()
    return prepare(Record(f"88.118/{number}", (value,), aliases), 1_700_000_000 + version)


def change_of(number: int, version: int) -> Callable[[WriteTxn], bytes]:
    """Every fifth version is a deletion, and each first one comes as those of batches do; each expects the version before it."""
    key = keys.record_key("88.118", str(number), True)

    def change(txn: WriteTxn) -> bytes:
        stored = txn.record(key)
        assert (stored.version if stored else 0) == version - 1, f"{number} has another version than {version - 1}"
        if version == 1:
            (result,) = txn.put_new_records([record_of(number, version)])
        else:
            result = txn.delete_record(key) if version % 5 == 0 else txn.put_record(record_of(number, version))
        assert not isinstance(result, Conflict)
        assert result, "nothing stood in its way"
        return str(result).encode()

    return change


def outcome_of(number: int, version: int) -> OutcomeKey:
    """The idempotency key of a change."""
    name = hashlib.sha256(f"{number}/{version}".encode()).digest()
    return OutcomeKey(b"crashing", name[:16], name[16:])


def write(directory: Path, out: int, seed: int, state: State) -> None:
    """The child: write until killed."""
    store = LmdbStore.open(directory, exclusive=True, settings=SETTINGS)
    chance = random.Random(seed)
    free = Semaphore(IN_FLIGHT)
    busy: set[int] = set()
    loads = 0

    def acknowledge(number: int, version: int, future: Future[Committed[bytes]]) -> None:
        result = int(future.result().result)
        os.write(out, f"done {number} {result}\n".encode())
        assert result == version
        state[str(number)] = [version, version]
        busy.discard(number)
        free.release()

    while True:
        if chance.random() < 0.005:
            loads += 1
            load(store, out, seed, loads)
        number = chance.randrange(NUMBERS)
        if number in busy:
            time.sleep(0)
            continue
        free.acquire()
        busy.add(number)
        version = state.get(str(number), [0, 0])[0] + 1
        os.write(out, f"will {number} {version}\n".encode())
        future = store.write(change_of(number, version), actor="crash", outcome=outcome_of(number, version))
        future.add_done_callback(lambda done, n=number, v=version: acknowledge(n, v, done))  # type: ignore[misc]


def load(store: LmdbStore, out: int, seed: int, count: int) -> None:
    """Many records at once, acknowledged together."""
    names = [f"load-{seed}-{count}-{number}" for number in range(LOAD_RECORDS)]
    value = Value(1, "goodsName", b"loaded")
    store.write_all([prepare(Record(f"88.118/{name}", (value,)), 1) for name in names], actor="crash")
    os.write(out, "".join(f"done {name} 1\n" for name in names).encode())


def inspect(directory: Path, out: int, state: State) -> None:
    """The other child: open, compare, try again what is unknown."""
    begun = time.perf_counter()
    store = LmdbStore.open(directory, exclusive=True, settings=SETTINGS)
    opened_s = time.perf_counter() - begun
    lost: list[str] = []
    with store.read() as txn:
        for name, (acknowledged, announced) in state.items():
            stored = txn.record(keys.record_key("88.118", name, True))
            version = stored.version if stored else 0
            if not acknowledged <= version <= announced:
                lost.append(f"{name}: acknowledged {acknowledged}, stored {version}")
            elif stored and not name.startswith("load"):
                gone = version % 5 == 0
                if rules.exists(stored) is gone or not (gone or f"{name}-{version}-".encode() in stored.public):
                    lost.append(f"{name}: version {version} says something else")
    problems = [f"{problem.table} {problem.name}: {problem.fault}" for problem in check(store.environment).problems]
    repeated = retried = 0
    for name, (acknowledged, announced) in state.items():
        if announced > acknowledged:
            number, retried = int(name), retried + 1
            again = store.write(change_of(number, announced), actor="crash", outcome=outcome_of(number, announced)).result(10)
            repeated += again.repeated
            if int(again.result) != announced:
                lost.append(f"{name}: sent again as {announced}, became {again.result!r}")
    problems += [f"{problem.table} {problem.name}: {problem.fault}" for problem in check(store.environment).problems]
    with store.read() as txn:
        last = txn.position
    store.trim(last._replace(hi=max(last.hi - COMMITS_KEPT, 0)))
    store.close()
    report = {"lost": lost, "problems": problems, "retried": retried, "repeated": repeated, "opened_s": opened_s}
    os.write(out, json.dumps(report).encode())


def run_child(work: Callable[[int], None]) -> tuple[int, int]:
    """Fork; the child works and writes into a pipe. Returns its process id and the reading end."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        status = 1
        try:
            work(writing)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    return child, reading


def read_until(reading: int, deadline: float) -> bytes:
    """What comes out of a pipe until a moment, or until its writer has ended."""
    octets = b""
    while (left := deadline - time.monotonic()) > 0 and select.select([reading], [], [], left)[0]:
        chunk = os.read(reading, 65_536)
        if not chunk:
            break
        octets += chunk
    return octets


def cycle(directory: Path, seed: int, run_s: float, state: State) -> dict[str, Any]:
    """Write, kill, inspect; returns what was found."""
    child, reading = run_child(lambda out: write(directory, out, seed, state))
    select.select([reading], [], [], 10)  # its first word: it has opened the store
    told = read_until(reading, time.monotonic() + run_s)
    os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    told += read_until(reading, time.monotonic() + 10)
    os.close(reading)
    done = note(told, state)
    child, reading = run_child(lambda out: inspect(directory, out, state))
    found = json.loads(read_until(reading, time.monotonic() + 60) or b'{"lost": ["the store could not be inspected"]}')
    os.waitpid(child, 0)
    os.close(reading)
    for versions in state.values():
        versions[0] = versions[1]  # what was unknown has been sent again and acknowledged
    return {"killed": os.WTERMSIG(status) == signal.SIGKILL, "acknowledged": done, **found}


def note(told: bytes, state: State) -> int:
    """Take down what the writer announced and acknowledged; how much it acknowledged."""
    done = 0
    for line in told.decode().split("\n")[:-1]:
        word, name, number = line.split()
        versions = state.setdefault(name, [0, 0])
        versions[1] = max(versions[1], int(number))
        if word == "done":
            versions[0] = max(versions[0], int(number))
            done += 1
    return done


def main(directory: Path, cycles: int, seed: int) -> None:
    """All cycles over one store."""

    def make(_out: int) -> None:
        store = LmdbStore.create(directory, map_bytes=MAP_BYTES, settings=SETTINGS)
        store.write(lambda txn: txn.put_prefix(PrefixEntry("88.118", homed=True)), actor="crash").result(10)
        store.close()

    child, reading = run_child(make)
    os.waitpid(child, 0)
    os.close(reading)
    chance = random.Random(seed)
    state: State = {}
    for number in range(cycles):
        print(json.dumps(cycle(directory, seed * 1_000_000 + number, chance.uniform(0, RUN_S_MAX), state)), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
