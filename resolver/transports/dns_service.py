"""Answers DNS messages, whichever socket they came from: cookies, limits, truncation, and what waits for other nodes.

A stranger's datagram gets no answer longer than itself: it gets a truncated one that sends it to TCP, or, if it can carry
a cookie, BADCOOKIE with one. A valid cookie, or a completed TCP exchange, proves an address. Beyond its rate a stranger gets
such a hint for every second question and silence for the others, so that a resolver in its network still gets through.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Mapping, Sequence

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
from idis.resolver.chain import Batch, Chain
from idis.resolver.dns_face import DnsFace, Waiting
from idis.resolver.dns_plain import TCP_BYTES_MAX, PlainDns
from idis.resolver.guard.connections import ConnectionTable
from idis.resolver.guard.sources import Source, Sources, Standing
from idis.resolver.known_records import ANSWERS_BYTES_MAX, KnownRecords
from idis.resolver.log import note
from idis.resolver.metrics import Metrics
from idis.resolver.request import TCP, UDP, Peer, Silence

WAITING_MAX = 1_000  # questions of this face that wait for other nodes; more are answered SERVFAIL
DNS = "dns"

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
        self._known = KnownRecords(ANSWERS_BYTES_MAX)
        self._known_at = -1
        # Of a node that asks others an answer is not its store's alone.
        self.plain = None if recurses else PlainDns(chain.prepared, face.zone)

    def known(self) -> Sequence[Mapping[bytes, bytes]]:
        """Datagrams without their number → answers without it, as the store stands now; for trusted sources.

        In tables, see `KnownRecords`.
        """
        at = self.chain.store.last_transaction
        if at != self._known_at:
            self._known_at = at
            self._known.forget()
        self._known.free()
        return self._known.tables

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
            # Whoever is trusted and asks so gets this until the store changes.
            self._known.add(packet[2:], octets[2:])
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
