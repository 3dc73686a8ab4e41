"""Batches on their way into the registry: steps, keys, and what is certain."""

from __future__ import annotations

import time

from idis.proto.batch import BATCH_ITEMS_MAX, BatchItem, BatchReply, BatchRequest, Verb
from idis.proto.types.admin import Admin, encode_admin
from idis.proto.value import Value, encode_values
from idis.registry.caller import Caller
from idis.registry.identity import identity_of
from idis.registry.prefix import PrefixEntry
from idis.registry.registration.checks import Refusal
from idis.registry.store.memory import MemoryStore
from idis.resolver.admin.batches import STEP_ITEMS, register_batch
from idis.resolver.admin.registrar import Registrar

OWNER = Caller("tcp 192.0.2.7", identity_of(300, "88.118.8/key"))
OTHER = Caller("tcp 192.0.2.8", identity_of(301, "88.118.8/key"))
KEY = bytes(range(16))
URL = encode_values((Value(1, "URL", b"https://example.com/1"),))


def registrar() -> Registrar:
    """Of a node that homes 88.118.8 under every key of 88.118.8/key."""
    store = MemoryStore()
    values = encode_values((Value(100, "HS_ADMIN", encode_admin(Admin("88.118.8/key", 0))),))
    store.write(lambda txn: txn.put_prefix(PrefixEntry("88.118.8", homed=True, values=values)), actor="test").result()
    return Registrar(store, None, time)


def creates(count: int) -> tuple[BatchItem, ...]:
    """That many new records."""
    return tuple(BatchItem(Verb.CREATE, f"88.118.8/{number}", URL) for number in range(count))


async def results(made: Registrar, batch: BatchRequest, caller: Caller = OWNER) -> BatchReply:
    """The answer to a batch that is not refused."""
    reply = await register_batch(made, batch, caller)
    assert isinstance(reply, BatchReply)
    return reply


async def test_results_are_in_the_order_of_the_items():
    """Over several steps."""
    reply = await results(registrar(), BatchRequest(creates(STEP_ITEMS + 1)))

    assert [result.identifier for result in reply.results] == [f"88.118.8/{number}" for number in range(STEP_ITEMS + 1)]
    assert {result.code for result in reply.results} == {1}


async def test_a_repeated_batch_gives_the_first_results():
    """Also where doing it again would come to something else."""
    made = registrar()
    batch = BatchRequest((*creates(1), BatchItem(Verb.DELETE, "88.118.8/0")), KEY)
    first = await results(made, batch)
    second = await results(made, batch)

    assert [result.code for result in first.results] == [1, 1]
    assert (second.results, first.repeated, second.repeated) == (first.results, False, True)


async def test_a_batch_cut_off_half_way_is_taken_up():
    """The first step was done before; the whole has the results of both, and is not called a repetition."""
    made = registrar()
    items = creates(STEP_ITEMS + 1)
    await results(made, BatchRequest(items[:STEP_ITEMS], KEY))
    whole = await results(made, BatchRequest(items, KEY))

    assert [result.version for result in whole.results] == [1] * (STEP_ITEMS + 1)
    assert not whole.repeated


async def test_a_key_belongs_to_its_caller():
    """Another identity with the same key gets results of its own."""
    made = registrar()
    await results(made, BatchRequest((BatchItem(Verb.DELETE, "88.118.8/0"),), KEY))
    other = await results(made, BatchRequest(creates(1), KEY), OTHER)

    assert [result.code for result in other.results] == [1]


async def test_a_key_with_other_items_is_refused():
    """The sentence says what to do."""
    made = registrar()
    await results(made, BatchRequest(creates(1), KEY))
    refusal = await register_batch(made, BatchRequest(creates(2), KEY), OWNER)

    assert isinstance(refusal, Refusal)
    assert (refusal.code, "its own key" in refusal.message) == (202, True)


async def test_too_many_items_are_refused():
    """One more than 2,000, with nothing done."""
    made = registrar()
    refusal = await register_batch(made, BatchRequest(creates(BATCH_ITEMS_MAX + 1)), OWNER)

    assert isinstance(refusal, Refusal)
    assert (refusal.code, "split it" in refusal.message) == (202, True)
    assert [result.code for result in (await results(made, BatchRequest(creates(1)))).results] == [1]


async def test_nobody_in_particular_is_asked_for_a_proof():
    """Before anything is judged."""
    refusal = await register_batch(registrar(), BatchRequest(creates(1)), Caller("tcp 192.0.2.9"))

    assert isinstance(refusal, Refusal)
    assert refusal.code == 402


async def test_an_empty_batch_has_no_results():
    """It is no error, and no repetition."""
    assert await results(registrar(), BatchRequest((), KEY)) == BatchReply(())
