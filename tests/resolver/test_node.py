"""A whole node: start, stop, what stops it from starting, and what it sees of other processes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import msgpack
import pytest

from idis.proto.types.site import INTERFACE_BOTH, TCP, UDP, Interface, Server, Site, encode_site
from idis.proto.value import Value, encode_values
from idis.registry.prefix import PrefixEntry
from idis.registry.record import Record, prepare
from idis.registry.registration.delegation import home
from idis.registry.store.base import StoreError
from idis.registry.store.lmdb import LmdbStore
from idis.resolver.config import ListenSection, RecursionSection, Tier
from idis.resolver.creation import create_node
from idis.resolver.node import Node
from idis.resolver.transports.sockets import ListenError
from tests.waiting import WAIT_S_MAX, until_seen

NOW = 1_700_000_000
COMMAND = (sys.executable, "-c", "import sys; from idis.resolver.cli.main import main; sys.exit(main())")


class Process:
    """`idis serve` in a process of its own."""

    def __init__(self, directory: Path, *flags: str) -> None:
        self.process = subprocess.Popen([*COMMAND, "serve", str(directory), *flags], stderr=subprocess.PIPE, text=True)

    def ready(self) -> dict[str, object]:
        """Wait for the line that says the node answers."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            facts: dict[str, object] = json.loads(line)
            if facts["event"] == "ready":
                return facts
        raise AssertionError(f"the node ended with {self.process.wait()}")

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Tell it to stop; exit code and what it still logged."""
        self.process.send_signal(number)
        _out, said = self.process.communicate(timeout=WAIT_S_MAX)
        return self.process.returncode, said


@pytest.fixture
def directory(make_config) -> Path:
    """A data directory on kernel-chosen ports."""
    config = make_config()
    config = replace(config, node=replace(config.node, log_level="info"))
    create_node(config.data_dir, config)
    return config.data_dir


@pytest.fixture
def serve() -> Iterator[type[Process]]:
    """Starts processes and makes sure none outlives the test."""
    started: list[Process] = []

    def start(*arguments: object) -> Process:
        started.append(Process(*arguments))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        one.process.communicate()


def run(*words: object) -> subprocess.CompletedProcess[str]:
    """One command to its end."""
    return subprocess.run([*COMMAND, *map(str, words)], capture_output=True, text=True, timeout=WAIT_S_MAX, check=False)


def ask(port: int, frame: bytes) -> bytes:
    """One question over TCP."""
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT_S_MAX) as connection:
        connection.sendall(frame)
        return connection.recv(65_536)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_node_serves_until_told_to_stop(serve, directory, frame, code, number):
    """It answers, logs JSON lines, and ends with 0."""
    process = serve(directory)
    ready = process.ready()

    assert code(ask(ready["port"], frame("88.118.8/absent"))) == 100
    status, said = process.end(number)
    assert status == 0
    assert [json.loads(line)["event"] for line in said.splitlines()] == ["stopping", "stopped"]


def test_a_record_of_another_process_is_answered_at_once(serve, directory, frame, code):
    """A command registers while the node runs; the very next question finds it."""
    process = serve(directory)
    port = process.ready()["port"]
    assert code(ask(port, frame("88.118.8/new"))) == 100

    store = LmdbStore.open(directory, exclusive=False)
    record = prepare(Record("88.118.8/new", (Value(1, "URL", b"https://example.com/"),)), NOW)
    store.write(lambda txn: txn.put_record(record), actor="test").result()

    assert code(ask(port, frame("88.118.8/new"))) == 1
    store.close()


def test_a_taken_port_ends_with_one_sentence(directory):
    """Exit code 2, the port and what to do, no trace, and the directory is free again."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = run("serve", directory, "--port", port)

    assert done.returncode == 2
    assert done.stderr == (
        f"idis: TCP port {port} of 127.0.0.1 is in use by another program: stop it, or choose another listen.port\n"
    )
    LmdbStore.open(directory, exclusive=True).close()


def test_two_nodes_cannot_share_a_directory(serve, directory):
    """The second is refused with the process number of the first."""
    process = serve(directory)
    process.ready()
    done = run("serve", directory)

    assert done.returncode == 2
    assert f"is served by process {process.process.pid}" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_missing_directory_ends_with_one_sentence(tmp_path):
    """And says how to make one."""
    done = run("serve", tmp_path / "nowhere")

    assert done.returncode == 2
    assert "make a node with 'idis init" in done.stderr


