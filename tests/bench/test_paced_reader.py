"""The reader that tells apart whose time an answer took."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from idis.bench import paced_reader
from idis.bench.paced_reader import percentile, read_at

FRAME = bytes(8) + b"\xff\xff\xff\xff" + bytes(8)
QUESTIONS = 20


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that sends each datagram back."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                octets, address = server.recvfrom(2_048)
                if not octets:
                    return
                server.sendto(octets, address)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"", server.getsockname())
        thread.join()


def test_parts_add_up_to_the_whole(echo):
    """Of all questions together: late sending, the server, late taking."""
    reading = read_at(echo, FRAME, 1_000, QUESTIONS / 1_000, lambda answer: None)
    parts = (reading.slip_ms, reading.node_ms, reading.taking_ms)

    assert [len(part) for part in (reading.response_ms, *parts)] == [QUESTIONS] * 4
    assert sum(map(sum, parts)) == pytest.approx(sum(reading.response_ms))
    assert min(min(part) for part in parts) >= 0


def test_questions_are_numbered_and_answers_checked(echo):
    """Each carries its number where a request has it; whatever the check raises comes out."""
    seen: list[bytes] = []
    read_at(echo, FRAME, 1_000, QUESTIONS / 1_000, seen.append)

    assert sorted(seen) == [bytes(8) + bytes((0, 0, 0, number)) + bytes(8) for number in range(1, QUESTIONS + 1)]
    with pytest.raises(ZeroDivisionError):
        read_at(echo, FRAME, 1_000, 0.001, lambda answer: 1 // 0)


def test_an_answer_that_does_not_come_ends_it(monkeypatch):
    """It says how many are missing."""
    monkeypatch.setattr(paced_reader, "READ_S_MAX", 0.02)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        with pytest.raises(SystemExit, match="3 of 3 questions"):
            read_at(deaf.getsockname()[1], FRAME, 1_000, 0.003, lambda answer: None)


def test_a_percentile_is_one_of_the_times():
    """Of a hundred, 99 in a hundred are below the last one."""
    assert (percentile(range(100), 0.5), percentile(range(100), 0.99), percentile([7.0], 0.99)) == (50, 99, 7.0)
