"""Acts on prefixes: what a caller asks to be done in the life of a prefix, judged, done and audited in one transaction.

The counterpart of `acts.py`. A prefix is the business of whoever registers below its parent: who may add or remove
derived prefixes there grants, delegates, hosts and suspends. The prefix's own administrators change their keys, and ask;
they never say where it is answered. `prefix_rights.py` has the rule of each act, `life.py` and `delegation.py` do what
is asked, `consent.py` waits for the second person.

Every act checks all it may be refused for before it writes anything, so a refusal has changed nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from idis.proto.codes import ResponseCode
from idis.proto.identifier import fold, parse_identifier
from idis.proto.types.site import Site
from idis.proto.value import Value
from idis.registry.audit.line import audit, prefix_summary
from idis.registry.caller import Caller, Role
from idis.registry.identity import Identity
from idis.registry.prefix import PrefixEntry, RouteEntry
from idis.registry.registration import acts, applying, delegation, granting, life, prefix_rights, prefix_values
from idis.registry.registration.application import Application
from idis.registry.registration.checks import Organisation, Refusal, judge_organisation
from idis.registry.registration.consent import Awaiting, forget, second
from idis.registry.registration.delegation import HostingEvent
from idis.registry.registration.disowning import end_access
from idis.registry.registration.life import DEFAULT_TERMS, Event, NewTerms, Registered, Terms
from idis.registry.rights import NO_GROUPS, Groups, Unknown
from idis.registry.store.base import ReadTxn, WriteTxn

NOBODY = Organisation()
ADVANCES = (Event.REVIEW, Event.APPROVE, Event.REJECT, Event.SUSPEND, Event.RESUME)


@dataclass(frozen=True, slots=True)
class Apply:
    """Ask for a prefix, `88.118.8`, or `88.118.*` for the next free number; an operator may ask for somebody (`applicant`)."""

    prefix: str
    organisation: Organisation = NOBODY
    terms: Terms = DEFAULT_TERMS
    form: Application | None = None  # names the organisation too, and goes before `organisation`
    applicant: Identity | None = None


@dataclass(frozen=True, slots=True)
class Resubmit:
    """Ask again after a rejection, with corrected facts."""

    prefix: str
    organisation: Organisation = NOBODY
    form: Application | None = None


@dataclass(frozen=True, slots=True)
class Advance:
    """Let REVIEW, APPROVE, REJECT, SUSPEND or RESUME happen to a prefix; REJECT needs a reason."""

    prefix: str
    event: Event
    reason: str = ""

    def __post_init__(self) -> None:
        if self.event not in ADVANCES:
            raise ValueError(f"{self.event.value} is an act of its own")


@dataclass(frozen=True, slots=True)
class Revoke:
    """Give up a prefix for ever. Two persons must ask for it; `alone` is for the node's own tools, and is audited."""

    prefix: str
    reason: str = ""
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Transfer:
    """Give a granted prefix to another organisation. Two persons must ask for it; `alone` as in `Revoke`."""

    prefix: str
    organisation: Organisation = NOBODY
    form: Application | None = None
    reason: str = ""
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Allocate:
    """Grant a prefix that nobody asked for, in one step, with the values its record starts with (sites among them)."""

    prefix: str
    values: tuple[Value, ...] = ()
    organisation: Organisation = NOBODY
    terms: Terms = DEFAULT_TERMS


@dataclass(frozen=True, slots=True)
class Delegate:
    """Let sites elsewhere, or the sites of a service handle, answer for a granted prefix."""

    prefix: str
    sites: tuple[Site, ...] = ()
    derived: tuple[Site, ...] | None = None  # where prefixes below it are registered; the same sites when None
    service: str = ""
    grant: bool = False  # first grant it to `organisation` where it is new or waiting
    organisation: Organisation = NOBODY
    administrator: bytes | None = None  # its administrator's public key in PEM; empty removes it, None leaves it as it is


