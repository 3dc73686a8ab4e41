"""How many registrations a node acknowledges, and what that costs those who read.

    python -m idis.bench.registrations [--seconds 5] [--writers 64] [--rate 5000] [--rounds 3] [--workers 1] [--keeper]
        [--only-reads] [--directory DIR] [--realtime]

One node, its clients in processes of their own, over the binary port. Each writer has a connection, logs in with its key,
and sends its next CREATE when the last one was acknowledged: checked, audited, flushed. That finds the highest rate, at which
each waits for all others; so they are measured once more at a rate that is offered, from when each create was due, and it is
beside that rate that a reader asks at a fixed rate over UDP and counts from when each question was due
(`paced_reader.py`). Batches hold 2,000 records each and are sent over a few connections.
Clients share the machine's cores with the node, so the node's own processor time per acknowledged record stands beside the
rate: its inverse is what one core would do with clients elsewhere. The disk's own flush is measured beside it, because every
acknowledged change waits for one. With a keeper, or several workers, questions are answered by processes that write nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread
from typing import TypeVar

from idis.bench.folder import add_directory, working_folder
from idis.bench.import_figures import fsync_ms
from idis.bench.machine import REALTIME_HELP, go_first, machine_line
from idis.bench.paced_reader import Reading, percentile, read_at
from idis.bench.peers.stage import free_port, idis
from idis.proto.batch import BATCH_ITEMS_MAX, BatchItem, BatchReply, BatchRequest, Verb
from idis.proto.exchange import outcome_of, request_message
from idis.proto.identifier import parse_identifier
from idis.proto.message import decode_message, encode_message
from idis.proto.outcome import Answer
from idis.proto.query import Query
from idis.proto.types.admin import Admin, encode_admin
from idis.proto.value import Value, encode_values
from idis.resolver.client_admin import Administrator
from idis.resolver.client_key import Key
from idis.resolver.processes.precedence import answer_first, give_way

T = TypeVar("T")

PREFIX = "88.118.8"
IDENTITY = f"300:0.NA/{PREFIX}"
READS_PER_S = 2_000
GOAL = 2.0  # of the p99 of reads beside the writers by that without
BATCH_CONNECTIONS = 2
LONE_S_MAX = 3.0
VALUES = (
    Value(1, "URL", b"https://example.com/p/1"),
    Value(100, "HS_ADMIN", encode_admin(Admin(f"0.NA/{PREFIX}", 300))),
    Value(2000, "productName", b"cell"),
    Value(2001, "batch", b"B-2026-1"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the node is, and the key of its operator."""

    directory: Path
    port: int
    pid: int  # of the node; its workers are its children

    @property
    def key(self) -> Key:
        """What the writers log in with."""
        return Key.from_file(IDENTITY, self.directory / "operator.pem")

    @property
    def server(self) -> str:
        """HOST:PORT."""
        return f"127.0.0.1:{self.port}"


@dataclass(frozen=True, slots=True)
class Taken:
    """What one line of work came to: how many were acknowledged in how long, each one's latency in milliseconds."""

    count: int
    seconds: float
    latencies_ms: Sequence[float]
    node_cpu_s: float = 0.0

    @property
    def per_s(self) -> float:
        """Acknowledged a second."""
        return self.count / self.seconds

    @property
    def cpu_us(self) -> float:
        """The node's processor time per acknowledged record, in microseconds."""
        return self.node_cpu_s / self.count * 1e6

    def percentile(self, share: float) -> float:
        """Of the latencies, in milliseconds."""
        return percentile(self.latencies_ms, share)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m idis.bench.registrations", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seconds", type=float, default=5.0, metavar="S", help="of each measurement (5)")
    parser.add_argument("--writers", type=int, default=64, metavar="N", help="(64)")
    parser.add_argument("--rate", type=float, default=5_000, metavar="N", help="creates a second where they are offered (5000)")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="medians are of so many (3)")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes of the node that answer questions (1)")
    parser.add_argument("--keeper", action="store_true", help="let one worker have a keeper, which writes; several have one")
    parser.add_argument("--only-reads", action="store_true", help="only what reads cost beside the writers")
    add_directory(parser)
    parser.add_argument("--realtime", action="store_true", help=REALTIME_HELP)
    given = parser.parse_args(arguments)
    if given.realtime:
        go_first()
    with working_folder("registrations", given.directory) as folder:
        flush_ms = fsync_ms(folder)
        print(f"{machine_line()}, flush of 4 KiB {flush_ms:.2f} ms at the median")
        place, node = start_node(folder / "node", given.workers, keeper=given.keeper)
        try:
            _report(place, given, flush_ms)
        finally:
            node.terminate()
            node.wait()
    return 0


