"""The registrar: acts from the network, groups of other nodes, and what the store may say."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from idis.proto.types.admin import Admin, encode_admin
from idis.proto.value import Value, encode_values
from idis.registry.audit.line import decode_line
from idis.registry.caller import Caller
from idis.registry.identity import Identity, identity_of
from idis.registry.prefix import PrefixEntry
from idis.registry.registration.acts import Create, Delete, Done
from idis.registry.registration.checks import Refusal
from idis.registry.store.base import OutcomeKey, StoreBusy, StoreFull, StorePoisoned
from idis.registry.store.memory import MemoryStore
from idis.resolver.admin.registrar import GROUP_ROUNDS_MAX, Registrar
from idis.resolver.audit_writer import AuditWriter

OWNER = Caller("tcp 192.0.2.7", identity_of(300, "88.118.8/key"))
URL = Value(1, "URL", b"https://example.com/1")
GROUP = identity_of(200, "99.1/group")


class Elsewhere:
    """Groups of other nodes, and what was asked of them."""

    def __init__(self, groups: dict[Identity, tuple[Identity, ...] | None]) -> None:
        self.groups = groups
        self.asked: list[Identity] = []

    async def members(self, group: Identity) -> tuple[Identity, ...] | None:
        """One group."""
        self.asked.append(group)
        return self.groups.get(group)


def home(admin: Admin) -> MemoryStore:
    """A store that homes 88.118.8 under one administrator."""
    store = MemoryStore()
    values = encode_values((Value(100, "HS_ADMIN", encode_admin(admin)),))
    store.write(lambda txn: txn.put_prefix(PrefixEntry("88.118.8", homed=True, values=values)), actor="test").result()
    return store


def mine() -> MemoryStore:
    """A store whose prefix names the owner's key."""
    return home(Admin("88.118.8/key", 300))


async def test_an_act_is_done():
    """Who may, gets what was asked for."""
    registrar = Registrar(mine(), None, time)

    assert await registrar.perform(Create("88.118.8/a", (URL,)), OWNER) == Done("88.118.8/a", 1)


async def test_nobody_in_particular_never_reaches_the_writer():
    """A request without a proof is refused on a snapshot."""
    store = mine()

    def closed(*_: object, **__: object) -> Future[Any]:
        raise AssertionError("the writer was asked")

    store.write = closed  # type: ignore[assignment]
    refusal = await Registrar(store, None, time).perform(Create("88.118.8/a", (URL,)), Caller("tcp 192.0.2.9"))

    assert isinstance(refusal, Refusal)
    assert refusal.code == 402


async def test_what_is_no_identifier_is_refused():
    """The sentence of the parser, code 102."""
    refusal = await Registrar(mine(), None, time).perform(Delete("88..8/a"), OWNER)

    assert isinstance(refusal, Refusal)
    assert refusal.code == 102


async def test_a_group_of_another_node_is_fetched():
    """The decision waits for it, and the act is done."""
    elsewhere = Elsewhere({GROUP: (identity_of(300, "88.118.8/key"),)})
    done = await Registrar(home(Admin("99.1/group", 200)), elsewhere, time).perform(Create("88.118.8/a", (URL,)), OWNER)

    assert done == Done("88.118.8/a", 1)
    assert elsewhere.asked == [GROUP]


@pytest.mark.parametrize("source", [None, Elsewhere({})])
async def test_a_group_that_cannot_be_had_lets_nobody_in(source: Elsewhere | None):
    """Neither without a way to fetch it, nor when its node is silent."""
    refusal = await Registrar(home(Admin("99.1/group", 200)), source, time).perform(Create("88.118.8/a", (URL,)), OWNER)

    assert isinstance(refusal, Refusal)
    assert refusal.code == 400


