"""Registering records: create, replace, change and delete what lies below a prefix answered here (`wire.md` §4, §4.2).

Each function is a pure function of a write transaction and checks everything before it writes anything. Doing the same
again is no error and changes nothing: a client that lost an answer may simply ask again (`storage.md` §5).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from idis.proto.codes import ResponseCode
from idis.proto.identifier import parse_identifier, prefix_handle
from idis.proto.statement import SIGNED_TYPE
from idis.proto.value import Value, decode_values, encode_values
from idis.registry.authority import DERIVED_SITE_TYPES, SITE_TYPES
from idis.registry.prefix import PrefixEntry
from idis.registry.readers import guards_others, marked, template_items, template_of, with_item_marks
from idis.registry.record import (
    Alias,
    PreparedRecord,
    Record,
    RecordFlag,
    StoredRecord,
    other_aliases,
    prepare,
    same_content,
    unmarked,
)
from idis.registry.registration.checks import Refusal, unknown
from idis.registry.registration.contents import Contents, content, with_lists, without_stale_statement
from idis.registry.registration.life import write
from idis.registry.registration.octets import prepare_plain
from idis.registry.registration.place import Place, find_place
from idis.registry.registration.signing import refuse_statement, sign, to_be_signed
from idis.registry.registration.value_checks import (
    VALUE_BYTES_DEFAULT_MAX,
    fit,
    node_name,
    refuse_read_only,
    refuse_reserved,
    refuse_values,
)
from idis.registry.store.base import WriteTxn
from idis.registry.suites import SigningKey
from idis.registry.template_elsewhere import want_template
from idis.registry.views import lists_for

_SITE_TYPES = frozenset(name.decode() for name in SITE_TYPES | DERIVED_SITE_TYPES)


@dataclass(frozen=True, slots=True)
class Recorded:
    """The record as it stands now.

    Attributes:
        changed: whether this call changed it.
        prepared: what was written; None for a prefix, a deletion, and where nothing was.
    """

    identifier: str
    version: int
    changed: bool = True
    prepared: PreparedRecord | None = field(default=None, compare=False, repr=False)


def create_record(
    txn: WriteTxn,
    identifier: str,
    values: Sequence[Value],
    now: int,
    *,
    aliases: tuple[Alias, ...] = (),
    value_bytes_max: int = VALUE_BYTES_DEFAULT_MAX,
    signer: SigningKey | None = None,
    place: Place | None = None,
) -> Recorded | Refusal:
    """Register an identifier that does not exist; existing with the same values is success, with others is a refusal.

    Args:
        txn: the registry.
        identifier: `prefix/suffix`, its spelling is kept.
        values: at least one; their timestamps are set to `now`.
        now: unix time in seconds.
        aliases: its names in other schemes.
        value_bytes_max: most octets in one value; at most VALUE_BYTES_MAX.
        signer: the owner's key, when the record is to be signed here and now.
        place: where the record belongs, when that has been found in this transaction.

    Raises:
        IdentifierError: the text is no identifier.
    """
    found = place or find_place(txn, identifier)
    if isinstance(found, Refusal):
        return found
    place = found
    if not aliases and signer is None and (plain := _plain(place, identifier, values, now, value_bytes_max)) is not None:
        return _refuse_new(txn, place) or _put(txn, place, plain)
    if refusal := refuse_values(values, value_bytes_max):
        return refusal
    values = values if signer is None else to_be_signed(values)
    held = () if place.stored is None else _kept(place.stored, values)
    prepared = _judge(txn, place, Record(identifier, (*values, *held), aliases), now, signer=signer)
    if isinstance(prepared, Refusal):
        return prepared
    if place.stored is None:
        return _refuse_new(txn, place) or _put(txn, place, prepared)
    recorded = _unchanged(place.stored, prepared)
    return recorded or Refusal(
        ResponseCode.HANDLE_ALREADY_EXISTS, f"{identifier} is registered with other values: replace it, or change its values"
    )


def replace_record(
    txn: WriteTxn,
    identifier: str,
    values: Sequence[Value],
    now: int,
    *,
    aliases: tuple[Alias, ...] | None = None,
    value_bytes_max: int = VALUE_BYTES_DEFAULT_MAX,
    signer: SigningKey | None = None,
) -> Recorded | Refusal:
    """Register an identifier whether it exists or not; arguments and errors as for `create_record`.

    Values that are read-only for everybody must stay as they are; those that only the node writes stay by themselves,
    and so do values that are switched off and the aliases, unless new ones are given.
    """
    place = find_place(txn, identifier)
    if isinstance(place, Refusal):
        return place
    if refusal := refuse_values(values, value_bytes_max):
        return refusal
    if place.stored is None:
        prepared = _judge(txn, place, Record(identifier, tuple(values), aliases or ()), now, signer=signer)
        return prepared if isinstance(prepared, Refusal) else _refuse_new(txn, place) or _put(txn, place, prepared)
    values = values if signer is None else to_be_signed(values)
    kept = (*values, *_kept(place.stored, values))
    contents = {value.index: content(value) for value in kept}
    present = Contents.of(place.stored).present.values()
    lost = [value for value in present if contents.get(value.index) != content(value)]
    record = Record(identifier, kept, other_aliases(place.stored) if aliases is None else aliases)
    prepared = _judge(txn, place, record, now, signer=signer)
    return prepared if isinstance(prepared, Refusal) else refuse_read_only(lost) or _put(txn, place, prepared)


def add_values(
    txn: WriteTxn,
    identifier: str,
    values: Sequence[Value],
    now: int,
    *,
    value_bytes_max: int = VALUE_BYTES_DEFAULT_MAX,
    signer: SigningKey | None = None,
) -> Recorded | Refusal:
    """Add values at indexes that are free; a value that is there already, with the same content, stays.

    Raises:
        IdentifierError: the text is no identifier.
    """

    def change(present: dict[int, Value]) -> Refusal | None:
        for value in values:
            held = present.get(value.index)
            if held is not None and content(held) != content(value):
                return Refusal(
                    ResponseCode.VALUE_ALREADY_EXISTS, f"{identifier} has a value {value.index}: modify it, or use another index"
                )
        return _set(present, values, value_bytes_max)

    return _change(txn, identifier, change, now, signer)


def put_values(
    txn: WriteTxn,
    identifier: str,
    values: Sequence[Value],
    now: int,
    *,
    value_bytes_max: int = VALUE_BYTES_DEFAULT_MAX,
    signer: SigningKey | None = None,
) -> Recorded | Refusal:
    """Add values at indexes that are free and change those at indexes that are taken.

    Raises:
        IdentifierError: the text is no identifier.
    """

    def change(present: dict[int, Value]) -> Refusal | None:
        return _set(present, values, value_bytes_max)

    return _change(txn, identifier, change, now, signer)


def modify_values(
    txn: WriteTxn,
    identifier: str,
    values: Sequence[Value],
    now: int,
    *,
    value_bytes_max: int = VALUE_BYTES_DEFAULT_MAX,
    signer: SigningKey | None = None,
) -> Recorded | Refusal:
    """Change values whose indexes exist.

    Raises:
        IdentifierError: the text is no identifier.
    """

    def change(present: dict[int, Value]) -> Refusal | None:
        missing = [str(value.index) for value in values if value.index not in present]
        if missing:
            return Refusal(ResponseCode.VALUES_NOT_FOUND, f"{identifier} has no value {', '.join(missing)}: add it")
        return _set(present, values, value_bytes_max)

    return _change(txn, identifier, change, now, signer)


def remove_values(
    txn: WriteTxn, identifier: str, indexes: Iterable[int], now: int, *, signer: SigningKey | None = None
) -> Recorded | Refusal:
    """Remove the values at these indexes; one that is absent already is no error. A record keeps at least one value.

    A value at an index that the record's template names is switched off instead: fields are disabled, not deleted.

    Raises:
        IdentifierError: the text is no identifier.
    """

    def change(present: dict[int, Value]) -> Refusal | None:
        gone = [present[index] for index in dict.fromkeys(indexes) if index in present]
        if refusal := refuse_reserved(gone) or refuse_read_only(gone):
            return refusal
        for value in gone:
            del present[value.index]
        return None

    return _change(txn, identifier, change, now, signer)


def publish_record(txn: WriteTxn, record: Record, now: int) -> Recorded | Refusal:
    """Write a record that the node makes itself, such as a metadata template, the values it alone may write included."""
    place = find_place(txn, record.identifier)
    if isinstance(place, Refusal):
        return place
    if place.stored is not None:
        record = replace(record, values=_republished(place.stored, record.values))
    prepared = _judge(txn, place, record, now, signed=False)
    if isinstance(prepared, Refusal):
        return prepared
    return (_refuse_new(txn, place) if place.stored is None else None) or _put(txn, place, prepared)


def delete_record(txn: WriteTxn, identifier: str) -> Recorded | Refusal:
    """Delete a record; its version goes on if it is ever registered again.

    Raises:
        IdentifierError: the text is no identifier.
    """
    place = find_place(txn, identifier)
    if isinstance(place, Refusal):
        return place
    held = place.stored or place.disabled
    if held is None:
        return _not_found(identifier)
    if guards_others(held.values):
        return Refusal(
            ResponseCode.INVALID_VALUE, f"{identifier} is a template with readers' lists or disabled items: lift them first"
        )
    version = txn.delete_record(place.key)
    assert isinstance(version, int), "a write that expects nothing cannot conflict"
    return Recorded(held.identifier, version)


def rewrite(
    txn: WriteTxn, place: Place, values: Sequence[Value], now: int, *, disabled: bool | None = None
) -> Recorded | Refusal:
    """Write a record that is there, live or disabled, with these values and what the lists now make of them.

    Args:
        txn: the registry.
        place: where it is.
        values: all of them.
        now: unix time in seconds, for those whose content changes.
        disabled: whether the whole record is to be switched off; None leaves it as it is.
    """
    held = place.stored or place.disabled
    assert held is not None, "only what exists is written anew"
    whole = without_stale_statement(txn, held, values)
    prepared = _judge(txn, place, Record(held.identifier, whole, other_aliases(held)), now, signed=False)
    if isinstance(prepared, Refusal):
        return prepared
    if place.stored is None if disabled is None else disabled:
        prepared = replace(prepared, flags=prepared.flags | RecordFlag.DISABLED)
    version = txn.put_record(prepared)
    assert isinstance(version, int), "a write that expects nothing cannot conflict"
    return Recorded(held.identifier, version, changed=version != held.version, prepared=prepared)


def _change(
    txn: WriteTxn,
    identifier: str,
    change: Callable[[dict[int, Value]], Refusal | None],
    now: int,
    signer: SigningKey | None,
) -> Recorded | Refusal:
    """Change the values of an existing record by index, and write them if they changed."""
    parsed = parse_identifier(identifier)
    if parsed.suffix is None:
        return _change_prefix(txn, parsed.folded_prefix, change, now)
    place = find_place(txn, identifier)
    if isinstance(place, Refusal):
        return place
    if place.stored is None:
        return _not_found(identifier) if place.disabled is None else _switched_off(identifier, ResponseCode.HANDLE_NOT_FOUND)
    contents = Contents.of(place.stored)
    present = dict(contents.present)
    if refusal := change(present):
        return refusal
    if signer is not None:
        present = {value.index: value for value in to_be_signed(tuple(present.values()))}
    items = template_items(txn, place.values) if contents.present.keys() - present.keys() else frozenset()
    values = contents.changed(present, items)
    if all(map(node_name, values)):
        return _nothing_left(identifier)
    prepared = _judge(txn, place, Record(place.stored.identifier, values, other_aliases(place.stored)), now, signer=signer)
    return prepared if isinstance(prepared, Refusal) else _put(txn, place, prepared)


def _change_prefix(
    txn: WriteTxn, prefix: str, change: Callable[[dict[int, Value]], Refusal | None], now: int
) -> Recorded | Refusal:
    """The same for the record of a prefix, whose sites are delegation's business and stay as they are."""
    entry = txn.prefix(prefix)
    if entry is None:
        return unknown(txn, prefix)
    before = {value.index: value for value in decode_values(entry.values)}
    after = dict(before)
    if refusal := change(after):
        return refusal
    if before and not after:
        return _nothing_left(prefix)
    changed = [index for index in before | after if _content_at(before, index) != _content_at(after, index)]
    if not changed:
        return Recorded(prefix_handle(prefix), entry.version, changed=False)
    if any(held[index].type.upper() in _SITE_TYPES for held in (before, after) for index in changed if index in held):
        return Refusal(ResponseCode.INVALID_VALUE, f"the sites of {prefix} are set with 'idis prefix delegate', 'home' or 'host'")
    stamped = (replace(value, timestamp=now) if index in changed else value for index, value in sorted(after.items()))
    return Recorded(prefix_handle(prefix), write(txn, replace(entry, values=encode_values(stamped))).entry.version)


