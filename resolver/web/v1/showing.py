"""Models as the JSON that is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import is_dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from operator import attrgetter
from typing import Any

from idis.resolver.web.v1.field import Flag, Many, Maybe, Shape, Text, Whole, Word, members, word_of


def show(value: object) -> object:
    """The JSON of a model, of a list of them, or of a plain value."""
    kind: Any = type(value)  # as every class it can be hashed, which mypy does not see
    shower: Callable[[Any], object] = _shower(kind)
    return shower(value)


# An answer may hold ten thousands of members: what is the same for all of one kind is found out once.

_PLAIN = frozenset((str, int, bool, float, type(None)))


@cache  # as many as there are models, and a few more
def _shower(kind: type[Any]) -> Callable[[Any], object]:
    """What shows values of one kind."""
    if kind in _PLAIN:
        return _as_it_is
    if issubclass(kind, Enum):
        return cache(word_of)  # of this enumeration alone: members of two of numbers may be equal
    if is_dataclass(kind):
        return _model_shower(kind)
    if issubclass(kind, Mapping):
        return _show_mapping
    return _show_many if issubclass(kind, list | tuple) else _as_it_is


def _as_it_is(value: object) -> object:
    return value


def _show_mapping(value: Mapping[object, object]) -> object:
    return {str(name): show(part) for name, part in value.items()}


def _show_many(values: Sequence[object]) -> object:
    return [part if type(part) in _PLAIN else show(part) for part in values]


def _model_shower(model: type[Any]) -> Callable[[Any], object]:
    """What shows a model: its members under their names on the wire, most of which are JSON as they are."""
    found = members(model)
    names = [member.name for member in found]
    others = [(member.name, how) for member in found if (how := _member_shower(member.shape)) is not None]
    if len(found) < 2:
        return lambda value: {member.name: show(getattr(value, member.attribute)) for member in found}
    parts = attrgetter(*(member.attribute for member in found))

    def shower(value: object) -> object:
        shown = dict(zip(names, parts(value), strict=True))
        for name, how in others:
            shown[name] = how(shown[name])
        return shown

    return shower


def _member_shower(shape: Shape) -> Callable[[Any], object] | None:
    """What shows a member of a shape; None where it is JSON as it is."""
    match shape:
        case Text() | Whole() | Flag():
            return None
        case Maybe():
            return None if _member_shower(shape.shape) is None else show
        case Word():
            return cache(word_of)  # of this enumeration alone: members of two of numbers may be equal
        case Many():
            return list if _member_shower(shape.item) is None else _show_many
    return show


def iso_time(seconds: float) -> str:
    """Unix time as `2026-11-20T12:53:07Z`; with milliseconds where there are any."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds").replace("+00:00", "Z")
