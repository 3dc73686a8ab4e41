"""Connections that the compiled step reads, on live nodes and on both event loops: every deadline and bound of `tcp.py` holds."""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import suppress
from dataclasses import replace

import pytest

from tests.waiting import WAIT_S_MAX, until

pytest.importorskip("idis.proto._speedups", reason="the compiled hot path is not loaded", exc_type=ImportError)

from idis.resolver.config import GuardSection, LimitsSection

# Only for those who are to be cut: on a busy machine a client that is in a hurry is as slow.
IMPATIENT = LimitsSection(header_ms=100, body_ms=200)
pytestmark = pytest.mark.filterwarnings("ignore:Overriding the")


@pytest.fixture(params=["asyncio", "uvloop"])
def event_loop_policy(request):
    """A node serves on uvloop where that is installed, and on asyncio elsewhere."""
    if request.param == "asyncio":
        return asyncio.DefaultEventLoopPolicy()
    return pytest.importorskip("uvloop").EventLoopPolicy()


async def ready(node) -> None:
    """Wait until the index answers."""
    assert await until(lambda: node._hot_path.accelerator.answers.fresh())


def pooled(node) -> int:
    """How many connections the compiled step reads."""
    return sum(len(streams._pool._connections) for streams in node._tcp)


class Peer:
    """A connection that has asked twice, so that it is in the pool."""

    def __init__(self, client, frame) -> None:
        self._client, self._frame = client, frame

    async def __aenter__(self) -> Peer:
        self.reader, self.writer = await self._client.tcp()
        await self.ask("88.118.8/A1")
        await self.ask("88.118.8/A1")
        return self

    async def __aexit__(self, *_failure: object) -> None:
        self.writer.close()

    async def ask(self, name: str, number: int = 7, **asked) -> bytes:
        """One question and its answer."""
        self.writer.write(self._frame(name, number, **asked))
        return await self.read()

    async def read(self) -> bytes:
        """The next answer."""
        return await self._client.read_frame(self.reader)

    async def closed(self) -> bool:
        """Whether the node closes in time."""
        with suppress(ConnectionError):
            async with asyncio.timeout(WAIT_S_MAX):
                while await self.reader.read(65_536):
                    pass
        return True


@pytest.fixture
def peer_of(client_of, frame):
    """Makes pooled connections to a node."""
    return lambda node: Peer(client_of(node), frame)


@pytest.fixture
async def node(start_node):
    """A node whose index answers."""
    running = await start_node()
    await ready(running)
    return running


@pytest.fixture
async def impatient(start_node):
    """One that waits for nobody."""
    running = await start_node(limits=IMPATIENT)
    await ready(running)
    return running


async def test_who_asks_again_is_read_together_with_others(node, peer_of, code):
    """Many connections are in the pool after their second question, and leave it when they are closed."""
    peers = [peer_of(node) for _ in range(40)]
    for peer in peers:
        await peer.__aenter__()
    held = pooled(node)
    codes = [code(answer) for answer in await asyncio.gather(*(peer.ask("88.118.8/A1") for peer in peers))]
    for peer in peers:
        await peer.__aexit__()
    assert await until(lambda: not node.metrics.connections["tcp"])

    assert (held, codes, pooled(node)) == (40, [1] * 40, 0)


async def test_one_question_does_not_enter_the_pool(node, client_of, frame):
    """It would cost more than it saves."""
    await client_of(node).ask_tcp(frame("88.118.8/A1"))

    assert pooled(node) == 0


async def test_questions_of_every_kind_are_answered_in_the_pool(node, peer_of, frame, code):
    """What the step does not know comes back from Python, and the connection stays."""
    async with peer_of(node) as peer:
        names = ["88.118.8/A1", "88.118.8/nobody", "88.118.8/big", "99.9/x"] * 30
        peer.writer.write(b"".join(frame(name, number) for number, name in enumerate(names)))
        answers = [await peer.read() for _ in names]
        codes = {int.from_bytes(answer[8:12], "big"): code(answer) for answer in answers}

        assert [codes[number] for number in range(len(names))] == [1, 100, 1, 301] * 30
        assert code(await peer.ask("88.118.8/A1")) == 1
        assert pooled(node) == 1


async def test_octets_may_come_one_by_one(node, peer_of, frame, code):
    """Common or not, a question is the same however it is cut."""
    async with peer_of(node) as peer:
        codes = []
        for name in ("88.118.8/A1", "88.118.8/nobody", "88.118.8/A1"):
            for octet in frame(name):
                peer.writer.write(bytes((octet,)))
                await peer.writer.drain()
                await asyncio.sleep(0)
            codes.append(code(await peer.read()))

    assert codes == [1, 100, 1]


