"""Acts on records: what a caller asks to be done, judged, done and audited in one transaction.

Every face of the node (the wire, REST, batches) says what it was asked as one of these acts and hands it to `perform`,
so that there is one place where rights are checked before a record changes, and one line in the audit trail for it.
A decision may hang on groups that other nodes keep; `perform` then changes nothing and says which (`rights.Unknown`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from idis.proto.codes import AdminRight, Permission, ResponseCode
from idis.proto.value import Value, decode_values
from idis.registry.audit.line import audit, prepared_summary, record_summary
from idis.registry.caller import Action, Caller
from idis.registry.identity import Identity
from idis.registry.prefix import Privacy
from idis.registry.record import MARKS, Alias, StoredRecord
from idis.registry.registration import records, visibility
from idis.registry.registration.checks import Refusal
from idis.registry.registration.contents import content
from idis.registry.registration.place import Place, find_place
from idis.registry.rights import (
    HS_ADMIN,
    HS_VLIST,
    NO_GROUPS,
    Groups,
    Subject,
    Unknown,
    admins_in,
    admins_of,
    enabled_values,
    refuse,
)
from idis.registry.store.base import ReadTxn, WriteTxn
from idis.registry.store.rules import exists

# Values of these types say who may do what; who may only keep records up to date changes none of them.
RIGHTS_TYPES = frozenset((HS_ADMIN, HS_VLIST, "HS_PUBKEY", "HS_SECKEY", "HS_CERT"))

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


@dataclass(frozen=True, slots=True)
class SetReaders:
    """Keep a value for these readers; of a template, the values at its index in all records. None lifts the list."""

    identifier: str
    index: int
    readers: tuple[Identity, ...] | None


@dataclass(frozen=True, slots=True)
class Disable:
    """Switch values off, or without indexes the whole record: kept, and answered as if it did not exist."""

    identifier: str
    indexes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Enable:
    """Undo `Disable`."""

    identifier: str
    indexes: tuple[int, ...] = ()


Act = Create | Delete | AddValues | ModifyValues | RemoveValues | SetReaders | Disable | Enable

NAMES: dict[type[Act], str] = {
    Create: "create",
    Delete: "delete",
    AddValues: "add values",
    ModifyValues: "modify values",
    RemoveValues: "remove values",
    SetReaders: "set readers",
    Disable: "disable",
    Enable: "enable",
}


@dataclass(frozen=True, slots=True)
class Done:
    """The record as it stands now. `overwritten`: a record, or values at indexes that were to be added, stood there before."""

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
    recorded = _do(txn, act, now, place)
    if isinstance(recorded, Refusal):
        return recorded
    held = place.held
    if recorded.changed and audited:
        before = None if held is None else record_summary(held)
        written = recorded.prepared
        after = _after(txn, place.key) if written is None else prepared_summary(written, recorded.version)
        audit(txn, caller, NAMES[type(act)], recorded.identifier, before=before, after=after, note=_note(act))
    overwritten = recorded.changed and held is not None and _overwrites(act, held)
    return Done(recorded.identifier, recorded.version, recorded.changed, overwritten)


def _overwrites(act: Act, held: StoredRecord) -> bool:
    """Whether an act that changed a record put something in place of what was there, rather than beside it."""
    match act:
        case Create():
            return True
        case AddValues(values=values, overwrite=True):
            added = {value.index for value in values}
            return any(value.index in added for value in held.values)
        case _:
            return False


def _after(txn: ReadTxn, key: bytes) -> Mapping[str, object] | None:
    stored = txn.record(key)
    return record_summary(stored) if exists(stored) else None


def _note(act: Act) -> str:
    match act:
        case SetReaders(index=index, readers=None):
            return f"value {index} is for nobody in particular any more"
        case SetReaders(index=index, readers=readers):
            return f"value {index} is for {', '.join(map(str, readers or ())) or 'administrators only'}"
        case Disable(indexes=indexes) | Enable(indexes=indexes) if indexes:
            return f"values {', '.join(map(str, indexes))}"
        case _:
            return ""


def _judge(txn: ReadTxn, act: Act, place: Place, caller: Caller, groups: Groups) -> Refusal | Unknown | None:
    """Existence goes before rights, except where a name must not be acknowledged to whoever has none.

    A disabled record is acknowledged to its administrators alone. Below a strict prefix, a record that shows nothing to
    the public and a name that is not registered are refused alike.
    """
    prefix, strict = place.entry.prefix, place.entry.privacy is Privacy.STRICT
    owners = admins_in(place.entry.values)
    held = _held(place, strict)
    guarded = touches_rights(act, held)
    if isinstance(act, Create) and (place.stored is None or not act.overwrite):
        # Whoever may register here learns that the name is taken; nobody else learns anything.
        home = Subject(prefix, owners, is_prefix=True, guarded=guarded)
        return refuse(txn, caller, home, [AdminRight.ADD_HANDLE], groups=groups)
    absent = Refusal(ResponseCode.HANDLE_NOT_FOUND, f"{act.identifier} is not registered")
    if place.held is None and not strict:
        return absent
    alternatives = rights_for(act, held)
    if not alternatives:
        return None
    # A record without administrators of its own is its prefix's.
    subject = Subject(prefix, admins_of(_enabled(place)) or owners, guarded=guarded)
    action = Action.ACCESS if isinstance(act, SetReaders) else Action.REGISTER
    verdict = refuse(txn, caller, subject, alternatives, action=action, groups=groups)
    if place.stored is None and not isinstance(verdict, Unknown):
        if place.disabled is None:
            return verdict or absent
        return absent if verdict is not None and not strict else verdict
    return verdict


def _held(place: Place, strict: bool) -> dict[int, Value]:
    """The values that are there; those that the public must not learn of are open to nobody."""
    record = place.held
    if record is None:
        return {}
    held = {value.index: value for value in record.values}
    if record.withholds:
        for value in decode_values(record.restricted):
            if strict or value.permissions & MARKS:
                shut = held[value.index]
                held[value.index] = replace(shut, permissions=shut.permissions & ~_PUBLIC_WRITE)
    return held


def _enabled(place: Place) -> tuple[Value, ...]:
    return () if place.held is None else enabled_values(place.held)


def touches_rights(act: Act, held: Mapping[int, Value]) -> bool:
    """Whether an act changes who may do what: administrators, groups, keys, or who may read; no application may."""
    match act:
        case SetReaders():
            return True
        case Delete() | Disable(indexes=()) | Enable(indexes=()):
            return any(map(_gives_rights, held.values()))
        case RemoveValues(indexes=indexes) | Disable(indexes=indexes) | Enable(indexes=indexes):
            return any(_gives_rights(held[index]) for index in indexes if index in held)
        case Create(values=values) | AddValues(values=values) | ModifyValues(values=values):
            wanted = {value.index: value for value in values}
            gone = held.keys() - wanted.keys() if isinstance(act, Create) and act.overwrite else ()
            changed = [value for value in values if value.index not in held or content(held[value.index]) != content(value)]
            before = [held[value.index] for value in changed if value.index in held]
            return any(map(_gives_rights, (*changed, *before, *(held[index] for index in gone))))


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
                present = held.get(value.index)
                if present is None or not _open_to_all(present, value):
                    needed |= _right_to_modify(present or value, value)
            return [needed] if needed else [] if values else [AdminRight.MODIFY_VALUE]
        case RemoveValues(indexes=indexes):
            removed = [held[index] for index in indexes if index in held]
            return [_all(_right_to_remove(value) for value in removed) or AdminRight.REMOVE_VALUE]
        case Create(values=values):
            return [_all(_rights_to_replace(held, values)), AdminRight.ADD_ADMIN, AdminRight.DELETE_HANDLE]
        case SetReaders(index=index):
            # Whoever may do both could publish the value anyway.
            admin = index in held and _is_admin(held[index])
            return [AdminRight.READ_VALUE | (AdminRight.MODIFY_ADMIN if admin else AdminRight.MODIFY_VALUE)]
        case Disable(indexes=()) | Enable(indexes=()):
            return [AdminRight.DELETE_HANDLE]
        case Disable(indexes=indexes):
            return [_all(_right_to_switch(held.get(index), AdminRight.REMOVE_ADMIN) for index in indexes)]
        case Enable(indexes=indexes):
            return [_all(_right_to_switch(held.get(index), AdminRight.ADD_ADMIN) for index in indexes)]


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


def _right_to_switch(value: Value | None, of_admin: int) -> int:
    return int(of_admin if value is not None and _is_admin(value) else AdminRight.MODIFY_VALUE)


def _open_to_all(before: Value, after: Value) -> bool:
    """Whether everybody may write a value; never an administrator, never its permissions, and nobody makes a key of it."""
    if not before.permissions & _PUBLIC_WRITE or before.permissions != after.permissions:
        return False
    same_type = before.type.upper() == after.type.upper()
    return not _is_admin(before) and (same_type or not (_gives_rights(before) or _gives_rights(after)))


def _is_admin(value: Value) -> bool:
    return value.type.upper() == HS_ADMIN


def _gives_rights(value: Value) -> bool:
    return value.type.upper() in RIGHTS_TYPES


def _all(rights: Iterable[int]) -> int:
    together = 0
    for right in rights:
        together |= right
    return together


def _do(txn: WriteTxn, act: Act, now: int, place: Place) -> records.Recorded | Refusal:
    match act:
        case Create(identifier=identifier, values=values, overwrite=True, aliases=aliases):
            return records.replace_record(txn, identifier, values, now, aliases=aliases)
        case Create(identifier=identifier, values=values, aliases=aliases):
            return records.create_record(txn, identifier, values, now, aliases=aliases or (), place=place)
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
        case SetReaders(identifier=identifier, index=index, readers=readers):
            return visibility.set_readers(txn, identifier, index, readers, now)
        case Disable(identifier=identifier, indexes=indexes):
            return visibility.disable(txn, identifier, indexes, now)
        case Enable(identifier=identifier, indexes=indexes):
            return visibility.enable(txn, identifier, indexes, now)
