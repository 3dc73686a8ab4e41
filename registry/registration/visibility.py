"""Who may see a value, and switching records and values off and on (`domain.md` §9).

Each function is a pure function of a write transaction, like those of `records.py`. What is done to an item of a metadata
template is done to the values at its index in every record of the template: those are written anew by `relisting.py`, in
groups, while the node goes on answering.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from idis.proto.codes import ResponseCode
from idis.proto.statement import is_sealed
from idis.proto.value import Value
from idis.registry.identity import Identity
from idis.registry.readers import LISTS_MAX, READERS_MAX, ReaderLists, with_item_marks
from idis.registry.registration.checks import Refusal
from idis.registry.registration.contents import Contents, with_lists
from idis.registry.registration.place import Place, find_place
from idis.registry.registration.records import Recorded, rewrite
from idis.registry.registration.relisting import relist
from idis.registry.registration.value_checks import node_name
from idis.registry.store.base import WriteTxn
from idis.registry.template_elsewhere import ITEM_TYPE

# Whoever could not see these could no longer tell who answers, or that a name stands for another.
_ALWAYS_SEEN = frozenset(("HS_SITE", "HS_SITE.6", "HS_SERV", "HS_ALIAS"))


def set_readers(
    txn: WriteTxn, identifier: str, index: int, readers: Sequence[Identity] | None, now: int
) -> Recorded | Refusal:
    """Keep a value for these readers, or give it back to everybody whom its permissions allow.

    Args:
        txn: the registry.
        identifier: of a record here; of a template, for the values of its records.
        index: of a value it has, or an item.
        readers: identities and groups; none of them for administrators only; None lifts the list.
        now: unix time in seconds.

    Raises:
        IdentifierError: the identifier is none.
    """
    found = _find(txn, identifier)
    if isinstance(found, Refusal):
        return found
    place, contents = found
    value = contents.present.get(index) or contents.off.get(index)
    if value is None and (readers is not None or index not in contents.lists.lists):
        return _no_value(identifier, index)
    if value is not None and readers is not None and (refusal := _refuse_hiding(value)):
        return refusal
    lists = dict(contents.lists.lists)
    if readers is None:
        lists.pop(index, None)
    else:
        lists[index] = tuple(dict.fromkeys(readers))
        if len(lists[index]) > READERS_MAX or len(lists) > LISTS_MAX:
            return Refusal(
                ResponseCode.INVALID_VALUE,
                f"a list names at most {READERS_MAX} readers, a record has at most {LISTS_MAX} lists: name a group instead",
            )
    return _write(txn, place, contents, replace(contents.lists, lists=lists), now)


def disable(txn: WriteTxn, identifier: str, indexes: Sequence[int], now: int) -> Recorded | Refusal:
    """Switch values off, or, without indexes, the whole record: kept, and answered as if it did not exist.

    Raises:
        IdentifierError: the identifier is none.
    """
    return _switch(txn, identifier, indexes, now, off=True)


def enable(txn: WriteTxn, identifier: str, indexes: Sequence[int], now: int) -> Recorded | Refusal:
    """Undo `disable`.

    Raises:
        IdentifierError: the identifier is none.
    """
    return _switch(txn, identifier, indexes, now, off=False)


def _switch(txn: WriteTxn, identifier: str, indexes: Sequence[int], now: int, *, off: bool) -> Recorded | Refusal:
    found = _find(txn, identifier)
    if isinstance(found, Refusal):
        return found
    place, contents = found
    if not indexes:
        return rewrite(txn, place, place.values, now, disabled=off)
    for index in indexes:
        value = contents.present.get(index) or contents.off.get(index)
        if value is None:
            return _no_value(identifier, index)
        if off and (refusal := _refuse_hiding(value)):
            return refusal
    switched = contents.lists.off | set(indexes) if off else contents.lists.off - set(indexes)
    return _write(txn, place, contents, replace(contents.lists, off=frozenset(switched)), now)


def _write(txn: WriteTxn, place: Place, contents: Contents, lists: ReaderLists, now: int) -> Recorded | Refusal:
    """Write the record under its new lists; of a template, begin to write its records anew."""
    held = {**contents.present, **contents.off}
    items = [index for index, value in held.items() if value.type == ITEM_TYPE]
    shown = {index: with_item_marks(value, lists) for index, value in held.items()}
    recorded = rewrite(txn, place, with_lists(shown, lists), now)
    if isinstance(recorded, Refusal):
        return recorded
    if recorded.changed and items:
        relist(txn, recorded.identifier)
    return recorded


def _find(txn: WriteTxn, identifier: str) -> tuple[Place, Contents] | Refusal:
    """Where a record is, live or disabled, and what it holds."""
    place = find_place(txn, identifier)
    if isinstance(place, Refusal):
        return place
    if place.held is None:
        return Refusal(ResponseCode.HANDLE_NOT_FOUND, f"{identifier} is not registered")
    return place, Contents.of(place.held)


def _refuse_hiding(value: Value) -> Refusal | None:
    if name := node_name(value):
        return Refusal(ResponseCode.INVALID_VALUE, f"index {value.index} ({name}) is the node's own: it has no readers' list")
    if is_sealed(value):
        return Refusal(ResponseCode.INVALID_VALUE, f"value {value.index} is a statement for its readers only: remove it instead")
    if value.type.upper() in _ALWAYS_SEEN:
        return Refusal(ResponseCode.INVALID_VALUE, f"value {value.index} ({value.type}) leads others on: remove it instead")
    return None


def _no_value(identifier: str, index: int) -> Refusal:
    return Refusal(ResponseCode.VALUES_NOT_FOUND, f"{identifier} has no value {index}")
