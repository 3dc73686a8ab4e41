"""Acts on records: what a caller asks to be done, judged, done and audited in one transaction.

Every face of the node (the wire, REST, batches) says what it was asked as one of these acts and hands it to `perform`,
so that there is one place where rights are checked before a record changes, and one line in the audit trail for it.
A decision may hang on groups that other nodes keep; `perform` then changes nothing and says which (`rights.Unknown`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from idis.proto.codes import AdminRight, Permission, ResponseCode
from idis.proto.value import Value, decode_values
from idis.registry.audit.line import audit, record_summary
from idis.registry.caller import Caller
from idis.registry.record import Alias, StoredRecord
from idis.registry.registration import records
from idis.registry.registration.checks import Refusal
from idis.registry.registration.place import Place, find_place
from idis.registry.rights import HS_ADMIN, NO_GROUPS, Groups, Subject, Unknown, admins_of, refuse
from idis.registry.store.base import ReadTxn, WriteTxn

_PUBLIC_WRITE = int(Permission.PUBLIC_WRITE)


@dataclass(frozen=True, slots=True)
class Create:
    """Register a record; `overwrite` puts it in the place of one that exists."""

    identifier: str
    values: tuple[Value, ...]
    overwrite: bool = False
    aliases: tuple[Alias, ...] | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete a record."""

    identifier: str


@dataclass(frozen=True, slots=True)
class AddValues:
    """Add values at free indexes; `overwrite` also changes those that are taken."""

    identifier: str
    values: tuple[Value, ...]
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class ModifyValues:
    """Change values whose indexes exist."""

    identifier: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class RemoveValues:
    """Remove the values at these indexes."""

    identifier: str
    indexes: tuple[int, ...]


Act = Create | Delete | AddValues | ModifyValues | RemoveValues

NAMES: dict[type[Act], str] = {
    Create: "create",
    Delete: "delete",
    AddValues: "add values",
    ModifyValues: "modify values",
    RemoveValues: "remove values",
}


@dataclass(frozen=True, slots=True)
class Done:
    """The record as it stands now. `overwritten`: something else stood there before."""

    identifier: str
    version: int
    changed: bool = True
    overwritten: bool = False


Result = Done | Refusal | Unknown


def judge(txn: ReadTxn, act: Act, caller: Caller, groups: Groups = NO_GROUPS) -> Refusal | Unknown | None:
    """What forbids an act, without doing it; None when nothing does.

    Raises:
        IdentifierError: the identifier is none.
    """
    place = find_place(txn, act.identifier)
    return place if isinstance(place, Refusal) else _judge(txn, act, place, caller, groups)


def perform(
    txn: WriteTxn, act: Act, caller: Caller, now: int, *, groups: Groups = NO_GROUPS, audited: bool = True
) -> Result:
    """Do an act if the caller may, and write its line in the audit trail.

    Args:
        txn: the registry.
        act: what to do.
        caller: who asks.
        now: unix time in seconds.
        groups: of other nodes, as far as they are known.
        audited: whether it gets a line of its own; an act of a batch is told of with the others.

    Raises:
        IdentifierError: the identifier is none.
    """
    place = find_place(txn, act.identifier)
    if isinstance(place, Refusal):
        return place
    if (verdict := _judge(txn, act, place, caller, groups)) is not None:
        return verdict
    recorded = _do(txn, act, now)
    if isinstance(recorded, Refusal):
        return recorded
    if recorded.changed and audited:
        before = None if place.stored is None else record_summary(place.stored)
        after = _after(txn, place.key)
        audit(txn, caller, NAMES[type(act)], recorded.identifier, before=before, after=after)
    overwritten = place.stored is not None and recorded.changed
    return Done(recorded.identifier, recorded.version, recorded.changed, overwritten)


def _after(txn: ReadTxn, key: bytes) -> Mapping[str, object] | None:
    stored: StoredRecord | None = txn.record(key)
    return record_summary(stored) if stored is not None and stored.live else None


def _judge(txn: ReadTxn, act: Act, place: Place, caller: Caller, groups: Groups) -> Refusal | Unknown | None:
    prefix = place.entry.prefix
    if place.stored is None:
        if not isinstance(act, Create):
            return Refusal(ResponseCode.HANDLE_NOT_FOUND, f"{act.identifier} is not registered")
        owners = Subject(prefix, admins_of(decode_values(place.entry.values)), is_prefix=True)
        return refuse(txn, caller, owners, [AdminRight.ADD_HANDLE], groups=groups)
    if isinstance(act, Create) and not act.overwrite:
        # Whoever may register here learns that the name is taken; nobody else learns anything.
        owners = Subject(prefix, admins_of(decode_values(place.entry.values)), is_prefix=True)
        return refuse(txn, caller, owners, [AdminRight.ADD_HANDLE], groups=groups)
    held = {value.index: value for value in place.values}
    alternatives = rights_for(act, held)
    if not alternatives:
        return None
    admins = admins_of(held.values())
    if not admins:
        # A record without administrators of its own is its prefix's.
        admins = admins_of(decode_values(place.entry.values))
    return refuse(txn, caller, Subject(prefix, admins), alternatives, groups=groups)


