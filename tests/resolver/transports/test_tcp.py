"""Streams against a live node."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from dataclasses import replace

import pytest

from idis.resolver.config import GuardSection, LimitsSection
from idis.resolver.transports import tcp
from tests.waiting import WAIT_S_MAX, until

# "88.118.8/A1" asked for, request id 7.
FOUND = bytes.fromhex(
    "0203020b 00000000 00000007 00000000 00000033"
    "00000001 00000000 19000000 ffff 00 00 77359400 00000017"
    "0000000b 38382e3131382e382f4131"
    "00000000 00000000"
    "00000000"
)
IMPATIENT = LimitsSection(header_ms=100, body_ms=200, idle_ms=1_000)


async def closed(reader: asyncio.StreamReader, within_s: float = WAIT_S_MAX) -> bool:
    """Whether the node closes this connection in time."""
    with suppress(ConnectionError):
        async with asyncio.timeout(within_s):
            while await reader.read(65_536):
                pass
    return True


async def test_one_request_and_close_is_served(client):
    """Old clients open a connection, ask once, read, and close."""
    answer = await client.ask_tcp(FOUND)

    assert answer[:28].hex() == "020b020b00000000000000070000000000" "00008f0000000100000001"


async def test_a_half_closed_connection_gets_its_answer(client):
    """A client that shuts its sending side after the request still reads the answer, then the end."""
    reader, writer = await client.tcp()
    writer.write(FOUND)
    writer.write_eof()

    assert (await client.read_frame(reader))[8:12] == FOUND[8:12]
    assert await reader.read() == b""
    writer.close()


async def test_a_thousand_requests_of_one_write_are_answered(client, frame):
    """Pipelining: one write, a thousand answers, matched by request id."""
    reader, writer = await client.tcp()
    writer.write(b"".join(frame("88.118.8/A1", number) for number in range(1, 1_001)))

    answers = [await client.read_frame(reader) for _ in range(1_000)]

    assert {int.from_bytes(answer[8:12], "big") for answer in answers} == set(range(1, 1_001))
    writer.close()


async def test_octets_may_come_one_by_one(client):
    """A request is the same however the network cuts it."""
    reader, writer = await client.tcp()
    for octet in FOUND:
        writer.write(bytes((octet,)))
        await writer.drain()

    assert (await client.read_frame(reader))[24:28] == b"\x00\x00\x00\x01"
    writer.close()


async def test_a_connection_serves_many_requests(client):
    """The connection stays after an answer: it is the client's to close."""
    reader, writer = await client.tcp()
    for _ in range(3):
        writer.write(FOUND)
        assert (await client.read_frame(reader))[8:12] == FOUND[8:12]
    writer.close()


async def test_a_broken_frame_is_refused_and_the_connection_closed(client):
    """An announced length of two gigabytes is told at once, with the request's id; nothing behind it can be framed."""
    reader, writer = await client.tcp()
    writer.write(FOUND + bytes.fromhex("0203020b 00000000 00000008 00000000 7fffffff"))

    answers = [await client.read_frame(reader) for _ in range(2)]

    assert {answer[8:12]: answer[24:28] for answer in answers} == {
        b"\x00\x00\x00\x07": b"\x00\x00\x00\x01",
        b"\x00\x00\x00\x08": b"\x00\x00\x00\x04",
    }
    assert await reader.read() == b""
    writer.close()


async def test_an_anonymous_message_is_bounded(client):
    """Nobody anonymous may make a node buffer more than 64 KiB."""
    reader, writer = await client.tcp()
    writer.write(bytes.fromhex("0203020b 00000000 00000008 00000000 00010001"))

    assert (await client.read_frame(reader))[24:28] == b"\x00\x00\x00\x04"
    writer.close()


@pytest.mark.parametrize("opcode", [1000, 1001, 1002, 1003, 2000, 4711])
async def test_operations_not_offered_are_refused_with_a_sentence(client, frame, opcode):
    """Replication, logins by password and unknown opcodes get code 5 and are told which."""
    answer = await client.ask_tcp(frame("88.118.8/A1", opcode=opcode, flags=0))

    assert answer[20:28] == opcode.to_bytes(4, "big") + b"\x00\x00\x00\x05"
    assert b"does not offer" in answer


