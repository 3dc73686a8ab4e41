"""Notices on their way: told to the nodes of those who are to hear, taken from others, handed on (`tracing.md` §8.3).

A notice is believed, as a pointer is, from the address at which the prefix that sends it is answered, over TCP. One for a
contact handle is for somebody whose name was not shown: this node knows whom it stands for, hands the notice on in its own
name, and says of him only how it stands.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace

from idis.proto.codes import OpCode, ResponseCode
from idis.proto.errors import ProtocolError
from idis.proto.notice import NOTICE_ID_BYTES, NoticeReceipt, NoticeState, NoticeTelling
from idis.proto.responses import ErrorBody, read_response
from idis.proto.trace import PSEUDONYM
from idis.registry.registration.checks import Refusal
from idis.registry.store.base import Store, StoreError, WriteTxn
from idis.registry.trace.expanding import Step
from idis.registry.trace.held import answers_below
from idis.registry.trace.notices import Delivery, Notice, due_now, new_id, note_told, receive, send, take_receipt
from idis.resolver.recursion.recursor import Clock
from idis.resolver.trace.neighbours import Neighbours, Unreached
from idis.resolver.trace.source import refuse_source

AT_ONCE = 100  # notices looked at in one turn
TELL_S = 2.0  # of one message
ACTOR = "notices"

Contacts = Callable[[str], str | None]  # whom a contact handle of this node stands for
Names = Mapping[str, str]  # things by the pseudonyms that this node gave them


async def tell_notices(store: Store, neighbours: Neighbours, clock: Clock) -> None:
    """Tell what is due now."""
    now_ms = int(clock.time() * 1_000)
    with store.read() as txn:
        waiting = due_now(txn, now_ms, AT_ONCE)
    for notice in waiting:
        told = await asyncio.gather(*(_tell(store, neighbours, clock, notice, one) for one in notice.deliveries))

        def change(txn: WriteTxn, notice: Notice = notice, told: list[Delivery] = told) -> None:
            note_told(txn, notice, told, now_ms)

        await asyncio.wrap_future(store.write(change, actor=ACTOR))


async def take_notice(
    store: Store, neighbours: Neighbours, clock: Clock, told: NoticeTelling, source: str, *, contacts: Contacts, names: Names
) -> Refusal | None:
    """Keep a notice from another node, and hand it on where it is for somebody further on."""
    if (refusal := await refuse_source(neighbours, told.prefix, source)) is not None:
        return refusal
    return await keep_notice(store, clock, told, contacts=contacts, names=names)


async def keep_notice(
    store: Store, clock: Clock, told: NoticeTelling, *, contacts: Contacts, names: Names
) -> Refusal | None:
    """The same for one that is believed."""
    now_ms = int(clock.time() * 1_000)
    prefix, onward = told.to, ""
    if told.to.startswith(PSEUDONYM):
        prefix = told.to.rpartition("@")[2]
        onward = contacts(told.to) or ""
        if not onward:
            return Refusal(ResponseCode.HANDLE_NOT_FOUND, "nobody is known by this contact any more: ask the question again")
        if onward == prefix:
            onward = ""  # it stands for the owner of the prefix himself
    things = told.things if onward else tuple(names.get(thing, thing) for thing in told.things)

    def change(txn: WriteTxn) -> Refusal | None:
        if not answers_below(txn, prefix):
            return Refusal(ResponseCode.SERVER_NOT_RESPONSIBLE, f"{prefix} is not answered here")
        kept = receive(txn, told, prefix, things, now_ms)
        if isinstance(kept, Refusal):
            return kept
        if kept is not None and onward:
            send(txn, _handed_on(kept, onward, now_ms))
        return None

    return await _written(store, change)


async def take_notice_receipt(
    store: Store, neighbours: Neighbours, clock: Clock, receipt: NoticeReceipt, source: str
) -> Refusal | None:
    """Keep how a notice stands at an addressee, as his node says."""
    addressee = receipt.to.rpartition("@")[2]
    if (refusal := await refuse_source(neighbours, addressee, source)) is not None:
        return refusal

    def change(txn: WriteTxn) -> Refusal | None:
        if take_receipt(txn, receipt, int(clock.time() * 1_000)) is None:
            return Refusal(ResponseCode.HANDLE_NOT_FOUND, "no such notice was sent from here")
        return None

    return await _written(store, change)


async def _written(store: Store, change: Callable[[WriteTxn], Refusal | None]) -> Refusal | None:
    """What a change comes to, once it is durable."""
    try:
        committed = await asyncio.wrap_future(store.write(change, actor=ACTOR))
    except StoreError as error:
        return Refusal(ResponseCode.SERVER_TOO_BUSY, str(error))
    return committed.result


async def _tell(store: Store, neighbours: Neighbours, clock: Clock, notice: Notice, one: Delivery) -> Delivery:
    """Tell one addressee of a notice, or its sender how it stands; the delivery as it is then."""
    now_ms = int(clock.time() * 1_000)
    if not one.due or one.next_ms > now_ms:
        return one
    if notice.sent:
        failure = await _deliver(store, neighbours, clock, _telling(notice, one))
        told = replace(one, state=NoticeState.RECEIVED, changed_ms=now_ms, due=False, error="")
        since_ms = notice.made_ms
    else:
        failure = await _answer(store, neighbours, clock, notice, one)
        told, since_ms = replace(one, due=False, error=""), one.changed_ms
    if failure is None:
        return told
    return one.put_off(failure.message, since_ms, now_ms) if failure.retriable else one.given_up(failure.message, now_ms)


async def _deliver(store: Store, neighbours: Neighbours, clock: Clock, told: NoticeTelling) -> Unreached | None:
    if not _is_here(store, told.to):
        return await _ask(neighbours, told.to.rpartition("@")[2], int(OpCode.NOTICE), told.encode())
    refusal = await keep_notice(store, clock, told, contacts=lambda _contact: None, names={})
    return None if refusal is None else _refused(told.to, refusal.code, refusal.message)


async def _answer(store: Store, neighbours: Neighbours, clock: Clock, notice: Notice, one: Delivery) -> Unreached | None:
    receipt = NoticeReceipt(
        notice.other_id, notice.other, one.to, one.state, one.changed_ms, one.words, one.reached, one.acknowledged
    )
    if not _is_here(store, notice.other):
        return await _ask(neighbours, notice.other, int(OpCode.RECEIPT), receipt.encode())
    await asyncio.wrap_future(store.write(lambda txn: take_receipt(txn, receipt, int(clock.time() * 1_000)), actor=ACTOR))
    return None


async def _ask(neighbours: Neighbours, prefix: str, opcode: int, body: bytes) -> Unreached | None:
    target = await neighbours.find(prefix, TELL_S)
    if isinstance(target, Unreached):
        return target
    answered = await neighbours.ask(target, opcode, body, TELL_S)
    if isinstance(answered, Unreached):
        return answered
    if answered.response_code == ResponseCode.SUCCESS:
        return None
    try:
        _digest, said = read_response(answered)
    except ProtocolError:
        said = None
    message = said.message if isinstance(said, ErrorBody) and said.message else f"code {answered.response_code}"
    return _refused(prefix, answered.response_code, message)


def _refused(prefix: str, code: int, message: str) -> Unreached:
    again = code in (ResponseCode.SERVER_TOO_BUSY, ResponseCode.AUTHENTICATION_ERROR)
    return Unreached(Step.AUTHORISE, code, f"{prefix}: {message}", again)


def _telling(notice: Notice, one: Delivery) -> NoticeTelling:
    return NoticeTelling(
        notice.notice_id,
        notice.prefix,
        one.to,
        notice.kind,
        notice.severity,
        notice.made_ms,
        notice.text,
        one.things,
        one.count,
        notice.about,
    )


def _handed_on(notice: Notice, to: str, now_ms: int) -> Notice:
    """A received notice as it is handed on: of whoever sent it, and what it began with, nothing is said."""
    return replace(
        notice,
        notice_id=new_id(now_ms, secrets.token_bytes(NOTICE_ID_BYTES)),
        sent=True,
        other="",
        other_id=b"",
        about=(),
        made_ms=now_ms,
        by="",
        relates=notice.notice_id,
        deliveries=(Delivery(to, notice.own.things, notice.own.count),),
    )


def _is_here(store: Store, prefix: str) -> bool:
    with store.read() as txn:
        return not prefix.startswith(PSEUDONYM) and answers_below(txn, prefix)