def rights_for(act: Act, held: Mapping[int, Value]) -> list[int]:
    """The sets of rights of which one lets an act change an existing record; none when everybody may.

    Args:
        act: what is to be done.
        held: the values that are there, by index.
    """
    match act:
        case Delete():
            return [AdminRight.DELETE_HANDLE]
        case AddValues(values=values, overwrite=overwrite):
            needed = 0
            for value in values:
                present = held.get(value.index) if overwrite else None
                needed |= _right_to_add(value) if present is None else _right_to_modify(present, value)
            return [needed or AdminRight.ADD_VALUE]
        case ModifyValues(values=values):
            needed = 0
            for value in values:
                present = held.get(value.index, value)
                if not _open_to_all(present, value):
                    needed |= _right_to_modify(present, value)
            return [needed] if needed or not values else []
        case RemoveValues(indexes=indexes):
            removed = [held[index] for index in indexes if index in held]
            return [_all(_right_to_remove(value) for value in removed) or AdminRight.REMOVE_VALUE]
        case Create(values=values):
            return [_all(_rights_to_replace(held, values)), AdminRight.ADD_ADMIN, AdminRight.DELETE_HANDLE]


def _rights_to_replace(held: Mapping[int, Value], values: Iterable[Value]) -> Iterable[int]:
    wanted = {value.index: value for value in values}
    for index, value in wanted.items():
        present = held.get(index)
        if present is None:
            yield _right_to_add(value)
        elif (present.type, present.data, present.ttl, present.permissions) != (
            value.type,
            value.data,
            value.ttl,
            value.permissions,
        ):
            yield _right_to_modify(present, value)
    for index, value in held.items():
        if index not in wanted:
            yield _right_to_remove(value)


def _right_to_add(value: Value) -> int:
    return int(AdminRight.ADD_ADMIN if _is_admin(value) else AdminRight.ADD_VALUE)


def _right_to_remove(value: Value) -> int:
    return int(AdminRight.REMOVE_ADMIN if _is_admin(value) else AdminRight.REMOVE_VALUE)


def _right_to_modify(before: Value, after: Value) -> int:
    match _is_admin(before), _is_admin(after):
        case True, True:
            return int(AdminRight.MODIFY_ADMIN)
        case True, False:
            return int(AdminRight.REMOVE_ADMIN | AdminRight.MODIFY_VALUE)
        case False, True:
            return int(AdminRight.MODIFY_VALUE | AdminRight.ADD_ADMIN)
        case _:
            return int(AdminRight.MODIFY_VALUE)


def _open_to_all(before: Value, after: Value) -> bool:
    """Whether everybody may write a value; never one that gives rights, and never its own permissions."""
    opened = before.permissions & _PUBLIC_WRITE and before.permissions == after.permissions
    return bool(opened) and not _is_admin(before) and not _is_admin(after)


def _is_admin(value: Value) -> bool:
    return value.type.upper() == HS_ADMIN


def _all(rights: Iterable[int]) -> int:
    together = 0
    for right in rights:
        together |= right
    return together


def _do(txn: WriteTxn, act: Act, now: int) -> records.Recorded | Refusal:
    match act:
        case Create(identifier=identifier, values=values, overwrite=True, aliases=aliases):
            return records.replace_record(txn, identifier, values, now, aliases=aliases)
        case Create(identifier=identifier, values=values, aliases=aliases):
            return records.create_record(txn, identifier, values, now, aliases=aliases or ())
        case Delete(identifier=identifier):
            return records.delete_record(txn, identifier)
        case AddValues(identifier=identifier, values=values, overwrite=True):
            return records.put_values(txn, identifier, values, now)
        case AddValues(identifier=identifier, values=values):
            return records.add_values(txn, identifier, values, now)
        case ModifyValues(identifier=identifier, values=values):
            return records.modify_values(txn, identifier, values, now)
        case RemoveValues(identifier=identifier, indexes=indexes):
            return records.remove_values(txn, identifier, indexes, now)
