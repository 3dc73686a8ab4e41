"""The reception: from a frame to a dialogue. What is encrypted is opened, codes and counters are checked (`wire.md` §10).

A message in a session is taken once: its code must be right and its counter new. A message without the session's code is
a stranger's, whatever session number it carries: IDIS clients choose numbers of their own (`wire.md` §17.3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from idis.proto.codes import EnvelopeFlag, OpCode, OpFlag, ResponseCode
from idis.proto.credential import Credential, decode_credential
from idis.proto.dialect import speaks_idis
from idis.proto.errors import ProtocolError
from idis.proto.exchange import outline
from idis.proto.message import Message, decode_message
from idis.proto.signing import verify_mac
from idis.registry.registration.checks import Refusal
from idis.resolver.admin.dialogue import Dialogue
from idis.resolver.admin.sessions import Session, Sessions
from idis.resolver.request import Peer

VERSION_MIN = (2, 7)  # of a message whose code is believed: older ones covered octets that two sides did not agree on

_FLAGS_AT, _SESSION_AT = 2, 4  # of the envelope
_ENCRYPTED = int(EnvelopeFlag.ENCRYPTED)
_DIGEST = int(OpFlag.REQUEST_DIGEST)
_UNCOUNTED = (OpCode.RESOLUTION, OpCode.GET_SITE_INFO)  # may come with counter 0: a repeated question changes nothing

_UNKNOWN_SESSION = Refusal(ResponseCode.SESSION_TIMEOUT, "this node knows no session of that number: set up a new one")
_WRONG_CODE = Refusal(ResponseCode.INVALID_CREDENTIAL, "the message was not made with the key of this session")
_REPLAYED = Refusal(
    ResponseCode.SESSION_MESSAGE_REJECTED, "a message with this session counter was taken before: each needs a new one, from 1"
)
_TOO_OLD = Refusal(ResponseCode.INVALID_CREDENTIAL, "messages in a session need protocol 2.7 or newer")


@dataclass(frozen=True, slots=True)
class Rejected:
    """A frame that is answered with a refusal; its dialogue says whom to tell."""

    dialogue: Dialogue
    refusal: Refusal


def receive(
    frame: bytes, peer: Peer, send: Callable[[bytes], None], sessions: Sessions, now: float
) -> Dialogue | Rejected | None:
    """What a frame asks, in which session; None when not even its sender can be told.

    Args:
        frame: envelope and message as received.
        peer: who sent it.
        send: takes the answer's octets.
        sessions: of the node.
        now: monotonic seconds.
    """
    session_id = int.from_bytes(frame[_SESSION_AT : _SESSION_AT + 4], "big")
    session = sessions.find(session_id, now) if session_id else None
    sealed = bool(frame[_FLAGS_AT] & _ENCRYPTED)
    if sealed:
        if session is None:
            return _unread(frame, peer, send, _UNKNOWN_SESSION)
        try:
            frame = session.unseal(frame)
        except ProtocolError:
            sessions.fail(session)
            return _unread(frame, peer, send, _WRONG_CODE)
    try:
        message = decode_message(frame)
        credential = decode_credential(message.credential) if message.credential else None
    except ProtocolError as error:
        return _unread(frame, peer, send, Refusal(error.code, str(error)))
    idis = speaks_idis(message)
    if peer.link is not None:
        idis = peer.link.speaks_idis = peer.link.speaks_idis or idis
    dialogue = Dialogue(message, peer, send, idis=idis)
    if credential is None or not credential.is_mac:
        return Rejected(_without_digest(dialogue), _WRONG_CODE) if sealed else dialogue
    if session is None:
        return Rejected(_without_digest(dialogue), _UNKNOWN_SESSION)
    if (refusal := _refuse(message, credential, session, sessions)) is not None:
        return Rejected(_without_digest(dialogue), refusal)
    sessions.use(session, now)
    return replace(dialogue, session=session, counter=credential.session_counter, sealed=sealed)


def _unread(frame: bytes, peer: Peer, send: Callable[[bytes], None], refusal: Refusal) -> Rejected | None:
    """Refuse what cannot be read, as far as it says whom to tell."""
    known = outline(frame)
    if known is None:
        return None
    # Of a sealed frame only the envelope can be read: what stands at the header's place is ciphertext.
    sealed = frame[_FLAGS_AT] & _ENCRYPTED
    return Rejected(Dialogue(replace(known, opcode=0, opflags=0) if sealed else known, peer, send), refusal)


def _refuse(message: Message, credential: Credential, session: Session, sessions: Sessions) -> Refusal | None:
    if message.version < VERSION_MIN:
        return _TOO_OLD
    if not verify_mac(message, credential, session.keys.mac):
        sessions.fail(session)
        return _WRONG_CODE
    counter = credential.session_counter
    if not session.counters.accept(counter) or (counter == 0 and message.opcode not in _UNCOUNTED):
        return _REPLAYED
    return None


def _without_digest(dialogue: Dialogue) -> Dialogue:
    """A refusal that is no part of a session is plain."""
    return replace(dialogue, request=replace(dialogue.request, opflags=dialogue.request.opflags & ~_DIGEST))
