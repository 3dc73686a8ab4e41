"""What is asked and answered while the records of a prefix move to another node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from idis.registry.prefix import Moving
from idis.registry.registration.moving import Place
from idis.registry.registration.values import SITES_MAX
from idis.resolver.web.v1.common_model import PREFIX, VERSION
from idis.resolver.web.v1.field import Field
from idis.resolver.web.v1.site_model import SITES, SiteModel

BASE64 = r"[A-Za-z0-9_-]*"
CHUNK_CHARACTERS_MAX = 1_000_000
KEY_CHARACTERS_MAX = 700  # of a record key

_RECORDS = Field("how many records are held below it", "标识数量", 0, 2**63 - 1)
_SEAL = Field("changes whenever anything held below it does", "校验和", 16, 16, "[0-9a-f]{16}", example="00c0ffee00c0ffee")
_AFTER = Field("where the last answer ended", "位置", 1, KEY_CHARACTERS_MAX, BASE64)
_NEXT = Field("where to go on; null at the end", "下一位置")
_CHUNK = Field("records, packed; base64url", "数据块", 0, CHUNK_CHARACTERS_MAX, BASE64, example="kgGQ")


@dataclass(frozen=True, slots=True)
class MovePath:
    """A prefix in the path, and where to go on."""

    prefix: Annotated[str, PREFIX]
    after: Annotated[str | None, _AFTER] = None


@dataclass(frozen=True, slots=True)
class ChangesPath:
    """A prefix in the path, and the position after which changes are wanted."""

    prefix: Annotated[str, PREFIX]
    after: Annotated[str, Field("'position' of the state, or of the last answer", "位置", 1, 64, BASE64)]


@dataclass(frozen=True, slots=True)
class MoveState:
    """Where a prefix stands at this node."""

    prefix: Annotated[str, PREFIX]
    known: Annotated[bool, Field("whether it is registered here", "已登记")]
    answered: Annotated[bool, Field("whether this node answers for it", "本节点负责")]
    moving: Annotated[Moving, Field("where its records are on their way", "迁移状态", example=Moving.STAYS)]
    records: Annotated[int, _RECORDS]
    seal: Annotated[str, _SEAL]
    position: Annotated[str, Field("of this node's journal", "位置")]
    luggage: Annotated[str, Field("how it is kept, packed; base64url; empty where it is not known", "前缀信息")]
    site: Annotated[SiteModel, Field("this node's own site", "本节点站点")]


@dataclass(frozen=True, slots=True)
class MovePage:
    """Some records."""

    chunk: Annotated[str, _CHUNK]
    next: Annotated[str | None, _NEXT]


@dataclass(frozen=True, slots=True)
class MoveChanges:
    """What changed meanwhile."""

    chunk: Annotated[str, _CHUNK]
    position: Annotated[str, Field("from where to ask again", "位置")]
    more: Annotated[bool, Field("whether there is more at once", "还有")]
    known: Annotated[bool, Field("false when everything is to be copied again", "可续传")]


@dataclass(frozen=True, slots=True)
class MoveCount:
    """A part of the count."""

    records: Annotated[int, _RECORDS]
    digest: Annotated[str, Field("the sum of their digests modulo 2^128, in hexadecimal", "摘要")]
    next: Annotated[str | None, _NEXT]
    held: Annotated[int, _RECORDS]
    seal: Annotated[str, _SEAL]


@dataclass(frozen=True, slots=True)
class ArriveBody:
    """How the prefix is kept where it comes from."""

    luggage: Annotated[str, Field("of the source's state", "前缀信息", 1, 100_000, BASE64, example="mQGgoKAAw8PNAFHNADw")]


@dataclass(frozen=True, slots=True)
class TakeBody:
    """Some of its records."""

    chunk: Annotated[str, _CHUNK]


@dataclass(frozen=True, slots=True)
class SettleBody:
    """How this node answers from now on, and what was counted here."""

    place: Annotated[
        Place, Field("home: its own; host: in the place of an enterprise without servers", "方式", example=Place.HOME)
    ]
    records: Annotated[int, _RECORDS]
    seal: Annotated[str, _SEAL]


@dataclass(frozen=True, slots=True)
class GiveBody:
    """Who answers from now on, and what was counted here."""

    sites: Annotated[tuple[SiteModel, ...], Field("its sites", "站点", 1, SITES_MAX, example=SITES.example)]
    records: Annotated[int, _RECORDS]
    seal: Annotated[str, _SEAL]


@dataclass(frozen=True, slots=True)
class ClearBody:
    """Where to go on."""

    after: Annotated[str | None, _AFTER] = None


@dataclass(frozen=True, slots=True)
class MoveStep:
    """What a step came to."""

    changed: Annotated[bool, Field("false when it was so already", "是否变更")]
    moving: Annotated[Moving, Field("where its records are on their way", "迁移状态", example=Moving.STAYS)]
    version: Annotated[int, VERSION]


@dataclass(frozen=True, slots=True)
class MoveTaken:
    """What a chunk came to."""

    put: Annotated[int, Field("records put or changed", "写入", 0)]
    deleted: Annotated[int, Field("records deleted", "删除", 0)]


@dataclass(frozen=True, slots=True)
class MoveCleared:
    """What was deleted."""

    next: Annotated[str | None, _NEXT]
