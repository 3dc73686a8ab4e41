"""The competitors' own load generators beside ours: dnsperf and redis-benchmark.

They are here so that nobody has to take our generator's word: where both measured the same server, their figures stand
in one table.

dnsperf needs more CPU time for a question than a server does for the answer, so from a core of its own it never fills one:
the server answers a few questions each time it wakes. On the server's core both are always busy, and the server finds as
many questions as are under way: what a core of it gives is what it answers for each second of its own CPU time there.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

from idis.bench.asking.load import Transport
from idis.bench.asking.plan import Dialect
from idis.bench.measuring.observe import cpu_ns, tree
from idis.bench.peers.contender import Face, Running
from idis.bench.peers.dataset import dns_name, naptr_name, resp_pattern
from idis.bench.peers.match import Match
from idis.bench.peers.stage import HOST, Stage

QUERIES_MAX = 100_000  # lines of dnsperf's file; it begins anew
GRACE_S = 30.0
DNSPERF, DNSPERF_FULL = "dnsperf, 64 in flight", "dnsperf, 64 in flight, on the server's core"
REDIS_RATE = {1: 100_000, 16: 450_000, 64: 500_000}  # what a core of it gives: its tool counts requests, not seconds

Notice = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Told:
    """What a tool found of a server in one round.

    Attributes:
        rate: answers a second.
        cpu_us: the server's CPU time for each, in microseconds; None when unknown.
    """

    rate: float
    cpu_us: float | None = None

    @property
    def per_core(self) -> float | None:
        """Answers for each second of the server's CPU time."""
        return 1e6 / self.cpu_us if self.cpu_us else None


# By line and server, a round each.
Tools = dict[tuple[str, str], list[Told]]


def run_tools(match: Match, stage: Stage, rounds: int, seconds: float, notice: Notice) -> Tools:
    """What the tools that are installed find; who was not measured is left out."""
    found: Tools = {}
    for number in range(rounds):
        for line, transport, core in (
            (DNSPERF, Transport.UDP, stage.generator_core),
            (DNSPERF, Transport.DNS, stage.generator_core),
            (DNSPERF_FULL, Transport.DNS, stage.server_core),
        ):
            servers = [name for name, running in match.running.items() if _speaks_dns(running, transport)]
            for name in Random(number).sample(servers, len(servers)) if shutil.which("dnsperf") else ():
                notice(f"{line}: round {number + 1} of {rounds}, {name}")
                told = _dnsperf(match.running[name].faces[transport], transport, stage, match.names, seconds, core)
                if told is not None:
                    found.setdefault((f"{line}, {_RECORDS[transport]}", name), []).append(told)
        if shutil.which("redis-benchmark") and "Redis" in match.running:
            for connections, pipeline in ((64, 1), (50, 16), (50, 64)):
                notice(f"redis-benchmark, {connections} × {pipeline}")
                rate = _redis_benchmark(match.running["Redis"], stage, match.names, connections, pipeline, seconds)
                if rate is not None:
                    line = f"redis-benchmark, TCP, {connections} × {pipeline}"
                    found.setdefault((line, "Redis"), []).append(Told(rate))
    return found


_RECORDS = {Transport.UDP: "TXT", Transport.DNS: "NAPTR"}


def _speaks_dns(running: Running, transport: Transport) -> bool:
    return transport in running.faces and running.faces[transport].question.dialect is Dialect.DNS


def _dnsperf(face: Face, transport: Transport, stage: Stage, names: int, seconds: float, core: int) -> Told | None:
    questions = stage.folder / f"dnsperf.{_RECORDS[transport]}.{names}.txt"
    if not questions.exists():
        name_at = dns_name if transport is Transport.UDP else naptr_name
        step = max(names // QUERIES_MAX, 1)
        numbers = sorted(range(0, names, step), key=lambda number: number * 2_654_435_761 % 2**32)
        questions.write_text("".join(f"{name_at(number)}. {_RECORDS[transport]}\n" for number in numbers))
    words = ["dnsperf", "-s", HOST, "-p", str(face.target.port), "-d", str(questions), "-l", f"{max(round(seconds), 1)}"]
    before = face.server and cpu_ns_of_all(face.server)
    said = _said([*words, "-q", "64", "-c", "4", "-T", "1"], core, seconds)
    after = face.server and cpu_ns_of_all(face.server)
    rate, answers = dnsperf_rate(said), dnsperf_answers(said)
    if rate is None:
        return None
    return Told(rate, (after - before) / 1_000 / answers if before and after and answers else None)


def cpu_ns_of_all(server: int) -> int:
    """CPU time of a server and its descendants until now: NSD answers in a child."""
    return sum(cpu_ns(process) or 0 for process in tree(server))


def dnsperf_rate(said: str) -> float | None:
    """The rate in what dnsperf prints."""
    match = re.search(r"Queries per second:\s+([0-9.]+)", said)
    return float(match.group(1)) if match else None


def dnsperf_answers(said: str) -> int | None:
    """How many questions were answered."""
    match = re.search(r"Queries completed:\s+([0-9]+)", said)
    return int(match.group(1)) if match else None


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