async def test_a_certified_answer_is_refused_with_a_sentence(client, frame):
    """CT over TCP: a node without a server key signs nothing, and says so."""
    answer = await client.ask_tcp(frame("88.118.8/A1", flags=0x5900_0000))

    assert answer[24:28] == b"\x00\x00\x00\x05"
    assert b"signs nothing" in answer


async def test_the_heartbeat_is_answered(client, frame):
    """An idle IDIS client resolves '0' to keep its connection."""
    answer = await client.ask_tcp(frame("0"))

    assert answer[24:28] == b"\x00\x00\x00\x64"


async def test_site_info_is_the_raw_record(client, node):
    """GET_SITE_INFO answers one HS_SITE up to the end of the body, with the ports in use."""
    answer = await client.ask_tcp(
        bytes.fromhex(
            "020a020b 00002711 00000001 00000000 00000021"
            "00000002 00000000 00000000 ffff 00 00 77359400 00000005"
            "00000001 2f 00000000"
        )
    )

    assert answer[4:8] == b"\x00\x00\x27\x11"
    assert answer[24:28] == b"\x00\x00\x00\x01"
    assert answer[44:52] == bytes.fromhex("0001 020b 0001 80 02")
    assert node.port.to_bytes(4, "big") in answer


async def test_an_encrypted_message_finds_no_session(client):
    """Nothing but the envelope can be read; the answer is 500 in the session the peer named."""
    answer = await client.ask_tcp(bytes.fromhex("020b420b 00000011 00000003 00000000 00000020") + bytes(32))

    assert answer[4:12].hex() == "0000001100000003"
    assert int.from_bytes(answer[24:28], "big") == 500


async def test_a_slow_header_is_cut(start_node, client_of):
    """A peer that begins a frame and trickles is closed, however often it sends an octet."""
    running = await start_node(limits=IMPATIENT)
    reader, writer = await client_of(running).tcp()
    ended = asyncio.create_task(closed(reader))
    for octet in FOUND[:20]:
        with suppress(ConnectionError, RuntimeError):  # uvloop raises the latter once closed
            writer.write(bytes((octet,)))
        await asyncio.sleep(0.02)

    assert await ended
    assert running.metrics.closed["header"] == 1


async def test_a_slow_body_is_cut(start_node, client_of):
    """The same behind the header, with more patience."""
    running = await start_node(limits=IMPATIENT)
    reader, writer = await client_of(running).tcp()
    writer.write(FOUND[:60])

    assert await closed(reader)
    assert running.metrics.closed["body"] == 1
    writer.close()


async def test_an_idle_connection_is_closed(start_node, client_of):
    """Who neither asks nor waits gives its place back."""
    running = await start_node(limits=IMPATIENT)
    reader, writer = await client_of(running).tcp()

    assert await closed(reader)
    assert running.metrics.closed["idle"] == 1
    writer.close()


async def test_a_client_that_does_not_read_is_cut(start_node, client_of, frame):
    """It is no longer read once a megabyte waits for it, and closed when it does not read for a while."""
    running = await start_node(limits=LimitsSection(write_stall_ms=200))
    loop = asyncio.get_running_loop()
    questions = b"".join(frame("88.118.8/big", number) for number in range(1, 2_001))
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        deaf.setblocking(False)
        await loop.sock_connect(deaf, ("127.0.0.1", running.port))

        async def send_on() -> None:
            while True:  # a kernel may take in a lot
                await loop.sock_sendall(deaf, questions)

        with pytest.raises(ConnectionError):  # the node cuts it while it still writes
            await asyncio.wait_for(send_on(), WAIT_S_MAX)

    assert running.metrics.closed["stalled"] == 1
    assert running.metrics.answered["tcp", 1] < 10_000
    assert (await client_of(running).ask_tcp(FOUND))[8:12] == FOUND[8:12]


async def test_idle_connections_leave_service_unharmed(client):
    """220 idle connections stopped Handle.Net's TCP; here the next client is answered."""
    idle = [await client.tcp() for _ in range(220)]

    assert (await client.ask_tcp(FOUND))[8:12] == FOUND[8:12]
    for _reader, writer in idle:
        writer.close()


async def test_the_longest_idle_connection_makes_room(start_node, client_of):
    """At the cap of an address a newcomer is served and the oldest idle one closed."""
    running = await start_node(limits=replace(LimitsSection(), connections_per_address=4))
    client = client_of(running)
    first, *rest = [await client.tcp() for _ in range(4)]

    assert (await client.ask_tcp(FOUND))[8:12] == FOUND[8:12]
    assert await closed(first[0])
    for _reader, writer in (first, *rest):
        writer.close()


