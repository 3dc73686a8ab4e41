"""Who answers for a prefix: this node, this node in the place of an enterprise, or sites elsewhere (`domain.md` §3, §4).

*Home* makes this node answer for a prefix and register the prefixes below it. *Host* makes it answer for an enterprise
that has no servers; the national states of hosting and the events between them are a table. *Delegate* names the sites
that answer elsewhere, for one prefix or for a range of numbers. A prefix that still has records here is not given away:
nobody would find them any more.

Everybody asks the parent for the record of a prefix. So whoever is given one, delegated or hosted, hands in the public key
of its administrator, which the parent puts into that record: by it other nodes know him. It stays when sites change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum

from idis.proto.codes import ResponseCode
from idis.proto.identifier import fold
from idis.proto.types.site import Site
from idis.proto.value import Value, decode_values, encode_values
from idis.registry.prefix import Hosting, PrefixEntry, PrefixState, RouteEntry
from idis.registry.registration.checks import (
    STATE_WORDS,
    Organisation,
    Refusal,
    judge_organisation,
    refuse_name,
    refuse_parent,
    unknown,
)
from idis.registry.registration.life import DEFAULT_TERMS, Registered, Terms, granted_below, new_entry, write
from idis.registry.registration.value_checks import refuse_read_only, refuse_values
from idis.registry.registration.values import (
    ADMIN_KEY_INDEX,
    ADMIN_KEY_TYPE,
    SITES_MAX,
    same_sites,
    service_values,
    site_values,
    with_administrator_key,
    with_sites,
)
from idis.registry.store.base import ReadTxn, WriteTxn

KEY_BYTES_MAX = 4_096  # the longest key that is accepted takes half of it in PEM form


class HostingEvent(Enum):
    """What happens to the hosting of a prefix; the value is the verb."""

    APPLY = "apply"
    APPROVE = "approve"
    REJECT = "reject"
    END = "end"


HOSTING_TRANSITIONS: dict[tuple[Hosting, HostingEvent], Hosting] = {
    (Hosting.NOT_HOSTED, HostingEvent.APPLY): Hosting.APPLIED,
    (Hosting.REJECTED, HostingEvent.APPLY): Hosting.APPLIED,
    (Hosting.APPLIED, HostingEvent.APPROVE): Hosting.HOSTED,
    (Hosting.APPLIED, HostingEvent.REJECT): Hosting.REJECTED,
    (Hosting.HOSTED, HostingEvent.END): Hosting.NOT_HOSTED,
}

HOSTING_WORDS = {
    Hosting.NOT_HOSTED: "not hosted 未托管",
    Hosting.APPLIED: "hosting applied for 托管申请中",
    Hosting.REJECTED: "hosting rejected 托管被驳回",
    Hosting.HOSTED: "hosted 已托管",
}


def delegate(
    txn: WriteTxn,
    prefix: str,
    sites: Sequence[Site],
    now: int,
    *,
    derived: Sequence[Site] | None = None,
    administrator: bytes | None = None,
) -> Registered | Refusal:
    """Let sites elsewhere answer for a granted prefix.

    Args:
        txn: the registry.
        prefix: the prefix to give away.
        sites: where its identifiers are answered.
        now: unix time.
        derived: where the prefixes derived from it are registered; the same sites when None.
        administrator: the public key of its administrator, empty to remove it; None leaves it as it is.
    """
    if refusal := refuse_sites(sites, derived):
        return refusal
    beneath = sites if derived is None else derived
    entry = _granted(txn, prefix)
    if isinstance(entry, Refusal):
        return entry
    return _give_away(txn, entry, site_values(sites, beneath, now, ttl_s=entry.ttl_s), administrator, now)


def refuse_sites(sites: Sequence[Site], derived: Sequence[Site] | None = None, service: str = "") -> Refusal | None:
    """What forbids delegating to these sites, or to the sites of a service handle instead."""
    if service:
        if sites or derived:
            return Refusal(ResponseCode.INVALID_VALUE, "a prefix is delegated to sites, or to a service handle, not to both")
        return None
    if not 1 <= len(sites) <= SITES_MAX or len(derived or ()) > SITES_MAX:
        return Refusal(ResponseCode.INVALID_VALUE, f"a prefix is delegated to 1 to {SITES_MAX} sites")
    return None


def refuse_administrator(txn: ReadTxn, prefix: str, administrator: bytes | None) -> Refusal | None:
    """What forbids putting a public key into the record of a prefix, or removing the one that is there."""
    if administrator is None:
        return None
    entry = txn.prefix(fold(prefix))
    held = () if entry is None else decode_values(entry.values)
    there = next((value for value in held if value.index == ADMIN_KEY_INDEX), None)
    if there is not None and there.type.upper() != ADMIN_KEY_TYPE:
        return Refusal(
            ResponseCode.VALUE_ALREADY_EXISTS,
            f"value {ADMIN_KEY_INDEX} of {prefix} is no public key but {there.type}: remove it first, as a value of its record",
        )
    if there is not None and there.data != administrator and (refusal := refuse_read_only([there])):
        return refusal
    if not administrator:
        return None
    return refuse_values([Value(ADMIN_KEY_INDEX, ADMIN_KEY_TYPE, administrator)], KEY_BYTES_MAX)


def delegate_to_service(
    txn: WriteTxn, prefix: str, service: str, now: int, *, administrator: bytes | None = None
) -> Registered | Refusal:
    """Let the sites of a service handle (HS_SERV) answer for a granted prefix; `administrator` as in `delegate`."""
    entry = _granted(txn, prefix)
    if isinstance(entry, Refusal):
        return entry
    return _give_away(txn, entry, service_values(service, now, ttl_s=entry.ttl_s), administrator, now)


def delegate_range(
    txn: WriteTxn, start: str, end: str, sites: Sequence[Site], now: int, *, ttl_s: int = DEFAULT_TERMS.ttl_s
) -> RouteEntry | Refusal:
    """Let sites elsewhere answer for a range of numbers, `88.101.1000` to `88.101.1999`.

    Raises:
        StoreError: it overlaps another range.
    """
    if not 1 <= len(sites) <= SITES_MAX:
        return Refusal(ResponseCode.INVALID_VALUE, f"a range is delegated to 1 to {SITES_MAX} sites")
    first, last = fold(start), fold(end)
    parent, _, low = first.rpartition(".")
    other, _, high = last.rpartition(".")
    if parent != other or len(low) != len(high) or not (low + high).isdecimal() or low > high:
        return Refusal(
            ResponseCode.INVALID_VALUE,
            f"{start} to {end} is no range: both ends are numbers of equal length below one prefix, the lower one first",
        )
    if refusal := refuse_name(first) or refuse_name(last) or refuse_parent(txn, parent):
        return refusal
    values = encode_values(site_values(sites, sites, now, ttl_s=ttl_s))
    route = RouteEntry(start=first, end=last, values=values, ttl_s=ttl_s)
    return replace(route, version=txn.put_route(route))


def withdraw_range(txn: WriteTxn, start: str) -> bool:
    """End the delegation of the range that begins at `start`; False when there is none."""
    return txn.delete_route(fold(start))


def home(
    txn: WriteTxn,
    prefix: str,
    now: int,
    *,
    sites: Sequence[Site] = (),
    organisation: Organisation | None = None,
    terms: Terms = DEFAULT_TERMS,
) -> Registered | Refusal:
    """Make this node answer for a prefix that was granted here, or was delegated to it from above.

    Args:
        txn: the registry.
        prefix: the prefix to answer for.
        now: unix time.
        sites: the sites to name; without them the node shows its own whenever it is asked.
        organisation: who owns the prefix, when it is new here.
        terms: how it is kept, when it is new here.
    """
    folded = fold(prefix)
    if refusal := _refuse_home(folded, sites):
        return refusal
    entry = txn.prefix(folded)
    if entry is None:
        owner = judge_organisation(organisation or Organisation())
        if isinstance(owner, Refusal):
            return owner
        entry = new_entry(folded, PrefixState.ACTIVE, owner, terms, now)
    elif entry.state is not PrefixState.ACTIVE:
        return _refuse_inactive(entry, "be homed")
    homed = replace(entry, homed=True, hosting=Hosting.NOT_HOSTED)
    return write(txn, _with_sites(homed, site_values(sites, sites, now, ttl_s=entry.ttl_s)))


def unhome(txn: WriteTxn, prefix: str) -> Registered | Refusal:
    """Let this node answer for a homed prefix no longer: it must hold no records, and nothing granted below it.

    The entry stays with its sites, so that those who still come are sent on. Not homed already is no refusal.
    """
    entry = txn.prefix(fold(prefix))
    if entry is None:
        return unknown(txn, prefix)
    if not entry.homed:
        return Registered(entry, changed=False)
    if refusal := _refuse_records(txn, entry):
        return refusal
    if (below := granted_below(txn, entry.prefix)) is not None:
        return Refusal(ResponseCode.ERROR, f"{below.prefix} is registered below {entry.prefix} here: nobody would find it then")
    return write(txn, replace(entry, homed=False))


def host(
    txn: WriteTxn,
    prefix: str,
    event: HostingEvent,
    now: int,
    *,
    sites: Sequence[Site] = (),
    administrator: bytes | None = None,
) -> Registered | Refusal:
    """Let an event happen to the hosting of a granted prefix; one that has already happened changes nothing.

    Args:
        txn: the registry.
        prefix: whose hosting.
        event: ask for it, approve, reject, or end it.
        now: unix time.
        sites: the sites to name on approval; without them the node shows its own whenever it is asked.
        administrator: as in `delegate`; on approval, or when that has happened.
    """
    if administrator is not None and event is not HostingEvent.APPROVE:
        return Refusal(ResponseCode.INVALID_VALUE, "the administrator's key is taken in when hosting is approved, and not before")
    entry = _granted(txn, prefix)
    if isinstance(entry, Refusal):
        return entry
    if refusal := refuse_administrator(txn, prefix, administrator):
        return refusal
    if entry.homed:
        return Refusal(ResponseCode.ERROR, f"{entry.prefix} is homed here, so it needs no hosting")
    target = HOSTING_TRANSITIONS.get((entry.hosting, event))
    if target is None:
        if entry.hosting in (state for (_, known), state in HOSTING_TRANSITIONS.items() if known is event):
            return write(txn, _with_administrator(entry, administrator, now))
        return Refusal(ResponseCode.ERROR, f"{entry.prefix} is {HOSTING_WORDS[entry.hosting]}: there is nothing to {event.value}")
    if event is HostingEvent.END and (refusal := _refuse_records(txn, entry)):
        return refusal
    moved = replace(entry, hosting=target)
    if event is HostingEvent.APPROVE:
        moved = _with_sites(moved, site_values(sites, sites, now, ttl_s=entry.ttl_s))
    return write(txn, _with_administrator(moved, administrator, now))


def _give_away(
    txn: WriteTxn, entry: PrefixEntry, values: list[Value], administrator: bytes | None, now: int
) -> Registered | Refusal:
    if refusal := refuse_administrator(txn, entry.prefix, administrator):
        return refusal
    if entry.answers_here and (refusal := _refuse_records(txn, entry)):
        return refusal
    given = _with_sites(replace(entry, homed=False, hosting=Hosting.NOT_HOSTED), values)
    return write(txn, _with_administrator(given, administrator, now))


def _with_administrator(entry: PrefixEntry, key: bytes | None, now: int) -> PrefixEntry:
    if key is None:
        return entry
    return replace(entry, values=with_administrator_key(entry.values, key, now, ttl_s=entry.ttl_s))


def _with_sites(entry: PrefixEntry, values: list[Value]) -> PrefixEntry:
    return entry if same_sites(entry.values, values) else replace(entry, values=with_sites(entry.values, values))


def _granted(txn: WriteTxn, prefix: str) -> PrefixEntry | Refusal:
    entry = txn.prefix(fold(prefix))
    if entry is None:
        return unknown(txn, prefix)
    return entry if entry.state is PrefixState.ACTIVE else _refuse_inactive(entry, "be answered by anybody")


def _refuse_inactive(entry: PrefixEntry, verb: str) -> Refusal:
    return Refusal(ResponseCode.ERROR, f"{entry.prefix} is {STATE_WORDS[entry.state]} and cannot {verb} before it is active")


def _refuse_home(prefix: str, sites: Sequence[Site]) -> Refusal | None:
    if len(sites) > SITES_MAX:
        return Refusal(ResponseCode.INVALID_VALUE, f"a prefix names at most {SITES_MAX} sites")
    return refuse_name(prefix)


def _refuse_records(txn: WriteTxn, entry: PrefixEntry) -> Refusal | None:
    held = txn.stat(entry.prefix).records
    if held == 0:
        return None
    return Refusal(
        ResponseCode.ERROR,
        f"{entry.prefix} holds {held} record{'' if held == 1 else 's'} here that nobody would find then: export and delete first",
    )
