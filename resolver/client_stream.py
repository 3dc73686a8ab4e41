"""One connection of an administrator's client: many requests under way, each with an answer of one or more messages."""

from __future__ import annotations

import asyncio
from typing import cast

from idis.proto.codes import OpFlag
from idis.proto.connection import Connection
from idis.proto.errors import ProtocolError
from idis.proto.message import MESSAGE_BYTES_EXTENSION, Message, decode_message
from idis.resolver.client_reply import GarbledError, UnreachableError
from idis.resolver.recursion.way import Way

_CONTINUOUS = int(OpFlag.CONTINUOUS)
_ASIDE_MAX = 4  # pages of a list that are read ahead of whoever reads them


class Stream(asyncio.Protocol):
    """A connection to one server."""

    def __init__(self, peer: str) -> None:
        self._peer = peer
        self._frames = Connection(MESSAGE_BYTES_EXTENSION)
        self._transport: asyncio.Transport | None = None
        self._answers: dict[int, asyncio.Queue[Message | None]] = {}
        self._reason = "the server closed the connection"

    @property
    def open(self) -> bool:
        """Whether a request can be sent."""
        return self._transport is not None and not self._transport.is_closing()

    def ask(self, frame: bytes, request_id: int) -> Answers:
        """Send a request; its answer is read from what is returned."""
        if self._transport is None or not self.open:
            raise UnreachableError(f"{self._peer}: {self._reason}")
        queue = self._answers[request_id] = asyncio.Queue()
        self._transport.write(frame)
        return Answers(self, queue, request_id)

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are no subclass of it

    def data_received(self, data: bytes) -> None:
        """Match every whole frame with its request."""
        frames = self._frames.receive_data(data)
        self._frames.answered(len(frames))
        try:
            for frame in frames:
                message = decode_message(frame)
                if (queue := self._answers.get(message.request_id)) is not None:
                    queue.put_nowait(message)
                    if queue.qsize() > _ASIDE_MAX and self._transport is not None:
                        self._transport.pause_reading()
        except ProtocolError as error:
            self._reason = f"what came is no answer: {error}"
            self.close()
        if self._frames.error is not None:
            self._reason = f"what came is no answer: {self._frames.error}"
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever still waits."""
        if exc is not None:
            self._reason = str(exc)
        self._transport = None
        for queue in self._answers.values():
            queue.put_nowait(None)

    def lost(self) -> UnreachableError | GarbledError:
        """Why nothing more comes."""
        kind = GarbledError if "no answer" in self._reason else UnreachableError
        return kind(f"{self._peer}: {self._reason}")

    def forget(self, request_id: int) -> None:
        """Nobody waits for this answer any more."""
        self._answers.pop(request_id, None)
        self.read_on()

    def read_on(self) -> None:
        """Somebody has taken what was read ahead."""
        if self.open and self._transport is not None and not self._transport.is_reading():
            self._transport.resume_reading()


class Answers:
    """The messages of one answer, in a `with` block, so that whoever stops early is no longer waited for."""

    def __init__(self, stream: Stream, queue: asyncio.Queue[Message | None], request_id: int) -> None:
        self._stream = stream
        self._queue = queue
        self._request_id = request_id
        self.complete = False

    def __enter__(self) -> Answers:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.forget(self._request_id)

    async def next(self) -> Message:
        """The next message.

        Raises:
            UnreachableError: the connection ended first.
            GarbledError: what came was no message.
        """
        message = await self._queue.get()
        if message is None:
            raise self._stream.lost()
        self._stream.read_on()
        self.complete = not message.opflags & _CONTINUOUS
        return message


async def connect(host: str, port: int, way: Way) -> Stream:
    """A connection to a server.

    Raises:
        UnreachableError: there is none to be had.
    """
    peer = f"{host}:{port}"
    try:
        _transport, stream = await asyncio.get_running_loop().create_connection(
            lambda: Stream(peer),
            host,
            port,
            ssl=way.context,
            server_hostname=way.host if way.context is not None else None,
        )
    except OSError as error:
        raise UnreachableError(f"{peer}: {(error.strerror or str(error)).lower()}") from None
    return stream
