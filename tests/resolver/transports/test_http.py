"""The clock over every HTTP connection."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from idis.resolver.config import LimitsSection

IMPATIENT = LimitsSection(header_ms=100, body_ms=200, idle_ms=1_000)


async def answered_until_closed(reader: asyncio.StreamReader) -> bytes:
    """Everything the node sends before it closes, which it must within three seconds."""
    received = b""
    with suppress(ConnectionResetError):
        async with asyncio.timeout(3):
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
    async with asyncio.timeout(3):
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
    await asyncio.sleep(0.05)

    assert (await client.ask_tcp(frame("88.118.8/A1")))[24:28] == b"\x00\x00\x00\x01"
    assert await answered_until_closed(reader) == b""
    writer.close()
    second.close()
