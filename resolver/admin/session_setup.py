"""Setting sessions up and ending them (operations 400, 401 and 402, `wire.md` §10).

    mode 4  both sides compute the key                    hdllib's default, and the only one its releases complete
    mode 1  this node chooses it, for the client's RSA key   }  hdllib and id-pointer name a cipher that no Java has
    mode 2  the client chooses it, for this node's RSA key   }  ("RSA/EBC/PKCS1"): they ask, and fail by themselves
    mode 3  as 1, for a key named by identifier and index    ID-SDK's encrypted transport; its SM2 form is refused with 503

A set-up costs a modular power and a signature, so it comes out of the budget for signatures. The answer is always signed:
without that anybody on the way could put his own key in place of ours.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from idis.proto.bodies import ExchangeKey
from idis.proto.codes import ResponseCode
from idis.proto.errors import IdentifierError
from idis.proto.message import answer_version
from idis.proto.session import (
    MODE_CLIENT_RSA,
    MODE_DIFFIE_HELLMAN,
    MODE_KEY_BY_NAME,
    MODE_SERVER_RSA,
    NO_INDEX,
    SESSION_KEY_BYTES,
    SessionReply,
    SessionSetup,
    derive_keys,
)
from idis.proto.types.pubkey import decode_public_key
from idis.registry.identity import Identity, identity_of
from idis.registry.registration.checks import Refusal
from idis.resolver.admin.dialogue import Dialogue
from idis.resolver.admin.exchange_keys import ExchangeKeys, encrypted_key, public_octets, recipient, recipient_among
from idis.resolver.admin.letters import Letters
from idis.resolver.admin.reception import VERSION_MIN
from idis.resolver.admin.sessions import AWAITED_S, Awaited, Session, Sessions
from idis.resolver.admin.verifier import Verifier
from idis.resolver.metrics import Metrics
from idis.resolver.recursion.recursor import Clock

# What the answer to a set-up carries: the number of the session and the data of its mode.
_Agreed = tuple[int, bytes]


@dataclass(frozen=True, slots=True)
class SessionSetups:
    """Sets sessions up."""

    sessions: Sessions
    letters: Letters
    verifier: Verifier
    clock: Clock
    metrics: Metrics
    allowed: bool = True
    keys: ExchangeKeys = field(default_factory=ExchangeKeys)

    def close(self) -> None:
        """End its thread."""
        self.keys.close()

    async def set_up(self, dialogue: Dialogue, asked: SessionSetup) -> Refusal | None:
        """Agree on a key with a client.

        Raises:
            ProtocolError: its key is none, or unsafe.
        """
        if not self.allowed:
            return Refusal(ResponseCode.OPERATION_NOT_SUPPORTED, "sessions are switched off here: use TLS")
        agree = self._ways.get(asked.mode)
        if agree is None:
            return Refusal(
                ResponseCode.SESSION_FAILED,
                f"sessions of mode {asked.mode} are not offered: use Diffie-Hellman ({MODE_DIFFIE_HELLMAN}) with AES, or TLS",
            )
        if answer_version(dialogue.request) < VERSION_MIN:
            return Refusal(ResponseCode.SESSION_FAILED, "sessions need protocol 2.7 or newer, for AES and HMAC-SHA256")
        identity = _identity(asked.identity, asked.identity_index)
        if isinstance(identity, Refusal):
            return identity
        if refusal := self.letters.refuse_signing(dialogue):
            return refusal
        agreed = await agree(dialogue, asked, identity)
        if isinstance(agreed, Refusal):
            return agreed
        session_id, data = agreed
        self.metrics.admin["sessions"] += 1
        await self.letters.succeed(dialogue, SessionReply(asked.mode, data).encode(), session_id=session_id, sign=True)
        return None

    async def exchange_key(self, dialogue: Dialogue, brought: ExchangeKey) -> Refusal | None:
        """Take the key of a session that is awaited (mode 2), once."""
        number, now = dialogue.request.session_id, self.clock.monotonic()
        if self.sessions.find(number, now) is not None:
            return Refusal(ResponseCode.SESSION_MESSAGE_REJECTED, "this session has its key: set up a new one for another")
        if refusal := self.letters.refuse_signing(dialogue):
            return refusal
        awaited = self.sessions.take_awaited(number, dialogue.peer.source.host, now)
        if awaited is None:
            return Refusal(
                ResponseCode.SESSION_TIMEOUT, "no session of that number waits for a key: set one up in mode 2, within a minute"
            )
        if len(brought.encrypted_key) != awaited.offered.key_size // 8:
            return Refusal(
                ResponseCode.INVALID_SESSION_KEY,
                "the encrypted key has not the length of the server's key: encrypt to the key that the set-up brought",
            )
        keys = await self.keys.open(awaited.offered, brought.encrypted_key)
        if refusal := self.sessions.open_awaited(number, awaited, keys, now):
            return refusal
        await self.letters.succeed(dialogue)
        return None

    async def terminate(self, dialogue: Dialogue) -> Refusal | None:
        """End the session a message comes in."""
        session = dialogue.session
        if session is None:
            return Refusal(ResponseCode.SESSION_TIMEOUT, "only a message in a session ends it")
        self.sessions.end(session)
        await self.letters.succeed(dialogue)
        return None

    @property
    def _ways(self) -> dict[int, Callable[[Dialogue, SessionSetup, Identity | None], Awaitable[_Agreed | Refusal]]]:
        return {
            MODE_DIFFIE_HELLMAN: self._compute,
            MODE_CLIENT_RSA: self._choose,
            MODE_KEY_BY_NAME: self._choose_by_name,
            MODE_SERVER_RSA: self._offer,
        }

    async def _compute(self, dialogue: Dialogue, asked: SessionSetup, identity: Identity | None) -> _Agreed | Refusal:
        peer = decode_public_key(asked.public_key)
        agreed = self.sessions.set_up(peer, identity, asked.timeout_s, self.clock.monotonic())
        if isinstance(agreed, Refusal):
            return agreed
        session, offer = agreed
        return session.session_id, offer.encode(answer_version(dialogue.request))

    async def _choose(self, _dialogue: Dialogue, asked: SessionSetup, identity: Identity | None) -> _Agreed | Refusal:
        key = recipient(asked.public_key)
        return key if isinstance(key, Refusal) else self._chosen(asked, identity, lambda chosen: encrypted_key(key, chosen))

    async def _choose_by_name(self, _dialogue: Dialogue, asked: SessionSetup, identity: Identity | None) -> _Agreed | Refusal:
        named = _identity(asked.key_handle, asked.key_index)
        if named is None or isinstance(named, Refusal):
            return named or Refusal(
                ResponseCode.INVALID_SESSION_SETUP_REQUEST, "mode 3 names a key: send its identifier and index, or use mode 4"
            )
        values = await self.verifier.public_keys(named)
        if isinstance(values, Refusal):
            return values
        key = recipient_among(values)
        if isinstance(key, Refusal):
            return key
        # Whoever reads the answer has the key, so a session without another identity is for the one it is of.
        return self._chosen(asked, identity or named, lambda chosen: encrypted_key(key, chosen))

    async def _offer(self, dialogue: Dialogue, asked: SessionSetup, identity: Identity | None) -> _Agreed | Refusal:
        now = self.clock.monotonic()
        offered = await self.keys.current(now)
        awaited = Awaited(identity, asked.timeout_s, dialogue.peer.source.host, offered, now + AWAITED_S)
        return self.sessions.expect(awaited), public_octets(offered)

    def _chosen(self, asked: SessionSetup, identity: Identity | None, encrypt: Callable[[bytes], bytes]) -> _Agreed | Refusal:
        chosen = self.sessions.random_octets(SESSION_KEY_BYTES)
        opened = self.sessions.open(identity, derive_keys(chosen), asked.timeout_s, self.clock.monotonic())
        return (opened.session_id, encrypt(chosen)) if isinstance(opened, Session) else opened


def _identity(handle: str, index: int) -> Identity | Refusal | None:
    """An identity that a set-up names; None where it names none."""
    if not handle or index == NO_INDEX:
        return None
    try:
        return identity_of(index, handle)
    except IdentifierError as error:
        return Refusal(ResponseCode.INVALID_SESSION_SETUP_REQUEST, f"the identity of the session is none: {error}")
