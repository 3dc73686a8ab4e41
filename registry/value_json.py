"""One value in the JSON form of the REST interface (`wire.md` §15), as clients send it and files hold it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from idis.proto.errors import DataError
from idis.proto.types.fields import json_list, json_object, number_field, text_field
from idis.proto.types.table import compose
from idis.proto.value import INDEX_MAX, REFERENCES_MAX, TTL_ABSOLUTE, TTL_RELATIVE, TTL_S_DEFAULT, Reference, Value
from idis.proto.wire import ARRAY_BYTES_MAX
from idis.registry.registration.value_checks import usual_permissions

_U32_MAX = 2**32 - 1
_PERMISSIONS = re.compile(r"[01]{4}")


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
    data = compose(kind, fields["data"])
    if len(data) > ARRAY_BYTES_MAX:
        raise DataError(f"the data of value {index} are longer than {ARRAY_BYTES_MAX:,} octets")
    ttl_type, ttl = _ttl(fields.get("ttl", TTL_S_DEFAULT))
    return Value(
        index=index,
        type=kind,
        data=data,
        ttl_type=ttl_type,
        ttl=ttl,
        permissions=_permissions(fields["permissions"]) if "permissions" in fields else usual_permissions(kind),
        references=_references(fields.get("references", [])),
    )


def _ttl(ttl: object) -> tuple[int, int]:
    """Type and number: seconds, or a point in time."""
    if isinstance(ttl, str) and not ttl.isdigit():
        try:
            moment = datetime.fromisoformat(ttl)
            seconds = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
        except (ValueError, OverflowError):
            raise DataError("ttl must be seconds, or a time like 2026-11-20T12:53:07Z") from None
        if not 0 <= seconds <= _U32_MAX:
            raise DataError("ttl lies outside 1970 to 2106")
        return TTL_ABSOLUTE, seconds
    return TTL_RELATIVE, number_field({"ttl": ttl}, "ttl", _U32_MAX)


def _permissions(digits: object) -> int:
    if not isinstance(digits, str) or not _PERMISSIONS.fullmatch(digits):
        raise DataError("permissions must be four binary digits: admin-read, admin-write, public-read, public-write")
    return int(digits, 2)


def _references(shown: object) -> tuple[Reference, ...]:
    items = json_list(shown, "references")
    if len(items) > REFERENCES_MAX:
        raise DataError(f"a value has at most {REFERENCES_MAX} references")
    objects: list[Mapping[str, object]] = [json_object(item, "a reference") for item in items]
    return tuple(Reference(text_field(one, "handle"), number_field(one, "index", _U32_MAX)) for one in objects)
