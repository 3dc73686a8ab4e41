"""The challenges a node has open: what was refused for want of a proof, and may be answered once (`wire.md` §9, `trust.md` §5).

Every challenge lives CHALLENGE_S and is answered at most once. A source may have few open, all together may have
CHALLENGES_MAX, and what they hold is bounded in octets; beyond any of these the oldest is dropped, so that whoever
opens many loses his own first. Nothing here survives a restart: a recorded answer is worth nothing afterwards.

A challenge is found by the session number its answer comes with. Where the client has no session, the number is a fresh
random one and the answer may come over another connection of the same address, because hdllib makes one for each message.
Where the number is the client's own (an IDIS client counts its sessions itself), it holds on that connection alone.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from idis.proto.challenge import NONCE_BYTES, Challenge
from idis.proto.digest import digest_request
from idis.proto.message import Message, answer_version

CHALLENGE_S = 60.0  # a person types a passphrase within it, and Handle.Net's set-up gives as much
CHALLENGES_MAX = 65_536
CHALLENGES_PER_SOURCE_MAX = 16  # a busy client of a public network
CHALLENGES_PER_TRUSTED_SOURCE_MAX = 4_096  # back offices behind one address of a configured network
CHALLENGES_PER_SESSION_MAX = 4  # requests a client may have refused at once in one session
CHALLENGE_OCTETS_MAX = 67_108_864  # of all requests that wait for their proof
_OVERHEAD_BYTES = 1_024  # of one challenge beside its request

SESSION_ID_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True, eq=False)
class Pending:
    """A request that waits for its proof.

    Attributes:
        request: as it came.
        challenge: what has to be answered.
        source: the host part of the address that asked.
        scope: who may answer: a connection, any connection of the source, or whoever has the session's keys.
        link: the connection, where it is bound to one; held so that nothing else can be mistaken for it.
        until: monotonic seconds.
    """

    request: Message
    challenge: Challenge
    source: str
    scope: Hashable
    link: object | None
    until: float

    @property
    def octets(self) -> int:
        """Memory it holds."""
        return len(self.request.body) + _OVERHEAD_BYTES


@dataclass(slots=True)
class Counters:
    """Counts since start."""

    opened: int = 0
    dropped: int = 0  # to make room
    expired: int = 0


_IN_SESSION = "session"  # the scope of challenges in one of the node's own sessions, which any connection may use


@dataclass(slots=True)
class Challenges:
    """The open challenges of one node.

    Args:
        random_octets: `secrets.token_bytes`, or a fake.
    """

    random_octets: Callable[[int], bytes]
    counters: Counters = field(default_factory=Counters)
    _open: OrderedDict[Pending, None] = field(default_factory=OrderedDict)  # oldest first
    _by_scope: dict[Hashable, dict[int, list[Pending]]] = field(default_factory=dict)  # then by session id
    _by_source: dict[str, OrderedDict[Pending, None]] = field(default_factory=dict)
    _repeats: dict[tuple[Hashable, int, bytes], Pending] = field(default_factory=dict)
    _octets: int = 0

    def __len__(self) -> int:
        return len(self._open)

    @property
    def octets(self) -> int:
        """Memory the open challenges hold, as counted."""
        return self._octets

    def open(
        self, request: Message, *, source: str, trusted: bool, link: object | None, in_session: bool, now: float
    ) -> Challenge:
        """Challenge a request. The same request again, while its challenge is open, gets the same one.

        Args:
            request: what was refused.
            source: the host part of its sender's address.
            trusted: whether that is in a configured network.
            link: the connection, where the answer has to come over the same one.
            in_session: its session id is one of this node's sessions, which any connection may use.
            now: monotonic seconds.
        """
        self.expire(now)
        scope: Hashable = _IN_SESSION if in_session else source if link is None else id(link)
        stated = digest_request(request, answer_version(request))
        repeat = self._repeats.get((scope, request.request_id, stated.digest))
        if repeat is not None:
            return repeat.challenge
        keeps_id = in_session or (link is not None and request.session_id)
        session_id = request.session_id if keeps_id else self._fresh_id()
        challenge = Challenge(session_id, self.random_octets(NONCE_BYTES), stated)
        pending = Pending(request, challenge, source, scope, None if in_session else link, now + CHALLENGE_S)
        self._make_room(pending, trusted)
        self._keep(pending)
        self.counters.opened += 1
        return challenge

    def take(self, session_id: int, *, source: str, link: object | None, in_session: bool, now: float) -> list[Pending]:
        """The challenges that an answer of that session may be for, oldest first; they are no longer open.

        More than one only where several requests of one session were refused at once. Those of a session are its own:
        an answer without its code, `in_session` being false, does not spend them.
        """
        self.expire(now)
        for scope in (_IN_SESSION,) if in_session else (id(link), source):
            if found := self._by_scope.get(scope, {}).get(session_id):
                taken = [pending for pending in found if pending.until > now]
                for pending in list(found):
                    self._forget(pending)
                return taken
        return []

    def put_back(self, pending: Pending) -> None:
        """Open a challenge again that was taken, and was not the one answered."""
        self._keep(pending)

    def has_link(self, link: object) -> bool:
        """Whether challenges are open that only this connection can answer."""
        return id(link) in self._by_scope

    def drop_link(self, link: object) -> None:
        """A connection is gone, and with it the challenges that only it could answer."""
        for found in list(self._by_scope.get(id(link), {}).values()):
            for pending in list(found):
                self._forget(pending)

    def expire(self, now: float) -> None:
        """Forget what is past its time."""
        while self._open:
            oldest = next(iter(self._open))
            if oldest.until > now:
                break
            self._forget(oldest)
            self.counters.expired += 1

    def _make_room(self, pending: Pending, trusted: bool) -> None:
        most = CHALLENGES_PER_TRUSTED_SOURCE_MAX if trusted else CHALLENGES_PER_SOURCE_MAX
        if (of_source := self._by_source.get(pending.source)) is not None and len(of_source) >= most:
            self._drop(next(iter(of_source)))
        of_session = self._by_scope.get(pending.scope, {}).get(pending.challenge.session_id, [])
        if len(of_session) >= CHALLENGES_PER_SESSION_MAX:
            self._drop(of_session[0])
        while self._open and (len(self._open) >= CHALLENGES_MAX or self._octets + pending.octets > CHALLENGE_OCTETS_MAX):
            self._drop(next(iter(self._open)))

    def _drop(self, pending: Pending) -> None:
        self._forget(pending)
        self.counters.dropped += 1

    def _keep(self, pending: Pending) -> None:
        self._open[pending] = None
        self._by_scope.setdefault(pending.scope, {}).setdefault(pending.challenge.session_id, []).append(pending)
        self._by_source.setdefault(pending.source, OrderedDict())[pending] = None
        self._repeats[_repeat_key(pending)] = pending
        self._octets += pending.octets

    def _forget(self, pending: Pending) -> None:
        del self._open[pending]
        self._octets -= pending.octets
        session_id = pending.challenge.session_id
        of_scope = self._by_scope[pending.scope]
        of_scope[session_id].remove(pending)
        if not of_scope[session_id]:
            del of_scope[session_id]
        if not of_scope:
            del self._by_scope[pending.scope]
        of_source = self._by_source[pending.source]
        del of_source[pending]
        if not of_source:
            del self._by_source[pending.source]
        if self._repeats.get(_repeat_key(pending)) is pending:
            del self._repeats[_repeat_key(pending)]

    def _fresh_id(self) -> int:
        return int.from_bytes(self.random_octets(4), "big") & SESSION_ID_MAX or 1


def _repeat_key(pending: Pending) -> tuple[Hashable, int, bytes]:
    return pending.scope, pending.request.request_id, pending.challenge.digest.digest
