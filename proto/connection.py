"""A stream connection without its socket: octets in, whole frames out (`wire.md` §8, W1).

A frame is an envelope and the message it announces. A connection is persistent and pipelined: any number of frames follow
each other, and answers may go out in any order, because request ids match them. The announced length is checked as soon as
the envelope is there, before anything of the message is kept: four octets must not make us buffer gigabytes.

A chunk that holds many frames is walked once and each frame copied once; what is left over is at most one unfinished frame,
which is not looked at again until it is complete.
"""

from __future__ import annotations

import struct

from idis.proto.codes import EnvelopeFlag
from idis.proto.errors import ProtocolError
from idis.proto.message import ENVELOPE_BYTES, MESSAGE_BYTES_EXTENSION, MESSAGE_BYTES_MAX, decode_envelope

MESSAGE_BYTES_ANONYMOUS = 65_536  # nothing anonymous is larger: a batch of 2,000 names fits
PIPELINE_MAX = 256  # frames under way; fast clients ask for 128 and more, beyond it we stop reading

_LENGTH_AT = 16
_LENGTH = struct.Struct(">I")
_FLAGS_AT = 2
_COMPRESSED = int(EnvelopeFlag.COMPRESSED)


class Connection:
    """The receiving half of one connection, and the count of frames not yet answered.

    Attributes:
        error: what broke the framing; None while it is whole. After an error no further frame is found.
        broken_envelope: the envelope that broke it, from which `exchange.outline` reads whom to tell.
        in_flight: frames handed out and not yet reported by `answered`.
    """

    __slots__ = ("_buffer", "_needed", "_octets_max", "broken_envelope", "error", "in_flight")

    def __init__(self, message_bytes_max: int = MESSAGE_BYTES_MAX) -> None:
        self._buffer = bytearray()
        self._needed = ENVELOPE_BYTES
        self._octets_max = min(message_bytes_max, MESSAGE_BYTES_EXTENSION)
        self.error: ProtocolError | None = None
        self.broken_envelope = b""
        self.in_flight = 0

    def receive_data(self, data: bytes) -> list[bytes]:
        """The frames that `data` completes, in order; those in front of broken framing are still handed out.

        Look at `error` afterwards. Frames are framed and no more: `decode_message` may still refuse one of them, which
        harms no other.
        """
        if self.error is not None:
            return []
        if self._buffer:
            self._buffer += data
            if len(self._buffer) < self._needed:
                return []
            data = bytes(self._buffer)
        frames, at = self._cut(data)
        self._buffer = bytearray(data[at:]) if self.error is None else bytearray()
        self.in_flight += len(frames)
        return frames

    def take_unfinished(self) -> bytes:
        """Take back the octets of the frame that is not whole yet, to hand them in again together with what follows."""
        octets = bytes(self._buffer)
        self._buffer = bytearray()
        self._needed = ENVELOPE_BYTES
        return octets

    def answered(self, count: int = 1) -> None:
        """Report that frames handed out have been answered or dropped."""
        assert count <= self.in_flight, "more answers than requests"
        self.in_flight -= count

    @property
    def paused(self) -> bool:
        """Whether so many frames are under way that the socket should not be read."""
        return self.in_flight >= PIPELINE_MAX

    @property
    def unfinished(self) -> bool:
        """Whether part of a frame has arrived: at the end of the stream a frame was cut, at a deadline a peer is slow."""
        return bool(self._buffer)

    @property
    def unfinished_octets(self) -> bytes:
        """What is here of that frame."""
        return bytes(self._buffer)

    @property
    def unfinished_bytes(self) -> int:
        """How much of that frame is here."""
        return len(self._buffer)

    @property
    def message_bytes_max(self) -> int:
        """The longest message taken. It may be raised, up to MESSAGE_BYTES_EXTENSION, once the peer has proved who it is."""
        return self._octets_max

    @message_bytes_max.setter
    def message_bytes_max(self, octets: int) -> None:
        self._octets_max = min(octets, MESSAGE_BYTES_EXTENSION)

    def _cut(self, data: bytes) -> tuple[list[bytes], int]:
        """All whole frames in `data`, and where the rest begins."""
        frames: list[bytes] = []
        at, size, octets_max = 0, len(data), self._octets_max
        unpack = _LENGTH.unpack_from
        while size - at >= ENVELOPE_BYTES:
            length = unpack(data, at + _LENGTH_AT)[0]
            if length > octets_max or data[at + _FLAGS_AT] & _COMPRESSED:
                self._break(data[at : at + ENVELOPE_BYTES], length)
                return frames, at
            end = at + ENVELOPE_BYTES + length
            if end > size:
                self._needed = end - at
                return frames, at
            frames.append(data[at:end])
            at = end
        self._needed = ENVELOPE_BYTES
        return frames, at

    def _break(self, envelope: bytes, length: int) -> None:
        self.broken_envelope = envelope
        try:
            decode_envelope(envelope)
            self.error = ProtocolError(f"a message of {length} octets is longer than {self._octets_max}", offset=_LENGTH_AT)
        except ProtocolError as error:
            # Its frames would tie this connection into a cycle that only the collector could free.
            self.error = error.with_traceback(None)