def _content_at(values: dict[int, Value], index: int) -> tuple[object, ...] | None:
    return content(values[index]) if index in values else None


def _plain(
    place: Place, identifier: str, values: Sequence[Value], now: int, value_bytes_max: int
) -> PreparedRecord | None:
    """A new record of plain values, prepared at half the price; None for any other."""
    if place.stored is not None or place.disabled is not None or place.entry.signing_required:
        return None
    try:
        return prepare_plain(identifier, encode_values(values), now, value_bytes_max)
    except (struct.error, UnicodeEncodeError):
        return None  # a number or a text that has no octets: the ordinary way says which


def _put(txn: WriteTxn, place: Place, prepared: PreparedRecord) -> Recorded:
    if place.stored is not None and (recorded := _unchanged(place.stored, prepared)):
        return recorded
    version = txn.put_record(prepared)
    assert isinstance(version, int), "a write that expects nothing cannot conflict"
    return Recorded(prepared.identifier, version, prepared=prepared)


def _unchanged(stored: StoredRecord, prepared: PreparedRecord) -> Recorded | None:
    same = (
        stored.aliases == prepared.aliases
        and same_content(stored.public, prepared.public)
        and same_content(stored.restricted, prepared.restricted)
    )
    return Recorded(stored.identifier, stored.version, changed=False) if same else None


