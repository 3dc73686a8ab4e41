"""The relay between the workers of a node and its keeper, at whose desk all administration is done.

The keeper listens on a socket of the abstract namespace whose name the supervisor has drawn; whoever connects must be of
the same user, and so must whoever listens. A worker that cannot reach the keeper, because that is being replaced, tells
its client to ask again.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import socket
import struct
from collections.abc import Callable

from idis.proto.codes import ResponseCode
from idis.proto.errors import ProtocolError
from idis.proto.exchange import error_message, outline
from idis.proto.message import encode_message
from idis.registry.caller import Caller
from idis.resolver.admin.concern import concerns
from idis.resolver.admin.desk import Desk
from idis.resolver.admin.relay_message import Asked, Done, Ended, Part, Taken, encode, read
from idis.resolver.guard.sources import Sources
from idis.resolver.log import note
from idis.resolver.recursion.recursor import Clock
from idis.resolver.request import Link, Peer

CALLS_MAX = 1_024  # of one worker at once: as many as its connections have under way when all of them write
PARTS_AHEAD_MAX = 8  # of one answer, sent but not taken
_CREDENTIALS = struct.Struct("3i")  # process, user, group (unix(7), SO_PEERCRED)

# Whoever logged in is known to the keeper; a worker knows only that somebody did.
_SOMEBODY = Caller("keeper")


class RelayServer:
    """The keeper's end.

    Args:
        name: of its socket in the abstract namespace.
        desk: what answers.
        sources: of the keeper, for what is known of addresses.
    """

    def __init__(self, name: str, desk: Desk, sources: Sources) -> None:
        self._name = name
        self._desk = desk
        self._sources = sources
        self._server: asyncio.Server | None = None
        self._workers: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Begin to listen."""
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listening.bind(abstract_address(self._name))
        self._server = await asyncio.start_unix_server(self._serve, sock=listening)

    async def close(self) -> None:
        """Stop; workers are told by the end of their connections."""
        if self._server is not None:
            self._server.close()
        for task in self._workers:
            task.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "a connection is served by a task"
        self._workers.add(task)
        worker = _Worker(self._desk, self._sources, writer)
        try:
            if is_own(writer.get_extra_info("socket")):
                await worker.serve(reader)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the worker has ended
        except asyncio.CancelledError:
            pass  # this process ends: nobody waits for the task, and the stream would call a cancelled one a failure
        except ProtocolError as error:
            note(logging.ERROR, "relay failed", error=str(error))
        finally:
            worker.end()
            writer.close()
            self._workers.discard(task)


class _Worker:
    """One worker as the keeper sees it: its connections, and the answers under way."""

    def __init__(self, desk: Desk, sources: Sources, writer: asyncio.StreamWriter) -> None:
        self._desk = desk
        self._sources = sources
        self._writer = writer
        self._links: dict[int, Link] = {}
        self._ahead: dict[int, tuple[Link, int]] = {}  # call → its connection, and parts that are not taken
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader) -> None:
        """Answer until the worker is gone."""
        while True:
            match await read(reader):
                case Asked() as asked:
                    task = asyncio.get_running_loop().create_task(self._answer(asked))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)
                case Ended(link=number):
                    if (link := self._links.pop(number, None)) is not None:
                        link.end()
                case Taken(call=call):
                    self._took(call)
            await self._writer.drain()

    def end(self) -> None:
        """The worker is gone, and its connections with it."""
        for task in self._tasks:
            task.cancel()
        for link in self._links.values():
            link.end()

    async def _answer(self, asked: Asked) -> None:
        link = self._link(asked)
        source = self._sources.of(asked.address)
        # A worker hands nothing on whose address may be forged.
        peer = Peer(asked.transport, source, self._sources.standing_of_stream(source), link if asked.link else None)
        self._ahead[asked.call] = link, 0
        try:
            await self._desk.answer(asked.frame, peer, lambda octets: self._send(asked.call, octets))
        except Exception:  # the outermost loop of one request: the others of this worker are served
            note(logging.ERROR, "administration failed", peer=asked.address, exc_info=True)
        finally:
            del self._ahead[asked.call]
            link.flow()
            self._writer.write(encode(Done(asked.call, link.caller is not None, link.speaks_idis)))

    def _link(self, asked: Asked) -> Link:
        """What the connection has come to be; a datagram has none, and gets one for its answer alone."""
        link = self._links.get(asked.link)
        if link is None:
            link = Link(secure=asked.secure)
            if asked.link:
                self._links[asked.link] = link
        link.speaks_idis = link.speaks_idis or asked.idis
        return link

    def _send(self, call: int, octets: bytes) -> None:
        link, ahead = self._ahead[call]
        self._ahead[call] = link, ahead + 1
        if ahead + 1 >= PARTS_AHEAD_MAX:
            link.stall()
        self._writer.write(encode(Part(call, octets)))

    def _took(self, call: int) -> None:
        if call in self._ahead:
            link, ahead = self._ahead[call]
            self._ahead[call] = link, ahead - 1
            link.flow()


