"""Streams: persistent, pipelined, answered in any order, matched by request id (`wire.md` §8, W1, W3).

A chunk is cut into frames by the sans-I/O connection; the frames are answered in batches, each under one read
transaction, and each batch leaves in one write. Whoever sends faster than it reads is no longer read: unanswered
requests, octets not yet sent and frames not yet answered are all bounded. Clients that close, or half-close, after one
request get their answer.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import deque
from typing import TYPE_CHECKING, cast

from idis.proto.codes import EnvelopeFlag
from idis.proto.connection import MESSAGE_BYTES_ANONYMOUS, Connection
from idis.proto.errors import ProtocolError
from idis.proto.exchange import error_message, outline
from idis.proto.message import ENVELOPE_BYTES, HEADER_BYTES, MESSAGE_BYTES_EXTENSION, encode_message
from idis.resolver import plain_path
from idis.resolver.chain import Deferred
from idis.resolver.guard.arrival import OUT_BUFFER_BYTES, arrive
from idis.resolver.guard.sources import Standing
from idis.resolver.log import note
from idis.resolver.request import TCP
from idis.resolver.service import Service
from idis.resolver.transports.sockets import BACKLOG

if TYPE_CHECKING:
    from idis.resolver.transports.stream_pool import StreamPool

BATCH_FRAMES = 256  # answered before other connections get their turn
_AT_ONCE = ("stalled", "no_room", "failure")  # reasons to close that leave nothing to wait for
_LENGTH_AT = 16  # in the envelope
COMMON_BYTES_MAX = 4_096  # a frame of which so much is here, and more to come, is not offered to the compiled step
# Whoever asks too often is told so, and then not read for as long as the refusal says: one costs as much as fifty answers.
REFUSED_AT_ONCE = 16
REFUSED_PAUSE_S = 1.0
TOUCH_S = 0.05  # how exactly the table knows who was active last


class TcpTransport:
    """Accepts connections on one socket."""

    def __init__(self, bound: socket.socket, service: Service) -> None:
        self._socket = bound
        self._service = service
        self._server: asyncio.Server | None = None
        self._pool = _pool(service)

    async def open(self) -> None:
        """Begin to accept."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: TcpConnection(self._service, self._pool), sock=self._socket, backlog=BACKLOG
        )

    def close(self) -> None:
        """Accept no more; connections that are open stay."""
        if self._server is not None:
            self._server.close()


def _pool(service: Service) -> StreamPool | None:
    if service.accelerator is None:
        return None
    from idis.resolver.transports.stream_pool import StreamPool

    return StreamPool(service.accelerator, service.table)


