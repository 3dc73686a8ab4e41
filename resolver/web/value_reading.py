"""Values as clients of the REST interface send them (`wire.md` §15): what `value_json.py` shows, read back."""

from __future__ import annotations

import json
from collections.abc import Mapping

from idis.proto.errors import DataError
from idis.proto.types.fields import json_list
from idis.proto.value import VALUES_PER_RECORD_MAX, Value
from idis.registry.value_json import value_from_json


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


def _value(item: object, position: int) -> Value:
    try:
        return value_from_json(item)
    except DataError as error:
        index = item.get("index") if isinstance(item, Mapping) else None
        shown = f"value {index}" if isinstance(index, int) else f"the value at place {position}"
        raise DataError(f"{shown}: {error}") from None
