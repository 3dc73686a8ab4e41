"""Notices to those who hold what is affected (`/notices`): sent, received, acknowledged, handed on."""

from __future__ import annotations

import secrets
from typing import Any

from idis.proto.codes import ResponseCode
from idis.proto.errors import IdentifierError
from idis.proto.identifier import fold, parse_identifier
from idis.proto.notice import NOTICE_ID_BYTES, THINGS_BYTES_MAX, NoticeState
from idis.proto.trace import PSEUDONYM
from idis.registry.caller import Action
from idis.registry.registration.checks import Refusal
from idis.registry.rights import Groups, Unknown
from idis.registry.store.base import ReadTxn, WriteTxn
from idis.registry.trace.notices import Delivery, Notice, acknowledge, find, new_id, notices_after, related_to, send
from idis.registry.trace.readership import refuse_reading
from idis.registry.trace.records import spelling_at
from idis.registry.trace.teller import teller_of
from idis.resolver.web.v1.asking import decide
from idis.resolver.web.v1.cursor import make_cursor, read_cursor
from idis.resolver.web.v1.notice_model import (
    AcknowledgeBody,
    AddresseeModel,
    Box,
    ListNoticesParameters,
    NoticeModel,
    NoticePage,
    NoticePath,
    SendNoticeBody,
)
from idis.resolver.web.v1.openapi import BASE_PATH
from idis.resolver.web.v1.operation import Call, Nothing, Operation, Reply
from idis.resolver.web.v1.reading import Unfit
from idis.resolver.web.v1.showing import iso_time
from idis.resolver.web.v1.writing import commit

GROUP = "notices 质量通知"
RELATED_MAX = 100  # notices looked at for those that hand one on
LOOKED_AT_MAX = 500  # for one page


async def send_notice(call: Call[Nothing, SendNoticeBody]) -> Reply | Refusal:
    """Tell those who hold what is affected."""
    body, now_ms = call.body, int(call.face.service.clock.time() * 1_000)
    random = secrets.token_bytes(NOTICE_ID_BYTES)
    deliveries = tuple(_delivery(at, one.to, one.things, one.count) for at, one in enumerate(body.to))
    if len({one.to for one in deliveries}) < len(deliveries):
        raise Unfit("#/to", "an addressee is named twice")
    relates = bytes.fromhex(body.relates or "")

    def change(txn: WriteTxn, _groups: Groups) -> NoticeModel | Refusal | Unknown:
        teller = teller_of(txn, call.caller, fold(body.sender or ""))
        if isinstance(teller, Refusal):
            return teller
        if not teller.holder:
            return Refusal(ResponseCode.INVALID_VALUE, "say in whose name: 'sender' is missing")
        if relates:
            origin = find(txn, relates, sent=False)
            if origin is None or refuse_reading(txn, call.caller, origin.prefix) is not None:
                return _nowhere(body.relates or "")
        names = spelling_at(txn)
        notice = Notice(
            new_id(now_ms, random),
            True,
            teller.holder,
            "",
            b"",
            body.kind,
            body.severity,
            body.text,
            names.names(body.about),
            now_ms,
            teller.name,
            relates,
            deliveries,
        )
        return _model(txn, send(txn, notice))

    return await commit(call, change, lambda made: Reply(made, 201, location=f"{BASE_PATH}/notices/{made.id}"))


async def list_notices(call: Call[ListNoticesParameters, None]) -> Reply | Refusal:
    """The notices of the prefixes a caller may read below, page by page."""
    asked = call.parameters
    subject = f"notices {asked.box.value} {asked.prefix or ''}"
    after = read_cursor(subject, asked.cursor)
    wanted = fold(asked.prefix or "")

    def question(txn: ReadTxn, groups: Groups) -> Reply | Refusal | Unknown:
        verdicts: dict[str, Refusal | Unknown | None] = {}
        page: list[Notice] = []
        found = notices_after(txn, after, LOOKED_AT_MAX, sent=asked.box is Box.SENT)
        last: Notice | None = None
        for last in found:
            prefix = last.prefix
            if wanted and prefix != wanted:
                continue
            if prefix not in verdicts:
                verdicts[prefix] = refuse_reading(txn, call.caller, prefix, groups=groups)
            if isinstance(verdict := verdicts[prefix], Unknown):
                return verdict
            if verdict is None:
                page.append(last)
                if len(page) == asked.limit:
                    break
        more = last is not None and (len(page) == asked.limit or len(found) == LOOKED_AT_MAX)
        cursor = make_cursor(subject, last.notice_id) if more and last is not None else None
        return Reply(NoticePage(tuple(_model(txn, notice) for notice in page), cursor))

    return await decide(call, question, lambda reply: reply)


async def get_notice(call: Call[NoticePath, None]) -> Reply | Refusal:
    """One notice, and how it stands with everybody who was told."""

    def question(txn: ReadTxn, groups: Groups) -> NoticeModel | Refusal | Unknown:
        notice = _find(txn, call.parameters.id)
        verdict = None if notice is None else refuse_reading(txn, call.caller, notice.prefix, groups=groups)
        if isinstance(verdict, Unknown):
            return verdict
        return _nowhere(call.parameters.id) if notice is None or verdict is not None else _model(txn, notice)

    return await decide(call, question)


