"""A node of several processes: real ones, asked, killed, replaced and stopped."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from idis.proto import speedups
from idis.proto.value import Value
from idis.registry.record import Record, prepare
from idis.registry.store.directory import NodeLock
from idis.registry.store.lmdb import LmdbStore
from idis.resolver.config import (
    DEVELOPMENT_CERTIFICATE,
    DEVELOPMENT_KEY,
    GuardSection,
    ListenSection,
    NodeConfig,
    NodeSection,
    TlsSection,
)
from idis.resolver.creation import create_node
from idis.resolver.processes.workers import BEAT_S, REPORT_S
from tests.waiting import WAIT_S_MAX, until_seen

NOW = 1_700_000_000
COMMAND = (sys.executable, "-c", "import sys; from idis.resolver.cli.main import main; sys.exit(main())")
WORKERS = 2
# Sockets that the kernel spreads over two workers by their ports: that all of n land on one has a chance of 2 ** (1 - n).
SPREAD = 24

Samples = dict[str, Counter[str]]


class Running:
    """`idis serve` with workers."""

    def __init__(self, directory: Path) -> None:
        self.process = subprocess.Popen([*COMMAND, "serve", str(directory)], stderr=subprocess.PIPE, text=True)
        self.said: list[dict[str, object]] = []
        self._facts: dict[str, object] = {}
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.last_line = ""

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.last_line = line
            with contextlib.suppress(json.JSONDecodeError):
                self.said.append(json.loads(line))
                if self.said[-1]["event"] == "ready":
                    self._facts = self.said[-1]
                    self._ready.set()

    def ready(self) -> Running:
        """Wait until every process answers."""
        assert self._ready.wait(WAIT_S_MAX), self.last_line
        return self

    @property
    def port(self) -> int:
        """The binary port."""
        return int(str(self._facts["port"]))

    @property
    def pids(self) -> dict[str, int]:
        """Process numbers of the children by their names."""
        return children(self.process.pid)

    def metrics(self) -> Samples:
        """Samples by name, then by the value of the label that matters."""
        text = self._get("/metrics").decode()
        samples: Samples = defaultdict(Counter)
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                label = sample.labels.get("worker") or sample.labels.get("transport") or ""
                samples[sample.name][label] += sample.value
        return samples

    def settled(self) -> Samples:
        """Samples that hold everything asked before: a process that was idle shows its counts once a second."""
        time.sleep(BEAT_S + 2 * REPORT_S)
        return self.metrics()

    def counts(self, name: str, since: Counter[str] | None = None) -> Counter[str]:
        """One metric, less what it was."""
        counts = self.metrics()[name]
        counts.subtract(since or {})
        return counts

    def is_ready(self) -> bool:
        """What /readyz says."""
        with contextlib.suppress(OSError):
            return bool(json.loads(self._get("/readyz"))["ready"])
        return False

    def hot_path(self) -> tuple[str, str]:
        """By which step it answers, and from what."""
        facts = json.loads(self._get("/readyz"))
        return facts["step"], facts["source"]

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Tell it to stop; the exit code."""
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        """Wait for its end; the exit code."""
        code = self.process.wait(WAIT_S_MAX)
        self._reader.join(WAIT_S_MAX)
        return code

    def _get(self, path: str) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{self._facts['http_port']}{path}", timeout=WAIT_S_MAX) as answer:
            return bytes(answer.read())


def children(pid: int) -> dict[str, int]:
    """Children of a process: name → process number."""
    found = {}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        with contextlib.suppress(OSError):
            found[Path(f"/proc/{child}/comm").read_text().strip()] = int(child)
    return found


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def ask_tcp(port: int, frame: bytes) -> bytes:
    """One question on a connection of its own."""
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT_S_MAX) as connection:
        connection.sendall(frame)
        return read_frame(connection)


