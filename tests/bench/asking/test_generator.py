"""Both generators against small servers: what they count, what they refuse to believe, and that a stall cannot hide."""

from __future__ import annotations

import socket
import threading
import time
from array import array
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from idis.bench.asking.histogram import Histogram
from idis.bench.asking.plan import DNS_NO_DATA, DNS_TRUNCATED, Dialect, Frames, Plan
from idis.bench.asking.schedule import fixed_schedule
from idis.bench.asking.tally import Count, Tally

Asked = Callable[[Plan], Tally]
PlanOf = Callable[..., Plan]
Answer = Callable[..., bytes]
Start = Callable[[Callable[[bytes], Any]], Any]

VALUES = bytes.fromhex("00000001 00000001 6b0042b3 00 00015180 0e 00000003 55524c 00000002 6162 00000000")


def _ends(*parts: bytes) -> array[int]:
    return array("Q", (sum(map(len, parts[: place + 1])) for place in range(len(parts))))


def _frames(*questions: bytes, echoes: tuple[bytes, ...] = ()) -> Frames:
    return Frames(b"".join(questions), _ends(*questions), b"".join(echoes), _ends(*echoes))


def _whole(chunk: bytes) -> list[bytes]:
    """The requests of a chunk; the tests' servers get whole ones, being asked for little."""
    requests = []
    while chunk:
        end = 20 + int.from_bytes(chunk[16:20], "big")
        requests.append(chunk[:end])
        chunk = chunk[end:]
    return requests


def test_every_datagram_answered_is_counted(datagrams: Start, plan_of: PlanOf, asked: Asked, answer: Answer) -> None:
    """As many answers as questions, each with both its times, under its code, with its octets."""
    server = datagrams(lambda packet: [answer(packet)])
    tally = asked(plan_of(server.port))

    assert tally[Count.OFFERED] == tally[Count.SENT] == tally[Count.ANSWERED] == 50
    assert tally.code_counts() == {1: 50}
    assert tally.service.total == tally.response.total == 50
    assert (tally[Count.SENT_OCTETS], tally[Count.RECEIVED_OCTETS]) == (50 * 66, 50 * 62)
    assert tally.errors == tally[Count.TIMED_OUT] == 0


def test_every_answer_of_a_stream_is_counted(stream: Start, plan_of: PlanOf, asked: Asked, answer: Answer) -> None:
    """Several connections, several questions under way on each."""
    server = stream(lambda chunk: b"".join(answer(request) for request in _whole(chunk)))
    tally = asked(plan_of(server.port, datagrams=False, connections=3, pipeline=8, questions_max=200))

    assert tally[Count.ANSWERED] == 200
    assert tally[Count.CONNECTS] == 3
    assert tally.errors == 0


def test_answers_of_a_stream_may_come_in_any_order_and_in_pieces(
    stream: Start, plan_of: PlanOf, asked: Asked, answer: Answer
) -> None:
    """Matched by request id, put together from single octets."""
    server = stream(lambda chunk: b"".join(answer(request) for request in reversed(_whole(chunk))))
    slow = _Dripping(server.port)
    tally = asked(plan_of(slow.port, datagrams=False, pipeline=5, questions_max=10))
    slow.close()

    assert tally[Count.ANSWERED] == 10
    assert tally.errors == 0


def test_codes_are_counted_apart(datagrams: Start, plan_of: PlanOf, asked: Asked, answer: Answer) -> None:
    """Not found is an answer; a code beyond all known ones counts as the last."""
    server = datagrams(lambda packet: [answer(packet, code=100 if packet[44:54].endswith(b"A") else 2**31)])
    tally = asked(plan_of(server.port))

    assert tally.code_counts() == {100: 25, 4_095: 25}


def test_answer_with_another_identifier_is_wrong(datagrams: Start, plan_of: PlanOf, asked: Asked, answer: Answer) -> None:
    """It is no answer and has no latency."""
    server = datagrams(lambda packet: [answer(packet).replace(b"88.1/B", b"88.1/A")])
    tally = asked(plan_of(server.port))

    assert (tally[Count.ANSWERED], tally[Count.WRONG_ECHO]) == (25, 25)
    assert tally.response.total == 25


