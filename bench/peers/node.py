"""Our node, compiled and plain, with the sample data."""

from __future__ import annotations

import shutil
import time
from functools import partial
from pathlib import Path

from idis.bench.asking.dns import identifier_frames
from idis.bench.asking.load import Question, Transport
from idis.bench.asking.plan import Dialect
from idis.bench.asking.questions import handle_frames, http_frames
from idis.bench.asking.sample import sample_identifier, sample_values
from idis.bench.peers.contender import Contender, Face, Running, local, memory_of
from idis.bench.peers.dataset import DNS, PREFIX, identifiers
from idis.bench.peers.stage import HOST, Stage, answers_by_datagram, free_port, idis
from idis.proto import speedups
from idis.registry.record import Record, prepare
from idis.registry.store.lmdb import LmdbStore
from idis.resolver.config import ListenSection, NodeConfig, NodeSection
from idis.resolver.creation import create_node

_BATCH = 10_000


def make_data(folder: Path, names: int) -> None:
    """The data directory of a node that holds the sample; nothing is done when it is there."""
    if (folder / "node.toml").exists():
        return
    listen = ListenSection(hosts=(HOST,), port=free_port(), http_port=free_port())
    create_node(folder, NodeConfig(folder, NodeSection(name="bench", prefixes=(PREFIX,)), listen))
    store = LmdbStore.open(folder, exclusive=False)
    try:
        now = int(time.time())
        for begin in range(0, names, _BATCH):
            numbers = range(begin, min(begin + _BATCH, names))
            records = (Record(sample_identifier(PREFIX, number), sample_values(number)) for number in numbers)
            store.write_all([prepare(record, now) for record in records], actor="idis bench")
    finally:
        store.close()


def serve_words(folder: Path, port: int, http_port: int) -> list[str]:
    """The command line that serves such a directory."""
    ports = ("--port", str(port), "--http-port", str(http_port))
    return idis("serve", str(folder), *ports, "--host", HOST, "--log-level", "warning")


def dns_questions(names: int) -> dict[Transport, Question]:
    """What a server is asked that has the sample data in the zone of `dataset.DNS`."""
    return {
        transport: Question(identifier_frames(identifiers(names), DNS, datagrams=transport.datagrams), Dialect.DNS)
        for transport in (Transport.DNS, Transport.DNS_TCP)
    }


def _start(environment: str, stage: Stage, names: int) -> Running:
    name = "idis-plain" if environment else "idis"
    folder = stage.folder / name
    original = stage.folder / "idis-data"
    make_data(original, names)
    if not folder.exists():
        shutil.copytree(original, folder)
    port, http_port, dns_port = free_port(), free_port(), free_port()
    words = serve_words(folder, port, http_port)
    texts = identifiers(names)
    now = int(time.time())
    datagrams = Question(handle_frames(texts, now=now, datagrams=True), Dialect.HANDLE)
    pages = Question(http_frames(texts, f"{HOST}:{http_port}"), Dialect.HTTP)
    surroundings = {"IDIS_NO_EXTENSIONS": environment, "IDIS_DNS__ZONE": DNS.zone, "IDIS_DNS__PORT": str(dns_port)}
    started = time.monotonic()
    process = stage.start(words, name, environment=surroundings)
    stage.wait(process, name, answers_by_datagram(port, datagrams.frames.of(0)))
    start_s = time.monotonic() - started
    return Running(
        {
            Transport.UDP: Face(local(port), datagrams, process.pid),
            Transport.TCP: Face(local(port), datagrams, process.pid),
            Transport.HTTP: Face(local(http_port), pages, process.pid),
            **{name: Face(local(dns_port), question, process.pid) for name, question in dns_questions(names).items()},
        },
        start_s,
        memory_of(process.pid),
    )


def _not_compiled() -> str:
    return "" if speedups.LOADED == speedups.COMPILED else "the compiled hot path is not installed"


COMPILED = Contender("idis", _not_compiled, partial(_start, ""))
PLAIN = Contender("idis plain", lambda: "", partial(_start, "1"))
