"""Asking for a prefix, and asking again: the applicant's side of a prefix's life (`domain.md` §3.2)."""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2b

import msgpack

from idis.proto.codes import ResponseCode
from idis.proto.identifier import fold
from idis.registry.document import DocumentKind
from idis.registry.identity import Identity
from idis.registry.registration import life
from idis.registry.registration.application import Application, Filed, file_application, filed, refuse_organisation
from idis.registry.registration.checks import Organisation, Refusal
from idis.registry.registration.life import Registered, Terms
from idis.registry.store.base import ReadTxn, WriteTxn

WAITING_MAX = 16  # applications of one identity that nobody has decided yet: strangers may apply, and must not fill the store

_APPLICANT_HEAD = b"a\x00"


def wished(txn: ReadTxn, wish: str) -> str:
    """The folded prefix a wish comes to now; `88.118.*` is the next free number below `88.118`."""
    parent, _, label = fold(wish).rpartition(".")
    return life.next_free(txn, parent) if label == "*" else fold(wish)


def apply(
    txn: WriteTxn,
    prefix: str,
    organisation: Organisation,
    form: Application | None,
    terms: Terms,
    applicant: Identity | None,
    now: int,
    *,
    bounded: bool,
) -> Registered | Refusal:
    """File an application for a folded prefix.

    Args:
        txn: the registry.
        prefix: what is asked for.
        organisation: whose it will be, when there is no form.
        form: what the organisation says of itself.
        terms: how the prefix will be kept.
        applicant: who may correct the application later.
        now: unix time in seconds.
        bounded: whether the applicant is a stranger, who must say who he is and may not ask for everything.
    """
    owner = organisation if form is None else form.organisation
    if bounded and not owner.owner.strip():
        return Refusal(ResponseCode.INVALID_VALUE, f"for whom? An application for {prefix} names the organisation")
    if form is not None and (refusal := refuse_organisation(txn, prefix, form)):
        return refusal
    waiting = [] if applicant is None or not bounded else _waiting(txn, applicant)
    if len(waiting) >= WAITING_MAX and prefix not in waiting:
        return Refusal(
            ResponseCode.PREFIX_LIMIT,
            f"{WAITING_MAX} applications of {applicant} wait already, which is the most: {waiting[0]} is one of them",
        )
    done = life.apply(txn, prefix, owner, now, terms)
    if isinstance(done, Refusal) or not done.changed:
        return done
    file_application(txn, prefix, Filed(applicant, now, form))
    if applicant is not None and bounded:
        txn.put_document(DocumentKind.APPLICATION, _applicant_key(applicant), msgpack.packb([*waiting, prefix]))
    return done


def resubmit(
    txn: WriteTxn, prefix: str, organisation: Organisation, form: Application | None, now: int
) -> Registered | Refusal:
    """Ask again after a rejection; what is not said anew stays as it was."""
    if form is not None and (refusal := refuse_organisation(txn, prefix, form)):
        return refusal
    done = life.resubmit(txn, prefix, organisation if form is None else form.organisation)
    if isinstance(done, Refusal) or not done.changed or form is None:
        return done
    kept = filed(txn, prefix) or Filed(None, now)
    file_application(txn, prefix, replace(kept, at=now, form=form))
    return done


def _waiting(txn: ReadTxn, applicant: Identity) -> list[str]:
    body = txn.document(DocumentKind.APPLICATION, _applicant_key(applicant))
    asked = [] if body is None else [str(prefix) for prefix in msgpack.unpackb(body)]
    return [prefix for prefix in asked if (entry := txn.prefix(prefix)) is not None and entry.state in life.WAITING]


def _applicant_key(applicant: Identity) -> bytes:
    return _APPLICANT_HEAD + blake2b(str(applicant).encode(), digest_size=32).digest()
