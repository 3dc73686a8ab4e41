"""Who may administer what: roles on this node, HS_ADMIN values, and the groups they name (`wire.md` §4.2, `trust.md` §5).

The order is fixed: the token's scope, then the roles the caller holds, then the rights that HS_ADMIN values give to the
identity, directly or through HS_VLIST groups. A group may live on another node. Nothing here waits for the network: a
decision that hangs on such a group comes back as `Unknown`, whoever asked fetches the groups and asks again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from idis.proto.codes import ALL_ADMIN_RIGHTS, AdminRight, ResponseCode
from idis.proto.errors import IdentifierError, ProtocolError
from idis.proto.identifier import parse_identifier
from idis.proto.types.admin import Admin, decode_admin
from idis.proto.types.vlist import decode_vlist
from idis.proto.value import Value, decode_values
from idis.registry.caller import Action, Caller, Role
from idis.registry.identity import Identity, identity_of
from idis.registry.prefix import PrefixState
from idis.registry.record import MARK_OFF, StoredRecord, unmarked
from idis.registry.registration.checks import Refusal
from idis.registry.store.base import ReadTxn
from idis.registry.store.keys import record_key

GROUP_DEPTH_MAX = 4  # groups inside groups
GROUP_MEMBERS_MAX = 64  # keys and groups looked at for one decision: whoever asks waits

PREFIXES_KNOWN = 64  # whose administrators are remembered; a record has a quarter of a mebioctet at most

HS_ADMIN = "HS_ADMIN"
HS_VLIST = "HS_VLIST"

_ALL = int(ALL_ADMIN_RIGHTS)
_APPLICATION = int(
    AdminRight.ADD_HANDLE
    | AdminRight.DELETE_HANDLE
    | AdminRight.ADD_VALUE
    | AdminRight.MODIFY_VALUE
    | AdminRight.REMOVE_VALUE
    | AdminRight.READ_VALUE
    | AdminRight.LIST_HANDLES
)

# What a role may do with the records below the prefix it is held for, and with the record of the prefix itself.
ROLE_RIGHTS: dict[Role, tuple[int, int]] = {
    Role.OPERATOR: (_ALL, _ALL),
    Role.ADMINISTRATOR: (_ALL, _ALL),
    Role.APPLICATION: (_APPLICATION, int(AdminRight.ADD_HANDLE | AdminRight.LIST_HANDLES)),
    Role.AUDITOR: (int(AdminRight.READ_VALUE | AdminRight.LIST_HANDLES), int(AdminRight.READ_VALUE | AdminRight.LIST_HANDLES)),
}

# Groups kept by other nodes, as far as they were fetched: their members, or None for one that could not be had.
Groups = Mapping[Identity, Sequence[Identity] | None]
NO_GROUPS: Groups = {}


@dataclass(frozen=True, slots=True)
class Unknown:
    """The decision hangs on these groups, which other nodes keep."""

    groups: tuple[Identity, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """What is to be administered: a record below a folded prefix, or the record of the prefix itself, and its HS_ADMIN values.

    `guarded`: it concerns administrators, groups, keys or readers' lists, which no application may change.
    """

    prefix: str
    admins: tuple[Admin, ...]
    is_prefix: bool = False
    guarded: bool = False


def admins_of(values: Iterable[Value]) -> tuple[Admin, ...]:
    """The administrators among values; one that cannot be read gives nobody a right."""
    admins = []
    for value in values:
        if value.type.upper() == HS_ADMIN:
            try:
                admins.append(decode_admin(value.data))
            except ProtocolError:
                continue
    return tuple(admins)


@lru_cache(maxsize=PREFIXES_KNOWN)
def admins_in(values: bytes) -> tuple[Admin, ...]:
    """The administrators in a counted array of values: those of a prefix's record, which every write below it asks for."""
    return admins_of(decode_values(values))


def refuse(
    txn: ReadTxn,
    caller: Caller,
    subject: Subject,
    alternatives: Sequence[int],
    *,
    action: Action = Action.REGISTER,
    groups: Groups = NO_GROUPS,
) -> Refusal | Unknown | None:
    """What forbids a caller to administer; None when nothing does.

    Args:
        txn: where local groups are looked up.
        caller: who asks.
        subject: what is to be administered.
        alternatives: sets of AdminRight bits; all bits of one of them must be held.
        action: what a token must allow.
        groups: of other nodes, as far as they are known.

    Returns:
        None; `Unknown`; or a refusal: AUTHENTICATION_NEEDED to nobody in particular, INSUFFICIENT_PERMISSIONS to an
        administrator without these rights, INVALID_ADMIN to an identity that is no administrator here.
    """
    if caller.anonymous:
        return Refusal(ResponseCode.AUTHENTICATION_NEEDED, "this needs an administrator: prove an identity that is one")
    if not caller.in_scope(action, subject.prefix):
        return Refusal(
            ResponseCode.INSUFFICIENT_PERMISSIONS,
            f"this token may not be used for '{action.value}' below {subject.prefix}: make one whose scope allows it",
        )
    by_role, unguarded = 0, 0
    for role, rights in ROLE_RIGHTS.items():
        if caller.holds(role, subject.prefix):
            unguarded |= rights[subject.is_prefix]
            by_role |= 0 if subject.guarded and role is Role.APPLICATION else rights[subject.is_prefix]
    if _suffices(by_role, alternatives):
        return None
    held = _held(txn, caller.identity, subject.admins, groups)
    if _suffices(by_role | held.rights, alternatives):
        return None
    if held.unknown:
        return Unknown(held.unknown)
    if _suffices(unguarded | held.rights, alternatives):
        return Refusal(
            ResponseCode.INSUFFICIENT_PERMISSIONS,
            f"{caller.name} is an application, which changes no keys, groups, administrators or readers' lists: "
            "leave them out, or have an administrator do it",
        )
    if unguarded or held.listed:
        words = " or ".join(_words(alternative) for alternative in alternatives)
        return Refusal(
            ResponseCode.INSUFFICIENT_PERMISSIONS,
            f"{caller.name} lacks the right {words} here: an HS_ADMIN value or a role must give it",
        )
    return Refusal(
        ResponseCode.INVALID_ADMIN,
        f"{caller.name} is no administrator of this: an HS_ADMIN value must name it, or a role be granted to it",
    )