def ask_udp(port: int, frame: bytes, wait_s: float = WAIT_S_MAX) -> bytes:
    """One question from a socket of its own; empty when there is no answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.settimeout(wait_s)
        sender.connect(("127.0.0.1", port))
        sender.send(frame)
        try:
            return sender.recv(2_048)
        except TimeoutError:
            return b""


def read_frame(connection: socket.socket) -> bytes:
    """The next whole frame."""
    envelope = read(connection, 20)
    return envelope + read(connection, int.from_bytes(envelope[16:20], "big"))


def read(connection: socket.socket, size: int) -> bytes:
    """Exactly so many octets."""
    got = b""
    while len(got) < size:
        part = connection.recv(size - len(got))
        if not part:
            raise EOFError(f"{len(got)} of {size} octets")
        got += part
    return got


@pytest.fixture(scope="module")
def make_directory(tmp_path_factory) -> Callable[..., Path]:
    """Makes data directories of nodes with workers, two unless told otherwise, and one record in each."""

    def make(workers: int = WORKERS, **sections: object) -> Path:
        node = NodeSection(name="n", prefixes=("88.118.8",), workers=workers, keeper=True)
        directory: Path = tmp_path_factory.mktemp("node") / "n"
        create_node(directory, NodeConfig(directory, node, ListenSection(port=0, http_port=0), **sections))
        register(directory, "88.118.8/A1")
        return directory

    return make


@pytest.fixture(scope="module")
def start() -> Iterator[Callable[[Path], Running]]:
    """Starts nodes and makes sure that nothing of them outlives the tests."""
    started: list[Running] = []

    def one(directory: Path) -> Running:
        started.append(Running(directory))
        return started[-1]

    yield one
    for running in started:
        if running.process.poll() is None:
            running.process.kill()
        running.ended()


@pytest.fixture(scope="module")
def shared_directory(make_directory) -> Path:
    """The directory of the node that tests share."""
    return make_directory()


@pytest.fixture(scope="module")
def shared(shared_directory, start) -> Running:
    """A node of two workers that tests share: they ask it, and leave it as they found it."""
    return start(shared_directory).ready()


@pytest.fixture
def running(make_directory, start) -> Running:
    """A node of one worker and a keeper for one test."""
    return start(make_directory(workers=1)).ready()


def register(directory: Path, identifier: str) -> None:
    """Write one record from this process."""
    store = LmdbStore.open(directory, exclusive=False)
    record = prepare(Record(identifier, (Value(1, "URL", b"https://example.com/"),)), NOW)
    store.write(lambda txn: txn.put_record(record), actor="test").result()
    store.close()


def test_every_worker_answers_and_the_counts_add_up(shared, frame, code):
    """One port, two processes behind it; one endpoint that has counted every question exactly once."""
    before = shared.settled()
    question = frame("88.118.8/A1")
    answers = [ask_tcp(shared.port, question) for _ in range(SPREAD)]
    answers += [ask_udp(shared.port, question) for _ in range(2 * SPREAD)]
    asked = {"tcp": SPREAD, "udp": 2 * SPREAD}

    def since(name: str) -> Counter[str]:
        return shared.counts(name, before[name])

    assert {code(answer) for answer in answers} == {1}
    assert until_seen(lambda: since("idis_requests_total") == asked)
    answered = since("idis_worker_requests_total")
    assert min(answered["1"], answered["2"]) > 0
    assert answered["1"] + answered["2"] == 3 * SPREAD
    assert since("idis_request_duration_seconds_count") == {**asked, "http": 0, "dns": 0}
    assert since("idis_connections_accepted_total")["tcp"] == SPREAD


def test_each_process_shows_its_memory(shared):
    """One series for each process."""
    resident = shared.counts("idis_worker_resident_bytes")

    assert set(resident) == {"keeper", "1", "2"}
    assert min(resident.values()) > 1_000_000


def test_workers_go_before_the_keeper(shared):
    """Where both want a core, whoever answers has it: the keeper is nicer, and does not stop others by waking."""
    keeper, worker = shared.pids["idis keeper"], shared.pids["idis worker 1"]

    assert os.sched_getscheduler(keeper) == os.SCHED_BATCH
    assert os.sched_getscheduler(worker) & ~os.SCHED_RESET_ON_FORK == os.SCHED_OTHER
    assert os.getpriority(os.PRIO_PROCESS, keeper) > os.getpriority(os.PRIO_PROCESS, worker)


def test_a_record_of_another_process_is_answered_by_every_worker_at_once(shared, shared_directory, frame, code):
    """A command registers while the node runs; the very next questions find it, wherever they land."""
    question = frame("88.118.8/new")
    before = {code(ask_tcp(shared.port, question)) for _ in range(SPREAD)}
    register(shared_directory, "88.118.8/new")

    assert before == {100}
    assert {code(ask_tcp(shared.port, question)) for _ in range(SPREAD)} == {1}
    assert {code(ask_udp(shared.port, question)) for _ in range(SPREAD)} == {1}


def serve(directory: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """A node that is expected not to start."""
    words = [*COMMAND, "serve", str(directory), *flags]
    return subprocess.run(words, capture_output=True, text=True, timeout=WAIT_S_MAX, check=False)


class Asker(threading.Thread):
    """Asks one question after the other until told to stop; keeps what went wrong."""

    def __init__(self, ask: Callable[[int, bytes], bytes], port: int, frame: bytes) -> None:
        super().__init__(daemon=True)
        self._ask, self._port, self._frame = ask, port, frame
        self.asked = 0
        self.wrong: list[object] = []
        self.enough = threading.Event()

    def run(self) -> None:
        """Ask."""
        while not self.enough.is_set():
            self.asked += 1
            try:
                answer = self._ask(self._port, self._frame)
                if answer[24:28] != b"\x00\x00\x00\x01":
                    self.wrong.append(answer)
            except (OSError, EOFError) as error:
                self.wrong.append(error)


def test_workers_are_replaced_without_a_refused_connection(shared, frame):
    """SIGHUP under questions: every process is another one afterwards, every question was answered, every answer counted."""
    before, counted = shared.pids, shared.settled()
    old = {before["idis worker 1"], before["idis worker 2"]}
    askers = [Asker(ask, shared.port, frame("88.118.8/A1")) for ask in (ask_tcp, ask_tcp, ask_udp)]
    for asker in askers:
        asker.start()
    shared.process.send_signal(signal.SIGHUP)
    done = until_seen(lambda: set(shared.pids) == set(before) and not any(map(alive, old)))
    for asker in askers:
        asker.enough.set()
    for asker in askers:
        asker.join(WAIT_S_MAX)
    asked = {"tcp": askers[0].asked + askers[1].asked, "udp": askers[2].asked}

    assert done
    assert [asker.wrong for asker in askers] == [[], [], []]
    assert shared.pids["idis keeper"] == before["idis keeper"]
    counts = partial(shared.counts, "idis_requests_total", counted["idis_requests_total"])
    assert until_seen(lambda: counts() == asked), (counts(), asked)
    restarts = shared.counts("idis_worker_restarts_total", counted["idis_worker_restarts_total"])
    assert restarts == {"1": 1, "2": 1, "keeper": 0}


def test_a_connection_outlives_the_worker_that_is_replaced(shared, frame, code):
    """The process that leaves still answers whoever is connected to it."""
    old = shared.pids
    with contextlib.ExitStack() as stack:
        connections = [
            stack.enter_context(socket.create_connection(("127.0.0.1", shared.port), timeout=WAIT_S_MAX)) for _ in range(SPREAD)
        ]
        for connection in connections:
            connection.sendall(frame("88.118.8/A1"))
            read_frame(connection)
        shared.process.send_signal(signal.SIGHUP)
        assert until_seen(lambda: shared.pids.get("idis worker 1", old["idis worker 1"]) != old["idis worker 1"])
        for connection in connections:
            connection.sendall(frame("88.118.8/A1"))
        answers = [read_frame(connection) for connection in connections]

    assert {code(answer) for answer in answers} == {1}
    assert until_seen(lambda: not any(map(alive, (old["idis worker 1"], old["idis worker 2"]))))


def test_a_replacement_that_cannot_start_replaces_nobody(shared, shared_directory, frame, code):
    """Those who serve go on, and the log says why nothing was replaced."""
    old, said = shared.pids, len(shared.said)
    current = shared_directory / "CURRENT"
    text = current.read_text()
    current.unlink()
    shared.process.send_signal(signal.SIGHUP)
    told = until_seen(lambda: any(line["event"] == "process ended" for line in shared.said[said:]))
    answers = [ask_tcp(shared.port, frame("88.118.8/A1")) for _ in range(SPREAD)]
    current.write_text(text)

    assert told
    assert "holds no store" in str(shared.said[-1]["reason"])
    assert {code(answer) for answer in answers} == {1}
    assert shared.pids == old


@pytest.mark.skipif(speedups.LOADED != speedups.COMPILED, reason="the compiled hot path is not loaded")
def test_an_index_that_is_removed_is_made_again_for_workers_to_come(shared, shared_directory):
    """Within seconds; those that answer from it go on."""
    index = shared_directory / "answer-index" / "index"
    assert until_seen(lambda: shared.hot_path() == ("compiled", "index"))
    index.unlink()

    assert until_seen(index.exists)
    assert until_seen(lambda: shared.hot_path() == ("compiled", "index"))


def test_a_second_node_is_refused_with_the_number_of_the_supervisor(shared, shared_directory):
    """One node a directory, however many processes it has."""
    done = serve(shared_directory)

    assert done.returncode == 2
    assert f"is served by process {shared.process.pid}" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_worker_that_dies_is_replaced(running, frame, code):
    """Whoever asks meanwhile waits in the socket that outlived it, and is answered; what it had counted is kept."""
    question = frame("88.118.8/A1")
    for _ in range(SPREAD):
        ask_tcp(running.port, question)
    assert until_seen(lambda: running.counts("idis_requests_total")["tcp"] == SPREAD)
    dead = running.pids["idis worker 1"]
    os.kill(dead, signal.SIGKILL)
    answers = [ask_tcp(running.port, question) for _ in range(SPREAD)]

    assert {code(answer) for answer in answers} == {1}
    assert until_seen(running.is_ready)
    assert running.pids["idis worker 1"] != dead
    assert until_seen(lambda: running.counts("idis_requests_total")["tcp"] == 2 * SPREAD)
    assert running.counts("idis_worker_restarts_total")["1"] == 1
    (told,) = [line for line in running.said if line["event"] == "process ended"]
    assert told["reason"] == "worker 1 was ended by SIGKILL"


def test_a_dead_keeper_is_replaced_while_workers_answer(running, frame, code):
    """HTTP comes back on its port; the binary port never noticed."""
    dead = running.pids["idis keeper"]
    os.kill(dead, signal.SIGKILL)

    assert code(ask_tcp(running.port, frame("88.118.8/A1"))) == 1
    assert until_seen(running.is_ready)
    assert running.pids["idis keeper"] != dead


def test_two_deaths_by_signal_stop_the_node(make_directory, start):
    """The store may be damaged: one sentence that says what to run, exit code 2, nothing left."""
    directory = make_directory()
    running = start(directory).ready()
    pids = running.pids
    os.kill(pids["idis worker 1"], signal.SIGKILL)
    assert until_seen(lambda: running.pids.get("idis worker 1", pids["idis worker 1"]) != pids["idis worker 1"])
    os.kill(running.pids["idis worker 2"], signal.SIGSEGV)

    assert running.ended() == 2
    assert running.last_line == (
        "idis: 2 processes of this node were ended by signals within 60 s (worker 2 was ended by SIGSEGV):"
        f" run 'idis verify {directory}' before starting it again\n"
    )
    assert not any(map(alive, pids.values()))


def test_a_stop_leaves_nothing_behind(make_directory, start):
    """Ctrl-C: exit code 0, no process, the port and the directory free again."""
    directory = make_directory()
    running = start(directory).ready()
    pids, port = running.pids, running.port

    assert set(pids) == {"idis keeper", "idis worker 1", "idis worker 2"}
    assert running.end(signal.SIGINT) == 0
    assert not any(map(alive, pids.values()))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=WAIT_S_MAX)
    LmdbStore.open(directory, exclusive=True).close()
    assert [line["event"] for line in running.said] == ["ready", "stopping", "stopped"]


def test_a_killed_supervisor_takes_its_processes_with_it(running):
    """Nobody is left that serves from a directory a new node may lock."""
    pids = running.pids
    running.process.kill()
    running.ended()

    assert until_seen(lambda: not any(map(alive, pids.values())))


def test_a_stop_finishes_what_is_in_flight(running, frame):
    """Thousands of pipelined questions, SIGTERM in their midst: each gets its answer, then the connection ends."""
    count = 2_000
    questions = b"".join(frame("88.118.8/A1", number) for number in range(1, count + 1))
    connections = [socket.create_connection(("127.0.0.1", running.port), timeout=WAIT_S_MAX) for _ in range(4)]
    senders = [threading.Thread(target=connection.sendall, args=(questions,), daemon=True) for connection in connections]
    for sender in senders:
        sender.start()
    first = [read_frame(connection) for connection in connections]
    for sender in senders:
        sender.join(WAIT_S_MAX)
    running.process.send_signal(signal.SIGTERM)
    rest = [[read_frame(connection) for _ in range(count - 1)] for connection in connections]

    assert [connection.recv(1) for connection in connections] == [b""] * 4
    for head, tail in zip(first, rest, strict=True):
        assert sorted(int.from_bytes(answer[8:12], "big") for answer in (head, *tail)) == list(range(1, count + 1))
    assert running.ended() == 0


def test_a_taken_port_is_one_sentence_and_nothing_runs(make_directory):
    """Also when the program that has it would share it: nobody else's questions are taken."""
    directory = make_directory()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        done = serve(directory, "--port", str(port))

    assert done.returncode == 2
    sentence = f"UDP port {port} of 127.0.0.1 is in use by another program: stop it, or choose another listen.port"
    assert done.stderr == f"idis: {sentence}\n"
    LmdbStore.open(directory, exclusive=True).close()


