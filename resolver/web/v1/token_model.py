"""What is asked and answered about API tokens."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Annotated

from idis.registry.caller import Action
from idis.registry.token import DAYS_DEFAULT, DAYS_MAX, LABEL_CHARACTERS_MAX, NETWORKS_MAX, PREFIXES_MAX, ROLES_MAX
from idis.resolver.web.v1.common_model import (
    CURSOR,
    IDENTITY,
    LIMIT,
    PAGE_ITEMS_DEFAULT,
    SCOPE_PREFIX,
    TIME,
)
from idis.resolver.web.v1.field import Field
from idis.resolver.web.v1.node_model import RoleModel

TOKEN_ID_PATTERN = "[0-9a-f]{16}"

_ID = Field("what lists and the audit trail call it; tells nothing of the secret", "编号", 16, 16, TOKEN_ID_PATTERN)
_NETWORK = Field("a network", "网段", 2, 43, r"[0-9a-fA-F:.]+(/[0-9]{1,3})?", example="192.0.2.0/24")


class TokenState(Enum):
    """Whether a token can be used."""

    VALID = "valid"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class TokenPath:
    """A token, named in the path."""

    id: Annotated[str, Field("its id", "编号", 16, 16, TOKEN_ID_PATTERN, example="5d41402abc4b2a76")]


@dataclass(frozen=True, slots=True)
class ListTokensParameters:
    """Which page of the tokens."""

    cursor: Annotated[str | None, CURSOR] = None
    limit: Annotated[int, LIMIT] = PAGE_ITEMS_DEFAULT


@dataclass(frozen=True, slots=True)
class MakeToken:
    """What the token is to be: for an identity, or with roles of its own."""

    label: Annotated[
        str,
        Field("what you call it, in one line", "名称", 0, LABEL_CHARACTERS_MAX, r"[^\u0000-\u001f\u007f-\u00a0]*", example="ERP"),
    ] = ""
    identity: Annotated[str | None, IDENTITY] = None
    roles: Annotated[tuple[RoleModel, ...], Field("roles of its own, for a token without identity", "角色", most=ROLES_MAX)] = ()
    prefixes: Annotated[
        tuple[Annotated[str, SCOPE_PREFIX], ...],
        Field("below which it may be used; empty text for all", "标识前缀", 1, PREFIXES_MAX, example=("88.118.8",)),
    ] = ("",)
    actions: Annotated[
        tuple[Action, ...], Field("what it may be used for", "操作", 1, len(Action), example=(Action.READ, Action.REGISTER))
    ] = (Action.READ, Action.REGISTER)
    networks: Annotated[
        tuple[Annotated[str, _NETWORK], ...], Field("from where it may be used; none: from anywhere", "网段", most=NETWORKS_MAX)
    ] = ()
    days: Annotated[int, Field("how long", "有效天数", 1, DAYS_MAX)] = DAYS_DEFAULT


@dataclass(frozen=True, slots=True)
class TokenModel:
    """A token."""

    id: Annotated[str, _ID]
    state: Annotated[TokenState, Field("whether it can be used", "状态")]
    label: Annotated[str, Field("what its maker calls it", "名称")]
    identity: Annotated[str | None, IDENTITY]
    roles: Annotated[tuple[RoleModel, ...], Field("roles of its own", "角色")]
    prefixes: Annotated[tuple[str, ...], Field("below which it may be used", "标识前缀")]
    actions: Annotated[tuple[Action, ...], Field("what it may be used for", "操作")]
    networks: Annotated[tuple[str, ...], Field("from where it may be used", "网段")]
    made_by: Annotated[str, Field("who made it", "创建者")]
    made: Annotated[str, TIME]
    expires: Annotated[str, TIME]
    revoked: Annotated[str | None, TIME]
    used: Annotated[str | None, TIME]
    used_from: Annotated[str, Field("the address it was last used from", "最近使用地址")]


@dataclass(frozen=True, slots=True)
class TokenMade:
    """A new token and its secret, which is shown this once."""

    token: Annotated[TokenModel, Field("the token", "令牌")]
    secret: Annotated[
        str | None,
        Field("the secret; null when a request is repeated with its idempotency key: revoke the token and make another", "密钥"),
    ]


@dataclass(frozen=True, slots=True)
class TokenPage:
    """One page of the tokens you may see."""

    items: Annotated[tuple[TokenModel, ...], Field("a page may be short of its limit", "列表")]
    next: Annotated[str | None, Field("the cursor of the next page; null at the end", "下一页")]
