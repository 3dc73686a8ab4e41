"""The connections that the compiled step reads and answers: one call a turn of the loop, however many have asked.

A turn of the loop for each connection costs more than an answer. So a connection that asks common questions is read here:
its transport pauses, and stays the owner of the socket, of its deadlines and of what it cannot send. The step gives back
the octets it has no answer for (`proto/_speedups.pyi`), which the connection takes as if they had just arrived.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from idis.proto._speedups import STREAMS_MAX, Streams
from idis.proto.connection import MESSAGE_BYTES_ANONYMOUS
from idis.resolver.guard.arrival import OUT_BUFFER_BYTES
from idis.resolver.guard.connections import Connected, ConnectionTable
from idis.resolver.log import note

if TYPE_CHECKING:
    from idis.resolver.accelerator import Accelerator

STEPS = 4  # of the compiled step, for which the loop need not turn: 128 connections


class PooledConnection(Connected, Protocol):
    """What the pool asks of a connection; it says whether it is in the pool."""

    pooled: bool

    def allowed(self) -> int:
        """How many more questions its source may ask."""

    def took(self, count: int) -> None:
        """So many are answered; their answers have not left yet."""

    def take(self, received: bytes, unsent: bytes, ended: bool) -> None:
        """Go on with octets the step could not answer, and with answers the peer has not taken.

        After either of the last two the connection is not in the pool any more.
        """


class StreamPool:
    """The connections of one process that are read together.

    Args:
        accelerator: the compiled step.
        table: told who was active.
    """

    def __init__(self, accelerator: Accelerator, table: ConnectionTable) -> None:
        self._accelerator = accelerator
        self._table = table
        self._streams = Streams(MESSAGE_BYTES_ANONYMOUS, OUT_BUFFER_BYTES)
        self._connections: dict[int, PooledConnection] = {}

    def add(
        self, descriptor: int, connection: PooledConnection, limited: bool, now: float, rest: bytes, since: float
    ) -> None:
        """Read a connection here from now on.

        Args:
            descriptor: of its socket, which nobody else reads, with nothing left to send.
            connection: removed again before it is closed.
            limited: whether its source has a rate.
            now: monotonic seconds.
            rest: what has come of its next frame.
            since: when that began to come.
        """
        self._streams.add(descriptor, limited, now, rest, since)
        if not self._connections:
            asyncio.get_running_loop().add_reader(self._streams.fileno(), self._step)
        self._connections[descriptor] = connection
        connection.pooled = True

    def remove(self, descriptor: int) -> bytes:
        """Read it no longer; what has come of its next frame."""
        rest = self._streams.remove(descriptor)
        self._forget(descriptor)
        return rest

    def state(self, descriptor: int) -> tuple[float, float, int]:
        """See `Streams.state`."""
        return self._streams.state(descriptor)

    def write(self, descriptor: int, octets: bytes) -> int:
        """Send octets; how many the peer took."""
        return self._streams.write(descriptor, octets)

    def _step(self) -> None:
        try:
            for _ in range(STEPS):
                if self._drain() < STREAMS_MAX:
                    return
        except Exception:  # the outermost loop of these connections: what they sent is lost, so they are cut
            note(logging.ERROR, "connections failed", count=len(self._connections), exc_info=True)
            self._cut_all()

    def _cut_all(self) -> None:
        cut = list(self._connections.values())
        for descriptor in list(self._connections):
            self._forget(descriptor)
        self._streams = Streams(MESSAGE_BYTES_ANONYMOUS, OUT_BUFFER_BYTES)
        for connection in cut:
            connection.shed("failure")

    def _drain(self) -> int:
        connections = self._connections
        ready, handed, active = self._accelerator.streams(self._streams, self._allowed, self._took)
        for descriptor in active:
            if descriptor in connections:
                self._table.touch(connections[descriptor])
        given = [(connections[descriptor], received, unsent, ended) for descriptor, received, unsent, ended in handed]
        for descriptor, _received, unsent, ended in handed:
            if unsent or ended:
                self._forget(descriptor)
        for connection, received, unsent, ended in given:
            try:
                connection.take(received, unsent, ended)
            except Exception:  # the outermost loop of one connection: its peer is cut, the others are served
                note(logging.ERROR, "connection failed", peer=connection.address, exc_info=True)
                connection.shed("failure")
        return ready

    def _forget(self, descriptor: int) -> None:
        self._connections.pop(descriptor).pooled = False
        if not self._connections:
            asyncio.get_running_loop().remove_reader(self._streams.fileno())

    def _allowed(self, descriptor: int) -> int:
        return self._connections[descriptor].allowed()

    def _took(self, descriptor: int, count: int) -> None:
        self._connections[descriptor].took(count)
