"""Before datagrams are sent: a question over TCP, which proves an address to our nodes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from idis.bench.asking.load import Question
from idis.bench.asking.plan import Dialect
from idis.bench.asking.questions import dns_frames, handle_frames
from idis.bench.measuring.measure import introduce
from idis.bench.peers.contender import local
from idis.bench.peers.stage import free_port

Start = Callable[..., object]


@pytest.mark.parametrize("dialect", [Dialect.HANDLE, Dialect.DNS])
def test_the_first_question_is_asked_as_its_dialect_asks_over_a_stream(stream: Start, dialect: Dialect) -> None:
    """DNS has the length in front; the Handle protocol is the same on both."""
    heard = []
    server = stream(lambda chunk: (heard.append(chunk), b"answer")[1])
    dns, handle = dns_frames([(b"a",)], 16, datagrams=True), handle_frames(["0/a"], now=0, datagrams=True)
    frames = dns if dialect is Dialect.DNS else handle
    introduce(local(server.port), Question(frames, dialect))  # type: ignore[attr-defined]

    assert heard == [frames.of(0) if dialect is Dialect.HANDLE else b"\x00\x13" + frames.of(0)]


def test_a_server_without_tcp_is_measured_all_the_same() -> None:
    """Nobody listens: no error comes out."""
    introduce(local(free_port()), Question(dns_frames([(b"a",)], 16, datagrams=True), Dialect.DNS))
