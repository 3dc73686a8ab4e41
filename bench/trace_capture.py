"""Capture of events: how many a second become durable, and in how much memory a long document is read.

    python -m idis.bench.trace_capture [--events 20000] [--batch 500] [--directory DIR]

Events are those of a shop floor: blocks are cut from plates, packs built of cells, boxes packed and shipped, one after the
other with ascending times. Each batch is a document, sent to `capture` as the REST interface does it: read, judged, named,
kept, derived from, flushed. First the next one is sent when the last one is durable; then two are in flight, each in a thread
as there, so that one is read while the other is flushed. Another run takes one document of 10,000 events with `rollback`, all
in one transaction. The collector of garbage is set as a node sets it; the process runs on one core.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import time
import tracemalloc
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from idis.bench.folder import add_directory, working_folder
from idis.bench.machine import machine_line
from idis.registry.prefix import PrefixEntry
from idis.registry.store.lmdb import LmdbStore
from idis.registry.trace.capture import EVENTS_MAX, Behaviour, Captured, capture
from idis.registry.trace.reading import read_events
from idis.registry.trace.teller import Teller
from idis.resolver.collector import hush

PREFIX = "88.118.8"
START_S = 1_772_415_000
PARTS = 4  # of one cut, one pack, one box
FLIGHT = 2  # documents: while one waits for its flush, another is read

_HEAD = (
    b'{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",{"yard":"https://yard.example.cn/ns/"}],'
    b'"type":"EPCISDocument","schemaVersion":"2.0","creationDate":"2026-03-02T12:00:00Z","epcisBody":{"eventList":['
)
_TAIL = b"]}}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="events captured a second, durable")
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)), help="the core it runs on")
    add_directory(parser)
    arguments = parser.parse_args()
    print(f"{machine_line()}, load {os.getloadavg()[0]:.1f}")
    os.sched_setaffinity(0, {arguments.core})
    with working_folder("trace-capture", arguments.directory) as folder:
        _measure(folder, arguments.events, arguments.batch)


def shop_floor(first: int, count: int) -> Iterator[bytes]:
    """Events from a number on, as JSON."""
    for number in range(first, first + count):
        yield json.dumps(_event(number), separators=(",", ":")).encode()


def document(first: int, count: int) -> bytes:
    """A document of events."""
    return _HEAD + b",".join(shop_floor(first, count)) + _TAIL


def _event(number: int) -> dict[str, Any]:
    moment = START_S + number
    common: dict[str, Any] = {
        "eventTime": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(moment)),
        "eventTimeZoneOffset": "+08:00",
        "readPoint": {"id": f"hdl:{PREFIX}/STATION.{number % 40}"},
        "yard:shift": "A",
    }
    parts = [f"hdl:{PREFIX}/PART.{number}.{at}" for at in range(PARTS)]
    match number % 4:
        case 0:
            inputs = [f"hdl:{PREFIX}/PLATE.{number}"]
            return {"type": "TransformationEvent", **common, "inputEPCList": inputs, "outputEPCList": parts}
        case 1:
            whole = {"action": "ADD", "bizStep": "installing", "parentID": f"hdl:{PREFIX}/BLOCK.{number}", "childEPCs": parts}
            return {"type": "AssociationEvent", **common, **whole}
        case 2:
            box = {"action": "ADD", "bizStep": "packing", "parentID": f"hdl:{PREFIX}/BOX.{number}", "childEPCs": parts}
            return {"type": "AggregationEvent", **common, **box}
        case _:
            moved = {"action": "OBSERVE", "bizStep": "shipping", "disposition": "in_transit", "epcList": parts}
            return {"type": "ObjectEvent", **common, **moved}


def _measure(folder: Path, events: int, batch: int) -> None:
    store = LmdbStore.create(folder / "node", map_bytes=2**30)
    store.write(lambda txn: txn.put_prefix(PrefixEntry(PREFIX, homed=True)), actor="bench").result()
    hush(hot=True)
    first = 0
    for in_flight in (1, FLIGHT):
        documents = [document(at, min(batch, first + events - at)) for at in range(first, first + events, batch)]
        octets = sum(map(len, documents))
        cpu, begun = time.process_time(), time.perf_counter()
        with ThreadPoolExecutor(in_flight) as pool:
            for captured in pool.map(partial(_take, store, behaviour=Behaviour.PROCEED), documents):
                _check(captured)
        _tell(f"{events:,} events in batches of {batch}, {in_flight} in flight", events, octets, begun, cpu)
        first += events
    long = document(first, EVENTS_MAX)
    cpu, begun = time.process_time(), time.perf_counter()
    _check(_take(store, long, Behaviour.ROLLBACK))
    _tell(f"one document of {EVENTS_MAX:,}, rollback", EVENTS_MAX, len(long), begun, cpu)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    another = document(first + EVENTS_MAX, EVENTS_MAX)
    read = _held(lambda: deque(read_events(io.BytesIO(long)), 0))
    taken = _held(lambda: _check(_take(store, another, Behaviour.ROLLBACK)))
    store.close()
    print(
        f"beside {len(long) / 2**20:.1f} MiB of its octets, reading it held {read:.2f} MiB, capturing it {taken:.1f}; "
        f"process {own:.0f} MiB"
    )


def _held(act: Callable[[], object]) -> float:
    """The most MiB of Python objects that an act held at once."""
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    act()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (peak - before) / 2**20


def _take(store: LmdbStore, octets: bytes, behaviour: Behaviour) -> Captured:
    teller = Teller("bench", PREFIX, (PREFIX,))
    return capture(store, lambda: io.BytesIO(octets), teller, behaviour, (START_S + 10**7) * 1_000)


def _check(captured: Captured) -> None:
    if not captured.success or captured.new != captured.events:
        raise SystemExit(f"not all events were kept: {captured.problems[:3]}")


def _tell(what: str, events: int, octets: int, begun: float, cpu: float) -> None:
    elapsed, used = time.perf_counter() - begun, time.process_time() - cpu
    print(
        f"{what}: {elapsed:.2f} s, {events / elapsed:,.0f} events/s, {used:.2f} s of processor "
        f"({used / events * 1e6:.0f} µs an event), {octets / events:.0f} octets each"
    )


if __name__ == "__main__":
    main()
