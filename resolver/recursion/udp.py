"""One question over UDP: a connected socket of its own, so that the kernel picks an unpredictable port and drops strangers.

A forger must guess the port and the 31-bit request id, and hit before the answer; whatever does not match is counted and
ignored, so that a forgery cannot end the exchange either (RFC 5452). Answers of several packets are put together.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Generic, TypeVar

from idis.proto.errors import ProtocolError
from idis.proto.fragments import Reassembly, split

DATAGRAM_BYTES_MAX = 2_048  # packets of the protocol have 512; more is read so that a longer one is seen as such
DATAGRAMS_PER_TURN = 16  # a flood must not hold the loop


_REQUEST_ID = slice(8, 12)

T = TypeVar("T")


class UdpExchange(Generic[T]):
    """A request under way.

    Args:
        address, port: the server.
        request: the frame; longer ones go out as several packets.
        accept: reads a frame; raises ProtocolError when it is no answer to this request.
    """

    def __init__(self, address: str, port: int, request: bytes, accept: Callable[[bytes], T]) -> None:
        self.mismatches = 0
        self._loop = asyncio.get_running_loop()
        self._packets = split(request)
        self._request_id = request[_REQUEST_ID]
        self._accept = accept
        self._source = (address, port)
        self._reassembly = Reassembly()
        self.answer: asyncio.Future[T] = self._loop.create_future()
        self._socket = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            self._socket.connect(self._source)
            self._loop.add_reader(self._socket.fileno(), self._readable)
        except OSError:
            self._socket.close()
            raise

    def send(self) -> None:
        """Send the request, again if need be; the server may get it twice and answers alike.

        Raises:
            OSError: the network refuses at once.
        """
        for packet in self._packets:
            # A full send buffer is to the peer a lost packet, which the next try repeats.
            with contextlib.suppress(BlockingIOError):
                self._socket.send(packet)

    async def wait(self, timeout_s: float) -> T | None:
        """The answer, or None when it does not come in time.

        Raises:
            OSError: the server's host says that nobody listens there.
        """
        await asyncio.wait((self.answer,), timeout=timeout_s)
        return self.answer.result() if self.answer.done() else None

    def close(self) -> None:
        """Let go of the socket."""
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()
        if self.answer.done() and not self.answer.cancelled():
            self.answer.exception()  # an error nobody waited for is not worth a log line
        self.answer.cancel()

    def _readable(self) -> None:
        for _ in range(DATAGRAMS_PER_TURN):
            try:
                packet = self._socket.recv(DATAGRAM_BYTES_MAX)
            except BlockingIOError:
                return
            except OSError as error:
                if not self.answer.done():
                    self.answer.set_exception(error)
                return
            self._receive(packet)

    def _receive(self, packet: bytes) -> None:
        if packet[_REQUEST_ID] != self._request_id:
            self.mismatches += 1
            return
        frame = self._reassembly.receive(packet, self._source, self._loop.time())
        if frame is None:
            if self._reassembly.dropped["too long"] and not self.answer.done():
                self.answer.set_exception(OSError("the answer is too long for UDP"))
            return
        try:
            answer = self._accept(frame)
        except ProtocolError:
            self.mismatches += 1
            return
        if not self.answer.done():
            self.answer.set_result(answer)