async def acknowledge_notice(call: Call[NoticePath, AcknowledgeBody]) -> Reply | Refusal:
    """Say how it stands with a received notice; whoever sent it is told."""
    body, now_ms = call.body, int(call.face.service.clock.time() * 1_000)

    def change(txn: WriteTxn, _groups: Groups) -> NoticeModel | Refusal:
        notice = find(txn, bytes.fromhex(call.parameters.id), sent=False)
        if notice is None or isinstance(teller := teller_of(txn, call.caller, notice.prefix), Refusal):
            return _nowhere(call.parameters.id)
        changed = acknowledge(txn, notice, NoticeState[body.state.name], body.words, teller.name, now_ms)
        return changed if isinstance(changed, Refusal) else _model(txn, changed)

    return await commit(call, change, Reply)


def _delivery(at: int, to: str, things: tuple[str, ...], count: int) -> Delivery:
    pointer = f"#/to/{at}/to"
    if sum(len(thing.encode()) + 1 for thing in things) > THINGS_BYTES_MAX:
        raise Unfit(f"#/to/{at}/things", f"more than {THINGS_BYTES_MAX} octets of names: name some, and say how many there are")
    prefix = to.rpartition("@")[2] if to.startswith(PSEUDONYM) else to
    try:
        named = parse_identifier(prefix)
    except IdentifierError as error:
        raise Unfit(pointer, str(error)) from None
    if named.suffix is not None or (to.startswith(PSEUDONYM) and "@" not in to):
        raise Unfit(pointer, "a prefix is expected, or a contact handle as '~5f3a…@88.118.9'")
    return Delivery(to if to.startswith(PSEUDONYM) else named.folded_prefix, things, max(count, len(things)))


def _find(txn: ReadTxn, notice_id: str) -> Notice | None:
    key = bytes.fromhex(notice_id)
    return find(txn, key, sent=False) or find(txn, key, sent=True)


def _nowhere(notice_id: str) -> Refusal:
    return Refusal(ResponseCode.HANDLE_NOT_FOUND, f"there is no notice {notice_id} that you may see")


def _model(txn: ReadTxn, notice: Notice) -> NoticeModel:
    onward = () if notice.sent else tuple(one.notice_id.hex() for one in related_to(txn, notice.notice_id, RELATED_MAX))
    return NoticeModel(
        notice.notice_id.hex(),
        Box.SENT if notice.sent else Box.RECEIVED,
        notice.prefix,
        notice.other,
        notice.kind,
        notice.severity,
        notice.text,
        notice.about,
        iso_time(notice.made_ms / 1_000),
        notice.by,
        notice.relates.hex() or None,
        tuple(map(_addressee, notice.deliveries)),
        len(notice.deliveries),
        notice.reached,
        notice.acknowledged,
        onward,
    )


def _addressee(one: Delivery) -> AddresseeModel:
    return AddresseeModel(
        one.to,
        one.state,
        iso_time(one.changed_ms / 1_000) if one.changed_ms else None,
        one.words,
        one.things,
        one.count,
        one.reached,
        one.acknowledged,
        one.tries,
        one.error,
    )


_READ = "list or read below the prefix of the notice"
_WRITE = "register below the prefix, with a token that may 'trace'"


def _operation(name: str, method: str, path: str, summary: tuple[str, str], answer: Any, **more: Any) -> Operation[Any, Any]:
    return Operation(name=name, method=method, path=path, group=GROUP, summary=summary, answer=answer, **more)


OPERATIONS = (
    _operation(
        "sendNotice",
        "POST",
        "/notices",
        ("tell those who hold what is affected", "发送质量通知"),
        send_notice,
        detail="It is told to the nodes of the addressees, again and again until they have it; a contact handle reaches whoever "
        "is not shown. With 'relates', a received one is handed on: its sender learns how many have it.",
        may=_WRITE,
        parameters=Nothing,
        request=SendNoticeBody,
        response=NoticeModel,
        successes=((201, "it is on its way"),),
        refusals=(403, 404, 422),
        action=Action.TRACE,
    ),
    _operation(
        "listNotices",
        "GET",
        "/notices",
        ("notices received or sent", "通知列表"),
        list_notices,
        may=_READ,
        parameters=ListNoticesParameters,
        response=NoticePage,
        successes=((200, "a page"),),
        action=Action.READ,
    ),
    _operation(
        "getNotice",
        "GET",
        "/notices/{id}",
        ("a notice, how many have it, and what they say", "通知状态"),
        get_notice,
        may=_READ,
        parameters=NoticePath,
        response=NoticeModel,
        successes=((200, "the notice"),),
        refusals=(404,),
        action=Action.READ,
    ),
    _operation(
        "acknowledgeNotice",
        "POST",
        "/notices/{id}/acknowledge",
        ("say how it stands with a received notice", "确认通知"),
        acknowledge_notice,
        may=_WRITE,
        parameters=NoticePath,
        request=AcknowledgeBody,
        response=NoticeModel,
        successes=((200, "whoever sent it will be told"),),
        refusals=(403, 404, 409),
        action=Action.TRACE,
    ),
)
