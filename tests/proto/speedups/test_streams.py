"""Streams: what `process` would answer, for many connections in one step; the rest is handed over whole and in order."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator

import pytest

pytest.importorskip("idis.proto._speedups", reason="the compiled hot path is not loaded", exc_type=ImportError)

from hot_differential import damaged
from hot_questions import NAMES, NOW, SERIAL, corpus, make_index, question, twin

from idis.proto._speedups import STREAM_REST_BYTES_MAX, STREAMS_MAX, AnswerIndex, Counters, Streams
from idis.proto.connection import Connection

CORPUS = corpus()
COMMON = question("88.118.8/a1")
ABSENT = question("88.118.8/nobody")
ANSWER = twin(COMMON)[1]  # type: ignore[index]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AnswerIndex]:
    """The table, mapped."""
    index = make_index(tmp_path_factory.mktemp("index") / "index")
    yield index
    index.close()


class Link:
    """Both ends of a connection; the near one is watched."""

    def __init__(self, streams: Streams, *, limited: bool = False) -> None:
        self.near, self.far = socket.socketpair()
        self.near.setblocking(False)
        self.far.setblocking(False)
        self.fd = self.near.fileno()
        streams.add(self.fd, limited, 1.0)

    def received(self) -> bytes:
        """What has come back."""
        octets = b""
        try:
            while piece := self.far.recv(1 << 20):
                octets += piece
        except BlockingIOError:
            pass
        return octets

    def close(self) -> None:
        """Both ends."""
        self.near.close()
        self.far.close()


@pytest.fixture
def streams() -> Streams:
    """None is watched."""
    return Streams()


@pytest.fixture
def link(streams: Streams) -> Iterator[Link]:
    """One connection."""
    link = Link(streams)
    yield link
    link.close()


def step(streams: Streams, index: AnswerIndex | None, *, monotonic: float = 1.0, **asked):
    """One step, with a clock and a serial."""
    return streams.drain(index, NOW, monotonic, SERIAL, Counters(), **asked)


def expected(octets: bytes) -> tuple[bytes, bytes, bytes]:
    """Answers; what is handed over, from the first frame that Python must answer on; what is kept of an unfinished frame."""
    connection = Connection(65_536)
    answers, at = b"", 0
    for frame in connection.receive_data(octets):
        answer = twin(frame)
        if answer is None:
            return answers, octets[at:], b""
        answers += answer[1]
        at += len(frame)
    if connection.error is not None or len(octets) - at > STREAM_REST_BYTES_MAX:
        return answers, octets[at:], b""
    return answers, b"", octets[at:]


def test_many_streams_are_answered_in_one_step(streams: Streams, index: AnswerIndex) -> None:
    """As many as a step reads, each with its own answers."""
    links = [Link(streams) for _ in range(STREAMS_MAX)]
    for number, link in enumerate(links):
        link.far.send(question("88.118.8/a1", request_id=number) * (number % 3 + 1))

    ready, answered, handed, _ = step(streams, index)
    answers = [twin(question("88.118.8/a1", request_id=number))[1] * (number % 3 + 1) for number in range(STREAMS_MAX)]

    assert (ready, answered, handed) == (STREAMS_MAX, sum(number % 3 + 1 for number in range(STREAMS_MAX)), [])
    assert [link.received() for link in links] == answers
    for link in links:
        link.close()


@pytest.mark.timeout(0)
def test_both_paths_agree_on_damaged_streams(request: pytest.FixtureRequest, index: AnswerIndex) -> None:
    """Several streams a step, of damaged buffers cut anywhere: the same answers, the same octets handed over and kept."""
    streams, choose = Streams(), random.Random(7)
    links = [Link(streams) for _ in range(8)]
    kept = {link.fd: b"" for link in links}
    findings, answered = [], 0
    steps = request.config.getoption("--differential-buffers", default=20_000) // 4
    for buffer in damaged(11, steps):
        chosen = choose.sample(links, choose.randrange(1, 9))
        for link in chosen:
            piece = (buffer or b"\0")[:10_000]  # all of it comes in one step
            piece = piece[: choose.randrange(1, len(piece) + 1)] if choose.random() < 0.3 else piece
            link.far.send(piece)
            kept[link.fd] += piece
        wanted = {link.fd: expected(kept[link.fd]) for link in chosen}
        _, count, handed, _ = step(streams, index)
        answered += count
        given = {fd: received for fd, received, _, _ in handed}
        for link in chosen:
            answers, over, rest = wanted[link.fd]
            if (link.received(), given.get(link.fd, b""), streams.state(link.fd)[2]) != (answers, over, len(rest)):
                findings.append(kept[link.fd].hex())
            kept[link.fd] = rest
    for link in links:
        link.close()

    assert findings == []
    assert answered > steps // 4


@pytest.mark.parametrize("frames", [1, 63, 64, 65, 150])
def test_batches_end_anywhere(streams: Streams, index: AnswerIndex, frames: int) -> None:
    """A stream's answers leave whole and in order, however its frames fall into batches."""
    links = [Link(streams) for _ in range(3)]
    asked = [b"".join(question("88.118.8/A2", request_id=number) for number in range(frames)) for _ in links]
    for link, octets in zip(links, asked, strict=True):
        link.far.send(octets)
    answers, seen = expected(asked[0])[0], [b""] * 3
    for _ in range(6):
        step(streams, index)
        seen = [before + link.received() for before, link in zip(seen, links, strict=True)]

    assert seen == [answers] * 3
    for link in links:
        link.close()


