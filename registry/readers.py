"""Readers' lists: which values are for some only, and which are switched off (`domain.md` §9, `trust.md` §5).

A record keeps them in one value of its own, IDIS.READERS at index 1002, which the node writes and only administrators
see: value index → the identities and groups that may read that value, and the indexes that are disabled. The lists of a
metadata template hold for its items, that is, for the values at the same indexes of every record that names the template
in its TEMPLATE_ID value (class grant 同类授权); a record's own list for an index goes before the template's. An empty list
leaves a value to the administrators; so does a list of a template at another node (`template_elsewhere.py`).

What the lists say is worked into the stored form of a record when it is written (`marked`, `record.prepare`), so that a
question from the public costs nothing. A template that changes has its records written anew (`relisting.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgpack

from idis.proto.codes import Permission
from idis.proto.errors import IdentifierError, ProtocolError
from idis.proto.identifier import parse_identifier
from idis.proto.statement import is_sealed
from idis.proto.value import INDEX_MAX, Value, decode_values
from idis.registry.identity import Identity, normal, parse_identity
from idis.registry.record import (
    MARK_LISTED,
    MARK_OFF,
    PERMISSION_BITS,
    PreparedRecord,
    Record,
    RecordFlag,
    StoredRecord,
    other_aliases,
    prepare,
)
from idis.registry.store.base import ReadTxn
from idis.registry.store.keys import record_key
from idis.registry.store.rules import exists
from idis.registry.template_elsewhere import (
    ITEM_DISABLED,
    ITEM_ENABLED,
    ITEM_STATE,
    ITEM_TYPE,
    RESTRICTED,
    TemplateElsewhere,
    known_template,
    name_elsewhere,
)

READERS_INDEX = 1002  # beside TEMPLATE_ID 1000 and TEMPLATE 1001, which the field reserves
READERS_TYPE = "IDIS.READERS"
TEMPLATE_ID_INDEX = 1000
TEMPLATE_ID_TYPE = "TEMPLATE_ID"
READERS_MAX = 64  # of one list: whoever asks waits while it is gone through; longer ones are groups
LISTS_MAX = 256  # of one record
READERS_BYTES_MAX = 65_536  # of the value

_FORM = 1
_DISABLED = int(RecordFlag.DISABLED)
_LISTED = int(RecordFlag.LISTED)
_PERMISSIONS = int(Permission.ADMIN_READ)  # nobody changes it but the node, on behalf of whoever may


@dataclass(frozen=True, slots=True)
class ReaderLists:
    """What one IDIS.READERS value says.

    Attributes:
        lists: value index → who may read it.
        off: indexes of disabled values.
    """

    lists: Mapping[int, tuple[Identity, ...]] = field(default_factory=dict)
    off: frozenset[int] = frozenset()

    @property
    def empty(self) -> bool:
        """Whether nothing is kept from anybody."""
        return not self.lists and not self.off


NOTHING_LISTED = ReaderLists()


def encode_lists(lists: ReaderLists) -> bytes:
    """The data of an IDIS.READERS value."""
    packed: bytes = msgpack.packb(
        [_FORM, [[index, [str(one) for one in lists.lists[index]]] for index in sorted(lists.lists)], sorted(lists.off)]
    )
    return packed


def decode_lists(octets: bytes) -> ReaderLists:
    """The reverse of `encode_lists`.

    Raises:
        ProtocolError: it is none.
    """
    try:
        if len(octets) > READERS_BYTES_MAX:
            raise ValueError("too long")
        form, lists, off = msgpack.unpackb(octets, max_map_len=0, max_ext_len=0, max_bin_len=0, max_array_len=LISTS_MAX * 8)
        if form != _FORM or len(lists) > LISTS_MAX:
            raise ValueError("another form")
        read = {_index(index): tuple(parse_identity(one) for one in readers[:READERS_MAX]) for index, readers in lists}
        return ReaderLists(read, frozenset(map(_index, off)))
    except (ValueError, TypeError, AttributeError, IdentifierError, msgpack.UnpackException):
        raise ProtocolError("no readers' lists", offset=0) from None


def lists_value(lists: ReaderLists) -> Value:
    """The value that keeps them in a record."""
    return Value(READERS_INDEX, READERS_TYPE, encode_lists(lists), permissions=_PERMISSIONS)


def own_lists(values: Iterable[Value]) -> ReaderLists:
    """The lists a record keeps for its own values, or a template for its records."""
    found = next((value for value in values if value.index == READERS_INDEX and value.type == READERS_TYPE), None)
    return NOTHING_LISTED if found is None else decode_lists(found.data)


def guards_others(values: Iterable[Value]) -> bool:
    """Whether these are a template's, and its lists keep values of its records from somebody."""
    values = tuple(values)
    return any(value.type == ITEM_TYPE for value in values) and not own_lists(values).empty


def template_of(values: Iterable[Value]) -> str | None:
    """The template a record names; None when it names none."""
    for value in values:
        if value.index == TEMPLATE_ID_INDEX and value.type == TEMPLATE_ID_TYPE:
            return value.text
    return None


def template_lists(txn: ReadTxn, values: Sequence[Value]) -> ReaderLists:
    """The lists of the template a record names; of one at another node, what is known of them."""
    template = _template_held(txn, values)
    if template is not None:
        return own_lists(template.values)
    name = name_elsewhere(txn, template_of(values))
    return NOTHING_LISTED if name is None else lists_elsewhere(known_template(txn, name), values)


def lists_elsewhere(known: TemplateElsewhere, values: Iterable[Value]) -> ReaderLists:
    """What the lists of a template at another node make of the values of a record: restricted ones are for administrators."""
    listed = known.listed_among(value.index for value in values)
    return ReaderLists(dict.fromkeys(listed, ()), known.off)


