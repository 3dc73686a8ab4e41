"""The server's side of TLS on one connection: octets of the wire in, octets of the application out, and back.

To the protocol above it is a transport like any other. It holds nothing back: what is given to it to send is encrypted at
once and lies in the wire's own buffer, so flow control, deadlines and limits of the connection stay what they are.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from OpenSSL import SSL

RECORDS_BYTES = 262_144  # taken from the library in one step


class TlsError(Exception):
    """The peer broke the rules of TLS; nothing more can be read."""


class TlsStream(asyncio.Transport):
    """One connection.

    Args:
        wire: the TCP connection.
        context: certificate and key.

    Attributes:
        established: whether the handshake is done.
        ended: whether the peer has said that it sends no more.
    """

    def __init__(self, wire: asyncio.Transport, context: SSL.Context) -> None:
        super().__init__()
        self._wire = wire
        self._tls = SSL.Connection(context, None)
        self._tls.set_accept_state()
        self._protocol: asyncio.BaseProtocol | None = None
        self.established = False
        self.ended = False

    def receive(self, octets: bytes) -> bytes:
        """Take in what came over the wire; what it says to the application.

        Raises:
            TlsError: after an alert was sent.
        """
        rest = memoryview(octets)
        while rest:
            rest = rest[self._tls.bio_write(rest) :]
        pieces: list[bytes] = []
        replies = not self.established  # afterwards TLS itself hardly ever answers, and then with the next octets that are sent
        try:
            if not self.established:
                self._tls.do_handshake()
                self.established = True
            while True:
                pieces.append(self._tls.recv(RECORDS_BYTES))
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            self.ended = True
        except SSL.Error as error:
            self._flush()
            raise TlsError(_reason(error)) from None
        if replies:
            self._flush()
        return b"".join(pieces)

    # What a protocol asks of its transport.

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Encrypt and send."""
        if self._wire.is_closing():
            return
        self._send(data)
        self._flush()

    def writelines(self, list_of_data: Any) -> None:
        """As `write`, in one step."""
        self.write(b"".join(list_of_data))

    def can_write_eof(self) -> bool:
        """Half of a TLS connection is not closed."""
        return False

    def close(self) -> None:
        """Say goodbye, send what is not sent yet, close."""
        if not self._wire.is_closing():
            with contextlib.suppress(SSL.Error):  # of a handshake that is not done, or past its end
                self._tls.shutdown()
            self._flush()
        self._wire.close()

    def abort(self) -> None:
        """Close at once."""
        self._wire.abort()

    def is_closing(self) -> bool:
        """Whether it is closed or about to be."""
        return self._wire.is_closing()

    def pause_reading(self) -> None:
        """Read no more for now."""
        self._wire.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        self._wire.resume_reading()

    def is_reading(self) -> bool:
        """Whether it reads."""
        return self._wire.is_reading()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Of the wire's buffer."""
        self._wire.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self) -> int:
        """Of the wire's buffer."""
        return self._wire.get_write_buffer_size()

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """Of the wire's buffer."""
        return self._wire.get_write_buffer_limits()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Who stands above."""
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Who stands above."""
        assert self._protocol is not None, "whoever makes a stream sets its protocol"
        return self._protocol

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """As the wire, `sslcontext`, and `client_certificate`: what the peer showed, or None."""
        if name == "sslcontext":
            return self._tls.get_context()
        if name == "client_certificate":
            return self._tls.get_peer_certificate(as_cryptography=True)
        return self._wire.get_extra_info(name, default)

    def _send(self, data: bytes | bytearray | memoryview[Any]) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self._tls.send(rest) :]
            except SSL.Error:  # past its end
                self._wire.abort()
                return

    def _flush(self) -> None:
        size = RECORDS_BYTES
        while size == RECORDS_BYTES:
            try:
                octets = self._tls.bio_read(RECORDS_BYTES)
            except SSL.Error:  # nothing more
                return
            self._wire.write(octets)
            size = len(octets)


def _reason(error: SSL.Error) -> str:
    """What the library says, in its own words: `http request`, `no shared cipher`."""
    told = error.args[0] if error.args else None
    if isinstance(told, list) and told and isinstance(told[-1], tuple):
        return str(told[-1][-1])
    return "the connection broke off"