def _report(place: Place, given: argparse.Namespace, flush_ms: float) -> None:
    for number in range(given.rounds):
        print(f"round {number + 1}")
        if not given.only_reads:
            _report_writes(place, given, number, flush_ms)
        _report_reads(place, given, number)


def _report_writes(place: Place, given: argparse.Namespace, number: int, flush_ms: float) -> None:
    lone = _measured(_write, place, min(given.seconds, LONE_S_MAX), f"l{number}", 1)
    full = _measured(_write, place, given.seconds, f"a{number}", given.writers)
    paced = _measured(_write, place, given.seconds, f"p{number}", given.writers, given.rate)
    batched = _measured(_write_batches, place, given.seconds, f"b{number}")
    flushes = _times(lone, 0.5, flush_ms)
    print(f"  lone creates         {lone.per_s:8,.0f}/s  p50 {lone.percentile(0.5):.2f} ms = {flushes} flushes")
    for taken, label in ((full, "as fast as they can"), (paced, f"{given.rate:,.0f}/s offered")):
        print(
            f"  {given.writers:3} writers          {taken.per_s:8,.0f}/s  p50 {taken.percentile(0.5):.2f} ms,"
            f" p99 {taken.percentile(0.99):.2f} ms = {_times(taken, 0.99, flush_ms)} flushes,"
            f" node {taken.cpu_us:.0f} µs each ({label})"
        )
    print(
        f"  batches of {BATCH_ITEMS_MAX:,}     {batched.per_s:8,.0f}/s  p50 {batched.percentile(0.5):.1f} ms a batch,"
        f" node {batched.cpu_us:.1f} µs a record"
    )


