"""What workers and the keeper of one node say to each other about administration: msgpack arrays, each behind its length.

A client that opens a connection for each message, as hdllib does, comes to any of the workers; challenges, sessions and
logins are the keeper's alone. So a worker hands on what concerns the administration, with the address it came from, and
sends what comes back. Both sides are processes of one user, and make sure of that (`relay.py`).
"""

from __future__ import annotations

import asyncio
import struct
from dataclasses import astuple, dataclass

import msgpack

from idis.proto.errors import ProtocolError
from idis.proto.message import ENVELOPE_BYTES, MESSAGE_BYTES_EXTENSION

RELAY_BYTES_MAX = ENVELOPE_BYTES + MESSAGE_BYTES_EXTENSION + 4_096  # a frame, an address and some numbers
_LENGTH = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Asked:
    """A worker has a frame for the administration.

    Attributes:
        call: the number of this exchange, the worker's own.
        link: the number of the connection it came over, the worker's own; 0 for a datagram.
        address: of the peer.
        transport: as the request's.
        idis: an earlier request of the connection used an IDIS feature.
        secure: the connection is TLS.
        frame: envelope and message.
    """

    call: int
    link: int
    address: str
    transport: str
    idis: bool
    secure: bool
    frame: bytes


@dataclass(frozen=True, slots=True)
class Ended:
    """A connection is gone."""

    link: int


@dataclass(frozen=True, slots=True)
class Taken:
    """The peer has taken a part of an answer, so that another one may come."""

    call: int


@dataclass(frozen=True, slots=True)
class Part:
    """A message of an answer."""

    call: int
    octets: bytes


@dataclass(frozen=True, slots=True)
class Done:
    """An answer is complete.

    Attributes:
        call: of the exchange.
        known: somebody is logged in over the connection now.
        idis: it uses the IDIS dialect.
    """

    call: int
    known: bool
    idis: bool


Said = Asked | Ended | Taken | Part | Done
_KINDS: tuple[type[Said], ...] = (Asked, Ended, Taken, Part, Done)


def encode(said: Said) -> bytes:
    """The octets of one message."""
    packed: bytes = msgpack.packb((_KINDS.index(type(said)), *astuple(said)))
    return _LENGTH.pack(len(packed)) + packed


async def read(reader: asyncio.StreamReader) -> Said:
    """The next message.

    Raises:
        asyncio.IncompleteReadError: the other side is gone.
        ProtocolError: it said something else.
    """
    length: int = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))[0]
    if length > RELAY_BYTES_MAX:
        raise ProtocolError(f"a message of {length} octets between processes", offset=0)
    kind, *fields = msgpack.unpackb(await reader.readexactly(length), use_list=False)
    said: Said = _KINDS[kind](*fields)
    return said
