"""Many questions over one connection: sent in halves of a window, so that one half is on its way while the other is read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from idis.proto.errors import ProtocolError
from idis.proto.query import Query
from idis.resolver.client_reply import ClientError, GarbledError, SilentError
from idis.resolver.recursion.budget import Budget
from idis.resolver.recursion.pool import ConnectionLost, PooledConnection
from idis.resolver.recursion.target import Target, peer_name
from idis.resolver.recursion.upstream import Question, Response, Upstream, read_response

WINDOW = 128  # questions under way at once; servers of the field take at least so many

Settled = Response | ClientError | None


@dataclass(frozen=True, slots=True)
class _Sent:
    position: int
    question: Question
    future: asyncio.Future[bytes]


class Batch:
    """The questions of one batch to one server over TCP.

    Args:
        upstream: whose connections are used.
        target: the server.
        timeout_s: for each question, from when it is sent.
    """

    def __init__(self, upstream: Upstream, target: Target, timeout_s: float) -> None:
        self._upstream = upstream
        self._target = target
        self._timeout_s = timeout_s
        self._way = upstream.pool.way(target.addresses[0], target.tcp_port).name

    async def ask(self, queries: Sequence[Query]) -> list[Settled]:
        """What one answer settles, in the order of the queries; None where the connection was lost or could not be had."""
        settled: list[Settled] = [None] * len(queries)
        try:
            async with asyncio.timeout(self._timeout_s):
                connection, peer = await self._connect()
        except OSError:
            return settled
        half = WINDOW // 2
        before: list[_Sent] = []
        for start in range(0, len(queries), half):
            current = self._send(start, queries[start : start + half], connection)
            await self._collect(before, connection, peer, settled)
            before = current
        await self._collect(before, connection, peer, settled)
        return settled

    async def _connect(self) -> tuple[PooledConnection, str]:
        failure: OSError = ConnectionLost("no address", after_answers=0)
        port = self._target.tcp_port
        for address in self._target.addresses:
            try:
                return await self._upstream.pool.connection(address, port), peer_name(address, port)
            except OSError as error:
                failure = error
        raise failure

    def _send(self, start: int, queries: Sequence[Query], connection: PooledConnection) -> list[_Sent]:
        budget = Budget(time.monotonic(), milliseconds=self._timeout_s * 1_000)
        questions = [self._upstream.question(self._target, query, budget) for query in queries]
        futures = connection.ask_many([question.frame for question in questions])
        return [_Sent(start + at, question, futures[at]) for at, question in enumerate(questions)]

    async def _collect(self, sent: list[_Sent], connection: PooledConnection, peer: str, settled: list[Settled]) -> None:
        for item in sent:
            if not item.future.done():
                await asyncio.wait((item.future,), timeout=max(item.question.budget.deadline - time.monotonic(), 0))
            settled[item.position] = _settled(item, connection, peer, self._way)


def _settled(item: _Sent, connection: PooledConnection, peer: str, way: str) -> Settled:
    if not item.future.done():
        connection.give_up(item.question.frame)
        item.future.cancel()
        return SilentError(f"{peer}: no answer in time")
    if item.future.exception() is not None:
        return None
    try:
        return read_response(item.future.result(), item.question, peer, way)
    except ProtocolError as error:
        return GarbledError(f"{peer}: {error}")
