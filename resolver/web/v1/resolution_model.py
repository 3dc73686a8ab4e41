"""What is asked and answered about what a text leads to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from idis.proto.types.successor import NOTE_CHARACTERS_MAX, SuccessionKind
from idis.resolver.web.v1.detection_model import ReadingModel
from idis.resolver.web.v1.field import Field
from idis.resolver.web.v1.route_model import TEXT, RouteModel
from idis.resolver.web.v1.value_model import ValueModel


@dataclass(frozen=True, slots=True)
class ResolveParameters:
    """What is to be resolved."""

    text: Annotated[str, TEXT]
    follow: Annotated[bool, Field("go on to what stands in its place, where it has ended", "跟随替代")] = False


@dataclass(frozen=True, slots=True)
class SuccessionModel:
    """What became of an identifier."""

    identifier: Annotated[str, Field("the identifier that ended", "标识")]
    kind: Annotated[SuccessionKind, Field("how it ended", "变更类型")]
    successors: Annotated[tuple[str, ...], Field("what stands in its place", "后继标识")]
    date: Annotated[str, Field("on that day", "日期", form="date", example="2026-11-26")]
    note: Annotated[str, Field("one line for people", "说明", 0, NOTE_CHARACTERS_MAX)]


@dataclass(frozen=True, slots=True)
class HolderModel:
    """A record of this node that has a name."""

    identifier: Annotated[str, Field("as registered", "标识", example="88.118.8/A1")]
    owner: Annotated[str, Field("of its prefix", "所有者")]
    level: Annotated[int, Field("how many levels coarser than what was asked for", "层级差", 0)]


@dataclass(frozen=True, slots=True)
class TextParameters:
    """Which name is meant."""

    text: Annotated[str, TEXT]


@dataclass(frozen=True, slots=True)
class HoldersModel:
    """Who has a name."""

    canonical: Annotated[str, Field("the name in its one spelling; empty when it is none", "规范形式")]
    holders: Annotated[tuple[HolderModel, ...], Field("records of this node; of several choose one", "持有记录")]


@dataclass(frozen=True, slots=True)
class NameModel:
    """What something is called in another scheme."""

    scheme: Annotated[str, Field("short name of the scheme", "标识体系", example="imo")]
    name: Annotated[str, Field("in its one spelling", "规范形式", example="IMO9074729")]


@dataclass(frozen=True, slots=True)
class NamesModel:
    """What a record is called in other schemes."""

    identifier: Annotated[str, Field("the record", "标识", example="88.118.8/A1")]
    names: Annotated[tuple[NameModel, ...], Field("in their order", "别名")]


@dataclass(frozen=True, slots=True)
class ResolutionModel:
    """What is known of a text."""

    text: Annotated[str, Field("as it came; empty when it looks like the number of a person", "文本")]
    reading: Annotated[ReadingModel | None, Field("the one that was resolved", "识别结果")]
    identifier: Annotated[str | None, Field("of the record or prefix that answers, if it is one", "标识")]
    code: Annotated[int, Field("the response code: 1 found, 100 not found, 200 no values", "应答码")]
    message: Annotated[str, Field("one sentence; empty when it was found", "说明")]
    values: Annotated[tuple[ValueModel, ...], Field("those that everybody may see", "值")]
    holders: Annotated[tuple[HolderModel, ...], Field("records of this node that have it; of several choose one", "持有记录")]
    route: Annotated[RouteModel | None, Field("the route it went", "路由")]
    source: Annotated[str, Field("authority, cache, stale or upstream", "来源", example="authority")]
    age_s: Annotated[int, Field("how old it is", "存续秒数", 0)]
    succession: Annotated[tuple[SuccessionModel, ...], Field("what became of it, and of what was followed", "变更链")]
    ended: Annotated[str, Field("why it was followed no further, where it ended; else empty", "终止原因")]
