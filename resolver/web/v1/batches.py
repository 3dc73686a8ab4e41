"""Batches: many changes in one request, one result for each (`/batch`, `domain.md` §8)."""

from __future__ import annotations

import asyncio
from hashlib import blake2b

from idis.proto.batch import (
    BATCH_KEY_BYTES,
    VERBS_WITH_INDEXES,
    BatchItem,
    BatchRequest,
    ItemResult,
    Verb,
    misplaced,
    payload_of_indexes,
)
from idis.proto.codes import ResponseCode
from idis.proto.value import encode_values
from idis.registry.caller import Action
from idis.registry.registration.checks import Refusal
from idis.resolver.admin.batches import register_batch
from idis.resolver.web.v1.batch_model import BatchDone, BatchItemModel, BatchModel, ItemResultModel
from idis.resolver.web.v1.operation import Call, Nothing, Operation, Reply
from idis.resolver.web.v1.reading import Malformed
from idis.resolver.web.v1.value_model import value_of

GROUP = "batch 批量"
BODY_BYTES_MAX = 4_194_304  # 2,000 records of 2 KB, from somebody who has proved who he is (`trust.md` §7)

_Read = BatchItem | ItemResult  # what cannot be read has its result already


async def register(call: Call[Nothing, BatchModel]) -> Reply | Refusal:
    """Do a batch."""
    read = await asyncio.to_thread(lambda: [_read(item, at) for at, item in enumerate(call.body.items)])
    items = tuple(item for item in read if isinstance(item, BatchItem))
    key = blake2b(call.key.encode(), digest_size=BATCH_KEY_BYTES).digest() if call.key else b""
    reply = await register_batch(call.face.registrar, BatchRequest(items, key), call.caller)
    if isinstance(reply, Refusal):
        return reply
    done = iter(reply.results)
    results = tuple(_shown(next(done) if isinstance(item, BatchItem) else item) for item in read)
    return Reply(BatchDone(results, reply.repeated))


def _read(item: BatchItemModel, at: int) -> _Read:
    if sentence := misplaced(item.verb, bool(item.values), bool(item.indexes)):
        return ItemResult(ResponseCode.INVALID_VALUE, item.identifier, 0, sentence)
    if item.verb in VERBS_WITH_INDEXES:
        return BatchItem(item.verb, item.identifier, payload_of_indexes(item.indexes) if item.indexes else b"")
    if item.verb is Verb.DELETE:
        return BatchItem(item.verb, item.identifier)
    try:
        values = [value_of(value, f"#/items/{at}/values/{number}") for number, value in enumerate(item.values)]
    except Malformed as error:
        return ItemResult(ResponseCode.INVALID_VALUE, item.identifier, 0, f"{error.pointer}: {error.detail}")
    return BatchItem(item.verb, item.identifier, encode_values(values))


def _shown(result: ItemResult) -> ItemResultModel:
    return ItemResultModel(result.identifier, int(result.code), result.version, result.message)


OPERATIONS = (
    Operation(
        name="registerBatch",
        method="POST",
        path="/batch",
        group=GROUP,
        summary=("register, change or delete up to 2,000 records", "批量注册"),
        detail="The request succeeds even if items fail: each has its own code. Registering what is there already is a success."
        " With an Idempotency-Key, a batch that is sent again after a time-out is answered as the first time.",
        may="for each item, what it needs by itself",
        answer=register,
        parameters=Nothing,
        request=BatchModel,
        response=BatchDone,
        successes=((200, "one result for each item"),),
        refusals=(403, 422),
        action=Action.REGISTER,
        body_bytes_max=BODY_BYTES_MAX,
    ),
)
