"""Sessions of the REST interface: a nonce to be signed, and afterwards whoever signed it (`wire.md` §15, `trust.md` §5).

Every 401 opens one, so most are never heard of again. Those in which nobody has proved anything live a minute, few of each
source; those of somebody live an hour unused and twelve in all. Both are bounded in number, the longest unused goes first.
A session is known by 16 random octets; whoever has them is in it, so they are shown over TLS only.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from idis.proto.challenge import NONCE_BYTES
from idis.registry.identity import Identity
from idis.resolver.admin.proven import Proven
from idis.resolver.admin.verifier import Proof

SESSION_ID_BYTES = 16
OPEN_S = 60.0  # for the proof to come
IDLE_S = 3_600.0  # of one with an identity; how long in all, `Proven` knows
OPEN_MAX = 65_536  # about 30 MB
OPEN_PER_SOURCE_MAX, OPEN_PER_TRUSTED_SOURCE_MAX = 16, 4_096
PROVED_MAX, PROVED_PER_IDENTITY_MAX = 16_384, 1_024

K = TypeVar("K", str, Identity)


@dataclass(slots=True, eq=False)
class WebSession:
    """One session.

    Attributes:
        session_id: as the client names it.
        nonce: what the client signs, with its own behind it.
        source: the host part of the address that opened it.
        used: when last, in monotonic seconds.
        proven: who proved what he is, as long as that counts; None before.
        identity: of him.
        shown: the identity as the client spelled it.
        proof: what proved it, which may come again in this session.
    """

    session_id: str
    nonce: bytes
    source: str
    used: float
    proven: Proven | None = None
    identity: Identity | None = None
    shown: str = ""
    proof: Proof | None = None


@dataclass(slots=True)
class WebSessions:
    """The sessions of one process; `random_octets` is `secrets.token_bytes`, clock readings are monotonic seconds."""

    random_octets: Callable[[int], bytes]
    _open: OrderedDict[str, WebSession] = field(default_factory=OrderedDict)  # nobody's, oldest first
    _proved: OrderedDict[str, WebSession] = field(default_factory=OrderedDict)  # longest unused first
    _by_source: dict[str, OrderedDict[str, WebSession]] = field(default_factory=dict)
    _by_identity: dict[Identity, OrderedDict[str, WebSession]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._open) + len(self._proved)

    def open(self, source: str, now: float, *, trusted: bool) -> WebSession:
        """A new session, in which nothing is proved."""
        self._expire(now)
        most = OPEN_PER_TRUSTED_SOURCE_MAX if trusted else OPEN_PER_SOURCE_MAX
        of_source = self._by_source.get(source)
        if of_source is not None and len(of_source) >= most:
            self.close(next(iter(of_source.values())))
        if len(self._open) >= OPEN_MAX:
            self.close(next(iter(self._open.values())))
        session = WebSession(self.random_octets(SESSION_ID_BYTES).hex(), self.random_octets(NONCE_BYTES), source, now)
        self._open[session.session_id] = session
        self._by_source.setdefault(source, OrderedDict())[session.session_id] = session
        return session

    def find(self, session_id: str, now: float) -> WebSession | None:
        """The session a client names, if it still lives."""
        self._expire(now)
        session = self._proved.get(session_id)
        if session is None:
            return self._open.get(session_id)
        session.used = now
        self._proved.move_to_end(session_id)
        self._by_identity[_identity_of(session)].move_to_end(session_id)
        return session

    def prove(
        self, session: WebSession, proven: Proven, identity: Identity, *, shown: str, proof: Proof, now: float
    ) -> None:
        """Somebody has proved in a session who he is; it is his from now on."""
        self.close(session)
        session.proven, session.identity, session.shown, session.proof = proven, identity, shown, proof
        session.used = now
        of_identity = self._by_identity.setdefault(identity, OrderedDict())
        if len(of_identity) >= PROVED_PER_IDENTITY_MAX:
            self.close(next(iter(of_identity.values())))
        if len(self._proved) >= PROVED_MAX:
            self.close(next(iter(self._proved.values())))
        self._proved[session.session_id] = session
        self._by_identity.setdefault(identity, OrderedDict())[session.session_id] = session

    def close(self, session: WebSession) -> None:
        """The session is over."""
        if self._open.pop(session.session_id, None) is not None:
            _leave(self._by_source, session.source, session)
        elif self._proved.pop(session.session_id, None) is not None:
            _leave(self._by_identity, _identity_of(session), session)

    def _expire(self, now: float) -> None:
        while self._open and now - (oldest := next(iter(self._open.values()))).used > OPEN_S:
            self.close(oldest)
        while self._proved and now - (oldest := next(iter(self._proved.values()))).used > IDLE_S:
            self.close(oldest)


def _identity_of(session: WebSession) -> Identity:
    assert session.identity is not None, "somebody proved it"
    return session.identity


def _leave(table: dict[K, OrderedDict[str, WebSession]], key: K, session: WebSession) -> None:
    del table[key][session.session_id]
    if not table[key]:
        del table[key]
