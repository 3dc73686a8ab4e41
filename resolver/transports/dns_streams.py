"""DNS over TCP: messages behind their lengths.

They are pipelined; what other nodes must be asked for is answered when it is known, in any order (RFC 7766 §6.2).
"""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import TYPE_CHECKING, cast

from idis.resolver.chain import Batch
from idis.resolver.guard.arrival import OUT_BUFFER_BYTES
from idis.resolver.log import note
from idis.resolver.request import TCP, Peer
from idis.resolver.transports.dns_service import DNS, DnsService

IDLE_S = 10.0  # of a connection: RFC 7766 §6.2.3 asks for seconds
PENDING_MAX = 64  # of one connection; then it is not read until some are answered

if TYPE_CHECKING:
    from idis.resolver.dns_accelerator import DnsAccelerator

_LENGTH_BYTES = 2


class DnsStreams:
    """Serves one listening TCP socket."""

    def __init__(self, bound: socket.socket, service: DnsService, hot: DnsAccelerator | None) -> None:
        self._socket = bound
        self._service = service
        self._hot = hot
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Begin to accept."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: DnsConnection(self._service, self._hot), sock=self._socket)

    def close(self) -> None:
        """Accept nobody any more."""
        if self._server is not None:
            self._server.close()


class DnsConnection(asyncio.Protocol):
    """One connection: messages behind their lengths."""

    def __init__(self, service: DnsService, hot: DnsAccelerator | None) -> None:
        self.address = ""
        self._hot = hot
        self._service = service
        self._buffer = b""
        self._pending = 0
        self._full = False
        self._paused = False
        self._touched = 0.0

    @property
    def idle(self) -> bool:
        """Whether nothing is being received, worked on or sent."""
        return not (self._buffer or self._pending or self._transport.get_write_buffer_size())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Enter the table, or be refused."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are of a class of their own
        peer = transport.get_extra_info("peername")
        service = self._service
        self.address = peer[0] if peer else ""
        if not peer or not service.table.admit(self):
            service.metrics.closed["refused"] += 1
            self._transport.abort()
            return
        self._source = service.sources.of(self.address)
        self._peer = Peer(TCP, self._source, service.sources.standing_of_stream(self._source))
        self._touched = service.chain.clock.monotonic()
        service.metrics.accepted[DNS] += 1
        service.metrics.connections[DNS] += 1

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave the table."""
        service = self._service
        if hasattr(self, "_source"):
            service.table.release(self)
            service.metrics.connections[DNS] -= 1

    def data_received(self, data: bytes) -> None:
        """Answer every whole message that has come."""
        try:
            self._buffer += data
            self._read_on()
        except Exception:  # the outermost loop of this connection: the others are served
            note(logging.ERROR, "dns stream failed", exc_info=True)
            self._transport.abort()

    def pause_writing(self) -> None:
        """The peer does not read: nothing more is read from it."""
        self._full = True
        self._settle()

    def resume_writing(self) -> None:
        """It reads again."""
        self._full = False
        self._settle()

    def shed(self, reason: str) -> None:
        """Close for a reason of the table's."""
        self._service.metrics.closed[reason] += 1
        self._transport.close()

    def look(self, now: float, idle_s: float) -> None:
        """Close when it has been silent too long, whatever it has begun to send."""
        if now - self._touched > min(idle_s, IDLE_S) and not self._pending:
            self._service.metrics.closed["idle"] += 1
            self._transport.abort()

    def _read_on(self) -> None:
        service, buffer, answers = self._service, self._buffer, list[bytes]()
        now = service.chain.clock.monotonic()
        at = self._answer_common(buffer, 0, now, answers)
        while self._pending < PENDING_MAX and _end_of_message(buffer, at):
            with service.chain.batch(TCP) as batch:
                at = self._answer_others(buffer, at, batch, answers)
            at = self._answer_common(buffer, at, now, answers)
        if at:
            self._buffer = buffer[at:]
            self._touched = now
            service.table.touch(self)
            service.sources.prove(self._source, now)
        if answers:
            self._transport.write(b"".join(answers))
        self._settle()

    def _answer_common(self, buffer: bytes, at: int, now: float, answers: list[bytes]) -> int:
        """Let the compiled step answer from a place on; where it stopped."""
        if self._hot is None or len(buffer) - at <= _LENGTH_BYTES:
            return at
        limit, peer = self._service.chain.limit, self._peer
        allowed = -1 if self._source.trusted else limit.left(peer, now)
        octets, at, count = self._hot.stream(buffer, at, allowed, OUT_BUFFER_BYTES)
        if count:
            if allowed >= 0:
                limit.take(peer, now, count)
            answers.append(octets)
        return at

    def _answer_others(self, buffer: bytes, at: int, batch: Batch, answers: list[bytes]) -> int:
        """Answer one message, or as many as there are if the compiled step is not there for those behind it; where it stopped."""
        service, before = self._service, len(answers)
        plain = service.plain if self._hot is None and self._source.trusted else None
        if plain is not None:
            plain.open(batch.txn)
        while self._pending < PENDING_MAX and (end := _end_of_message(buffer, at)):
            packet = buffer[at + _LENGTH_BYTES : end]
            if plain is not None and (octets := plain.answer(packet, datagram=False)) is not None:
                service.metrics.dns["code.0"] += 1
                answers.append(len(octets).to_bytes(_LENGTH_BYTES, "big") + octets)
                at = end
                continue
            self._pending += 1
            octets = service.answer(packet, self._source, batch, self._deliver, datagram=False)
            at = end
            if octets is not None:
                self._pending -= 1
            if octets:
                answers.append(len(octets).to_bytes(_LENGTH_BYTES, "big") + octets)
            if self._hot is not None:
                break
        if len(answers) > before:
            service.metrics.durations[DNS].add(service.chain.clock.monotonic() - batch.started, len(answers) - before)
        return at

    def _deliver(self, octets: bytes) -> None:
        self._pending -= 1
        if not self._transport.is_closing():
            self._transport.write(len(octets).to_bytes(_LENGTH_BYTES, "big") + octets)
        if self._pending == PENDING_MAX - 1:
            self._read_on()

    def _settle(self) -> None:
        """Read on or wait, as the peer and its questions allow."""
        if self._transport.is_closing():
            return
        wanted = self._full or self._pending >= PENDING_MAX
        if wanted != self._paused:  # uvloop minds being told twice
            self._paused = wanted
            if wanted:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()


def _end_of_message(buffer: bytes, at: int) -> int:
    """Where the message that begins at a place ends; 0 when it is not whole."""
    if len(buffer) - at < _LENGTH_BYTES:
        return 0
    end = at + _LENGTH_BYTES + int.from_bytes(buffer[at : at + _LENGTH_BYTES], "big")
    return end if end <= len(buffer) else 0