def test_answer_to_another_operation_is_wrong(datagrams: Start, plan_of: PlanOf, asked: Asked, answer: Answer) -> None:
    """A resolution is answered by a resolution."""
    server = datagrams(lambda packet: [answer(packet, opcode=2)])
    tally = asked(plan_of(server.port))

    assert (tally[Count.ANSWERED], tally[Count.WRONG_ECHO]) == (0, 50)


def test_values_learnt_in_the_first_pass_are_compared(
    twin: Any, datagrams: Start, plan_of: PlanOf, asked: Asked, answer: Answer
) -> None:
    """The digest is that of the body; other values than learnt are wrong."""
    changed = threading.Event()

    def reply(packet: bytes) -> list[bytes]:
        return [answer(packet, values=VALUES.replace(b"ab", b"ac") if changed.is_set() else VALUES)]

    server = datagrams(reply)
    expected = array("Q", bytes(16))
    plan = plan_of(server.port, expected=expected)
    asked(replace(plan, learn=True, questions_max=2))
    same = asked(replace(plan, start_ns=time.monotonic_ns() + 10_000_000))
    changed.set()
    other = asked(replace(plan, start_ns=time.monotonic_ns() + 10_000_000))

    assert expected[0] == twin.digest(b"\0\0\0\x0688.1/A" + VALUES + bytes(4))
    assert (same[Count.ANSWERED], same[Count.WRONG_DIGEST]) == (50, 0)
    assert (other[Count.ANSWERED], other[Count.WRONG_DIGEST]) == (0, 50)


def test_answer_in_several_datagrams_counts_once(datagrams: Start, plan_of: PlanOf, asked: Asked, answer: Answer) -> None:
    """When its last packet is there, in whatever order; its digest is that of all of them."""

    def reply(packet: bytes) -> list[bytes]:
        whole = answer(packet, values=bytes(range(200)) * 4)
        pieces = [whole[20:][at : at + 492] for at in range(0, len(whole) - 20, 492)]
        packets = [whole[:2] + b"\x22" + whole[3:12] + number.to_bytes(4, "big") + whole[16:20] + piece
                   for number, piece in enumerate(pieces)]  # fmt: skip
        return packets if packet[8:12] < b"\0\0\0\x40" else packets[::-1]

    server = datagrams(reply)
    expected = array("Q", bytes(16))
    plan = plan_of(server.port, expected=expected, questions_max=20)
    asked(replace(plan, learn=True, questions_max=2))
    tally = asked(replace(plan, start_ns=time.monotonic_ns() + 10_000_000))

    assert all(expected)
    assert (tally[Count.ANSWERED], tally.wrong, tally[Count.STRAY]) == (20, 0, 0)


def test_silence_is_a_time_out_recorded_at_its_value(datagrams: Start, plan_of: PlanOf, asked: Asked) -> None:
    """Every question is lost, and each of them took 50 ms at least."""
    server = datagrams(lambda packet: [])
    tally = asked(plan_of(server.port, questions_max=8, timeout_ns=50_000_000))

    assert (tally[Count.SENT], tally[Count.TIMED_OUT], tally[Count.LATE], tally[Count.ANSWERED]) == (8, 8, 0, 0)
    assert tally.service.total == tally.response.total == 8
    assert tally.service.least >= 49_900_000


def test_late_answer_is_late_and_stays_timed_out(datagrams: Start, plan_of: PlanOf, asked: Asked, answer: Answer) -> None:
    """It is told from an answer that nobody asked for, and is not taken for that of a later question."""
    first: list[bytes] = []

    def reply(packet: bytes) -> list[bytes]:
        if not first:
            first.append(packet)
            time.sleep(0.08)
        return [answer(packet)]

    server = datagrams(reply)
    tally = asked(plan_of(server.port, pipeline=1, questions_max=6, timeout_ns=50_000_000))

    assert tally[Count.TIMED_OUT] >= tally[Count.LATE] >= 1
    assert tally[Count.ANSWERED] + tally[Count.TIMED_OUT] == 6
    assert tally[Count.STRAY] == 0


def test_answers_nobody_asked_for_are_counted(datagrams: Start, plan_of: PlanOf, asked: Asked, answer: Answer) -> None:
    """A second copy of an answer, and one with an id never used."""
    server = datagrams(lambda packet: [answer(packet), answer(packet[:8] + b"\x7f\xff\xff\xff" + packet[12:])])
    tally = asked(plan_of(server.port, pipeline=1, questions_max=20))

    assert tally[Count.ANSWERED] == 20
    assert tally[Count.STRAY] >= 19