@dataclass(frozen=True, slots=True)
class DelegateRange:
    """Let sites elsewhere answer for the prefixes from `start` to `end`."""

    start: str
    end: str
    sites: tuple[Site, ...]
    ttl_s: int = DEFAULT_TERMS.ttl_s


@dataclass(frozen=True, slots=True)
class WithdrawRange:
    """End the delegation of the range that begins at `start`."""

    start: str


@dataclass(frozen=True, slots=True)
class Host:
    """Let APPLY, APPROVE, REJECT or END happen to the hosting of a granted prefix."""

    prefix: str
    event: HostingEvent
    sites: tuple[Site, ...] = ()
    administrator: bytes | None = None  # as in `Delegate`; on approval


@dataclass(frozen=True, slots=True)
class Home:
    """Make this node answer for a prefix: granted here, or delegated to it by the parent.

    Attributes:
        granted: the record of the prefix as its parent answers it; nobody but an operator homes a prefix without.
        own: the site of this node, one of whose addresses the record must name.
    """

    prefix: str
    granted: tuple[Value, ...] = ()
    own: Site | None = None
    sites: tuple[Site, ...] = ()
    organisation: Organisation = NOBODY
    terms: Terms = DEFAULT_TERMS


@dataclass(frozen=True, slots=True)
class Unhome:
    """Let this node answer for a homed prefix no longer; it must hold no records."""

    prefix: str


@dataclass(frozen=True, slots=True)
class ChangeTerms:
    """Keep a prefix differently from now on; whether its suffixes fold stays as it is once it has records."""

    prefix: str
    terms: NewTerms


@dataclass(frozen=True, slots=True)
class ChangeValues:
    """Change the record of a prefix value by value: keys and administrators its own way, sites by whoever delegates it."""

    prefix: str
    change: acts.AddValues | acts.ModifyValues | acts.RemoveValues


PrefixAct = (
    Apply
    | Resubmit
    | Advance
    | Revoke
    | Transfer
    | Allocate
    | Delegate
    | DelegateRange
    | WithdrawRange
    | Host
    | Home
    | Unhome
    | ChangeTerms
    | ChangeValues
)

TWO_PERSONS = ("revoke", "transfer")  # the acts that need them


@dataclass(frozen=True, slots=True)
class RangeDone:
    """A range as it stands now; None when it is no longer delegated."""

    start: str
    route: RouteEntry | None


PrefixResult = Registered | RangeDone | Awaiting | Refusal | Unknown


def prefix_act(act: acts.Act) -> PrefixAct | Refusal:
    """What an act on a record means when its identifier names a prefix, `0.NA/88.118.8` or `88.118.8`.

    Raises:
        IdentifierError: the identifier is none.
    """
    prefix = parse_identifier(act.identifier).folded_prefix
    match act:
        case acts.Create(values=values, overwrite=False):
            return Allocate(prefix, values)
        case acts.Delete():
            return Revoke(prefix)
        case acts.AddValues() | acts.ModifyValues() | acts.RemoveValues():
            return ChangeValues(prefix, act)
        case _:
            return Refusal(
                ResponseCode.INVALID_VALUE, f"the record of {prefix} is changed value by value: it is not replaced as a whole"
            )


def judge_prefix(
    txn: ReadTxn, act: PrefixAct, caller: Caller, now: int, groups: Groups = NO_GROUPS
) -> Refusal | Unknown | None:
    """Whether a caller may ask for an act at all, without doing it; None when nothing stands in the way."""
    return prefix_rights.judge(txn, _claim(act), caller, groups)


