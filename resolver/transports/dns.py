"""DNS over UDP and TCP: octets ↔ `dns_face.py`, with cookies, limits and truncation (`trust.md` §6)."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from idis.proto.dns.name import write_name
from idis.resolver.chain import Batch, Chain
from idis.resolver.config import DnsSection
from idis.resolver.dns_face import DnsFace
from idis.resolver.guard.connections import ConnectionTable
from idis.resolver.guard.sources import Sources
from idis.resolver.known_records import TABLE_MASK
from idis.resolver.log import note
from idis.resolver.metrics import Metrics
from idis.resolver.request import UDP
from idis.resolver.transports.datagram_batch import DATAGRAMS_MAX, datagram_batch
from idis.resolver.transports.dns_service import DNS, DnsService
from idis.resolver.transports.dns_streams import DnsStreams
from idis.resolver.transports.sockets import Sockets

BATCHES_MAX = 4  # of datagrams in one turn of the loop: a quarter of a millisecond

if TYPE_CHECKING:
    from idis.resolver.accelerator import Accelerator
    from idis.resolver.dns_accelerator import DnsAccelerator


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
        known, trusted, plain = service.known(), self._trusted, service.plain
        others: list[int] = []
        repeated = 0
        with service.chain.batch(UDP) as batch:
            if plain is not None:
                plain.open(batch.txn)
            for number, (packet, host) in enumerate(zip(packets, arrivals.hosts, strict=True)):
                octets = None
                if plain is not None and host in trusted and (octets := plain.answer(packet)) is None:
                    question = packet[2:]
                    if (tail := known[hash(question) & TABLE_MASK].get(question)) is not None:
                        octets = packet[:2] + tail
                        repeated += 1
                if octets is None:
                    others.append(number)
                else:
                    answers.append(octets)
                    numbers.append(number)
            dns = service.metrics.dns
            dns["repeated"] += repeated
            dns["code.0"] += len(answers) - repeated
            for number in others:
                self._answer_one(number, packets[number], arrivals.hosts[number], batch, answers, numbers)
        if answers:
            full, unreachable = arrivals.send(answers, numbers)
            service.metrics.silent["send_buffer"] += full
            service.metrics.silent["unreachable"] += unreachable
            service.metrics.durations[DNS].add(service.chain.clock.monotonic() - started, len(answers))

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
