"""Records in the JSON form of the REST interface (`wire.md` §15), one object per line, in both directions.

Three members are ours, each left out when it has nothing to say: `aliases`, the record's second names; `disabled`; and
`partial`, which says that restricted values were left out, so that the line must not replace the whole record.
Timestamps are shown and not read: the registry sets them on every write.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache

from idis.proto.codes import ResponseCode
from idis.proto.errors import DataError
from idis.proto.types.fields import json_list
from idis.proto.types.table import compose, describe
from idis.proto.types.text import octets_to_json
from idis.proto.value import (
    TTL_ABSOLUTE,
    TTL_RELATIVE,
    VALUES_PER_RECORD_MAX,
    Value,
    decode_values,
)
from idis.registry.pilots.finding import Finding
from idis.registry.readers import NOTHING_LISTED, mark
from idis.registry.record import Alias, PreparedRecord, Record, RecordFlag, StoredRecord, prepare
from idis.registry.registration.value_checks import shows_secret, usual_permissions
from idis.registry.value_json import value_from_json

_PERMISSION_DIGITS = 4
_SHOWN_MAX = 80


def rest_of_record(record: StoredRecord, *, restricted: bool) -> dict[str, object]:
    """The object of a record; values without public-read only when `restricted`."""
    left_out = record.withholds and not restricted
    values = decode_values(record.public) if left_out else tuple(sorted(record.values, key=lambda value: value.index))
    row: dict[str, object] = {"responseCode": int(ResponseCode.SUCCESS), "handle": record.identifier}
    row["values"] = [rest_of_value(value) for value in values]
    if record.aliases:
        row["aliases"] = [[alias.scheme, alias.local_id] for alias in record.aliases]
    if record.flags & RecordFlag.DISABLED:
        row["disabled"] = True
    if left_out:
        row["partial"] = True
    return row


def rest_of_value(value: Value) -> dict[str, object]:
    """The object of a value; permissions and references only when they are unusual."""
    shown: dict[str, object] = {"index": value.index, "type": value.type, "data": _faithful(value)}
    if value.ttl_type == TTL_ABSOLUTE:
        shown["ttl"] = _iso(value.ttl)
    elif value.ttl_type == TTL_RELATIVE:
        shown["ttl"] = value.ttl
    shown["timestamp"] = _iso(value.timestamp)
    if value.permissions != usual_permissions(value.type):
        shown["permissions"] = format(value.permissions & 0xF, f"0{_PERMISSION_DIGITS}b")
    if value.references:
        shown["references"] = [{"handle": item.handle, "index": item.index} for item in value.references]
    return shown


def record_of_rest(identifier: str, row: Mapping[str, object], now: int) -> PreparedRecord | Finding:
    """The record of an object whose handle has been judged already, or why there is none."""
    field = "values"
    try:
        values = values_of_rest(row.get("values"))
        field = "aliases"
        record = Record(identifier, values, _aliases(row.get("aliases", ())))
    except DataError as error:
        return Finding(field, str(row.get(field, ""))[:_SHOWN_MAX], "rest-form", str(error), "see 'idis export' for the form")
    # What it keeps from others it says itself; what its template does is the node's to know.
    prepared = prepare(replace(record, values=mark(record.values, NOTHING_LISTED)), now)
    if row.get("disabled") is True:
        prepared = replace(prepared, flags=prepared.flags | RecordFlag.DISABLED)
    return prepared


def values_of_rest(shown: object) -> tuple[Value, ...]:
    """The values of a list of objects.

    Raises:
        DataError: one of them is none, or they do not make a record; the sentence says which and why.
    """
    values = []
    for at, item in enumerate(json_list(shown, "values"), start=1):
        try:
            values.append(value_from_json(item))
        except DataError as error:
            raise DataError(f"values[{at}]: {error}") from None
    _check_values(values)
    return tuple(values)


def _check_values(values: list[Value]) -> None:
    if not values:
        raise DataError("a record has at least one value")
    if len(values) > VALUES_PER_RECORD_MAX:
        raise DataError(f"a record has at most {VALUES_PER_RECORD_MAX:,} values")
    seen: set[int] = set()
    for value in values:
        if value.index in seen:
            raise DataError(f"index {value.index} occurs twice")
        if shows_secret(value):
            raise DataError(f"value {value.index} is a secret ({value.type}) that all could read: give it the permissions 1100")
        seen.add(value.index)


def _aliases(shown: object) -> tuple[Alias, ...]:
    pairs = [json_list(item, "an alias") for item in json_list(shown, "aliases")]
    aliases = []
    for pair in pairs:
        if len(pair) != 2 or not all(isinstance(part, str) and part and "\x00" not in part for part in pair):
            raise DataError("an alias is a scheme and a name")
        aliases.append(Alias(str(pair[0]), str(pair[1])))
    return tuple(aliases)


def _faithful(value: Value) -> dict[str, object]:
    """The described data, or plain octets where the description would not give the same octets back."""
    shown = describe(value.type, value.data)
    if shown["format"] != "key":
        return shown
    try:
        return shown if compose(value.type, shown) == value.data else octets_to_json(value.data)
    except DataError:
        return octets_to_json(value.data)


@lru_cache(maxsize=1_024)  # the values of a record share their timestamp, and so do the records of an import
def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