def perform_prefix(txn: WriteTxn, act: PrefixAct, caller: Caller, now: int, *, groups: Groups = NO_GROUPS) -> PrefixResult:
    """Do an act if the caller may, and write its line in the audit trail.

    Args:
        txn: the registry.
        act: what to do.
        caller: who asks.
        now: unix time in seconds.
        groups: of other nodes, as far as they are known.

    Returns:
        The prefix or range as it stands now; `Awaiting` a second person; a refusal; or `Unknown`.
    """
    if (verdict := judge_prefix(txn, act, caller, now, groups)) is not None:
        return verdict
    if isinstance(act, DelegateRange | WithdrawRange):
        return _do_range(txn, act, caller, now)
    prefix = applying.wished(txn, act.prefix) if isinstance(act, Apply | Allocate) else fold(act.prefix)
    before = txn.prefix(prefix)
    done = _do(txn, act, prefix, caller, now)
    if isinstance(done, Registered) and done.changed:
        _audit(txn, act, caller, before, done.entry)
    elif isinstance(done, Awaiting):
        to, reason = done.to and f"to {done.to}; ", _reason(act) or "none"
        audit(txn, caller, f"ask to {done.act}", prefix, note=f"{to}waits for a second person; reason: {reason}")
    return done


def _do(
    txn: WriteTxn, act: PrefixAct, prefix: str, caller: Caller, now: int
) -> Registered | Awaiting | Refusal:
    match act:
        case Apply() | Resubmit():
            return _apply(txn, act, prefix, caller, now)
        case Advance(event=event, reason=reason):
            return life.advance(txn, prefix, event, reason=reason)
        case Revoke() | Transfer():
            return _do_with_consent(txn, act, prefix, caller, now)
        case Allocate(values=values, organisation=organisation, terms=terms):
            return granting.allocate(txn, prefix, values, organisation, terms, now)
        case Delegate():
            return _delegate(txn, act, prefix, now)
        case Host(event=event, sites=sites, administrator=key):
            return delegation.host(txn, prefix, event, now, sites=sites, administrator=key)
        case Home():
            return granting.home(txn, prefix, act.granted, act.sites, act.organisation, act.terms, now)
        case Unhome():
            return delegation.unhome(txn, prefix)
        case ChangeTerms(terms=terms):
            return granting.change_terms(txn, prefix, terms)
        case ChangeValues(change=change):
            return prefix_values.change_values(txn, prefix, change, now)
        case DelegateRange() | WithdrawRange():
            raise AssertionError("ranges are done by _do_range")


def _apply(txn: WriteTxn, act: Apply | Resubmit, prefix: str, caller: Caller, now: int) -> Registered | Refusal:
    if isinstance(act, Resubmit):
        return applying.resubmit(txn, prefix, act.organisation, act.form, now)
    applicant = act.applicant or caller.identity
    bounded = not caller.holds(Role.OPERATOR, prefix)
    return applying.apply(txn, prefix, act.organisation, act.form, act.terms, applicant, now, bounded=bounded)


def _delegate(txn: WriteTxn, act: Delegate, prefix: str, now: int) -> Registered | Refusal:
    if refusal := delegation.refuse_sites(act.sites, act.derived, act.service):
        return refusal
    if refusal := delegation.refuse_administrator(txn, prefix, act.administrator):
        return refusal
    if act.grant and (refusal := granting.grant(txn, prefix, act.organisation, now)) is not None:
        return refusal
    if act.service:
        return delegation.delegate_to_service(txn, prefix, act.service, now, administrator=act.administrator)
    return delegation.delegate(txn, prefix, act.sites, now, derived=act.derived, administrator=act.administrator)


def _do_with_consent(
    txn: WriteTxn, act: Revoke | Transfer, prefix: str, caller: Caller, now: int
) -> Registered | Awaiting | Refusal:
    """What cannot be done is refused before anybody's consent is asked for."""
    terms: tuple[str, ...] = ()
    if isinstance(act, Revoke):
        name = "revoke"
        refused = life.refuse_event(txn, prefix, Event.REVOKE)
    else:
        owner = act.organisation if act.form is None else act.form.organisation
        name, judged = "transfer", judge_organisation(owner)
        refused = granting.refuse_transfer(txn, prefix, owner, act.form)
        if isinstance(judged, Organisation):
            terms = (judged.owner, judged.code, judged.industry)
            if refused is None and (entry := granting.owned(txn, prefix, judged)) is not None:
                return Registered(entry, changed=False)
    if refused is not None:
        return refused
    if act.alone and caller.identity is None and caller.scope is None:
        forget(txn, prefix, name)
    elif (waits := second(txn, caller, name, prefix, terms, now)) is not None:
        return waits
    if isinstance(act, Revoke):
        done = granting.revoke(txn, prefix, act.reason)
    else:
        done = granting.transfer(txn, prefix, act.organisation, act.form, now)
    if isinstance(done, Registered) and done.changed:
        end_access(txn, caller, prefix, now)
    return done


