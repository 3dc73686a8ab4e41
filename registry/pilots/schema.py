"""The language pilots are written in: data types, fields, edges, aliases, rules, object types (`tracing.md` §1).

A pilot file is a literal table in this language; the checks of `validation.py`, the fast path of `encoder.py` and the
metadata templates of `template.py` all read the same table, so they cannot disagree. Indexes never change: a field may
be disabled, never deleted or re-used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Literal, TypeAlias

from idis.registry.pilots.finding import Finding
from idis.registry.trace.edge import EdgeKind

INDEX_TEMPLATE_ID = 1000
INDEX_TEMPLATE = 1001
INDEX_FIRST_FIELD = 2000  # below lie keys, certificates and the template's own values
TEXT_LENGTH_MAX = 4_000  # the national interface's default upper limit of a text item
FIELD_NAME_LENGTH_MAX = 50  # englishName and chineseName of an item on the national interface
NUMBER_DIGITS_MAX = 38
LIST_ITEMS_MAX = 1_000  # keeps one value far below the wire's limit of 1 MiB

Required: TypeAlias = Literal["y", "c", "o"]  # at creation; when the field's condition holds; optional
FieldValue: TypeAlias = "str | Decimal | bool | date | datetime | tuple[FieldValue, ...] | Mapping[str, FieldValue]"
Facts: TypeAlias = Mapping[str, FieldValue]  # the fields of one row that are present, by english name


class NationalType(IntEnum):
    """`dataType` of a template item on the national interface."""

    TEXT = 1
    NUMBER = 2
    DATE = 3
    FILE = 4
    REFERENCE = 5
    AUDIO = 6
    VIDEO = 7
    PICTURE = 8


class DataType(Enum):
    """What a field holds: the short name the tables use and the number the national interface knows it by."""

    TEXT = ("S", NationalType.TEXT)
    NUMBER = ("N", NationalType.NUMBER)
    DATE = ("D", NationalType.DATE)  # YYYY-MM-DD
    FILE = ("F", NationalType.FILE)
    REFERENCE = ("R", NationalType.REFERENCE)
    CODE = ("E", NationalType.TEXT)  # text out of a vocabulary
    BOOLEAN = ("B", NationalType.TEXT)  # true, false
    TIME = ("DT", NationalType.TEXT)  # ISO 8601 with offset
    TEXTS = ("S[]", NationalType.TEXT)  # lists are stored as JSON text
    NUMBERS = ("N[]", NationalType.TEXT)
    CODES = ("E[]", NationalType.TEXT)
    REFERENCES = ("R[]", NationalType.TEXT)
    OBJECT = ("object", NationalType.TEXT)  # one JSON object with the field's members
    OBJECTS = ("list", NationalType.TEXT)  # a list of such objects

    def __init__(self, short: str, national: NationalType) -> None:
        self.short = short
        self.national = national

    @property
    def is_list(self) -> bool:
        """Whether a cell holds several items."""
        return self in _ITEM_TYPES

    @property
    def item(self) -> DataType:
        """The type of one item of a list; of anything else the type itself."""
        return _ITEM_TYPES.get(self, self)


# The tables of the pilots read better with the bare names.
TEXT, NUMBER, DATE, TIME = DataType.TEXT, DataType.NUMBER, DataType.DATE, DataType.TIME
FILE, REFERENCE, CODE, BOOLEAN = DataType.FILE, DataType.REFERENCE, DataType.CODE, DataType.BOOLEAN
TEXTS, NUMBERS, CODES, REFERENCES = DataType.TEXTS, DataType.NUMBERS, DataType.CODES, DataType.REFERENCES
OBJECT, OBJECTS = DataType.OBJECT, DataType.OBJECTS

_ITEM_TYPES = {
    DataType.TEXTS: DataType.TEXT,
    DataType.NUMBERS: DataType.NUMBER,
    DataType.CODES: DataType.CODE,
    DataType.REFERENCES: DataType.REFERENCE,
    DataType.OBJECTS: DataType.OBJECT,
}


@dataclass(frozen=True, slots=True)
class Edge:
    """A reference that becomes an edge with a validity interval.

    `start` and `end` name the companion fields of the interval (empty: from production on, without end); `child`
    names the field that holds the edge's child when it is not the record itself; `when` the fields that must be true.
    """

    kind: EdgeKind
    start: str = ""
    end: str = ""
    child: str = ""
    when: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AliasRule:
    """The field's text is another name of the record.

    `within` names the fields whose text makes it unique, in order; a field that is absent counts as the record's own
    prefix. An empty `within` means unique in the world. A `shared` alias only makes the record findable: several
    records may bear it.
    """

    scheme: str
    within: tuple[str, ...] = ()
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A closed list of codes with their Chinese labels; `synonyms` are other spellings a cell may use.

    A configurable one differs from project to project or is not confirmed against its standard's text; it can be
    exchanged by name with `with_vocabularies`.
    """

    name: str
    codes: Mapping[str, str]
    synonyms: Mapping[str, str] = field(default_factory=dict)
    configurable: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """One item of an object type, or one member of an item's objects (then its index is 0).

    `minimum`, `maximum` and `above` (exclusive) bound a number in `unit`; `length` bounds a text in characters and
    `count` a list from below;
    `members` describe the objects of OBJECT and OBJECTS; `references` are the object types it may point to, none
    meaning any; `scheme` names the check of a sector number (`numbers.py`); `condition` says when a "c" field is
    required; a private field is never public; `default` fills an absent cell.
    """

    index: int
    name: str
    chinese: str
    type: DataType
    required: Required = "o"
    unit: str = ""
    minimum: int | Decimal | None = None
    maximum: int | Decimal | None = None
    above: int | Decimal | None = None
    integer: bool = False
    length: int = TEXT_LENGTH_MAX
    count: int = 0
    codes: Vocabulary | None = None
    references: tuple[str, ...] = ()
    edge: Edge | None = None
    alias: AliasRule | None = None
    scheme: str = ""
    members: tuple[Field, ...] = ()
    private: bool = False
    default: str = ""
    condition: str = ""
    definition: str = ""

    @property
    def unique(self) -> bool:
        """Whether two records may not hold the same text (inside the alias's scope)."""
        return self.alias is not None and not self.alias.shared


