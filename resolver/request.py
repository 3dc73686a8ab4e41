"""What passes the chain: who asks, what, and what it has come to so far."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from idis.proto.message import Message
from idis.proto.outcome import Outcome, Referral
from idis.proto.query import Query
from idis.registry.caller import Caller
from idis.resolver.guard.sources import Source, Standing
from idis.resolver.recursion.resolved import Resolved

if TYPE_CHECKING:
    from idis.resolver.foreign.abroad import Abroad

UDP = "udp"
TCP = "tcp"
HTTP = "http"
TLS = "tls"  # a connection of which more is not known yet; within it one of the two before


@dataclass(slots=True, eq=False)
class Link:
    """What one stream has come to be: the connection is an IDIS client's session, and it ends with it (`wire.md` §17.7).

    Attributes:
        caller: who logged in on it, None before.
        speaks_idis: an earlier request used an IDIS feature, so that IDIS's own codes are understood.
        secure: the stream is TLS.
        on_end: called once when the connection is gone.
    """

    caller: Caller | None = None
    speaks_idis: bool = False
    secure: bool = False
    on_end: list[Callable[[], None]] = field(default_factory=list)
    _stalled: asyncio.Event | None = None

    def end(self) -> None:
        """The connection is gone, and with it what it had come to be."""
        self.caller = None
        self.flow()
        for forget in self.on_end:
            forget()
        self.on_end.clear()

    def stall(self) -> None:
        """The peer does not take what it was sent."""
        if self._stalled is None:
            self._stalled = asyncio.Event()

    def flow(self) -> None:
        """It does again, or is gone."""
        if self._stalled is not None:
            self._stalled.set()
            self._stalled = None

    async def room(self) -> None:
        """Wait while the peer does not take what it was sent: an answer of many messages goes no faster than it is read."""
        while self._stalled is not None:
            await self._stalled.wait()


@dataclass(frozen=True, slots=True)
class Peer:
    """Who asks: over which transport, from where, how far that address is believed, and over which stream."""

    transport: str
    source: Source
    standing: Standing
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `query` is None when it is no resolution; HTTP builds the message it would have sent."""

    message: Message
    query: Query | None
    peer: Peer


@dataclass(frozen=True, slots=True)
class SiteRecord:
    """This node's own site record, which GET_SITE_INFO asks for."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer leaves, for a reason that is counted."""

    reason: str


@dataclass(frozen=True, slots=True)
class Later:
    """Others have to be asked.

    Attributes:
        query: what is asked.
        referral: where this node's own registry points.
        abroad: the providers of a route are asked, and not other nodes.
        instead: what is asked of other nodes next, where they know nothing of the first.
    """

    query: Query
    referral: Referral | None = None
    abroad: Abroad | None = None
    instead: tuple[Query, ...] = ()


Settled = Outcome | Resolved | SiteRecord | Silence
Verdict = Settled | Later | None  # None: not decided yet
