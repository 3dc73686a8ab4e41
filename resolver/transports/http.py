"""HTTP: plain requests are answered at once, aiohttp does the rest of the talking, this file keeps the time.

Most of what is asked over HTTP is one shape of request (`http_requests.py`). While a connection brings nothing else it
is answered chunk by chunk, as the binary port is, and aiohttp never hears of it. Anything else goes to aiohttp with all
octets that came: for one request when it is clear where that ends, for good when it is not.

aiohttp cuts a slow header after 75 s and a slow body never (`trust.md` T9, T10). So each connection passes through a
protocol of ours that stands in the node's connection table, with the deadlines every other connection has: header, body,
idle, and a peer that does not read. aiohttp is imported when HTTP opens, after the binary port already answers.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Protocol, cast

from idis.resolver.guard.arrival import arrive
from idis.resolver.request import HTTP, Peer
from idis.resolver.service import Service
from idis.resolver.transports.http_requests import asks_once, may_become_plain
from idis.resolver.transports.sockets import BACKLOG

if TYPE_CHECKING:
    from aiohttp import web

    from idis.resolver.transports.tls import TlsEntrance

TOUCH_S = 0.05  # how exactly the table knows who was active last
NEVER_S = 10 * 365 * 86_400.0
STOP_GRACE_S = 2.0  # for requests under way when the node stops


class HttpTransport:
    """Serves an aiohttp application on sockets that are already bound; plain requests are answered before it sees them."""

    def __init__(
        self,
        bound: Sequence[socket.socket],
        application: Callable[[], web.Application],
        service: Service,
        make_chunks: Callable[[], Chunks] | None = None,
        entrance: TlsEntrance | None = None,
    ) -> None:
        self._sockets = bound
        self._application = application
        self._service = service
        self._make_chunks = make_chunks
        self._entrance = entrance
        self._servers: list[asyncio.Server] = []

    async def open(self) -> None:
        """Begin to accept."""
        from aiohttp import web

        from idis.resolver.transports.http_protocol import LINE_BYTES_MAX, HttpProtocol

        self._runner = web.AppRunner(self._application(), access_log=None, handle_signals=False, shutdown_timeout=STOP_GRACE_S)
        await self._runner.setup()
        server = self._runner.server
        assert server is not None, "setup makes the server"
        loop = asyncio.get_running_loop()

        def make_inner() -> HttpProtocol:
            return HttpProtocol(
                server,
                loop=loop,
                access_log=None,  # type: ignore[arg-type]  # none, as the runner itself may say
                keepalive_timeout=NEVER_S,  # of requests answered before it it knows nothing; the table closes who is idle
                lingering_time=self._service.limits.body_ms / 1_000,
                max_line_size=LINE_BYTES_MAX,
                max_field_size=LINE_BYTES_MAX,
                auto_decompress=False,  # a compressed body could be a bomb, and nothing here needs one
            )

        chunks = None if self._make_chunks is None else self._make_chunks()

        def make() -> HttpConnection:
            return HttpConnection(make_inner, self._service, chunks)

        enter = make if self._entrance is None else self._entrance.beside_plain(make)
        for bound in self._sockets:
            made = await loop.create_server(enter, sock=bound, backlog=BACKLOG)
            self._servers.append(made)

    async def close(self) -> None:
        """Accept no more, let requests under way end, close."""
        for server in self._servers:
            server.close()
        if self._servers:
            await self._runner.cleanup()


class Chunks(Protocol):
    """Answers plain requests before anything parses them (`web/chunks.py`)."""

    def answer(self, octets: bytes, peer: Peer) -> tuple[bytes, int, bool]:
        """The answers, how many octets of the requests they answer, and whether it is to be asked again about the rest."""


class Lent(Enum):
    """Whether what arrives is aiohttp's."""

    NO = 0
    ONCE = 1  # one request of which the end is known; its answer gives the connection back
    FOR_GOOD = 2  # where the next request begins, only aiohttp knows


_LENT_TO_NOBODY = Lent.NO  # looking for a member takes as long as a look-up of three names


