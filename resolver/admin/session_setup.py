"""Setting sessions up and ending them (operations 400 and 401, `wire.md` §10).

A set-up costs a modular power and a signature, so it comes out of the budget for signatures. The answer is always signed:
without that anybody on the way could put his own key in place of ours.
"""

from __future__ import annotations

from dataclasses import dataclass

from idis.proto.codes import ResponseCode
from idis.proto.errors import IdentifierError
from idis.proto.message import answer_version
from idis.proto.session import MODE_DIFFIE_HELLMAN, NO_INDEX, SessionReply, SessionSetup
from idis.proto.types.pubkey import decode_public_key
from idis.registry.identity import Identity, identity_of
from idis.registry.registration.checks import Refusal
from idis.resolver.admin.dialogue import Dialogue
from idis.resolver.admin.letters import Letters
from idis.resolver.admin.reception import VERSION_MIN
from idis.resolver.admin.sessions import Sessions
from idis.resolver.metrics import Metrics
from idis.resolver.recursion.recursor import Clock


@dataclass(frozen=True, slots=True)
class SessionSetups:
    """Sets sessions up."""

    sessions: Sessions
    letters: Letters
    clock: Clock
    metrics: Metrics
    allowed: bool = True

    async def set_up(self, dialogue: Dialogue, asked: SessionSetup) -> Refusal | None:
        """Agree on a key with a client.

        Raises:
            ProtocolError: its key is none, or unsafe.
        """
        if not self.allowed:
            return Refusal(ResponseCode.OPERATION_NOT_SUPPORTED, "sessions are switched off here: use TLS")
        if asked.mode != MODE_DIFFIE_HELLMAN:
            return Refusal(
                ResponseCode.SESSION_FAILED,
                f"sessions of mode {asked.mode} are not offered: use Diffie-Hellman ({MODE_DIFFIE_HELLMAN}) with AES, or TLS",
            )
        version = answer_version(dialogue.request)
        if version < VERSION_MIN:
            return Refusal(ResponseCode.SESSION_FAILED, "sessions need protocol 2.7 or newer, for AES and HMAC-SHA256")
        identity = _identity(asked)
        if isinstance(identity, Refusal):
            return identity
        if refusal := self.letters.refuse_signing(dialogue):
            return refusal
        agreed = self.sessions.set_up(decode_public_key(asked.public_key), identity, asked.timeout_s, self.clock.monotonic())
        if isinstance(agreed, Refusal):
            return agreed
        session, offer = agreed
        self.metrics.admin["sessions"] += 1
        body = SessionReply(asked.mode, offer.encode(version)).encode()
        await self.letters.succeed(dialogue, body, session_id=session.session_id, sign=True)
        return None

    async def terminate(self, dialogue: Dialogue) -> Refusal | None:
        """End the session a message comes in."""
        session = dialogue.session
        if session is None:
            return Refusal(ResponseCode.SESSION_TIMEOUT, "only a message in a session ends it")
        self.sessions.end(session)
        await self.letters.succeed(dialogue)
        return None


def _identity(asked: SessionSetup) -> Identity | Refusal | None:
    """Whom a session is for."""
    if not asked.identity or asked.identity_index == NO_INDEX:
        return None
    try:
        return identity_of(asked.identity_index, asked.identity)
    except IdentifierError as error:
        return Refusal(ResponseCode.INVALID_SESSION_SETUP_REQUEST, f"the identity of the session is none: {error}")
