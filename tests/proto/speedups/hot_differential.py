"""Both paths over the same damaged buffers: `process` and its slow twin must agree octet for octet.

Nine buffers in ten are damaged common questions, the tenth holds frames of the parser fuzzer (`tests/fuzz`).

    python tests/proto/speedups/hot_differential.py --buffers 10000000 --processes 2 --seed 1
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "fuzz"))

from corpus import load
from hot_questions import NOW, SERIAL, Damage, expected, make_index
from mutate import Mutator

from idis.proto._speedups import Counters, process

FINDINGS_MAX = 20


@dataclass(frozen=True, slots=True)
class Result:
    """What a campaign met: how many buffers, answers and frames handed back, and the buffers on which the paths differ."""

    buffers: int
    answers: int
    leftovers: int
    findings: tuple[str, ...]


def campaign(seed: int, buffers: int) -> Result:
    """Feed damaged buffers to both paths."""
    findings: list[str] = []
    counters = Counters()
    answers = leftovers = 0
    with tempfile.TemporaryDirectory() as folder:
        index = make_index(Path(folder) / "index")
        for buffer in damaged(seed, buffers):
            fast = process(index, buffer, NOW, SERIAL, counters, -1, 1_024)
            answers += fast[3]
            leftovers += len(fast[2])
            if fast[:4] != expected(buffer) or fast[4]:
                findings.append(buffer.hex())
                if len(findings) == FINDINGS_MAX:
                    break
        index.close()
    assert sum(counters.answered.values()) == answers, "counted otherwise than answered"
    return Result(buffers, answers, leftovers, tuple(findings))


def damaged(seed: int, count: int) -> Iterator[bytes]:
    """So many buffers of both kinds."""
    fuzzer = Mutator(seed, [(kind, octets) for kind, octets in load() if kind == "message"])
    for number, buffer in enumerate(Damage(seed).buffers(count)):
        yield fuzzer.frame()[1] + buffer if number % 10 == 0 else buffer


def main() -> int:
    """Run a campaign in several processes and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--buffers", type=int, default=1_000_000, help="in all processes together")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1, help="each process adds its number")
    wanted = parser.parse_args()
    start = time.monotonic()
    with ProcessPoolExecutor(wanted.processes) as pool:
        seeds = range(wanted.seed, wanted.seed + wanted.processes)
        results = list(pool.map(campaign, seeds, [wanted.buffers // wanted.processes] * wanted.processes))
    took_s = time.monotonic() - start
    findings = [finding for result in results for finding in result.findings]
    print(*findings, sep="\n", end="\n" if findings else "")
    print(
        f"{sum(result.buffers for result in results)} buffers in {took_s:.0f} s: "
        f"{sum(result.answers for result in results)} answers, {sum(result.leftovers for result in results)} handed back, "
        f"{len(findings)} differences"
    )
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
