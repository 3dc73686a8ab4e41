"""What is asked and answered about records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from idis.proto.value import INDEX_MAX, VALUES_PER_RECORD_MAX
from idis.registry.readers import LISTS_MAX, READERS_MAX
from idis.resolver.web.v1.common_model import CURSOR, IDENTITY, LIMIT, PAGE_ITEMS_DEFAULT, PREFIX, SUFFIX, VERSION
from idis.resolver.web.v1.field import Field
from idis.resolver.web.v1.value_model import Data, DataFormat, ValueModel

INDEXES_MAX = 64  # in one question
ALIASES_MAX = 32

_IDENTIFIER = Field("as registered", "标识", example="88.118.8/A1")
_INDEX = Field("an index", "索引", 1, INDEX_MAX, example=1)
_REMOVE = Field("indexes to free; one that is free already is no error", "删除", most=VALUES_PER_RECORD_MAX, example=(3,))
_URL = ValueModel(1, "URL", Data(DataFormat.STRING, "https://example.com/p/1"), permissions="1110")


@dataclass(frozen=True, slots=True)
class RecordPath:
    """A record, named in the path."""

    prefix: Annotated[str, PREFIX]
    suffix: Annotated[str, SUFFIX]


@dataclass(frozen=True, slots=True)
class GetRecordParameters:
    """Which record, and which of its values."""

    prefix: Annotated[str, PREFIX]
    suffix: Annotated[str, SUFFIX]
    index: Annotated[
        tuple[Annotated[int, _INDEX], ...], Field("only the values at these indexes; repeatable", "索引", most=INDEXES_MAX)
    ] = ()


@dataclass(frozen=True, slots=True)
class ListRecordsParameters:
    """Whose records, and which page of them."""

    prefix: Annotated[str, PREFIX]
    cursor: Annotated[str | None, CURSOR] = None
    limit: Annotated[int, LIMIT] = PAGE_ITEMS_DEFAULT


@dataclass(frozen=True, slots=True)
class AliasModel:
    """A second name of a record in another scheme."""

    scheme: Annotated[str, Field("the scheme", "方案", 1, 50, r"[!-~]+", example="vin")]
    name: Annotated[str, Field("the name in it", "名称", 1, 255, r"[^\u0000-\u001f\u007f-\u009f]+", example="LSVAM4187C2184841")]


@dataclass(frozen=True, slots=True)
class ReadersModel:
    """Who may read a value, beside its administrators."""

    index: Annotated[int, _INDEX]
    readers: Annotated[
        tuple[Annotated[str, IDENTITY], ...] | None,
        Field(
            "identities and groups; none: administrators only; null: no list, whoever the permissions allow",
            "读者",
            most=READERS_MAX,
        ),
    ]


@dataclass(frozen=True, slots=True)
class RecordModel:
    """A record as whoever asks may see it."""

    identifier: Annotated[str, _IDENTIFIER]
    values: Annotated[tuple[ValueModel, ...], Field("those that are shown to you, ascending by index", "值")]
    version: Annotated[int | None, Field("rises with every change; shown to administrators of the record", "版本", 0)]
    aliases: Annotated[tuple[AliasModel, ...], Field("second names; shown to administrators of the record", "别名")]
    readers: Annotated[tuple[ReadersModel, ...], Field("its own readers' lists; shown to administrators", "读者")]
    off: Annotated[tuple[int, ...], Field("indexes of values that are switched off; shown to administrators", "停用的值")]
    disabled: Annotated[bool, Field("whether all of it is switched off; only administrators see such a record", "停用")]


@dataclass(frozen=True, slots=True)
class PutRecord:
    """What the record is to be."""

    values: Annotated[tuple[ValueModel, ...], Field("all its values", "值", 1, VALUES_PER_RECORD_MAX, example=(_URL,))]
    aliases: Annotated[
        tuple[AliasModel, ...] | None, Field("its second names; without this member those it has stay", "别名", most=ALIASES_MAX)
    ] = None


@dataclass(frozen=True, slots=True)
class PatchValues:
    """What is to change; all of it, or nothing."""

    values: Annotated[
        tuple[ValueModel, ...],
        Field("values to add, or to put in the place of others", "新值", most=VALUES_PER_RECORD_MAX, example=(_URL,)),
    ] = ()
    remove: Annotated[tuple[Annotated[int, _INDEX], ...], _REMOVE] = ()


@dataclass(frozen=True, slots=True)
class PatchRecord:
    """What is to change, in this order; all of it, or nothing."""

    values: Annotated[
        tuple[ValueModel, ...],
        Field("values to add, or to put in the place of others", "新值", most=VALUES_PER_RECORD_MAX, example=(_URL,)),
    ] = ()
    remove: Annotated[tuple[Annotated[int, _INDEX], ...], _REMOVE] = ()
    enable: Annotated[
        tuple[Annotated[int, _INDEX], ...], Field("values to switch on again", "启用", most=VALUES_PER_RECORD_MAX)
    ] = ()
    disable: Annotated[
        tuple[Annotated[int, _INDEX], ...],
        Field("values to switch off: kept, and answered as if they were not there", "停用", most=VALUES_PER_RECORD_MAX),
    ] = ()
    readers: Annotated[
        tuple[ReadersModel, ...],
        Field(
            "who may read which value; of a metadata template, the values at that index in all its records",
            "读者",
            most=LISTS_MAX,
        ),
    ] = ()
    disabled: Annotated[
        bool | None, Field("switch the whole record off or on; off, it is kept and answered as absent", "停用记录")
    ] = None


@dataclass(frozen=True, slots=True)
class RecordWritten:
    """The record as it stands now."""

    identifier: Annotated[str, _IDENTIFIER]
    version: Annotated[int, VERSION]
    changed: Annotated[bool, Field("false when it was so already", "是否变更")]


@dataclass(frozen=True, slots=True)
class RecordLine:
    """One record of a list."""

    identifier: Annotated[str, _IDENTIFIER]
    version: Annotated[int, VERSION]
    disabled: Annotated[bool, Field("whether it is switched off: kept, but answered as absent", "停用")]


@dataclass(frozen=True, slots=True)
class RecordPage:
    """One page of the records below a prefix."""

    items: Annotated[tuple[RecordLine, ...], Field("in the order of their suffixes; a page may be short of its limit", "列表")]
    next: Annotated[str | None, Field("the cursor of the next page; null at the end", "下一页")]
