"""What a burst of writes does to those who read: response times with and without it, in turn.

    python -m idis.bench.burst [--writes 5000] [--rate 20000] [--names 100000] [--rounds 12] [--seconds 0.6]
        [--workers 1] [--keeper] [--realtime]

The node has a core, the generator asks from another one in an open loop, and a third process writes records of the node's
own prefix into its store, one transaction each, as the command line and other processes do. What has been written is in the
next answer, so the node follows every change while it answers. The writer runs on the generator's core, in whatever time
the generator leaves: a burst needs a core, and neither of them is to wait for it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from random import Random
from statistics import median

from idis.bench.asking.load import Load, Transport
from idis.bench.machine import REALTIME_HELP, SECOND, PriorityError, go_first, machine_line
from idis.bench.measuring.rounds import Round, run_round
from idis.bench.own_node import OwnNode
from idis.bench.peers.dataset import PREFIX
from idis.bench.peers.match import WARM_UP_SHARE
from idis.bench.peers.stage import Stage
from idis.bench.report.bootstrap import ratio_of
from idis.bench.report.verdict import objections
from idis.proto.value import Value
from idis.registry.record import PreparedRecord, Record, prepare
from idis.registry.store.base import Committed, WriteTxn
from idis.registry.store.lmdb import LmdbStore

NAMES = 100_000
TICK_S = 0.001  # how often the writer adds what is due: writers who know nothing of each other come one by one
UNDER_WAY_MAX = 2_000  # transactions not yet acknowledged
PERCENTILES = (50.0, 90.0, 99.0, 99.9)
GOAL = 2.0  # of p99 with the burst by p99 without


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m idis.bench.burst", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--writes", type=int, default=5_000, metavar="N", help="a second (5000)")
    parser.add_argument("--rate", type=float, default=20_000, metavar="R", help="questions a second (20000); 5000 on two cores")
    parser.add_argument("--names", type=int, default=NAMES, metavar="N", help=f"records ({NAMES})")
    parser.add_argument("--rounds", type=int, default=12, metavar="N", help="many short ones, because some are disturbed (12)")
    parser.add_argument("--seconds", type=float, default=0.6, metavar="S", help="of a round (0.6)")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes on the node's binary port (1)")
    parser.add_argument("--keeper", action="store_true", help="let one worker have a keeper; several have one")
    parser.add_argument("--realtime", action="store_true", help=REALTIME_HELP)
    given = parser.parse_args(arguments)
    try:
        if given.realtime:
            go_first()
    except PriorityError as error:
        parser.error(str(error))
    print(machine_line())
    with tempfile.TemporaryDirectory(prefix="idis-burst-") as name:
        stage = Stage(Path(name), 0, 1)
        try:
            folder = Path(name) / "node"
            node = OwnNode(stage, folder, given.names, workers=given.workers, keeper=given.keeper, cores=(0,))
            _hold(node, folder, given)
        finally:
            stage.stop()
    return 0


def _hold(node: OwnNode, folder: Path, given: argparse.Namespace) -> None:
    random = Random(1)
    load = Load(
        transport=Transport.UDP,
        rate=given.rate,
        poisson=True,
        connections=4,
        pipeline=1_024,
        duration_s=given.seconds,
        warm_up_s=given.seconds * WARM_UP_SHARE,
        pins=(1,),
    )
    rounds: dict[bool, list[Round]] = {False: [], True: []}
    written: list[float] = []
    for number in range(1, given.rounds + 1):
        for is_writing in random.sample((False, True), 2):
            writer = _Writer(folder, given.writes) if is_writing else None
            rounds[is_writing].append(run_round(load, node.target, node.question, number, server=node.process))
            if writer is not None:
                written.append(writer.stop())
    times = {
        is_writing: {share: [_us(one, share) for one in rounds[is_writing]] for share in PERCENTILES} for is_writing in rounds
    }
    for is_writing, label in ((False, "reads alone"), (True, f"with {median(written):,.0f} writes/s")):
        line = "  ".join(f"p{share:g} {median(times[is_writing][share]):,.0f} µs" for share in PERCENTILES)
        cpu_us = median(one.server_cpu_us or 0.0 for one in rounds[is_writing])
        print(f"{label:20} {line}  CPU {cpu_us:.1f} µs an answer")
    ratio = ratio_of(times[True][99.0], times[False][99.0], paired=True)
    assert ratio is not None, "questions were answered"
    print(f"p99 under the burst ÷ p99 without: {ratio.ratio:.2f} ({ratio.low:.2f} – {ratio.high:.2f}); at most {GOAL}")
    for is_writing, label in ((False, "alone"), (True, "under the burst")):
        for sentence in objections(load, rounds[is_writing]):
            print(f"DO NOT TRUST THIS RUN: {label}, {sentence}")


def _us(one: Round, share: float) -> float:
    return one.tally.response.percentile(share) / 1_000


class _Writer:
    """A process that writes so many records a second until it is told to stop."""

    def __init__(self, folder: Path, writes_per_s: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._ready, self._stop = context.Event(), context.Event()
        self._rate: Synchronized[float] = context.Value("d", 0.0)
        self._process = context.Process(
            target=_write, args=(folder, writes_per_s, self._ready, self._stop, self._rate), daemon=True
        )
        self._process.start()
        self._ready.wait()

    def stop(self) -> float:
        """End it; how many writes a second were acknowledged."""
        self._stop.set()
        self._process.join()
        return self._rate.value


def _write(folder: Path, writes_per_s: int, ready: object, stop: object, rate: Synchronized[float]) -> None:
    assert hasattr(ready, "set"), "events of multiprocessing"
    assert hasattr(stop, "is_set"), "events of multiprocessing"
    os.sched_setaffinity(0, {1})
    if os.sched_getscheduler(0) == os.SCHED_FIFO:
        go_first(SECOND)
    else:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    store = LmdbStore.open(folder, exclusive=False)
    under_way: deque[Future[Committed[None]]] = deque()
    started, now, done = time.monotonic(), int(time.time()), 0
    ready.set()
    while not stop.is_set():
        due = int((time.monotonic() - started) * writes_per_s)
        for number in range(done, due):
            text = f"https://id.example.com/written/{number}".encode()
            record = prepare(Record(f"{PREFIX}/W-{number % 10_000:05}", (Value(1, "URL", text),)), now)
            under_way.append(store.write(partial(_put, record), actor="idis bench"))
        done = due
        while under_way and (under_way[0].done() or len(under_way) > UNDER_WAY_MAX):
            under_way.popleft().result()
        time.sleep(TICK_S)
    while under_way:
        under_way.popleft().result()
    rate.value = done / (time.monotonic() - started)
    store.close()


def _put(record: PreparedRecord, txn: WriteTxn) -> None:
    txn.put_record(record)


if __name__ == "__main__":
    sys.exit(main())
