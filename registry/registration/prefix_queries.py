"""What callers may see of prefixes beyond what anybody resolves: the list, one prefix with its application, what waits."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from idis.proto.codes import AdminRight
from idis.proto.identifier import fold
from idis.registry.caller import Action, Caller, Role
from idis.registry.prefix import ROOT_PREFIX, PrefixEntry, PrefixState, RouteEntry
from idis.registry.registration.application import Filed, filed
from idis.registry.registration.checks import PAGE_ENTRIES, Refusal, unknown
from idis.registry.registration.consent import Awaiting, awaited
from idis.registry.registration.prefix_acts import TWO_PERSONS
from idis.registry.registration.prefix_rights import Claim, Ground, judge
from idis.registry.rights import NO_GROUPS, Groups, Subject, Unknown, admins_in, refuse
from idis.registry.store.base import ReadTxn

LIST_MAX = PAGE_ENTRIES  # entries looked at for one page, whether they are shown or not


@dataclass(frozen=True, slots=True)
class PrefixView:
    """A prefix as its administrators see it."""

    entry: PrefixEntry
    records: int
    filing: Filed | None
    awaiting: tuple[Awaiting, ...]


@dataclass(frozen=True, slots=True)
class PrefixPage:
    """Some prefixes in key order; `after` continues the list, and is empty at its end."""

    entries: tuple[PrefixEntry, ...]
    after: str


@dataclass(frozen=True, slots=True)
class RangePage:
    """Some ranges in the order of the store; `after` continues the list, and is empty at its end."""

    ranges: tuple[RouteEntry, ...]
    after: str


def show_prefix(
    txn: ReadTxn, caller: Caller, prefix: str, now: int, groups: Groups = NO_GROUPS
) -> PrefixView | Refusal | Unknown:
    """One prefix with the application for it and what waits for a second person."""
    folded = fold(prefix)
    # An auditor reads everything administrative, and needs no right for it.
    if not _reads_all(caller, folded) and (verdict := judge(txn, Claim(Ground.SEE, folded), caller, groups)) is not None:
        return verdict
    entry = txn.prefix(folded)
    if entry is None:
        return unknown(txn, prefix)
    return PrefixView(entry, txn.stat(folded).records, filed(txn, folded), awaited(txn, folded, TWO_PERSONS, now))


def list_prefixes(
    txn: ReadTxn,
    caller: Caller,
    below: str = "",
    states: Collection[PrefixState] = (),
    after: str = "",
    limit: int = LIST_MAX,
    groups: Groups = NO_GROUPS,
) -> PrefixPage | Refusal | Unknown:
    """Prefixes strictly below one (all for ""), in some states (all for none), strictly after one."""
    folded = fold(below)
    if (verdict := _refuse_list(txn, caller, folded, groups)) is not None:
        return verdict
    head = f"{folded}." if folded else ""
    page = txn.prefixes(max(after, head) or None, LIST_MAX)
    shown: list[PrefixEntry] = []
    last = ""
    for entry in page:
        if not entry.prefix.startswith(head):
            return PrefixPage(tuple(shown), "")
        if not states or entry.state in states:
            shown.append(entry)
        last = entry.prefix
        if len(shown) >= limit:
            return PrefixPage(tuple(shown), last)
    return PrefixPage(tuple(shown), last if len(page) == LIST_MAX else "")


def list_ranges(
    txn: ReadTxn, caller: Caller, below: str = "", after: str = "", limit: int = LIST_MAX, groups: Groups = NO_GROUPS
) -> RangePage | Refusal | Unknown:
    """Ranges whose first prefix lies below one (all for ""), in the order of the store, strictly after a start."""
    folded = fold(below)
    if (verdict := _refuse_list(txn, caller, folded, groups)) is not None:
        return verdict
    head = f"{folded}." if folded else ""
    page = txn.routes(after or head or None, limit)
    shown = tuple(route for route in page if route.start.startswith(head))
    return RangePage(shown, page[-1].start if len(page) == limit else "")


def _refuse_list(txn: ReadTxn, caller: Caller, below: str, groups: Groups) -> Refusal | Unknown | None:
    if _reads_all(caller, below):
        return None
    parent = below or ROOT_PREFIX
    entry = txn.prefix(parent)
    admins = () if entry is None else admins_in(entry.values)
    subject = Subject(parent, admins, is_prefix=True)
    return refuse(txn, caller, subject, [AdminRight.LIST_HANDLES], action=Action.PREFIX, groups=groups)


def _reads_all(caller: Caller, prefix: str) -> bool:
    reads = caller.holds(Role.AUDITOR, prefix) or caller.holds(Role.OPERATOR, prefix)
    return reads and caller.in_scope(Action.PREFIX, prefix)
