"""What is asked and answered about the audit trail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from idis.resolver.web.v1.common_model import CURSOR, LIMIT, PAGE_ITEMS_DEFAULT
from idis.resolver.web.v1.field import Field

TEXT_CHARACTERS_MAX = 600
_TEXT = r"[^\u0000-\u001f\u007f-\u009f]+"

SINCE = Field("from this time on", "开始时间", form="date-time")
UNTIL = Field("before this time", "结束时间", form="date-time")
ACTOR = Field("part of who did it: an identifier, a token's id", "操作者", 1, TEXT_CHARACTERS_MAX, _TEXT)
SUBJECT = Field("what the subject begins with: a prefix, an identifier", "对象", 1, TEXT_CHARACTERS_MAX, _TEXT)
ACT = Field("the act, as the trail has it: create, grant role", "操作", 1, 60, _TEXT)
REFUSED = Field("only what was refused", "仅被拒绝")


@dataclass(frozen=True, slots=True)
class ListAuditParameters:
    """Which lines, and which page of them."""

    since: Annotated[str | None, SINCE] = None
    until: Annotated[str | None, UNTIL] = None
    actor: Annotated[str | None, ACTOR] = None
    subject: Annotated[str | None, SUBJECT] = None
    act: Annotated[str | None, ACT] = None
    refused: Annotated[bool, REFUSED] = False
    oldest_first: Annotated[bool, Field("forwards in time; otherwise the newest come first", "正序")] = False
    cursor: Annotated[str | None, CURSOR] = None
    limit: Annotated[int, LIMIT] = PAGE_ITEMS_DEFAULT


@dataclass(frozen=True, slots=True)
class ExportAuditParameters:
    """Which lines."""

    since: Annotated[str | None, SINCE] = None
    until: Annotated[str | None, UNTIL] = None
    actor: Annotated[str | None, ACTOR] = None
    subject: Annotated[str | None, SUBJECT] = None
    act: Annotated[str | None, ACT] = None
    refused: Annotated[bool, REFUSED] = False


@dataclass(frozen=True, slots=True)
class AuditLineModel:
    """Who did what to what."""

    time: Annotated[str, Field("when", "时间", form="date-time")]
    position: Annotated[str, Field("its place in the journal", "位置", example="4711.2")]
    actor: Annotated[str, Field("the identity, and the token that stood in for it", "操作者", example="300:88.118.8/App_1")]
    origin: Annotated[str, Field("where from", "来源", example="http 192.0.2.7")]
    act: Annotated[str, Field("a verb", "操作", example="create")]
    subject: Annotated[str, Field("an identifier, a prefix, an identity", "对象", example="88.118.8/A1")]
    before: Annotated[object, Field("what was there; null for nothing", "变更前")]
    after: Annotated[object, Field("what is there now; null for nothing", "变更后")]
    code: Annotated[int, Field("1 for what was done, another response code for what was refused", "响应码", 0, example=1)]
    note: Annotated[str, Field("one sentence, such as the reason of a rejection", "备注")]


@dataclass(frozen=True, slots=True)
class AuditPage:
    """One page of the audit trail."""

    items: Annotated[tuple[AuditLineModel, ...], Field("a page may be short of its limit, or empty", "列表")]
    next: Annotated[str | None, Field("the cursor of the next page; null at the end", "下一页")]