def test_a_stall_shows_in_response_time_though_not_in_service_time(
    datagrams: Start, plan_of: PlanOf, asked: Asked, answer: Answer
) -> None:
    """Coordinated omission: with one question at a time a stall of 100 ms delays one service, but a tenth of the schedule.

    At 1,000 a second and one question under way, some hundred questions fall into the stall. The service time of one is
    long, the others leave after it; their response time counts from when they were due.
    """
    stalled: list[float] = []

    def reply(packet: bytes) -> list[bytes]:
        if not stalled and packet[44:54].endswith(b"B"):
            stalled.append(1)
            time.sleep(0.1)
        return [answer(packet)]

    server = datagrams(reply)
    tally = asked(plan_of(server.port, pipeline=1, due=fixed_schedule(1_000, 0.5), duration_ns=500_000_000, questions_max=0))

    def longer_than_half_the_stall(histogram: Histogram) -> int:
        return sum(count for low, _, count in histogram.filled() if low > 50_000_000)

    assert tally[Count.ANSWERED] + tally[Count.UNSENT] == 500
    assert longer_than_half_the_stall(tally.service) >= 1
    assert longer_than_half_the_stall(tally.response) >= longer_than_half_the_stall(tally.service) + 30
    assert tally[Count.HELD] >= 50


def test_open_loop_sends_on_while_answers_are_late(datagrams: Start, plan_of: PlanOf, asked: Asked, answer: Answer) -> None:
    """No question waits for the answer of another: all are sent though none is answered."""
    server = datagrams(lambda packet: [])
    due = fixed_schedule(2_000, 0.2)
    tally = asked(plan_of(server.port, pipeline=1_000, due=due, duration_ns=200_000_000, timeout_ns=50_000_000, questions_max=0))

    assert tally[Count.OFFERED] == tally[Count.SENT] == tally[Count.TIMED_OUT] == 400
    assert tally[Count.HELD] == 0
    assert tally.slip.total == 400


def test_questions_that_could_not_be_sent_count_at_the_time_out(datagrams: Start, plan_of: PlanOf, asked: Asked) -> None:
    """Held back by a full pipeline until the round is over: offered, unsent, and none of them quick."""
    server = datagrams(lambda packet: [])
    due = fixed_schedule(1_000, 0.1)
    tally = asked(plan_of(server.port, pipeline=5, due=due, duration_ns=100_000_000, timeout_ns=300_000_000, questions_max=0))

    assert (tally[Count.OFFERED], tally[Count.SENT], tally[Count.UNSENT]) == (100, 5, 95)
    assert tally.response.total == 100
    assert tally.response.least >= 299_000_000


def test_the_warm_up_is_asked_but_not_counted(datagrams: Start, plan_of: PlanOf, asked: Asked, answer: Answer) -> None:
    """Half of a round is warm-up: the other half is all there is, and the series begins with it."""
    server = datagrams(lambda packet: [answer(packet)])
    due = fixed_schedule(1_000, 0.4)
    tally = asked(plan_of(server.port, due=due, duration_ns=400_000_000, warm_up_ns=200_000_000, pipeline=1_000, questions_max=0))

    assert tally[Count.OFFERED] == tally[Count.ANSWERED] == 200
    assert [tally.interval(number).total for number in range(5)] == [0, 0, 100, 100, 0]


