"""What the tests of a running node share: nodes on kernel-chosen ports, their records, and clients without our encoder."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from idis.proto.value import Value
from idis.registry.record import Record, prepare
from idis.registry.store.lmdb import LmdbStore
from idis.resolver import node as node_module
from idis.resolver.config import ListenSection, NodeConfig, NodeSection, Tier
from idis.resolver.creation import create_node
from idis.resolver.node import Node
from tests.waiting import WAIT_S_MAX

NOW = 1_700_000_000
PREFIX = "88.118.8"

RECORDS = (
    Record(f"{PREFIX}/A1", (Value(1, "URL", b"https://example.com/p/1"), Value(2, "EMAIL", b"a@example.com"))),
    Record(f"{PREFIX}/secret", (Value(1, "URL", b"https://example.com/s"), Value(300, "HS_SECKEY", b"s3cret", permissions=0x0C))),
    Record(f"{PREFIX}/hidden", (Value(300, "HS_SECKEY", b"s3cret", permissions=0x0C),)),
    Record(f"{PREFIX}/船舶/分段 1", (Value(1, "name", "分段".encode()),)),
    Record(f"{PREFIX}/big", (Value(1, "note", bytes(range(256)) * 8),)),
)

StartNode = Callable[..., Awaitable[Node]]
Ask = Callable[..., bytes]


def request_frame(
    identifier: str,
    request_id: int = 1,
    *,
    opcode: int = 1,
    flags: int = 0x1900_0000,
    indexes: tuple[int, ...] = (),
    types: tuple[str, ...] = (),
    tail: bytes = b"",
) -> bytes:
    """A resolution request, version 2.3 suggesting 2.11, expiration in 2033."""
    name = identifier.encode()
    body = struct.pack(">I", len(name)) + name + struct.pack(">I", len(indexes)) + b"".join(struct.pack(">I", i) for i in indexes)
    body += struct.pack(">I", len(types)) + b"".join(struct.pack(">I", len(t)) + t.encode() for t in types) + tail
    header = struct.pack(">IIIHBBII", opcode, 0, flags, 0xFFFF, 0, 0, 2_000_000_000, len(body))
    return struct.pack(">BBBBIIII", 2, 3, 2, 11, 0, request_id, 0, len(header) + len(body) + 4) + header + body + bytes(4)


def code_of(frame: bytes) -> int:
    """The response code of an answer."""
    return int.from_bytes(frame[24:28], "big")


def id_of(frame: bytes) -> int:
    """The request id of an answer."""
    return int.from_bytes(frame[8:12], "big")


class Client:
    """Talks to a node over plain sockets."""

    def __init__(self, node: Node, host: str = "127.0.0.1") -> None:
        self.node = node
        self.host = host

    async def tcp(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection."""
        return await asyncio.open_connection(self.host, self.node.port)

    async def ask_tcp(self, frame: bytes) -> bytes:
        """One request over a connection of its own."""
        reader, writer = await self.tcp()
        writer.write(frame)
        answer = await self.read_frame(reader)
        writer.close()
        return answer

    async def read_frame(self, reader: asyncio.StreamReader) -> bytes:
        """The next whole frame."""
        async with asyncio.timeout(WAIT_S_MAX):
            envelope = await reader.readexactly(20)
            return envelope + await reader.readexactly(int.from_bytes(envelope[16:20], "big"))

    async def ask_udp(self, *packets: bytes, answers: int = 1, wait_s: float = WAIT_S_MAX) -> list[bytes]:
        """Send datagrams from a socket of their own; the packets that come back, fewer than asked for when time runs out."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        loop = asyncio.get_running_loop()
        got: list[bytes] = []
        with socket.socket(family, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            sender.connect((self.host, self.node.port))
            for packet in packets:
                await loop.sock_sendall(sender, packet)
            try:
                async with asyncio.timeout(wait_s):
                    while len(got) < answers:
                        got.append(await loop.sock_recv(sender, 2_048))
            except TimeoutError:
                pass
        return got


@pytest.fixture
def frame() -> Callable[..., bytes]:
    """Makes request frames; see `request_frame`."""
    return request_frame


@pytest.fixture
def code() -> Callable[[bytes], int]:
    """Reads the response code of a frame."""
    return code_of


@pytest.fixture
def make_config(tmp_path: Path) -> Callable[..., NodeConfig]:
    """Configurations of nodes below the test's own folder, on kernel-chosen loopback ports."""

    def make(name: str = "enterprise-118-8", *, tier: Tier = Tier.ENTERPRISE, prefixes: tuple[str, ...] = (PREFIX,), **sections: Any) -> NodeConfig:  # noqa: E501
        config = NodeConfig(
            data_dir=tmp_path / name,
            node=NodeSection(name=name, tier=tier, prefixes=prefixes, log_level="error"),
            listen=ListenSection(hosts=("127.0.0.1",), port=0, http_port=0),
        )
        return replace(config, **sections)

    return make


@pytest.fixture
async def start_node(make_config: Callable[..., NodeConfig], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StartNode]:
    """Makes and starts nodes on the test's own event loop; stops them afterwards."""
    monkeypatch.setattr(node_module, "SWEEP_S", 0.02)
    started: list[Node] = []

    async def start(*arguments: Any, records: tuple[Record, ...] = RECORDS, **named: Any) -> Node:
        config = make_config(*arguments, **named)
        create_node(config.data_dir, config)
        if config.node.prefixes:
            store = LmdbStore.open(config.data_dir, exclusive=False)
            store.write_all([prepare(record, NOW) for record in records], actor="test")
            store.close()
        running = Node(config)
        await running.start()
        started.append(running)
        return running

    yield start
    for running in reversed(started):
        await running.stop()


@pytest.fixture
async def node(start_node: StartNode) -> Node:
    """A running enterprise node with RECORDS."""
    return await start_node()


@pytest.fixture
def client(node: Node) -> Client:
    """A client of `node`."""
    return Client(node)


@pytest.fixture
def client_of() -> Callable[..., Client]:
    """Makes clients of other nodes."""
    return Client