def _report_reads(place: Place, given: argparse.Namespace, number: int) -> None:
    """Response times first, which the goal is about; beside them whose they are."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        alone = pool.apply(_read, (place, given.seconds))
    beside, writing = _beside(place, given, number)
    for reading, label in ((alone, "alone"), (beside, f"beside {writing.per_s:,.0f} creates/s")):
        parts = ", ".join(
            f"{part} {percentile(times, 0.5):.2f} and {percentile(times, 0.99):.2f}"
            for part, times in (("sent late", reading.slip_ms), ("node", reading.node_ms), ("taken late", reading.taking_ms))
        )
        p50, p99 = percentile(reading.response_ms, 0.5), percentile(reading.response_ms, 0.99)
        print(f"  reads {label:24} p50 {p50:.2f}, p99 {p99:.2f} ms; of that {parts}")
    whole, own = (
        percentile(with_writers, 0.99) / percentile(without, 0.99)
        for with_writers, without in ((beside.response_ms, alone.response_ms), (beside.node_ms, alone.node_ms))
    )
    print(f"  p99 beside the writers ÷ alone: {whole:.1f}, the node's part of it {own:.1f}; at most {GOAL:.0f}")


def _times(taken: Taken, share: float, flush_ms: float) -> str:
    return f"{taken.percentile(share) / flush_ms:.0f}"


def _beside(place: Place, given: argparse.Namespace, number: int) -> tuple[Reading, Taken]:
    """Reads and writes at the same time, each from a process of its own."""
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        writing = pool.apply_async(_write, (place, given.seconds, f"w{number}", given.writers, given.rate))
        reading = pool.apply_async(_read, (place, given.seconds))
        return reading.get(), writing.get()


def _measured(work: object, *arguments: object) -> Taken:
    """Run one piece of work in a process of its own, so that nothing of ours stands in its way."""
    place = next(argument for argument in arguments if isinstance(argument, Place))
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        before_s = cpu_s(place.pid)
        taken: Taken = pool.apply(work, arguments)  # type: ignore[arg-type]  # pickled by name
        return replace(taken, node_cpu_s=cpu_s(place.pid) - before_s)


def cpu_s(pid: int) -> float:
    """Processor time of a process and its children that live, in seconds."""
    ticks = 0
    for child in (pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split())):
        fields = Path(f"/proc/{child}/stat").read_text("ascii").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _write(place: Place, seconds: float, name: str, writers: int, per_s: float = 0.0) -> Taken:
    give_way()  # to the node and whoever reads: clients are elsewhere in truth
    return run_loop(_write_all(place, seconds, name, writers, per_s))


async def _write_all(place: Place, seconds: float, name: str, writers: int, per_s: float) -> Taken:
    """As many creates as are acknowledged, or so many a second in all; then latencies count from when each was due."""
    key, latencies = place.key, []
    clients = [Administrator(place.server, key) for _ in range(writers)]
    for client in clients:
        assert (await client.login()).done, "the operator may log in"
    started = time.perf_counter()

    async def write(number: int, client: Administrator) -> None:
        count = 0
        while (begun := time.perf_counter()) - started < seconds:
            if per_s:
                due = started + (count * writers + number) / per_s
                if due > begun:
                    await asyncio.sleep(due - begun)
                begun = due
            reply = await client.create(f"{PREFIX}/{name}-{number:03}-{count:07}", VALUES)
            assert reply.done, reply
            latencies.append((time.perf_counter() - begun) * 1_000)
            count += 1

    await asyncio.gather(*(write(number, client) for number, client in enumerate(clients)))
    taken = Taken(len(latencies), time.perf_counter() - started, latencies)
    for client in clients:
        client.close()
    return taken


def _write_batches(place: Place, seconds: float, name: str) -> Taken:
    return run_loop(_write_all_batches(place, seconds, name))


async def _write_all_batches(place: Place, seconds: float, name: str) -> Taken:
    key, latencies, values = place.key, [], encode_values(VALUES)
    clients = [Administrator(place.server, key) for _ in range(BATCH_CONNECTIONS)]
    for client in clients:
        assert (await client.login()).done, "the operator may log in"
    started = time.perf_counter()

    async def write(number: int, client: Administrator) -> None:
        count = 0
        while (begun := time.perf_counter()) - started < seconds:
            names = (f"{PREFIX}/{name}-{number}-{count + at:09}" for at in range(BATCH_ITEMS_MAX))
            items = tuple(BatchItem(Verb.CREATE, identifier, values) for identifier in names)
            reply = await client.batch(BatchRequest(items, os.urandom(16)))
            assert isinstance(reply, BatchReply), reply
            assert all(result.code == 1 for result in reply.results), "every record is new"
            latencies.append((time.perf_counter() - begun) * 1_000)
            count += BATCH_ITEMS_MAX

    await asyncio.gather(*(write(number, client) for number, client in enumerate(clients)))
    return Taken(len(latencies) * BATCH_ITEMS_MAX, time.perf_counter() - started, latencies)


def _read(place: Place, seconds: float) -> Reading:
    answer_first()  # before the writers, which have no part in what he measures
    name = f"{PREFIX}/read"
    question = encode_message(request_message(Query(name, parse_identifier(name)), request_id=1, now=int(time.time())))
    return read_at(place.port, question, READS_PER_S, seconds, _check_answer)


def _check_answer(answer: bytes) -> None:
    assert isinstance(outcome_of(decode_message(answer)), Answer), "the record is there"


def run_loop(work: Coroutine[None, None, T]) -> T:
    """Run a client's loop, the fast one where it is installed."""
    try:
        import uvloop

        return uvloop.run(work)
    except ImportError:
        return asyncio.run(work)


def start_node(directory: Path, workers: int = 1, *, keeper: bool = False) -> tuple[Place, subprocess.Popen[str]]:
    """Make and start a node that homes PREFIX and holds one record to read; it has imported what it needs when this returns."""
    port, http_port = free_port(), free_port()
    words = ["--tier", "enterprise", "--name", "bench", "--prefix", PREFIX, "--port", str(port), "--http-port", str(http_port)]
    _run_idis("init", str(directory), *words, "--no-tls")
    _run_idis("register", f"{PREFIX}/read", "--url", "https://example.com/read", "--data", str(directory))
    flags = ["--workers", str(workers), *["--keeper"] * keeper]
    node = subprocess.Popen(idis("serve", str(directory), *flags), stderr=subprocess.PIPE, text=True)
    assert node.stderr is not None, "it is a pipe"
    for line in node.stderr:
        if '"ready"' in line:
            Thread(target=node.stderr.read, daemon=True).start()  # a pipe that nobody reads would stop it
            return Place(directory, port, node.pid), node
    raise SystemExit("the node did not start")


def _run_idis(*words: str) -> None:
    subprocess.run(idis(*words), check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