class HttpConnection(asyncio.Protocol):
    """One peer: answers what is plain, hands everything else to aiohttp's protocol, and watches the time.

    Args:
        make_inner: aiohttp's protocol for this connection, made when the first request needs it.
        service: of the node.
        chunks: answers plain requests; None: aiohttp answers all.
    """

    def __init__(self, make_inner: Callable[[], asyncio.Protocol], service: Service, chunks: Chunks | None = None) -> None:
        self._make_inner = make_inner
        self._inner: asyncio.Protocol | None = None
        self._service = service
        self._monotonic = service.clock.monotonic
        self._chunks = chunks
        self._lent = Lent.NO if chunks is not None else Lent.FOR_GOOD
        self._unread = b""  # half a request that may become a plain one, or what is answered at the next turn
        self._held = False  # the latter, and nothing more is read until then
        self._begun: float | None = None  # since when a request has been arriving
        self._busy = False
        self._more = False  # octets came while a request was worked on
        self._stalled_since: float | None = None
        self._active = self._touched = 0.0
        self._closing = ""
        self.address = ""

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a place in the table, or go."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's has all its methods but another ancestry
        self._active = self._monotonic()
        self.peer = arrive(self, self._transport, HTTP, self._service)

    def data_received(self, data: bytes) -> None:
        """Octets of requests."""
        self._active = now = self._monotonic()
        if now - self._touched > TOUCH_S:
            self._touched = now
            self._service.table.touch(self)
        if self._lent is not _LENT_TO_NOBODY:
            self._lend(data)
        elif self._stalled_since is not None:
            self._hold(self._unread + data)
        else:
            self._answer(self._unread + data if self._unread else data)

    def eof_received(self) -> bool | None:
        """The peer has sent its last octet."""
        return None if self._inner is None else self._inner.eof_received()

    def pause_writing(self) -> None:
        """The peer does not read."""
        self._stalled_since = self._monotonic()
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        """The peer has read."""
        self._stalled_since = None
        if self._inner is not None:
            self._inner.resume_writing()
        if self._held:
            self._go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave the table."""
        self._unread, self._held = b"", False
        metrics = self._service.metrics
        metrics.connections[HTTP] -= 1
        metrics.closed[self._closing or "peer"] += 1
        self._service.table.release(self)
        if self._inner is not None:
            self._inner.connection_lost(exc)

    # The work.

    def _answer(self, octets: bytes) -> None:
        """Answer the plain requests; wait for the rest of one that has begun, or let aiohttp have what is left."""
        assert self._chunks is not None, "without a chunk handler everything is aiohttp's"
        answers, done, more = self._chunks.answer(octets, self.peer)
        if answers:
            self._transport.write(answers)
        if done == len(octets):
            self._unread, self._begun = b"", None
            return
        rest = octets[done:]
        if more:
            self._hold(rest)
        elif may_become_plain(rest):
            self._unread = rest
            if done or self._begun is None:
                self._begun = self._active
        else:
            self._unread = b""
            if done:
                self._begun = None
            self._lend(rest)

    def _hold(self, octets: bytes) -> None:
        """Keep what is answered later, and read no more until then."""
        self._unread, self._held, self._begun = octets, True, None
        if self._transport.is_closing():
            return
        self._transport.pause_reading()
        if self._stalled_since is None:
            asyncio.get_running_loop().call_soon(self._go_on)

    def _go_on(self) -> None:
        if not self._held or self._stalled_since is not None or self._transport.is_closing():
            return
        self._held = False
        self._transport.resume_reading()
        self._answer(self._unread)

    def _lend(self, octets: bytes) -> None:
        """Let aiohttp have these octets, and if it alone knows where they end, all that follow."""
        if self._unread:
            octets, self._unread = self._unread + octets, b""
        self._lent = Lent.ONCE if self._lent is Lent.NO and asks_once(octets) else Lent.FOR_GOOD
        if self._busy:
            self._more = True
        elif self._begun is None:
            self._begun = self._active
        if self._inner is None:
            self._inner = self._make_inner()
            self._inner.connection_made(self._transport)
            if self._stalled_since is not None:
                self._inner.pause_writing()
        self._inner.data_received(octets)

    def _take_back(self) -> None:
        # The answer was written before this turn; while it waits to be sent, aiohttp may be waiting too.
        if self._lent is Lent.ONCE and self._stalled_since is None and self._chunks is not None:
            self._lent = Lent.NO

    # What the application calls.

    def began(self) -> None:
        """A request's header is complete and it is being worked on."""
        self._busy = True
        self._begun = None

    def ended(self) -> None:
        """A request has been answered."""
        self._busy = False
        self._active = self._monotonic()
        self._begun = self._active if self._more else None
        self._more = False
        if self._lent is Lent.ONCE:
            asyncio.get_running_loop().call_soon(self._take_back)

    def broke(self) -> None:
        """What was received is no HTTP; the connection ends when the peer has been told."""
        self._closing = self._closing or "malformed"

    # What the connection table calls.

    @property
    def idle(self) -> bool:
        """Whether nothing is being received, worked on or sent."""
        busy = self._busy or self._held or self._begun is not None
        return not busy and not self._transport.get_write_buffer_size()

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