def template_items(txn: ReadTxn, values: Iterable[Value]) -> frozenset[int]:
    """The indexes that the template a record names has items for, if this node holds it."""
    template = _template_held(txn, values)
    return frozenset() if template is None else frozenset(value.index for value in template.values if value.type == ITEM_TYPE)


def with_item_marks(value: Value, lists: ReaderLists) -> Value:
    """The description of a template's item, saying whether a list restricts it, and whether it is disabled (itemState).

    Not for whom: that nodes of other records may know, and strangers must not. Other values are as they are.
    """
    if value.type != ITEM_TYPE:
        return value
    try:
        item = json.loads(value.data)
    except ValueError:
        return value
    if not isinstance(item, dict):
        return value
    said = dict(item)
    if (item.get(ITEM_STATE) == ITEM_DISABLED) != (value.index in lists.off):
        said[ITEM_STATE] = ITEM_DISABLED if value.index in lists.off else ITEM_ENABLED
    if value.index in lists.lists:
        said[RESTRICTED] = True
    else:
        said.pop(RESTRICTED, None)
    if said == item:
        return value
    return replace(value, data=json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode())


def marked(txn: ReadTxn, values: Sequence[Value]) -> tuple[Value, ...]:
    """The values of a record with the marks of their stored form, as the lists are now."""
    if not any(value.index in (READERS_INDEX, TEMPLATE_ID_INDEX) or is_sealed(value) for value in values):
        return tuple(values)
    return mark(values, template_lists(txn, values))


def mark(values: Sequence[Value], template: ReaderLists) -> tuple[Value, ...]:
    """As `marked`, with the lists of the template at hand."""
    own = own_lists(values)
    listed, off = own.lists.keys() | template.lists.keys(), own.off | template.off
    return tuple(
        _marked(value, value.index in listed or value.type == READERS_TYPE or is_sealed(value), value.index in off)
        for value in values
    )


def relisted(
    record: PreparedRecord, templates: Mapping[str, ReaderLists], elsewhere: TemplateElsewhere | None = None
) -> PreparedRecord:
    """A record that was prepared without a look at its template, as the template's lists make it.

    Args:
        record: prepared.
        templates: the lists of every template of this node that has any, by its normal spelling (`identity.normal`).
        elsewhere: what is known of its template, when that is another node's.
    """
    values = stored_values(record)
    named = template_of(values)
    try:
        lists = None if named is None else templates.get(normal(named))
    except IdentifierError:
        return record
    if elsewhere is not None:
        lists = lists_elsewhere(elsewhere, values)
    return record if lists is None else prepared_anew(record, mark(values, lists))


def carried(stored: StoredRecord, record: PreparedRecord) -> PreparedRecord:
    """A record that a load puts in the place of another, with what that one kept from others.

    Its readers' lists and disabled values stay, unless the new one has lists of its own; a disabled record stays disabled.
    """
    flags = int(stored.flags)
    if flags & _LISTED and not (own := own_lists(stored.values)).empty:
        values = stored_values(record)
        if all(value.type != READERS_TYPE for value in values):
            given = {value.index for value in values}
            own = replace(own, off=own.off - given)
            kept = [value for value in stored.values if value.index in own.off]
            listed = {value.index: () for value in values if value.permissions & MARK_LISTED}
            off = frozenset(value.index for value in values if value.permissions & MARK_OFF)
            time = max((value.timestamp for value in values), default=0)
            whole = (*values, *kept, replace(lists_value(own), timestamp=time))
            record = prepared_anew(record, mark(whole, ReaderLists(listed, off)))
    if flags & _DISABLED:
        record = replace(record, flags=record.flags | RecordFlag.DISABLED)
    return record


def held_record(txn: ReadTxn, identifier: str) -> StoredRecord | None:
    """The record of an identifier, live or disabled, if this node holds it; None for what is no identifier, too."""
    try:
        parsed = parse_identifier(identifier)
    except IdentifierError:
        return None
    entry = None if parsed.suffix is None else txn.prefix(parsed.folded_prefix)
    if entry is None or parsed.suffix is None or not entry.answers_here:
        return None
    record = txn.record(record_key(entry.prefix, parsed.suffix, entry.fold_suffix))
    return record if exists(record) else None


def stored_values(record: StoredRecord | PreparedRecord) -> tuple[Value, ...]:
    """All values of a record with the marks of their stored form."""
    return (*decode_values(record.public), *decode_values(record.restricted))


def prepared_anew(record: StoredRecord | PreparedRecord, values: tuple[Value, ...]) -> PreparedRecord:
    """A record with other values, timestamps and marks as they are; one that is disabled stays so."""
    anew = prepare(Record(record.identifier, values, other_aliases(record)), None)
    return replace(anew, flags=anew.flags | RecordFlag(int(record.flags) & _DISABLED))


def _template_held(txn: ReadTxn, values: Iterable[Value]) -> StoredRecord | None:
    named = template_of(values)
    return None if named is None else held_record(txn, named)


def _marked(value: Value, listed: bool, off: bool) -> Value:
    bits = value.permissions & PERMISSION_BITS
    if value.type != ITEM_TYPE:
        bits |= (MARK_LISTED if listed else 0) | (MARK_OFF if off else 0)
    return value if bits == value.permissions else replace(value, permissions=bits)


def _index(found: object) -> int:
    if isinstance(found, bool) or not isinstance(found, int) or not 0 < found <= INDEX_MAX:
        raise ValueError("no index")
    return found
