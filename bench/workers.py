"""What several workers carry beside one, on a machine that has no core to spare for the generator.

    python -m idis.bench.workers [--workers 2] [--names 100000] [--rounds 5] [--seconds 2]

One process on a core of its own is asked from another core; then N workers on N cores, which they share with as many
generator processes. The generator's CPU time is measured and taken off: what counts is the CPU time of the server for an
answer, with one and with N. Were nothing lost between workers, N cores would carry N times as much; the ratio says how much
of that is left. Both run at the same time, and rounds alternate in an order drawn anew.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from random import Random
from statistics import median

from idis.bench.asking.load import Load, Transport
from idis.bench.machine import machine_line
from idis.bench.measuring import observe
from idis.bench.measuring.rounds import Round, run_round
from idis.bench.own_node import OwnNode
from idis.bench.peers.match import WARM_UP_SHARE
from idis.bench.peers.stage import Stage
from idis.bench.report.bootstrap import ratio_of

NAMES = 100_000
CONNECTIONS_PER_WORKER = 16  # the kernel spreads them by their ports: with few, one worker would get most
PIPELINE = 8
FLOOR = 1.7


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m idis.bench.workers", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="on cores 0 to N-1 (2)")
    parser.add_argument("--names", type=int, default=NAMES, metavar="N", help=f"records ({NAMES})")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="(5)")
    parser.add_argument("--seconds", type=float, default=2.0, metavar="S", help="of a round (2)")
    given = parser.parse_args(arguments)
    print(machine_line())
    with tempfile.TemporaryDirectory(prefix="idis-workers-") as name:
        stage = Stage(Path(name), 0, 1)
        try:
            one = OwnNode(stage, Path(name) / "one", given.names, cores=(0,))
            many = OwnNode(stage, Path(name) / "many", given.names, workers=given.workers, cores=range(given.workers))
            _hold(one, many, given)
        finally:
            stage.stop()
    return 0


def _hold(one: OwnNode, many: OwnNode, given: argparse.Namespace) -> None:
    workers, random = given.workers, Random(1)
    rounds: dict[OwnNode, list[Round]] = {one: [], many: []}
    shares: list[float] = []
    loads = {one: _load((1,), CONNECTIONS_PER_WORKER, given.seconds)}
    loads[many] = _load(tuple(range(workers)), CONNECTIONS_PER_WORKER * workers, given.seconds)
    for number in range(1, given.rounds + 1):
        for node in random.sample((one, many), 2):
            before = _spent(node)
            rounds[node].append(run_round(loads[node], node.target, node.question, number, server=node.process))
            if node is many:
                used = sorted(after - before.get(process, 0) for process, after in _spent(node).items())[-workers:]
                shares.append(used[-1] / sum(used))
    cpu = {node: [one_round.server_cpu_us or 0.0 for one_round in rounds[node]] for node in (one, many)}
    for label, node in (("one process", one), (f"{workers} workers", many)):
        rate = median(one_round.rate for one_round in rounds[node])
        print(f"{label:12} {rate / 1_000:8.1f} k/s {median(cpu[node]):6.2f} µs of CPU an answer")
    ratio = ratio_of(cpu[one], cpu[many], paired=True)
    assert ratio is not None, "both answered"
    print(f"busiest worker: {max(shares):.0%} of the work of all")
    print(
        f"{workers} workers ÷ one, the generator discounted: {workers * ratio.ratio:.2f} "
        f"({workers * ratio.low:.2f} – {workers * ratio.high:.2f}); floor for two {FLOOR}"
    )


def _load(cores: tuple[int, ...], connections: int, seconds: float) -> Load:
    return Load(
        transport=Transport.UDP,
        connections=connections,
        pipeline=PIPELINE,
        duration_s=seconds,
        warm_up_s=seconds * WARM_UP_SHARE,
        processes=len(cores),
        pins=cores,
    )


def _spent(node: OwnNode) -> dict[int, int]:
    """CPU time of each of its processes, in nanoseconds."""
    spent = {process: observe.cpu_ns(process) for process in observe.tree(node.process)}
    return {process: used for process, used in spent.items() if used is not None}


if __name__ == "__main__":
    sys.exit(main())
