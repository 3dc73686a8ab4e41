"""Notices to those who hold what is affected: what is asked and answered."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Annotated

from idis.proto.identifier import PREFIX_BYTES_MAX
from idis.proto.notice import (
    NOTICE_ID_BYTES,
    TEXT_CHARACTERS_MAX,
    THINGS_MAX,
    WORDS_CHARACTERS_MAX,
    NoticeKind,
    NoticeState,
    Severity,
)
from idis.registry.trace.notices import ADDRESSEES_MAX
from idis.resolver.web.v1.common_model import CURSOR, LIMIT, PREFIX_PATTERN
from idis.resolver.web.v1.field import Field
from idis.resolver.web.v1.trace_model import THING

_ID_DIGITS = 2 * NOTICE_ID_BYTES
_ID = Field("the notice", "通知编号", _ID_DIGITS, _ID_DIGITS, "[0-9a-f]+", example="019a5f3a" * 4)
_TEXT_PATTERN = r"[^\u0000]+"
_WHEN = Field("a time", "时间", form="date-time")


class Box(Enum):
    """Which notices."""

    RECEIVED = "received"
    SENT = "sent"


class Answered(Enum):
    """What is said of a received notice."""

    ACKNOWLEDGED = "acknowledged"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class NoticePath:
    """Which notice."""

    id: Annotated[str, _ID]


@dataclass(frozen=True, slots=True)
class ListNoticesParameters:
    """Which notices, in the order of their time."""

    box: Annotated[Box, Field("those received, or those sent", "收发")] = Box.RECEIVED
    prefix: Annotated[
        str | None, Field("of this prefix alone", "标识前缀", 1, PREFIX_BYTES_MAX, PREFIX_PATTERN, example="88.118.8")
    ] = None
    limit: Annotated[int, LIMIT] = 50
    cursor: Annotated[str | None, CURSOR] = None


@dataclass(frozen=True, slots=True)
class AddresseeBody:
    """Who is told, and which of his things are affected."""

    to: Annotated[
        str,
        Field(
            "a prefix, or the contact handle that an answer names as holder",
            "接收方",
            1,
            600,
            r"[^\u0000-\u0020]+",
            example="88.118.9",
        ),
    ]
    things: Annotated[
        tuple[Annotated[str, THING], ...], Field("his affected things, by name or pseudonym", "受影响标识", 0, THINGS_MAX)
    ] = ()
    count: Annotated[int, Field("how many they are, where not all are named", "数量", 0)] = 0


@dataclass(frozen=True, slots=True)
class SendNoticeBody:
    """What is told, and to whom."""

    to: Annotated[tuple[AddresseeBody, ...], Field("who is told", "接收方", 1, ADDRESSEES_MAX)]
    text: Annotated[
        str,
        Field(
            "what is the matter, and what to do", "内容", 1, TEXT_CHARACTERS_MAX, _TEXT_PATTERN, example="stop: check the weld"
        ),
    ]
    kind: Annotated[NoticeKind, Field("alert, investigation, recall or report_8d", "类别")] = NoticeKind.RECALL
    severity: Annotated[Severity, Field("minor, major, critical or life_threatening", "严重程度")] = Severity.MAJOR
    about: Annotated[tuple[Annotated[str, THING], ...], Field("what it began with", "起因标识", 0, 50)] = ()
    sender: Annotated[
        str | None,
        Field(
            "the prefix in whose name; your own unless given", "发送前缀", 1, PREFIX_BYTES_MAX, PREFIX_PATTERN, example="88.118.8"
        ),
    ] = None
    relates: Annotated[
        str | None, Field("the received notice that is handed on", "关联通知", _ID_DIGITS, _ID_DIGITS, "[0-9a-f]+")
    ] = None


@dataclass(frozen=True, slots=True)
class AcknowledgeBody:
    """How it stands with a received notice."""

    state: Annotated[Answered, Field("what you say of it", "答复")] = Answered.ACKNOWLEDGED
    words: Annotated[str, Field("a word to whoever sent it", "说明", 0, WORDS_CHARACTERS_MAX, r"[^\u0000]*")] = ""


@dataclass(frozen=True, slots=True)
class AddresseeModel:
    """How it stands with one addressee."""

    to: Annotated[str, Field("a prefix, or a contact handle", "接收方")]
    state: Annotated[NoticeState, Field("created, received, acknowledged, accepted, declined, closed or undelivered", "状态")]
    since: Annotated[str | None, _WHEN]
    words: Annotated[str, Field("what he said", "答复")]
    things: Annotated[tuple[str, ...], Field("his affected things, as far as they are named", "受影响标识")]
    count: Annotated[int, Field("how many they are", "数量", 0)]
    reached: Annotated[int, Field("how many others have it whom he handed it on to", "转达数", 0)]
    acknowledged: Annotated[int, Field("and how many of them have acknowledged it", "转达已确认数", 0)]
    tries: Annotated[int, Field("how often it could not be told", "失败次数", 0)]
    error: Annotated[str, Field("why not, the last time", "错误")]


@dataclass(frozen=True, slots=True)
class NoticeModel:
    """A notice, and how it stands."""

    id: Annotated[str, _ID]
    box: Annotated[Box, Field("received or sent", "收发")]
    prefix: Annotated[str, Field("in whose name it was sent, or for whom it came", "标识前缀")]
    sender: Annotated[str, Field("who sent it, where it was received", "发送方")]
    kind: Annotated[NoticeKind, Field("what it is", "类别")]
    severity: Annotated[Severity, Field("how bad", "严重程度")]
    text: Annotated[str, Field("what it says", "内容")]
    about: Annotated[tuple[str, ...], Field("what it began with", "起因标识")]
    made: Annotated[str, _WHEN]
    by: Annotated[str, Field("who made it, or acknowledged it", "经办")]
    relates: Annotated[str | None, Field("the received notice that it hands on", "关联通知")]
    to: Annotated[tuple[AddresseeModel, ...], Field("to whom; of a received one, how it stands here", "接收方")]
    told: Annotated[int, Field("how many addressees it has", "接收方数", 0)]
    reached: Annotated[int, Field("how many have it, those further on too", "已送达数", 0)]
    acknowledged: Annotated[int, Field("how many have acknowledged it, those further on too", "已确认数", 0)]
    onward: Annotated[tuple[str, ...], Field("of a received one: the notices by which it was handed on", "转发通知")] = ()


@dataclass(frozen=True, slots=True)
class NoticePage:
    """Notices, oldest first."""

    notices: Annotated[tuple[NoticeModel, ...], Field("the notices", "通知")]
    cursor: Annotated[str | None, CURSOR]
