"""The clock over every HTTP connection."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

import pytest

from idis.resolver.config import LimitsSection
from idis.resolver.web.chunks import Chunks
from tests.waiting import WAIT_S_MAX, until

IMPATIENT = LimitsSection(header_ms=100, body_ms=200, idle_ms=1_000)


async def answered_until_closed(reader: asyncio.StreamReader) -> bytes:
    """Everything the node sends before it closes."""
    received = b""
    with suppress(ConnectionError):
        async with asyncio.timeout(WAIT_S_MAX):
            while piece := await reader.read(65_536):
                received += piece
    return received


async def test_a_slow_header_is_cut(start_node):
    """However often an octet comes."""
    running = await start_node(limits=IMPATIENT)
    reader, writer = await asyncio.open_connection("127.0.0.1", running.http_port)
    ended = asyncio.create_task(answered_until_closed(reader))
    for octet in b"GET /healthz HTTP/1.1":
        with suppress(ConnectionError, RuntimeError):
            writer.write(bytes((octet,)))
        await asyncio.sleep(0.02)

    assert await ended == b""
    assert running.metrics.closed["header"] == 1


async def test_a_slow_body_is_cut_where_it_is_read(start_node):
    """The tunnel answers 408 when the frame does not arrive in time."""
    running = await start_node(limits=IMPATIENT)
    reader, writer = await asyncio.open_connection("127.0.0.1", running.http_port)
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-hdl-message\r\nContent-Length: 100\r\n\r\nabc")

    assert (await answered_until_closed(reader)).startswith(b"HTTP/1.1 408 ")
    assert running.metrics.limited["body"] == 1
    writer.close()


async def test_a_slow_body_is_cut_where_it_is_not_read(start_node):
    """A GET with a body that never ends is answered and closed."""
    running = await start_node(limits=IMPATIENT)
    reader, writer = await asyncio.open_connection("127.0.0.1", running.http_port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc")

    assert (await answered_until_closed(reader)).startswith(b"HTTP/1.1 200 ")
    writer.close()


async def test_an_idle_connection_is_closed(start_node):
    """Keep-alive ends when nobody asks."""
    running = await start_node(limits=IMPATIENT)
    reader, writer = await asyncio.open_connection("127.0.0.1", running.http_port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")

    assert (await answered_until_closed(reader)).endswith(b"ok\n")
    writer.close()


async def test_a_connection_serves_many_requests(node):
    """Keep-alive and pipelining."""
    reader, writer = await asyncio.open_connection("127.0.0.1", node.http_port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
    async with asyncio.timeout(WAIT_S_MAX):
        for _ in range(3):
            assert (await reader.readuntil(b"ok\n")).startswith(b"HTTP/1.1 200")
    writer.close()


async def test_http_and_tcp_share_the_caps(start_node, client_of, frame):
    """One address has one allowance, whatever it speaks; its oldest idle connection makes room."""
    from dataclasses import replace

    running = await start_node(limits=replace(LimitsSection(), connections_per_address=2))
    reader, writer = await asyncio.open_connection("127.0.0.1", running.http_port)
    client = client_of(running)
    _other, second = await client.tcp()
    await until(lambda: len(running._table) == 2)

    assert (await client.ask_tcp(frame("88.118.8/A1")))[24:28] == b"\x00\x00\x00\x01"
    assert await answered_until_closed(reader) == b""
    writer.close()
    second.close()


async def refused(port: int, request: bytes) -> tuple[bytes, bytes, dict[str, object]]:
    """First line, media type and JSON of the answer to octets that end the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    head, _, body = (await answered_until_closed(reader)).partition(b"\r\n\r\n")
    writer.close()
    lines = head.split(b"\r\n")
    kind = next(line for line in lines if line.lower().startswith(b"content-type:")).partition(b": ")[2]
    return lines[0].partition(b" ")[2], kind.partition(b";")[0], json.loads(body)


async def test_a_target_that_is_too_long_below_api_v1_is_a_problem(node):
    """Under 414, as its document says."""
    long = b"a" * 9_000
    status, kind, problem = await refused(node.http_port, b"GET /api/v1/link?text=1&accept=%b HTTP/1.1\r\nHost: x\r\n\r\n" % long)
    assert (status, kind) == (b"414 Request-URI Too Long", b"application/problem+json")
    assert (problem["status"], problem["code"]) == (414, 4)


