"""What is asked and answered about links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from idis.proto.types.link import CONTEXT_CHARACTERS_MAX, HREF_CHARACTERS_MAX, TITLE_CHARACTERS_MAX
from idis.resolver.web.v1.detection_model import TEXT_CHARACTERS_MAX
from idis.resolver.web.v1.field import Field

HEADER_CHARACTERS_MAX = 1_024

_TEXT = Field("a scan, a number, a URL, a handle", "文本", 1, TEXT_CHARACTERS_MAX, example="https://id.gs1.org/01/06901234567892/21/42")


@dataclass(frozen=True, slots=True)
class LinksetParameters:
    """Whose links are wanted."""

    text: Annotated[str, _TEXT]


@dataclass(frozen=True, slots=True)
class ChoiceParameters:
    """Whose links are wanted, and what a client would rather have."""

    text: Annotated[str, _TEXT]
    link_type: Annotated[
        str | None, Field("type of link: CURIE, URI or relation", "链接类型", 1, 255, example="gs1:pip", name="linkType")
    ] = None
    context: Annotated[str | None, Field("where it is to hold", "适用范围", 1, CONTEXT_CHARACTERS_MAX, example="CN")] = None
    language: Annotated[
        str | None, Field("as Accept-Language", "语言", 1, HEADER_CHARACTERS_MAX, example="zh-CN,zh;q=0.9,en;q=0.5")
    ] = None
    accept: Annotated[str | None, Field("as Accept", "格式", 1, HEADER_CHARACTERS_MAX, example="text/html, */*;q=0.1")] = None


@dataclass(frozen=True, slots=True)
class LinksetModel:
    """A linkset (RFC 9264), as `application/linkset+json` has it."""

    linkset: Annotated[
        tuple[Annotated[object, Field("anchor, description, and a list of links for each type")], ...],
        Field("an entry for each level, the finest first", "链接集"),
    ]


@dataclass(frozen=True, slots=True)
class LinkModel:
    """A link."""

    type: Annotated[str, Field("what it leads to", "链接类型", example="gs1:pip")]
    href: Annotated[str, Field("where", "地址", 0, HREF_CHARACTERS_MAX)]
    title: Annotated[str, Field("for people", "标题", 0, TITLE_CHARACTERS_MAX)]


@dataclass(frozen=True, slots=True)
class LevelModel:
    """A level that records are known for."""

    anchor: Annotated[str, Field("its URI at this resolver", "标识 URI")]
    name: Annotated[str, Field("what it is called", "名称")]
    records: Annotated[tuple[str, ...], Field("who has this name", "标识记录")]
    recall: Annotated[bool, Field("whether it must not be used, or only after a check", "召回")]
    types: Annotated[tuple[str, ...], Field("types of its links", "链接类型")]


@dataclass(frozen=True, slots=True)
class ChoiceModel:
    """Which link is chosen, and why."""

    canonical: Annotated[str, Field("the name in its one spelling", "规范形式")]
    scheme: Annotated[str, Field("short name of its scheme", "标识体系", example="gs1")]
    node: Annotated[str, Field("who answers", "应答节点")]
    link: Annotated[LinkModel | None, Field("the one chosen; null where there is none, or a choice", "选定链接")]
    level: Annotated[str | None, Field("anchor of the level it stands at", "所在层级")]
    why: Annotated[str, Field("by which rule, or why there is none", "依据")]
    choices: Annotated[tuple[LinkModel, ...], Field("between which nothing in the request decides", "可选链接")]
    levels: Annotated[tuple[LevelModel, ...], Field("those that are known, the finest first", "层级")]
    compressed: Annotated[str | None, Field("the Digital Link compressed, for a small symbol", "压缩链接")]
    warnings: Annotated[tuple[str, ...], Field("what old decoders would read wrongly of it", "提示")]
