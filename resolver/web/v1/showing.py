"""Models as the JSON that is answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache, lru_cache
from typing import Any

from idis.resolver.web.v1.field import members, word_of


def show(value: object) -> object:
    """The JSON of a model, of a list of them, or of a plain value."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if isinstance(value, Enum):
        return _word(value)
    if is_dataclass(kind):
        return {name: show(getattr(value, attribute)) for name, attribute in _names(kind)}
    if isinstance(value, Mapping):
        return {str(name): show(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [show(part) for part in value]
    return value


# An answer may hold ten thousands of members: what is the same for all of one kind is found out once.

_PLAIN = frozenset((str, int, bool, float, type(None)))
_word = lru_cache(maxsize=None, typed=True)(word_of)  # members of two enumerations of numbers may be equal


@cache
def _names(model: type[Any]) -> tuple[tuple[str, str], ...]:
    """Names on the wire, and attributes, of a model."""
    return tuple((member.name, member.attribute) for member in members(model))


def iso_time(seconds: float) -> str:
    """Unix time as `2026-11-20T12:53:07Z`; with milliseconds where there are any."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds").replace("+00:00", "Z")