def is_named(txn: ReadTxn, identity: Identity, names: Iterable[Identity], groups: Groups = NO_GROUPS) -> bool | Unknown:
    """Whether keys and groups name an identity, directly or as a member; arguments and bounds as for `refuse`."""
    unknown: dict[Identity, None] = {}
    walk = _Walk(txn, identity, groups, unknown)
    if any(walk.includes(named) for named in names):
        return True
    return Unknown(tuple(unknown)) if unknown else False


def members_of(txn: ReadTxn, group: Identity) -> tuple[Identity, ...] | None:
    """The members of a group that this node holds; empty when the value is no group, None when the node does not hold it."""
    values = held_values(txn, group.identifier)
    if values is None:
        return None
    members: list[Identity] = []
    for value in values:
        if value.type.upper() == HS_VLIST and group.index in (0, value.index):
            members += read_members(value.data)
    return tuple(members)


def read_members(octets: bytes) -> tuple[Identity, ...]:
    """The members an HS_VLIST value names; those that are no identities are passed over."""
    members: list[Identity] = []
    try:
        references = decode_vlist(octets)
    except ProtocolError:
        return ()
    for reference in references:
        try:
            members.append(identity_of(reference.index, reference.handle))
        except IdentifierError:
            continue
    return tuple(members)


def held_values(txn: ReadTxn, identifier: str) -> tuple[Value, ...] | None:
    """All values of a record or prefix that this node is responsible for, restricted ones included; () when there is none.

    None when another node is responsible.
    """
    parsed = parse_identifier(identifier)
    entry = txn.prefix(parsed.folded_prefix)
    if entry is None or entry.state is not PrefixState.ACTIVE:
        return None
    if parsed.suffix is None:
        return tuple(decode_values(entry.values))
    if not entry.answers_here:
        return None
    record = txn.record(record_key(entry.prefix, parsed.suffix, entry.fold_suffix))
    if record is None or not record.live:
        return ()
    return enabled_values(record)


def enabled_values(record: StoredRecord) -> tuple[Value, ...]:
    """All values of a record but those that are disabled: a key, group or administrator switched off gives no rights."""
    if not record.withholds:
        return decode_values(record.public)
    kept = (unmarked(value) for value in decode_values(record.restricted) if not value.permissions & MARK_OFF)
    return (*decode_values(record.public), *kept)


@dataclass(slots=True)
class _Held:
    """What HS_ADMIN values give to one identity; `listed` tells whether any names it at all."""

    rights: int = 0
    listed: bool = False
    unknown: tuple[Identity, ...] = ()


def _held(txn: ReadTxn, identity: Identity | None, admins: Sequence[Admin], groups: Groups) -> _Held:
    held = _Held()
    if identity is None:
        return held
    unknown: dict[Identity, None] = {}
    walk = _Walk(txn, identity, groups, unknown)
    for admin in admins:
        try:
            named = identity_of(admin.index, admin.handle)
        except IdentifierError:
            continue
        if walk.includes(named):
            held.rights |= admin.rights
            held.listed = True
    held.unknown = tuple(unknown)
    return held


class _Walk:
    """Looks for one identity in groups; every group is looked at once, at most GROUP_MEMBERS_MAX of them."""

    def __init__(self, txn: ReadTxn, identity: Identity, groups: Groups, unknown: dict[Identity, None]) -> None:
        self._txn = txn
        self._identity = identity
        self._groups = groups
        self._unknown = unknown
        self._found: dict[Identity, bool] = {}

    def includes(self, named: Identity, depth: int = 0) -> bool:
        """Whether a key or group is, or holds, the identity."""
        mine = self._identity
        if named.identifier == mine.identifier and named.index in (0, mine.index):
            return True
        if named in self._found:
            return self._found[named]
        if depth > GROUP_DEPTH_MAX or len(self._found) >= GROUP_MEMBERS_MAX:
            return False
        self._found[named] = False  # a group inside itself adds nobody
        found = any(self.includes(member, depth + 1) for member in self._members(named))
        self._found[named] = found
        return found

    def _members(self, named: Identity) -> Sequence[Identity]:
        local = members_of(self._txn, named)
        if local is not None:
            return local
        if named not in self._groups:
            self._unknown[named] = None
            return ()
        return self._groups[named] or ()


def _suffices(rights: int, alternatives: Sequence[int]) -> bool:
    return any(rights & alternative == alternative for alternative in alternatives)


def _words(rights: int) -> str:
    return " and ".join(right.name or "" for right in AdminRight if rights & right)
