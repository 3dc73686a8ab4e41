"""One writer and several readers over one index file: no answer is torn, stale or another's.

    python tests/proto/speedups/hot_race.py FOLDER READS READERS SEED [ring]

The writer puts, replaces and deletes, and every now and then replaces the whole file by a compacted generation. Each value
carries its key, its version and a checksum. After each change the writer notes the version of the key where the readers
see it. A reader first reads the note, then the index: what it finds must be whole, of the key it asked for, and no older than
the note; without deletions in between nothing else but a miss is allowed. Half of the reads go through `process`, in batches.
But for a ring, whose places are used again, no change may be taken for damage.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import struct
import sys
import time
import zlib
from collections import Counter
from multiprocessing.sharedctypes import RawArray
from pathlib import Path
from typing import Any

from hot_questions import NOW, SERIAL, question

from idis.proto._speedups import AnswerIndex, Counters, IndexFull, process

KEYS = 40
SLOTS = 64  # crowded, so that searches cross and removals move entries
VALUE_BYTES_MAX = 4_000  # long enough to be caught in the middle
ARENA_BYTES = 1_048_576
RING_BYTES = 32_768  # holds a third of the keys: entries are overwritten while they are read
BATCH = 24
GENERATION_CHANGES = 5_000  # between compactions
FINDINGS_MAX = 10
_HEAD = struct.Struct(">IIQ")  # checksum, key, version

NAMES = [f"88.118.8/R{number}" for number in range(KEYS)]
INDEX_KEYS = [b"\x01" + name.encode() for name in NAMES]
QUESTIONS = [question(name, request_id=number) for number, name in enumerate(NAMES)]
ANSWER_HEAD_BYTES = 48  # in front of the echoed identifier


def make_value(number: int, version: int, size: int) -> bytes:
    """A value that tells where it belongs."""
    rest = struct.pack(">IQ", number, version) + bytes((version & 0xFF,)) * size
    return struct.pack(">I", zlib.crc32(rest)) + rest


def fault_of(value: bytes, number: int, noted: int) -> str:
    """What is wrong with a value read for a key when the note said `noted`; empty when nothing is."""
    checksum, of, version = _HEAD.unpack_from(value)
    if zlib.crc32(value[4:]) != checksum:
        return "torn"
    if of != number:
        return f"of key {of}"
    if version < noted:
        return f"stale: {version} after {noted}"
    return ""


def write(path: str, notes: Any, stop: Any, seed: int, ring: bool, ready: Any) -> None:
    """Change until told to stop."""
    choose = random.Random(seed)
    index = AnswerIndex.create(path, SLOTS, RING_BYTES if ring else ARENA_BYTES, bytes(16), ring=ring)
    index.enabled = True
    ready.set()
    version = changes = 0
    while not stop.is_set():
        number = choose.randrange(KEYS)
        version += 1
        if choose.random() < 0.25:
            index.delete(INDEX_KEYS[number])
        else:
            value = make_value(number, version, choose.randrange(VALUE_BYTES_MAX))
            try:
                index.put(INDEX_KEYS[number], value)
            except IndexFull:
                index = next_generation(index, path)
                index.put(INDEX_KEYS[number], value)
        notes[number] = version
        changes += 1
        if not ring and changes % GENERATION_CHANGES == 0:
            index = next_generation(index, path)
    notes[KEYS] = changes


def next_generation(index: AnswerIndex, path: str) -> AnswerIndex:
    """A compacted index in place of the full one."""
    new = index.compact(path + ".new", NOW)
    os.replace(path + ".new", path)
    index.retire()
    index.close()
    return new


def read(path: str, notes: Any, reads: int, seed: int, found: Any) -> None:
    """Read and judge; puts (hits, misses, findings) into the queue."""
    choose = random.Random(seed)
    index = AnswerIndex.open(path)
    counters = Counters()
    seen: Counter[str] = Counter()
    findings: list[str] = []
    while seen["reads"] < reads and len(findings) < FINDINGS_MAX:
        if index.retired:
            index.close()
            index = AnswerIndex.open(path)
            seen["generations"] += 1
        numbers = [choose.randrange(KEYS) for _ in range(BATCH)]
        noted = [notes[number] for number in numbers]
        if choose.random() < 0.5:
            values = [held and held[0] for held in (index.get(INDEX_KEYS[number], NOW) for number in numbers)]
        else:
            values = by_process(index, numbers, counters, findings)
        seen["reads"] += BATCH
        for number, note, value in zip(numbers, noted, values, strict=True):
            seen["hits"] += value is not None
            if value is not None and (fault := fault_of(value, number, note)):
                findings.append(f"{NAMES[number]}: {fault}")
    if counters.damaged and not index.ring:
        findings.append(f"{counters.damaged} changes were taken for damage")
    found.put((dict(seen), findings))


def by_process(index: AnswerIndex, numbers: list[int], counters: Counters, findings: list[str]) -> list[bytes | None]:
    """The values in the answers to a stream of questions, None for those handed back."""
    stream = b"".join(QUESTIONS[number] for number in numbers)
    answers, consumed, leftovers, answered, _ = process(index, stream, NOW, SERIAL, counters)
    left = {start for start, _ in leftovers}
    if consumed != len(stream) or answered + len(left) != len(numbers):
        findings.append("frames were lost")
    values: list[bytes | None] = []
    start = at = 0
    for number in numbers:
        if start in left:
            values.append(None)
        else:
            end = at + 20 + int.from_bytes(answers[at + 16 : at + 20], "big")
            if answers[at + 8 : at + 12] != number.to_bytes(4, "big"):
                findings.append(f"{NAMES[number]}: the answer to another request")
            values.append(answers[at + ANSWER_HEAD_BYTES + len(NAMES[number]) : end - 4])
            at = end
        start += len(QUESTIONS[number])
    return values


def main() -> int:
    """Race, and print what came of it."""
    folder, reads, readers, seed, *ring = sys.argv[1:]
    context = multiprocessing.get_context("fork")
    notes = RawArray("Q", KEYS + 1)
    stop, ready, found = context.Event(), context.Event(), context.Queue()
    path = str(Path(folder) / "index")
    began = time.monotonic()
    writer = context.Process(target=write, args=(path, notes, stop, int(seed), bool(ring), ready))
    writer.start()
    ready.wait()
    share = int(reads) // int(readers)
    seeds = range(int(seed) + 1, int(seed) + 1 + int(readers))
    askers = [context.Process(target=read, args=(path, notes, share, own_seed, found)) for own_seed in seeds]
    for asker in askers:
        asker.start()
    results = [found.get() for _ in askers]
    stop.set()
    for process_ in (*askers, writer):
        process_.join()
    total: Counter[str] = Counter()
    for seen, findings in results:
        total.update(seen)
        print(*findings, sep="\n", end="\n" if findings else "")
    print(
        f"{total['reads']} reads, {total['hits']} hits, {notes[KEYS]} changes, {total['generations']} generations met, "
        f"{time.monotonic() - began:.0f} s, {sum(len(findings) for _, findings in results)} findings"
    )
    died = any(process_.exitcode for process_ in (*askers, writer))
    return 1 if died or any(findings for _, findings in results) else 0


if __name__ == "__main__":
    sys.exit(main())
