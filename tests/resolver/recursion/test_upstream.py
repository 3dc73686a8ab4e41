"""Asking real servers on loopback: losses, forgeries, servers that close, two address families."""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
import time
from random import Random

import pytest

from idis.proto.errors import ProtocolError
from idis.proto.identifier import parse_identifier
from idis.proto.outcome import Answer, NotFound, Refused
from idis.proto.query import Query
from idis.resolver.recursion.budget import UPSTREAM_PACKETS_MAX, Budget
from idis.resolver.recursion.event import Failure, Reason, Reply
from idis.resolver.recursion.target import Target
from idis.resolver.recursion.upstream import Upstream, read_response
from tests.waiting import until

QUERY = Query("88.118.8/X", parse_identifier("88.118.8/X"))


def has_ipv6() -> bool:
    """Whether this machine has ::1."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no ::1")


@pytest.fixture
async def upstream():
    """An upstream that is closed at the end."""
    made = Upstream()
    yield made
    await made.close()


def budget() -> Budget:
    """Two seconds from now."""
    return Budget(time.monotonic())


def query(text: str) -> Query:
    """A plain query."""
    return Query(text, parse_identifier(text))


class TestUdp:
    """One datagram each way."""

    async def test_udp_is_asked_first(self, upstream, loopback, world) -> None:
        """One packet, no connection."""
        reply = await upstream.ask(loopback.target(), QUERY, budget())

        assert reply == Reply(Answer(world.encoded(("URL", b"here")), 3_600), loopback.address, "udp")
        assert (upstream.counters.packets, loopback.connections) == (1, 0)

    async def test_a_lost_datagram_is_repeated(self, upstream, loopback) -> None:
        """The same request id goes out again; without TCP the second datagram is the one that is answered."""
        answer = loopback.on_udp
        loopback.on_udp = lambda frame: answer(frame) if len(loopback.udp_frames) > 1 else []

        reply = await upstream.ask(loopback.target(tcp=False), QUERY, budget())

        assert isinstance(reply, Reply)
        assert loopback.udp_frames[0] == loopback.udp_frames[1]

    async def test_silence_on_udp_is_asked_over_tcp(self, upstream, loopback, handlers) -> None:
        """A node that answers unknown sources over TCP only."""
        _answer_with, loopback.on_udp = handlers

        reply = await upstream.ask(loopback.target(), QUERY, budget())

        assert reply.transport == "tcp"
        assert upstream.counters.tcp_fallbacks == 1

    async def test_a_server_silent_on_udp_is_asked_over_tcp_from_then_on(self, upstream, loopback, handlers) -> None:
        """The wait is paid once."""
        _answer_with, loopback.on_udp = handlers
        await upstream.ask(loopback.target(), QUERY, budget())
        sent = len(loopback.udp_frames)

        await upstream.ask(loopback.target(), QUERY, budget())

        assert len(loopback.udp_frames) == sent

    async def test_nobody_there_is_known_at_once(self, upstream, loopback) -> None:
        """The host's refusal ends the wait."""
        await loopback.stop()

        reply = await upstream.ask(loopback.target(tcp=False), QUERY, budget())

        assert isinstance(reply, Failure)
        assert reply.reason is Reason.UNREACHABLE

    async def test_an_answer_of_several_packets_is_put_together(self, upstream, loopback, handlers, world) -> None:
        """2,000 octets need five packets."""
        answer_with, _silence = handlers
        large = Answer(world.encoded(("URL", b"u" * 2_000)), 3_600)
        whole = answer_with(large)

        def in_packets(frame: bytes) -> list[bytes]:
            (answer,) = whole(frame)
            head, body = answer[:12], answer[20:]
            return [
                head[:2] + b"\x22" + head[3:] + number.to_bytes(4, "big") + answer[16:20] + body[at : at + 492]
                for number, at in enumerate(range(0, len(body), 492))
            ]

        loopback.on_udp = in_packets

        assert (await upstream.ask(loopback.target(), QUERY, budget())).outcome == large

    async def test_an_answer_too_long_for_udp_is_fetched_over_tcp(self, upstream, loopback, handlers, world) -> None:
        """More than eight packets are not waited for."""
        answer_with, _silence = handlers
        large = answer_with(Answer(world.encoded(("URL", b"u" * 20_000)), 60))
        loopback.on_tcp = large
        loopback.on_udp = lambda frame: [large(frame)[0][:512]]

        reply = await upstream.ask(loopback.target(), QUERY, budget())

        assert reply.transport == "tcp"


