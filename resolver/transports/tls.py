"""Where connections that may be TLS come in: the first octet tells, the handshake is timed and rationed.

HTTP and HTTPS share a port, as they do on Handle servers (`wire.md` §8): a TLS connection begins with 16 hex, no HTTP
request does. The binary protocol over TLS has a port of its own. Until it is known what a connection is, and while its
handshake is under way, it stands in the node's connection table as anybody does, first in line to make room: half-open
handshakes cost others nothing. Afterwards the protocol it is for takes its place.
"""

from __future__ import annotations

import asyncio
import importlib
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from idis.resolver.config import TlsSection
from idis.resolver.guard.arrival import address_of
from idis.resolver.guard.rates import BURST_S, Buckets
from idis.resolver.request import TLS
from idis.resolver.service import Service
from idis.resolver.transports.sockets import BACKLOG
from idis.resolver.transports.tcp import TcpConnection
from idis.resolver.transports.tls_keys import TlsKeys

if TYPE_CHECKING:
    from idis.resolver.transports.tls_stream import TlsStream

MakeProtocol = Callable[[], asyncio.Protocol]

_HANDSHAKE = 0x16  # the content type of the first record of every TLS connection (RFC 8446 §5.1)


class TlsEntrance:
    """Makes the connections of one process that may be TLS.

    Args:
        keys: what is shown.
        tls: the settings.
        service: of the node.
    """

    def __init__(self, keys: TlsKeys, tls: TlsSection, service: Service) -> None:
        self.keys = keys
        self.service = service
        self.handshakes = Buckets(tls.handshakes_per_s, tls.handshakes_per_s * BURST_S)  # a handshake costs 0.3 ms

    async def open(self) -> None:
        """Import and load now what the first connection would wait for."""
        await asyncio.to_thread(importlib.import_module, "idis.resolver.transports.tls_stream")
        _ready = self.keys.context

    def beside_plain(self, make: MakeProtocol) -> MakeProtocol:
        """Connections of a port where both TLS and plain ones come in; `make` is what they are for."""
        return lambda: TlsConnection(self, make, plain_too=True)

    def only(self, make: MakeProtocol) -> MakeProtocol:
        """Connections of a port where all must be TLS."""
        return lambda: TlsConnection(self, make, plain_too=False)


class TlsTransport:
    """Accepts connections of the binary protocol over TLS on one socket."""

    def __init__(self, bound: socket.socket, entrance: TlsEntrance) -> None:
        self._socket = bound
        self._entrance = entrance
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Begin to accept."""
        make = self._entrance.only(lambda: TcpConnection(self._entrance.service))
        self._server = await asyncio.get_running_loop().create_server(make, sock=self._socket, backlog=BACKLOG)

    def close(self) -> None:
        """Accept no more; connections that are open stay."""
        if self._server is not None:
            self._server.close()


class TlsConnection(asyncio.Protocol):
    """One connection, from the first octet on."""

    def __init__(self, entrance: TlsEntrance, make: MakeProtocol, *, plain_too: bool) -> None:
        self._entrance = entrance
        self._service = entrance.service
        self._make = make
        self._plain_too = plain_too
        self._stream: TlsStream | None = None
        self._above: asyncio.Protocol | None = None
        self._entered = True  # counted, and in the table
        self._closing = ""
        self.address = ""

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a place in the table, or go."""
        self._wire = cast(asyncio.Transport, transport)  # uvloop's has all its methods but another ancestry
        service = self._service
        self._since = service.clock.monotonic()
        self.address = address_of(self._wire)
        service.metrics.accepted[TLS] += 1
        service.metrics.connections[TLS] += 1
        if not service.table.admit(self):
            service.metrics.limited["connections"] += 1
            self.shed("no_room")

    def data_received(self, data: bytes) -> None:
        """Octets of the wire."""
        if self._stream is None:
            if data[0] != _HANDSHAKE:
                if self._plain_too:
                    self._hand_over(data)
                else:
                    self.shed("handshake")
                return
            if not self._may_begin():
                self.shed("handshakes")
                return
            self._begin()
        self._receive(data)

    def eof_received(self) -> bool | None:
        """The peer has sent its last octet; without a goodbye inside TLS it may have been cut, which the protocol can tell."""
        return None if self._above is None else self._above.eof_received()

    def pause_writing(self) -> None:
        """The peer does not read."""
        if self._above is not None:
            self._above.pause_writing()

    def resume_writing(self) -> None:
        """The peer has read."""
        if self._above is not None:
            self._above.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave the table."""
        if self._entered:
            self._service.metrics.closed[self._closing or "peer"] += 1
            self._leave()
        if self._above is not None:
            self._above.connection_lost(exc)

    # What the connection table calls.

    @property
    def idle(self) -> bool:
        """Nothing is owed to a peer that has not finished its handshake."""
        return True

    def shed(self, reason: str) -> None:
        """Close at once, for a reason that is counted."""
        self._closing = self._closing or reason
        self._wire.abort()

    def look(self, now: float, idle_s: float) -> None:
        """Close when a deadline has passed: a silent connection like any idle one, a handshake after its own."""
        patience_s = idle_s if self._stream is None else self._service.limits.tls_ms / 1_000
        if now - self._since > patience_s:
            self.shed("idle" if self._stream is None else "handshake")

    # The work.

    def _may_begin(self) -> bool:
        service = self._service
        source = service.sources.of(self.address)
        if source.trusted or self._entrance.handshakes.take(source.network, service.clock.monotonic()):
            return True
        service.metrics.limited["handshakes"] += 1
        return False

    def _begin(self) -> None:
        from idis.resolver.transports.tls_stream import TlsStream

        self._since = self._service.clock.monotonic()
        self._stream = TlsStream(self._wire, self._entrance.keys.context)

    def _receive(self, data: bytes) -> None:
        from idis.resolver.transports.tls_stream import TlsError

        stream = self._stream
        assert stream is not None, "begun before"
        try:
            plain = stream.receive(data)
        except TlsError:
            self._closing = self._closing or "handshake"
            self._wire.close()
            return
        if not stream.established:
            return
        if self._above is None:
            self._leave()
            self._above = self._make()
            stream.set_protocol(self._above)
            self._above.connection_made(stream)
        if plain and not self._wire.is_closing():
            self._above.data_received(plain)
        if stream.ended and not self._wire.is_closing() and not self._above.eof_received():
            stream.close()

    def _hand_over(self, data: bytes) -> None:
        """It is plain: what it is for has it from now on, as if nobody had stood before it."""
        self._leave()
        above = self._make()
        self._wire.set_protocol(above)
        above.connection_made(self._wire)
        if not self._wire.is_closing():
            above.data_received(data)

    def _leave(self) -> None:
        self._entered = False
        self._service.metrics.connections[TLS] -= 1
        self._service.table.release(self)
