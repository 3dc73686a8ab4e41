"""Futures of the writer's thread, awaited on the loop."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from idis.resolver.admin.landing import Landing


async def test_results_come_to_who_waits():
    """Hundreds of one thread, each to its own."""
    landing = Landing()
    futures: list[Future[int]] = [Future() for _ in range(300)]

    def resolve() -> None:
        for number, future in enumerate(futures):
            future.set_result(number)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(resolve)
        results = await asyncio.gather(*(landing.wait(future) for future in futures))

    assert results == list(range(300))


async def test_an_error_comes_to_who_waits():
    """And to nobody else."""
    landing = Landing()
    failed: Future[int] = Future()
    done: Future[int] = Future()
    failed.set_exception(OSError("no room"))
    done.set_result(1)

    assert await landing.wait(done) == 1
    with pytest.raises(OSError, match="no room"):
        await landing.wait(failed)


async def test_who_no_longer_waits_is_left_alone():
    """A cancelled waiter harms no other."""
    landing = Landing()
    one: Future[int] = Future()
    other: Future[int] = Future()
    gone = asyncio.ensure_future(landing.wait(one))
    stays = asyncio.ensure_future(landing.wait(other))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    one.set_result(1)
    other.set_result(2)

    assert await stays == 2
    assert not one.cancelled()
