"""What is known of one member of a model: the line a person reads and the bounds a machine checks.

Models are frozen dataclasses whose members are `Annotated[type, Field(...)]`. From them come reading and checking
(`reading.py`), the JSON that is answered (`showing.py`) and the OpenAPI document (`openapi.py`): a bound stands in one
place only. What a type may be is the closed union Shape.
"""

from __future__ import annotations

import re
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

# Blanks and control characters, for use between brackets: \s is not the same to Python and to ECMAScript.
BLANKS = r"\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"


@dataclass(frozen=True, slots=True)
class Field:
    """What is known of a member.

    Attributes:
        line: what it is, for a person.
        zh: the same in a few Chinese words.
        least: of a number, of a text's characters, of a list's items.
        most: likewise.
        pattern: the whole text must match it; only what Python and ECMAScript read alike.
        form: a format of JSON Schema: `date-time`.
        example: shown in documents, and valid.
        name: on the wire, where that is no name of Python.
        model: of an object, where the annotation cannot name it because the model is made from something else.
    """

    line: str
    zh: str = ""
    least: int | None = None
    most: int | None = None
    pattern: str = ""
    form: str = ""
    example: object = None
    name: str = ""
    model: type[Any] | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A string."""

    field: Field


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number."""

    field: Field


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    field: Field


@dataclass(frozen=True, slots=True)
class Word:
    """One member of an enumeration, by its value, or by its name in small letters where the values are numbers."""

    words: type[Enum]
    field: Field

    @property
    def choices(self) -> dict[str, Enum]:
        """The members by what stands for them."""
        return _choices(self.words)


@dataclass(frozen=True, slots=True)
class Many:
    """A list."""

    item: Shape
    field: Field


@dataclass(frozen=True, slots=True)
class One:
    """An object of a model."""

    model: type[Any]
    field: Field


@dataclass(frozen=True, slots=True)
class Anything:
    """Any JSON."""

    field: Field


@dataclass(frozen=True, slots=True)
class Maybe:
    """A shape, or null."""

    shape: Shape
    field: Field


Shape = Text | Whole | Flag | Word | Many | One | Anything | Maybe

_NOTHING = Field("")
_MEMBERS: dict[type[Any], tuple[Member, ...]] = {}  # as many as there are models
_BY_NAME: dict[type[Any], dict[str, Member]] = {}


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a model. `default` is MISSING when it must be given."""

    attribute: str
    shape: Shape
    default: Any

    @property
    def name(self) -> str:
        """On the wire."""
        return self.field.name or self.attribute

    @property
    def field(self) -> Field:
        """What is known of it."""
        return self.shape.field

    @property
    def required(self) -> bool:
        """Whether it must be given."""
        return self.default is MISSING


def members(model: type[Any]) -> tuple[Member, ...]:
    """The members of a model in their order."""
    known = _MEMBERS.get(model)
    if known is None:
        hints = get_type_hints(model, include_extras=True)
        known = tuple(Member(item.name, shape_of(hints[item.name]), item.default) for item in fields(model))
        _MEMBERS[model] = known
    return known


def word_of(member: Enum) -> str:
    """What stands for a member of an enumeration."""
    return member.value if isinstance(member.value, str) else member.name.lower()


def by_name(model: type[Any]) -> dict[str, Member]:
    """The members of a model by their names on the wire."""
    known = _BY_NAME.get(model)
    if known is None:
        known = _BY_NAME[model] = {member.name: member for member in members(model)}
    return known


@cache  # as many as there are enumerations
def _choices(words: type[Enum]) -> dict[str, Enum]:
    return {word_of(member): member for member in words}


def shape_of(annotation: Any, field: Field = _NOTHING) -> Shape:
    """The shape that an annotation stands for."""
    if get_origin(annotation) is Annotated:
        annotation, field = get_args(annotation)
    if get_origin(annotation) in (Union, UnionType):
        (inner,) = (part for part in get_args(annotation) if part is not NoneType)
        return Maybe(shape_of(inner, field), field)
    if get_origin(annotation) is tuple:
        return Many(shape_of(get_args(annotation)[0]), field)
    if is_dataclass(annotation):
        assert isinstance(annotation, type), "a model is a class"
        return One(annotation, field)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return Word(annotation, field)
    if annotation is object and field.model is not None:
        return One(field.model, field)
    plain: dict[Any, type[Text | Whole | Flag | Anything]] = {str: Text, int: Whole, bool: Flag, object: Anything}
    return plain[annotation](field)


@cache  # as many as there are patterns
def compiled(pattern: str) -> re.Pattern[str]:
    """A member's pattern, ready to match whole texts."""
    return re.compile(pattern)
