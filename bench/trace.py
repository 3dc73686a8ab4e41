"""What tracing costs on this machine: `python -m idis.bench.trace [--edges 100000 1000000] [--directory DIR]`.

The same questions on stores of growing size: one hop, a recall that reaches 10,000 things, a trace back over eight tiers of
twelve edges. What they cost must follow the answer, not the store. Beside them what it costs to derive edges from events.
Each figure stands twice: elapsed, as its asker feels it, and processor time, which a busy machine does not spoil.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Iterator
from functools import partial
from random import Random

from idis.bench.folder import add_directory, working_folder
from idis.bench.machine import machine_line
from idis.registry.store.base import WriteTxn
from idis.registry.store.lmdb import LmdbStore
from idis.registry.trace import rows
from idis.registry.trace.deriving import take_event
from idis.registry.trace.edge import Edge, EdgeKind
from idis.registry.trace.event import Action, Event, EventType, Moment, Quantity
from idis.registry.trace.expanding import Ask, Direction, Request, expand
from idis.registry.trace.recall import recall
from idis.registry.trace.things import Spelling
from idis.registry.trace.tracing import trace
from idis.registry.trace.walking import Budget, Start
from idis.resolver.collector import hush

PACKS = 5_000  # of one lot, each in its own vehicle: a recall reaches 10,000 things over 10,000 edges
FAMILY_EDGES = 2 * PACKS
TIERS, PARTS = 8, 12
MAKING_MS, FITTING_MS = 1_700_000_000_000, 1_700_100_000_000
HOPS, RECALLS, BACKS = 20_000, 25, 200
EVENTS, BATCH = 20_000, 500
WIDE = Budget(edges=1_000_000, ms=600_000)

Figures = dict[str, float]


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m idis.bench.trace", description="Figures of tracing.")
    parser.add_argument("--edges", type=int, nargs="+", default=[100_000, 1_000_000], help="sizes of the store")
    add_directory(parser)
    arguments = parser.parse_args(argv)
    print(f"{machine_line()}, load {os.getloadavg()[0]:.1f}")
    sizes = sorted(arguments.edges)
    hush(hot=True)  # as a node does
    with working_folder("trace", arguments.directory) as folder:
        store = LmdbStore.create(folder / "node")
        for name, value in derive(store).items():
            print(f"{name:52} {value:>13,.1f}")
        found: dict[int, Figures] = {}
        there = 0
        for size in sizes:
            there = fill(store, there, size)
            found[size] = measure(store, there)
        store.close()
    print(f"{'':52}" + "".join(f"{size:>14,}" for size in sizes))
    for name in found[sizes[0]]:
        print(f"{name:52}" + "".join(f"{found[size][name]:>14,.3f}" for size in sizes))
    return 0


def fill(store: LmdbStore, there: int, edges: int) -> int:
    """Add families of edges until there are so many; how many there are."""
    begun = time.perf_counter()
    for number in range(there // FAMILY_EDGES, edges // FAMILY_EDGES):
        found = {key: row for edge in family(number) for key, row in rows.rows_of(edge).items()}
        store.write(partial(_put, found), actor="bench").result()
        there += FAMILY_EDGES
    os.sync()  # what the kernel still has to write back would stand in the times of whoever asks
    print(f"filled to {there:,} edges in {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    return there


def family(number: int) -> Iterator[Edge]:
    """One lot, the packs made from it, the vehicles they are in; and, for the first vehicle, tiers of parts."""
    prefix, event = f"88.{number:05}", f"ni:///sha-256;{number:064x}?ver=CBV2.0"
    for pack in range(PACKS - TIERS * PARTS // 2):
        name = f"{prefix}/PACK.{pack:07}"
        yield Edge(EdgeKind.MADE_FROM, name, f"{prefix}/LOT", MAKING_MS + pack, recorded_ms=1, source=event, holder=prefix)
        vehicle = f"{prefix}/VIN.{pack:07}"
        yield Edge(EdgeKind.PART_OF, name, vehicle, FITTING_MS + pack, recorded_ms=1, source=event, holder=prefix)
    whole = f"{prefix}/TOP"
    for tier in range(TIERS):
        for part in range(PARTS):
            yield Edge(EdgeKind.PART_OF, f"{prefix}/TIER{tier}.{part:02}", whole, FITTING_MS, recorded_ms=1, source=event)
        whole = f"{prefix}/TIER{tier}.00"


def measure(store: LmdbStore, edges: int) -> Figures:
    """The questions, at random places of the store."""
    random = Random(edges)
    families = edges // FAMILY_EDGES
    figures: Figures = {}
    hops, ups = _Times(), _Times()
    for _ in range(HOPS):
        prefix = f"88.{random.randrange(families):05}"
        pack = random.randrange(PACKS - TIERS * PARTS)
        with ups:
            _hop(store, f"{prefix}/PACK.{pack:07}", Direction.FORWARD)
        with hops:
            _hop(store, f"{prefix}/TIER{random.randrange(TIERS - 1)}.00", Direction.BACK)
    figures |= ups.figures("one hop up µs", 1e6) | hops.figures("one hop to twelve parts µs", 1e6)
    recalls = _Times()
    for _ in range(RECALLS):
        lot = f"88.{random.randrange(families):05}/LOT"
        with recalls, store.read() as txn:
            answer = recall(txn, [Start(lot)], at_ms=FITTING_MS * 2, known_ms=2, budget=WIDE)
        assert answer.certain == PACKS - TIERS * PARTS // 2
    figures |= recalls.figures("recall of 9,904 things ms", 1e3)
    backs = _Times()
    for _ in range(BACKS):
        top = f"88.{random.randrange(families):05}/TOP"
        with backs, store.read() as txn:
            found = trace(txn, top, Direction.BACK, budget=WIDE)
        assert len(found.lines) == TIERS * PARTS + 1
    return figures | backs.figures("back over 8 tiers of 12 edges ms", 1e3)


def derive(store: LmdbStore) -> Figures:
    """Events into edges: installations of one part, and packs made of twelve lots, in batches of 500, durable."""
    spelling = Spelling()
    figures: Figures = {}
    installs = [
        Event(
            EventType.ASSOCIATION,
            Moment(number),
            Action.ADD,
            f"urn:e:{number}",
            parent=f"88.9/V{number}",
            child_epcs=(f"88.9/P{number}",),
        )
        for number in range(EVENTS)
    ]
    makings = [
        Event(
            EventType.TRANSFORMATION,
            Moment(number),
            None,
            f"urn:t:{number}",
            input_quantities=tuple(Quantity(f"88.9/L{number % 50 + lot}") for lot in range(12)),
            output_epcs=(f"88.9/K{number}",),
        )
        for number in range(EVENTS // 10)
    ]
    for name, events in (("installing one part", installs), ("making from twelve lots", makings)):
        begun, spent = time.perf_counter(), time.process_time()
        for at in range(0, len(events), BATCH):
            store.write(partial(_take, events[at : at + BATCH], spelling), actor="bench").result()
        figures[f"{name}, events/s"] = len(events) / (time.perf_counter() - begun)
        figures[f"{name}, processor µs an event"] = (time.process_time() - spent) / len(events) * 1e6
    return figures


def _take(events: list[Event], spelling: Spelling, txn: WriteTxn) -> None:
    for event in events:
        take_event(txn, event, spelling=spelling, holder="88.9", recorded_ms=1)


def _put(found: dict[bytes, bytes], txn: WriteTxn) -> None:
    txn.put_edges(found)


def _hop(store: LmdbStore, thing: str, direction: Direction) -> None:
    with store.read() as txn:
        expand(txn, Request(direction, (Ask(thing),)))


class _Times:
    """How long something took, each time it was done: elapsed, and on the processor."""

    def __init__(self) -> None:
        self._elapsed: list[float] = []
        self._processor: list[float] = []
        self._begun = (0.0, 0.0)

    def __enter__(self) -> None:
        self._begun = (time.perf_counter(), time.thread_time())

    def __exit__(self, *_error: object) -> None:
        self._processor.append(time.thread_time() - self._begun[1])
        self._elapsed.append(time.perf_counter() - self._begun[0])

    def figures(self, name: str, scale: float) -> Figures:
        """Median and 99th percentile."""
        found: Figures = {}
        for what, times in (("elapsed", self._elapsed), ("processor", self._processor)):
            ordered = sorted(times)
            found[f"{name}, {what} p50"] = statistics.median(ordered) * scale
            found[f"{name}, {what} p99"] = ordered[len(ordered) * 99 // 100] * scale
        return found


if __name__ == "__main__":
    sys.exit(main())
