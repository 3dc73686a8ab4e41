"""What is asked and answered about roles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from idis.resolver.web.v1.common_model import CURSOR, IDENTITY, LIMIT, PAGE_ITEMS_DEFAULT
from idis.resolver.web.v1.field import Field
from idis.resolver.web.v1.node_model import RoleModel


@dataclass(frozen=True, slots=True)
class ListRolesParameters:
    """Which page of the holders of roles."""

    cursor: Annotated[str | None, CURSOR] = None
    limit: Annotated[int, LIMIT] = PAGE_ITEMS_DEFAULT


@dataclass(frozen=True, slots=True)
class GrantModel:
    """A role of an identity."""

    identity: Annotated[str, IDENTITY]
    role: Annotated[RoleModel, Field("what it is, and for which prefix", "角色")]


@dataclass(frozen=True, slots=True)
class RoleHolderModel:
    """An identity and its roles."""

    identity: Annotated[str, IDENTITY]
    roles: Annotated[tuple[RoleModel, ...], Field("those that you may see", "角色")]


@dataclass(frozen=True, slots=True)
class RoleHolderPage:
    """One page of the holders of roles that you may see."""

    items: Annotated[tuple[RoleHolderModel, ...], Field("a page may be short of its limit", "列表")]
    next: Annotated[str | None, Field("the cursor of the next page; null at the end", "下一页")]