def _judge(
    txn: WriteTxn, place: Place, record: Record, now: int, *, signed: bool = True, signer: SigningKey | None = None
) -> PreparedRecord | Refusal:
    """The record prepared, with what readers' lists and templates make of its values; those that stay keep their timestamps.

    `signed`: its owner writes it, so that his statement must be right, and must be there where the prefix says so.
    """
    if not record.values:
        return Refusal(ResponseCode.INVALID_VALUE, f"{record.identifier} needs at least one value")
    want_template(txn, template_of(record.values))
    values = marked(txn, record.values if signer is None else to_be_signed(record.values))
    if signed and (place.entry.signing_required or any(value.type == SIGNED_TYPE for value in values)):
        lists, before = lists_for(txn, values), txn.record(place.key)
        if signer is not None:
            made = sign(signer, place.entry, record.identifier, values, lists, before, now)
            if isinstance(made, Refusal):
                return made
            values = made
        if refusal := refuse_statement(place.entry, record.identifier, values, lists, before, now):
            return refusal
    held = place.stored or place.disabled
    if held is None:
        prepared = prepare(replace(record, values=values), now)
    else:
        known = {value.index: value for value in held.values}
        stamped = (_stamped(value, known.get(value.index), now) for value in values)
        prepared = prepare(replace(record, values=tuple(stamped)), None)
    return fit(prepared, len(values))


