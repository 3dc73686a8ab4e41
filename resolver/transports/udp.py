"""Datagrams: drained in batches, answered in place, never more octets to a stranger than it sent.

`add_reader` and a drain loop instead of a DatagramProtocol: asyncio's takes one datagram per turn of the loop, which
costs a factor of three (`performance.md` §1). A message over 492 octets travels in several packets; those of unproven
sources are refused outright, so that orphan fragments cost nothing (`wire.md` W2, W4).
"""

from __future__ import annotations

import asyncio
import logging
import socket
from functools import partial
from typing import TYPE_CHECKING, Any

from idis.proto.fragments import UDP_DATA_BYTES, UDP_PACKET_BYTES, Reassembly, split
from idis.proto.message import ENVELOPE_BYTES
from idis.resolver.chain import Batch, Chain
from idis.resolver.guard.sources import Sources, Standing
from idis.resolver.log import note
from idis.resolver.metrics import Metrics
from idis.resolver.recursion.recursor import Clock
from idis.resolver.request import UDP, Peer

if TYPE_CHECKING:
    from idis.resolver.accelerator import Accelerator, Leftover

BATCH_DATAGRAMS = 64  # one turn of the loop takes this many; more would make TCP wait longer than a millisecond
BATCHES = 4  # of the compiled step, a quarter of a millisecond, for which the loop need not turn
# One octet more than a packet may have: a longer datagram shows by its length.
_RECEIVE_BYTES = UDP_PACKET_BYTES + 1
_LENGTH_AT = 16
_TRUSTED_PEERS_MAX = 4_096

_Address = tuple[Any, ...]  # (host, port) or (host, port, flow, scope)


