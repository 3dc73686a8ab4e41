"""A scripted tree of nodes without sockets, and scripted nodes on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import cast

import pytest

from idis.proto.exchange import query_of, response_message
from idis.proto.identifier import parse_identifier
from idis.proto.message import decode_message, encode_message
from idis.proto.outcome import Answer, NotFound, Outcome, Referral
from idis.proto.query import Query
from idis.proto.types.site import INTERFACE_BOTH, TCP, UDP, Interface, Server, Site, encode_site
from idis.proto.value import Value, encode_values
from idis.resolver.recursion.budget import Budget
from idis.resolver.recursion.delegation import DelegationTree
from idis.resolver.recursion.event import Ask, Done, Failure, Reason, Reply
from idis.resolver.recursion.resolution import Resolution
from idis.resolver.recursion.target import Target

PORT = 2641
Answering = Outcome | Failure | Callable[[Query], Outcome]


class World:
    """Nodes by address. What is not scripted is answered with the `default`."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], Answering] = {}
        self.asked: list[tuple[str, Query]] = []
        self.default: Outcome = NotFound()
        self.step_s = 0.001  # time each question takes
        self.now = 100.0
        self.tree = DelegationTree([self.site("root")])

    @staticmethod
    def address(name: str) -> str:
        """A stable address for a node's name."""
        number = sum(ord(letter) * 7**position for position, letter in enumerate(name)) % 65_000
        return f"10.1.{number // 256}.{number % 256}"

    def site(self, *names: str, primary: bool = True, ipv6: bool = False, attributes: tuple[tuple[str, str], ...] = ()) -> Site:
        """A site whose servers are these nodes, in this order."""
        interfaces = (Interface(INTERFACE_BOTH, TCP, PORT), Interface(INTERFACE_BOTH, UDP, PORT))
        servers = tuple(
            Server(number, f"2001:db8::{number}" if ipv6 else self.address(name), b"", interfaces)
            for number, name in enumerate(names, 1)
        )
        return Site(primary=primary, servers=servers, attributes=attributes)

    def values(self, *names: str, kind: str = "HS_SITE", ttl: int = 3_600) -> bytes:
        """Site values, one site for each node."""
        return self.encoded(*((kind, encode_site(self.site(name))) for name in names), ttl=ttl)

    @staticmethod
    def encoded(*entries: tuple[str, bytes], ttl: int = 3_600) -> bytes:
        """Values of these types and data, indexes from 1."""
        return encode_values(Value(index, kind, data, ttl=ttl) for index, (kind, data) in enumerate(entries, 1))

    def sites(self, *names: str, ttl: int = 3_600) -> Answer:
        """The answer about a prefix that lives at these nodes."""
        return Answer(self.values(*names, ttl=ttl), ttl)

    def prefix_referral(self, name: str, ttl: int = 3_600) -> Referral:
        """303 to the node that registers the prefixes below."""
        return Referral(303, self.values(name, kind="HS_SITE.PREFIX", ttl=ttl), ttl_s=ttl)

    def service_referral(self, name: str, ttl: int = 3_600) -> Referral:
        """302 to another node."""
        return Referral(302, self.values(name, ttl=ttl), ttl_s=ttl)

    @staticmethod
    def silent() -> Failure:
        """Nothing comes back."""
        return Failure(Reason.SILENT, "no answer in time", "", "udp")

    def script(self, name: str, spelling: str, answer: Answering) -> None:
        """Node `name` answers this question so."""
        self.answers[(self.address(name), spelling)] = answer

    def national_tree(self, text: str = "88.118.8/X") -> None:
        """root = national node → secondary → enterprise, which holds one identifier with the value URL `here`."""
        self.script("root", "0.NA/88.118.8", self.prefix_referral("secondary"))
        self.script("secondary", "0.NA/88.118.8", self.sites("enterprise"))
        self.script("enterprise", text, Answer(self.encoded(("URL", b"here")), 3_600))

    def reply(self, target: Target, query: Query) -> Reply | Failure:
        """What the scripted node says, and a note that it was asked."""
        self.asked.append((target.addresses[0], query))
        answer = self.answers.get((target.addresses[0], query.spelling), self.default)
        if isinstance(answer, Failure):
            return replace(answer, peer=target.name)
        return Reply(answer(query) if callable(answer) else answer, target.name, "udp")

    def resolve(self, text: str, *, referral: Referral | None = None, **wish: object) -> Done:
        """Walk to the end."""
        budget = Budget(self.now)
        resolution = Resolution(self.query(text, **wish), self.tree, budget, self.now, referral=referral)
        while not isinstance(step := resolution.next_query(self.now), Done):
            assert isinstance(step, Ask)
            step.budget.take_packet()
            reply = self.reply(step.target, step.query)
            self.now += self.step_s
            resolution.receive(reply, self.now)
        return step

    @staticmethod
    def query(text: str, **wish: object) -> Query:
        """A query with these wishes."""
        return replace(Query(text, parse_identifier(text)), **wish)  # type: ignore[arg-type]

    @property
    def questions(self) -> list[tuple[str, str]]:
        """(node's address, spelling) of everything asked."""
        return [(address, query.spelling) for address, query in self.asked]

    def asked_of(self, name: str) -> list[str]:
        """The spellings one node was asked."""
        return [query.spelling for address, query in self.asked if address == self.address(name)]