class TcpConnection(asyncio.Protocol):
    """One peer.

    Args:
        service: of the node.
        pool: who reads it once it has asked more than once, where the compiled step is.
    """

    def __init__(self, service: Service, pool: StreamPool | None = None) -> None:
        self._service = service
        self._pool = pool
        self.pooled = False
        self._descriptor = -1  # known once it has been in the pool
        self._chunks = 0  # that the transport has read
        self._connection = Connection(MESSAGE_BYTES_ANONYMOUS)
        self._frames: deque[bytes] = deque()  # whole, not yet answered
        self._waiting_max = service.limits.pipeline
        self._accelerator = service.accelerator
        self._deferred = 0  # answered by other nodes, not yet here
        self._ended = False  # the peer has sent its last octet, or nothing behind it can be framed
        self._scheduled = False
        self._reading = True
        self._stalled_since: float | None = None
        self._paused = False  # it has asked too often
        self._partial_since: float | None = None  # since when part of a frame is here
        self._active = self._touched = 0.0
        self._closing = ""
        self.address = ""

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a place in the table, or go."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's has all its methods but another ancestry
        self._active = self._service.clock.monotonic()
        self._peer = arrive(self, self._transport, TCP, self._service)

    def data_received(self, data: bytes) -> None:
        """Answer what is common at once, cut the rest into frames and answer those."""
        self._active = self._service.clock.monotonic()
        self._chunks += 1
        if not self.pooled and self._suits_pool():
            data = self._connection.take_unfinished() + data
            self._settle_reading()
        if self._active - self._touched > TOUCH_S:
            self._touched = self._active
            self._service.table.touch(self)
        if self._connection.error is not None:
            return
        try:
            self._receive(data)
        except Exception:  # the outermost loop of one connection: its peer is cut, the others are served
            self._fail()

    def take(self, received: bytes, unsent: bytes, ended: bool) -> None:
        """Go on with what the pool could not do; see `PooledConnection`."""
        if self._transport.is_closing():
            return
        self._active = self._service.clock.monotonic()
        if ended:
            self._pool = None  # the transport reads the end, and there is nothing more to come
        if unsent:
            self._transport.write(unsent)
        if received:
            self._receive(received)
        self._settle_reading()

    def _receive(self, data: bytes) -> None:
        connection = self._connection
        progress = False
        if self._known:
            connection.message_bytes_max = MESSAGE_BYTES_EXTENSION
        elif not self._frames and self._stalled_since is None:
            received = len(data) + connection.unfinished_bytes
            data = self._answer_common(data)
            progress = len(data) + connection.unfinished_bytes < received
        if data:
            frames = connection.receive_data(data)
            self._frames.extend(frames)
            progress = progress or bool(frames)
        if not connection.unfinished:
            self._partial_since = None
        elif progress or self._partial_since is None:
            self._partial_since = self._active
        if connection.error is not None:
            self._refuse(connection.error)
        if (self._frames or self._ended) and not self._scheduled:
            self._work()
        if self.pooled and connection.unfinished:
            self._leave_pool()
            self._settle_reading()

    def eof_received(self) -> bool:
        """Half-closed: what has been asked is still answered."""
        self._ended = True
        return bool(self._connection.in_flight or self._transport.get_write_buffer_size())

    def pause_writing(self) -> None:
        """The peer does not read; neither do we."""
        self._stalled_since = self._service.clock.monotonic()
        if self._peer.link is not None:
            self._peer.link.stall()
        self._go_on()

    def resume_writing(self) -> None:
        """The peer has read."""
        self._stalled_since = None
        if self._peer.link is not None:
            self._peer.link.flow()
        self._go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave the table."""
        self._frames.clear()
        self._leave_pool()
        if self._peer.link is not None:
            self._peer.link.end()
        metrics = self._service.metrics
        metrics.connections[TCP] -= 1
        metrics.closed[self._closing or "peer"] += 1
        self._service.table.release(self)

    @property
    def _known(self) -> bool:
        """Whether somebody logged in, who may see more than prepared answers show."""
        link = self._peer.link
        return link is not None and link.caller is not None

    # What the connection table calls.

    @property
    def idle(self) -> bool:
        """Whether nothing is being received, worked on or sent."""
        busy = self._connection.in_flight or self._connection.unfinished or self._transport.get_write_buffer_size()
        return not busy and not (self._pool is not None and self.pooled and self._pool.state(self._descriptor)[2])

    def shed(self, reason: str) -> None:
        """Close at once, for a reason that is counted."""
        self._closing = self._closing or reason
        self._leave_pool()
        if reason in _AT_ONCE:
            self._transport.abort()
        else:
            self._transport.close()  # what has been answered still leaves

    def look(self, now: float, idle_s: float) -> None:
        """Close when a deadline has passed."""
        limits = self._service.limits
        since, size = self._partial_since, self._connection.unfinished_bytes
        if self._pool is not None and self.pooled:
            active, begun, size = self._pool.state(self._descriptor)
            self._active, since = max(active, self._active), begun or None
        if self._stalled_since is not None:
            if now - self._stalled_since > limits.write_stall_ms / 1_000:
                self.shed("stalled")
        elif since is not None:
            header = size < ENVELOPE_BYTES + HEADER_BYTES
            if now - since > (limits.header_ms if header else limits.body_ms) / 1_000:
                self.shed("header" if header else "body")
        elif now - self._active > idle_s and self.idle:
            self.shed("idle")

    # The work.

    def _answer_common(self, data: bytes) -> bytes:
        """Let the hot path answer what it can and take the frames it cannot; returns the octets that it left."""
        connection, peer = self._connection, self._peer
        if connection.unfinished:
            if connection.unfinished_bytes > COMMON_BYTES_MAX:
                return data  # no common question is so long
            data = connection.take_unfinished() + data
        limit = self._service.chain.limit
        trusted = peer.standing is Standing.TRUSTED
        allowed = -1 if trusted else limit.left(peer, self._active)
        waiting, accelerator = self._waiting_max - self._deferred, self._accelerator
        if accelerator is not None:
            done = accelerator.stream(data, allowed, waiting, OUT_BUFFER_BYTES)
        else:
            done = plain_path.stream(self._service.chain, data, allowed, waiting, OUT_BUFFER_BYTES)
        if done is None:
            return data
        answers, consumed, leftovers, answered, _ = done
        if answered:
            if not trusted:
                self.took(answered)
            self._write(answers)
        if leftovers:
            self._frames.extend(data[start:end] for start, end in leftovers)
            connection.in_flight += len(leftovers)
        return data[consumed:]

    def _work(self) -> None:
        self._scheduled = False
        if self._frames and self._stalled_since is None and not self._paused:
            try:
                replies = self._answer()
            except Exception:  # as above
                self._fail()
                return
            self._service.sources.prove(self._peer.source, self._active)
            if replies and not self._transport.is_closing():
                self._write(b"".join(replies))
        self._go_on()

    def _fail(self) -> None:
        note(logging.ERROR, "connection failed", peer=self.address, exc_info=True)
        self.shed("failure")

    def _give_away(self) -> bool:
        """If the administration is asked, give the whole connection to the process that administers."""
        chain, connection, link = self._service.chain, self._connection, self._peer.link
        if chain.administration is None or not chain.administration.concerns(self._frames[0], self._peer):
            return False
        self._leave_pool()
        under_way = self._deferred or self._ended or self._transport.get_write_buffer_size()
        if under_way or connection.error is not None or link is None or link.secure:
            return False
        assert chain.give is not None, "there is another process"
        octets = b"".join(self._frames) + connection.unfinished_octets
        if not chain.give(self._transport.get_extra_info("socket").fileno(), octets, link.speaks_idis):
            return False
        connection.answered(len(self._frames))
        self._frames.clear()
        self._closing = "given"
        self._transport.abort()
        return True

    def _hand_over(self) -> None:
        """Give the administration what somebody known asks of it: no snapshot is opened for a frame that is not answered now."""
        frames, peer, chain = self._frames, self._peer, self._service.chain
        administration, trusted = chain.administration, peer.standing is Standing.TRUSTED
        while frames and not self._blocked and administration is not None and administration.concerns(frames[0], peer):
            if not trusted:
                if not chain.limit.left(peer, self._active):
                    return  # which is told by the ordinary way
                chain.limit.take(peer, self._active, 1)
            self._deferred += 1
            chain.administer(frames.popleft(), peer, self._deliver)

    def _answer(self) -> list[bytes]:
        """One batch of answers, under one read transaction."""
        frames, peer = self._frames, self._peer
        trusted = peer.standing is Standing.TRUSTED
        quick = trusted and not self._known
        replies: list[bytes] = []
        if self._known:
            self._hand_over()
            if not frames:
                return replies
        elif self._service.chain.give is not None and self._give_away():
            return replies
        left = len(frames) if trusted else self._service.chain.limit.left(peer, self._active)
        if left < len(frames):
            self._pause()
        size = settled = 0
        with self._service.chain.batch(TCP) as batch:
            ready, take, add = batch.ready, frames.popleft, replies.append
            for _ in range(min(len(frames), left + REFUSED_AT_ONCE, BATCH_FRAMES)):
                if size >= OUT_BUFFER_BYTES or self._deferred >= self._waiting_max:
                    break
                frame = take()
                if quick and (octets := ready(frame)) is not None:
                    settled += 1
                    add(octets)
                    size += len(octets)
                    continue
                reply = batch.decode(frame, peer, self._deliver) if trusted else batch.answer(frame, peer, self._deliver)
                if isinstance(reply, Deferred):
                    self._deferred += 1
                else:
                    settled += 1
                    if reply is not None:
                        add(reply)
                        size += len(reply)
                if batch.spent:
                    break
        self._connection.answered(settled)
        return replies

    def _pause(self) -> None:
        self._paused = True
        asyncio.get_running_loop().call_later(REFUSED_PAUSE_S, self._resume)

    def _resume(self) -> None:
        self._paused = False
        self._active = self._service.clock.monotonic()
        if self._partial_since is not None:
            self._partial_since = self._active  # we did not read
        self._go_on()

    def _deliver(self, reply: bytes, *, more: bool = False) -> None:
        """An answer that took longer than its batch, or a part of one."""
        if not more:
            self._deferred -= 1
            self._connection.answered()
        if self._transport.is_closing():
            return
        self._active = self._service.clock.monotonic()
        if reply:
            self._write(reply)
        if not more:
            self._go_on()

    def _go_on(self) -> None:
        """Schedule the next batch, read or do not read; close when a peer that will ask no more has been told everything."""
        if self._transport.is_closing():
            return
        if self._frames and not self._blocked and not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._work)
        self._settle_reading()
        if self._ended and not self._frames and not self._deferred:
            self._transport.close()

    @property
    def _blocked(self) -> bool:
        return self._paused or self._stalled_since is not None or self._deferred >= self._waiting_max

    # Who reads: the pool, the transport, or nobody.

    def allowed(self) -> int:
        """How many more questions its source may ask."""
        return self._service.chain.limit.left(self._peer, self._service.clock.monotonic())

    def took(self, count: int) -> None:
        """So many were answered. Told before the answers are out, for the next question may come as a datagram."""
        now = self._service.clock.monotonic()
        self._service.chain.limit.take(self._peer, now, count)
        self._service.sources.prove(self._peer.source, now)

    def _settle_reading(self) -> None:
        if self._transport.is_closing():
            return
        full = self._blocked or bool(self._frames)
        pooled = not full and self._suits_pool()
        if self.pooled and not pooled:
            self._leave_pool()
        read = not full and not pooled
        if read != self._reading:
            self._reading = read
            if read:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()
        if pooled and not self.pooled:
            self._enter_pool()

    def _suits_pool(self) -> bool:
        connection, link = self._connection, self._peer.link
        return (
            self._pool is not None
            and self._chunks > 1
            and not self._ended
            and not self._known
            and not (link is not None and link.secure)
            and connection.unfinished_bytes <= COMMON_BYTES_MAX
            and not self._transport.get_write_buffer_size()
        )

    def _enter_pool(self) -> None:
        assert self._pool is not None, "it suits the connection"
        if self._descriptor < 0:
            self._descriptor = self._transport.get_extra_info("socket").fileno()
        limited = self._peer.standing is not Standing.TRUSTED
        rest = self._connection.take_unfinished()
        self._pool.add(self._descriptor, self, limited, self._active, rest, self._partial_since or self._active)
        self._partial_since = None

    def _leave_pool(self) -> None:
        if self._pool is None or not self.pooled:
            return
        active, begun, _ = self._pool.state(self._descriptor)
        self._active = max(active, self._active)
        if rest := self._pool.remove(self._descriptor):
            self._connection.receive_data(rest)
            self._partial_since = begun

    def _write(self, octets: bytes) -> None:
        """Send behind what the pool has sent, or by the transport; what a peer does not take is the transport's."""
        if self._pool is not None and self.pooled:
            octets = octets[self._pool.write(self._descriptor, octets) :]
            if not octets:
                return
            self._leave_pool()
        self._transport.write(octets)
        self._settle_reading()

    def _refuse(self, error: ProtocolError) -> None:
        """Nothing behind this octet can be framed: say so, once, and close when everything before it has been answered."""
        self._ended = True
        self._closing = "malformed"
        broken = self._connection.broken_envelope
        # Without what broke it (length, compression) the envelope still says whom to tell.
        known = outline(broken[:2] + bytes((broken[2] & ~EnvelopeFlag.COMPRESSED,)) + broken[3:_LENGTH_AT] + bytes(4))
        if known is not None:
            answer = error_message(known, error.code, str(error), now=int(self._service.clock.time()))
            self._write(encode_message(answer))
