"""What is asked and answered about templates that are derived, and rows that are to become records of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from idis.registry.pilots.derivation import OWN_FIELDS_MAX
from idis.registry.pilots.derived_field import TYPES, UNIT_CHARACTERS_MAX, WORDS_MAX
from idis.registry.pilots.finding import Severity
from idis.registry.pilots.schema import FIELD_NAME_LENGTH_MAX, TEXT_LENGTH_MAX
from idis.resolver.web.v1.common_model import IDENTIFIER, PREFIX, SUFFIX_CHARACTERS_MAX, SUFFIX_PATTERN
from idis.resolver.web.v1.field import Field
from idis.resolver.web.v1.record_model import AliasModel
from idis.resolver.web.v1.value_model import ValueModel

CELLS_MAX = 300  # a pilot's object has some thirty fields, a derived template up to 200 more
CELL_CHARACTERS_MAX = 65_536  # a list of objects as JSON text; what a field takes, it says itself

ENGLISH_NAME = Field("its English name, in lowerCamel", "英文名", 1, FIELD_NAME_LENGTH_MAX, example="coating", name="englishName")
CHINESE_NAME = Field("its Chinese name", "中文名", 1, FIELD_NAME_LENGTH_MAX, example="涂层厚度", name="chineseName")
REQUIRED = Field("every record must have it", "必填")
RANGE = Field("of numbers: [10,80], (0,80] or [10,)", "取值范围", 1, 90, example="(0,500]")
LENGTH = Field("of texts: the most characters", "最大长度", 1, TEXT_LENGTH_MAX, name="maxLength")
CODES = Field("a list of codes, or an object of codes with their Chinese labels", "代码表", example=("F40", "F60"))

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
class NarrowedBody:
    """A field of the base that takes less: what is left out stays as it is."""

    english_name: Annotated[str, ENGLISH_NAME]
    required: Annotated[bool | None, REQUIRED] = None
    range: Annotated[str | None, RANGE] = None
    max_length: Annotated[int | None, LENGTH] = None
    codes: Annotated[object, CODES] = None


@dataclass(frozen=True, slots=True)
class OwnFieldBody:
    """A field that the enterprise adds. Its name and type are for ever; its index is given to it."""

    english_name: Annotated[str, ENGLISH_NAME]
    chinese_name: Annotated[str, CHINESE_NAME]
    type: Annotated[str, Field(f"one of {', '.join(TYPES)}", "数据类型", 1, 10, example="N")]
    required: Annotated[bool | None, REQUIRED] = None
    range: Annotated[str | None, RANGE] = None
    max_length: Annotated[int | None, LENGTH] = None
    codes: Annotated[object, CODES] = None
    unit: Annotated[str | None, Field("of numbers", "单位", 1, UNIT_CHARACTERS_MAX, example="um")] = None
    references: Annotated[
        tuple[Annotated[str, Field("an object of the pilot", example="plate")], ...] | None,
        Field("what a reference may lead to; any object where none is named", "引用对象", 0, OWN_FIELDS_MAX),
    ] = None
    definition: Annotated[str | None, Field("what it means", "定义", 1, WORDS_MAX)] = None
    default: Annotated[str | None, Field("of records that do not say", "默认值", 1, TEXT_LENGTH_MAX)] = None
    private: Annotated[bool | None, Field("it is not for the public", "不公开")] = None


@dataclass(frozen=True, slots=True)
class DerivationBody:
    """A template of an enterprise's own: the same JSON as the file of 'idis pilot derive'."""

    base_on: Annotated[
        str,
        Field(
            "the template of a pilot; below the same prefix unless it names another",
            "基础模板",
            1,
            300,
            example="META_ship_plate",
            name="baseOn",
        ),
    ]
    name: Annotated[str, Field("small letters and digits, behind the name of the base", "名称", 1, 30, example="offshore")]
    chinese_name: Annotated[str, CHINESE_NAME]
    description: Annotated[str | None, Field("what it is for", "说明", 1, 1_000)] = None
    fields: Annotated[tuple[OwnFieldBody, ...], Field("the fields that are added", "新增字段", 0, OWN_FIELDS_MAX)] = ()
    narrowed: Annotated[tuple[NarrowedBody, ...], Field("the fields that take less", "收窄字段", 0, OWN_FIELDS_MAX)] = ()


@dataclass(frozen=True, slots=True)
class OwnFieldModel:
    """A field of its own as it was registered."""

    item_index: Annotated[int, Field("where its values lie in each record", "索引", 1, name="itemIndex")]
    english_name: Annotated[str, ENGLISH_NAME]


@dataclass(frozen=True, slots=True)
class DerivedModel:
    """A derived template as it is registered now."""

    template: Annotated[str, Field("its identifier", "模板标识", example="88.118.8/META_ship_plate-offshore")]
    base_on: Annotated[str, Field("what it was derived from", "基础模板", name="baseOn")]
    version: Annotated[int, Field("of the template", "版本", 1)]
    changed: Annotated[bool, Field("whether this call changed it", "是否变更")]
    fields: Annotated[tuple[OwnFieldModel, ...], Field("its own fields", "新增字段")]
    narrowed: Annotated[tuple[str, ...], Field("english names of the fields that take less", "收窄字段")]
    disabled: Annotated[tuple[str, ...], Field("english names of the fields that are switched off", "停用字段")]


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