class TestForgeries:
    """What does not match is ignored."""

    async def test_a_forged_request_id_is_ignored(self, upstream, loopback, handlers) -> None:
        """The right answer behind it is taken."""
        answer_with, _silence = handlers
        right, wrong = answer_with(NotFound()), answer_with(Refused(301))

        def forged(frame: bytes) -> list[bytes]:
            bad = wrong(frame)[0]
            return [bad[:8] + bytes([bad[8] ^ 1]) + bad[9:], *right(frame)]

        loopback.on_udp = forged
        reply = await upstream.ask(loopback.target(), QUERY, budget())

        assert reply.outcome == NotFound()
        assert upstream.counters.mismatches == 1

    async def test_an_answer_about_another_identifier_is_ignored(self, upstream, loopback, handlers, world) -> None:
        """The echoed identifier has to be the one asked for."""
        answer_with, _silence = handlers
        other = answer_with(Answer(world.encoded(("URL", b"evil")), 60))
        loopback.on_udp = lambda frame: [other(frame)[0].replace(b"88.118.8/X", b"88.118.8/Y"), *loopback.on_tcp(frame)]

        reply = await upstream.ask(loopback.target(), QUERY, budget())

        assert reply.outcome == Answer(world.encoded(("URL", b"here")), 3_600)
        assert upstream.counters.mismatches == 1

    async def test_garbage_is_ignored(self, upstream, loopback) -> None:
        """Short, long, and everything zero."""
        good = loopback.on_tcp
        loopback.on_udp = lambda frame: [b"", b"x", bytes(300), frame[:40], *good(frame)]

        assert isinstance(await upstream.ask(loopback.target(), QUERY, budget()), Reply)

    async def test_a_request_sent_back_is_no_answer(self, upstream, loopback) -> None:
        """An echo service is no server of ours."""
        good = loopback.on_tcp
        loopback.on_udp = lambda frame: [frame, *good(frame)]

        assert isinstance((await upstream.ask(loopback.target(), QUERY, budget())).outcome, Answer)

    async def test_an_answer_from_another_source_is_never_seen(self, upstream, loopback) -> None:
        """The socket is connected: the kernel drops datagrams of strangers, even perfect ones."""
        stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        answer = loopback.on_tcp

        def tell_stranger(frame: bytes) -> list[bytes]:
            stranger.sendto(answer(frame)[0], loopback.udp_sources[-1])
            return []

        loopback.on_udp = tell_stranger
        reply = await upstream.ask(loopback.target(tcp=False), QUERY, Budget(time.monotonic(), milliseconds=100))
        stranger.close()

        assert isinstance(reply, Failure)
        assert upstream.counters.mismatches == 0

    async def test_source_ports_differ(self, upstream, loopback) -> None:
        """Each question has a socket, and so a port, of its own."""
        for _ in range(8):
            await upstream.ask(loopback.target(), QUERY, budget())

        assert len({port for _host, port in loopback.udp_sources}) > 4

    async def test_request_ids_are_not_counted_up(self, upstream, loopback) -> None:
        """Nobody can guess the next one from the last."""
        for _ in range(8):
            await upstream.ask(loopback.target(), QUERY, budget())
        ids = [int.from_bytes(frame[8:12], "big") for frame in loopback.udp_frames]

        assert len({later - earlier for earlier, later in itertools.pairwise(ids)}) == 7
        assert all(0 < request_id < 2**31 for request_id in ids)

    async def test_garbage_on_tcp_is_a_failure(self, upstream, loopback) -> None:
        """A stream that loses its framing is closed."""
        loopback.on_tcp = lambda _frame: [b"HTTP/1.1 400 Bad Request\r\n\r\n" * 4]

        reply = await upstream.ask(loopback.target(udp=False), QUERY, budget())

        assert isinstance(reply, Failure)


