"""What is asked and answered about rows that are to become records of a template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from idis.registry.pilots.finding import Severity
from idis.resolver.web.v1.common_model import IDENTIFIER, PREFIX, SUFFIX_CHARACTERS_MAX, SUFFIX_PATTERN
from idis.resolver.web.v1.field import Field
from idis.resolver.web.v1.record_model import AliasModel
from idis.resolver.web.v1.value_model import ValueModel

CELLS_MAX = 300  # a pilot's object has some thirty fields, a derived template up to 200 more
CELL_CHARACTERS_MAX = 65_536  # a list of objects as JSON text; what a field takes, it says itself

TEMPLATE_SUFFIX = Field(
    "the name of the template", "模板名", 1, SUFFIX_CHARACTERS_MAX, SUFFIX_PATTERN, example="META_ship_plate-offshore"
)
CELL_FIELD = Field("its english or Chinese name", "字段名", 1, 200, example="thickness")


@dataclass(frozen=True, slots=True)
class TemplatePath:
    """A template in the path."""

    prefix: Annotated[str, PREFIX]
    suffix: Annotated[str, TEMPLATE_SUFFIX]


@dataclass(frozen=True, slots=True)
class CellModel:
    """One field of the row."""

    field: Annotated[str, CELL_FIELD]
    text: Annotated[str, Field("as in a table; empty is absent", "内容", 0, CELL_CHARACTERS_MAX, example="18")]


@dataclass(frozen=True, slots=True)
class RowBody:
    """A row, and what its record is to be called."""

    identifier: Annotated[str, IDENTIFIER]
    cells: Annotated[tuple[CellModel, ...], Field("the fields that are filled in", "字段", 1, CELLS_MAX)]


@dataclass(frozen=True, slots=True)
class FindingModel:
    """One thing that is wrong, or doubtful, with one field."""

    field: Annotated[str, Field("the field", "字段", example="thickness")]
    value: Annotated[str, Field("what it holds, shortened; empty when it is missing", "内容", example="8")]
    rule: Annotated[str, Field("the name of the rule", "规则", example="minimum")]
    message: Annotated[str, Field("what is wrong", "原因", example="must be at least 10 mm")]
    advice: Annotated[str, Field("what to do", "办法", example="correct the value or its unit")]
    severity: Annotated[Severity, Field("an error keeps the row out, a warning does not", "级别")]


@dataclass(frozen=True, slots=True)
class RowChecked:
    """What the checks say; of a valid row also what its record holds, as `PUT /records` takes it."""

    valid: Annotated[bool, Field("whether it may be registered", "是否有效")]
    findings: Annotated[tuple[FindingModel, ...], Field("errors and warnings", "检查结果")]
    values: Annotated[tuple[ValueModel, ...], Field("the values; none of an invalid row", "标识值")]
    aliases: Annotated[tuple[AliasModel, ...], Field("the second names; none of an invalid row", "别名")]
