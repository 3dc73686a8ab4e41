"""The hot path without a compiler: `process` and `drain`, with the names and the results of the compiled ones.

They answer from the store, through the prepared answers of the chain (`prepared.py`): one read transaction for what
arrived together, one system call each way for its datagrams, one write for a chunk of a stream. What they do not know
they hand back, as the compiled ones do, so that the transports need not know which they have.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from typing import ClassVar, cast

from idis.proto.codes import EnvelopeFlag
from idis.proto.connection import MESSAGE_BYTES_ANONYMOUS
from idis.proto.fragments import UDP_DATA_BYTES, UDP_PACKET_BYTES, split
from idis.proto.message import ENVELOPE_BYTES
from idis.resolver.chain import Chain
from idis.resolver.guard.sources import Sources, Standing
from idis.resolver.metrics import Metrics
from idis.resolver.request import TCP, UDP, Peer, Silence
from idis.resolver.transports.datagram_batch import Address, DatagramBatch, datagram_batch

FRAMES_MAX = 256  # of a chunk, answered before other connections get their turn: a millisecond
TRUSTED_HOSTS_MAX = 4_096  # remembered, then forgotten all at once

_LENGTH_AT = 16
_FLAGS_AT = 2
_COMPRESSED = int(EnvelopeFlag.COMPRESSED)

_TRUSTED = Standing.TRUSTED  # looking for a member takes a fifth of a microsecond

# A frame → the octets of its answer, None when it is not common.
Ready = Callable[[bytes], bytes | None]
# A datagram for the chain: its octets, where it came from, how far that is believed.
Leftover = tuple[bytes, Address, Standing]
# See `process`.
Processed = tuple[bytes, int, list[tuple[int, int]], int, bool]


def process(
    ready: Ready,
    buffer: bytes,
    allowed: int = -1,
    unanswered_max: int = 256,
    octets_max: int = 1_048_576,
    message_bytes_max: int = MESSAGE_BYTES_ANONYMOUS,
    frames_max: int = FRAMES_MAX,
) -> Processed:
    """Answer what is common among the whole frames of a stream.

    Args:
        ready: answers a common frame.
        buffer: octets from the start of a frame on.
        allowed: answers this source may still get, -1 for no limit; every further frame is a leftover.
        unanswered_max: leftovers to hand out before it stops.
        octets_max: answers to write before it stops; the last one may pass it.
        message_bytes_max: a longer message, like a compressed one, breaks the framing; it stops in front of it.
        frames_max: frames to look at before it stops.

    Returns:
        The answers one behind the other; octets consumed; where each frame begins and ends that is not answered, in order
        of arrival; how many were answered; whether it stopped at a limit with whole frames left.
    """
    answers: list[bytes] = []
    leftovers: list[tuple[int, int]] = []
    at, size, written = 0, len(buffer), 0
    while size - at >= ENVELOPE_BYTES:
        length = int.from_bytes(buffer[at + _LENGTH_AT : at + ENVELOPE_BYTES], "big")
        end = at + ENVELOPE_BYTES + length
        if length > message_bytes_max or buffer[at + _FLAGS_AT] & _COMPRESSED or end > size:
            break
        if written >= octets_max or len(answers) + len(leftovers) == frames_max:
            return b"".join(answers), at, leftovers, len(answers), True
        answer = ready(buffer[at:end]) if len(answers) != allowed else None
        if answer is not None:
            answers.append(answer)
            written += len(answer)
        elif len(leftovers) == unanswered_max:
            return b"".join(answers), at, leftovers, len(answers), True
        else:
            leftovers.append((at, end))
        at = end
    return b"".join(answers), at, leftovers, len(answers), False


def stream(chain: Chain, data: bytes, allowed: int, unanswered_max: int, octets_max: int) -> Processed:
    """Answer what is common among the frames of a chunk, under one read transaction; see `Accelerator.stream`."""
    with chain.batch(TCP) as batch:
        return process(batch.ready, data, allowed, unanswered_max, octets_max)


def drain(arrivals: DatagramBatch, chain: Chain, gate: PlainGate) -> tuple[int, list[Leftover]]:
    """Receive what waits, answer what is common, send; under one read transaction, begun when the questions were here.

    Args:
        arrivals: the socket.
        chain: of the node.
        gate: rates and standings of sources.

    Returns:
        How many datagrams were received, and those for the chain, from which rate limits have been taken.
    """
    packets = arrivals.receive()
    if not packets:
        return 0, []
    numbers: Sequence[int] = range(len(packets))
    standings: list[Standing | None] = []
    with chain.batch(UDP) as batch:
        if gate.trusted.issuperset(arrivals.hosts):
            answers = batch.replies(packets)
        else:
            standings = gate.standings(packets, arrivals, batch.started)
            numbers = [number for number, standing in enumerate(standings) if standing is not None]
            answers = batch.replies([packets[number] for number in numbers])
    leaving, leftovers = cast(list[bytes], answers), list[Leftover]()
    # Most datagrams are common questions of trusted sources, answered in one packet: for them there is nothing left to do.
    if standings or not all(answers) or max(map(len, leaving)) > UDP_PACKET_BYTES:
        leaving, numbers, leftovers = _parted(answers, numbers, standings or [_TRUSTED] * len(packets), packets, arrivals, gate)
    if leaving:
        gate.count_unsent(*arrivals.send(leaving, numbers))
    return len(packets), leftovers


def _parted(
    answers: Sequence[bytes | None],
    numbers: Sequence[int],
    standings: Sequence[Standing | None],
    packets: Sequence[bytes],
    arrivals: DatagramBatch,
    gate: PlainGate,
) -> tuple[list[bytes], list[int], list[Leftover]]:
    """The packets that may leave, the numbers of the datagrams that they answer, and what is left for the chain."""
    leaving: list[bytes] = []
    answered: list[int] = []
    leftovers: list[Leftover] = []
    for number, answer in zip(numbers, answers, strict=True):
        packet, standing = packets[number], standings[number]
        assert standing is not None, "only who was admitted is answered"
        if answer is None:
            if gate.is_framed(packet):
                leftovers.append((packet, arrivals.address(number), standing))
        elif gate.lets_out(packet, answer, standing):
            parts = split(answer) if len(answer) > UDP_PACKET_BYTES else (answer,)
            leaving += parts
            answered += [number] * len(parts)
    return leaving, answered, leftovers


class PlainDatagrams:
    """`drain` for one socket, called as the compiled step is.

    Attributes:
        batches: how many of them one turn of the loop takes.
        standings: what the last field of `Leftover` means.
    """

    batches: ClassVar = 1
    standings: ClassVar = {standing: standing for standing in Standing}

    def __init__(self, bound: socket.socket, chain: Chain, sources: Sources, metrics: Metrics) -> None:
        self._arrivals = datagram_batch(bound)
        self._chain = chain
        self._sources = sources
        self._gate = PlainGate(chain, sources, metrics)

    def datagrams(self, _descriptor: int) -> tuple[int, list[Leftover]]:
        """Receive, answer and send what waits at the socket, at most 64 datagrams; see `drain`."""
        return drain(self._arrivals, self._chain, self._gate)

    def allow(self, address: str, now: float) -> bool:
        """Take a token for a question that came in fragments, from which none was taken."""
        source = self._sources.of(address)
        return self._gate.allow(Peer(UDP, source, self._sources.standing_of_datagram(source, now)), now)


class PlainGate:
    """Which datagrams are answered at all: the rules of `guard/`, and what they drop counted.

    Attributes:
        trusted: hosts of trusted networks, as a `DatagramBatch` names them.
    """

    def __init__(self, chain: Chain, sources: Sources, metrics: Metrics) -> None:
        self.trusted: set[bytes | str] = set()
        self._chain = chain
        self._sources = sources
        self._silent = metrics.silent

    def standings(self, packets: Sequence[bytes], arrivals: DatagramBatch, now: float) -> list[Standing | None]:
        """How far the source of each datagram is believed; None when it gets no answer."""
        return [
            _TRUSTED if host in self.trusted else self._admit(packet, host, arrivals.address(number)[0], now)
            for number, (packet, host) in enumerate(zip(packets, arrivals.hosts, strict=True))
        ]

    def allow(self, peer: Peer, now: float) -> bool:
        """Take a token for a question; counts when there is none."""
        match self._chain.limit(peer, now):
            case Silence(reason=reason):
                self._silent[reason] += 1
                return False
            case _:
                return True

    def is_framed(self, packet: bytes) -> bool:
        """Whether a datagram is a whole message or a part of one; counts when it is neither."""
        length = _length(packet)
        if len(packet) == ENVELOPE_BYTES + length or (length > UDP_DATA_BYTES and len(packet) >= ENVELOPE_BYTES):
            return True
        self._silent["malformed"] += 1
        return False

    def lets_out(self, packet: bytes, answer: bytes, standing: Standing) -> bool:
        """Whether an answer may leave: to a stranger no more octets than came; counts when it may not."""
        if standing is Standing.UNPROVEN and len(answer) > len(packet):
            self._silent["amplification"] += 1
            return False
        return True

    def count_unsent(self, full: int, unreachable: int) -> None:
        """Answers that had no room in the socket, and that nobody was there for: the askers ask again."""
        for reason, count in (("send_buffer", full), ("unreachable", unreachable)):
            if count:
                self._silent[reason] += count

    def _admit(self, packet: bytes, host: bytes | str, address: str, now: float) -> Standing | None:
        """As `standings`, for one that is not known to be trusted; `host` and `address` say where it came from."""
        source = self._sources.of(address)
        standing = self._sources.standing_of_datagram(source, now)
        if standing is Standing.TRUSTED:
            if len(self.trusted) >= TRUSTED_HOSTS_MAX:
                self.trusted.clear()
            self.trusted.add(host)
            return standing
        if not self.is_framed(packet):
            return None
        if _length(packet) > UDP_DATA_BYTES:  # a fragment; a rate is taken of the whole message
            if standing is Standing.UNPROVEN:
                self._silent["fragments"] += 1
                return None
            return standing
        return standing if self.allow(Peer(UDP, source, standing), now) else None


def _length(packet: bytes) -> int:
    return int.from_bytes(packet[_LENGTH_AT:ENVELOPE_BYTES], "big")