Check: TypeAlias = Callable[[Facts], Finding | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """A check over several fields of one row: a pure function of the facts, and a line that explains it.

    `fields` are all the fields the function looks at. Fewer than `least` of them present give no finding, so the
    encoder leaves the rule out of a table that has fewer.
    """

    name: str
    fields: tuple[str, ...]
    check: Check
    text: str
    least: int = 1


@dataclass(frozen=True, slots=True)
class ObjectType:
    """One kind of thing a pilot registers: its fields by ascending index and the rules over them.

    `holder` is the prefix that holds its template where an enterprise derived it (`derivation.py`); empty: each prefix with
    such records holds one.
    """

    pilot: str
    code: str
    chinese: str
    fields: tuple[Field, ...]
    rules: tuple[Rule, ...] = ()
    version: int = 1
    holder: str = ""
    headings: Mapping[str, Field] = field(init=False, repr=False, compare=False)  # lower-case names of both languages

    def __post_init__(self) -> None:
        headings = {name.lower(): item for item in self.fields for name in (item.chinese, item.name)}
        object.__setattr__(self, "headings", headings)

    def field(self, name: str) -> Field | None:
        """The field of that english name."""
        return next((item for item in self.fields if item.name == name), None)


@dataclass(frozen=True, slots=True)
class Pilot:
    """An industry's schema; `industry` is its GB/T 4754 code."""

    name: str
    chinese: str
    industry: str
    standards: str
    objects: Mapping[str, ObjectType]


def with_vocabularies(pilot: Pilot, vocabularies: Mapping[str, Vocabulary]) -> Pilot:
    """The same pilot with the named configurable vocabularies exchanged, as a project's own class lists need it.

    Raises:
        KeyError: no field of the pilot uses a configurable vocabulary of that name.
    """
    left = set(vocabularies)

    def exchanged(item: Field) -> Field:
        members = tuple(exchanged(member) for member in item.members)
        codes = item.codes
        if codes is not None and codes.configurable and codes.name in vocabularies:
            left.discard(codes.name)
            codes = vocabularies[codes.name]
        return replace(item, codes=codes, members=members)

    objects = {
        code: replace(object_type, fields=tuple(exchanged(item) for item in object_type.fields))
        for code, object_type in pilot.objects.items()
    }
    if left:
        raise KeyError(f"{pilot.name} has no configurable vocabulary {', '.join(sorted(left))}")
    return replace(pilot, objects=objects)
