"""What passes the chain: who asks, what, and what it has come to so far."""

from __future__ import annotations

from dataclasses import dataclass

from idis.proto.message import Message
from idis.proto.outcome import Outcome, Referral
from idis.proto.query import Query
from idis.resolver.guard.sources import Source, Standing
from idis.resolver.recursion.resolved import Resolved

UDP = "udp"
TCP = "tcp"
HTTP = "http"


@dataclass(frozen=True, slots=True)
class Peer:
    """Who asks: over which transport, from where, and how far that address is believed."""

    transport: str
    source: Source
    standing: Standing


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
    """Other nodes have to be asked; `referral` is where this node's own registry points."""

    query: Query
    referral: Referral | None = None


Settled = Outcome | Resolved | SiteRecord | Silence
Verdict = Settled | Later | None  # None: not decided yet
