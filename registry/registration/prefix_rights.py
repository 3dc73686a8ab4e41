"""Who may do what with a prefix: its parent's administrators, its own, its applicant, or the node's operators.

Rights are those of HS_ADMIN values and roles, judged by `rights.refuse`; here stands only which record's administrators
an act is a matter of. To grant, delegate, host or resume is to add a derived prefix to the parent; to suspend or revoke
is to remove one. The parent's record must be here: only then is it known who its administrators are, and an operator of
this node is one everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from idis.proto.codes import AdminRight, ResponseCode
from idis.proto.types.site import Site
from idis.proto.value import Value, decode_values
from idis.registry.caller import Action, Caller, Role
from idis.registry.prefix import ROOT_PREFIX
from idis.registry.registration import acts, prefix_values
from idis.registry.registration.application import filed
from idis.registry.registration.checks import Refusal
from idis.registry.registration.values import sites_in
from idis.registry.rights import Groups, Subject, Unknown, admins_in, admins_of, refuse
from idis.registry.store.base import ReadTxn

_BOTH = int(AdminRight.ADD_DERIVED_PREFIX | AdminRight.DELETE_DERIVED_PREFIX)


class Ground(Enum):
    """On which ground an act is allowed."""

    ANYBODY = "anybody with an identity"
    ADD = "who may add derived prefixes to the parent"
    REMOVE = "who may delete derived prefixes of the parent"
    ADD_AND_REMOVE = "who may do both"
    OWNER = "whoever asked for the prefix, its administrators, or the parent's"
    HOME = "an operator; or an administrator of a prefix that its parent delegates to this node"
    UNHOME = "an operator, or an administrator of the prefix"
    MOVE = "an operator, or who may add and delete derived prefixes of the parent"
    VALUES = "the prefix's administrators; the parent's for its sites"
    SEE = "whoever may list the parent's derived prefixes, the prefix's administrators, or whoever asked for it"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a caller claims the right to do: on which ground, with which folded prefix, and the particulars of some acts."""

    ground: Ground
    prefix: str
    granted: tuple[Value, ...] = ()
    own: Site | None = None
    change: acts.AddValues | acts.ModifyValues | acts.RemoveValues | None = None


def judge(txn: ReadTxn, claim: Claim, caller: Caller, groups: Groups) -> Refusal | Unknown | None:
    """What stands in the way of a claim; None when nothing does."""
    prefix = claim.prefix
    if caller.anonymous:
        return Refusal(ResponseCode.AUTHENTICATION_NEEDED, "prefixes are changed by somebody: prove an identity first")
    if not caller.in_scope(Action.PREFIX, prefix):
        return Refusal(
            ResponseCode.INSUFFICIENT_PERMISSIONS,
            f"this token may not be used for '{Action.PREFIX.value}' at {prefix}: make one whose scope allows it",
        )
    judged = _Judge(txn, prefix, caller, groups)
    match claim.ground:
        case Ground.ANYBODY:
            return None
        case Ground.ADD:
            return judged.by_parent(AdminRight.ADD_DERIVED_PREFIX)
        case Ground.REMOVE:
            return judged.by_parent(AdminRight.DELETE_DERIVED_PREFIX)
        case Ground.ADD_AND_REMOVE:
            return judged.by_parent(_BOTH)
        case Ground.OWNER:
            return judged.by_owner(AdminRight.MODIFY_VALUE, AdminRight.ADD_DERIVED_PREFIX)
        case Ground.SEE:
            return judged.by_owner(AdminRight.LIST_HANDLES, AdminRight.LIST_HANDLES)
        case Ground.HOME:
            return judged.by_delegation(claim)
        case Ground.UNHOME:
            return None if judged.operates else judged.by_itself([AdminRight.DELETE_DERIVED_PREFIX])
        case Ground.MOVE:
            return None if judged.operates else judged.by_parent(_BOTH)
        case Ground.VALUES:
            assert claim.change is not None, "a change of values says which"
            return judged.by_values(claim.change)


def parent_of(prefix: str) -> str:
    """The prefix whose administrators decide about a folded prefix."""
    return prefix.rpartition(".")[0] or ROOT_PREFIX


