"""What values are refused for: their indexes, types, sizes and structure, and what may not be touched (`trust.md` §7)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from idis.proto.codes import Permission, ResponseCode
from idis.proto.errors import DataError
from idis.proto.identifier import fold
from idis.proto.message import MESSAGE_BYTES_MAX
from idis.proto.statement import NODE_FLAG_TYPE, is_node_flag
from idis.proto.types.table import check_data
from idis.proto.value import DEFAULT_PERMISSIONS, INDEX_MAX, VALUES_PER_RECORD_MAX, Value
from idis.proto.wire import ARRAY_BYTES_MAX
from idis.registry.permission import changeable
from idis.registry.readers import READERS_INDEX, READERS_TYPE
from idis.registry.record import PreparedRecord
from idis.registry.registration.checks import Refusal

VALUE_BYTES_DEFAULT_MAX = 65_536  # what a prefix allows unless its operator says otherwise; larger things belong behind a URL
VALUE_BYTES_MAX = ARRAY_BYTES_MAX  # the protocol's own limit
RECORD_BYTES_MAX = MESSAGE_BYTES_MAX - 8_192  # so that one message can carry it with identifier, digest and explanation
TYPE_BYTES_MAX = 255  # the usual limit of names; bounds the comparison of types
SECRET_TYPES = frozenset({"HS_SECKEY"})  # whoever can read one can act as its owner (`wire.md` §9)
SECRET_PERMISSIONS = Permission.ADMIN_READ | Permission.ADMIN_WRITE
RESERVED_INDEXES = {1001: "TEMPLATE", READERS_INDEX: READERS_TYPE}  # written by the node, never by its clients (`domain.md` §7)


def usual_permissions(type_name: str) -> int:
    """The permissions of a value about which nothing is said: a secret is its owner's, anything else is public."""
    return int(SECRET_PERMISSIONS if fold(type_name) in SECRET_TYPES else DEFAULT_PERMISSIONS)


def shows_secret(value: Value) -> bool:
    """Whether everybody could read what must stay its owner's."""
    return fold(value.type) in SECRET_TYPES and value.public


def refuse_values(values: Sequence[Value], value_bytes_max: int) -> Refusal | None:
    """What forbids values that a client sends: each by itself, and together."""
    seen: set[int] = set()
    for value in values:
        if refusal := _refuse_value(value, min(value_bytes_max, VALUE_BYTES_MAX)):
            return refusal
        if value.index in seen:
            return Refusal(ResponseCode.INVALID_VALUE, f"index {value.index} is given twice")
        seen.add(value.index)
    return refuse_reserved(values)


def _refuse_value(value: Value, value_bytes_max: int) -> Refusal | None:
    if not 0 < value.index <= INDEX_MAX:
        return Refusal(ResponseCode.INVALID_VALUE, f"index {value.index} is out of range: 1 to {INDEX_MAX}")
    name = value.type.encode("utf-8", "replace")
    if not 0 < len(name) <= TYPE_BYTES_MAX or not value.type.isprintable() or " " in value.type:
        return Refusal(ResponseCode.INVALID_VALUE, f"value {value.index}: a type is 1 to {TYPE_BYTES_MAX} octets without blanks")
    if len(value.data) > value_bytes_max:
        return Refusal(
            ResponseCode.INVALID_VALUE,
            f"value {value.index} has {len(value.data)} octets (at most {value_bytes_max}): put large data behind a URL",
        )
    if not 0 <= value.permissions <= 15 or not 0 <= value.ttl < 2**32:
        return Refusal(ResponseCode.INVALID_VALUE, f"value {value.index}: permissions are four bits, a TTL is 0 to 4294967295")
    if shows_secret(value):
        return Refusal(
            ResponseCode.INVALID_VALUE,
            f"value {value.index} is a secret ({value.type}) that everybody could read: give it the permissions 1100",
        )
    try:
        check_data(value.type, value.data)
    except DataError as error:
        return Refusal(ResponseCode.INVALID_VALUE, f"value {value.index}: {error}")
    return None


def refuse_reserved(values: Iterable[Value]) -> Refusal | None:
    """What forbids touching values that only the node writes."""
    for value in values:
        if name := node_name(value):
            told = f"index {value.index} ({name}) is written by the node only: use another one"
            return Refusal(ResponseCode.INVALID_VALUE, told)
    return None


def node_name(value: Value) -> str:
    """What a value is that only the node writes; empty for all others."""
    return NODE_FLAG_TYPE if is_node_flag(value) else RESERVED_INDEXES.get(value.index, "")


def refuse_read_only(values: Iterable[Value]) -> Refusal | None:
    """What forbids changing or removing these stored values."""
    locked = next((value for value in values if not changeable(value.permissions)), None)
    if locked is None:
        return None
    return Refusal(
        ResponseCode.INSUFFICIENT_PERMISSIONS, f"value {locked.index} has no admin-write and is read-only for everybody"
    )


def fit(prepared: PreparedRecord, values: int) -> PreparedRecord | Refusal:
    """The record, unless it has more values or octets than one message carries."""
    octets = len(prepared.public) + len(prepared.restricted)
    if values > VALUES_PER_RECORD_MAX:
        return Refusal(ResponseCode.INVALID_VALUE, f"{values} values, at most {VALUES_PER_RECORD_MAX} are allowed")
    if octets > RECORD_BYTES_MAX:
        return Refusal(
            ResponseCode.INVALID_VALUE,
            f"a record of {octets} octets fits no message (at most {RECORD_BYTES_MAX}): put large data behind a URL",
        )
    return prepared