def test_a_store_that_cannot_be_opened_is_one_sentence(make_directory):
    """What a child could not do is told by the one who started it."""
    directory = make_directory()
    (directory / (directory / "CURRENT").read_text().strip() / "data.mdb").write_bytes(b"no store")
    done = serve(directory)

    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("idis: ")
    assert "Traceback" not in done.stderr
    NodeLock(directory).release()


def test_a_source_proven_at_one_worker_is_proven_at_all(make_directory, start, frame, code):
    """A stranger's datagrams get no answer longer than the question; after one TCP exchange, all workers know it."""
    running = start(make_directory(guard=GuardSection(trusted_networks=()))).ready()
    question = frame("88.118.8/A1")
    before = [ask_udp(running.port, question, wait_s=0.1) for _ in range(4)]
    ask_tcp(running.port, question)

    assert before == [b""] * 4
    assert {code(ask_udp(running.port, question)) for _ in range(SPREAD)} == {1}
    assert until_seen(lambda: running.counts("idis_worker_requests_total")["1"] not in (0, SPREAD + 1))


async def test_a_node_that_never_sleeps_answers_and_stops(start_node, client_of, frame, code):
    """Busy polling changes nothing but the waiting."""
    node = await start_node(node=NodeSection(name="n", prefixes=("88.118.8",), busy_poll=True))
    client = client_of(node)

    assert code(await client.ask_tcp(frame("88.118.8/A1"))) == 1
    assert [code(answer) for answer in await client.ask_udp(frame("88.118.8/A1"))] == [1]
    await node.stop()


def test_workers_answer_over_tls(make_directory, start, frame, code):
    """The binary port over TLS is theirs, HTTPS is the keeper's."""
    directory = make_directory(tls=TlsSection(DEVELOPMENT_CERTIFICATE, DEVELOPMENT_KEY, port=0))
    running = start(directory).ready()
    trusted = ssl.create_default_context(cafile=str(directory / DEVELOPMENT_CERTIFICATE))
    for number in range(1, 9):
        with (
            socket.create_connection(("127.0.0.1", int(str(running._facts["tls_port"]))), timeout=WAIT_S_MAX) as plain,
            trusted.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
        ):
            connection.sendall(frame("88.118.8/A1", number))
            assert code(read_frame(connection)) == 1
    url = f"https://127.0.0.1:{running._facts['http_port']}/healthz"
    with urllib.request.urlopen(url, timeout=WAIT_S_MAX, context=trusted) as answer:
        assert answer.status == 200

    assert running.end() == 0