@pytest.mark.parametrize("name", ["88.118.8/A1", "88.118.8/nobody"], ids=["common", "uncommon"])
async def test_a_frame_cut_behind_another_is_finished(node, peer_of, frame, code, name):
    """What has come of the next frame goes with the connection, wherever it is read."""
    async with peer_of(node) as peer:
        octets = frame(name) + frame("88.118.8/A1")
        codes = []
        for cut in range(0, len(octets), 7):
            peer.writer.write(octets[:cut])
            await asyncio.sleep(0.001)
            peer.writer.write(octets[cut:])
            codes.append({code(await peer.read()) for _ in range(2)})

    assert codes == [{1} if name.endswith("A1") else {1, 100}] * len(codes)


async def test_a_large_message_passes_the_pool(node, peer_of, frame, code):
    """A frame longer than the pool keeps is finished by the transport, then the pool reads on."""
    async with peer_of(node) as peer:
        large = frame("88.118.8/A1", types=tuple(f"type-{number:05}" for number in range(2_000)))
        for start in range(0, len(large), 5_000):
            peer.writer.write(large[start : start + 5_000])
            await peer.writer.drain()
            await asyncio.sleep(0.002)
        first = code(await peer.read())
        await peer.ask("88.118.8/A1")

        assert first in (4, 200)
        assert code(await peer.ask("88.118.8/A1")) == 1
        assert pooled(node) == 1


@pytest.mark.parametrize(("size", "reason"), [(10, "header"), (60, "body")])
async def test_a_slow_frame_is_cut(impatient, peer_of, frame, reason, size):
    """The deadlines of a frame hold in the pool, however often an octet comes."""
    async with peer_of(impatient) as peer:
        octets = frame("88.118.8/A1" * 9)
        peer.writer.write(octets[:size])
        for octet in octets[size : size + 10]:
            await asyncio.sleep(0.01)
            if not peer.writer.is_closing():  # cut already, where this machine was slower than the deadline
                peer.writer.write(bytes((octet,)))

        assert await peer.closed()
    assert impatient.metrics.closed[reason] == 1


async def test_an_idle_connection_is_closed(node, peer_of):
    """Who asks no more gives its place back."""
    async with peer_of(node) as peer:
        node._table.sweep(time.monotonic() + node._table.idle_s)
        assert await peer.closed()
    assert (node.metrics.closed["idle"], pooled(node)) == (1, 0)


async def test_an_active_connection_is_not_idle(node, peer_of):
    """Questions that only the compiled step sees keep it open, where one that was silent since then is closed."""
    async with peer_of(node) as silent, peer_of(node) as active:
        now = time.monotonic()
        await active.ask("88.118.8/A1")
        node._table.sweep(now + node._table.idle_s)

        assert await silent.closed()
        assert (await active.ask("88.118.8/A1"))[24:28] == b"\x00\x00\x00\x01"
    assert node.metrics.closed["idle"] == 1


async def test_the_longest_idle_connection_makes_room(start_node, peer_of, client_of, frame):
    """The table knows who was active in the pool."""
    node = await start_node(limits=replace(LimitsSection(), connections_per_address=2))
    await ready(node)
    async with peer_of(node) as first, peer_of(node) as second:
        await asyncio.sleep(0.06)
        await first.ask("88.118.8/A1")
        await client_of(node).ask_tcp(frame("88.118.8/A1"))

        assert await second.closed()
        assert (await first.ask("88.118.8/A1"))[24:28] == b"\x00\x00\x00\x01"


async def test_a_half_closed_connection_gets_its_answer(node, peer_of, frame, code):
    """The end of the questions is not the end of the answers."""
    async with peer_of(node) as peer:
        peer.writer.write(frame("88.118.8/A1") + frame("88.118.8/nobody"))
        peer.writer.write_eof()

        assert [code(await peer.read()) for _ in range(2)] == [1, 100]
        assert await peer.reader.read() == b""


async def test_a_broken_frame_is_refused_and_the_connection_closed(node, peer_of, frame, code):
    """What stands before it is answered."""
    async with peer_of(node) as peer:
        peer.writer.write(frame("88.118.8/A1") + bytes.fromhex("0203020b 00000000 00000008 00000000 7fffffff"))

        assert [code(await peer.read()) for _ in range(2)] == [1, 4]
        assert await peer.reader.read() == b""
    assert node.metrics.closed["malformed"] == 1


