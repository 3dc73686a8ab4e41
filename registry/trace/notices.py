"""Notices: what an enterprise tells those who hold what is affected, and what it is told (`tracing.md` §2.2, §8.3).

A notice is a document. One that was sent has a delivery for each addressee; one that was received has one, its own. What is
still to be told of a notice, itself or a receipt, waits in the store beside it, so that a node that is down loses nothing.
The receipt of one that was handed on counts those further on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

import msgpack

from idis.proto.codes import ResponseCode
from idis.proto.notice import NOTICE_ID_BYTES, NoticeKind, NoticeReceipt, NoticeState, NoticeTelling, Severity
from idis.registry.document import DocumentKind
from idis.registry.registration.checks import Refusal
from idis.registry.store.base import ReadTxn, WriteTxn

ADDRESSEES_MAX = 64  # of one notice, as many as nodes are asked by one question
UNSEEN_PER_SENDER_MAX = 100  # that nobody has acknowledged: whoever sends more is told to wait
TELL_MS = 30 * 86_400_000  # after which an addressee who never answered is given up
WAIT_MS_MIN, WAIT_MS_MAX = 2_000, 3_600_000  # before something is told again; doubles

_SENT, _RECEIVED, _PENDING, _UNSEEN = b"s", b"r", b"p", b"u"
_TIME_BYTES = 6  # with which an id begins, so that documents lie in the order of their time
_KIND = DocumentKind.NOTICE
_RANKS = {
    NoticeState.CREATED: 0,
    NoticeState.UNDELIVERED: 0,
    NoticeState.RECEIVED: 1,
    NoticeState.ACKNOWLEDGED: 2,
    NoticeState.ACCEPTED: 3,
    NoticeState.DECLINED: 3,
    NoticeState.CLOSED: 4,
}


@dataclass(frozen=True, slots=True)
class Delivery:
    """A notice at one addressee.

    Attributes:
        to: a prefix, or a contact handle.
        things: of his that are affected, as far as they are named; `count` is how many there are.
        state: how it stands; since `changed_ms`, with what he said.
        reached, acknowledged: of those he handed it on to.
        due: whether something is to be told, after `tries` attempts not before `next_ms`; `error` is why the last one failed.
    """

    to: str
    things: tuple[str, ...] = ()
    count: int = 0
    state: NoticeState = NoticeState.CREATED
    changed_ms: int = 0
    words: str = ""
    reached: int = 0
    acknowledged: int = 0
    due: bool = True
    tries: int = 0
    next_ms: int = 0
    error: str = ""

    @property
    def has_it(self) -> bool:
        """Whether his node has it."""
        return _RANKS[self.state] >= _RANKS[NoticeState.RECEIVED]

    @property
    def has_seen_it(self) -> bool:
        """Whether somebody there has acknowledged it."""
        return _RANKS[self.state] >= _RANKS[NoticeState.ACKNOWLEDGED]

    def put_off(self, error: str, since_ms: int, now_ms: int) -> Delivery:
        """After an attempt that failed: later, or no more."""
        if now_ms - since_ms > TELL_MS:
            return self.given_up(error, now_ms)
        wait_ms = min(WAIT_MS_MIN << min(self.tries, 16), WAIT_MS_MAX)
        return replace(self, tries=self.tries + 1, next_ms=now_ms + wait_ms, error=error)

    def given_up(self, error: str, now_ms: int) -> Delivery:
        """No more is told."""
        state = NoticeState.UNDELIVERED if self.state is NoticeState.CREATED else self.state
        return replace(self, due=False, state=state, changed_ms=now_ms, error=error)


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice.

    Attributes:
        notice_id: NOTICE_ID_BYTES, by which it is known here; begins with its time.
        sent: it was sent from here; else it was received.
        prefix: of this side, in whose name it was sent, or for whom it came.
        other: of whoever sent what was received, and `other_id` is what he calls it.
        kind, severity, text, about: what it tells.
        made_ms: when it was made.
        by: who made it.
        relates: the received one that is handed on.
        deliveries: one for each addressee.
    """

    notice_id: bytes
    sent: bool
    prefix: str
    other: str
    other_id: bytes
    kind: NoticeKind
    severity: Severity
    text: str
    about: tuple[str, ...]
    made_ms: int
    by: str
    relates: bytes
    deliveries: tuple[Delivery, ...]

    @property
    def reached(self) -> int:
        """How many have it, those further on too."""
        return sum(one.has_it + one.reached for one in self.deliveries)

    @property
    def acknowledged(self) -> int:
        """How many have acknowledged it, those further on too."""
        return sum(one.has_seen_it + one.acknowledged for one in self.deliveries)

    @property
    def own(self) -> Delivery:
        """How a received one stands here."""
        return self.deliveries[0]


