"""Run by test_verify in a process of its own: flips bits of a copy of a store, one at a time, and reads it.

Usage: flips.py GENERATION SCRATCH SEED COUNT. Each flip is read in a child of this process, which may die of it. For each,
one line says what came of it: `right` (every answer as before), `refused` (an exception), `died` (a signal), `reported`
(something was missing or different, and verification said that the store is damaged), or `silent` (it did not say so) with
the octet and bit.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
from pathlib import Path

import lmdb

from idis.proto.errors import IdisError
from idis.registry.document import DocumentKind
from idis.registry.store.environment import Environment
from idis.registry.store.lmdb_read import LmdbReadTxn
from idis.registry.store.verify import check, page_faults

RIGHT, REFUSED, REPORTED, SILENT, WRONG = range(5)
MAY_LACK = ("aliases", "prefix", "documents", "audits")  # a list may be shorter, an ancestor may answer
WORDS = {RIGHT: "right", REFUSED: "refused", REPORTED: "reported", SILENT: "silent", WRONG: "wrong"}


def answers(generation: Path) -> dict[str, object]:
    """Everything a reader can ask of the store of test_verify."""
    environment = Environment(generation, map_bytes=0)
    with LmdbReadTxn(environment, {}, lambda: 0.0) as txn:
        found: dict[str, object] = {f"a{number}": txn.record(f"88.118\x00A{number:03}".encode()) for number in range(60)}
        found["prefix"] = txn.longest_prefix("88.118.8")
        found["aliases"] = txn.aliases("imo", "1", 99)
        found["route"] = txn.route("88.101.1500")
        found["stat"] = txn.stat("88.118")
        found["documents"] = [txn.document(DocumentKind.ROLE, b"role%d" % number) for number in range(5)]
        found["audits"] = [line for _, line in txn.audits(None, 9)]
    environment.close()
    return found


def judge(generation: Path, expected: dict[str, object]) -> int:
    """What a reader of a flipped store gets."""
    try:
        found = answers(generation)
    except (IdisError, lmdb.Error, UnicodeDecodeError):
        return REFUSED
    if found == expected:
        return RIGHT
    if any(found[name] != expected[name] and found[name] for name in found if name not in MAY_LACK):
        return WRONG
    if page_faults(generation):
        return REPORTED
    environment = Environment(generation, map_bytes=0)
    report = check(environment)
    environment.close()
    return SILENT if report.sound else REPORTED


def main(generation: Path, scratch: Path, seed: int, count: int) -> None:
    """Flip, fork, read, tell."""
    chance = random.Random(seed)
    good = (generation / "data.mdb").read_bytes()
    child = os.fork()
    if not child:
        os._exit(0 if answers(generation) else 1)
    os.waitpid(child, 0)
    for _ in range(count):
        at, bit = chance.randrange(len(good)), chance.randrange(8)
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        (scratch / "data.mdb").write_bytes(good[:at] + bytes((good[at] ^ 1 << bit,)) + good[at + 1 :])
        child = os.fork()
        if not child:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            os._exit(judge(scratch, answers(generation)))
        status = os.waitpid(child, 0)[1]
        word = "died" if os.WIFSIGNALED(status) else WORDS.get(os.WEXITSTATUS(status), "failed")
        print(word, f"octet {at} bit {bit}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
