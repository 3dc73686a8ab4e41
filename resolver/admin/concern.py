"""Which frames are the administration's, told by their octets alone; asked of every frame that is no common question."""

from __future__ import annotations

import struct

from idis.proto.codes import EnvelopeFlag, OpCode, OpFlag
from idis.proto.message import ENVELOPE_BYTES, HEADER_BYTES
from idis.registry.tokens import SECRET_HEAD
from idis.resolver.guard.sources import Standing
from idis.resolver.request import UDP, Peer

_FLAGS_AT = 2
_SESSION_AT = 4
_BODY_AT = ENVELOPE_BYTES + HEADER_BYTES
_ENCRYPTED = int(EnvelopeFlag.ENCRYPTED)
_OPCODE = struct.Struct(">III")  # opcode, response code, opflags
_BODY_BYTES = struct.Struct(">I")
_NO_SESSION = bytes(4)
_TOKEN_HEAD = SECRET_HEAD.encode()
_CHALLENGE_ANSWER = int(OpCode.CHALLENGE_ANSWER).to_bytes(4, "big")
_PROVEN = int(OpFlag.CERTIFY | OpFlag.IDIS_AUTH_BYTES)  # a signature is wanted, or a token may be there
_PUBLIC = (int(OpCode.RESOLUTION), int(OpCode.GET_SITE_INFO))

OPERATIONS = frozenset(
    int(code)
    for code in (
        OpCode.CREATE,
        OpCode.DELETE,
        OpCode.ADD_VALUE,
        OpCode.REMOVE_VALUE,
        OpCode.MODIFY_VALUE,
        OpCode.LIST_HANDLES,
        OpCode.LIST_DERIVED_PREFIXES,
        OpCode.CHALLENGE_ANSWER,
        OpCode.VERIFY_CHALLENGE,
        OpCode.HOME_PREFIX,
        OpCode.UNHOME_PREFIX,
        OpCode.LIST_HOMED_PREFIXES,
        OpCode.SESSION_SETUP,
        OpCode.SESSION_TERMINATE,
        OpCode.SESSION_EXCHANGE_KEY,
        OpCode.LOGIN_ID_SYSTEM,
        OpCode.BATCH,
        OpCode.EXPAND,
        OpCode.POINTER,
        OpCode.SUBSCRIBE,
        OpCode.NOTICE,
        OpCode.RECEIPT,
    )
)


def concerns(frame: bytes, peer: Peer) -> bool:
    """Whether a frame is for the administration: one that changes something, or in a session, or by somebody known.

    Over UDP only the proof of who asks a question is, and from addresses that are known to be real.
    """
    if len(frame) < ENVELOPE_BYTES:
        return False
    if peer.transport == UDP:
        return answers_challenge(frame) and may_prove(peer)
    if frame[_FLAGS_AT] & _ENCRYPTED:
        return True
    if len(frame) < _BODY_AT:
        return False
    opcode, code, flags = _OPCODE.unpack_from(frame, ENVELOPE_BYTES)
    if code:
        return False
    if opcode in OPERATIONS:
        return True
    if opcode not in _PUBLIC:
        return False
    if flags & _PROVEN or (peer.link is not None and peer.link.caller is not None):
        return True
    return frame[_SESSION_AT : _SESSION_AT + 4] != _NO_SESSION and _has_credential(frame)


def may_prove(peer: Peer) -> bool:
    """Whether a peer may be challenged: an address that may be forged has nothing to prove, and would be flooded."""
    return peer.standing is not Standing.UNPROVEN


def answers_challenge(frame: bytes) -> bool:
    """Whether a frame is the answer to a challenge."""
    return frame[ENVELOPE_BYTES : ENVELOPE_BYTES + 4] == _CHALLENGE_ANSWER and not frame[_FLAGS_AT] & _ENCRYPTED


def is_own_token(auth: bytes) -> bool:
    """Whether the authBytes of an IDIS client are a token of this node, not something that another node gave."""
    return auth.isascii() and auth.startswith(_TOKEN_HEAD)


def _has_credential(frame: bytes) -> bool:
    """Whether there is more behind the body than the length of an empty credential."""
    body_bytes: int = _BODY_BYTES.unpack_from(frame, _BODY_AT - 4)[0]
    return len(frame) > _BODY_AT + body_bytes + 4
