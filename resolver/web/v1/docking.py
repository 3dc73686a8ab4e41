"""Docking with supply-chain and production systems (`/docking`): is this part right, and it was built in.

The asker administers the product. The parts may be anybody's: of those below his own prefixes he sees all, of others what
their node shows to the public, asked for there if need be.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from idis.proto.codes import ResponseCode
from idis.proto.errors import IdentifierError
from idis.proto.identifier import parse_identifier
from idis.proto.value import Value
from idis.registry.caller import Action
from idis.registry.docking.match import Docked, Order, dock_here
from idis.registry.docking.piece import Piece, piece_of
from idis.registry.docking.telling import installation
from idis.registry.registration.checks import Refusal
from idis.registry.rights import Groups, Unknown
from idis.registry.store.base import ReadTxn, WriteTxn
from idis.registry.trace.capture import Fate, Ready, keep, ready
from idis.registry.trace.event import Moment
from idis.registry.trace.event_time import read_time
from idis.registry.trace.records import spelling_at
from idis.registry.trace.stop_ship import GRAVITY, Verdict
from idis.registry.trace.teller import Teller, teller_of
from idis.registry.trace.things import home_of
from idis.resolver.web.v1.docking_model import AsBuiltBody, DockBody, DockedModel, DockedModels, DoubtModel
from idis.resolver.web.v1.operation import Call, Nothing, Operation, Reply
from idis.resolver.web.v1.reading import Unfit
from idis.resolver.web.v1.records import visible_values
from idis.resolver.web.v1.trace_scope import admit, now_ms
from idis.resolver.web.v1.writing import Undone, commit

GROUP = "docking 供应链与生产对接"

_ELSEWHERE = (ResponseCode.SERVER_NOT_RESPONSIBLE,)


async def check_docking(call: Call[Nothing, DockBody]) -> Reply | Refusal:
    """Are these parts right for this order and this product."""
    seen = await _pieces(call)
    if isinstance(seen, Refusal):
        return seen
    whole, parts = seen
    order, at_ms = Order(call.body.order, call.body.wanted), now_ms(call)
    with call.face.service.chain.store.read() as txn:
        found = [dock_here(txn, part, whole, order, at_ms) for part in parts]
    return Reply(_view(whole.thing, [(docked, None) for docked in found]))


async def post_as_built(call: Call[Nothing, AsBuiltBody]) -> Reply | Refusal:
    """These parts were joined: what matches opens an edge, what does not is told and opens none."""
    body = call.body
    read = read_time(body.at.upper())
    if read is None:
        raise Unfit("#/at", "write the time with its offset, as 2026-03-02T09:30:00+08:00")
    if read[0] > now_ms(call):
        raise Unfit("#/at", "what was built lies in the past")
    with call.face.service.chain.store.read() as txn:
        teller = teller_of(txn, call.caller)
    if isinstance(teller, Refusal):
        return teller
    seen = await _pieces(call)
    if isinstance(seen, Refusal):
        return seen
    at, now = Moment(*read), now_ms(call)
    change = partial(_build, body=body, seen=seen, at=at, teller=teller, now=now)
    return await commit(call, change, lambda done: Reply(_view(seen[0].thing, done)))


Seen = tuple[Piece, tuple[Piece, ...]]
Built = list[tuple[Docked, str | None]]


def _build(txn: WriteTxn, _groups: Groups, *, body: AsBuiltBody, seen: Seen, at: Moment, teller: Teller, now: int) -> Built:
    whole, parts = seen
    order, spelling = Order(body.order, body.wanted), spelling_at(txn)
    done: Built = []
    for part in parts:
        docked = dock_here(txn, part, whole, order, now)
        if docked.verdict is not Verdict.ALLOW or docked.joined:
            done.append((docked, None))
            continue
        event = installation(part.thing, whole.thing, at, order=body.order, station=body.station)
        judged = ready(event, now)
        if not isinstance(judged, Ready):
            raise Undone(Refusal(ResponseCode.INVALID_VALUE, f"no event can tell of {part.thing}: {judged[0].message}"))
        kept = keep(txn, judged, replace(teller, holder=teller.holder or home_of(whole.thing)), spelling)
        assert kept.fate is not Fate.CONFLICT, "its id is the hash of its content"
        done.append((docked, judged.event.event_id))
    return done


async def _pieces(call: Call[Nothing, Any]) -> Seen | Refusal:
    """The product and the parts as the asker may see them."""
    admitted = await admit(call, (call.body.whole,))
    if isinstance(admitted, Refusal):
        return admitted
    _, (whole,) = admitted
    with call.face.service.chain.store.read() as txn:
        parts = tuple(dict.fromkeys(spelling_at(txn).names(call.body.parts)))
    if whole in parts:
        raise Unfit("#/parts", "nothing becomes part of itself")
    seen = await asyncio.gather(*(_piece(call, thing) for thing in (whole, *parts)))
    return seen[0], tuple(seen[1:])


async def _piece(call: Call[Nothing, Any], thing: str) -> Piece:
    """A thing with what this node, or else its own node, shows of it."""
    try:
        named = home_of(thing) and parse_identifier(thing).suffix
    except IdentifierError:
        named = None
    if not named:
        return Piece(thing)

    def question(txn: ReadTxn, groups: Groups) -> Sequence[Value] | Refusal | Unknown:
        return visible_values(call, txn, groups, thing)

    values: Sequence[Value] | Refusal = await call.face.registrar.decide(question)
    if isinstance(values, Refusal) and values.code in _ELSEWHERE:
        values = await call.face.elsewhere.values(thing)
    return piece_of(thing, None if isinstance(values, Refusal) or not values else values)


def _view(whole: str, done: Built) -> DockedModels:
    items = tuple(
        DockedModel(
            docked.part,
            docked.order,
            docked.product,
            docked.verdict,
            tuple(DoubtModel(doubt.about, doubt.match, doubt.text) for doubt in docked.doubts),
            docked.joined,
            event_id,
        )
        for docked, event_id in done
    )
    return DockedModels(whole, max((item.verdict for item in items), key=GRAVITY.__getitem__), items)


_MAY = "list or read below the prefix of the product; of the parts, what each may see anyway"

OPERATIONS = (
    Operation(
        name="checkDocking",
        method="POST",
        path="/docking/check",
        group=GROUP,
        summary=("are these parts right for this order and this product", "订单一致性与产品一致性检查"),
        detail="Asked before assembly. Only 'allow' is a match of both; what could not be compared is held, with the reason.",
        may=_MAY,
        answer=check_docking,
        parameters=Nothing,
        request=DockBody,
        asks=True,
        response=DockedModels,
        successes=((200, "a verdict for each part"),),
        action=Action.READ,
    ),
    Operation(
        name="postAsBuilt",
        method="POST",
        path="/docking/as-built",
        group=GROUP,
        summary=("these parts were built in", "上报装机结果"),
        detail=(
            "Each part is checked again. One that matches gets an installation event and is part of the product from then on;"
            " one that does not opens no edge. Sent twice it changes nothing."
        ),
        may=f"{_MAY}; and a role below the prefix that may tell events",
        answer=post_as_built,
        parameters=Nothing,
        request=AsBuiltBody,
        response=DockedModels,
        successes=((200, "a verdict for each part, and the event of each that was joined"),),
        action=Action.TRACE,
    ),
)
