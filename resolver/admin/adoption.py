"""Connections that change owner: a worker gives the keeper those over which somebody administers.

What only passes through a worker still takes its time from those who ask there, as much again as the change itself, and
each frame of it crosses two loops more. So a plain TCP connection is not passed through: with the first frame that is the
administration's, its descriptor and what has been read of it go to the keeper, which goes on where the worker stopped. What
cannot be given away (TLS, datagrams, a connection on which something is under way) is relayed (`relay.py`).

The socket is of the abstract namespace, as the relay's is, and both ends make sure that the other is of their own user.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket

from idis.proto.connection import MESSAGE_BYTES_ANONYMOUS
from idis.proto.message import ENVELOPE_BYTES
from idis.resolver.admin.relay import abstract_address, is_own
from idis.resolver.log import note
from idis.resolver.service import Service
from idis.resolver.transports.tcp import TcpConnection

OCTETS_MAX = 2 * (ENVELOPE_BYTES + MESSAGE_BYTES_ANONYMOUS)  # that have been read already: a frame, and a part of the next
TAKEN_MAX = 16  # at one turn of the loop; the others wait in the kernel
_DIALECT_BYTES = 1  # in front: whether an IDIS feature was used before
_NAME_END = "-adoption"


class _Adopted(TcpConnection):
    """A connection that has begun elsewhere."""

    def __init__(self, service: Service, received: bytes, *, idis: bool) -> None:
        super().__init__(service)
        self._received = received
        self._spoke_idis = idis

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Go on with what was received there."""
        super().connection_made(transport)
        if self._peer.link is not None:
            self._peer.link.speaks_idis = self._spoke_idis
        self.data_received(self._received)


class Adopter:
    """The keeper's end.

    Args:
        name: of the relay's socket.
        service: of the keeper, which its connections share.
    """

    def __init__(self, name: str, service: Service) -> None:
        self._name = name + _NAME_END
        self._service = service
        self._listening: socket.socket | None = None
        self._workers: set[socket.socket] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """Begin to listen."""
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listening.setblocking(False)
        self._listening.bind(abstract_address(self._name))
        self._listening.listen()
        asyncio.get_running_loop().add_reader(self._listening, self._accept, self._listening)

    def close(self) -> None:
        """Take no more; connections that were taken are in the table, like all others."""
        for waiting in (*self._workers, *filter(None, (self._listening,))):
            self._drop(waiting)

    def _accept(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):  # the worker has ended meanwhile
            worker, _ = listening.accept()
            worker.setblocking(False)
            self._workers.add(worker)
            if is_own(worker):
                asyncio.get_running_loop().add_reader(worker, self._take, worker)
            else:
                self._drop(worker)

    def _drop(self, waiting: socket.socket) -> None:
        asyncio.get_running_loop().remove_reader(waiting)
        self._workers.discard(waiting)
        waiting.close()

    def _take(self, worker: socket.socket) -> None:
        for _ in range(TAKEN_MAX):
            try:
                octets, descriptors, _, _ = socket.recv_fds(worker, _DIALECT_BYTES + OCTETS_MAX, 1)
            except BlockingIOError:
                return
            except OSError:
                octets, descriptors = b"", []
            for descriptor in descriptors:
                task = asyncio.get_running_loop().create_task(self._adopt(socket.socket(fileno=descriptor), octets))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            if not octets:
                self._drop(worker)  # it has ended
                return

    async def _adopt(self, peer: socket.socket, octets: bytes) -> None:
        peer.setblocking(False)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: _Adopted(self._service, octets[_DIALECT_BYTES:], idis=bool(octets[0])), peer
            )
        except OSError:
            peer.close()  # the client has gone


class AdoptionClient:
    """A worker's end.

    Args:
        name: of the relay's socket.
    """

    def __init__(self, name: str) -> None:
        self._name = name + _NAME_END
        self._keeper: socket.socket | None = None

    def give(self, descriptor: int, octets: bytes, idis: bool) -> bool:
        """Give a connection to the keeper; whoever gave it lets go of the descriptor without shutting it down.

        Args:
            descriptor: of the connection.
            octets: what has been read of it and not answered.
            idis: an IDIS feature was used over it.

        Returns:
            False when it has to stay here.
        """
        if len(octets) > OCTETS_MAX or not self._connected():
            return False
        assert self._keeper is not None, "it is connected"
        try:
            socket.send_fds(self._keeper, [bytes((idis,)) + octets], [descriptor])
        except BlockingIOError:
            return False  # more are on their way than the keeper takes
        except OSError:
            self.close()
            return False
        return True

    def close(self) -> None:
        """Hang up."""
        if self._keeper is not None:
            self._keeper.close()
            self._keeper = None

    def _connected(self) -> bool:
        if self._keeper is not None:
            return True
        keeper = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        keeper.setblocking(False)
        try:
            keeper.connect(abstract_address(self._name))
            if is_own(keeper):
                self._keeper = keeper
                return True
            note(logging.ERROR, "connection kept: the keeper's socket is somebody else's")
        except OSError:
            pass  # the keeper is being replaced
        keeper.close()
        return False