def test_what_is_not_common_is_handed_over_with_what_follows(streams: Streams, index: AnswerIndex, link: Link) -> None:
    """Answers before it have left; order is Python's from there on, and the stream stays watched."""
    link.far.send(COMMON + ABSENT + COMMON)

    assert step(streams, index)[1:3] == (1, [(link.fd, ABSENT + COMMON, b"", False)])
    assert link.received() == ANSWER
    link.far.send(COMMON)
    assert step(streams, index)[1:3] == (1, [])


def test_an_unfinished_frame_is_kept(streams: Streams, index: AnswerIndex, link: Link) -> None:
    """Octet by octet, it is answered when it is whole."""
    for octet in COMMON[:-1]:
        link.far.send(bytes((octet,)))
        assert step(streams, index)[1:3] == (0, [])
    link.far.send(COMMON[-1:])

    assert step(streams, index)[1:3] == (1, [])
    assert link.received() == ANSWER


def test_a_long_unfinished_frame_is_handed_over(streams: Streams, index: AnswerIndex, link: Link) -> None:
    """No common question is so long."""
    long = COMMON[:16] + (60_000).to_bytes(4, "big") + bytes(STREAM_REST_BYTES_MAX)
    link.far.send(COMMON + long)

    assert step(streams, index)[1:3] == (1, [(link.fd, long, b"", False)])


def test_broken_framing_is_handed_over(streams: Streams, index: AnswerIndex, link: Link) -> None:
    """Python says what broke it; what stands before it is answered."""
    broken = COMMON[:16] + b"\xff\xff\xff\xff"
    link.far.send(COMMON + broken)

    assert step(streams, index)[1:3] == (1, [(link.fd, broken, b"", False)])
    assert link.received() == ANSWER


def test_the_end_of_a_stream_is_handed_over(streams: Streams, index: AnswerIndex, link: Link) -> None:
    """With what has come of its last frame; it is watched no longer."""
    link.far.send(COMMON + COMMON[:30])
    step(streams, index)
    link.far.shutdown(socket.SHUT_WR)

    assert step(streams, index)[2] == [(link.fd, COMMON[:30], b"", True)]
    assert len(streams) == 0


def test_a_peer_that_is_gone_ends_the_stream(streams: Streams, index: AnswerIndex, link: Link) -> None:
    """It asked and closed: nobody is left to send to."""
    link.far.send(COMMON)
    link.far.close()

    assert [(fd, ended) for fd, _, _, ended in step(streams, index)[2]] == [(link.fd, True)]


def test_what_a_peer_does_not_take_is_handed_over(streams: Streams, index: AnswerIndex, link: Link) -> None:
    """Every octet arrives once: those sent, then those handed over; the stream is watched no longer."""
    asked = question("88.118.8/huge") * 100
    link.near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_608)
    link.far.send(asked)
    _, answered, ((fd, received, unsent, ended),), _ = step(streams, index)

    assert (fd, received, ended, answered, len(streams)) == (link.fd, b"", False, 100, 0)
    assert unsent
    assert link.received() + unsent == twin(question("88.118.8/huge"))[1] * 100


