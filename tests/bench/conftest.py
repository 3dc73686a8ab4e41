"""Servers of a few lines, each in a thread of its own, and plans that ask them."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import pytest

from idis.bench.asking import generator_plain
from idis.bench.asking.histogram import index_of
from idis.bench.asking.load import Load, Target, Transport
from idis.bench.asking.plan import Dialect, Frames, Plan
from idis.bench.asking.tally import SERIES_BITS, SERIES_BUCKETS, Count, Tally
from idis.bench.measuring.measure import Run
from idis.bench.measuring.observe import Use
from idis.bench.measuring.rounds import Round
from idis.bench.peers.contender import Running
from idis.bench.peers.node import PLAIN
from idis.bench.peers.stage import Stage

Twin = Any  # a module with `generate` and `digest`
TWINS = ["plain", "compiled"] if find_spec("idis.bench.asking._generator") else ["plain"]

# "88.1/A" and "88.1/B" asked for by hand: envelope, header, identifier, no indexes, no types, no credential.
ASK_A = bytes.fromhex(
    "0203020b 00000000 00000000 00000000 0000002e"
    "00000001 00000000 19000000 ffff 00 00 6b00eb74 00000012"
    "00000006 38382e312f41 00000000 00000000 00000000"
)
ASK_B = ASK_A.replace(b"88.1/A", b"88.1/B")


class Server:
    """A socket, and a thread that serves it until the test is over."""

    def __init__(self, bound: socket.socket, serve: Callable[[socket.socket], None]) -> None:
        self.port: int = bound.getsockname()[1]
        self._bound = bound
        self._thread = threading.Thread(target=self._run, args=(serve,), daemon=True)
        self._thread.start()

    def _run(self, serve: Callable[[socket.socket], None]) -> None:
        with contextlib.suppress(OSError):  # closed by the test's end
            serve(self._bound)

    def close(self) -> None:
        """End it."""
        self._bound.shutdown(socket.SHUT_RDWR) if self._bound.type == socket.SOCK_STREAM else None
        self._bound.close()
        self._thread.join(2.0)


@pytest.fixture
def datagrams() -> Iterator[Callable[[Callable[[bytes], list[bytes]]], Server]]:
    """Start a UDP server: what it is asked → the datagrams it answers with."""
    servers: list[tuple[Server, threading.Event]] = []

    def start(answer: Callable[[bytes], list[bytes]]) -> Server:
        bound = socket.socket(type=socket.SOCK_DGRAM)
        bound.bind(("127.0.0.1", 0))
        over = threading.Event()

        def serve(link: socket.socket) -> None:
            while True:
                packet, asker = link.recvfrom(4_096)
                if over.is_set():
                    return
                for one in answer(packet):
                    link.sendto(one, asker)

        server = Server(bound, serve)
        servers.append((server, over))
        return server

    yield start
    for server, over in servers:
        over.set()
        with socket.socket(type=socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", ("127.0.0.1", server.port))
        server.close()


@pytest.fixture
def stream() -> Iterator[Callable[[Callable[[bytes], bytes | None]], Server]]:
    """Start a TCP server: a chunk it read → what it writes, None to close."""
    servers: list[Server] = []

    def start(answer: Callable[[bytes], bytes | None]) -> Server:
        bound = socket.socket()
        bound.bind(("127.0.0.1", 0))
        bound.listen(64)

        def talk(link: socket.socket) -> None:
            with link:
                try:
                    while chunk := link.recv(65_536):
                        written = answer(chunk)
                        if written is None:
                            return
                        link.sendall(written)
                except OSError:
                    return

        def serve(door: socket.socket) -> None:
            while True:
                link, _ = door.accept()
                threading.Thread(target=talk, args=(link,), daemon=True).start()

        server = Server(bound, serve)
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.close()


@pytest.fixture(params=TWINS)
def twin(request: pytest.FixtureRequest) -> Twin:
    """Each generator in turn."""
    if request.param == "plain":
        return generator_plain
    from idis.bench.asking import _generator

    return _generator


def frames_of(*questions: bytes, echoes: tuple[bytes, ...] = ()) -> Frames:
    """Questions as the generators want them."""

    def ends(parts: tuple[bytes, ...]) -> array[int]:
        return array("Q", (sum(map(len, parts[: place + 1])) for place in range(len(parts))))

    return Frames(b"".join(questions), ends(questions), b"".join(echoes), ends(echoes))


@pytest.fixture
def plan_of() -> Callable[..., Plan]:
    """A short closed loop over two identifiers, with whatever the test changes."""

    def make(port: int, **changes: Any) -> Plan:
        frames = changes.pop("frames", None) or frames_of(ASK_A, ASK_B)
        settings: dict[str, Any] = {
            "dialect": Dialect.HANDLE,
            "datagrams": True,
            "address": "127.0.0.1",
            "port": port,
            "connections": 1,
            "pipeline": 4,
            "frames": frames,
            "keys": array("I", range(len(frames))),
            "due": array("Q"),
            "start_ns": time.monotonic_ns() + 20_000_000,
            "duration_ns": 5_000_000_000,
            "warm_up_ns": 0,
            "timeout_ns": 3_000_000_000,
            "interval_ns": 100_000_000,
            "questions_max": 50,
        }
        return Plan(**{**settings, **changes})

    return make


@pytest.fixture
def asked(twin: Twin) -> Callable[[Plan], Tally]:
    """Do a plan, and give what was counted."""

    def run(plan: Plan) -> Tally:
        tally = Tally(plan.interval_ns, 60)
        twin.generate(plan, tally)
        return tally

    return run


def answer_to(request: bytes, *, code: int = 1, values: bytes = bytes(4), opcode: int = 1) -> bytes:
    """A response: the request's ids, its identifier, some values; only a success has a body."""
    body = request[44 : 48 + int.from_bytes(request[44:48], "big")] + values if code == 1 else b""
    header = bytes.fromhex("99000000 0001 00 00 6b00eb74") + len(body).to_bytes(4, "big")
    message = opcode.to_bytes(4, "big") + code.to_bytes(4, "big") + header + body + bytes(4)
    return bytes.fromhex("020b020b") + request[4:12] + bytes(4) + len(message).to_bytes(4, "big") + message