@dataclass(frozen=True, slots=True)
class _Judge:
    txn: ReadTxn
    prefix: str
    caller: Caller
    groups: Groups

    @property
    def operates(self) -> bool:
        """Whether the caller is an operator of this prefix on this node."""
        return self.caller.holds(Role.OPERATOR, self.prefix)

    def by_parent(self, right: int) -> Refusal | Unknown | None:
        """The parent's administrators."""
        parent = parent_of(self.prefix)
        entry = self.txn.prefix(parent)
        admins = () if entry is None else admins_in(entry.values)
        return self._refuse(Subject(parent, admins, is_prefix=True), [int(right)])

    def by_itself(self, alternatives: list[int]) -> Refusal | Unknown | None:
        """The prefix's own administrators."""
        entry = self.txn.prefix(self.prefix)
        admins = () if entry is None else admins_in(entry.values)
        return self._refuse(Subject(self.prefix, admins, is_prefix=True), alternatives)

    def by_owner(self, own_right: int, parents_right: int) -> Refusal | Unknown | None:
        """Whoever asked for it, its administrators, or the parent's."""
        filing = filed(self.txn, self.prefix)
        if filing is not None and filing.applicant is not None and filing.applicant == self.caller.identity:
            return None
        return _either(self.by_parent(parents_right), lambda: self.by_itself([own_right]))

    def by_delegation(self, claim: Claim) -> Refusal | Unknown | None:
        """An operator, whoever holds the parent here; others where the parent says that this node answers."""
        if self.operates:
            return None

        def delegated() -> Refusal | Unknown | None:
            if claim.own is None or not names_site(claim.granted, claim.own):
                return Refusal(
                    ResponseCode.SERVER_NOT_RESPONSIBLE,
                    f"{self.prefix} is not delegated to this node: its parent's administrator delegates it here first, "
                    "or an operator of this node homes it",
                )
            subject = Subject(self.prefix, admins_of(claim.granted), is_prefix=True)
            return self._refuse(subject, [AdminRight.ADD_DERIVED_PREFIX])

        return _either(delegated(), lambda: self.by_parent(AdminRight.ADD_DERIVED_PREFIX))

    def by_values(self, change: acts.AddValues | acts.ModifyValues | acts.RemoveValues) -> Refusal | Unknown | None:
        """The prefix's administrators, with the rights that each value needs; for sites the parent's too."""
        entry = self.txn.prefix(self.prefix)
        if entry is None:
            return self.by_parent(AdminRight.ADD_DERIVED_PREFIX)  # who may grant it learns that it is not there
        by_parent = self.by_parent(AdminRight.ADD_DERIVED_PREFIX)
        held = {value.index: value for value in decode_values(entry.values)}
        if prefix_values.touches_sites(held, change):
            return by_parent
        # Nothing of a prefix is open to all, whatever the permissions of a value say.
        alternatives = list(acts.rights_for(change, held)) or [int(AdminRight.MODIFY_VALUE)]
        return _either(self.by_itself(alternatives), lambda: by_parent)

    def _refuse(self, subject: Subject, alternatives: list[int]) -> Refusal | Unknown | None:
        # The token's scope was compared with the prefix itself; what stands above it is its grantor's.
        caller = self.caller
        unscoped = Caller(caller.origin, caller.identity, caller.roles)
        return refuse(self.txn, unscoped, subject, alternatives, action=Action.PREFIX, groups=self.groups)


def names_site(values: Iterable[Value], own: Site) -> bool:
    """Whether a prefix record names a server of this node's site, by address and port."""
    mine = _ways(own)
    return any(mine & _ways(site) for site in sites_in(values))


def _either(
    verdict: Refusal | Unknown | None, other: Callable[[], Refusal | Unknown | None]
) -> Refusal | Unknown | None:
    """What two grounds come to, of which one suffices; the first one's words when neither does."""
    if verdict is None:
        return None
    second = other()
    match verdict, second:
        case _, None:
            return None
        case Unknown(groups=one), Unknown(groups=two):
            return Unknown((*one, *(group for group in two if group not in one)))
        case Refusal(), Unknown():
            return second
        case _:
            return verdict


def _ways(site: Site) -> set[tuple[str, int]]:
    return {(server.address, interface.port) for server in site.servers for interface in server.interfaces}