class TestTcp:
    """Connections kept and shared."""

    async def test_one_connection_carries_many_questions(self, upstream, loopback) -> None:
        """Also one after the other."""
        for _ in range(3):
            await upstream.ask(loopback.target(udp=False), QUERY, budget())

        assert (len(loopback.tcp_frames), loopback.connections) == (3, 1)

    async def test_answers_may_come_in_any_order(self, upstream, loopback, handlers, world) -> None:
        """They are matched by request id: here the server answers backwards, when the last question is there."""
        answer_with, _silence = handlers
        by_name = answer_with(lambda query: Answer(world.encoded(("URL", query.spelling.encode())), 60))
        held: list[bytes] = []

        def backwards(frame: bytes) -> list[bytes]:
            held.append(by_name(frame)[0])
            return held[::-1] if len(held) == 5 else []

        loopback.on_tcp = backwards
        names = [f"88.1/{number}" for number in range(5)]
        target = loopback.target(udp=False)
        replies = await asyncio.gather(*(upstream.ask(target, query(name), budget()) for name in names))

        assert [reply.outcome.values for reply in replies] == [world.encoded(("URL", name.encode())) for name in names]
        assert loopback.connections == 1

    async def test_a_server_that_answers_once_and_closes_serves_everybody(self, upstream, loopback) -> None:
        """As Handle.Net does: whoever shared the connection asks again on one of their own."""
        loopback.per_connection = 1
        target = loopback.target(udp=False)

        replies = await asyncio.gather(*(upstream.ask(target, QUERY, budget()) for _ in range(10)))

        assert all(isinstance(reply, Reply) for reply in replies)
        assert loopback.connections == 10

    async def test_a_connection_closed_while_idle_is_replaced(self, upstream, loopback) -> None:
        """The asker does not notice."""
        target = loopback.target(udp=False)
        await upstream.ask(target, QUERY, budget())
        await upstream.ask(target, QUERY, budget())
        loopback.drop()

        assert isinstance(await upstream.ask(target, QUERY, budget()), Reply)
        assert loopback.connections == 2

    async def test_nobody_listens(self, upstream, loopback) -> None:
        """Known at once, with the reason."""
        await loopback.stop()

        reply = await upstream.ask(loopback.target(udp=False), QUERY, budget())

        assert isinstance(reply, Failure)
        assert reply.reason is Reason.UNREACHABLE
        assert reply.text == "connection refused"

    async def test_a_silent_server_is_given_up(self, upstream, loopback, handlers) -> None:
        """Within the deadline of the question, not of the network."""
        _answer_with, loopback.on_tcp = handlers

        reply = await upstream.ask(loopback.target(udp=False), QUERY, Budget(time.monotonic(), milliseconds=100))

        assert isinstance(reply, Failure)
        assert reply.reason is Reason.SILENT

    async def test_more_questions_than_one_connection_takes_open_another(self, upstream, loopback) -> None:
        """128 in flight on each."""
        target = loopback.target(udp=False)
        await upstream.ask(target, QUERY, budget())
        await asyncio.gather(*(upstream.ask(target, QUERY, budget()) for _ in range(200)))

        assert 1 < loopback.connections <= 4


class TestBudgetAndBreaker:
    """What one question may cost, and servers set aside."""

    async def test_without_packets_left_nothing_is_sent(self, upstream, loopback) -> None:
        """The budget is the query's, not the server's."""
        spent = budget()
        for _ in range(UPSTREAM_PACKETS_MAX):
            spent.take_packet()

        reply = await upstream.ask(loopback.target(), QUERY, spent)

        assert isinstance(reply, Failure)
        assert reply.reason is Reason.BUDGET
        assert loopback.udp_frames == []

    async def test_every_packet_is_counted(self, upstream, loopback, handlers) -> None:
        """Two datagrams and the question over TCP."""
        _answer_with, loopback.on_udp = handlers
        mine = budget()
        await upstream.ask(loopback.target(), QUERY, mine)

        assert mine.packets == 3

    async def test_a_server_that_failed_five_times_is_set_aside(self, upstream, loopback) -> None:
        """The sixth question does not reach the network."""
        await loopback.stop()
        target = loopback.target(tcp=False)
        for _ in range(5):
            await upstream.ask(target, QUERY, budget())
        packets = upstream.counters.packets

        reply = await upstream.ask(target, QUERY, budget())

        assert reply.reason is Reason.SET_ASIDE
        assert upstream.counters.packets == packets

    async def test_response_codes_are_counted(self, upstream, loopback, handlers) -> None:
        """For the metrics."""
        answer_with, _silence = handlers
        loopback.on_udp = answer_with(NotFound())
        await upstream.ask(loopback.target(), QUERY, budget())

        assert upstream.counters.codes == {100: 1}


