"""What is asked and answered about routes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from idis.registry.foreign_route import (
    NEGATIVE_TTL_S_DEFAULT,
    NOTE_CHARACTERS_MAX,
    TARGET_BYTES_MAX,
    TARGETS_MAX,
    TTL_S_DEFAULT,
    TTL_S_MAX,
    ForeignRoute,
    RouteAnswer,
)
from idis.registry.route_types import ROUTE_BYTES_MAX
from idis.resolver.web.v1.common_model import CURSOR, LIMIT, PAGE_ITEMS_DEFAULT, SUFFIX_CHARACTERS_MAX, SUFFIX_PATTERN
from idis.resolver.web.v1.field import Field

_TYPE = Field(
    "Handle, VAA, MA, OID, Ecode, GS1, DID, ARK, URL, ISO15459; alias for numbers without a prefix, such as imo",
    "编码类型",
    1,
    20,
    "[A-Za-z0-9]+",
    example="OID",
)
_START = Field("the prefix, or where the range begins", "前缀或范围起", 1, ROUTE_BYTES_MAX, SUFFIX_PATTERN, example="1.2.156")
_END = Field("where the range ends, inclusive; none for a prefix", "范围止", 1, ROUTE_BYTES_MAX, SUFFIX_PATTERN)
_TARGET = Field(
    "node:ADDRESS:PORT, https://host/{id}, dns:SUFFIX, gs1:, did: or handle:https://host, or web:",
    "目标",
    1,
    TARGET_BYTES_MAX,
    example="https://oid.example.com/{id}",
)
_TTL = Field("how long an answer is believed at most, in seconds", "生存时间", 0, TTL_S_MAX, example=3600)
_NEGATIVE = Field("how long it is believed that there is nothing, in seconds", "否定生存时间", 0, TTL_S_MAX, example=60)
_NOTE = Field("one line for people", "备注", 0, NOTE_CHARACTERS_MAX)
_ENABLED = Field("whether it is in use; one that is not answers that it is disabled", "启用")
_ANSWER = Field("values: what is found there; redirect: where it is", "应答方式", example=RouteAnswer.VALUES)
TEXT = Field("an identifier of any scheme, a scan, a URL", "文本", 1, SUFFIX_CHARACTERS_MAX, example="IMO9074729")


@dataclass(frozen=True, slots=True)
class RoutePath:
    """A route, named by its type and its prefix or range."""

    type: Annotated[str, _TYPE]
    beginning: Annotated[str, _START]
    end: Annotated[str | None, _END] = None


@dataclass(frozen=True, slots=True)
class ListRoutesParameters:
    """Which page of the routes."""

    cursor: Annotated[str | None, CURSOR] = None
    limit: Annotated[int, LIMIT] = PAGE_ITEMS_DEFAULT


@dataclass(frozen=True, slots=True)
class RouteModel:
    """Which identifiers go where."""

    type: Annotated[str, _TYPE]
    start: Annotated[str, _START]
    end: Annotated[str | None, _END]
    targets: Annotated[tuple[str, ...], Field("the first one first; the others stand in for it", "目标")]
    enabled: Annotated[bool, _ENABLED]
    answer: Annotated[RouteAnswer, _ANSWER]
    ttl_s: Annotated[int, _TTL]
    negative_ttl_s: Annotated[int, _NEGATIVE]
    note: Annotated[str, _NOTE]


def route_model(route: ForeignRoute) -> RouteModel:
    """A route as it is shown."""
    return RouteModel(
        type=route.type,
        start=route.start,
        end=route.end if route.is_range else None,
        targets=tuple(map(str, route.targets)),
        enabled=route.enabled,
        answer=route.answer,
        ttl_s=route.ttl_s,
        negative_ttl_s=route.negative_ttl_s,
        note=route.note,
    )


@dataclass(frozen=True, slots=True)
class RoutePage:
    """One page of routes."""

    items: Annotated[tuple[RouteModel, ...], Field("by type; prefixes before ranges", "列表")]
    next: Annotated[str | None, Field("the cursor of the next page; null at the end", "下一页")]


@dataclass(frozen=True, slots=True)
class HealthModel:
    """What one process of this node observed of a provider."""

    target: Annotated[str, _TARGET]
    well: Annotated[bool, Field("whether it answered when it was asked last", "正常")]
    failures: Annotated[int, Field("in a row", "连续失败次数", 0)]
    milliseconds: Annotated[int, Field("mean time to an answer; 0 when none is known", "平均响应毫秒", 0)]
    trouble: Annotated[str, Field("what went wrong last; empty when nothing did", "故障")]


@dataclass(frozen=True, slots=True)
class RouteDetail:
    """A route, and how its providers are."""

    route: Annotated[RouteModel, Field("as it is kept", "路由")]
    health: Annotated[tuple[HealthModel, ...], Field("of each target, in their order", "健康状况")]


@dataclass(frozen=True, slots=True)
class PutRoute:
    """What is to be kept of a route."""

    targets: Annotated[
        tuple[Annotated[str, _TARGET], ...], Field("the first one first; the others stand in for it", "目标", 1, TARGETS_MAX)
    ]
    enabled: Annotated[bool, _ENABLED] = True
    answer: Annotated[RouteAnswer, _ANSWER] = RouteAnswer.VALUES
    ttl_s: Annotated[int, _TTL] = TTL_S_DEFAULT
    negative_ttl_s: Annotated[int, _NEGATIVE] = NEGATIVE_TTL_S_DEFAULT
    note: Annotated[str, _NOTE] = ""


@dataclass(frozen=True, slots=True)
class SwitchRoute:
    """Whether a route is to be in use."""

    enabled: Annotated[bool, _ENABLED]


@dataclass(frozen=True, slots=True)
class TestRoute:
    """What is to be asked for."""

    text: Annotated[str, TEXT]


@dataclass(frozen=True, slots=True)
class TestedModel:
    """What became of asking one provider."""

    target: Annotated[str, _TARGET]
    milliseconds: Annotated[int, Field("until it had answered, or not", "毫秒", 0)]
    trouble: Annotated[str, Field("what was wrong; empty when it answered", "故障")]


@dataclass(frozen=True, slots=True)
class RouteTestModel:
    """What a text leads to, and how each provider answers for it now."""

    text: Annotated[str, TEXT]
    canonical: Annotated[str, Field("the identifier in its one spelling", "规范形式")]
    route: Annotated[RouteModel | None, Field("the longest match; null when no route holds it", "路由")]
    results: Annotated[tuple[TestedModel, ...], Field("one for each provider; none for nodes of ours", "结果")]
