"""Models as the JSON that is answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from datetime import UTC, datetime
from enum import Enum

from idis.resolver.web.v1.field import members, word_of


def show(value: object) -> object:
    """The JSON of a model, of a list of them, or of a plain value."""
    if isinstance(value, Enum):
        return word_of(value)
    if is_dataclass(value):
        return {member.name: show(getattr(value, member.attribute)) for member in members(type(value))}
    if isinstance(value, Mapping):
        return {str(name): show(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [show(part) for part in value]
    return value


def iso_time(seconds: float) -> str:
    """Unix time as `2026-11-20T12:53:07Z`; with milliseconds where there are any."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds").replace("+00:00", "Z")
