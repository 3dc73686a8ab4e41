"""The granting side of a prefix's life: examine, allocate, home, transfer, revoke (`domain.md` §3, `trust.md` §2 T3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from idis.proto.codes import ResponseCode
from idis.proto.identifier import fold
from idis.proto.types.site import Site
from idis.proto.value import Value, decode_values, encode_values
from idis.registry.prefix import PrefixEntry, PrefixState
from idis.registry.record import same_content
from idis.registry.registration import delegation, life
from idis.registry.registration.application import (
    Application,
    Filed,
    file_application,
    filed,
    free_organisation,
    refuse_organisation,
)
from idis.registry.registration.checks import STATE_WORDS, Organisation, Refusal, judge_organisation, unknown
from idis.registry.registration.life import Event, NewTerms, Registered, Terms
from idis.registry.registration.prefix_values import refuse_record
from idis.registry.registration.value_checks import VALUE_BYTES_DEFAULT_MAX, refuse_values
from idis.registry.registration.values import is_site, prefix_record
from idis.registry.store.base import WriteTxn


def grant(txn: WriteTxn, prefix: str, organisation: Organisation, now: int) -> Refusal | None:
    """Lead a prefix that is new or waits through every step until it is active; each is an entry of the journal."""
    entry = txn.prefix(prefix)
    if entry is None:
        applied = life.apply(txn, prefix, organisation, now)
        if isinstance(applied, Refusal):
            return applied
        entry = applied.entry
    if entry.state is PrefixState.APPLIED:
        life.advance(txn, prefix, Event.REVIEW)
    if entry.state in life.WAITING:
        life.advance(txn, prefix, Event.APPROVE)
    return None


def allocate(
    txn: WriteTxn, prefix: str, values: Sequence[Value], organisation: Organisation, terms: Terms, now: int
) -> Registered | Refusal:
    """Grant a new folded prefix whose record starts with these values; without an HS_ADMIN among them it gets the usual one."""
    if refusal := refuse_values(values, VALUE_BYTES_DEFAULT_MAX):
        return refusal
    given = {value.index: replace(value, timestamp=now) for value in values}
    if not any(value.type.upper() == "HS_ADMIN" for value in values):
        usual = decode_values(prefix_record(prefix, now, ttl_s=terms.ttl_s))
        given |= {value.index: value for value in usual if value.index not in given}
    if refusal := refuse_record(prefix, given):
        return refusal
    record = encode_values(value for _, value in sorted(given.items()))
    present = txn.prefix(prefix)
    if present is not None:
        if present.state is PrefixState.ACTIVE and same_content(present.values, record):
            return Registered(present, changed=False)
        return Refusal(
            ResponseCode.HANDLE_ALREADY_EXISTS,
            f"{prefix} is {STATE_WORDS[present.state]} already: ask for another one, or change its values",
        )
    applied = life.apply(txn, prefix, organisation, now, terms)
    if isinstance(applied, Refusal):
        return applied
    for event in (Event.REVIEW, Event.APPROVE):
        life.advance(txn, prefix, event)
    return life.write(txn, replace(applied.entry, state=PrefixState.ACTIVE, values=record))


def revoke(txn: WriteTxn, prefix: str, reason: str) -> Registered | Refusal:
    """Give up a prefix for ever; its organisation may ask for another one, and nobody is its administrator any more."""
    done = life.advance(txn, prefix, Event.REVOKE, reason=reason)
    if isinstance(done, Registered) and done.changed:
        free_organisation(txn, prefix)
    return done


def refuse_transfer(txn: WriteTxn, prefix: str, owner: Organisation, form: Application | None) -> Refusal | None:
    """What forbids giving a prefix to another organisation."""
    entry = txn.prefix(prefix)
    if entry is None:
        return unknown(txn, prefix)
    if entry.state not in life.GRANTED:
        return Refusal(ResponseCode.ERROR, f"{prefix} is {STATE_WORDS[entry.state]}: only a granted prefix is transferred")
    if not owner.owner.strip():
        return Refusal(ResponseCode.INVALID_VALUE, f"to whom? A transfer of {prefix} names the organisation")
    judged = judge_organisation(owner)
    if isinstance(judged, Refusal):
        return judged
    return None if form is None else refuse_organisation(txn, prefix, form)


def owned(txn: WriteTxn, prefix: str, owner: Organisation) -> PrefixEntry | None:
    """The entry of a prefix that belongs to this organisation, which has been judged, already."""
    entry = txn.prefix(prefix)
    return entry if entry is not None and life.with_owner(entry, owner) == entry else None


def transfer(
    txn: WriteTxn, prefix: str, organisation: Organisation, form: Application | None, now: int
) -> Registered | Refusal:
    """Give a granted prefix to another organisation, which was judged by `refuse_transfer` and has it not yet.

    The keys and administrators of the one before end with it; the new one's are added by the parent's administrator.
    Records and sites stay, so that what was resolvable is: the parent delegates anew when the new owner has its own node.
    """
    entry = txn.prefix(prefix)
    owner = judge_organisation(organisation if form is None else form.organisation)
    assert entry is not None, "refuse_transfer found it"
    assert isinstance(owner, Organisation), "refuse_transfer judged it"
    kept = filed(txn, prefix)
    if form is not None or kept is not None:
        file_application(txn, prefix, Filed(None, now, form))
    sites = [value for value in decode_values(entry.values) if is_site(value)]
    usual = decode_values(prefix_record(prefix, now, ttl_s=entry.ttl_s))
    values = encode_values(sorted([*sites, *usual], key=lambda value: value.index))
    return life.write(txn, replace(life.with_owner(entry, owner), values=values))


def home(
    txn: WriteTxn,
    prefix: str,
    granted: Sequence[Value],
    sites: Sequence[Site],
    organisation: Organisation,
    terms: Terms,
    now: int,
) -> Registered | Refusal:
    """Make this node answer for a prefix. New here, it takes over the keys and administrators its parent knows."""
    new = txn.prefix(prefix) is None
    done = delegation.home(txn, prefix, now, sites=sites, organisation=organisation, terms=terms)
    kept = {value.index: value for value in granted if not is_site(value)}
    if isinstance(done, Refusal) or not new or not kept or refuse_record(prefix, kept) is not None:
        return done
    own = {value.index: value for value in decode_values(done.entry.values) if is_site(value)}
    values = encode_values(value for _, value in sorted((kept | own).items()))
    return life.write(txn, replace(done.entry, values=values))


def change_terms(txn: WriteTxn, prefix: str, wanted: NewTerms) -> Registered | Refusal:
    """Keep a prefix differently from now on; records that are there already stay as they are."""
    entry = txn.prefix(fold(prefix))
    if entry is None:
        return unknown(txn, prefix)
    terms = wanted.over(life.terms_of(entry))
    if terms.fold_suffix != entry.fold_suffix and txn.records(entry.prefix, None, 1):
        return Refusal(
            ResponseCode.ERROR, f"{prefix} has records, or had some: whether their suffixes fold case cannot change any more"
        )
    return life.write(txn, life.with_terms(entry, terms))
