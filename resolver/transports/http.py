"""HTTP: aiohttp does the talking, this file keeps the time.

aiohttp cuts a slow header after 75 s and a slow body never (`trust.md` T9, T10). So each connection passes through a
protocol of ours that stands in the node's connection table, with the deadlines every other connection has: header, body,
idle, and a peer that does not read. aiohttp is imported when HTTP opens, after the binary port already answers.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

from idis.resolver.guard.arrival import arrive
from idis.resolver.request import HTTP
from idis.resolver.service import Service
from idis.resolver.transports.sockets import BACKLOG

if TYPE_CHECKING:
    from aiohttp import web

STOP_GRACE_S = 2.0  # for requests under way when the node stops


class HttpTransport:
    """Serves an aiohttp application on sockets that are already bound."""

    def __init__(self, bound: Sequence[socket.socket], application: Callable[[], web.Application], service: Service) -> None:
        self._sockets = bound
        self._application = application
        self._service = service
        self._servers: list[asyncio.Server] = []

    async def open(self) -> None:
        """Begin to accept."""
        from aiohttp import web

        limits = self._service.limits
        self._runner = web.AppRunner(
            self._application(),
            access_log=None,
            handle_signals=False,
            keepalive_timeout=limits.idle_ms / 1_000,
            lingering_time=limits.body_ms / 1_000,
            shutdown_timeout=STOP_GRACE_S,
            auto_decompress=False,  # a compressed body could be a bomb, and nothing here needs one
        )
        await self._runner.setup()
        serve = self._runner.server
        assert serve is not None, "setup makes the server"
        loop = asyncio.get_running_loop()
        for bound in self._sockets:
            made = await loop.create_server(lambda: HttpConnection(serve(), self._service), sock=bound, backlog=BACKLOG)
            self._servers.append(made)

    async def close(self) -> None:
        """Accept no more, let requests under way end, close."""
        for server in self._servers:
            server.close()
        if self._servers:
            await self._runner.cleanup()


class HttpConnection(asyncio.Protocol):
    """One peer: hands everything to aiohttp's protocol and watches the time."""

    def __init__(self, inner: asyncio.Protocol, service: Service) -> None:
        self._inner = inner
        self._service = service
        self._begun: float | None = None  # since when a request has been arriving
        self._busy = False
        self._more = False  # octets came while a request was worked on
        self._stalled_since: float | None = None
        self._active = 0.0
        self._closing = ""
        self.address = ""

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a place in the table, or go."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's has all its methods but another ancestry
        self._active = self._service.clock.monotonic()
        self._inner.connection_made(transport)
        self.peer = arrive(self, self._transport, HTTP, self._service)

    def data_received(self, data: bytes) -> None:
        """Octets of a request."""
        self._active = self._service.clock.monotonic()
        self._service.table.touch(self)
        if self._busy:
            self._more = True
        elif self._begun is None:
            self._begun = self._active
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        """The peer has sent its last octet."""
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        """The peer does not read."""
        self._stalled_since = self._service.clock.monotonic()
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """The peer has read."""
        self._stalled_since = None
        self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave the table."""
        metrics = self._service.metrics
        metrics.connections[HTTP] -= 1
        metrics.closed[self._closing or "peer"] += 1
        self._service.table.release(self)
        self._inner.connection_lost(exc)

    # What the application calls.

    def began(self) -> None:
        """A request's header is complete and it is being worked on."""
        self._busy = True
        self._begun = None

    def ended(self) -> None:
        """A request has been answered."""
        self._busy = False
        self._active = self._service.clock.monotonic()
        self._begun = self._active if self._more else None
        self._more = False

    # What the connection table calls.

    @property
    def idle(self) -> bool:
        """Whether nothing is being received, worked on or sent."""
        return not self._busy and self._begun is None and not self._transport.get_write_buffer_size()

    def shed(self, reason: str) -> None:
        """Close at once, for a reason that is counted."""
        self._closing = self._closing or reason
        self._transport.abort()

    def look(self, now: float, idle_s: float) -> None:
        """Close when a deadline has passed; a body's deadline is kept by whoever reads it."""
        limits = self._service.limits
        if self._stalled_since is not None:
            if now - self._stalled_since > limits.write_stall_ms / 1_000:
                self.shed("stalled")
        elif self._begun is not None:
            if now - self._begun > limits.header_ms / 1_000:
                self.shed("header")
        elif now - self._active > idle_s and self.idle:
            self.shed("idle")
