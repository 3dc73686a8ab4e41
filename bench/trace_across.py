"""A recall of 1,000 items over five tiers and six enterprises, in milliseconds (`tracing.md` §8).

    python -m idis.bench.trace_across [--rounds 100] [--items 1000] [--hidden] [--base-port 23640] [--json]

A national node, six enterprises and a recursive node are started, each a process of its own, with events of their own: a lot
of the first becomes semi-finished goods of the second, parts of the third, modules of the fourth, and these are built into
the items of two more. The recursive node is asked what a recall of the lot affects, again and again; nothing is kept between
two questions but connections, and who answers for which prefix. Then one of the two last enterprises is killed, and the rest
is asked for. With `--hidden` no enterprise lists whoever asks, so that each runs on for him and hides the names.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import struct
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from idis.bench.machine import machine_line
from idis.proto.value import Value
from idis.registry.record import Record, prepare
from idis.registry.registration.checks import Organisation
from idis.registry.store.base import Store, WriteTxn
from idis.registry.store.lmdb import LmdbStore
from idis.registry.trace.deriving import take_event
from idis.registry.trace.event import Event, EventType, Moment
from idis.registry.trace.records import spelling_at
from idis.resolver.cli.web_client import WebClient
from idis.resolver.client_key import Key
from idis.resolver.config import Tier
from idis.resolver.lab.build import SampleSet, build_nodes
from idis.resolver.lab.plan import IPV4, LabNode, Plan
from idis.resolver.lab.processes import Processes, refuse_taken_ports

BASE_PORT = 23_640
ROUNDS_DEFAULT, ITEMS_DEFAULT = 100, 1_000
PREFIXES = ("88.1", "88.2", "88.3", "88.4", "88.5", "88.6")
GOAL_MS = 250.0
POINTERS_S_MAX = 30.0
DAY_MS = 86_400_000
EVENT_THINGS = 500  # of one event
_WHO = f"{PREFIXES[0]}/QE"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m idis.bench.trace_across", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS_DEFAULT, metavar="N")
    parser.add_argument("--items", type=int, default=ITEMS_DEFAULT, metavar="N")
    parser.add_argument("--hidden", action="store_true", help="nobody lists the asker")
    parser.add_argument("--base-port", type=int, default=BASE_PORT, metavar="N")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="idis-trace-") as folder:
        plan = _plan(Path(folder), arguments.base_port)
        refuse_taken_ports(plan.nodes)
        key = _build(plan, arguments.items, hidden=arguments.hidden)
        processes = Processes()
        processes.start(plan)
        try:
            figures = _measure(plan, processes, key, arguments.rounds, arguments.items)
        finally:
            processes.stop()
    figures |= {"items": arguments.items, "hidden": arguments.hidden, "goal_ms": GOAL_MS, "machine": machine_line()}
    if arguments.json:
        print(json.dumps(figures, indent=2))
        return 0
    for name in ("all", "one_down"):
        part = figures[name]
        print(
            f"{name:9} {part['affected']:5} affected, {part['tombstones']} tombstones:"
            f" p50 {part['p50_ms']:.0f} ms, p99 {part['p99_ms']:.0f} ms of {GOAL_MS:.0f}"
        )
    print(figures["machine"])
    return 0


def _plan(root: Path, port: int) -> Plan:
    nodes: list[LabNode] = []

    def add(name: str, tier: Tier, homed: tuple[str, ...]) -> None:
        at = port + len(nodes)
        nodes.append(LabNode(name, tier, "", homed, (), Organisation(name), IPV4, at, at + 100, root / name))

    add("national", Tier.NATIONAL, ("88",))
    for prefix in PREFIXES:
        add(f"enterprise-{prefix}", Tier.ENTERPRISE, (prefix,))
    add("recursive", Tier.RECURSIVE, ())
    return Plan(tuple(nodes))


def _build(plan: Plan, items: int, *, hidden: bool) -> Key:
    """Make the nodes with their events, and the key of whoever asks."""
    private = Ed25519PrivateKey.generate()
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    path = plan.national.directory.parent / "key.pem"
    path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    events = list(_events(items))
    build_nodes(plan, SampleSet({}, {}))
    for node in plan.nodes:
        if node.tier is not Tier.ENTERPRISE:
            continue
        (prefix,) = node.homed
        now = int(time.time())
        store = LmdbStore.open(node.directory, exclusive=False)
        records = [Record(f"{prefix}/QE", (Value(300, "HS_PUBKEY", pem),))]
        if not hidden or prefix == PREFIXES[0]:
            members = struct.pack(">II", 1, len(_WHO)) + _WHO.encode() + struct.pack(">I", 300)
            records.append(Record(f"{prefix}/TRACE_READERS", (Value(1, "HS_VLIST", members, permissions=0x0C),)))
        store.write_all([prepare(record, now) for record in records], actor="bench")
        _capture(store, prefix, [event for holder, event in events if holder == prefix], now)
        store.close()
    return Key.from_file(f"300:{_WHO}", path)


def _events(items: int) -> Iterator[tuple[str, Event]]:
    """Who tells what: 1 lot → 5 semi-finished → 25 parts → 125 modules → items, half of them by each of two."""
    lot = f"{PREFIXES[0]}/LOT"
    sources = [lot]
    for tier, prefix in enumerate(PREFIXES[1:4], start=1):
        made = [f"{prefix}/T{tier}.{number}" for number in range(5**tier)]
        for at, source in enumerate(sources):
            results = tuple(made[at * 5 : at * 5 + 5])
            event_id = f"urn:bench:{prefix}:{at}"
            yield prefix, Event(
                EventType.TRANSFORMATION, Moment(tier * DAY_MS), event_id=event_id, input_epcs=(source,), output_epcs=results
            )
        sources = made
    for number in range(items):
        prefix = PREFIXES[4 + number % 2]
        event_id, module = f"urn:bench:{prefix}:{number}", sources[number % len(sources)]
        yield prefix, Event(
            EventType.TRANSFORMATION,
            Moment(4 * DAY_MS),
            event_id=event_id,
            input_epcs=(module,),
            output_epcs=(f"{prefix}/ITEM.{number}",),
        )


def _capture(store: Store, prefix: str, events: list[Event], now: int) -> None:
    for at in range(0, len(events), EVENT_THINGS):
        part = events[at : at + EVENT_THINGS]

        def change(txn: WriteTxn, part: list[Event] = part) -> None:
            spelling = spelling_at(txn)
            for event in part:
                take_event(txn, event, spelling=spelling, holder=prefix, recorded_ms=now * 1_000)

        store.write(change, actor="bench").result()


def _measure(plan: Plan, processes: Processes, key: Key, rounds: int, items: int) -> dict[str, Any]:
    with WebClient(f"http://{IPV4}:{plan.recursive.http_port}", "") as client:
        deadline = time.monotonic() + POINTERS_S_MAX
        while _ask(client, key)[0] < items:
            if time.monotonic() > deadline:
                raise SystemExit("not every item was found: pointers were not told")
            time.sleep(0.1)
        complete = _rounds(lambda: _ask(client, key), rounds)
        os.kill(processes.pid(f"enterprise-{PREFIXES[5]}"), signal.SIGKILL)
        time.sleep(0.1)
        return {"all": complete, "one_down": _rounds(lambda: _ask(client, key), rounds)}


def _rounds(ask: Callable[[], tuple[int, int]], rounds: int) -> dict[str, Any]:
    taken: list[float] = []
    affected = tombstones = 0
    for _ in range(rounds):
        begun = time.perf_counter()
        affected, tombstones = ask()
        taken.append((time.perf_counter() - begun) * 1_000)
    taken.sort()
    p99 = taken[min(int(len(taken) * 0.99), len(taken) - 1)]
    return {
        "affected": affected,
        "tombstones": tombstones,
        "p50_ms": round(statistics.median(taken), 1),
        "p99_ms": round(p99, 1),
        "max_ms": round(taken[-1], 1),
    }


def _ask(client: WebClient, key: Key) -> tuple[int, int]:
    """How many items a recall of the lot affects, and how many branches are missing."""
    trace_id = os.urandom(16)
    shown = key.make_trace_pass(trace_id, "bench", int(time.time())).decode()
    proof = {"trace": trace_id.hex(), "purpose": "bench", "pass": shown}
    body = {"proof": proof, "starts": [{"thing": f"{PREFIXES[0]}/LOT"}]}
    found = client.change("POST", "trace", "across", "recall", body=body)["recall"]
    return found["certain"], len(found["extent"]["tombstones"])


if __name__ == "__main__":
    raise SystemExit(main())
