"""What a record holds, as those who change it deal with it: values, those that are switched off, and readers' lists.

A disabled value is kept and counts as absent: it is not modified and not removed, and a value written at its index takes
its place and is enabled. The node keeps which ones they are, beside the readers' lists, in the record itself (`readers.py`).
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from idis.proto.statement import SIGNED_INDEX, SIGNED_TYPE, is_sealed, signable
from idis.proto.value import Value
from idis.registry.readers import (
    READERS_INDEX,
    READERS_TYPE,
    ReaderLists,
    lists_value,
    marked,
    own_lists,
    stored_values,
)
from idis.registry.record import MARKS, StoredRecord
from idis.registry.registration.sealing import stale_sealed
from idis.registry.store.base import ReadTxn
from idis.registry.views import lists_for


@dataclass(frozen=True, slots=True)
class Contents:
    """The values of a record by index: those that are there, and those that are switched off; and its lists."""

    present: Mapping[int, Value]
    off: Mapping[int, Value]
    lists: ReaderLists

    @classmethod
    def of(cls, record: StoredRecord) -> Contents:
        """What a stored record holds."""
        values = record.values
        lists = own_lists(values)
        held = {value.index: value for value in values if (value.index, value.type) != (READERS_INDEX, READERS_TYPE)}
        off = {index: value for index, value in held.items() if index in lists.off}
        return cls({index: value for index, value in held.items() if index not in off} if off else held, off, lists)

    def changed(self, present: Mapping[int, Value], items: Container[int] = ()) -> tuple[Value, ...]:
        """All values of the record once these are there.

        Args:
            present: what is to be there.
            items: indexes a template names: a value removed from one of them is switched off instead.
        """
        kept = {index: value for index, value in self.present.items() if index in items and index not in present}
        off = {**self.off, **kept}
        lists = replace(self.lists, off=(self.lists.off - present.keys()) | kept.keys())
        return with_lists({**off, **present}, lists)


def with_lists(values: Mapping[int, Value], lists: ReaderLists) -> tuple[Value, ...]:
    """The values with the one that keeps the lists, unless they say nothing."""
    return tuple(values.values()) if lists.empty else (*values.values(), lists_value(lists))


def without_stale_statement(txn: ReadTxn, held: StoredRecord, values: Sequence[Value]) -> tuple[Value, ...]:
    """The values of a record without its owner's statements that say something else than what is shown now.

    The public one is switched off, so that its version goes on; those of other views are left out.

    Args:
        txn: where the lists of its template are.
        held: the record as it was.
        values: those it is to have, without marks.
    """
    values, before = tuple(values), stored_values(held)
    after = marked(txn, values)
    in_force = any(value.type == SIGNED_TYPE and not value.permissions & MARKS for value in after)
    if in_force and _public(before) != _public(after):
        lists = own_lists(values)
        others = {value.index: value for value in values if value.type != READERS_TYPE}
        values = with_lists(others, replace(lists, off=lists.off | {SIGNED_INDEX}))
    if not any(map(is_sealed, values)):
        return values
    stale = stale_sealed(before, marked(txn, values), lists_for(txn, values))
    return tuple(value for value in values if value.index not in stale)


def _public(values: Iterable[Value]) -> set[tuple[object, ...]]:
    shown = (value for value in values if signable(value) and not value.permissions & MARKS)
    return {(value.index, *content(value)) for value in shown}


def content(value: Value) -> tuple[object, ...]:
    """All of a value but its timestamp, which the registry sets."""
    return (value.type, value.data, value.ttl, value.ttl_type, value.permissions, value.references)
