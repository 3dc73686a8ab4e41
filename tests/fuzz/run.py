"""A fuzzing campaign: python tests/fuzz/run.py --frames 10000000 --processes 2"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from corpus import heaviest, load
from mutate import Mutator
from parsers import feed

FRAME_MS_MAX = 10.0  # of processor time: one frame must not hold a node's loop
RETRIES = 3  # a collection of garbage or a busy host may hit one run, not four
FINDINGS_MAX = 20
GROWTH_KB_MAX = 64 * 1_024  # of resident memory after the first frames have warmed everything up
WARM_FRAMES = 2_000


@dataclass(frozen=True, slots=True)
class Finding:
    """A frame that broke a promise, to be turned into a test."""

    kind: str
    octets: bytes
    trouble: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.trouble}\n  {self.octets[:2_000].hex()}"


@dataclass(frozen=True, slots=True)
class Result:
    """What one campaign came to. Times are processor time."""

    frames: int
    findings: tuple[Finding, ...]
    slowest_ms: float
    growth_kb: int


def campaign(seed: int, frames: int) -> Result:
    """Feed `frames` mutated frames to the parsers; every promise broken is a finding."""
    mutator = Mutator(seed, load())
    findings: list[Finding] = []
    slowest_ms = 0.0
    warm_kb = 0
    for number in range(frames):
        if number == WARM_FRAMES:
            warm_kb = _resident_kb()
        kind, octets = mutator.frame()
        trouble, took_ms = judge(kind, octets)
        slowest_ms = max(slowest_ms, took_ms)
        if trouble:
            findings.append(Finding(kind, octets, trouble))
        if len(findings) >= FINDINGS_MAX:
            break
    growth_kb = _resident_kb() - warm_kb if frames > WARM_FRAMES else 0
    return Result(frames, tuple(findings), slowest_ms, growth_kb)


def time_heaviest() -> int:
    """Print the processor time of every frame that goes to the limits, each through all parsers it could meet."""
    for kind, octets in heaviest():
        took_ms = min(_times(kind, octets))
        print(f"{took_ms:8.2f} ms  {len(octets):7} octets  {kind}")
    return 0


def judge(kind: str, octets: bytes) -> tuple[str, float]:
    """What is wrong with how the parsers took a frame, empty when nothing is, and how long they took."""
    took_ms = 0.0
    for took_ms in _times(kind, octets):
        if took_ms < 0:
            return _exception(kind, octets), 0.0
        if took_ms <= FRAME_MS_MAX:
            return "", took_ms
    return f"took {took_ms:.1f} ms", took_ms


def _times(kind: str, octets: bytes) -> Iterator[float]:
    """Processor time of the first run and, should they be wanted, of its repetitions; negative when an exception escaped."""
    for _ in range(1 + RETRIES):
        start = time.process_time_ns()
        try:
            feed(kind, octets)
        except Exception:  # the outermost loop: whatever escapes is what we look for
            yield -1.0
            return
        yield (time.process_time_ns() - start) / 1e6


def _exception(kind: str, octets: bytes) -> str:
    try:
        feed(kind, octets)
    except Exception as error:  # the same, once more, for its name
        return f"{type(error).__name__}: {error}"
    return "an exception that does not repeat"


def _resident_kb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> int:
    """Run a campaign in several processes and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=1_000_000, help="in all processes together")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1, help="each process adds its number")
    parser.add_argument("--heaviest", action="store_true", help="only time the frames that do most work within the limits")
    wanted = parser.parse_args()
    if wanted.heaviest:
        return time_heaviest()
    share = wanted.frames // wanted.processes
    start = time.monotonic()
    with ProcessPoolExecutor(wanted.processes) as pool:
        seeds = range(wanted.seed, wanted.seed + wanted.processes)
        results = list(pool.map(campaign, seeds, [share] * wanted.processes))
    took_s = time.monotonic() - start
    findings = [finding for result in results for finding in result.findings]
    for finding in findings:
        print(finding)
    frames = sum(result.frames for result in results)
    print(
        f"{frames} frames in {took_s:.0f} s, {frames / took_s:.0f} frames/s; {len(findings)} findings; "
        f"slowest frame {max(result.slowest_ms for result in results):.2f} ms; "
        f"growth {max(result.growth_kb for result in results)} KB"
    )
    return 1 if findings or any(result.growth_kb > GROWTH_KB_MAX for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
