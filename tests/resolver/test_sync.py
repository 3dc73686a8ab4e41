"""The client without an event loop."""

from __future__ import annotations

import asyncio
import threading

import pytest

from idis.proto.errors import IdentifierError
from idis.resolver.sync import Client, UnreachableError

A1 = "88.118.8/A1"


@pytest.fixture
def call(node):
    """Runs a function in a thread with a client of the node, while the node's loop goes on."""

    async def run(work):
        def with_client():
            with Client(f"127.0.0.1:{node.port}") as client:
                return work(client)

        return await asyncio.to_thread(with_client)

    return run


async def test_one_identifier(call) -> None:
    """The same reply as from the asynchronous client."""
    reply = await call(lambda client: client.resolve(A1, types=["URL"]))

    assert [value.text for value in reply.values] == ["https://example.com/p/1"]


async def test_many_identifiers(call) -> None:
    """In order, each with its own result."""
    found, absent = await call(lambda client: client.resolve_many([A1, "88.118.8/absent"]))

    assert (found.code, absent.code) == (1, 100)


async def test_one_client_serves_several_threads(call) -> None:
    """All questions go through its loop."""

    def from_threads(client):
        replies = []
        threads = [threading.Thread(target=lambda: replies.append(client.resolve(A1).code)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return replies

    assert await call(from_threads) == [1] * 8


async def test_errors_are_raised_in_the_caller(call) -> None:
    """With their place."""
    with pytest.raises(IdentifierError):
        await call(lambda client: client.resolve("88..1/x"))


def test_nobody_listens() -> None:
    """Port 1 of loopback."""
    with Client("127.0.0.1:1") as client, pytest.raises(UnreachableError):
        client.resolve(A1)


def test_a_closed_client_says_so() -> None:
    """Closing twice does nothing."""
    client = Client("127.0.0.1:1")
    client.close()
    client.close()

    with pytest.raises(RuntimeError, match="closed"):
        client.resolve(A1)