@pytest.fixture
def answer() -> Callable[..., bytes]:
    """`answer_to`."""
    return answer_to


@pytest.fixture
def run_of() -> Callable[..., Run]:
    """A finished run made by hand: rounds of so many answers, each taking so many microseconds."""

    def make(*rounds_us: list[int], **changes: Any) -> Run:
        settings: dict[str, Any] = {"transport": Transport.UDP, "rate": 100.0, "duration_s": 2.0, "warm_up_s": 1.0}
        load = Load(**{**settings, "rounds": len(rounds_us), **changes})
        return Run(load, Target("node:1", "127.0.0.1", 1), 7, [round_of(load, micros) for micros in rounds_us], 1.79e9)

    return make


def round_of(load: Load, micros: list[int]) -> Round:
    """One round of answers that took so many microseconds, ten of which the request waited to be sent."""
    tally = Tally(load.interval_ns, load.intervals)
    for number, took in enumerate(micros):
        tally.response.record(took * 1_000)
        tally.service.record(max(took - 10, 0) * 1_000)
        tally.slip.record(10_000)
        interval = (1_000_000_000 + number * 10_000_000) // load.interval_ns
        tally.series[interval * SERIES_BUCKETS + index_of(took * 1_000, SERIES_BITS)] += 1
    for count in (Count.OFFERED, Count.SENT, Count.ANSWERED):
        tally.counts[count] = len(micros)
    tally.codes[1] = len(micros)
    tally.counts[Count.SENT_OCTETS] = 90 * len(micros)
    tally.counts[Count.RECEIVED_OCTETS] = 360 * len(micros)
    return Round(tally, Use(load.measured_s, 0.001 * len(micros), 0.01), [0.25])


NODE_RECORDS = 60


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A whole node in a process of its own, holding the first NODE_RECORDS of the sample data."""
    stage = Stage(tmp_path_factory.mktemp("stage"), 0, 1)
    try:
        yield PLAIN.start(stage, NODE_RECORDS)
    finally:
        stage.stop()
