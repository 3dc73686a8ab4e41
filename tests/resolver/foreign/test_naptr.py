"""NAPTR records asked of name servers: over UDP and TCP, from servers that are silent, lie or fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from idis.proto.dns.message import DnsQuery, Reply, decode_query, encode_hint, encode_reply
from idis.proto.dns.name import name_from_text
from idis.proto.dns.records import NAPTR, Rr, naptr
from idis.resolver.foreign.naptr import NameServers, Unanswered

PORTS_TRIED_MAX = 20
NAME = name_from_text("7.2.1.oid-res.org")
RECORD = Rr(NAME, NAPTR, 300, naptr(1, 1, b"u", b"http+oid", b"!^.*$!https://oid.example!"))
Answer = Callable[[DnsQuery], bytes | None]


def say(query: DnsQuery) -> bytes:
    """The record."""
    return encode_reply(query, Reply(answers=(RECORD,)), 65_535)


@dataclass
class Server(asyncio.DatagramProtocol):
    """A name server on both transports."""

    over_udp: Answer
    over_tcp: Answer = say
    asked: list[str] = field(default_factory=list)
    port: int = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It may answer."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: object) -> None:
        """A question."""
        query = decode_query(data)
        assert isinstance(query, DnsQuery)
        self.asked.append("udp")
        if (octets := self.over_udp(query)) is not None:
            self._transport.sendto(octets, addr)  # type: ignore[attr-defined]

    async def stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A question over TCP."""
        query = decode_query(await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big")))
        assert isinstance(query, DnsQuery)
        self.asked.append("tcp")
        octets = self.over_tcp(query) or b""
        writer.write(len(octets).to_bytes(2, "big") + octets)
        writer.close()


@pytest.fixture
async def serve() -> AsyncIterator[Callable[..., Awaitable[Server]]]:
    """Makes name servers."""
    closing: list[Callable[[], None]] = []

    async def make(over_udp: Answer, over_tcp: Answer = say) -> Server:
        server = Server(over_udp, over_tcp)
        for _ in range(PORTS_TRIED_MAX):
            transport, _protocol = await asyncio.get_running_loop().create_datagram_endpoint(lambda: server, ("127.0.0.1", 0))
            server.port = transport.get_extra_info("sockname")[1]
            try:
                streams = await asyncio.start_server(server.stream, "127.0.0.1", server.port)
            except OSError:  # somebody's connection has that number
                transport.close()
                continue
            closing.extend((transport.close, streams.close))
            return server
        raise AssertionError("no number is free for both datagrams and streams")

    yield make
    for close in closing:
        close()


Serve = Callable[..., Awaitable[Server]]


def asking(*servers: Server, retry_s: float = 5.0) -> NameServers:
    """Asks these."""
    return NameServers([("127.0.0.1", server.port) for server in servers], retry_s)


async def test_the_records_of_a_name(serve: Serve) -> None:
    """And how long they hold."""
    names = await asking(await serve(say)).naptr(NAME)

    assert (names.records[0].data, names.ttl_s, names.absent) == (RECORD.data, 300, False)


async def test_what_does_not_fit_is_asked_for_over_tcp(serve: Serve) -> None:
    """A truncated answer says so."""
    server = await serve(encode_hint)
    names = await asking(server).naptr(NAME)

    assert names.records[0].data == RECORD.data
    assert server.asked == ["udp", "tcp"]


@pytest.mark.parametrize("code", [0, 3])
async def test_a_name_without_records(serve: Serve, code: int) -> None:
    """That does not exist, or has others."""
    server = await serve(lambda query: encode_reply(query, Reply(code), 512))

    assert (await asking(server).naptr(NAME)).absent


@pytest.mark.parametrize(
    "answer",
    [
        lambda query: None,
        lambda query: b"",
        lambda query: encode_reply(query, Reply(2), 512),
        lambda query: b"\x00\x00" + say(query)[2:] if say(query)[:2] != b"\x00\x00" else b"",
        lambda query: say(query)[:-5],
        lambda query: say(query).replace(b"\x017\x012\x011", b"\x018\x012\x011", 1),
    ],
    ids=["silent", "empty", "failing", "another number", "cut", "another name"],
)
async def test_the_next_server_is_asked(serve: Serve, answer: Answer) -> None:
    """When the first is silent, fails, or answers something else."""
    names = await asking(await serve(answer), await serve(say), retry_s=0.8).naptr(NAME)

    assert names.records[0].data == RECORD.data


async def test_when_nobody_answers_it_is_told(serve: Serve) -> None:
    """By whom, and how."""
    server = await serve(lambda query: encode_reply(query, Reply(2), 512))
    with pytest.raises(Unanswered, match="answered with the code 2 "):
        await asking(server).naptr(NAME)