async def test_groups_are_followed_only_so_deep():
    """A chain of groups that never ends is left after GROUP_ROUNDS_MAX rounds."""
    chain = {identity_of(200, f"99.1/g{at}"): (identity_of(200, f"99.1/g{at + 1}"),) for at in range(20)}
    elsewhere = Elsewhere(dict(chain))
    refusal = await Registrar(home(Admin("99.1/g0", 200)), elsewhere, time).perform(Create("88.118.8/a", (URL,)), OWNER)

    assert isinstance(refusal, Refusal)
    assert refusal.code == 400
    assert len(elsewhere.asked) <= GROUP_ROUNDS_MAX + 1


async def test_groups_that_hold_each_other_end():
    """Each is fetched once."""
    one, other = identity_of(200, "99.1/one"), identity_of(200, "99.1/other")
    elsewhere = Elsewhere({one: (other,), other: (one,)})
    refusal = await Registrar(home(Admin("99.1/one", 200)), elsewhere, time).perform(Create("88.118.8/a", (URL,)), OWNER)

    assert isinstance(refusal, Refusal)
    assert sorted(map(str, elsewhere.asked)) == ["200:99.1/ONE", "200:99.1/OTHER"]


@pytest.mark.parametrize(
    ("error", "code"), [(StoreBusy("full queue"), 3), (StoreFull("no room"), 7), (StorePoisoned("a flush failed"), 2)]
)
async def test_what_the_store_cannot_do_is_a_refusal(error: Exception, code: int):
    """Busy, full and broken each have their code."""
    store = mine()

    def failing(*_: object, **__: object) -> Future[Any]:
        failed: Future[Any] = Future()
        failed.set_exception(error)
        return failed

    store.write = failing  # type: ignore[assignment]
    refusal = await Registrar(store, None, time).perform(Create("88.118.8/a", (URL,)), OWNER)

    assert isinstance(refusal, Refusal)
    assert refusal.code == code


def refusing(answers: list[bytes | Refusal]) -> Callable[..., bytes | Refusal]:
    """A change that gives these answers in turn."""
    return lambda txn, groups: answers.pop(0)


async def test_a_refusal_is_no_outcome():
    """Asked again with its key, a request that was refused is judged anew; one that was done is not."""
    registrar = Registrar(mine(), None, time)
    key = OutcomeKey(bytes(8), bytes(16), b"digest")
    answers: list[bytes | Refusal] = [Refusal(401, "not yet"), b"done", b"again"]
    first = await registrar.commit(OWNER, refusing(answers), outcome=key)
    second = await registrar.commit(OWNER, refusing(answers), outcome=key)
    third = await registrar.commit(OWNER, refusing(answers), outcome=key)

    assert first == Refusal(401, "not yet")
    assert not isinstance(second, Refusal)
    assert not isinstance(third, Refusal)
    assert (second.result, second.repeated, third.result, third.repeated) == (b"done", False, b"done", True)


async def test_a_key_of_another_request_is_refused():
    """Its results are not shown to whoever asks something else."""
    registrar = Registrar(mine(), None, time)
    await registrar.commit(OWNER, lambda txn, groups: b"done", outcome=OutcomeKey(bytes(8), bytes(16), b"one"))
    refusal = await registrar.commit(OWNER, lambda txn, groups: b"done", outcome=OutcomeKey(bytes(8), bytes(16), b"other"))

    assert isinstance(refusal, Refusal)
    assert refusal.code == 202


async def test_what_somebody_known_may_not_do_is_told_once_in_the_trail():
    """The line names who, what and the reason; nobody in particular leaves none."""
    store = mine()
    registrar = Registrar(store, None, time, AuditWriter(store))
    other = Caller("tcp 192.0.2.9", identity_of(301, "88.118.8/other"))
    await registrar.perform(Create("88.118.8/a", (URL,)), other)
    await registrar.perform(Create("88.118.8/a", (URL,)), Caller("tcp 192.0.2.9"))
    with store.read() as txn:
        lines = [decode_line(line) for _, line in txn.audits(None, 10)]

    assert [(line.actor, line.act, line.subject, line.code) for line in lines] == [
        ("301:88.118.8/OTHER", "create", "88.118.8/a", 400)
    ]
