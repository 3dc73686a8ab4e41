"""Datagrams: drained in batches, answered in place, never more octets to a stranger than it sent.

`add_reader` and a drain loop instead of a DatagramProtocol: asyncio's takes one datagram per turn of the loop, which
costs a factor of three (`performance.md` §1). A message over 492 octets travels in several packets; those of unproven
sources are refused outright, so that orphan fragments cost nothing (`wire.md` W2, W4).
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from idis.proto.fragments import UDP_DATA_BYTES, UDP_PACKET_BYTES, Reassembly, split
from idis.proto.message import ENVELOPE_BYTES
from idis.resolver.chain import Chain
from idis.resolver.guard.sources import Sources, Standing
from idis.resolver.log import note
from idis.resolver.metrics import Metrics
from idis.resolver.plain_path import PlainDatagrams
from idis.resolver.recursion.recursor import Clock
from idis.resolver.request import UDP, Peer
from idis.resolver.transports.datagram_batch import DATAGRAMS_MAX, Address

if TYPE_CHECKING:
    from idis.resolver.accelerator import Accelerator, Leftover

_LENGTH_AT = 16
_TRUSTED_PEERS_MAX = 4_096


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
        self._path: Accelerator | PlainDatagrams = accelerator or PlainDatagrams(bound, chain, sources, metrics)
        self._chain = chain
        self._sources = sources
        self._metrics = metrics
        self._clock = clock
        self._reassembly = Reassembly()
        self._trusted: dict[str, Peer] = {}

    def open(self) -> None:
        """Begin to serve; needs a running loop."""
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._drain)

    def take(self, received: Mapping[int, Sequence[Leftover]]) -> None:
        """Answer what was received on this socket before it was opened, by descriptor."""
        if leftovers := received.get(self._socket.fileno()):
            self._answer(leftovers)

    def stop_reading(self) -> None:
        """Take no more questions; answers under way still leave."""
        asyncio.get_running_loop().remove_reader(self._socket.fileno())

    def _drain(self) -> None:
        """The hot path takes the datagrams, answers what is common, and leaves the rest to the chain."""
        try:
            for _ in range(self._path.batches):
                received, leftovers = self._path.datagrams(self._socket.fileno())
                if leftovers:
                    self._answer(leftovers)
                if received < DATAGRAMS_MAX:
                    return
        except Exception:  # the outermost loop of this transport: whoever is left unanswered asks again
            self._fail("")

    def _answer(self, leftovers: Sequence[tuple[bytes, Address, Any]]) -> None:
        path = self._path
        address: Address = ()
        try:
            with self._chain.batch(UDP) as batch:
                for packet, address, standing in leftovers:
                    peer = self._peer_of(address[0], path.standings[standing])
                    length = int.from_bytes(packet[_LENGTH_AT:ENVELOPE_BYTES], "big")
                    frame = packet
                    if length > UDP_DATA_BYTES:
                        whole = self._reassembly.receive(packet, address[:2], batch.started)
                        if whole is None or not path.allow(address[0], batch.started):
                            continue
                        frame = whole
                    deliver = partial(self._deliver, address, peer, len(packet))
                    reply = batch.ready(frame) or batch.decode(frame, peer, deliver)
                    if isinstance(reply, bytes):
                        deliver(reply)
        except Exception:  # as above, so that one datagram harms only those that came with it
            self._fail(str(address))

    def _fail(self, peer: str) -> None:
        self._metrics.silent["failure"] += 1
        note(logging.ERROR, "datagram failed", peer=peer, exc_info=True)

    def _peer_of(self, host: str, standing: Standing) -> Peer:
        if (peer := self._trusted.get(host)) is not None:
            return peer
        peer = Peer(UDP, self._sources.of(host), standing)
        if peer.standing is Standing.TRUSTED:
            if len(self._trusted) >= _TRUSTED_PEERS_MAX:
                self._trusted.clear()
            self._trusted[host] = peer
        return peer

    def _deliver(self, address: Address, peer: Peer, asked_bytes: int, reply: bytes, *, more: bool = False) -> None:
        """Send an answer, unless it would make a stranger's forged question grow. One datagram has one: `more` never comes."""
        if not reply:
            return
        if peer.standing is Standing.UNPROVEN and len(reply) > asked_bytes:
            self._metrics.silent["amplification"] += 1
            return
        self._send(address, reply)

    def _send(self, address: Address, reply: bytes) -> None:
        try:
            for packet in (reply,) if len(reply) <= UDP_PACKET_BYTES else split(reply):
                self._socket.sendto(packet, address)
        except OSError as error:
            self._count_unsent(error)

    def _count_unsent(self, error: OSError) -> None:
        """The asker asks again, as after any loss; nothing is kept for it."""
        self._metrics.silent["send_buffer" if isinstance(error, BlockingIOError) else "unreachable"] += 1
