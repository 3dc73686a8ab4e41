"""Reading fields of JSON that a person or a program sent: each one is there and of its kind, or one sentence says why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from idis.proto.errors import DataError


def json_object(data: object, what: str) -> Mapping[str, object]:
    """`data` as an object."""
    if not isinstance(data, Mapping):
        raise DataError(f"{what} must be an object")
    return cast("Mapping[str, object]", data)


def json_list(data: object, what: str) -> Sequence[object]:
    """`data` as a list."""
    if not isinstance(data, list | tuple):
        raise DataError(f"{what} must be a list")
    return cast("Sequence[object]", data)


def text_field(data: Mapping[str, object], name: str) -> str:
    """A string that has octets in UTF-8."""
    value = data.get(name)
    if not isinstance(value, str):
        raise DataError(f"{name} must be a string")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise DataError(f"{name} holds half a surrogate pair") from None
    return value


def number_field(data: Mapping[str, object], name: str, most: int, default: int | None = None) -> int:
    """A whole number from 0 to `most`, given as a number or in digits; `default` stands in when it is absent."""
    value = data.get(name, default)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 20:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise DataError(f"{name} must be a whole number from 0 to {most}")
    return value


def flag_field(data: Mapping[str, object], name: str, default: bool = False) -> bool:
    """A truth value."""
    value = data.get(name, default)
    if not isinstance(value, bool):
        raise DataError(f"{name} must be true or false")
    return value
