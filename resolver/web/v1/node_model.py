"""What is answered about the node and about whoever asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from idis.registry.caller import Action, Role
from idis.resolver.config import Tier
from idis.resolver.web.v1.common_model import IDENTITY, PREFIX, SCOPE_PREFIX
from idis.resolver.web.v1.field import Field


@dataclass(frozen=True, slots=True)
class NodeLimits:
    """What one request may bring; longer ones are refused."""

    body_bytes: Annotated[int, Field("octets of a body", "请求体", 0)]
    identifier_bytes: Annotated[int, Field("octets of an identifier", "标识长度", 0)]
    values_per_record: Annotated[int, Field("values of a record", "值数量", 0)]
    value_bytes: Annotated[int, Field("octets of a value, unless a prefix allows more", "值长度", 0)]
    record_bytes: Annotated[int, Field("octets of a record", "记录长度", 0)]
    page_items: Annotated[int, Field("items of a page", "每页数量", 0)]
    body_ms: Annotated[int, Field("milliseconds within which a body must arrive", "请求体时限", 0)]
    connections_per_address: Annotated[int, Field("connections of one address", "每地址连接数", 0)]


@dataclass(frozen=True, slots=True)
class NodeModel:
    """This node."""

    name: Annotated[str, Field("its name", "名称", example="enterprise-118-8")]
    tier: Annotated[Tier, Field("what it is in the national system", "层级")]
    version: Annotated[str, Field("of the program", "版本", example="0.1.0")]
    prefixes: Annotated[tuple[Annotated[str, PREFIX], ...], Field("those of its configuration", "标识前缀")]
    site: Annotated[object, Field("its HS_SITE, as `/api/site` shows it", "站点")]
    limits: Annotated[NodeLimits, Field("what one request may bring", "限制")]
    uptime_s: Annotated[int, Field("seconds since it began to serve", "运行时间", 0)]


@dataclass(frozen=True, slots=True)
class RoleModel:
    """A role and the prefix it is held for."""

    role: Annotated[Role, Field("operator, auditor, administrator or application", "角色", example=Role.APPLICATION)]
    prefix: Annotated[str, SCOPE_PREFIX] = ""


@dataclass(frozen=True, slots=True)
class ScopeModel:
    """What a token leaves of the rights of whoever it stands for."""

    token: Annotated[str, Field("its id", "令牌")]
    prefixes: Annotated[tuple[str, ...], Field("these, and all below them; empty text for all", "标识前缀")]
    actions: Annotated[tuple[Action, ...], Field("what it may be used for", "操作")]


@dataclass(frozen=True, slots=True)
class CallerModel:
    """Who asks, as this node understood it."""

    anonymous: Annotated[bool, Field("whether nothing was proved", "匿名")]
    identity: Annotated[str | None, IDENTITY]
    roles: Annotated[tuple[RoleModel, ...], Field("held on this node", "角色")]
    scope: Annotated[ScopeModel | None, Field("the limits of the token that was used", "令牌范围")]
    origin: Annotated[str, Field("where from, as the audit trail has it", "来源", example="http 192.0.2.7")]
