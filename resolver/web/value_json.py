"""A value as the REST interface shows it (`wire.md` §15)."""

from __future__ import annotations

from datetime import UTC, datetime

from idis.proto.types.table import describe
from idis.proto.value import DEFAULT_PERMISSIONS, TTL_ABSOLUTE, Value


def value_json(value: Value) -> dict[str, object]:
    """The JSON object of a value; permissions and references appear only when they are unusual."""
    shown: dict[str, object] = {
        "index": value.index,
        "type": value.type,
        "data": describe(value.type, value.data),
        "ttl": iso_time(value.ttl) if value.ttl_type == TTL_ABSOLUTE else value.ttl,
        "timestamp": iso_time(value.timestamp),
    }
    if value.permissions != DEFAULT_PERMISSIONS:
        shown["permissions"] = f"{value.permissions & 0xF:04b}"
    if value.references:
        shown["references"] = [{"handle": reference.handle, "index": reference.index} for reference in value.references]
    return shown


def iso_time(seconds: int) -> str:
    """Unix time as `2026-11-20T12:53:07Z`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
