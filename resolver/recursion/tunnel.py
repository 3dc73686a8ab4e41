"""Frames as bodies of HTTP requests: for networks in which nothing but HTTP passes (`wire.md` §8)."""

from __future__ import annotations

import re
from collections.abc import Iterable

HEAD_BYTES_MAX = 16_384  # of an answer
CONTENT_TYPE = "application/x-hdl-message"

_END = b"\r\n\r\n"
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d{1,9}) *(?=\r\n)", re.IGNORECASE)


class TunnelError(Exception):
    """What came back is no answer through a tunnel; the text says what it is."""


def requests(frames: Iterable[bytes], host: str) -> bytes:
    """The HTTP requests that carry frames, one behind the other."""
    return b"".join(
        f"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: {CONTENT_TYPE}\r\nAccept: {CONTENT_TYPE}\r\n"
        f"Content-Length: {len(frame)}\r\n\r\n".encode()
        + frame
        for frame in frames
    )


class TunnelReader:
    """Takes the frames out of HTTP answers, fed as they come."""

    def __init__(self) -> None:
        self._octets = bytearray()

    def receive(self, data: bytes) -> bytes:
        """The octets of frames whose answers are whole.

        Raises:
            TunnelError: an answer that is none, or reports a failure of HTTP.
        """
        self._octets += data
        frames = bytearray()
        while (end := self._octets.find(_END, 0, HEAD_BYTES_MAX)) >= 0:
            body_at = end + len(_END)
            size = _body_bytes(bytes(self._octets[: end + 2]))
            if len(self._octets) < body_at + size:
                return bytes(frames)
            frames += self._octets[body_at : body_at + size]
            del self._octets[: body_at + size]
        if len(self._octets) > HEAD_BYTES_MAX:
            raise TunnelError("the server does not answer with HTTP")
        return bytes(frames)


def _body_bytes(head: bytes) -> int:
    status, length = _STATUS.match(head), _LENGTH.search(head)
    if status is None:
        raise TunnelError("the server does not answer with HTTP")
    if status[1] != b"200":
        raise TunnelError(f"the server takes no messages over HTTP: it says {status[1].decode()}")
    if length is None:
        raise TunnelError("the server's answer over HTTP says no length")
    return int(length[1])
