"""The life of a prefix: asked for, examined, granted, suspended, given up (`domain.md` §3.2).

Which event leads from which state to which is the literal table TRANSITIONS, in the national numbering. Each function
is a pure function of a write transaction; each change of state is one write, and so one journal entry with its actor
and time. A prefix that was ever registered keeps its entry, also when it is revoked: that is why none is issued twice.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from enum import Enum
from typing import Any

from idis.proto.codes import ResponseCode
from idis.proto.identifier import fold
from idis.registry.prefix import ROOT_PREFIX, PrefixEntry, PrefixState, Privacy
from idis.registry.registration.checks import (
    STATE_WORDS,
    Organisation,
    Refusal,
    entries,
    judge_organisation,
    refuse_name,
    refuse_parent,
    refuse_reason,
    unknown,
)
from idis.registry.registration.values import prefix_record
from idis.registry.store.base import ReadTxn, WriteTxn


class Event(Enum):
    """What happens to a prefix; the value is the verb."""

    APPLY = "apply"
    REVIEW = "review"
    APPROVE = "approve"
    REJECT = "reject"
    RESUBMIT = "resubmit"
    SUSPEND = "suspend"
    RESUME = "resume"
    REVOKE = "revoke"


TRANSITIONS: dict[tuple[PrefixState | None, Event], PrefixState] = {
    (None, Event.APPLY): PrefixState.APPLIED,
    (PrefixState.APPLIED, Event.REVIEW): PrefixState.IN_REVIEW,
    (PrefixState.APPLIED, Event.REJECT): PrefixState.REJECTED,
    (PrefixState.IN_REVIEW, Event.APPROVE): PrefixState.ACTIVE,
    (PrefixState.IN_REVIEW, Event.REJECT): PrefixState.REJECTED,
    (PrefixState.REJECTED, Event.RESUBMIT): PrefixState.APPLIED,
    (PrefixState.ACTIVE, Event.SUSPEND): PrefixState.SUSPENDED,
    (PrefixState.ACTIVE, Event.REVOKE): PrefixState.REVOKED,
    (PrefixState.SUSPENDED, Event.RESUME): PrefixState.ACTIVE,
    (PrefixState.SUSPENDED, Event.REVOKE): PrefixState.REVOKED,
}

WAITING = (PrefixState.APPLIED, PrefixState.IN_REVIEW)  # for a decision
GRANTED = (PrefixState.ACTIVE, PrefixState.SUSPENDED)

QUOTA_MAX = 2**53 - 1  # as far as JSON counts exactly
TTL_S_MAX = 2**31 - 1

_NEEDS_REASON = (Event.REJECT,)


@dataclass(frozen=True, slots=True)
class Terms:
    """How a prefix is kept: see the attributes of PrefixEntry. Quotas up to QUOTA_MAX, times up to TTL_S_MAX."""

    privacy: Privacy = Privacy.HANDLE
    fold_suffix: bool = True
    quota: int = 0
    ttl_s: int = 86_400
    signing_required: bool = False
    daily_quota: int = 0


DEFAULT_TERMS = Terms()


@dataclass(frozen=True, slots=True)
class NewTerms:
    """What is to be kept differently; None leaves it as it is."""

    privacy: Privacy | None = None
    fold_suffix: bool | None = None
    quota: int | None = None
    ttl_s: int | None = None
    signing_required: bool | None = None
    daily_quota: int | None = None

    def over(self, terms: Terms) -> Terms:
        """These terms, and those of before where nothing is said."""
        given: dict[str, Any] = {name: value for name, value in asdict(self).items() if value is not None}
        return replace(terms, **given)


@dataclass(frozen=True, slots=True)
class Registered:
    """The prefix as it stands now; `changed` tells whether this call changed it."""

    entry: PrefixEntry
    changed: bool = True


def apply(txn: WriteTxn, wish: str, organisation: Organisation, now: int, terms: Terms = DEFAULT_TERMS) -> Registered | Refusal:
    """Ask for a prefix.

    Args:
        txn: the registry.
        wish: the prefix wanted, `88.118.8`, or `88.118.*` for the next free number below `88.118`.
        organisation: who asks.
        now: unix time, for the timestamps of the prefix record.
        terms: how the prefix will be kept.
    """
    judged = judge_organisation(organisation)
    if isinstance(judged, Refusal):
        return judged
    parent, _, label = fold(wish).rpartition(".")
    if refusal := refuse_parent(txn, parent or ROOT_PREFIX):
        return refusal
    prefix = next_free(txn, parent) if label == "*" else fold(wish)
    if refusal := refuse_name(prefix):
        return refusal
    asked = new_entry(prefix, TRANSITIONS[None, Event.APPLY], judged, terms, now)
    if (existing := txn.prefix(prefix)) is not None:
        return _apply_again(existing, asked)
    if (route := txn.route(prefix)) is not None:
        return Refusal(
            ResponseCode.HANDLE_ALREADY_EXISTS, f"{prefix} lies in the range {route.start} to {route.end}, allotted elsewhere"
        )
    return write(txn, asked)


def advance(txn: WriteTxn, prefix: str, event: Event, *, reason: str = "") -> Registered | Refusal:
    """Let an event other than APPLY and RESUBMIT happen to a prefix. An event that has already happened changes nothing."""
    entry = txn.prefix(fold(prefix))
    if entry is None:
        return unknown(txn, prefix)
    if event in _NEEDS_REASON and not reason.strip():
        return Refusal(ResponseCode.INVALID_VALUE, f"{event.value} needs a reason, which the applicant reads")
    if refusal := refuse_reason(reason):
        return refusal
    target = TRANSITIONS.get((entry.state, event))
    if target is None:
        return _refuse_event(entry, event)
    if event is Event.REVOKE and (refusal := _refuse_stranding(txn, entry)):
        return refusal
    return write(txn, replace(entry, state=target, reason=reason.strip()))


def refuse_event(txn: ReadTxn, prefix: str, event: Event) -> Refusal | None:
    """What forbids an event that needs no reason; one that has already happened is not forbidden."""
    entry = txn.prefix(fold(prefix))
    if entry is None:
        return unknown(txn, prefix)
    if (entry.state, event) not in TRANSITIONS:
        verdict = _refuse_event(entry, event)
        return verdict if isinstance(verdict, Refusal) else None
    return _refuse_stranding(txn, entry) if event is Event.REVOKE else None


def resubmit(txn: WriteTxn, prefix: str, organisation: Organisation) -> Registered | Refusal:
    """Ask again after a rejection; what is empty in `organisation` stays as it was."""
    entry = txn.prefix(fold(prefix))
    if entry is None:
        return unknown(txn, prefix)
    target = TRANSITIONS.get((entry.state, Event.RESUBMIT))
    if target is None:
        return _refuse_event(entry, Event.RESUBMIT)
    corrected = judge_organisation(
        Organisation(
            organisation.owner or entry.owner, organisation.code or entry.owner_code, organisation.industry or entry.industry
        )
    )
    if isinstance(corrected, Refusal):
        return corrected
    return write(txn, with_owner(replace(entry, state=target, reason=""), corrected))


def next_free(txn: ReadTxn, parent: str) -> str:
    """A number below a parent that was never issued, next to one that was.

    Doubling finds a free number, halving the free one nearest to those taken: a few look-ups however many there are.
    """
    head = f"{parent}." if parent else ""

    def taken(number: int) -> bool:
        return txn.prefix(f"{head}{number}") is not None or txn.route(f"{head}{number}") is not None

    last, free = 0, 1
    while taken(free):
        last, free = free, free * 2
    while free - last > 1:
        middle = (last + free) // 2
        if taken(middle):
            last = middle
        else:
            free = middle
    return f"{head}{free}"


def granted_below(txn: ReadTxn, prefix: str) -> PrefixEntry | None:
    """The first granted prefix below a folded one."""
    return next((entry for entry in entries(txn, below=prefix) if entry.state in GRANTED), None)


def possible(state: PrefixState) -> list[Event]:
    """What can happen to a prefix in this state."""
    return [event for (source, event) in TRANSITIONS if source is state]


def new_entry(prefix: str, state: PrefixState, owner: Organisation, terms: Terms, now: int) -> PrefixEntry:
    """A prefix as it begins; its owner has been judged."""
    values = prefix_record(prefix, now, ttl_s=terms.ttl_s)
    return with_terms(with_owner(PrefixEntry(prefix, state, values=values), owner), terms)


def with_owner(entry: PrefixEntry, owner: Organisation) -> PrefixEntry:
    """A prefix as it belongs to an organisation, which has been judged."""
    return replace(entry, owner=owner.owner, owner_code=owner.code, industry=owner.industry)


def with_terms(entry: PrefixEntry, terms: Terms) -> PrefixEntry:
    """A prefix as it is kept on these terms."""
    return replace(entry, **asdict(terms))


def terms_of(entry: PrefixEntry) -> Terms:
    """How a prefix is kept."""
    return Terms(**{item.name: getattr(entry, item.name) for item in fields(Terms)})


def write(txn: WriteTxn, entry: PrefixEntry) -> Registered:
    """Store an entry unless it is there already."""
    existing = txn.prefix(entry.prefix)
    if existing is not None and replace(entry, version=existing.version) == existing:
        return Registered(existing, changed=False)
    version = txn.put_prefix(entry)
    assert isinstance(version, int), "a write that expects nothing cannot conflict"
    return Registered(replace(entry, version=version))


def _apply_again(existing: PrefixEntry, asked: PrefixEntry) -> Registered | Refusal:
    mine = (existing.owner, existing.owner_code) == (asked.owner, asked.owner_code)
    if mine and existing.state in WAITING:
        return Registered(existing, changed=False)
    if existing.state is PrefixState.REVOKED:
        message = f"{existing.prefix} has been revoked, and no prefix is issued twice: ask for another one"
    elif existing.state is PrefixState.REJECTED:
        message = f"{existing.prefix} has been rejected ({existing.reason}): correct the application and resubmit it"
    else:
        message = f"{existing.prefix} is {STATE_WORDS[existing.state]} already: ask for another one, or for the next free number"
    return Refusal(ResponseCode.HANDLE_ALREADY_EXISTS, message)


def _refuse_event(entry: PrefixEntry, event: Event) -> Registered | Refusal:
    if entry.state in (target for (_, known), target in TRANSITIONS.items() if known is event):
        return Registered(entry, changed=False)
    words = ", ".join(known.value for known in possible(entry.state)) or "nothing, this state is final"
    return Refusal(
        ResponseCode.ERROR,
        f"{entry.prefix} is {STATE_WORDS[entry.state]}, so there is nothing to {event.value}; possible now: {words}",
    )


def _refuse_stranding(txn: ReadTxn, entry: PrefixEntry) -> Refusal | None:
    child = granted_below(txn, entry.prefix)
    if child is None:
        return None
    return Refusal(ResponseCode.ERROR, f"prefixes below {entry.prefix} are still in use: revoke {child.prefix} first")