def test_a_server_that_is_not_there_is_an_error(plan_of: PlanOf, asked: Asked) -> None:
    """Connections fail, nothing is sent, and the round ends in its time."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    tally = asked(plan_of(port, datagrams=False, duration_ns=100_000_000, questions_max=0))

    assert tally[Count.CONNECT_FAILED] >= 1
    assert tally[Count.SENT] == tally[Count.ANSWERED] == 0


def test_questions_lost_with_their_connection_are_errors(stream: Start, plan_of: PlanOf, asked: Asked, answer: Answer) -> None:
    """The server hangs up in the middle: what was under way is broken, and a new connection goes on."""
    answered: list[int] = []

    def reply(chunk: bytes) -> bytes | None:
        answered.append(1)
        return None if len(answered) == 3 else b"".join(answer(request) for request in _whole(chunk))

    server = stream(reply)
    tally = asked(plan_of(server.port, datagrams=False, pipeline=2, questions_max=40))

    assert 1 <= tally[Count.BROKEN] <= 2
    assert tally[Count.ANSWERED] + tally[Count.BROKEN] == 40
    assert tally[Count.CONNECTS] == 2


def test_a_new_connection_for_each_question(stream: Start, plan_of: PlanOf, asked: Asked, answer: Answer) -> None:
    """As many connections as questions, and nothing broken."""
    server = stream(lambda chunk: answer(chunk))
    tally = asked(plan_of(server.port, datagrams=False, connections=2, pipeline=9, reconnect=True, questions_max=20))

    assert tally[Count.ANSWERED] == 20
    assert tally[Count.CONNECTS] >= 20
    assert tally[Count.BROKEN] == 0


def test_a_stream_of_impossible_lengths_is_ended(stream: Start, plan_of: PlanOf, asked: Asked) -> None:
    """Four octets must not make the generator wait for gigabytes."""
    server = stream(lambda chunk: chunk[:16] + b"\xff\xff\xff\xff")
    tally = asked(plan_of(server.port, datagrams=False, pipeline=1, duration_ns=100_000_000, questions_max=0))

    assert tally[Count.MALFORMED] >= 1
    assert tally[Count.BROKEN] == tally[Count.MALFORMED]
    assert tally[Count.ANSWERED] == 0


@pytest.mark.parametrize("seed", range(3))
def test_garbage_is_counted_and_survived(
    datagrams: Start, stream: Start, plan_of: PlanOf, asked: Asked, answer: Answer, seed: int
) -> None:
    """Answers with octets changed, cut and doubled, over both transports; the run ends and every question is accounted for."""
    random = Random(seed)

    def mangled(packet: bytes) -> bytes:
        octets = bytearray(answer(packet, values=VALUES))
        for _ in range(random.randrange(4)):
            octets[random.randrange(len(octets))] = random.randrange(256)
        return bytes(octets[: random.randrange(len(octets)) + 1] if random.random() < 0.3 else octets)

    by_datagram = asked(plan_of(datagrams(lambda packet: [mangled(packet)] * random.randrange(3)).port,
                                timeout_ns=20_000_000, questions_max=200, pipeline=16))  # fmt: skip
    by_stream = asked(plan_of(stream(lambda chunk: b"".join(map(mangled, _whole(chunk)))).port, datagrams=False,
                              timeout_ns=20_000_000, duration_ns=200_000_000, questions_max=100))  # fmt: skip

    for tally in (by_datagram, by_stream):
        ended = tally[Count.ANSWERED] + tally[Count.TIMED_OUT] + tally[Count.BROKEN] + tally.wrong
        assert ended == tally[Count.SENT] > 0


@pytest.mark.parametrize(
    ("dialect", "question", "written"),
    [
        (Dialect.HTTP, b"GET /api/handles/a/b HTTP/1.1\r\n\r\n", b'HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{"a":"a/b"}'),
        (
            Dialect.HTTP,
            b"GET /api/handles/a/b HTTP/1.1\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na/b\r\n0\r\n\r\n",
        ),
        (Dialect.RESP, b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n", b"$3\r\nabc\r\n"),
        (
            Dialect.DNS,
            bytes.fromhex("0013 0000 0000 0001 0000 0000 0000 0161 00 0010 0001"),
            bytes.fromhex("0013 0081 8400 0001 0000 0000 0000 0161 00 0010 0001"),
        ),
    ],
)
def test_garbage_of_other_dialects_is_survived(
    stream: Start, plan_of: PlanOf, asked: Asked, dialect: Dialect, question: bytes, written: bytes
) -> None:
    """Changed and cut anywhere; the run ends and every question is accounted for."""
    random = Random(1)

    def mangled(_chunk: bytes) -> bytes:
        octets = bytearray(written)
        for _ in range(random.randrange(3)):
            octets[random.randrange(len(octets))] = random.randrange(256)
        return bytes(octets[: random.randrange(len(octets)) + 1] if random.random() < 0.2 else octets)

    frames = _frames(question, echoes=(b"a/b",) if dialect is Dialect.HTTP else ())
    plan = plan_of(stream(mangled).port, dialect=dialect, datagrams=False, frames=frames, timeout_ns=20_000_000)
    tally = asked(replace(plan, duration_ns=200_000_000, questions_max=100, expected=array("Q", [0])))

    ended = tally[Count.ANSWERED] + tally[Count.TIMED_OUT] + tally[Count.BROKEN] + tally.wrong
    assert ended == tally[Count.SENT] > 0


@pytest.mark.parametrize(
    ("written", "code"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"handle\":\"a/b\"", 200),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"handle\r\n7\r\n\":\"a/b\"\r\n0\r\n\r\n", 200),
        (b"HTTP/1.1 404 Not Found\r\nserver: x\r\ncontent-length: 0\r\n\r\n", 404),
    ],
)  # fmt: skip
def test_http_answers_are_read(stream: Start, plan_of: PlanOf, asked: Asked, written: bytes, code: int) -> None:
    """With a length, in chunks, and without a body; on one connection."""
    server = stream(lambda chunk: written * chunk.count(b"\r\n\r\n"))
    frames = _frames(b"GET /api/handles/a/b HTTP/1.1\r\n\r\n", echoes=(b"a/b",))
    tally = asked(plan_of(server.port, dialect=Dialect.HTTP, datagrams=False, frames=frames, pipeline=1))

    assert tally.code_counts() == {code: 50}
    assert (tally[Count.CONNECTS], tally.errors) == (1, 0)


def test_http_answer_without_the_identifier_is_wrong(stream: Start, plan_of: PlanOf, asked: Asked) -> None:
    """A page about something else is no answer."""
    server = stream(lambda chunk: b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na/c")
    frames = _frames(b"GET /api/handles/a/b HTTP/1.1\r\n\r\n", echoes=(b"a/b",))
    tally = asked(plan_of(server.port, dialect=Dialect.HTTP, datagrams=False, frames=frames, pipeline=1))

    assert (tally[Count.ANSWERED], tally[Count.WRONG_ECHO]) == (0, 50)


def test_http_connection_that_the_server_ends_is_opened_again(stream: Start, plan_of: PlanOf, asked: Asked) -> None:
    """`Connection: close` is no error."""
    server = stream(lambda chunk: b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
    frames = _frames(b"GET /api/handles/a/b HTTP/1.1\r\n\r\n")
    tally = asked(plan_of(server.port, dialect=Dialect.HTTP, datagrams=False, frames=frames, pipeline=1, questions_max=10))

    assert (tally[Count.ANSWERED], tally[Count.BROKEN]) == (10, 0)
    assert tally[Count.CONNECTS] >= 10


@pytest.mark.parametrize(("written", "code"), [(b"$3\r\nabc\r\n", 1), (b"$-1\r\n", 100), (b"-ERR no\r\n", 2)])
def test_redis_answers_are_read(stream: Start, plan_of: PlanOf, asked: Asked, written: bytes, code: int) -> None:
    """A value, nothing, an error."""
    server = stream(lambda chunk: written * chunk.count(b"GET"))
    frames = _frames(b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n")
    tally = asked(plan_of(server.port, dialect=Dialect.RESP, datagrams=False, frames=frames, pipeline=8))

    assert tally.code_counts() == {code: 50}
    assert tally.errors == 0


def test_without_request_ids_a_time_out_ends_the_connection(stream: Start, plan_of: PlanOf, asked: Asked) -> None:
    """Otherwise the next answer would be taken for the missing one."""
    answered: list[int] = []

    def reply(chunk: bytes) -> bytes:
        answered.append(1)
        return b"" if len(answered) == 2 else b"$1\r\na\r\n"

    server = stream(reply)
    frames = _frames(b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n")
    tally = asked(plan_of(server.port, dialect=Dialect.RESP, datagrams=False, frames=frames, pipeline=1, questions_max=6,
                          timeout_ns=50_000_000))  # fmt: skip

    assert (tally[Count.ANSWERED], tally[Count.TIMED_OUT], tally[Count.CONNECTS]) == (5, 1, 2)


@pytest.mark.parametrize("by_datagrams", [True, False])
def test_dns_answers_are_read(datagrams: Start, stream: Start, plan_of: PlanOf, asked: Asked, by_datagrams: bool) -> None:
    """The question stands in the answer, the response code in its head; over TCP both stand behind their length."""
    question = bytes.fromhex("0000 0000 0001 0000 0000 0000 0161 00 0010 0001")
    missing = bytes.fromhex("0000 0000 0001 0000 0000 0000 0162 00 0010 0001")

    def reply(message: bytes) -> bytes:
        head = bytes.fromhex("8400 0001 0001" if b"\x01a" in message else "8403 0001 0000")
        return message[:2] + head + message[8:]

    def replies(chunk: bytes) -> bytes:
        size = 2 + len(question)
        return b"".join(chunk[at : at + 2] + reply(chunk[at + 2 : at + size]) for at in range(0, len(chunk), size))

    port = datagrams(lambda packet: [reply(packet)]).port if by_datagrams else stream(replies).port
    head = b"" if by_datagrams else len(question).to_bytes(2, "big")
    frames = _frames(head + question, head + missing)
    tally = asked(plan_of(port, dialect=Dialect.DNS, datagrams=by_datagrams, frames=frames))

    assert tally.code_counts() == {0: 25, 3: 25}
    assert tally.errors == 0


@pytest.mark.parametrize(("head", "code"), [("8600 0001 0000", DNS_TRUNCATED), ("8400 0001 0000", DNS_NO_DATA)])
def test_dns_answers_that_say_nothing_are_told_apart(
    datagrams: Start, plan_of: PlanOf, asked: Asked, head: str, code: int
) -> None:
    """A truncated one, and one without records: both have response code 0."""
    question = bytes.fromhex("0000 0000 0001 0000 0000 0000 0161 00 0010 0001")
    server = datagrams(lambda packet: [packet[:2] + bytes.fromhex(head) + packet[8:]])
    tally = asked(plan_of(server.port, dialect=Dialect.DNS, frames=_frames(question)))

    assert tally.code_counts() == {code: 50}


def test_dns_answer_to_another_question_is_wrong(datagrams: Start, plan_of: PlanOf, asked: Asked) -> None:
    """Its id alone does not make it one."""
    question = bytes.fromhex("0000 0000 0001 0000 0000 0000 0161 00 0010 0001")
    server = datagrams(lambda packet: [packet[:2] + b"\x84\x00" + packet[4:].replace(b"\x01a", b"\x01b")])
    tally = asked(plan_of(server.port, dialect=Dialect.DNS, frames=_frames(question)))

    assert (tally[Count.ANSWERED], tally[Count.WRONG_ECHO]) == (0, 50)


def test_waiting_is_not_being_busy(datagrams: Start, plan_of: PlanOf, asked: Asked, answer: Answer) -> None:
    """At ten questions a second the generator does next to nothing, and its busy share says so."""
    server = datagrams(lambda packet: [answer(packet)])
    tally = asked(plan_of(server.port, due=fixed_schedule(10, 0.5), duration_ns=500_000_000, questions_max=0))

    assert 0 <= tally.busy < 0.9
    assert tally[Count.LOOP_NS] >= 400_000_000


def test_the_series_holds_every_response(datagrams: Start, plan_of: PlanOf, asked: Asked, answer: Answer) -> None:
    """The intervals add up to the whole."""
    server = datagrams(lambda packet: [answer(packet)])
    tally = asked(plan_of(server.port, due=fixed_schedule(500, 0.3), duration_ns=300_000_000, pipeline=1_000, questions_max=0))

    assert sum(tally.interval(number).total for number in range(tally.intervals)) == tally.response.total == 150


class _Dripping:
    """Passes a stream on octet by octet, both ways."""

    def __init__(self, port: int) -> None:
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        self._far = port
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        near, _ = self._door.accept()
        far = socket.create_connection(("127.0.0.1", self._far))
        threading.Thread(target=_drip, args=(near, far, 65_536), daemon=True).start()
        near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _drip(far, near, 1)

    def close(self) -> None:
        """Take no more."""
        self._door.close()


def _drip(source: socket.socket, sink: socket.socket, size: int) -> None:
    try:
        while octets := source.recv(4_096):
            for at in range(0, len(octets), size):
                sink.sendall(octets[at : at + size])
    except OSError:
        pass
