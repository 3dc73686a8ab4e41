"""What is asked and answered about batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from idis.proto.batch import BATCH_ITEMS_MAX, Verb
from idis.proto.value import INDEX_MAX, VALUES_PER_RECORD_MAX
from idis.resolver.web.v1.common_model import IDENTIFIER
from idis.resolver.web.v1.field import Field
from idis.resolver.web.v1.value_model import Data, DataFormat, ValueModel

_INDEX = Field("an index", "索引", 1, INDEX_MAX, example=1)
_URL = ValueModel(1, "URL", Data(DataFormat.STRING, "https://example.com/p/1"))


@dataclass(frozen=True, slots=True)
class BatchItemModel:
    """One change."""

    verb: Annotated[
        Verb,
        Field(
            "create, replace, delete; add, modify, remove values; disable, enable values, or without indexes all",
            "操作",
            example=Verb.CREATE,
        ),
    ]
    identifier: Annotated[str, IDENTIFIER]
    values: Annotated[
        tuple[ValueModel, ...],
        Field("for create, replace, add and modify", "值", most=VALUES_PER_RECORD_MAX, example=(_URL,)),
    ] = ()
    indexes: Annotated[
        tuple[Annotated[int, _INDEX], ...], Field("for remove, disable and enable", "索引", most=VALUES_PER_RECORD_MAX)
    ] = ()


@dataclass(frozen=True, slots=True)
class BatchModel:
    """A batch."""

    items: Annotated[tuple[BatchItemModel, ...], Field("done in this order", "列表", most=BATCH_ITEMS_MAX)]


@dataclass(frozen=True, slots=True)
class ItemResultModel:
    """What became of one change."""

    identifier: Annotated[str, IDENTIFIER]
    code: Annotated[int, Field("the response code; 1 for what was done", "响应码", 0, example=1)]
    version: Annotated[int, Field("of the record; 0 when nothing was done", "版本", 0)]
    detail: Annotated[str, Field("one sentence when it was refused", "原因")]


@dataclass(frozen=True, slots=True)
class BatchDone:
    """What became of a batch."""

    results: Annotated[tuple[ItemResultModel, ...], Field("one for each item, in their order", "结果")]
    repeated: Annotated[bool, Field("these are the results of an earlier request with the same key", "重复请求")]