@pytest.mark.parametrize("name", ["88.118.8/big", "88.118.8/nobody"], ids=["common", "uncommon"])
async def test_a_client_that_does_not_read_is_cut(start_node, peer_of, frame, name):
    """It is no longer read once a megabyte waits for it; others are served meanwhile."""
    node = await start_node(limits=LimitsSection(write_stall_ms=200))
    await ready(node)
    loop = asyncio.get_running_loop()
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        deaf.setblocking(False)
        await loop.sock_connect(deaf, ("127.0.0.1", node.port))
        for _ in range(2):
            await loop.sock_sendall(deaf, frame("88.118.8/A1"))
            await loop.sock_recv(deaf, 2_048)
        sending = asyncio.create_task(loop.sock_sendall(deaf, frame(name) * 300_000))
        async with peer_of(node) as other:
            await other.ask("88.118.8/A1")
        with pytest.raises(ConnectionError):
            async with asyncio.timeout(WAIT_S_MAX):
                await sending

    assert node.metrics.closed["stalled"] == 1


async def test_a_client_that_reads_late_gets_every_answer(start_node, peer_of, frame):
    """What the peer did not take at once comes later, each octet once, and then the pool reads it again."""
    node = await start_node()
    await ready(node)
    async with peer_of(node) as peer:
        for start in range(0, 3_000, 500):
            peer.writer.write(b"".join(frame("88.118.8/big", number) for number in range(start, start + 500)))
        await asyncio.sleep(0.2)
        answers = [await peer.read() for _ in range(3_000)]
        for _ in range(3):
            await peer.ask("88.118.8/A1")

        assert {int.from_bytes(answer[8:12], "big") for answer in answers} == set(range(3_000))
        assert {len(answer) for answer in answers} == {len(answers[0])}
        assert pooled(node) == 1


async def test_a_busy_address_is_told_so(start_node, peer_of, frame, code):
    """In the pool a rate limit is code 3, never silence, and what the pool answers is counted against it."""
    guard = GuardSection(trusted_networks=(), validated_per_s=4, network_per_s=1_000)
    node = await start_node(guard=guard)
    await ready(node)
    async with peer_of(node) as peer:
        held = pooled(node)
        peer.writer.write(b"".join(frame("88.118.8/A1", number) for number in range(1, 20)))
        codes = [code(await peer.read()) for _ in range(19)]

    assert held == 1
    assert codes.count(1) in (8, 9)  # ten at first, two of them taken before
    assert codes[-5:] == [3] * 5


async def test_a_question_over_tcp_proves_the_address(start_node, peer_of):
    """Whoever answers it: from then on datagrams of that address are believed."""
    node = await start_node(guard=GuardSection(trusted_networks=()))
    await ready(node)
    sources = node._service.sources
    async with peer_of(node) as peer:
        proven = sources.of("127.0.0.1").proven_until
        await asyncio.sleep(0.01)
        await peer.ask("88.118.8/A1")

        assert sources.of("127.0.0.1").proven_until > proven


async def test_answers_are_counted_once(node, peer_of, frame):
    """By code and transport, whoever gave them."""
    async with peer_of(node) as peer:
        peer.writer.write((frame("88.118.8/A1") + frame("88.118.8/nobody")) * 50)
        for _ in range(100):
            await peer.read()

    counted = node.metrics.gathered()
    assert (counted.answered["tcp", 1], counted.answered["tcp", 100]) == (52, 50)


async def test_a_failure_of_the_step_cuts_who_it_read(node, peer_of, client_of, frame, monkeypatch):
    """Their octets are lost, so they are closed; the next connection is served as ever."""
    async with peer_of(node) as one, peer_of(node) as other:
        with monkeypatch.context() as failing:
            failing.setattr(type(node._hot_path.accelerator.answers), "fresh", lambda _self: 1 / 0)
            one.writer.write(frame("88.118.8/A1"))
            assert await one.closed()
            assert await other.closed()
        async with peer_of(node) as third:
            assert (await third.ask("88.118.8/A1"))[24:28] == b"\x00\x00\x00\x01"

    assert node.metrics.closed["failure"] == 2


async def test_a_stop_answers_what_has_arrived(node, peer_of, frame, code):
    """And closes the connections of the pool with the others."""
    async with peer_of(node) as peer:
        peer.writer.write(frame("88.118.8/A1"))
        await peer.writer.drain()
        await node.stop()

        assert code(await peer.read()) == 1
        assert await peer.reader.read() == b""