@pytest.fixture
def world() -> World:
    """An empty world with a root."""
    return World()


@pytest.fixture(scope="session")
def new_world() -> type[World]:
    """For tests that need a fresh world for each example."""
    return World


Handler = Callable[[bytes], "list[bytes]"]


class Loopback:
    """A node on loopback: what UDP and TCP requests are answered with, and what came in.

    `on_udp` and `on_tcp` get a frame and give the frames to send back, in order. `per_connection` closes a TCP connection
    after so many answers.
    """

    def __init__(self) -> None:
        self.on_udp: Handler = answer_with(Answer(World.encoded(("URL", b"here")), 60))
        self.on_tcp: Handler = self.on_udp
        self.per_connection = 1_000_000
        self.udp_frames: list[bytes] = []
        self.udp_sources: list[tuple[str, int]] = []
        self.tcp_frames: list[bytes] = []
        self.connections = 0
        self._writers: list[asyncio.StreamWriter] = []

    async def start(self, host: str = "127.0.0.1", port: int = 0, *, udp: bool = True, tcp: bool = True) -> None:
        """Listen, both transports on one port."""
        while True:
            try:
                return await self._listen(host, port, udp, tcp)
            except OSError:
                if port:
                    raise
                await self.stop()  # somebody has the other transport of the port that the kernel chose

    async def _listen(self, host: str, port: int, udp: bool, tcp: bool) -> None:
        self.host = host
        self._server = None
        self._udp = None
        if tcp:
            self._server = await asyncio.start_server(self._serve, host, port)
            port = self._server.sockets[0].getsockname()[1]
        if udp:
            self._udp, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: _Datagrams(self), local_addr=(host, port)
            )
            port = self._udp.get_extra_info("sockname")[1]
        self.port = port

    async def stop(self) -> None:
        """Stop listening and drop every connection."""
        if self._udp is not None:
            self._udp.close()
        if self._server is not None:
            self._server.close()
        self.drop()
        await asyncio.sleep(0)

    def drop(self) -> None:
        """Close every connection."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    def target(self, *, udp: bool = True, tcp: bool = True) -> Target:
        """This node as something to ask."""
        return Target((self.host,), self.port if udp else 0, self.port if tcp else 0)

    @property
    def address(self) -> str:
        """As commands take it."""
        return f"{self.host}:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        left = self.per_connection
        try:
            while left:
                envelope = await reader.readexactly(20)
                frame = envelope + await reader.readexactly(int.from_bytes(envelope[16:20], "big"))
                self.tcp_frames.append(frame)
                for answer in self.on_tcp(frame):
                    writer.write(answer)
                    left -= 1
            await writer.drain()
            writer.close()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, node: Loopback) -> None:
        self._node = node

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._node.udp_frames.append(data)
        self._node.udp_sources.append(addr)
        for answer in self._node.on_udp(data):
            self._transport.sendto(answer, addr)


def answer_with(outcome: Outcome | Callable[[Query], Outcome], **extra: object) -> Handler:
    """A handler that answers every request so."""

    def handler(frame: bytes) -> list[bytes]:
        request = decode_message(frame)
        decided = outcome(query_of(request)) if callable(outcome) else outcome
        message = response_message(request, decided, site_serial=1, primary=True, now=0, **extra)  # type: ignore[arg-type]
        return [encode_message(message)]

    return handler


def silence(_frame: bytes) -> list[bytes]:
    """A handler that never answers."""
    return []


@pytest.fixture
async def loopback() -> AsyncIterator[Loopback]:
    """A node on 127.0.0.1 with UDP and TCP on one port."""
    node = Loopback()
    await node.start()
    yield node
    await node.stop()


@pytest.fixture
def handlers() -> tuple[Callable[..., Handler], Handler]:
    """`answer_with` and `silence`, for tests that script a loopback node."""
    return answer_with, silence


@pytest.fixture
async def new_loopback() -> AsyncIterator[Callable[..., Awaitable[Loopback]]]:
    """Makes further nodes; all are stopped at the end."""
    nodes: list[Loopback] = []

    async def make(host: str = "127.0.0.1", port: int = 0, *, udp: bool = True, tcp: bool = True) -> Loopback:
        node = Loopback()
        nodes.append(node)
        await node.start(host, port, udp=udp, tcp=tcp)
        return node

    yield make
    for node in nodes:
        await node.stop()