def _do_range(txn: WriteTxn, act: DelegateRange | WithdrawRange, caller: Caller, now: int) -> RangeDone | Refusal:
    if isinstance(act, WithdrawRange):
        if not delegation.withdraw_range(txn, act.start):
            return Refusal(ResponseCode.HANDLE_NOT_FOUND, f"no range begins at {act.start}")
        audit(txn, caller, "withdraw range", fold(act.start))
        return RangeDone(fold(act.start), None)
    route = delegation.delegate_range(txn, act.start, act.end, act.sites, now, ttl_s=act.ttl_s)
    if isinstance(route, Refusal):
        return route
    audit(txn, caller, "delegate range", route.start, after={"end": route.end, "version": route.version})
    return RangeDone(route.start, route)


def _claim(act: PrefixAct) -> prefix_rights.Claim:
    """What an act claims the right to do, and where."""
    match act:
        case DelegateRange(start=start) | WithdrawRange(start=start):
            return prefix_rights.Claim(prefix_rights.Ground.ADD, fold(start))
        case Apply(applicant=applicant):
            ground = prefix_rights.Ground.ADD if applicant is not None else prefix_rights.Ground.ANYBODY
        case Resubmit() | Host(event=HostingEvent.APPLY):
            ground = prefix_rights.Ground.OWNER
        case Advance(event=Event.SUSPEND) | Revoke():
            ground = prefix_rights.Ground.REMOVE
        case Transfer():
            ground = prefix_rights.Ground.ADD_AND_REMOVE
        case Home(granted=granted, own=own):
            return prefix_rights.Claim(prefix_rights.Ground.HOME, fold(act.prefix), granted=granted, own=own)
        case Unhome():
            ground = prefix_rights.Ground.UNHOME
        case ChangeValues(change=change):
            return prefix_rights.Claim(prefix_rights.Ground.VALUES, fold(act.prefix), change=change)
        case _:
            ground = prefix_rights.Ground.ADD
    return prefix_rights.Claim(ground, fold(act.prefix))


def name_of(act: PrefixAct) -> str:
    """The verb by which the audit trail knows an act."""
    match act:
        case Advance(event=event):
            return f"{event.value} prefix"
        case Host(event=HostingEvent.APPLY):
            return "apply for hosting"
        case Host(event=event):
            return f"{event.value} hosting"
        case ChangeValues(change=change):
            return f"{acts.NAMES[type(change)]} of prefix"
        case ChangeTerms():
            return "change terms of prefix"
        case Apply():
            return "apply for prefix"
        case _:
            return f"{type(act).__name__.lower()} prefix"


def _audit(txn: WriteTxn, act: PrefixAct, caller: Caller, before: PrefixEntry | None, after: PrefixEntry) -> None:
    alone = "done alone, in the data directory; " if isinstance(act, Revoke | Transfer) and act.alone else ""
    audit(
        txn,
        caller,
        name_of(act),
        after.prefix,
        before=None if before is None else prefix_summary(before),
        after=prefix_summary(after),
        note=alone + _reason(act),
    )


def _reason(act: PrefixAct) -> str:
    match act:
        case Advance(reason=reason) | Revoke(reason=reason) | Transfer(reason=reason):
            return reason
        case Delegate(administrator=bytes(key)) | Host(administrator=bytes(key)):
            return f"administrator's key {'of SHA-256 ' + sha256(key).hexdigest() if key else 'removed'}"
        case _:
            return ""