@needs_ipv6
class TestFamilies:
    """IPv6 first, IPv4 soon after."""

    async def test_ipv6_is_preferred(self, upstream, loopback, new_loopback) -> None:
        """IPv4 is not asked when IPv6 answers."""
        six = await new_loopback("::1", loopback.port)
        target = Target(("::1", "127.0.0.1"), loopback.port, loopback.port)

        reply = await upstream.ask(target, QUERY, budget())

        assert reply.peer == f"[::1]:{six.port}"
        assert loopback.udp_frames == []

    async def test_ipv4_joins_when_ipv6_is_silent(self, upstream, loopback, new_loopback, handlers) -> None:
        """After the head start, long before the deadline."""
        six = await new_loopback("::1", loopback.port, tcp=False)
        _answer_with, six.on_udp = handlers
        target = Target(("::1", "127.0.0.1"), loopback.port, 0)
        upstream.health.of(target.key).answered(0.0, 0.5)  # so slow that IPv6 alone would be waited for 1.5 s

        reply = await upstream.ask(target, QUERY, budget())

        assert reply.peer == loopback.address
        assert len(six.udp_frames) == 1

    async def test_ipv4_joins_at_once_when_ipv6_refuses(self, upstream, loopback) -> None:
        """Nobody listens on ::1."""
        target = Target(("::1", "127.0.0.1"), loopback.port, 0)

        reply = await upstream.ask(target, QUERY, budget())

        assert reply.peer == loopback.address


def test_the_same_works_on_uvloop(handlers) -> None:
    """Nodes run on it: datagrams, the change to TCP, and connections that are kept."""
    uvloop = pytest.importorskip("uvloop")
    answer_with, _silence = handlers

    async def ask() -> list[Reply | Failure]:
        server = await asyncio.start_server(_serve_once_and_again, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        deaf = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        deaf.bind(("127.0.0.1", port))
        upstream = Upstream()
        target = Target(("127.0.0.1",), port, port)
        replies = [await upstream.ask(target, QUERY, budget()) for _ in range(2)]
        await upstream.close()
        deaf.close()
        server.close()
        return replies

    async def _serve_once_and_again(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while envelope := await reader.read(20):
            frame = envelope + await reader.readexactly(int.from_bytes(envelope[16:20], "big"))
            writer.write(answer_with(NotFound())(frame)[0])
        writer.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        replies = runner.run(ask())

    assert [(reply.outcome, reply.transport) for reply in replies] == [(NotFound(), "tcp")] * 2


async def test_a_question_that_is_withdrawn_proves_nothing(upstream, loopback, handlers) -> None:
    """Neither an answer nor a failure of the server."""
    _answer_with, loopback.on_udp = handlers
    target = loopback.target(tcp=False)
    asking = asyncio.create_task(upstream.ask(target, QUERY, budget()))
    await until(lambda: loopback.udp_frames)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)

    assert not upstream.health.of(target.key).set_aside(time.monotonic())
    assert upstream.counters.codes == {}


async def test_the_retry_budget_ends_repeats(upstream, loopback, handlers) -> None:
    """A server that lost ten datagrams is asked once per question from then on."""
    _answer_with, loopback.on_udp = handlers
    target = loopback.target(tcp=False)
    health = upstream.health.of(target.key)
    while health.take_retry():
        pass
    mine = Budget(time.monotonic(), milliseconds=300)
    await upstream.ask(target, QUERY, mine)

    assert mine.packets == 1


FORGERIES = int(os.environ.get("IDIS_TEST_FORGERIES", "3000"))


def test_mangled_answers_are_refused_or_read_and_nothing_else(handlers, world) -> None:
    """Flipped, cut and repeated octets: a ProtocolError or a response with the right request id, never another exception."""
    answer_with, _silence = handlers
    question = Upstream().question(Target(("127.0.0.1",), 1, 1), QUERY, budget())
    answers = [
        answer_with(outcome)(question.frame)[0]
        for outcome in (world.sites("a", "b"), world.prefix_referral("a"), NotFound(), Refused(301, "no"), Refused(3))
    ]
    random = Random(20)
    refused = 0
    for number in range(FORGERIES):
        octets = bytearray(random.choice(answers))
        for _ in range(random.randint(1, 4)):
            at = random.randrange(len(octets))
            match random.randrange(4):
                case 0:
                    octets[at] ^= 1 << random.randrange(8)
                case 1:
                    octets[at] = random.choice((0, 1, 0x7F, 0x80, 0xFF))
                case 2:
                    del octets[at : at + random.randint(1, 8)]
                case _:
                    octets[at:at] = octets[at : at + random.randint(1, 8)]
            octets = octets or bytearray(b"\x00")
        try:
            response = read_response(bytes(octets), question, f"forger {number}", "udp")
        except ProtocolError:
            refused += 1
        else:
            assert response.message.request_id == question.request_id

    assert refused > FORGERIES / 2