class UdpTransport:
    """Serves one UDP socket."""

    def __init__(
        self,
        bound: socket.socket,
        chain: Chain,
        sources: Sources,
        metrics: Metrics,
        clock: Clock,
        accelerator: Accelerator | None = None,
    ) -> None:
        self._socket = bound
        self._accelerator = accelerator
        self._chain = chain
        self._sources = sources
        self._metrics = metrics
        self._clock = clock
        self._reassembly = Reassembly()
        self._trusted: dict[str, Peer] = {}

    def open(self) -> None:
        """Begin to serve; needs a running loop."""
        drain = self._drain if self._accelerator is None else partial(self._drain_fast, self._accelerator)
        asyncio.get_running_loop().add_reader(self._socket.fileno(), drain)

    def stop_reading(self) -> None:
        """Take no more questions; answers under way still leave."""
        asyncio.get_running_loop().remove_reader(self._socket.fileno())

    def _drain_fast(self, accelerator: Accelerator) -> None:
        """The compiled step takes the datagrams, answers what is common, and leaves the rest to the chain."""
        try:
            for _ in range(BATCHES):
                received, leftovers = accelerator.datagrams(self._socket.fileno())
                if leftovers:
                    self._answer_leftovers(accelerator, leftovers)
                if received < BATCH_DATAGRAMS:
                    return
        except Exception:  # the outermost loop of this transport: whoever is left unanswered asks again
            self._fail("")

    def _answer_leftovers(self, accelerator: Accelerator, leftovers: list[Leftover]) -> None:
        address: _Address = ()
        try:
            with self._chain.batch(UDP) as batch:
                for packet, address, standing in leftovers:
                    peer = self._peer_of(address[0], accelerator.standings[standing])
                    length = int.from_bytes(packet[_LENGTH_AT:ENVELOPE_BYTES], "big")
                    frame = packet
                    if length > UDP_DATA_BYTES:
                        whole = self._reassembly.receive(packet, address[:2], batch.started)
                        if whole is None or not accelerator.allow(address[0], batch.started):
                            continue
                        frame = whole
                    deliver = partial(self._deliver, address, peer, len(packet))
                    reply = batch.ready(frame) or batch.decode(frame, peer, deliver)
                    if isinstance(reply, bytes):
                        deliver(reply)
        except Exception:  # as above, so that one datagram harms only those that came with it
            self._fail(str(address))

    def _drain(self) -> None:
        receive = self._socket.recvfrom
        arrivals = []
        for _ in range(BATCH_DATAGRAMS):
            try:
                arrivals.append(receive(_RECEIVE_BYTES))
            except BlockingIOError:
                break
            except OSError:
                continue  # an ICMP error for an earlier answer: its asker is gone
        if not arrivals:
            return
        address: _Address = ()
        trusted, send = self._trusted, self._socket.sendto
        try:
            with self._chain.batch(UDP) as batch:
                ready = batch.ready
                for packet, address in arrivals:
                    # Most datagrams are common questions of trusted sources, answered in one packet: nothing else happens here.
                    if address[0] not in trusted or (reply := ready(packet)) is None:
                        self._answer(batch, packet, address)
                    elif len(reply) > UDP_PACKET_BYTES:
                        self._send(address, reply)
                    else:
                        try:
                            send(reply, address)
                        except OSError as error:
                            self._count_unsent(error)
        except Exception:  # the outermost loop of this transport: whoever is left unanswered asks again
            self._fail(str(address))

    def _fail(self, peer: str) -> None:
        self._metrics.silent["failure"] += 1
        note(logging.ERROR, "datagram failed", peer=peer, exc_info=True)

    def _answer(self, batch: Batch, packet: bytes, address: _Address) -> None:
        """Anything but the common question of a trusted source."""
        now = batch.started
        peer = self._trusted.get(address[0])
        is_decoded = peer is not None
        if peer is None:
            peer = self._peer(address[0], now)
        length = int.from_bytes(packet[_LENGTH_AT:ENVELOPE_BYTES], "big")
        frame: bytes | None = packet
        if length > UDP_DATA_BYTES:
            if peer.standing is Standing.UNPROVEN:
                self._metrics.silent["fragments"] += 1
                return
            frame = self._reassembly.receive(packet, address[:2], now)
            if frame is None:
                return
        elif len(packet) != ENVELOPE_BYTES + length:
            self._metrics.silent["malformed"] += 1
            return
        assert frame is not None
        deliver = partial(self._deliver, address, peer, len(packet))
        reply = batch.decode(frame, peer, deliver) if is_decoded else batch.answer(frame, peer, deliver)
        if isinstance(reply, bytes):
            deliver(reply)

    def _peer(self, host: str, now: float) -> Peer:
        return self._peer_of(host, self._sources.standing_of_datagram(self._sources.of(host), now))

    def _peer_of(self, host: str, standing: Standing) -> Peer:
        if (peer := self._trusted.get(host)) is not None:
            return peer
        peer = Peer(UDP, self._sources.of(host), standing)
        if peer.standing is Standing.TRUSTED:
            if len(self._trusted) >= _TRUSTED_PEERS_MAX:
                self._trusted.clear()
            self._trusted[host] = peer
        return peer

    def _deliver(self, address: _Address, peer: Peer, asked_bytes: int, reply: bytes, *, more: bool = False) -> None:
        """Send an answer, unless it would make a stranger's forged question grow. One datagram has one: `more` never comes."""
        if not reply:
            return
        if peer.standing is Standing.UNPROVEN and len(reply) > asked_bytes:
            self._metrics.silent["amplification"] += 1
            return
        self._send(address, reply)

    def _send(self, address: _Address, reply: bytes) -> None:
        try:
            for packet in (reply,) if len(reply) <= UDP_PACKET_BYTES else split(reply):
                self._socket.sendto(packet, address)
        except OSError as error:
            self._count_unsent(error)

    def _count_unsent(self, error: OSError) -> None:
        """The asker asks again, as after any loss; nothing is kept for it."""
        self._metrics.silent["send_buffer" if isinstance(error, BlockingIOError) else "unreachable"] += 1
