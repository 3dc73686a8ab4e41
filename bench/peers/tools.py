"""The competitors' own load generators beside ours: dnsperf and redis-benchmark.

They are here so that nobody has to take our generator's word: where both measured the same server, their figures stand
in one table.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from idis.bench.load import Transport
from idis.bench.peers.contender import Face, Running
from idis.bench.peers.dataset import dns_name, resp_pattern
from idis.bench.peers.match import Match
from idis.bench.peers.stage import HOST, Stage

QUERIES_MAX = 100_000  # lines of dnsperf's file; it begins anew
GRACE_S = 30.0
REDIS_RATE = {1: 100_000, 16: 450_000, 64: 500_000}  # what a core of it gives: its tool counts requests, not seconds

Notice = Callable[[str], None]


def run_tools(match: Match, stage: Stage, rounds: int, seconds: float, notice: Notice) -> dict[str, list[float]]:
    """The rate of every round, by tool and server; empty lists are left out."""
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name in ("Knot", "NSD"):
            if shutil.which("dnsperf") and name in match.running:
                notice(f"dnsperf at {name}")
                _add(found, f"dnsperf, {name}, UDP, 64 in flight", _dnsperf(match.running[name], stage, match.names, seconds))
        if shutil.which("redis-benchmark") and "Redis" in match.running:
            for connections, pipeline in ((64, 1), (50, 16), (50, 64)):
                notice(f"redis-benchmark, {connections} × {pipeline}")
                rate = _redis_benchmark(match.running["Redis"], stage, match.names, connections, pipeline, seconds)
                _add(found, f"redis-benchmark, TCP, {connections} × {pipeline}", rate)
    return found


def _add(found: dict[str, list[float]], name: str, rate: float | None) -> None:
    if rate is not None:
        found.setdefault(name, []).append(rate)


def _dnsperf(running: Running, stage: Stage, names: int, seconds: float) -> float | None:
    face = running.faces[Transport.UDP]
    questions = stage.folder / f"dnsperf.{names}.txt"
    if not questions.exists():
        step = max(names // QUERIES_MAX, 1)
        numbers = sorted(range(0, names, step), key=lambda number: number * 2_654_435_761 % 2**32)
        questions.write_text("".join(f"{dns_name(number)}. TXT\n" for number in numbers))
    words = ["dnsperf", "-s", HOST, "-p", str(face.target.port), "-d", str(questions), "-l", f"{max(round(seconds), 1)}"]
    said = _said([*words, "-q", "64", "-c", "4", "-T", "1"], stage.generator_core, seconds)
    return dnsperf_rate(said)


def dnsperf_rate(said: str) -> float | None:
    """The rate in what dnsperf prints."""
    match = re.search(r"Queries per second:\s+([0-9.]+)", said)
    return float(match.group(1)) if match else None


def _redis_benchmark(running: Running, stage: Stage, names: int, connections: int, pipeline: int, seconds: float) -> float | None:
    face: Face = running.faces[Transport.TCP]
    requests = round(REDIS_RATE[pipeline] * seconds)
    words = ["redis-benchmark", "-h", HOST, "-p", str(face.target.port), "-c", str(connections), "-P", str(pipeline)]
    words += ["-n", str(requests), "-r", str(names), "--csv", "GET", resp_pattern()]
    return redis_rate(_said(words, stage.generator_core, seconds))


def redis_rate(said: str) -> float | None:
    """The rate in what redis-benchmark prints as CSV."""
    rows = [row for row in csv.reader(said.splitlines()) if len(row) > 1 and re.fullmatch(r"[0-9.]+", row[1])]
    return float(rows[-1][1]) if rows else None


def _said(words: Sequence[str], core: int, seconds: float) -> str:
    """What a tool prints, bound to the generator core; empty when it fails."""
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds * 10 + GRACE_S,
            preexec_fn=partial(os.sched_setaffinity, 0, {core}),
            cwd=Path("/"),
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout
