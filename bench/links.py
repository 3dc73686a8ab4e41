"""Digital Links resolved a second, and how long each takes at half of the goal, by wrk.

    python -m idis.bench.links [--items 100000] [--seconds 5] [--realtime]

A node of ours on one core, wrk on another. The registry holds one product with a dozen links and the items of it, each with
a link of its own. What is asked for the most is the first goal, 5,000 a second; that half as many take at most 5 ms is the
second. Of both the processor time of the node for a request is shown, because nothing else holds on a machine that others use.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from idis.bench.machine import REALTIME_HELP, go_first, machine_line
from idis.bench.peers.node import serve_words
from idis.bench.peers.stage import HOST, Stage, free_port
from idis.proto.errors import IdisError
from idis.proto.value import Value
from idis.registry.record import Record, prepare
from idis.registry.store.lmdb import LmdbStore
from idis.resolver.config import ListenSection, NodeConfig, NodeSection
from idis.resolver.creation import create_node

PREFIX = "88.118.8"
KEY = "/01/06901234567892"
CONNECTIONS = 64
GOAL_RATE = 5_000
THINK_MS = 20  # between two requests of a connection, where a rate is wanted: with fifty of them, half the goal
PAUSED = GOAL_RATE // 2 * THINK_MS // 1_000
BATCH = 10_000

_TICKS = os.sysconf("SC_CLK_TCK")
_COUNT = re.compile(r"([0-9]+) requests in ([0-9.]+)(m?s)")
_LATENCY = re.compile(r"^\s+(50|99)%\s+([0-9.]+)(us|ms|s)", re.MULTILINE)
_MS = {"us": 0.001, "ms": 1.0, "s": 1_000.0}
# A script of wrk: paths at random, or pauses.
_RANDOM = 'math.randomseed(7)\nrequest = function() return wrk.format("GET", "{path}" .. math.random(0, {most})) end\n'
_PAUSING = f"function delay() return {THINK_MS} end\n"


@dataclass(frozen=True)
class Case:
    """One thing that is asked again and again."""

    name: str
    path: str = KEY
    numbers: int = 0  # behind the path, at random
    fields: tuple[str, ...] = ("Accept-Language: zh-CN,zh;q=0.9,en;q=0.5",)
    paused: bool = False


CASES = (
    Case("the product, one path"),
    Case("its product page by language", f"{KEY}?linkType=gs1:pip"),
    Case("its linkset", f"{KEY}?linkType=linkset"),
    Case("{items} items, at random", f"{KEY}/21/", numbers=1),
    Case("serial numbers that nobody registered", f"{KEY}/21/X", numbers=10**9),
    Case("one path by aiohttp", fields=("X-Other: 1",)),
    Case("one path at half the goal", paused=True),
    Case("{items} items at half the goal", f"{KEY}/21/", numbers=1, paused=True),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m idis.bench.links", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--items", type=int, default=100_000, metavar="N", help="of the product (100000)")
    parser.add_argument("--seconds", type=int, default=5, metavar="S", help="of each case (5)")
    parser.add_argument("--realtime", action="store_true", help=REALTIME_HELP)
    given = parser.parse_args(arguments)
    if shutil.which("wrk") is None:
        print("wrk is not installed: apt-get install wrk", file=sys.stderr)
        return 2
    cores = sorted(os.sched_getaffinity(0))
    try:
        with tempfile.TemporaryDirectory(prefix="idis-links-") as folder:
            data = Path(folder) / "node"
            _make_data(data, given.items)
            if given.realtime:
                go_first()
            stage = Stage(Path(folder), cores[0], cores[-1])
            try:
                _measure(stage, data, given.items, given.seconds)
            finally:
                stage.stop()
    except IdisError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _make_data(folder: Path, items: int) -> None:
    listen = ListenSection(hosts=(HOST,), port=free_port(), http_port=free_port())
    create_node(folder, NodeConfig(folder, NodeSection(name="bench", prefixes=(PREFIX,)), listen))
    store = LmdbStore.open(folder, exclusive=False)
    try:
        store.write_all([prepare(_product(), 0)], actor="idis bench")
        for begin in range(0, items, BATCH):
            numbers = range(begin, min(begin + BATCH, items))
            store.write_all([prepare(_item(number), 0) for number in numbers], actor="idis bench")
    finally:
        store.close()


def _product() -> Record:
    links = [
        _link(10, "gs1:defaultLink", "/valve"),
        *(_link(11 + n, "gs1:pip", f"/{tag}", type="text/html", hreflang=[tag]) for n, tag in enumerate(("zh", "en", "de"))),
        *(_link(14 + n, f"gs1:{kind}", f"/{kind}") for n, kind in enumerate(("instructions", "safetyInfo", "support", "dpp"))),
        *(_link(18 + n, "gs1:certificationInfo", f"/c{n}", context=[where]) for n, where in enumerate(("CN", "EU", "UK"))),
        _link(21, "gs1:traceability", "/trace/{serial}"),
    ]
    return Record(f"{PREFIX}/VALVE", (_alias(KEY), Value(2, "name", "球阀 DN50".encode()), *links))


def _item(number: int) -> Record:
    return Record(f"{PREFIX}/VALVE-{number}", (_alias(f"{KEY}/21/{number}"), _link(2, "gs1:pip", f"/items/{number}")))


def _alias(path: str) -> Value:
    return Value(1, "IDIS.ALIAS", f"gs1:https://id.gs1.org{path}".encode())


def _link(index: int, kind: str, path: str, **more: object) -> Value:
    form = {"linkType": kind, "href": f"https://maker.example{path}", "title": "球阀", **more}
    return Value(index, "IDIS.LINK", json.dumps(form, ensure_ascii=False).encode())


def _measure(stage: Stage, data: Path, items: int, seconds: int) -> None:
    http_port = free_port()
    base = f"http://{HOST}:{http_port}"
    process = stage.start(serve_words(data, free_port(), http_port), "node")
    stage.wait(process, "node", lambda: _answers(f"{base}{KEY}?linkType=linkset"))
    print(f"{machine_line()}\n")
    print("| asked | a second | 50 % ms | 99 % ms | CPU a request, µs |\n|---|---|---|---|---|")
    for case in CASES:
        before = _cpu_s(process.pid)
        said = _wrk(stage, case, base, items, seconds)
        spent = _cpu_s(process.pid) - before
        print(_row(case.name.format(items=f"{items:,}"), said, spent), flush=True)


def _wrk(stage: Stage, case: Case, base: str, items: int, seconds: int) -> str:
    script = stage.folder / "wrk.lua"
    most = items - 1 if case.numbers == 1 else case.numbers
    lines = _RANDOM.format(path=case.path, most=most) if case.numbers else ""
    script.write_text(lines + (_PAUSING if case.paused else ""))
    connections = PAUSED if case.paused else CONNECTIONS
    fields = [word for field in case.fields for word in ("-H", field)]
    words = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script), *fields, base + case.path]
    return subprocess.run(["taskset", "-c", str(stage.generator_core), *words], check=True, capture_output=True, text=True).stdout


def _row(name: str, said: str, spent_s: float) -> str:
    counted = _COUNT.search(said)
    if counted is None or ("Non-2xx" in said and "Socket errors" in said):
        raise IdisError(f"wrk said: {said}")
    requests, elapsed_s = int(counted[1]), float(counted[2]) * _MS[counted[3]] / 1_000
    latency = {match[1]: float(match[2]) * _MS[match[3]] for match in _LATENCY.finditer(said)}
    rate, cpu_us = requests / elapsed_s, spent_s / requests * 1e6
    return f"| {name} | {rate:,.0f} | {latency['50']:.2f} | {latency['99']:.2f} | {cpu_us:.0f} |"


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _cpu_s(pid: int) -> float:
    """Processor time of a process until now."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


if __name__ == "__main__":
    sys.exit(main())
