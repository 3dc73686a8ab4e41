"""TCP connections to upstream servers: persistent, shared by many questions at once, told apart by request id.

Some servers answer once and close (Handle.Net). Whoever was waiting on such a connection is told so and may ask again on a
new one; once a server has been seen to do it with questions pending, it gets one question per connection.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from functools import partial
from typing import cast

from idis.proto.connection import Connection
from idis.proto.message import MESSAGE_BYTES_MAX
from idis.resolver.recursion.tunnel import TunnelError, TunnelReader
from idis.resolver.recursion.tunnel import requests as tunnel_requests
from idis.resolver.recursion.way import PLAIN, Way

CONNECTIONS_PER_SERVER_MAX = 4
IN_FLIGHT_MAX = 128  # on one connection; servers of the field stop reading somewhere above (`wire.md` W1)
SINGLE_CONNECTIONS_MAX = 64  # to a server that wants one question per connection
ANSWERS_ONCE_S = 600.0  # how long a server is taken to want that; a restart in a bad moment looks the same
IDLE_S = 25.0  # below the 30 s after which our own nodes close
SILENT_MAX = 3  # unanswered questions in a row before a connection is taken for dead
CONNECT_S = 2.0
SWEEP_S = 5.0
SERVERS_MAX = 1_024  # with connections; the least recently used is closed first

_REQUEST_ID = slice(8, 12)


class ConnectionLost(OSError):
    """The connection ended before the answer came; `after_answers` tells how many it had brought."""

    def __init__(self, message: str, *, after_answers: int) -> None:
        super().__init__(message)
        self.after_answers = after_answers


class PooledConnection(asyncio.Protocol):
    """One connection; answers may come in any order."""

    def __init__(self, way: Way = PLAIN, message_bytes_max: int = MESSAGE_BYTES_MAX) -> None:
        self._loop = asyncio.get_running_loop()
        self._frames = Connection(message_bytes_max)
        self._host = way.host
        self._tunnel = TunnelReader() if way.tunnelled else None
        self._transport: asyncio.Transport | None = None
        self._pending: dict[bytes, asyncio.Future[bytes]] = {}
        self._answers = 0
        self._silent = 0
        self._failure = ""
        self.used_at = self._loop.time()

    @property
    def in_flight(self) -> int:
        """Questions without an answer."""
        return len(self._pending)

    @property
    def answers(self) -> int:
        """Answers received so far."""
        return self._answers

    @property
    def open(self) -> bool:
        """Whether a question can be sent."""
        return self._transport is not None and not self._transport.is_closing()

    def ask(self, request: bytes) -> asyncio.Future[bytes]:
        """Send a frame; the future brings the frame with the same request id, or ConnectionLost."""
        return self.ask_many((request,))[0]

    def ask_many(self, requests: Sequence[bytes]) -> list[asyncio.Future[bytes]]:
        """Send several frames at once, each with a request id of its own."""
        futures: list[asyncio.Future[bytes]] = [self._loop.create_future() for _ in requests]
        if self._transport is None or not self.open or any(request[_REQUEST_ID] in self._pending for request in requests):
            for future in futures:
                future.set_exception(ConnectionLost("the connection is closed", after_answers=self._answers))
            return futures
        self._pending.update((request[_REQUEST_ID], future) for request, future in zip(requests, futures, strict=True))
        self.used_at = self._loop.time()
        self._transport.write(b"".join(requests) if self._tunnel is None else tunnel_requests(requests, self._host))
        return futures

    def give_up(self, request: bytes) -> None:
        """Nobody waits for this answer any more; a connection that stays silent is closed."""
        if self._pending.pop(request[_REQUEST_ID], None) is None:
            return
        self._silent += 1
        if self._silent >= SILENT_MAX:
            self.close()

    def close(self) -> None:
        """End the connection; pending questions learn of it."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are no subclass of it

    def data_received(self, data: bytes) -> None:
        """Match every whole frame with its question."""
        if self._tunnel is not None:
            try:
                data = self._tunnel.receive(data)
            except TunnelError as error:
                self._failure = str(error)
                self.close()
                return
        frames = self._frames.receive_data(data)
        self._frames.answered(len(frames))
        self._silent = 0
        for frame in frames:
            self._answers += 1
            future = self._pending.pop(frame[_REQUEST_ID], None)
            if future is not None and not future.done():
                future.set_result(frame)
        if self._frames.error is not None:
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever still waits."""
        reason = self._failure or ("the server closed the connection" if exc is None else str(exc))
        self._transport = None
        for future in self._pending.values():
            if not future.done():
                future.set_exception(ConnectionLost(reason, after_answers=self._answers))
        self._pending.clear()


class _Peer:
    """The connections to one address and port."""

    def __init__(self) -> None:
        self.connections: list[PooledConnection] = []
        self.connecting: asyncio.Task[PooledConnection] | None = None
        self.answers_once_until = 0.0
        self.singles = 0

    def answers_once(self) -> bool:
        """Whether it was lately seen to close after one answer while others were due."""
        return asyncio.get_running_loop().time() < self.answers_once_until


class Pool:
    """Connections by (address, port).

    Attributes:
        ways: to those servers that are not asked over plain TCP.
        message_bytes_max: the longest answer taken.
    """

    def __init__(self, message_bytes_max: int = MESSAGE_BYTES_MAX) -> None:
        self.message_bytes_max = message_bytes_max
        self.ways: dict[tuple[str, int], Way] = {}
        self._peers: OrderedDict[tuple[str, int], _Peer] = OrderedDict()
        self._sweeper: asyncio.TimerHandle | None = None

    def idle(self, address: str, port: int) -> bool:
        """Whether a connection stands ready, so that asking costs one round trip."""
        peer = self._peers.get((address, port))
        return peer is not None and any(connection.open for connection in peer.connections)

    def way(self, address: str, port: int) -> Way:
        """The way to a server."""
        return self.ways.get((address, port), PLAIN)

    async def ask(self, address: str, port: int, request: bytes) -> bytes:
        """Send a frame and wait for its answer; the caller sets the time limit.

        Raises:
            ConnectionLost: the connection ended first.
            OSError: there is no connection to be had.
        """
        peer = self._peer(address, port)
        if peer.answers_once():
            return await self._ask_alone(peer, address, port, request)
        connection = await self.connection(address, port)
        future = connection.ask(request)
        try:
            return await future
        except ConnectionLost as lost:
            if lost.after_answers == 1:
                peer.answers_once_until = asyncio.get_running_loop().time() + ANSWERS_ONCE_S
            raise
        finally:
            connection.give_up(request)

    async def connection(self, address: str, port: int) -> PooledConnection:
        """An open connection with room for one more question, made if there is none.

        Raises:
            OSError: it cannot be made.
        """
        peer = self._peer(address, port)
        peer.connections = [connection for connection in peer.connections if connection.open]
        best = min(peer.connections, key=lambda connection: connection.in_flight, default=None)
        if best is not None and (best.in_flight < IN_FLIGHT_MAX or len(peer.connections) >= CONNECTIONS_PER_SERVER_MAX):
            return best
        if peer.connecting is None or peer.connecting.done():
            peer.connecting = asyncio.get_running_loop().create_task(self._connect(peer, address, port))
        # Shielded: whoever began to connect may give up, the others still want the connection.
        return await asyncio.shield(peer.connecting)

    async def close(self) -> None:
        """Close every connection."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        connecting = [peer.connecting for peer in self._peers.values() if peer.connecting is not None]
        for peer in self._peers.values():
            _close(peer)
        self._peers.clear()
        await asyncio.gather(*connecting, return_exceptions=True)

    async def _connect(self, peer: _Peer, address: str, port: int) -> PooledConnection:
        connection = await _open(address, port, self.way(address, port), self.message_bytes_max)
        peer.connections.append(connection)
        return connection

    async def _ask_alone(self, peer: _Peer, address: str, port: int, request: bytes) -> bytes:
        if peer.singles >= SINGLE_CONNECTIONS_MAX:
            raise OSError(f"{SINGLE_CONNECTIONS_MAX} connections wait for this server")
        peer.singles += 1
        connection = None
        try:
            connection = await _open(address, port, self.way(address, port), self.message_bytes_max)
            return await connection.ask(request)
        finally:
            peer.singles -= 1
            if connection is not None:
                connection.close()

    def _peer(self, address: str, port: int) -> _Peer:
        key = (address, port)
        peer = self._peers.get(key)
        if peer is None:
            peer = self._peers[key] = _Peer()
            if len(self._peers) > SERVERS_MAX:
                _close(self._peers.popitem(last=False)[1])
            if self._sweeper is None:
                self._sweeper = asyncio.get_running_loop().call_later(SWEEP_S, self._sweep)
        else:
            self._peers.move_to_end(key)
        return peer

    def _sweep(self) -> None:
        """Close what has been idle; servers without connections are forgotten unless they are known to answer once."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        for key, peer in list(self._peers.items()):
            for connection in peer.connections:
                if not connection.in_flight and now - connection.used_at > IDLE_S:
                    connection.close()
            peer.connections = [connection for connection in peer.connections if connection.open]
            if not (peer.connections or peer.answers_once() or peer.singles or (peer.connecting and not peer.connecting.done())):
                del self._peers[key]
        self._sweeper = loop.call_later(SWEEP_S, self._sweep) if self._peers else None


async def _open(address: str, port: int, way: Way, message_bytes_max: int) -> PooledConnection:
    # Everybody who wants a connection waits for this attempt, so it must not last as long as the kernel would try.
    async with asyncio.timeout(CONNECT_S):
        _transport, connection = await asyncio.get_running_loop().create_connection(
            partial(PooledConnection, way, message_bytes_max),
            address,
            port,
            ssl=way.context,
            server_hostname=way.host if way.context is not None else None,
        )
    return connection


def _close(peer: _Peer) -> None:
    if peer.connecting is not None:
        peer.connecting.cancel()
    for connection in peer.connections:
        connection.close()
