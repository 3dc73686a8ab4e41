"""Connections that a worker gives to the keeper."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator, Iterator

import pytest

from idis.resolver.admin.adoption import OCTETS_MAX, Adopter, AdoptionClient
from tests.resolver.admin.wire import Answer, request, text, value_octets, values_octets
from tests.waiting import WAIT_S_MAX, until

URL = values_octets(value_octets(1, "URL", b"https://example.com/n"))


@pytest.fixture
def name() -> str:
    """Of a relay's socket."""
    return f"idis-test-{secrets.token_hex(8)}"


@pytest.fixture
async def adopter(admin_node, name) -> AsyncIterator[Adopter]:
    """A node that takes over connections."""
    adopter = Adopter(name, admin_node._service)
    adopter.open()
    yield adopter
    adopter.close()


@pytest.fixture
def giver(name) -> Iterator[AdoptionClient]:
    """Who gives them."""
    giver = AdoptionClient(name)
    yield giver
    giver.close()


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A client's end of a TCP connection, and a worker's."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        client = socket.create_connection(listening.getsockname())
        worker, _ = listening.accept()
    yield client, worker
    client.close()
    worker.close()


async def answers(end: socket.socket, frames: bytes) -> list[Answer]:
    """What comes back for these frames, which the worker has read."""
    reader, _ = await asyncio.open_connection(sock=end)
    found = []
    while frames:
        length = 20 + int.from_bytes(frames[16:20], "big")
        frames = frames[length:]
        head = await asyncio.wait_for(reader.readexactly(20), WAIT_S_MAX)
        found.append(Answer(head + await reader.readexactly(int.from_bytes(head[16:20], "big"))))
    return found


async def test_what_was_read_is_answered_and_what_comes_too(adopter, giver, ends, admin_node):
    """Two frames the worker had read, the second in part, whose rest comes after."""
    client, worker = ends
    first = request(100, text("88.118.8/A") + URL, request_id=1)
    second = request(2, text("/"), request_id=2)
    given = giver.give(worker.fileno(), first + second[:30], False)
    worker.close()
    client.sendall(second[30:])
    found = await answers(client, first + second)

    assert given
    assert sorted((answer.request_id, answer.code) for answer in found) == [(1, 402), (2, 1)]


async def test_the_dialect_goes_with_it(adopter, giver, ends):
    """Whoever spoke IDIS is told to log in, not challenged."""
    client, worker = ends
    frame = request(100, text("88.118.8/A") + URL, request_id=1)
    giver.give(worker.fileno(), frame, True)
    worker.close()
    (answer,) = await answers(client, frame)

    assert answer.code == 408


async def test_a_connection_that_was_given_ends_with_its_client(adopter, giver, ends, admin_node):
    """It stands in the table of whoever took it."""
    client, worker = ends
    giver.give(worker.fileno(), b"\x02", False)
    worker.close()
    taken = await until(lambda: len(admin_node._table) == 1)
    client.close()

    assert taken
    assert await until(lambda: len(admin_node._table) == 0)


async def test_too_much_is_not_given(adopter, giver, ends):
    """What has been read must fit one message between the processes."""
    assert not giver.give(ends[1].fileno(), bytes(OCTETS_MAX + 1), False)


async def test_the_most_is_given(adopter, giver, ends):
    """Whatever a worker reads of somebody unknown fits."""
    assert giver.give(ends[1].fileno(), bytes(OCTETS_MAX), False)


async def test_where_nobody_takes_it_stays(giver, ends):
    """The keeper is being replaced."""
    assert not giver.give(ends[1].fileno(), b"\x02", False)


async def test_a_keeper_that_has_ended_is_noticed(adopter, giver, ends):
    """What cannot be given stays, and the next keeper is looked for."""
    giver.give(ends[1].fileno(), b"\x02", False)
    assert await until(lambda: len(adopter._workers) == 1)
    adopter.close()
    adopter_gone = [giver.give(ends[1].fileno(), b"\x02", False) for _ in range(2)]
    adopter.open()

    assert adopter_gone == [False, False]
    assert giver.give(ends[1].fileno(), b"\x02", False)


async def test_a_worker_that_has_ended_is_forgotten(adopter, giver, ends):
    """Nothing is kept of it."""
    giver.give(ends[1].fileno(), b"\x02", False)
    known = await until(lambda: len(adopter._workers) == 1)
    giver.close()

    assert known
    assert await until(lambda: not adopter._workers)
