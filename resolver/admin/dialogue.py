"""One request to the administration, and where its answers go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from idis.proto.message import Message
from idis.registry.caller import Caller
from idis.resolver.admin.sessions import Session
from idis.resolver.request import Peer


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A request that is being answered.

    Attributes:
        request: what is answered. After a challenge it is the request that met the challenge, with the ids of the message
            that proved it.
        peer: who sent it.
        send: takes the octets of each message of the answer.
        session: whose code it carries, None without one.
        counter: its session counter, which the answer repeats.
        sealed: it came encrypted, so its answer leaves so.
        idis: its connection uses the IDIS dialect, so that IDIS's own codes are understood.
    """

    request: Message
    peer: Peer
    send: Callable[[bytes], None]
    session: Session | None = None
    counter: int = 0
    sealed: bool = False
    idis: bool = False

    @property
    def origin(self) -> str:
        """Where it came from, as the audit trail has it."""
        return f"{self.peer.transport} {self.peer.source.address}"

    @property
    def stranger(self) -> Caller:
        """Its sender, before he has proved anything."""
        return Caller(origin=self.origin)
