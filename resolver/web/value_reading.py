"""Values as clients of the REST interface send them (`wire.md` §15): what `value_json.py` shows, read back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime

from idis.proto.errors import DataError
from idis.proto.types.fields import json_list, json_object, number_field, text_field
from idis.proto.types.table import compose
from idis.proto.value import (
    DEFAULT_PERMISSIONS,
    INDEX_MAX,
    REFERENCES_MAX,
    TTL_ABSOLUTE,
    TTL_RELATIVE,
    TTL_S_DEFAULT,
    VALUES_PER_RECORD_MAX,
    Reference,
    Value,
)

_U32_MAX = 2**32 - 1
_PERMISSIONS = re.compile(r"[01]{4}")


def read_json(octets: bytes) -> object:
    """The JSON of a request.

    Raises:
        DataError: it is none.
    """
    try:
        return json.loads(octets)
    except UnicodeDecodeError:
        raise DataError("the body is not UTF-8") from None
    except RecursionError:
        raise DataError("the body is nested too deeply") from None
    except ValueError as error:
        raise DataError(f"the body is not JSON: {error}") from None


def values_from_json(document: object) -> tuple[Value, ...]:
    """The values of a body: a list of them, an object with `values`, or one value.

    Raises:
        DataError: one sentence that names the value and the field.
    """
    if isinstance(document, Mapping) and "values" in document:
        document = document["values"]
    elif isinstance(document, Mapping):
        document = [document]
    items = json_list(document, "the body: an object with 'values', a list of values or one value is expected; it")
    if len(items) > VALUES_PER_RECORD_MAX:
        raise DataError(f"{len(items)} values are more than the {VALUES_PER_RECORD_MAX} a record can have")
    return tuple(_value(item, position) for position, item in enumerate(items, 1))


def value_from_json(document: object) -> Value:
    """One value; its timestamp is left to whoever writes it.

    Raises:
        DataError: a field is missing or wrong.
    """
    fields = json_object(document, "a value")
    index = number_field(fields, "index", INDEX_MAX)
    if not index:
        raise DataError(f"index must be a whole number from 1 to {INDEX_MAX}")
    kind = text_field(fields, "type")
    if "data" not in fields:
        raise DataError("data is missing")
    ttl_type, ttl = _ttl(fields.get("ttl", TTL_S_DEFAULT))
    return Value(
        index=index,
        type=kind,
        data=compose(kind, fields["data"]),
        ttl_type=ttl_type,
        ttl=ttl,
        permissions=_permissions(fields),
        references=_references(fields),
    )


def _value(item: object, position: int) -> Value:
    try:
        return value_from_json(item)
    except DataError as error:
        index = item.get("index") if isinstance(item, Mapping) else None
        shown = f"value {index}" if isinstance(index, int) else f"the value at place {position}"
        raise DataError(f"{shown}: {error}") from None


def _ttl(ttl: object) -> tuple[int, int]:
    """Type and number: seconds, or a point in time."""
    if isinstance(ttl, str) and not ttl.isdigit():
        try:
            seconds = int(datetime.fromisoformat(ttl.replace("Z", "+00:00")).timestamp())
        except (ValueError, OverflowError):
            raise DataError("ttl must be seconds, or a time like 2026-11-20T12:53:07Z") from None
        if 0 <= seconds <= _U32_MAX:
            return TTL_ABSOLUTE, seconds
        raise DataError("ttl is a time the protocol cannot tell")
    return TTL_RELATIVE, number_field({"ttl": ttl}, "ttl", _U32_MAX)


def _permissions(fields: Mapping[str, object]) -> int:
    if "permissions" not in fields:
        return int(DEFAULT_PERMISSIONS)
    text = fields["permissions"]
    if not isinstance(text, str) or not _PERMISSIONS.fullmatch(text):
        raise DataError("permissions must be four of 0 and 1: admin-read, admin-write, public-read, public-write")
    return int(text, 2)


def _references(fields: Mapping[str, object]) -> tuple[Reference, ...]:
    items = json_list(fields.get("references", []), "references")
    if len(items) > REFERENCES_MAX:
        raise DataError(f"a value has at most {REFERENCES_MAX} references")
    objects = [json_object(item, "a reference") for item in items]
    return tuple(Reference(text_field(one, "handle"), number_field(one, "index", _U32_MAX)) for one in objects)
