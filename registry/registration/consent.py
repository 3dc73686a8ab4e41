"""Acts that two persons must ask for: revoking a prefix, and giving it to another organisation (`trust.md` §4, §5).

The first one's request is kept as a document and changes nothing. The same request by somebody else within a day is the
second consent, and the act happens. Two keys of one identifier are one person, and so are all tokens made for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

import msgpack

from idis.proto.codes import ResponseCode
from idis.registry.caller import Caller
from idis.registry.document import DocumentKind
from idis.registry.registration.checks import Refusal
from idis.registry.store.base import ReadTxn, WriteTxn

CONSENT_S = 86_400  # within which the second person must ask for the same
CONSENT_VERSION = 1
_DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True)
class Awaiting:
    """Nothing happened yet: the request is kept until `until` (unix seconds) for a second person to repeat it."""

    act: str
    prefix: str
    person: str
    until: int

    @property
    def message(self) -> str:
        """What is to be done, in a sentence."""
        return (
            f"{self.act} {self.prefix}: noted for {self.person}; it happens when a second person asks for the same within a day. "
            "Who is alone grants somebody the operator's role first: idis role grant IDENTITY operator."
        )

    @property
    def refusal(self) -> Refusal:
        """The same for faces that know only yes and no."""
        return Refusal(ResponseCode.INSUFFICIENT_PERMISSIONS, self.message)


def person_of(caller: Caller) -> str | None:
    """Whom a caller counts as: its identifier, whichever of its keys was proved; the user of the node's own tools.

    None for a token that stands for roles alone: nobody knows how many of them one person holds.
    """
    if caller.identity is not None:
        return caller.identity.identifier
    return caller.origin if caller.scope is None else None


def second(txn: WriteTxn, caller: Caller, act: str, prefix: str, request: bytes, now: int) -> Awaiting | Refusal | None:
    """None when somebody else has asked for the same within CONSENT_S; otherwise this is the first request, and is kept.

    Args:
        txn: the registry.
        caller: who asks now; whether he may was judged before.
        act: what for.
        prefix: of which folded prefix.
        request: all that makes two requests the same.
        now: unix time in seconds.
    """
    person = person_of(caller)
    if person is None:
        return Refusal(
            ResponseCode.INSUFFICIENT_PERMISSIONS,
            f"two persons {act} a prefix, and this token stands for none: use one that was made for an identity",
        )
    digest, key = blake2b(request, digest_size=_DIGEST_BYTES).digest(), _key(act, prefix)
    kept = txn.document(DocumentKind.CONSENT, key)
    if kept is not None:
        _version, known_digest, known_person, at = msgpack.unpackb(kept)
        if known_digest == digest and at <= now < at + CONSENT_S:
            if known_person != person:
                txn.delete_document(DocumentKind.CONSENT, key)
                return None
            return Awaiting(act, prefix, person, at + CONSENT_S)
    txn.put_document(DocumentKind.CONSENT, key, msgpack.packb([CONSENT_VERSION, digest, person, now]))
    return Awaiting(act, prefix, person, now + CONSENT_S)


def awaited(txn: ReadTxn, prefix: str, acts: tuple[str, ...], now: int) -> tuple[Awaiting, ...]:
    """What waits for a second person at a folded prefix."""
    found = []
    for act in acts:
        if (kept := txn.document(DocumentKind.CONSENT, _key(act, prefix))) is not None:
            _version, _digest, person, at = msgpack.unpackb(kept)
            if at <= now < at + CONSENT_S:
                found.append(Awaiting(act, prefix, person, at + CONSENT_S))
    return tuple(found)


def forget(txn: WriteTxn, prefix: str, act: str) -> None:
    """Drop what waits, because it has happened or cannot happen any more."""
    txn.delete_document(DocumentKind.CONSENT, _key(act, prefix))


def _key(act: str, prefix: str) -> bytes:
    return f"{act}\x00{prefix}".encode()