def test_health_tells_ready_and_silent_nodes_apart(serve, directory):
    """0 and one line for a ready node; 3 when nobody answers."""
    process = serve(directory)
    address = f"127.0.0.1:{process.ready()['http_port']}"

    healthy = until_seen(lambda: found if (found := run("health", address)).returncode == 0 else None)  # it waits 3 s itself
    as_json = until_seen(lambda: found if (found := run("health", address, "--json")).returncode == 0 else None)
    process.end()
    silent = run("health", address)
    assert healthy is not None
    assert as_json is not None
    assert healthy.stdout.startswith("enterprise-118-8 (enterprise, idis ")
    assert " ready, 0 records; " in healthy.stdout
    assert healthy.stdout.endswith((" step, answers from the index\n", " step, answers from the store\n"))
    assert json.loads(as_json.stdout)["ready"] is True
    assert silent.returncode == 3
    assert silent.stderr.startswith(f"idis: nobody answers at {address}")


def test_the_command_line_needs_no_aiohttp_to_serve_its_first_answer():
    """The binary port must not wait for the import of HTTP."""
    program = "import sys, idis.resolver.node; print([name for name in ('aiohttp', 'prometheus_client') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


async def test_nothing_is_half_started(make_config):
    """When the HTTP port is taken, the binary ports and the directory are free again."""
    config = make_config()
    create_node(config.data_dir, config)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(ListenError):
            await Node(replace(config, listen=replace(config.listen, http_port=taken))).start()
    node = Node(config)
    await node.start()

    with pytest.raises(StoreError, match="is served by process"):
        await Node(config).start()
    await node.stop()


