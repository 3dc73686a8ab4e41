"""The life of a metadata template: published, withdrawn, its items disabled and enabled, never deleted (`tracing.md` §1).

An item that the schema no longer has is kept: whoever publishes disables it. Which items are disabled is a list of the
template's record (`registration/visibility.py`), which hides their values in all records; publishing leaves it alone. Every
change of what an item says raises the version.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

from idis.proto.value import Value
from idis.registry.pilots.schema import INDEX_TEMPLATE
from idis.registry.pilots.template import INDEX_STATE, INDEX_VERSION, STATE_PUBLISHED, TYPE_ITEM
from idis.registry.record import Record

STATE_WITHDRAWN = "withdrawn"
ITEM_DISABLED = 1  # itemState of the national interface


class TemplateError(ValueError):
    """What was asked of a template cannot be done; the text says why."""


def republished(new: Record, old: Iterable[Value]) -> tuple[Record, tuple[int, ...]]:
    """The template of a schema, in the place of the one that is registered, and the indexes that the schema left behind.

    Args:
        new: as the schema makes it.
        old: the values that are registered; none the first time.
    """
    before = {value.index: value for value in old}
    after = {value.index: value for value in new.values}
    left = tuple(index for index, value in before.items() if value.type == TYPE_ITEM and index not in after)
    after |= {index: before[index] for index in left}
    return replace(new, values=_versioned(after, before)), left


def in_state(identifier: str, old: Iterable[Value], state: str) -> Record:
    """The template published or withdrawn; a withdrawn one stays, because records name it."""
    values = {value.index: value for value in old}
    values[INDEX_STATE] = replace(values[INDEX_STATE], data=state.encode())
    return Record(identifier, tuple(values[index] for index in sorted(values)))


def index_of(identifier: str, values: Iterable[Value], name: str, *, to_disable: bool) -> int:
    """The index of an item.

    Args:
        identifier: of the template.
        values: of the template.
        name: english or Chinese name of the item.
        to_disable: whether it is to be disabled.

    Raises:
        TemplateError: no such item, or it is to be disabled and every record must have it.
    """
    found = [value for value in values if value.type == TYPE_ITEM and name in _names(value)]
    if not found:
        raise TemplateError(f"{identifier} has no item {name}")
    item = _item(found[0])
    if to_disable and item.get("required"):
        raise TemplateError(f"every record must have {item['englishName']}: a required item is not disabled")
    return found[0].index


def is_withdrawn(values: Iterable[Value]) -> bool:
    """Whether no further record may be made after this template."""
    return any(value.index == INDEX_STATE and value.text == STATE_WITHDRAWN for value in values)


def state_of(values: Iterable[Value]) -> tuple[str, str, tuple[str, ...]]:
    """State, version and the english names of the disabled items."""
    texts = {value.index: value for value in values}
    disabled = [
        str(item["englishName"])
        for value in texts.values()
        if value.type == TYPE_ITEM and (item := _item(value))["itemState"] == ITEM_DISABLED
    ]
    return texts[INDEX_STATE].text if INDEX_STATE in texts else STATE_PUBLISHED, _version_text(texts), tuple(disabled)


def _versioned(after: dict[int, Value], before: dict[int, Value]) -> tuple[Value, ...]:
    """The values with a version that is higher where items differ, and never falls."""
    old, new = _version(before), _version(after)
    if before:
        version = str(max(new, old + (_said(before) != _said(after)))).encode()
        for index in (INDEX_TEMPLATE, INDEX_VERSION):
            after[index] = replace(after[index], data=version)
    return tuple(after[index] for index in sorted(after))


def _said(values: dict[int, Value]) -> dict[int, dict[str, object]]:
    """What the items say, but for their state."""
    return {index: {**_item(value), "itemState": 0} for index, value in values.items() if value.type == TYPE_ITEM}


def _version(values: dict[int, Value]) -> int:
    text = _version_text(values)
    return int(text) if text.isdecimal() else 0


def _version_text(values: dict[int, Value]) -> str:
    return values[INDEX_VERSION].text if INDEX_VERSION in values else ""


def _item(value: Value) -> dict[str, object]:
    item: dict[str, object] = json.loads(value.text)
    return item


def _names(value: Value) -> tuple[object, object]:
    item = _item(value)
    return item["englishName"], item["chineseName"]
