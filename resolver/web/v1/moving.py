"""The records of a prefix on their way to another node (`/prefixes/{prefix}/move`): what `idis prefix move` asks both ends.

The order of the steps, and why no name is ever without an answer, is told in `registry/registration/moving.py`.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any

from idis.proto.errors import DataError
from idis.proto.identifier import fold
from idis.registry.caller import Action
from idis.registry.journal import POSITION_BYTES, Position
from idis.registry.prefix import Moving
from idis.registry.registration.checks import Refusal
from idis.registry.registration.life import Registered
from idis.registry.registration.moving import Cleared, Held, held_of
from idis.registry.registration.moving_acts import (
    Arrive,
    Clear,
    Freeze,
    Give,
    MoveAct,
    Settle,
    Take,
    Taken,
    Thaw,
    judge_move,
    perform_move,
)
from idis.registry.registration.moving_chunk import luggage_of, pack_luggage, unpack_luggage
from idis.registry.registration.moving_reading import count_some, read_changes, read_page
from idis.registry.rights import Groups, Unknown
from idis.registry.store.base import ReadTxn, WriteTxn
from idis.resolver.web.v1.asking import decide
from idis.resolver.web.v1.common_model import PrefixPath
from idis.resolver.web.v1.moving_model import (
    ArriveBody,
    ChangesPath,
    ClearBody,
    GiveBody,
    MoveChanges,
    MoveCleared,
    MoveCount,
    MovePage,
    MovePath,
    MoveState,
    MoveStep,
    MoveTaken,
    SettleBody,
    TakeBody,
)
from idis.resolver.web.v1.operation import Call, Operation, Reply
from idis.resolver.web.v1.reading import Unfit
from idis.resolver.web.v1.site_model import model_of_site, sites_of
from idis.resolver.web.v1.writing import commit

GROUP = "moving 前缀迁移"


@dataclass(frozen=True, slots=True)
class _Stepped:
    """What a step came to."""

    result: Registered | Taken | Cleared


async def show_state(call: Call[PrefixPath, None]) -> Reply | Refusal:
    """Where a prefix stands here."""
    prefix = fold(call.parameters.prefix)

    def question(txn: ReadTxn, groups: Groups) -> MoveState | Refusal | Unknown:
        if (verdict := judge_move(txn, prefix, call.caller, groups)) is not None:
            return verdict
        entry, held = txn.prefix(prefix), held_of(txn, prefix)
        return MoveState(
            prefix=prefix,
            known=entry is not None,
            answered=entry is not None and entry.answers_here,
            moving=Moving.STAYS if entry is None else entry.moving,
            records=held.records,
            seal=_seal(held),
            position=_text(txn.position.encode()),
            luggage="" if entry is None else _text(pack_luggage(luggage_of(entry))),
            site=model_of_site(call.face.site),
        )

    return await decide(call, question)


async def read_records(call: Call[MovePath, None]) -> Reply | Refusal:
    """Some of its records."""
    prefix, after = fold(call.parameters.prefix), _key(call.parameters.after, "after")

    def question(txn: ReadTxn, groups: Groups) -> MovePage | Refusal | Unknown:
        if (verdict := judge_move(txn, prefix, call.caller, groups)) is not None:
            return verdict
        page = read_page(txn, prefix, after)
        return MovePage(_text(page.chunk), None if page.after is None else _text(page.after))

    return await decide(call, question)


async def read_changed(call: Call[ChangesPath, None]) -> Reply | Refusal:
    """What changed since a position."""
    prefix, octets = fold(call.parameters.prefix), _octets(call.parameters.after, "after")
    if len(octets) != POSITION_BYTES:
        raise Unfit("after", "this is no position")

    def question(txn: ReadTxn, groups: Groups) -> MoveChanges | Refusal | Unknown:
        if (verdict := judge_move(txn, prefix, call.caller, groups)) is not None:
            return verdict
        changes = read_changes(txn, prefix, Position.decode(octets))
        return MoveChanges(_text(changes.chunk), _text(changes.position.encode()), changes.more, changes.known)

    return await decide(call, question)


async def count(call: Call[MovePath, None]) -> Reply | Refusal:
    """Count some of its records."""
    prefix, after = fold(call.parameters.prefix), _key(call.parameters.after, "after")

    def question(txn: ReadTxn, groups: Groups) -> MoveCount | Refusal | Unknown:
        if (verdict := judge_move(txn, prefix, call.caller, groups)) is not None:
            return verdict
        part = count_some(txn, prefix, after)
        following = None if part.after is None else _text(part.after)
        return MoveCount(part.records, f"{part.digest:x}", following, part.held.records, _seal(part.held))

    return await decide(call, question)


async def freeze(call: Call[PrefixPath, None]) -> Reply | Refusal:
    """Take no more changes."""
    return await _do(call, Freeze(call.parameters.prefix))


async def thaw(call: Call[PrefixPath, None]) -> Reply | Refusal:
    """Take changes again."""
    return await _do(call, Thaw(call.parameters.prefix))


async def arrive(call: Call[PrefixPath, ArriveBody]) -> Reply | Refusal:
    """Take in what is sent."""
    try:
        luggage = unpack_luggage(_octets(call.body.luggage, "#/luggage"))
    except DataError as error:
        raise Unfit("#/luggage", str(error)) from None
    return await _do(call, Arrive(call.parameters.prefix, luggage))


async def take(call: Call[PrefixPath, TakeBody]) -> Reply | Refusal:
    """Some of its records."""
    return await _do(call, Take(call.parameters.prefix, _octets(call.body.chunk, "#/chunk")))


async def settle(call: Call[PrefixPath, SettleBody]) -> Reply | Refusal:
    """Answer from now on."""
    body = call.body
    return await _do(call, Settle(call.parameters.prefix, body.place, Held(body.records, int(body.seal, 16))))


async def give(call: Call[PrefixPath, GiveBody]) -> Reply | Refusal:
    """Refer to the other node from now on."""
    body = call.body
    held = Held(body.records, int(body.seal, 16))
    return await _do(call, Give(call.parameters.prefix, sites_of(body.sites, "#/sites"), held))


async def clear(call: Call[PrefixPath, ClearBody]) -> Reply | Refusal:
    """Delete some of what it left here."""
    return await _do(call, Clear(call.parameters.prefix, _key(call.body.after, "#/after")))


async def _do(call: Call[Any, Any], act: MoveAct) -> Reply | Refusal:
    caller, now = call.caller, call.now

    def change(txn: WriteTxn, groups: Groups) -> _Stepped | Refusal | Unknown:
        result = perform_move(txn, act, caller, now, groups=groups)
        return result if isinstance(result, Refusal | Unknown) else _Stepped(result)

    return await commit(call, change, lambda stepped: _done(stepped.result))


def _done(result: Registered | Taken | Cleared) -> Reply:
    match result:
        case Registered(entry=entry, changed=changed):
            return Reply(MoveStep(changed, entry.moving, entry.version))
        case Taken(put=put, deleted=deleted):
            return Reply(MoveTaken(put, deleted))
        case Cleared(after=after):
            return Reply(MoveCleared(None if after is None else _text(after)))


def _seal(held: Held) -> str:
    return f"{held.digest_sum:016x}"


def _text(octets: bytes) -> str:
    return urlsafe_b64encode(octets).decode().rstrip("=")


def _octets(text: str, pointer: str) -> bytes:
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, binascii.Error):
        raise Unfit(pointer, "this is no base64url") from None


def _key(text: str | None, pointer: str) -> bytes | None:
    return None if text is None else _octets(text, pointer)


_MAY = "operators; ADD_DERIVED_PREFIX and DELETE_DERIVED_PREFIX on the parent"
_REFUSED = (403, 404, 409, 422)


def _operation(
    name: str,
    method: str,
    path: str,
    summary: tuple[str, str],
    answer: Any,
    parameters: type[Any],
    response: type[Any],
    *,
    request: type[Any] | None = None,
    detail: str = "",
) -> Operation[Any, Any]:
    return Operation(
        name=name,
        method=method,
        path=f"/prefixes/{{prefix}}/move{path}",
        group=GROUP,
        summary=summary,
        may=_MAY,
        answer=answer,
        parameters=parameters,
        request=request,
        response=response,
        successes=((200, summary[0]),),
        refusals=_REFUSED if method == "POST" else (403, 422),
        action=Action.PREFIX,
        detail=detail,
    )


OPERATIONS: tuple[Operation[Any, Any], ...] = (
    _operation("getMove", "GET", "", ("where a prefix stands", "迁移状态"), show_state, PrefixPath, MoveState),
    _operation(
        "freezePrefix", "POST", "/freeze", ("source: take no more changes", "源节点冻结"), freeze, PrefixPath, MoveStep,
        detail="Changes below it are refused as busy until the move ends, or is given up by 'thaw'.",
    ),
    _operation("thawPrefix", "POST", "/thaw", ("source: take changes again", "源节点解冻"), thaw, PrefixPath, MoveStep),
    _operation("readMoving", "GET", "/records", ("source: read its records", "读取数据"), read_records, MovePath, MovePage),
    _operation(
        "readChanges", "GET", "/changes", ("source: what changed meanwhile", "读取变更"), read_changed, ChangesPath, MoveChanges
    ),
    _operation(
        "countMoving", "GET", "/count", ("count its records", "计数校验"), count, MovePath, MoveCount,
        detail="Sums of all parts compare two nodes; 'held' and 'seal' must be the same in each part.",
    ),
    _operation(
        "arrivePrefix", "POST", "/arrive", ("destination: take in what is sent", "目标节点接收"), arrive, PrefixPath, MoveStep,
        request=ArriveBody,
    ),
    _operation(
        "takeRecords", "POST", "/take", ("destination: some of its records", "写入数据"), take, PrefixPath, MoveTaken,
        request=TakeBody,
    ),
    _operation(
        "settlePrefix", "POST", "/settle", ("destination: answer from now on", "目标节点启用"), settle, PrefixPath, MoveStep,
        request=SettleBody, detail="Refused unless what is held is still what was counted.",
    ),
    _operation(
        "givePrefix", "POST", "/give", ("source: refer to the destination", "源节点转交"), give, PrefixPath, MoveStep,
        request=GiveBody, detail="Refused unless it is frozen and what is held is still what was counted.",
    ),
    _operation(
        "clearPrefix", "POST", "/clear", ("delete what it left, or what is not wanted", "清理"), clear, PrefixPath, MoveCleared,
        request=ClearBody, detail="Some at a time: go on with 'next' until it is null.",
    ),
)  # fmt: skip
