"""Writes: done once for each idempotency key, and only while the expected version is there.

The first answer to a request with an Idempotency-Key is kept with the change itself, in the same commit (`storage.md` §5),
so that it survives a crash as the change does. A refusal is not kept: it is judged anew. Keys of two callers never meet.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import blake2b
from typing import Any, TypeVar, cast

import msgpack

from idis.proto.codes import ResponseCode
from idis.registry.registration.checks import Refusal
from idis.registry.rights import Groups, Unknown
from idis.registry.store.base import OutcomeKey, WriteTxn
from idis.resolver.web.v1.operation import Call, Reply
from idis.resolver.web.v1.problem import Outdated, Untimely
from idis.resolver.web.v1.showing import show

T = TypeVar("T")
R = TypeVar("R", Refusal, Refusal | Unknown)
Change = Callable[[WriteTxn, Groups], T | Refusal | Unknown]


class Undone(Exception):
    """Ends a change of several steps whose later step is refused: nothing of it happens."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


async def commit(
    call: Call[Any, Any], change: Change[T], reply: Callable[[T], Reply], *, secret: Callable[[T, Reply], Reply] | None = None
) -> Reply | Refusal:
    """Do a change and say what it came to.

    Args:
        call: whose change.
        change: a pure function of a write transaction and the groups known so far; it may raise `Undone`.
        reply: the answer to what it returns.
        secret: adds to the answer what must not be kept; a repeated request is answered without it.
    """
    registrar = call.face.registrar
    results: list[T] = []

    def decided(txn: WriteTxn, groups: Groups) -> bytes | Refusal | Unknown:
        result = change(txn, groups)
        if isinstance(result, Refusal | Unknown):
            return _timely(result)
        results[:] = [result]  # the last run is the one that was committed
        return _pack(reply(result)) if call.key else b""

    try:
        committed = await registrar.commit(call.caller, decided, outcome=_outcome_of(call))
    except Undone as undone:
        return _timely(undone.refusal)
    if isinstance(committed, Refusal):
        return committed
    if committed.repeated:
        return _unpack(committed.result)
    (result,) = results
    answer = reply(result)
    return answer if secret is None else secret(result, answer)


def _timely(result: R) -> R | Refusal:
    """Where the registry has no code for a refusal, what was asked for does not fit the state of things."""
    if isinstance(result, Refusal) and result.code == ResponseCode.ERROR and not isinstance(result, Outdated):
        return Untimely(result.code, result.message)
    return result


def _outcome_of(call: Call[Any, Any]) -> OutcomeKey | None:
    if not call.key:
        return None
    principal = blake2b(call.caller.name.encode("utf-8", "backslashreplace"), digest_size=8).digest()
    return OutcomeKey(principal, blake2b(call.key.encode(), digest_size=16).digest(), call.digest)


def _pack(reply: Reply) -> bytes:
    body = json.dumps(show(reply.body), ensure_ascii=False)
    return cast(bytes, msgpack.packb([reply.status, reply.version, reply.location, body]))


def _unpack(octets: bytes) -> Reply:
    status, version, location, body = msgpack.unpackb(octets)
    return replace(Reply(json.loads(body)), status=status, version=version, location=location)
