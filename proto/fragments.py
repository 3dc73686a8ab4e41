"""UDP packets: messages cut into packets of 512 octets, and put together again without waiting (`wire.md` §8, W2).

Every packet repeats the envelope with its own sequence number; fragment n holds the octets from n × 492 on. Whether a
message is fragmented is told by its length, because old servers forget the flag.

The table of unfinished messages is bounded in entries, octets and time, for each source and in all. When it is full the
oldest goes: packets of an honest message arrive together, so what has waited longest is the orphan. Expiry is in order of
arrival, so each entry is looked at a constant number of times.
"""

from __future__ import annotations

import struct
from collections import Counter, OrderedDict
from collections.abc import Hashable

from idis.proto.codes import EnvelopeFlag
from idis.proto.message import ENVELOPE_BYTES, MESSAGE_BYTES_MAX

UDP_PACKET_BYTES = 512  # what receivers allocate
UDP_DATA_BYTES = UDP_PACKET_BYTES - ENVELOPE_BYTES
UDP_FRAGMENTS_MAX = 8  # per message we take: 3,936 octets; longer messages belong on TCP
MESSAGES_PER_SOURCE_MAX = 32
MESSAGES_MAX = 4_096  # with 8 fragments each at most 16 MB
REASSEMBLY_S = 2.0

_TRUNCATED = int(EnvelopeFlag.TRUNCATED)
_TAIL = struct.Struct(">III")  # request id, sequence, length
_TAIL_AT = 8
_SEQUENCE_AT = 12


def split(frame: bytes) -> list[bytes]:
    """The packets of a frame: the frame itself when its message fits one, else fragments in order."""
    length = len(frame) - ENVELOPE_BYTES
    if length <= UDP_DATA_BYTES:
        return [frame]
    head = frame[:2] + bytes((frame[2] | _TRUNCATED,)) + frame[3:_SEQUENCE_AT]
    size = frame[_SEQUENCE_AT + 4 : ENVELOPE_BYTES]
    return [
        head + sequence.to_bytes(4, "big") + size + frame[at : at + UDP_DATA_BYTES]
        for sequence, at in enumerate(range(ENVELOPE_BYTES, len(frame), UDP_DATA_BYTES))
    ]


class Reassembly:
    """The messages that have arrived in part, by source and request id.

    Attributes:
        dropped: how many packets or messages were given up, by reason.
    """

    __slots__ = ("_fragments_max", "_messages", "_per_source", "dropped")

    def __init__(self, fragments_max: int = UDP_FRAGMENTS_MAX) -> None:
        self._fragments_max = fragments_max
        # Oldest first. Ordered dictionaries, because finding the first entry of a plain one passes over all removed before.
        self._messages: OrderedDict[tuple[Hashable, int], _Partial] = OrderedDict()
        self._per_source: dict[Hashable, OrderedDict[int, None]] = {}
        self.dropped: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._messages)

    def receive(self, packet: bytes, source: Hashable, now: float) -> bytes | None:
        """The whole frame once its last packet is here, else None.

        A packet whose message needs no other is handed back as it is, unchecked; `decode_message` judges it. A packet that
        cannot be part of a message is dropped and counted.

        Args:
            packet: one datagram.
            source: whatever tells senders apart, address and port.
            now: seconds of any steady clock.
        """
        if len(packet) < ENVELOPE_BYTES:
            self.dropped["short"] += 1
            return None
        request_id, sequence, length = _TAIL.unpack_from(packet, _TAIL_AT)
        if length <= UDP_DATA_BYTES:
            return packet
        self.expire(now)
        fragments = -(-length // UDP_DATA_BYTES)
        if length > MESSAGE_BYTES_MAX or fragments > self._fragments_max:
            self.dropped["too long"] += 1
            return None
        expected = UDP_DATA_BYTES if sequence < fragments - 1 else length - (fragments - 1) * UDP_DATA_BYTES
        if sequence >= fragments or len(packet) != ENVELOPE_BYTES + expected:
            self.dropped["bad sequence"] += 1
            return None
        return self._take(packet, source, request_id, sequence, fragments, now)

    def expire(self, now: float) -> None:
        """Give up the messages that have waited for REASSEMBLY_S; done by every fragment that arrives."""
        while self._messages:
            key, partial = next(iter(self._messages.items()))
            if partial.deadline > now:
                return
            self._remove(*key)
            self.dropped["expired"] += 1

    def _take(self, packet: bytes, source: Hashable, request_id: int, sequence: int, fragments: int, now: float) -> bytes | None:
        partial = self._messages.get((source, request_id))
        head = packet[:2] + bytes((packet[2] & ~_TRUNCATED,)) + packet[3:_SEQUENCE_AT]
        size = packet[_SEQUENCE_AT + 4 : ENVELOPE_BYTES]
        if partial is None:
            partial = self._add(source, request_id, _Partial(head, size, fragments, now + REASSEMBLY_S))
        elif partial.head != head or partial.size != size:
            self._remove(source, request_id)
            self.dropped["changed envelope"] += 1
            return None
        data = packet[ENVELOPE_BYTES:]
        present = partial.parts[sequence]
        if present:  # a resent packet is the same octets; anything else is an overlap
            if present != data:
                self._remove(source, request_id)
                self.dropped["overlap"] += 1
            return None
        partial.parts[sequence] = data
        partial.missing -= 1
        if partial.missing:
            return None
        self._remove(source, request_id)
        return b"".join((head, bytes(4), size, *partial.parts))

    def _add(self, source: Hashable, request_id: int, partial: _Partial) -> _Partial:
        own = self._per_source.setdefault(source, OrderedDict())
        if len(own) >= MESSAGES_PER_SOURCE_MAX:
            self._remove(source, next(iter(own)))
            own = self._per_source.setdefault(source, own)
            self.dropped["too many of one source"] += 1
        elif len(self._messages) >= MESSAGES_MAX:
            self._remove(*next(iter(self._messages)))
            own = self._per_source.setdefault(source, own)
            self.dropped["too many"] += 1
        own[request_id] = None
        self._messages[source, request_id] = partial
        return partial

    def _remove(self, source: Hashable, request_id: int) -> None:
        del self._messages[source, request_id]
        own = self._per_source[source]
        del own[request_id]
        if not own:
            del self._per_source[source]


class _Partial:
    """One unfinished message; its parts are empty until they arrive."""

    __slots__ = ("deadline", "head", "missing", "parts", "size")

    def __init__(self, head: bytes, size: bytes, fragments: int, deadline: float) -> None:
        self.head = head
        self.size = size
        self.parts = [b""] * fragments
        self.missing = fragments
        self.deadline = deadline