def test_answers_of_one_step_are_bounded(index: AnswerIndex) -> None:
    """Past it the frames are Python's, which waits for the peer."""
    streams = Streams(65_536, 1_000)
    link = Link(streams)
    link.far.send(COMMON * 100)
    _, answered, ((_, received, _, _),), _ = step(streams, index)

    assert answered == -(-1_000 // len(ANSWER))
    assert received == COMMON * (100 - answered)
    link.close()


def test_a_limited_stream_gets_what_it_may(streams: Streams, index: AnswerIndex) -> None:
    """Asked before, told before the answers leave; what exceeds it is Python's, which refuses it aloud."""
    link, free = Link(streams, limited=True), Link(streams)
    told = []
    link.far.send(COMMON * 3)
    free.far.send(COMMON * 3)

    def took(fd: int, count: int) -> None:
        told.append((fd, count, link.received()))

    _, answered, handed, _ = step(streams, index, allowed=lambda fd: 2, took=took)

    assert (answered, handed, told) == (5, [(link.fd, COMMON, b"", False)], [(link.fd, 2, b"")])
    assert (link.received(), free.received()) == (ANSWER * 2, ANSWER * 3)
    link.close()
    free.close()


@pytest.mark.parametrize("has_index", [True, False])
def test_without_a_fresh_index_everything_is_python_s(streams: Streams, index: AnswerIndex, link: Link, has_index: bool) -> None:
    """None, or one that is behind."""
    link.far.send(COMMON)
    done = step(streams, index, fresh=lambda: False) if has_index else step(streams, None)

    assert done[1:3] == (0, [(link.fd, COMMON, b"", False)])


def test_freshness_is_asked_after_receiving(streams: Streams, index: AnswerIndex, link: Link) -> None:
    """A question sent after a change must not meet an index looked at before it."""
    asked = []
    step(streams, index, fresh=lambda: bool(asked.append(1)) or True)
    link.far.send(COMMON)
    step(streams, index, fresh=lambda: bool(asked.append(2)) or True)

    assert asked == [2]


def test_python_s_answers_follow_those_that_left(streams: Streams, index: AnswerIndex, link: Link) -> None:
    """In the order in which they were given."""
    link.far.send(COMMON)
    step(streams, index)

    assert streams.write(link.fd, b"python's") == 8
    assert link.received() == ANSWER + b"python's"


def test_removing_gives_back_what_has_come(streams: Streams, index: AnswerIndex, link: Link) -> None:
    """And adding takes it up again."""
    link.far.send(COMMON[:40])
    step(streams, index)
    rest = streams.remove(link.fd)
    streams.add(link.fd, False, 1.0, rest)
    link.far.send(COMMON[40:])

    assert rest == COMMON[:40]
    assert step(streams, index)[1] == 1


def test_times_are_kept(streams: Streams, index: AnswerIndex, link: Link) -> None:
    """Since when a frame is coming, restarted by progress, and when the stream was active; told at most every 50 ms."""
    link.far.send(COMMON[:30])
    first = step(streams, index, monotonic=2.0)[3], streams.state(link.fd)
    link.far.send(COMMON[30:40])
    second = step(streams, index, monotonic=2.01)[3], streams.state(link.fd)
    link.far.send(COMMON[40:] + COMMON[:10])
    third = step(streams, index, monotonic=3.0)[3], streams.state(link.fd)
    link.far.send(COMMON[10:])
    step(streams, index, monotonic=4.0)

    assert first == ([link.fd], (2.0, 2.0, 30))
    assert second == ([], (2.01, 2.0, 40))
    assert third == ([link.fd], (3.0, 3.0, 10))
    assert streams.state(link.fd) == (4.0, 0.0, 0)


def test_long_names_end_a_batch_early(streams: Streams, index: AnswerIndex, link: Link) -> None:
    """Identifiers of the greatest length: their keys fill the batch before 64 questions do."""
    asked = (question(NAMES[6]) + COMMON) * 3
    links = [Link(streams) for _ in range(10)]
    for one in links:
        one.far.send(asked)
    step(streams, index)

    assert [one.received() for one in links] == [expected(asked)[0]] * 10
    for one in links:
        one.close()


def test_what_is_not_watched_is_an_error(streams: Streams) -> None:
    """Nor can it be read past the table."""
    for fd in (-1, 3, 1 << 30):
        with pytest.raises(KeyError):
            streams.remove(fd)
        with pytest.raises(KeyError):
            streams.state(fd)
    with pytest.raises(ValueError):
        streams.add(-1, False, 0.0)
    with pytest.raises(OSError):
        streams.add(900, False, 0.0)
    with pytest.raises(ValueError):
        streams.add(0, False, 0.0, bytes(STREAM_REST_BYTES_MAX + 1))


def test_a_callback_may_not_come_again(streams: Streams, index: AnswerIndex, link: Link) -> None:
    """Its octets are under work."""
    link.far.send(COMMON)

    with pytest.raises(RuntimeError):
        step(streams, index, fresh=lambda: bool(step(streams, index)))
