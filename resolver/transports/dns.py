"""DNS over UDP and TCP: octets ↔ `dns_face.py`, with cookies, limits and truncation (`trust.md` §6).

A stranger's datagram gets no answer longer than itself: it gets a truncated one that sends it to TCP, or, if it can carry
a cookie, BADCOOKIE with one. A valid cookie, or a completed TCP exchange, proves an address. Beyond its rate a stranger gets
such a hint for every second question and silence for the others, so that a resolver in its network still gets through.
TCP is pipelined; what other nodes must be asked for is answered when it is known, in any order (RFC 7766 §6.2).
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, cast

from idis.proto.dns.cookie import CLIENT_BYTES, is_good_cookie, make_cookie
from idis.proto.dns.message import (
    BADCOOKIE,
    SERVFAIL,
    DnsQuery,
    Fault,
    Reply,
    decode_query,
    encode_fault,
    encode_hint,
    encode_reply,
)
from idis.proto.dns.name import write_name
from idis.resolver.chain import Batch, Chain
from idis.resolver.config import DnsSection
from idis.resolver.dns_face import DnsFace, Waiting
from idis.resolver.dns_plain import TCP_BYTES_MAX, PlainDns
from idis.resolver.guard.arrival import OUT_BUFFER_BYTES
from idis.resolver.guard.connections import ConnectionTable
from idis.resolver.guard.sources import Source, Sources, Standing
from idis.resolver.known_records import KNOWN_BYTES_MAX, KnownRecords
from idis.resolver.log import note
from idis.resolver.metrics import Metrics
from idis.resolver.request import TCP, UDP, Peer, Silence
from idis.resolver.transports.datagram_batch import DATAGRAMS_MAX, datagram_batch
from idis.resolver.transports.sockets import Sockets

IDLE_S = 10.0  # of a connection: RFC 7766 §6.2.3 asks for seconds
WAITING_MAX = 1_000  # questions of this face that wait for other nodes; more are answered SERVFAIL
PENDING_MAX = 64  # of one connection; then it is not read until some are answered
BATCHES_MAX = 4  # of datagrams in one turn of the loop: a quarter of a millisecond
DNS = "dns"

if TYPE_CHECKING:
    from idis.resolver.accelerator import Accelerator
    from idis.resolver.dns_accelerator import DnsAccelerator

_LENGTH_BYTES = 2

Send = Callable[[bytes], None]


class DnsService:
    """Answers messages for the sockets of one process.

    Args:
        face: decides.
        chain, sources, metrics, table: of the node.
        secret: of its cookies.
        recurses: whether the node asks others, so that an answer is not its store's alone.
    """

    def __init__(
        self,
        face: DnsFace,
        chain: Chain,
        sources: Sources,
        metrics: Metrics,
        table: ConnectionTable,
        secret: bytes,
        *,
        recurses: bool,
    ) -> None:
        self.chain = chain
        self.sources = sources
        self.metrics = metrics
        self.table = table
        self._face = face
        self._secret = secret
        self._recurses = recurses
        self._slip = False
        self._waiting: set[asyncio.Task[None]] = set()
        self._known: KnownRecords[bytes] = KnownRecords(KNOWN_BYTES_MAX)
        self._known_at = -1
        # Of a node that asks others an answer is not its store's alone.
        self.plain = None if recurses else PlainDns(chain.prepared, face.zone)

    def known(self) -> dict[bytes, bytes]:
        """Datagrams without their number → answers without it, as the store stands now; for trusted sources."""
        at = self.chain.store.last_transaction
        if at != self._known_at:
            self._known_at = at
            self._known.forget()
        self._known.free()
        return self._known.found

    def remember(self, packet: bytes, octets: bytes) -> None:
        """Whoever is trusted and asks so gets this until the store changes."""
        self._known.add(packet[2:], octets[2:], len(octets))

    def answer(self, packet: bytes, source: Source, batch: Batch, send: Send, *, datagram: bool) -> bytes | None:
        """The octets that answer a message, none when it gets no answer; None when they go to `send` later, once."""
        query = decode_query(packet)
        if query is None:
            self.metrics.silent["malformed"] += 1
            return b""
        if isinstance(query, Fault):
            self.metrics.dns[f"code.{query.code}"] += 1
            return encode_fault(query)
        cookie, standing = self._proof(query, source, batch.started, datagram=datagram)
        verdict = self._face.decide(query, Peer(UDP if datagram else TCP, source, standing), batch)
        bytes_max = query.udp_bytes if datagram else TCP_BYTES_MAX
        if isinstance(verdict, Waiting):
            self._wait(query, verdict, lambda reply: send(self._written(query, reply, bytes_max, cookie, standing)))
            return None
        if isinstance(verdict, Silence):
            return self._shed(query, verdict, cookie)
        octets = self._written(query, verdict, bytes_max, cookie, standing)
        if verdict.repeatable and standing is Standing.TRUSTED and datagram and not cookie and not self._recurses:
            self.remember(packet, octets)
        return octets

    async def close(self) -> None:
        """Give up what still waits for other nodes."""
        for task in self._waiting:
            task.cancel()
        await asyncio.gather(*self._waiting, return_exceptions=True)

    def _proof(self, query: DnsQuery, source: Source, now: float, *, datagram: bool) -> tuple[bytes, Standing]:
        """The cookie to send back, and how far the source is believed."""
        sent = None if query.edns is None else query.edns.cookie
        standing = self.sources.standing_of_datagram(source, now) if datagram else self.sources.standing_of_stream(source)
        if sent is None:
            return b"", standing
        address = socket.inet_pton(
            socket.AF_INET6 if ":" in source.address else socket.AF_INET, source.address.partition("%")[0]
        )
        unix = int(self.chain.clock.time())
        if standing is Standing.UNPROVEN and is_good_cookie(sent, address, self._secret, unix):
            standing = Standing.PROVEN
            self.metrics.dns["cookies"] += 1
        return make_cookie(sent[:CLIENT_BYTES], address, self._secret, unix), standing

    def _written(self, query: DnsQuery, reply: Reply, bytes_max: int, cookie: bytes, standing: Standing) -> bytes:
        self.metrics.dns[f"code.{reply.code}"] += 1
        octets = encode_reply(query, reply, bytes_max, cookie)
        if standing is Standing.UNPROVEN and (len(octets) > query.size or self._face.is_common(query)):
            self.metrics.dns["hints"] += 1
            return encode_hint(query, cookie, code=BADCOOKIE if cookie else 0)
        return octets

    def _shed(self, query: DnsQuery, verdict: Silence, cookie: bytes) -> bytes:
        """Every second question beyond the rate gets a hint, the others silence."""
        self.metrics.silent[verdict.reason] += 1
        self._slip = not self._slip
        if not self._slip or verdict.reason != "rate":
            return b""
        self.metrics.dns["slipped"] += 1
        return encode_hint(query, cookie, code=BADCOOKIE if cookie else 0)

    def _wait(self, query: DnsQuery, waiting: Waiting, deliver: Callable[[Reply], None]) -> None:
        if len(self._waiting) >= WAITING_MAX:
            deliver(Reply(SERVFAIL, authoritative=False))
            return

        async def ask() -> None:
            try:
                deliver(waiting.finish(await self.chain.settle(waiting.later)))
            except Exception:  # the outermost loop of one question: its asker asks again
                note(logging.ERROR, "dns question failed", exc_info=True)

        task = asyncio.get_running_loop().create_task(ask())
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)


class DnsEntrance:
    """All DNS sockets of one process; see `DnsService`."""

    def __init__(
        self,
        config: DnsSection,
        sockets: Sockets,
        chain: Chain,
        sources: Sources,
        metrics: Metrics,
        table: ConnectionTable,
        *,
        address: str,
        secret: bytes,
        recurses: bool,
        quick: Accelerator | None = None,
    ) -> None:
        face = DnsFace(config, chain, address)
        self._service = DnsService(face, chain, sources, metrics, table, secret, recurses=recurses)
        hot = None if quick is None or recurses else quick.dns(write_name(face.zone), secret)
        self._datagrams = [DnsDatagrams(bound, self._service, hot) for bound in sockets.dns_udp]
        self._streams = [DnsStreams(bound, self._service, hot) for bound in sockets.dns_tcp]

    async def open(self) -> None:
        """Begin to serve."""
        for datagrams in self._datagrams:
            datagrams.open()
        for streams in self._streams:
            await streams.open()

    async def close(self) -> None:
        """Take no more questions, give up those that wait for other nodes."""
        for streams in self._streams:
            streams.close()
        for datagrams in self._datagrams:
            datagrams.stop_reading()
        await self._service.close()


class DnsDatagrams:
    """Serves one UDP socket."""

    def __init__(self, bound: socket.socket, service: DnsService, hot: DnsAccelerator | None) -> None:
        self._socket = bound
        self._service = service
        self._arrivals = datagram_batch(bound)
        self._trusted: set[bytes | str] = set()
        self._hot = hot

    def open(self) -> None:
        """Begin to serve; needs a running loop."""
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._drain)

    def stop_reading(self) -> None:
        """Take no more questions; answers under way still leave."""
        asyncio.get_running_loop().remove_reader(self._socket.fileno())

    def _drain(self) -> None:
        try:
            if self._hot is not None:
                self._drain_hot(self._hot)
            elif packets := self._arrivals.receive():
                self._answer(packets)
        except Exception:  # the outermost loop of this transport: whoever is left unanswered asks again
            self._service.metrics.silent["failure"] += 1
            note(logging.ERROR, "dns datagram failed", exc_info=True)

    def _drain_hot(self, hot: DnsAccelerator) -> None:
        """The compiled step answers what is common and leaves the rest."""
        service = self._service
        for _ in range(BATCHES_MAX):
            received, leftovers = hot.datagrams(self._socket.fileno())
            if leftovers:
                with service.chain.batch(UDP) as batch:
                    for packet, address, _standing in leftovers:
                        send = partial(self._send, address)
                        octets = service.answer(packet, service.sources.of(address[0]), batch, send, datagram=True)
                        if octets:
                            send(octets)
            if received < DATAGRAMS_MAX:
                return

    def _answer(self, packets: Sequence[bytes]) -> None:
        service, arrivals = self._service, self._arrivals
        answers: list[bytes] = []
        numbers: list[int] = []
        started = service.chain.clock.monotonic()
        known, trusted = service.known(), self._trusted
        left: list[int] = []
        for number, (packet, host) in enumerate(zip(packets, arrivals.hosts, strict=True)):
            if host in trusted and (tail := known.get(packet[2:])) is not None:
                answers.append(packet[:2] + tail)
                numbers.append(number)
            else:
                left.append(number)
        if answers:
            service.metrics.dns["repeated"] += len(answers)
        if left:
            with service.chain.batch(UDP) as batch:
                self._answer_new(left, packets, batch, answers, numbers)
        if answers:
            full, unreachable = arrivals.send(answers, numbers)
            service.metrics.silent["send_buffer"] += full
            service.metrics.silent["unreachable"] += unreachable
            service.metrics.durations[DNS].add(service.chain.clock.monotonic() - started, len(answers))

    def _answer_new(
        self, left: list[int], packets: Sequence[bytes], batch: Batch, answers: list[bytes], numbers: list[int]
    ) -> None:
        """Answer what nobody has asked so before."""
        service, trusted, hosts = self._service, self._trusted, self._arrivals.hosts
        plain, before = service.plain, len(answers)
        if plain is not None:
            plain.open(batch.txn)
        others: list[int] = []
        for number in left:
            packet = packets[number]
            octets = plain.answer(packet) if plain is not None and hosts[number] in trusted else None
            if octets is None:
                others.append(number)
            else:
                answers.append(octets)
                numbers.append(number)
                service.remember(packet, octets)
        service.metrics.dns["code.0"] += len(answers) - before
        for number in others:
            self._answer_one(number, packets[number], hosts[number], batch, answers, numbers)

    def _answer_one(
        self, number: int, packet: bytes, host: bytes | str, batch: Batch, answers: list[bytes], numbers: list[int]
    ) -> None:
        address = self._arrivals.address(number)
        source = self._service.sources.of(address[0])
        if source.trusted and len(self._trusted) < DATAGRAMS_MAX * DATAGRAMS_MAX:
            self._trusted.add(host)
        octets = self._service.answer(packet, source, batch, partial(self._send, address), datagram=True)
        if octets:
            answers.append(octets)
            numbers.append(number)

    def _send(self, address: tuple[object, ...], octets: bytes) -> None:
        try:
            self._socket.sendto(octets, address)
        except OSError:
            self._service.metrics.silent["unreachable"] += 1


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
