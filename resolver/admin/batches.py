"""A batch on its way into the registry: cut into commits, made repeatable, put together again.

A batch is written in steps of STEP_ITEMS, so that whoever else writes waits for one of them at most. Each step has its own
idempotency key, made of the batch's and its number: a batch that was cut off half-way is taken up where it stood.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from hashlib import blake2b

from idis.proto.batch import BATCH_ITEMS_MAX, BATCH_KEY_BYTES, BatchItem, BatchReply, BatchRequest, ItemResult
from idis.proto.codes import ResponseCode
from idis.registry.caller import Caller
from idis.registry.registration.batch import Batched, decode_outcome, perform_batch, request_digest
from idis.registry.registration.checks import Refusal
from idis.registry.rights import Groups, Unknown
from idis.registry.store.base import OutcomeKey, WriteTxn
from idis.resolver.admin.registrar import TOLD, Registrar

STEP_ITEMS = 500  # a commit of so many takes a few milliseconds
_PRINCIPAL_BYTES = 8


async def register_batch(registrar: Registrar, batch: BatchRequest, caller: Caller) -> BatchReply | Refusal:
    """Do a batch and say what became of each item.

    Args:
        registrar: of the node.
        batch: its items and its key; without a key it is not repeatable.
        caller: who asks.

    Returns:
        One result for each item. `repeated` when every step had been done before. A refusal when nothing, or not all of
        it, is certain to be done: with a key the batch may be sent again as it is.
    """
    items = batch.items
    if caller.anonymous:
        return Refusal(ResponseCode.AUTHENTICATION_NEEDED, "a batch needs an administrator: prove an identity that is one")
    if len(items) > BATCH_ITEMS_MAX:
        return Refusal(ResponseCode.INVALID_VALUE, f"{len(items)} items, at most {BATCH_ITEMS_MAX} in one batch: split it")
    steps = [items[start : start + STEP_ITEMS] for start in range(0, len(items), STEP_ITEMS)]
    done = await asyncio.gather(
        *(_step(registrar, step, caller, batch.key, number) for number, step in enumerate(steps))
    )
    results: list[ItemResult] = []
    repeated = bool(batch.key) and bool(steps)
    for outcome in done:
        if isinstance(outcome, Refusal):
            return outcome
        batched, again = outcome
        results += batched.results
        repeated = repeated and again
    return BatchReply(tuple(results), repeated)


async def _step(
    registrar: Registrar, items: Sequence[BatchItem], caller: Caller, key: bytes, number: int
) -> tuple[Batched, bool] | Refusal:
    now, digest = registrar.now, request_digest(items)
    fresh: list[Batched] = []  # what this call did, if it did anything: not to be read back from the octets that are kept

    def change(txn: WriteTxn, groups: Groups) -> bytes | Unknown:
        batched = perform_batch(txn, items, caller, now, groups=groups, digest=digest)
        if isinstance(batched, Unknown):
            return batched
        fresh[:] = (batched,)
        return batched.encode() if key else b""

    committed = await registrar.commit(caller, change, outcome=_step_key(key, number, digest, caller))
    if isinstance(committed, Refusal):
        return committed
    if committed.repeated:
        return decode_outcome(committed.result), True
    results = fresh[0].results
    if all(result.code != ResponseCode.SUCCESS for result in results):
        for barred in (result for result in results if result.code in TOLD):
            registrar.tell_refused(caller, "batch", barred.identifier, Refusal(barred.code, barred.message))
            break
    return fresh[0], False


def _step_key(key: bytes, number: int, digest: bytes, caller: Caller) -> OutcomeKey | None:
    if not key:
        return None
    who = caller.name if caller.identity is None else str(caller.identity)  # whichever token stands in for it
    principal = blake2b(who.encode(), digest_size=_PRINCIPAL_BYTES).digest()
    own = blake2b(key + number.to_bytes(4, "big"), digest_size=BATCH_KEY_BYTES).digest()
    return OutcomeKey(principal, own, digest)