class RelayClient:
    """A worker's end: an administration that hands everything on.

    Args:
        name: of the keeper's socket.
        clock: unix time, for answers of its own.
    """

    def __init__(self, name: str, clock: Clock) -> None:
        self._name = name
        self._clock = clock
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._connecting = asyncio.Lock()
        self._numbers = itertools.count(1)
        self._links: dict[Link, int] = {}
        self._calls: dict[int, asyncio.Queue[Part | Done | None]] = {}

    def concerns(self, frame: bytes, peer: Peer) -> bool:
        """Whether a frame is for the keeper's desk."""
        return concerns(frame, peer)

    async def answer(self, frame: bytes, peer: Peer, send: Callable[[bytes], None]) -> None:
        """Have one frame answered by the keeper."""
        if len(self._calls) >= CALLS_MAX or not await self._connected():
            self._refuse(frame, send)
            return
        link, call = peer.link or Link(), next(self._numbers)
        parts = self._calls[call] = asyncio.Queue()
        try:
            asked = Asked(
                call,
                0 if peer.link is None else self._number(link),
                peer.source.address,
                peer.transport,
                link.speaks_idis,
                link.secure,
                frame,
            )
            if not await self._say(encode(asked)) or not await self._pass_on(parts, call, link, send):
                self._refuse(frame, send)
        finally:
            del self._calls[call]

    async def close(self) -> None:
        """Hang up."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def _pass_on(
        self, parts: asyncio.Queue[Part | Done | None], call: int, link: Link, send: Callable[[bytes], None]
    ) -> bool:
        """Send the answer on; False when the keeper ended before it gave any."""
        given = False
        while True:
            said = await parts.get()
            match said:
                case Part(octets=octets):
                    given = True
                    send(octets)
                    await link.room()
                    await self._say(encode(Taken(call)))
                case Done(known=known, idis=idis):
                    link.caller = _SOMEBODY if known else None
                    link.speaks_idis = idis
                    return True
                case None:
                    link.caller = None  # the keeper that knew him is gone
                    return given

    def _number(self, link: Link) -> int:
        if link not in self._links:
            self._links[link] = next(self._numbers)
            link.on_end.append(lambda: self._end(link))
        return self._links[link]

    def _end(self, link: Link) -> None:
        number = self._links.pop(link, None)
        if number is not None and self._writer is not None and not self._writer.is_closing():
            self._writer.write(encode(Ended(number)))

    async def _say(self, octets: bytes) -> bool:
        if self._writer is None or self._writer.is_closing():
            return False
        self._writer.write(octets)
        try:
            await self._writer.drain()
        except OSError:
            return False
        return True

    async def _connected(self) -> bool:
        async with self._connecting:
            if self._writer is not None and not self._writer.is_closing():
                return True
            own = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            own.setblocking(False)
            try:
                # Connected here, because uvloop ends a name at its first zero octet.
                await asyncio.get_running_loop().sock_connect(own, abstract_address(self._name))
                reader, writer = await asyncio.open_unix_connection(sock=own)
            except OSError:
                own.close()
                return False
            if not is_own(writer.get_extra_info("socket")):
                note(logging.ERROR, "relay refused: the keeper's socket is somebody else's")
                writer.close()
                return False
            self._writer = writer
            self._reading = asyncio.get_running_loop().create_task(self._read(reader, writer))
            return True

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                said = await read(reader)
                if isinstance(said, Part | Done) and (parts := self._calls.get(said.call)) is not None:
                    parts.put_nowait(said)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the keeper has ended; another one comes
        except ProtocolError as error:
            note(logging.ERROR, "relay failed", error=str(error))
        finally:
            writer.close()
            for link in self._links:
                link.caller = None
            self._links.clear()
            for parts in self._calls.values():
                parts.put_nowait(None)

    def _refuse(self, frame: bytes, send: Callable[[bytes], None]) -> None:
        known = outline(frame)
        if known is not None:
            sentence = "this node's administration is not reachable just now: ask again in a second"
            send(encode_message(error_message(known, ResponseCode.SERVER_TOO_BUSY, sentence, now=int(self._clock.time()))))


def abstract_address(name: str) -> str:
    """The address of a name in the abstract namespace of sockets (unix(7))."""
    return f"\0{name}"


def is_own(other: socket.socket) -> bool:
    """Whether the process at the other end of a socket is of our own user."""
    octets = other.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    user: int = _CREDENTIALS.unpack(octets)[1]
    return user == os.geteuid()