def new_id(now_ms: int, random: bytes) -> bytes:
    """An id for a notice: its time, then random octets."""
    return now_ms.to_bytes(_TIME_BYTES, "big") + random[: NOTICE_ID_BYTES - _TIME_BYTES]


def send(txn: WriteTxn, notice: Notice) -> Notice:
    """Keep a notice that was made here, and have it told."""
    _put(txn, notice)
    return notice


def receive(txn: WriteTxn, told: NoticeTelling, prefix: str, things: Iterable[str], now_ms: int) -> Notice | Refusal | None:
    """Keep a notice for a prefix that is answered here; None for one that came already."""
    sender = blake2b(told.prefix.encode(), digest_size=8).digest()
    # A sender's own clock and a hash: it is found again when it comes again, and takes no other's place.
    digest = blake2b(told.prefix.encode() + b"\x00" + told.notice_id, digest_size=NOTICE_ID_BYTES - _TIME_BYTES).digest()
    notice_id = min(told.told_ms, now_ms).to_bytes(_TIME_BYTES, "big") + digest
    if find(txn, notice_id, sent=False) is not None:
        return None
    unseen = txn.documents(_KIND, _UNSEEN + sender, UNSEEN_PER_SENDER_MAX)
    if sum(key.startswith(_UNSEEN + sender) for key, _ in unseen) >= UNSEEN_PER_SENDER_MAX:
        return Refusal(ResponseCode.SERVER_TOO_BUSY, f"{UNSEEN_PER_SENDER_MAX} notices of yours wait here to be acknowledged")
    own = Delivery(told.to, tuple(things), told.count, NoticeState.RECEIVED, now_ms, due=False)
    notice = Notice(
        notice_id,
        False,
        prefix,
        told.prefix,
        told.notice_id,
        told.kind,
        told.severity,
        told.text,
        told.about,
        told.told_ms,
        "",
        b"",
        (own,),
    )
    _put(txn, notice)
    txn.put_document(_KIND, _UNSEEN + sender + notice_id, b"\x01")
    return notice


def acknowledge(txn: WriteTxn, notice: Notice, state: NoticeState, words: str, by: str, now_ms: int) -> Notice | Refusal:
    """Say of a received notice how it stands; whoever sent it is told."""
    own = notice.own
    if _RANKS[state] < _RANKS[own.state]:
        return Refusal(ResponseCode.ERROR, f"it is {own.state.name.lower()} already")
    changed = replace(
        notice,
        by=by,
        deliveries=(replace(own, state=state, changed_ms=now_ms, words=words, due=True, tries=0, next_ms=now_ms),),
    )
    _put(txn, changed)
    sender = blake2b(notice.other.encode(), digest_size=8).digest()
    txn.delete_document(_KIND, _UNSEEN + sender + notice.notice_id)
    return changed


def take_receipt(txn: WriteTxn, receipt: NoticeReceipt, now_ms: int) -> Notice | None:
    """Keep how a notice that was sent from here stands at an addressee; None where there is no such notice.

    Where it was handed on for somebody, he will be told.
    """
    notice = find(txn, receipt.notice_id, sent=True)
    if notice is None or notice.prefix != receipt.prefix or all(one.to != receipt.to for one in notice.deliveries):
        return None

    def told(one: Delivery) -> Delivery:
        if one.to != receipt.to:
            return one
        state = receipt.state if _RANKS[receipt.state] >= _RANKS[one.state] else one.state
        return replace(
            one,
            state=state,
            changed_ms=now_ms,
            words=receipt.words or one.words,
            reached=receipt.reached,
            acknowledged=receipt.acknowledged,
            due=False,
            error="",
        )

    return _settle(txn, notice, [told(one) for one in notice.deliveries], now_ms)


