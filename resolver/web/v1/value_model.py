"""The value of a record as `/api/v1` shows and takes it; the same form in both directions, so that what was read can be sent."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Annotated

from idis.proto.errors import DataError
from idis.proto.types.table import compose, describe
from idis.proto.value import (
    INDEX_MAX,
    TTL_ABSOLUTE,
    TTL_RELATIVE,
    TTL_S_DEFAULT,
    Reference,
    Value,
)
from idis.registry.registration.value_checks import TYPE_BYTES_MAX, usual_permissions
from idis.resolver.web.v1.field import BLANKS, Field
from idis.resolver.web.v1.reading import Unfit, read_time
from idis.resolver.web.v1.showing import iso_time

IDENTIFIER_CHARACTERS_MAX = 2_048  # as many as octets; whether it fits is judged with the octets
REFERENCES_MAX = 16


class DataFormat(Enum):
    """How the data of a value are written."""

    STRING = "string"
    BASE64 = "base64"
    HEX = "hex"
    ADMIN = "admin"
    VLIST = "vlist"
    SITE = "site"
    KEY = "key"


@dataclass(frozen=True, slots=True)
class Data:
    """The data of a value: text, octets, or the structure of its type."""

    format: Annotated[DataFormat, Field("how 'value' is written", "格式", example=DataFormat.STRING)]
    value: Annotated[
        object,
        Field(
            "a string for string, base64 and hex; an object for admin {handle, index, permissions}, site and key (JWK);"
            " a list of {handle, index} for vlist",
            "内容",
            example="https://example.com/p/1",
        ),
    ]


@dataclass(frozen=True, slots=True)
class ReferenceModel:
    """A pointer to another value."""

    handle: Annotated[str, Field("the identifier", "标识", 1, IDENTIFIER_CHARACTERS_MAX)]
    index: Annotated[int, Field("the index of its value", "索引", 0, INDEX_MAX)]


@dataclass(frozen=True, slots=True)
class ValueModel:
    """One numbered, typed element of a record."""

    index: Annotated[int, Field("its number in the record", "索引", 1, INDEX_MAX, example=1)]
    type: Annotated[str, Field("its type, without blanks", "类型", 1, TYPE_BYTES_MAX, f"[^{BLANKS}]+", example="URL")]
    data: Annotated[Data, Field("what it says", "数据")]
    ttl_s: Annotated[int, Field("how long a copy may be kept, in seconds; 172,800 at most count", "生存时间", 0, 2**32 - 1)] = (
        TTL_S_DEFAULT
    )
    expires: Annotated[str | None, Field("when copies end instead, whatever ttl_s says", "到期时间", form="date-time")] = None
    permissions: Annotated[
        str | None,
        Field(
            "four digits: administrators read, administrators write, all read, all write;"
            " without them 1110, and 1100 for HS_SECKEY",
            "权限",
            4,
            4,
            "[01]{4}",
            example="1110",
        ),
    ] = None
    references: Annotated[
        tuple[ReferenceModel, ...], Field("pointers of old records, kept as they are", "引用", most=REFERENCES_MAX)
    ] = ()
    written: Annotated[
        str | None, Field("when it was written; set by the node, and not read when sent", "写入时间", form="date-time")
    ] = None


def model_of(value: Value) -> ValueModel:
    """A value as it is shown."""
    data = describe(value.type, value.data)
    return ValueModel(
        index=value.index,
        type=value.type,
        data=Data(DataFormat(data["format"]), data["value"]),
        ttl_s=value.ttl if value.ttl_type == TTL_RELATIVE else TTL_S_DEFAULT,
        expires=iso_time(value.ttl) if value.ttl_type == TTL_ABSOLUTE else None,
        permissions=f"{value.permissions & 0xF:04b}",
        references=tuple(ReferenceModel(reference.handle, reference.index) for reference in value.references),
        written=iso_time(value.timestamp),
    )


def value_of(model: ValueModel, pointer: str) -> Value:
    """A value as it was sent.

    Args:
        model: what was sent.
        pointer: where.

    Raises:
        Unfit: its data are not in their format, or no data of its type.
    """
    try:
        data = compose(model.type, {"format": model.data.format.value, "value": model.data.value})
    except DataError as error:
        raise Unfit(f"{pointer}/data", str(error)) from None
    expires = None if model.expires is None else read_time(model.expires, f"{pointer}/expires")
    return Value(
        index=model.index,
        type=model.type,
        data=data,
        ttl=model.ttl_s if expires is None else expires,
        ttl_type=TTL_RELATIVE if expires is None else TTL_ABSOLUTE,
        permissions=usual_permissions(model.type) if model.permissions is None else int(model.permissions, 2),
        references=tuple(Reference(reference.handle, reference.index) for reference in model.references),
    )
