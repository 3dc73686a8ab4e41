"""The template of a record as a page needs it: what each value is called in both languages, and how it is read.

It is read from the values of the template's own record, wherever that is registered. Where it cannot be had and its name is
one of our pilots', the schema this program knows serves.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from idis.proto.value import Value, decode_values
from idis.registry.pilots.schema import INDEX_TEMPLATE_ID
from idis.registry.pilots.table import PILOTS, object_type_named
from idis.registry.pilots.template import INDEX_META_CODE, INDEX_META_NAME, TYPE_ITEM, template_record
from idis.registry.pilots.template_life import ITEM_DISABLED
from idis.registry.pilots.validation import TYPE_TEMPLATE_ID
from idis.resolver.web.landing.language import Words

TEMPLATES_KEPT = 256  # read ones, by their octets
TEMPLATE_BYTES_MAX = 1_048_576
MEMBERS_DEPTH_MAX = 3
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a template. `type` is the short name of its data type, `list` included: `S`, `N`, `R[]`."""

    label: Words
    name: str
    type: str
    unit: str = ""
    codes: Mapping[str, str] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    members: Mapping[str, Item] = field(default_factory=dict)
    disabled: bool = False

    @property
    def is_list(self) -> bool:
        """Whether its text is a JSON list."""
        return self.type.endswith("[]") or self.type == "list"


@dataclass(frozen=True, slots=True)
class Template:
    """What a record is made after: its kind, its code (`META_ship_plate`), and its items by index."""

    kind: Words
    code: str
    items: Mapping[int, Item]

    def index_of(self, name: str) -> int:
        """The index of the item of an english name; 0 where there is none."""
        return next((index for index, item in self.items.items() if item.name == name), 0)


NO_TEMPLATE = Template(Words(""), "", {})


def template_name(values: Iterable[Value]) -> str:
    """The handle of the template a record names; empty without one."""
    return next((value.text for value in values if value.index == INDEX_TEMPLATE_ID and value.type == TYPE_TEMPLATE_ID), "")


@lru_cache(maxsize=TEMPLATES_KEPT)
def read_template(octets: bytes) -> Template:
    """The template of a counted array of values; `NO_TEMPLATE` where it is none."""
    if len(octets) > TEMPLATE_BYTES_MAX:
        return NO_TEMPLATE
    return _read(decode_values(octets))


@lru_cache(maxsize=TEMPLATES_KEPT)
def known_template(name: str) -> Template:
    """The template of one of our pilots, by its handle; of a derived one its base's; `NO_TEMPLATE` for every other."""
    object_type = object_type_named(name)
    if object_type is None:
        return NO_TEMPLATE
    return _read(template_record(PILOTS[object_type.pilot], object_type, name.partition("/")[0]).values)


def readable_name(name: str) -> str:
    """A lowerCamel name as words: `productionDate` is Production date."""
    words = [part if part.isupper() else part.lower() for part in _HUMP.sub(" ", name.replace("_", " ")).split()]
    sentence = " ".join(words)
    return sentence[:1].upper() + sentence[1:]


def _read(values: Iterable[Value]) -> Template:
    items: dict[int, Item] = {}
    texts: dict[int, str] = {}
    for value in values:
        if value.type == TYPE_ITEM:
            if (item := _item(_object(value.text), MEMBERS_DEPTH_MAX)) is not None:
                items[value.index] = item
        else:
            texts[value.index] = value.text
    code = texts.get(INDEX_META_CODE, "")
    chinese = texts.get(INDEX_META_NAME, "")
    english = readable_name(code.rpartition("_")[2])
    return Template(Words(chinese.rpartition(" ")[2], english), code, items)


def _item(told: Mapping[str, object], depth: int) -> Item | None:
    english, chinese = _text(told, "englishName"), _text(told, "chineseName")
    if not (english or chinese) or not depth:
        return None
    vocabulary = told.get("vocabulary")
    codes = vocabulary.get("codes") if isinstance(vocabulary, dict) else None
    members = told.get("members")
    references = told.get("referenceMetaHandle")
    return Item(
        label=Words(chinese, readable_name(english)),
        name=english,
        type=_text(told, "type") or "S",
        unit=_text(told, "unit"),
        codes={code: label for code, label in codes.items() if isinstance(label, str)} if isinstance(codes, dict) else {},
        references=tuple(map(str, references)) if isinstance(references, list) else (),
        members=_members(members, depth - 1) if isinstance(members, list) else {},
        disabled=told.get("itemState") == ITEM_DISABLED,
    )


def _members(told: list[object], depth: int) -> dict[str, Item]:
    read = (_item(member, depth) for member in told if isinstance(member, dict))
    return {item.name: item for item in read if item is not None}


def _text(told: Mapping[str, object], name: str) -> str:
    found = told.get(name)
    return found if isinstance(found, str) else ""


def _object(text: str) -> Mapping[str, object]:
    """A JSON object of a stranger; empty where it is none."""
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}
