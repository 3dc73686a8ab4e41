"""What is asked and answered about what a text is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from idis.proto.schemes.recognised import Confidence, Granularity
from idis.proto.schemes.scan import SCAN_BYTES_MAX
from idis.registry.prefix import PrefixState
from idis.resolver.web.v1.common_model import SUFFIX_CHARACTERS_MAX
from idis.resolver.web.v1.field import Field
from idis.resolver.web.v1.route_model import RouteModel

TEXTS_MAX = 1_000  # of a batch: some 20 ms of work
TEXT_CHARACTERS_MAX = SUFFIX_CHARACTERS_MAX  # what surely fits a request line

_TEXT = Field("a scan, a number, a URL, as it came", "文本", 0, SCAN_BYTES_MAX, example="IMO9074729")


@dataclass(frozen=True, slots=True)
class DetectParameters:
    """What is to be recognised."""

    text: Annotated[
        str, Field("a scan, a number, a URL; longer ones by POST", "文本", 0, TEXT_CHARACTERS_MAX, example="IMO9074729")
    ]


@dataclass(frozen=True, slots=True)
class DetectBody:
    """Many of them."""

    texts: Annotated[tuple[Annotated[str, _TEXT], ...], Field("answered in this order", "文本列表", most=TEXTS_MAX)]


@dataclass(frozen=True, slots=True)
class CheckModel:
    """One test that was made."""

    name: Annotated[str, Field("what was tested", "检验项", example="check digit")]
    ok: Annotated[bool, Field("whether it passed", "通过")]
    expected: Annotated[str, Field("what would be right, where that is known", "应为")] = ""


@dataclass(frozen=True, slots=True)
class AttributeModel:
    """What a text says beside the identity."""

    name: Annotated[str, Field("of what", "名称", example="10")]
    value: Annotated[str, Field("as the text has it", "值", example="LOT7")]


@dataclass(frozen=True, slots=True)
class RouteKeyModel:
    """By what an identifier is routed."""

    type: Annotated[str, Field("Handle, OID, DID, VAA, MA, Ecode, GS1, ARK, URL, ISO15459; alias", "编码类型", example="alias")]
    key: Annotated[str, Field("within the type", "前缀", example="imo:IMO9074729")]


@dataclass(frozen=True, slots=True)
class ReadingModel:
    """One reading of a text."""

    scheme: Annotated[str, Field("short name of the scheme", "标识体系", example="imo")]
    title: Annotated[str, Field("what people call it", "体系名称")]
    canonical: Annotated[str, Field("the one spelling that is stored and compared", "规范形式", example="IMO9074729")]
    display: Annotated[str, Field("as people write it", "显示形式")]
    granularity: Annotated[Granularity, Field("what kind of thing it names", "粒度")]
    confidence: Annotated[Confidence, Field("how sure that is, from the text alone", "置信度")]
    why: Annotated[str, Field("by which rule", "依据")]
    ok: Annotated[bool, Field("whether every check passed", "校验通过")]
    levels: Annotated[tuple[str, ...], Field("the same thing from finest to coarsest", "层级")]
    route: Annotated[RouteKeyModel | None, Field("by what it is routed", "路由")]
    checks: Annotated[tuple[CheckModel, ...], Field("the tests that were made", "校验")]
    attributes: Annotated[tuple[AttributeModel, ...], Field("what else the text says", "属性")]
    warnings: Annotated[tuple[str, ...], Field("what was accepted all the same", "提示")]
    suggestions: Annotated[tuple[str, ...], Field("what one wrong or two swapped digits would explain", "建议")]
    uri: Annotated[str, Field("as an absolute URI, where its scheme has one", "URI")]


@dataclass(frozen=True, slots=True)
class WhereModel:
    """Who answers for it, as far as this node knows by itself."""

    prefix: Annotated[str | None, Field("the nearest prefix that was granted, if one holds it", "标识前缀", example="88.118.8")]
    state: Annotated[PrefixState | None, Field("of that prefix", "前缀状态")]
    here: Annotated[bool, Field("whether this node has its records", "本节点")]
    servers: Annotated[tuple[str, ...], Field("ADDRESS:PORT of those who answer otherwise", "服务器")]
    records: Annotated[tuple[str, ...], Field("of this node that have the name; of several choose one", "标识")]
    route: Annotated[RouteModel | None, Field("the route that holds it, in use or not", "解析路由")]


@dataclass(frozen=True, slots=True)
class DetectionModel:
    """What a text is."""

    input: Annotated[str, Field("the text; empty when it looks like the number of a person", "输入")]
    readings: Annotated[tuple[ReadingModel, ...], Field("the surest first", "识别结果")]
    trouble: Annotated[str, Field("why there is no reading; else empty", "原因")]
    where: Annotated[WhereModel | None, Field("where the first reading would be asked, if that is known here", "解析位置")]


@dataclass(frozen=True, slots=True)
class DetectionsModel:
    """What many texts are."""

    results: Annotated[tuple[DetectionModel, ...], Field("one for each text, in their order", "结果")]
