"""Connections kept for upstream servers."""

from __future__ import annotations

import asyncio

import pytest

from idis.resolver.recursion import pool as pool_module
from idis.resolver.recursion.pool import SILENT_MAX, ConnectionLost, Pool
from tests.waiting import until


def frame(request_id: int) -> bytes:
    """A request for `88.1/x`, version 2.3, by hand."""
    return bytes.fromhex(
        f"0203020b 00000000 {request_id:08x} 00000000 0000002e"
        "00000001 00000000 19000000 ffff 00 00 78000000 00000012"
        "00000006 38382e312f78 00000000 00000000"
        "00000000"
    )


@pytest.fixture
async def pool():
    """A pool that is closed at the end."""
    made = Pool()
    yield made
    await made.close()


async def test_an_idle_connection_is_closed(pool, loopback, monkeypatch) -> None:
    """And the server forgotten with it."""
    monkeypatch.setattr(pool_module, "SWEEP_S", 0.01)
    monkeypatch.setattr(pool_module, "IDLE_S", 0.0)
    await pool.ask("127.0.0.1", loopback.port, frame(1))
    assert pool.idle("127.0.0.1", loopback.port)

    assert await until(lambda: not pool.idle("127.0.0.1", loopback.port))


async def test_a_connection_in_use_is_not_swept(pool, loopback, monkeypatch, handlers) -> None:
    """However long the answer takes."""
    monkeypatch.setattr(pool_module, "SWEEP_S", 0.01)
    monkeypatch.setattr(pool_module, "IDLE_S", 0.0)
    _answer_with, loopback.on_tcp = handlers
    asking = asyncio.create_task(pool.ask("127.0.0.1", loopback.port, frame(1)))
    await asyncio.sleep(0.05)

    assert not asking.done()
    asking.cancel()


async def test_too_many_servers_close_the_oldest(pool, new_loopback, monkeypatch) -> None:
    """The table is bounded."""
    monkeypatch.setattr(pool_module, "SERVERS_MAX", 1)
    first, second = await new_loopback(), await new_loopback()
    await pool.ask("127.0.0.1", first.port, frame(1))
    await pool.ask("127.0.0.1", second.port, frame(2))

    assert not pool.idle("127.0.0.1", first.port)
    assert pool.idle("127.0.0.1", second.port)


async def test_a_connection_that_stays_silent_is_closed(pool, loopback, handlers) -> None:
    """After three questions given up, the next one gets a new connection."""
    _answer_with, loopback.on_tcp = handlers
    for number in range(1, SILENT_MAX + 1):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await pool.ask("127.0.0.1", loopback.port, frame(number))

    assert not pool.idle("127.0.0.1", loopback.port)


async def test_two_questions_with_one_id_do_not_mix(pool, loopback, handlers) -> None:
    """The second is refused while the first is under way."""
    _answer_with, loopback.on_tcp = handlers
    asking = asyncio.create_task(pool.ask("127.0.0.1", loopback.port, frame(7)))
    await until(lambda: loopback.tcp_frames)

    with pytest.raises(ConnectionLost):
        await pool.ask("127.0.0.1", loopback.port, frame(7))
    assert not asking.done()
    asking.cancel()


async def test_an_answer_nobody_asked_for_is_ignored(pool, loopback) -> None:
    """The one that was asked for behind it arrives."""
    answer = loopback.on_tcp
    loopback.on_tcp = lambda request: [answer(frame(99))[0], answer(request)[0]]

    got = await pool.ask("127.0.0.1", loopback.port, frame(1))

    assert got[8:12] == b"\x00\x00\x00\x01"


async def test_closing_ends_what_is_under_way(loopback, handlers) -> None:
    """Whoever waits is told."""
    _answer_with, loopback.on_tcp = handlers
    pool = Pool()
    asking = asyncio.create_task(pool.ask("127.0.0.1", loopback.port, frame(1)))
    await until(lambda: loopback.tcp_frames)
    await pool.close()

    with pytest.raises(ConnectionLost):
        await asking


async def test_a_stampede_shares_the_first_connection(pool, loopback) -> None:
    """Nobody opens a second one while the first is being made."""
    await asyncio.gather(*(pool.ask("127.0.0.1", loopback.port, frame(number)) for number in range(1, 51)))

    assert loopback.connections == 1