PLAIN = b"GET /api/handles/88.118.8/A1 HTTP/1.1\r\nHost: x\r\n\r\n"
CLOSE = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


async def test_half_a_plain_request_is_cut(start_node):
    """The chunk handler waits for the rest no longer than for any header, however often an octet comes."""
    running = await start_node(limits=IMPATIENT)
    reader, writer = await asyncio.open_connection("127.0.0.1", running.http_port)
    ended = asyncio.create_task(answered_until_closed(reader))
    for octet in PLAIN[:30]:
        with suppress(ConnectionError, RuntimeError):
            writer.write(bytes((octet,)))
        await asyncio.sleep(0.02)

    assert await ended == b""
    assert running.metrics.closed["header"] == 1


async def test_an_idle_connection_of_plain_requests_is_closed(start_node):
    """aiohttp never heard of it."""
    running = await start_node(limits=IMPATIENT)
    reader, writer = await asyncio.open_connection("127.0.0.1", running.http_port)
    writer.write(PLAIN)

    assert (await answered_until_closed(reader)).startswith(b"HTTP/1.1 200 OK\r\n")
    assert running.metrics.closed["idle"] == 1
    writer.close()


async def test_a_connection_that_was_aiohttps_comes_back(node, monkeypatch):
    """After one request of which the end is known; after one of which it is not, it stays there."""
    asked = []
    chunks_answer = Chunks.answer
    monkeypatch.setattr(Chunks, "answer", lambda self, octets, peer: asked.append(octets) or chunks_answer(self, octets, peer))
    health = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
    for other, seen in ((health + b"\r\n", 3), (health + b"Content-Length: 0\r\n\r\n", 2)):
        asked.clear()
        reader, writer = await asyncio.open_connection("127.0.0.1", node.http_port)
        async with asyncio.timeout(WAIT_S_MAX):
            for request, end in ((PLAIN, b"]}"), (other, b"ok\n"), (PLAIN, b"]}")):
                writer.write(request)
                await reader.readuntil(end)
        writer.close()

        assert len(asked) == seen


async def test_whoever_does_not_read_is_read_no_more(start_node):
    """Plain requests without end: what waits to be sent is bounded, and the peer is cut when it never reads."""
    running = await start_node(limits=LimitsSection(write_stall_ms=100))
    reader, writer = await asyncio.open_connection("127.0.0.1", running.http_port, limit=1_024)
    writer.write(PLAIN * 60_000)
    await until(lambda: running.metrics.closed["stalled"])

    assert running.metrics.closed["stalled"] == 1
    assert running.metrics.answered["http", 1] < 60_000
    with suppress(ConnectionError):
        await reader.read()
    writer.close()


async def test_whoever_reads_late_gets_everything(node):
    """What was not answered while the peer did not read, is when it does."""
    reader, writer = await asyncio.open_connection("127.0.0.1", node.http_port, limit=1_024)
    writer.write(PLAIN * 20_000 + CLOSE)
    await asyncio.sleep(0.2)

    assert (await answered_until_closed(reader)).count(b"HTTP/1.1 200 OK\r\n") == 20_001


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        (b"GET /api/handles/" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"414"),
        (b"BREW /api/handles/88.118.8/A1 HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
        (b"GET /api/handles/88.118.8/A1 HTTP/1.1\r\nHost: x\r\nAccept: " + b"a" * 9_000 + b"\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)), b"400"),
    ],
    ids=["long line", "no method", "long field", "TLS"],
)
async def test_what_is_no_http_is_told_so_in_json(node, octets, status, caplog):
    """Without a traceback in the log, the names of libraries, or what was sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", node.http_port)
    writer.write(octets)
    head, _, body = (await answered_until_closed(reader)).partition(b"\r\n\r\n")
    writer.close()

    assert head.startswith(b"HTTP/1.0 %b " % status)
    assert b"Server: idis" in head.splitlines()
    assert json.loads(body)["responseCode"] == 4
    assert b"aaaa" not in body
    assert not caplog.records
    assert node.metrics.closed["malformed"] == 1