def _stamped(value: Value, before: Value | None, now: int) -> Value:
    stays = before is not None and content(before) == content(unmarked(value))
    return replace(value, timestamp=before.timestamp if stays and before is not None else now)


def _kept(stored: StoredRecord, values: Sequence[Value]) -> tuple[Value, ...]:
    """What stays in a record whatever a client puts in its place: what the node wrote, and values that are switched off."""
    contents = Contents.of(stored)
    given = {value.index: value for value in values}
    given.update((index, value) for index, value in contents.present.items() if node_name(value))
    added = {value.index for value in values}
    return tuple(value for value in contents.changed(given) if value.index not in added)


def _republished(stored: StoredRecord, values: Sequence[Value]) -> tuple[Value, ...]:
    """The values of a new edition of a record the node makes, with the lists of the one before it."""
    lists = Contents.of(stored).lists
    return with_lists({value.index: with_item_marks(value, lists) for value in values}, lists)


def _refuse_new(txn: WriteTxn, place: Place) -> Refusal | None:
    if place.disabled is not None:
        return _switched_off(place.disabled.identifier, ResponseCode.HANDLE_ALREADY_EXISTS)
    return _refuse_quota(txn, place.entry)


def _switched_off(identifier: str, code: int) -> Refusal:
    return Refusal(code, f"{identifier} is disabled: enable it, or delete it")


def _nothing_left(identifier: str) -> Refusal:
    return Refusal(ResponseCode.INVALID_VALUE, f"{identifier} would have no value left: delete the record instead")


def _refuse_quota(txn: WriteTxn, entry: PrefixEntry) -> Refusal | None:
    if entry.quota and txn.stat(entry.prefix).records >= entry.quota:
        return Refusal(ResponseCode.REGISTRATION_COUNT_LIMIT, f"{entry.prefix} has reached its quota of {entry.quota} records")
    return None


def _not_found(identifier: str) -> Refusal:
    return Refusal(ResponseCode.HANDLE_NOT_FOUND, f"{identifier} is not registered")


def _set(present: dict[int, Value], values: Sequence[Value], value_bytes_max: int) -> Refusal | None:
    """Put values at their indexes, if they may be stored and change none that is read-only."""
    changed = [present[value.index] for value in values if value.index in present and _differs(present, value)]
    if refusal := refuse_values(values, value_bytes_max) or refuse_read_only(changed):
        return refusal
    present.update((value.index, value) for value in values)
    return None


def _differs(present: dict[int, Value], value: Value) -> bool:
    return content(present[value.index]) != content(value)