async def test_no_room_without_an_idle_neighbour(start_node, client_of):
    """When every connection is busy the newcomer goes, and is counted."""
    running = await start_node(limits=replace(LimitsSection(), connections=1))
    client = client_of(running)
    _reader, busy = await client.tcp()
    busy.write(FOUND[:30])
    await until(lambda: running._table.busy)
    late, writer = await client.tcp()

    assert await closed(late)
    assert running.metrics.limited["connections"] == 1
    busy.close()
    writer.close()


async def test_a_busy_address_is_told_so(start_node, client_of, frame, monkeypatch):
    """Over TCP a rate limit is code 3, never silence, however much is over it."""
    monkeypatch.setattr(tcp, "REFUSED_PAUSE_S", 0)
    guard = GuardSection(trusted_networks=(), validated_per_s=1, network_per_s=1_000)
    running = await start_node(guard=guard)
    reader, writer = await client_of(running).tcp()
    writer.write(b"".join(frame("88.118.8/A1", number) for number in range(2 * tcp.REFUSED_AT_ONCE)))

    answers = [await client_of(running).read_frame(reader) for _ in range(2 * tcp.REFUSED_AT_ONCE)]

    assert [int.from_bytes(answer[24:28], "big") for answer in answers] == [1, 1] + [3] * (2 * tcp.REFUSED_AT_ONCE - 2)
    writer.close()


async def test_a_busy_address_is_not_read_for_a_while(start_node, client_of, frame, monkeypatch):
    """A few refusals, which cost more than answers; then others have their turn."""
    monkeypatch.setattr(tcp, "REFUSED_PAUSE_S", 3_600)
    running = await start_node(guard=GuardSection(trusted_networks=(), validated_per_s=1, network_per_s=1_000))
    reader, writer = await client_of(running).tcp()
    writer.write(b"".join(frame("88.118.8/A1", number) for number in range(4 * tcp.REFUSED_AT_ONCE)))
    for _ in range(3):
        await client_of(running).read_frame(reader)
    await asyncio.sleep(0.05)

    assert 1 <= running.metrics.limited["rate_connected"] <= tcp.REFUSED_AT_ONCE
    writer.close()


async def test_a_filter_selects_values(client, frame):
    """Indexes and types are a union; the answer holds the wanted values in stored order."""
    answer = await client.ask_tcp(frame("88.118.8/A1", types=("email",)))

    assert b"a@example.com" in answer
    assert b"https" not in answer


async def test_hidden_values_are_challenged_only_without_public_only(client, frame):
    """PO: the public values; no PO and a restricted value: 402 with digest and nonce."""
    public = await client.ask_tcp(frame("88.118.8/secret", flags=0x1900_0000))
    challenged = await client.ask_tcp(frame("88.118.8/secret", flags=0x1000_0000))

    assert public[24:28] == b"\x00\x00\x00\x01"
    assert b"s3cret" not in public
    assert int.from_bytes(challenged[24:28], "big") == 402
    assert challenged[4:8] != b"\x00\x00\x00\x00"


async def test_a_failure_of_ours_costs_one_connection(node, client, monkeypatch):
    """The peer is cut and the others are served; nothing escapes into the loop."""
    real = node._store.read
    monkeypatch.setattr(node._store, "read", lambda: 1 / 0)
    reader, writer = await client.tcp()
    writer.write(FOUND)
    assert await closed(reader)
    monkeypatch.setattr(node._store, "read", real)

    assert node.metrics.closed["failure"] == 1
    assert (await client.ask_tcp(FOUND))[8:12] == FOUND[8:12]
    writer.close()


async def test_costly_questions_do_not_hold_the_loop(node, client, frame, monkeypatch):
    """A batch ends when its time is spent, and the rest is answered in the next ones."""
    monkeypatch.setattr("idis.resolver.chain.BATCH_S_MAX", 0.0)
    reader, writer = await client.tcp()
    writer.write(b"".join(frame("88.118.8/A1", number) for number in range(1, 21)))

    answers = [await client.read_frame(reader) for _ in range(20)]
    assert {int.from_bytes(answer[8:12], "big") for answer in answers} == set(range(1, 21))
    writer.close()
