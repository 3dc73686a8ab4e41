"""Acts that two persons must ask for: revoking a prefix, and giving it to another organisation (`trust.md` §4, §5).

The first one's request is kept as a document and changes nothing. The same request by somebody else within a day is the
second consent, and the act happens. Two keys of one identifier are one person, and so are all tokens made for it. Another
request, a transfer to somebody else, is refused while that one waits: only who made it changes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import msgpack

from idis.proto.codes import ResponseCode
from idis.registry.caller import Caller
from idis.registry.document import DocumentKind
from idis.registry.registration.checks import Refusal
from idis.registry.store.base import ReadTxn, WriteTxn

CONSENT_S = 86_400  # within which the second person must ask for the same
CONSENT_VERSION = 2


@dataclass(frozen=True, slots=True)
class Awaiting:
    """Nothing happened yet: the request is kept until `until` (unix seconds) for a second person to repeat it.

    `terms` are all that makes two requests the same: the organisation of a transfer, nothing of a revocation.
    """

    act: str
    prefix: str
    person: str
    until: int
    terms: tuple[str, ...] = ()

    @property
    def to(self) -> str:
        """Whom a transfer is to; empty for other acts."""
        return " ".join(filter(None, self.terms))

    @property
    def message(self) -> str:
        """What is to be done, in a sentence."""
        to = self.to and f" to {self.to}"
        return (
            f"{self.act} {self.prefix}{to}: noted for {self.person}; it happens when a second person asks for the same within "
            "a day. Who is alone grants somebody the operator's role first: idis role grant IDENTITY operator."
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


def second(
    txn: WriteTxn, caller: Caller, act: str, prefix: str, terms: tuple[str, ...], now: int
) -> Awaiting | Refusal | None:
    """None when somebody else has asked for the same within CONSENT_S; otherwise this is the first request, and is kept.

    While somebody else's request waits, one on other terms is refused.

    Args:
        txn: the registry.
        caller: who asks now; whether he may was judged before.
        act: what for.
        prefix: of which folded prefix.
        terms: as of `Awaiting`.
        now: unix time in seconds.
    """
    person = person_of(caller)
    if person is None:
        return Refusal(
            ResponseCode.INSUFFICIENT_PERMISSIONS,
            f"two persons {act} a prefix, and this token stands for none: use one that was made for an identity",
        )
    kept = _kept(txn, act, prefix, now)
    if kept is not None and kept.person != person:
        if kept.terms != terms:
            return Refusal(
                ResponseCode.INSUFFICIENT_PERMISSIONS,
                f"{act} {prefix} to {kept.to} waits, asked by {kept.person}: ask for the same, have {kept.person} ask for "
                f"yours first, or wait until {_moment(kept.until)}",
            )
        forget(txn, prefix, act)
        return None
    if kept is not None and kept.terms == terms:
        return kept
    txn.put_document(DocumentKind.CONSENT, _key(act, prefix), msgpack.packb([CONSENT_VERSION, terms, person, now]))
    return Awaiting(act, prefix, person, now + CONSENT_S, terms)


def awaited(txn: ReadTxn, prefix: str, acts: tuple[str, ...], now: int) -> tuple[Awaiting, ...]:
    """What waits for a second person at a folded prefix."""
    return tuple(kept for act in acts if (kept := _kept(txn, act, prefix, now)) is not None)


def forget(txn: WriteTxn, prefix: str, act: str) -> None:
    """Drop what waits, because it has happened or cannot happen any more."""
    txn.delete_document(DocumentKind.CONSENT, _key(act, prefix))


def _kept(txn: ReadTxn, act: str, prefix: str, now: int) -> Awaiting | None:
    """What waits now."""
    if (body := txn.document(DocumentKind.CONSENT, _key(act, prefix))) is None:
        return None
    _version, terms, person, at = msgpack.unpackb(body)
    return Awaiting(act, prefix, person, at + CONSENT_S, tuple(terms)) if at <= now < at + CONSENT_S else None


def _moment(unix_s: int) -> str:
    return f"{datetime.fromtimestamp(unix_s, UTC):%Y-%m-%d %H:%M} UTC"


def _key(act: str, prefix: str) -> bytes:
    return f"{act}\x00{prefix}".encode()