def note_told(txn: WriteTxn, notice: Notice, told: Iterable[Delivery], now_ms: int) -> None:
    """Keep what came of telling a notice, one delivery for each that it had; what has changed meanwhile is the newer word."""
    current = find(txn, notice.notice_id, sent=notice.sent)
    if current is None:
        return

    def newer(one: Delivery, before: Delivery, after: Delivery) -> Delivery:
        if one == before:
            return after
        # A receipt was quicker than the end of the telling; an acknowledgement is still to be told.
        return replace(one, due=False) if notice.sent and not after.due else one

    parts = zip(current.deliveries, notice.deliveries, told, strict=True)
    _settle(txn, current, [newer(*part) for part in parts], now_ms)


def find(txn: ReadTxn, notice_id: bytes, *, sent: bool) -> Notice | None:
    """A notice by the id it has here."""
    body = txn.document(_KIND, (_SENT if sent else _RECEIVED) + notice_id)
    return None if body is None else _read(body)


def notices_after(txn: ReadTxn, after: bytes | None, limit: int, *, sent: bool) -> list[Notice]:
    """Notices in the order of their time, behind an id."""
    direction = _SENT if sent else _RECEIVED
    found = txn.documents(_KIND, direction + (after or b""), limit)
    return [_read(body) for key, body in found if key.startswith(direction)]


def related_to(txn: ReadTxn, notice_id: bytes, limit: int) -> list[Notice]:
    """The notices by which a received one was handed on: they are younger than it."""
    found = notices_after(txn, notice_id[:_TIME_BYTES], limit, sent=True)
    return [notice for notice in found if notice.relates == notice_id]


def due_now(txn: ReadTxn, now_ms: int, limit: int) -> list[Notice]:
    """Notices of which something is to be told now."""
    found = []
    for key, _ in txn.documents(_KIND, _PENDING, limit):
        if not key.startswith(_PENDING):
            break
        body = txn.document(_KIND, key[1:])
        notice = None if body is None else _read(body)
        if notice is not None and any(one.due and one.next_ms <= now_ms for one in notice.deliveries):
            found.append(notice)
    return found


def _settle(txn: WriteTxn, notice: Notice, deliveries: Iterable[Delivery], now_ms: int) -> Notice:
    """Keep how a notice stands now; where it was handed on for somebody, he is told when that changes his counts."""
    changed = replace(notice, deliveries=tuple(deliveries))
    _put(txn, changed)
    if changed.relates and (changed.reached, changed.acknowledged) != (notice.reached, notice.acknowledged):
        origin = find(txn, changed.relates, sent=False)
        if origin is not None:
            own = origin.own
            reached = max(own.reached + changed.reached - notice.reached, 0)
            acknowledged = max(own.acknowledged + changed.acknowledged - notice.acknowledged, 0)
            own = replace(own, reached=reached, acknowledged=acknowledged, due=True, tries=0, next_ms=now_ms)
            _put(txn, replace(origin, deliveries=(own,)))
    return changed


def _put(txn: WriteTxn, notice: Notice) -> None:
    key = (_SENT if notice.sent else _RECEIVED) + notice.notice_id
    txn.put_document(_KIND, key, _pack(notice))
    if any(one.due for one in notice.deliveries):
        txn.put_document(_KIND, _PENDING + key, b"\x01")
    else:
        txn.delete_document(_KIND, _PENDING + key)


def _pack(notice: Notice) -> bytes:
    fields: list[Any] = [getattr(notice, name) for name in Notice.__slots__[:-1]]
    packed: bytes = msgpack.packb([*fields, [[getattr(one, name) for name in Delivery.__slots__] for one in notice.deliveries]])
    return packed


def _read(body: bytes) -> Notice:
    *fields, rows = msgpack.unpackb(body)
    notice_id, sent, prefix, other, other_id, kind, severity, text, about, made_ms, by, relates = fields
    deliveries = tuple(
        Delivery(to, tuple(things), count, NoticeState(state), *others) for to, things, count, state, *others in rows
    )
    return Notice(
        notice_id,
        sent,
        prefix,
        other,
        other_id,
        NoticeKind(kind),
        Severity(severity),
        text,
        tuple(about),
        made_ms,
        by,
        relates,
        deliveries,
    )