async def test_a_start_that_fails_late_gives_everything_back(make_config, monkeypatch):
    """Also when only HTTP cannot open."""
    config = make_config()
    create_node(config.data_dir, config)
    failing = Node(config)
    monkeypatch.setattr("idis.resolver.transports.http.HttpTransport.open", lambda _self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        await failing.start()
    monkeypatch.undo()

    listen = replace(config.listen, port=failing.port, http_port=failing.http_port)
    again = Node(replace(config, listen=listen))
    await again.start()
    await again.stop()


async def test_a_stop_closes_every_connection(node, client, frame):
    """Idle connections end; the port is free afterwards."""
    reader, writer = await client.tcp()
    writer.write(frame("88.118.8/A1"))
    await client.read_frame(reader)
    port = node.port
    other = Node(replace(node.config, listen=ListenSection(port=port, http_port=0)))

    await node.stop()
    assert await reader.read() == b""
    await other.start()
    await other.stop()


def delegated(node: Node, prefix: str, child: Node) -> None:
    """Write into a running node's own store that a prefix is answered by another node."""
    ways = (Interface(INTERFACE_BOTH, TCP, child.port), Interface(INTERFACE_BOTH, UDP, child.port))
    site = encode_site(Site(servers=(Server(1, "127.0.0.1", b"", ways),)))
    entry = PrefixEntry(prefix, values=encode_values([Value(1, "HS_SITE", site)]))
    node._store.write(lambda txn: txn.put_prefix(entry), actor="test").result()


@pytest.fixture
async def tree(start_node):
    """A national node, an enterprise below it, and a recursive node that knows only the national one."""
    enterprise = await start_node("enterprise")
    national = await start_node("national", tier=Tier.NATIONAL, prefixes=("88",), records=())
    delegated(national, "88.118.8", enterprise)
    recursion = RecursionSection(enabled=True, deadline_ms=30_000, roots=(f"127.0.0.1:{national.port}",))
    recursive = await start_node("recursive", tier=Tier.RECURSIVE, prefixes=(), recursion=recursion)
    return national, enterprise, recursive


async def test_a_recursive_node_finds_what_it_does_not_hold(tree, client_of, frame, code):
    """Over UDP and TCP, the second time from its cache, never authoritative."""
    _national, enterprise, recursive = tree
    client = client_of(recursive)

    (first,) = await client.ask_udp(frame("88.118.8/A1"))
    second = await client.ask_tcp(frame("88.118.8/A1"))
    assert (code(first), code(second)) == (1, 1)
    assert b"https://example.com/p/1" in first
    assert first[28] & 0x80 == second[28] & 0x80 == 0
    assert enterprise.metrics.gathered().answered["udp", 1] == 1


async def test_a_tree_without_recursion_refers(tree, client_of, frame, code):
    """The national node answers 302 with the enterprise's site and asks nobody."""
    national, enterprise, _recursive = tree
    answer = await client_of(national).ask_tcp(frame("88.118.8/A1"))

    assert code(answer) == 302
    assert enterprise.port.to_bytes(4, "big") in answer


async def test_later_answers_do_not_hold_up_earlier_ones(tree, client_of, frame, code):
    """On one connection, a question for others and one for this node: whichever is known first leaves first."""
    _national, _enterprise, recursive = tree
    client = client_of(recursive)
    reader, writer = await client.tcp()
    writer.write(frame("88.118.8/A1", 1) + frame("0", 2))

    answers = [await client.read_frame(reader) for _ in range(2)]
    assert [int.from_bytes(answer[8:12], "big") for answer in answers] == [2, 1]
    assert [code(answer) for answer in answers] == [100, 1]
    writer.close()


async def test_many_later_answers_on_one_connection(tree, client_of, frame, code):
    """More questions for others than may wait at once: reading pauses, and all are answered."""
    client = client_of(tree[2])
    reader, writer = await client.tcp()
    writer.write(b"".join(frame(f"88.118.8/absent-{number % 50}", number) for number in range(1, 601)))

    answers = [await client.read_frame(reader) for _ in range(600)]
    assert {int.from_bytes(answer[8:12], "big") for answer in answers} == set(range(1, 601))
    writer.close()


async def test_an_explanation_names_every_hop(tree, client_of, frame):
    """Who was asked, over what, with what result."""
    national, enterprise, recursive = tree
    name = "88.118.8/A1"
    answer = await client_of(recursive).ask_tcp(frame(name, flags=0x1908_0000))
    values_end = answer.rindex(b"a@example.com") + len(b"a@example.com") + 4

    version, node, source, _age_ms, hops = msgpack.unpackb(answer[values_end:-4])
    assert (version, node, source) == (1, "recursive", "upstream")
    assert [hop[0] for hop in hops] == [f"127.0.0.1:{national.port}", f"127.0.0.1:{enterprise.port}"]


async def test_http_recurses_too(tree):
    """`GET /api/handles` on a recursive node, fresh and then from the cache with its age."""
    url = f"http://127.0.0.1:{tree[2].http_port}/api/handles/88.118.8/A1"
    async with aiohttp.ClientSession() as session:
        sources = []
        for _ in range(2):
            async with session.get(url) as answer:
                assert answer.status == 200
                sources.append((answer.headers["Idis-Source"], answer.headers.get("Age")))

    assert sources == [("upstream", None), ("cache", "0")]


async def test_a_prefix_taken_home_is_answered_at_once(tree, client_of, frame, code):
    """What was cached of it while others answered is forgotten."""
    recursive = tree[2]
    client = client_of(recursive)
    assert code(await client.ask_tcp(frame("88.118.8/A1"))) == 1
    recursive._store.write(lambda txn: home(txn, "88.118.8", NOW), actor="test").result()

    assert code(await client.ask_tcp(frame("88.118.8/A1"))) == 100
    recursive._follower.look()
    assert len(recursive._recursor.cache) == 0


async def test_a_stop_finishes_what_is_under_way(tree, client_of, frame, code, monkeypatch):
    """A question that waits for others is answered before the node ends."""
    _national, _enterprise, recursive = tree
    client = client_of(recursive)
    reader, writer = await client.tcp()
    begun, start = asyncio.Event(), recursive._chain.start
    monkeypatch.setattr(recursive._chain, "start", lambda *arguments: (start(*arguments), begun.set()))
    writer.write(frame("88.118.8/A1"))
    await begun.wait()
    stopping = asyncio.create_task(recursive.stop())

    assert code(await client.read_frame(reader)) == 1
    await stopping
    with contextlib.suppress(ConnectionError):
        writer.close()


def test_init_serve_and_health_say_what_they_do(tmp_path):
    """The commands a new operator types, as they are written in the README."""
    made = run("init", tmp_path / "n", "--tier", "enterprise", "--name", "n", "--prefix", "88.118.8", "--json")
    again = run("init", tmp_path / "n", "--tier", "enterprise", "--name", "n")
    checked = run("config", "check", "--data", tmp_path / "n", "--json")

    assert (made.returncode, json.loads(made.stdout)["prefixes"]) == (0, ["88.118.8"])
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)
    document = json.loads(checked.stdout)
    assert document["settings"]["node.name"] == {"value": "n", "from": "file"}
    assert document["limits"]["MESSAGE_BYTES_MAX"] == 262_144


def test_a_root_homes_the_top(tmp_path):
    """`idis init --tier root` makes the node that registers prefixes of one label."""
    assert run("init", tmp_path / "root", "--tier", "root", "--name", "root-1").returncode == 0
    store = LmdbStore.open(tmp_path / "root", exclusive=False)
    with store.read() as txn:
        assert [entry.prefix for entry in txn.prefixes(None, 2)] == ["0.NA"]
    store.close()


def test_a_wrong_setting_is_told_by_every_command(directory):
    """serve and config check refuse it with the same sentence."""
    os.environ["IDIS_LISTEN__PROT"] = "1"
    try:
        served, checked = run("serve", directory), run("config", "check", directory)
    finally:
        del os.environ["IDIS_LISTEN__PROT"]

    assert served.returncode == checked.returncode == 2
    assert served.stderr == checked.stderr
    assert "did you mean listen.port" in served.stderr
