"""The first stage of a start: right answers before the node is loaded, or none at all."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from idis.proto import speedups
from idis.proto.value import Value
from idis.registry.record import Record, prepare
from idis.registry.store.lmdb import LmdbStore
from idis.resolver.config import NodeConfig
from idis.resolver.first_stage import NOTE, FirstStage, begin
from idis.resolver.node import Node
from tests.ports import free_port
from tests.waiting import WAIT_S_MAX, until

pytestmark = pytest.mark.skipif(speedups.LOADED != speedups.COMPILED, reason="the compiled hot path is not installed")


def ask(port: int, frame: bytes, wait_s: float = WAIT_S_MAX) -> bytes:
    """One question over UDP; nothing when no answer comes."""
    with socket.socket(type=socket.SOCK_DGRAM) as link:
        link.settimeout(wait_s)
        link.sendto(frame, ("127.0.0.1", port))
        try:
            return link.recv(2_048)
        except TimeoutError:
            return b""


@pytest.fixture
async def config(start_node, make_config) -> NodeConfig:
    """A node that ran on fixed ports until its answer index was noted, and has stopped."""
    listen = replace(make_config().listen, port=free_port(), http_port=free_port())
    node = await start_node(listen=listen)
    assert await until(lambda: (node.config.data_dir / NOTE).exists() and node._hot_path.index_answers.fresh())
    await node.stop()
    return node.config


@pytest.fixture
async def stage(config) -> AsyncIterator[FirstStage]:
    """The first stage of its next start."""
    stage = begin(config)
    assert stage is not None
    yield stage
    stage.end()
    stage.sockets.close()


async def test_a_record_is_answered_before_the_node_is_there(stage, config, frame, code):
    """With the octets the node gives; and it is counted."""
    answer = await asyncio.to_thread(ask, config.listen.port, frame("88.118.8/A1", 7))
    stage.end()

    assert code(answer) == 1
    assert answer[8:12] == b"\x00\x00\x00\x07"
    assert b"https://example.com/p/1" in answer
    assert stage.counters.answered[1] == 1


async def test_what_only_the_node_can_answer_waits_for_it(config, frame, code):
    """A name that does not exist is asked for too early, and answered when the node is there."""
    stage = begin(config)
    asking = asyncio.create_task(asyncio.to_thread(ask, config.listen.port, frame("88.118.8/none", 8)))
    await asyncio.sleep(0.05)
    node = Node(config, stage=stage)
    await node.start()
    answer = await asking
    counted = dict(node.metrics.gathered().answered)
    await node.stop()

    assert code(answer) == 100
    assert counted["udp", 100] == 1


async def test_what_was_answered_early_is_counted_by_the_node(config, frame):
    """The metrics begin where the first stage ended."""
    stage = begin(config)
    await asyncio.to_thread(ask, config.listen.port, frame("88.118.8/A1"))
    node = Node(config, stage=stage)
    await node.start()
    counted = dict(node.metrics.gathered().answered)
    await node.stop()

    assert counted["udp", 1] == 1


async def test_a_change_since_then_leaves_everything_to_the_node(config):
    """Another process wrote while the node was down."""
    store = LmdbStore.open(config.data_dir, exclusive=False)
    store.write_all([prepare(Record("88.118.8/A1", (Value(1, "n", b"new"),)), 1_700_000_001)], actor="test")
    store.close()

    assert begin(config) is None


async def test_a_change_meanwhile_is_not_overlooked(stage, config, frame):
    """From the commit on nothing is answered early."""
    store = LmdbStore.open(config.data_dir, exclusive=False)
    store.write_all([prepare(Record("88.118.8/A1", (Value(1, "n", b"new"),)), 1_700_000_001)], actor="test")
    store.close()
    answer = await asyncio.to_thread(ask, config.listen.port, frame("88.118.8/A1"), 0.2)
    stage.end()

    assert answer == b""
    assert [len(left) for left in stage.leftovers.values()] == [1]


@pytest.mark.parametrize(
    "change",
    [
        lambda config: replace(config, node=replace(config.node, site_serial=9)),
        lambda config: replace(config, node=replace(config.node, keeper=True)),
        lambda config: replace(config, node=replace(config.node, index_bytes=0)),
        lambda config: replace(config, listen=replace(config.listen, port=0)),
        lambda config: replace(config, recursion=replace(config.recursion, enabled=True, roots=("127.0.0.1:1",))),
    ],
    ids=["another site", "keeper", "no index", "any port", "recursive"],
)
async def test_another_configuration_has_no_first_stage(config, change):
    """What it would answer is not known to be right, or is not in the index."""
    assert begin(change(config)) is None


@pytest.mark.parametrize("octets", [b"", b"x" * 40, None], ids=["empty", "of another", "missing"])
async def test_without_the_right_note_there_is_no_first_stage(config, octets):
    """The note says what the index was made for."""
    path = config.data_dir / NOTE
    if octets is None:
        path.unlink()
    else:
        path.write_bytes(octets)

    assert begin(config) is None


async def test_another_key_has_no_first_stage(config):
    """A node's key is in its own site record."""
    (config.data_dir / "server_key.pem").write_bytes(b"another")

    assert begin(config) is None


async def test_a_taken_port_is_the_nodes_to_tell(config):
    """The first stage stays away, and leaves nothing bound."""
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", config.listen.port))
        assert begin(config) is None
    stage = begin(config)

    assert stage is not None
    stage.end()
    stage.sockets.close()


async def test_half_an_index_has_no_first_stage(config):
    """A damaged file is not believed."""
    os.truncate(config.data_dir / "answer-index" / "index", 100)

    assert begin(config) is None


@pytest.mark.parametrize("module", ["aiohttp", "prometheus_client", "cryptography", "asyncio", "lmdb", "idis.resolver.node"])
def test_the_first_stage_needs_next_to_nothing(module):
    """What is imported before it answers is what its start costs."""
    imports = "import idis.resolver.cli.main, idis.resolver.cli.serve, idis.resolver.guard.gate, sys"
    program = f"{imports}; print({module!r} in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "False\n"


def test_the_node_is_loaded_without_http():
    """The binary port does not wait for it."""
    program = "import idis.resolver.node, sys; print(*({'aiohttp', 'prometheus_client'} & set(sys.modules)))"

    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "\n"
