"""Batches: one result for each item, whatever becomes of its neighbours."""

from __future__ import annotations

from typing import Any

import pytest

from idis.proto.batch import BatchItem, Verb, payload_of_indexes
from idis.proto.codes import AdminRight
from idis.proto.types.admin import Admin, encode_admin
from idis.proto.types.vlist import encode_vlist
from idis.proto.value import Reference, Value, encode_values
from idis.registry.audit.line import decode_line
from idis.registry.caller import Caller
from idis.registry.identity import identity_of
from idis.registry.prefix import PrefixEntry, PrefixState
from idis.registry.registration import batch
from idis.registry.registration.batch import Batched, decode_outcome, perform_batch, request_digest
from idis.registry.rights import Unknown
from idis.registry.store.keys import record_key
from idis.registry.store.memory import MemoryStore

NOW = 1_790_000_000
KEY = identity_of(300, "0.NA/88.118.8")
OWNER = Caller("tcp 192.0.2.7", KEY)
URL = encode_values((Value(1, "URL", b"https://example.com/1"),))
OTHER_URL = encode_values((Value(1, "URL", b"https://example.com/2"),))
SECRET = encode_values((Value(3, "HS_SECKEY", b"s3cret", permissions=12),))


def home(*admins: Admin, **fields: Any) -> MemoryStore:
    """A store that homes 88.118.8 under these administrators."""
    values = encode_values(Value(100 + at, "HS_ADMIN", encode_admin(admin)) for at, admin in enumerate(admins))
    store = MemoryStore()
    store.write(lambda txn: txn.put_prefix(PrefixEntry("88.118.8", homed=True, values=values, **fields)), actor="test").result()
    return store


def run(store: MemoryStore, *items: BatchItem, caller: Caller = OWNER) -> list[tuple[int, int]]:
    """The code and version of each item."""
    done = store.write(lambda txn: perform_batch(txn, items, caller, NOW), actor="test").result().result
    assert isinstance(done, Batched)
    return [(int(result.code), result.version) for result in done.results]


ALL = Admin("0.NA/88.118.8", 300)


def test_each_verb_does_what_it_says():
    """The acts follow each other, also on one identifier."""
    store = home(ALL)
    two = encode_values((Value(2, "EMAIL", b"a@example.com"),))

    assert run(
        store,
        BatchItem(Verb.CREATE, "88.118.8/a", URL),
        BatchItem(Verb.ADD, "88.118.8/a", two),
        BatchItem(Verb.MODIFY, "88.118.8/a", OTHER_URL),
        BatchItem(Verb.REMOVE, "88.118.8/a", payload_of_indexes((2,))),
        BatchItem(Verb.REPLACE, "88.118.8/a", two),
        BatchItem(Verb.DELETE, "88.118.8/a"),
    ) == [(1, version) for version in range(1, 7)]


def test_records_and_values_are_switched_off_and_on():
    """Disabled is kept, and answered as if it did not exist."""
    store = home(ALL)
    two = encode_values((Value(1, "URL", b"https://example.com/1"), Value(2, "EMAIL", b"a@example.com")))
    indexes = payload_of_indexes((2,))
    run(store, BatchItem(Verb.CREATE, "88.118.8/a", two), BatchItem(Verb.DISABLE, "88.118.8/a", indexes))
    with store.read() as txn:
        shown = txn.record(record_key("88.118.8", "a", True))
    run(store, BatchItem(Verb.ENABLE, "88.118.8/a", indexes), BatchItem(Verb.DISABLE, "88.118.8/a"))
    with store.read() as txn:
        gone = txn.record(record_key("88.118.8", "a", True))
    (enabled,) = run(store, BatchItem(Verb.ENABLE, "88.118.8/a"))

    assert shown is not None
    assert gone is not None
    assert (shown.public[:4], gone.live, enabled[0]) == (b"\0\0\0\1", False, 1)


def test_what_is_refused_harms_no_neighbour():
    """Every item has its own code and sentence."""
    store = home(ALL)

    assert run(
        store,
        BatchItem(Verb.CREATE, "88.118.8/a", URL),
        BatchItem(Verb.CREATE, "88.118.8/a", OTHER_URL),
        BatchItem(Verb.CREATE, "88.118.8/a", URL),
        BatchItem(Verb.CREATE, "88.118.9/a", URL),
        BatchItem(Verb.DELETE, "88.118.8/absent"),
        BatchItem(Verb.CREATE, "88.118.8", URL),
        BatchItem(Verb.CREATE, "88.118.8/", URL),
        BatchItem(Verb.CREATE, "88.118.8/b", URL[:-1]),
        BatchItem(Verb.CREATE, "88.118.8/b", bytes(4)),
        BatchItem(99, "88.118.8/b", URL),
        BatchItem(Verb.CREATE, "88.118.8/b", URL),
    ) == [(1, 1), (101, 0), (1, 1), (301, 0), (100, 0), (102, 0), (102, 0), (4, 0), (202, 0), (5, 0), (1, 1)]


def test_values_that_mean_more_take_the_ordinary_way():
    """A secret is stored among the restricted values, as it is when it comes alone."""
    store = home(ALL)

    assert run(store, BatchItem(Verb.CREATE, "88.118.8/s", SECRET)) == [(1, 1)]
    with store.read() as txn:
        record = txn.record(record_key("88.118.8", "s", True))
    assert record is not None
    assert (record.public, record.restricted[:4]) == (bytes(4), b"\0\0\0\1")


@pytest.mark.parametrize(
    ("caller", "admin", "code"),
    [
        (Caller("tcp 192.0.2.7"), ALL, 402),
        (Caller("tcp 192.0.2.7", identity_of(301, "0.NA/88.118.8")), ALL, 400),
        (OWNER, Admin("0.NA/88.118.8", 300, AdminRight.DELETE_HANDLE), 401),
        (OWNER, Admin("88.118.8/other", 0), 400),
        (Caller("tcp 192.0.2.7", identity_of(7, "88.118.8")), Admin("0.NA/88.118.8", 0), 1),
    ],
)
def test_only_administrators_register(caller: Caller, admin: Admin, code: int):
    """The rights are those of a single create."""
    assert run(home(admin), BatchItem(Verb.CREATE, "88.118.8/a", URL), caller=caller)[0][0] == code


def test_quotas_are_counted_item_by_item():
    """The third of two is refused."""
    store = home(ALL, quota=2)
    items = (BatchItem(Verb.CREATE, f"88.118.8/{number}", URL) for number in range(3))

    assert run(store, *items) == [(1, 1), (1, 1), (604, 0)]


def test_a_prefix_that_is_not_active_takes_nothing():
    """Suspended is suspended, also for the quick way."""
    assert run(home(ALL, state=PrefixState.SUSPENDED), BatchItem(Verb.CREATE, "88.118.8/a", URL)) == [(301, 0)]


def test_nothing_is_done_while_a_group_is_unknown():
    """The batch says which group of another node decides, and has written nothing."""
    store = home(Admin("99.1/group", 200))
    items = (BatchItem(Verb.CREATE, "88.118.8/a", URL),)
    done = store.write(lambda txn: perform_batch(txn, items, OWNER, NOW), actor="test").result().result

    assert done == Unknown((identity_of(200, "99.1/group"),))
    with store.read() as txn:
        assert txn.record(record_key("88.118.8", "a", True)) is None
        assert txn.audits(None, 10) == []


def test_a_group_kept_here_lets_its_members_in():
    """HS_VLIST values are followed while the batch is judged."""
    store = home(ALL)
    group = encode_values((Value(200, "HS_VLIST", encode_vlist((Reference("0.NA/88.118.8", 301),))),))
    run(store, BatchItem(Verb.CREATE, "88.118.8/group", group))
    values = encode_values((Value(100, "HS_ADMIN", encode_admin(Admin("88.118.8/group", 200))),))
    store.write(lambda txn: txn.put_prefix(PrefixEntry("88.118.8", homed=True, values=values)), actor="test").result()
    member = Caller("tcp 192.0.2.7", identity_of(301, "88.118.8"))

    assert run(store, BatchItem(Verb.CREATE, "88.118.8/a", URL), caller=member) == [(1, 1)]


def test_the_trail_tells_of_a_batch_in_one_line():
    """How many, by which verbs, what became of them, and the digest of what was asked."""
    store = home(ALL)
    items = (BatchItem(Verb.CREATE, "88.118.8/a", URL), BatchItem(Verb.DELETE, "88.118.8/b"))
    run(store, *items)
    with store.read() as txn:
        ((_, line),) = txn.audits(None, 10)

    told = decode_line(line)
    assert (told.actor, told.act, told.subject) == ("300:0.NA/88.118.8", "batch", "88.118.8")
    asked = {"items": 2, "verbs": {"create": 1, "delete": 1}, "digest": request_digest(items).hex()}
    assert told.after == asked | {"results": {"done": 1, "100": 1}}


def test_the_trail_names_the_record_of_a_batch_of_one():
    """Who looks for what was done to one record finds a switch that came as a batch, as the command sends it."""
    store = home(ALL)
    run(store, BatchItem(Verb.CREATE, "88.118.8/a", URL), BatchItem(Verb.CREATE, "88.118.8/b", URL))
    run(store, BatchItem(Verb.DISABLE, "88.118.8/a"))
    with store.read() as txn:
        told = [decode_line(line) for _, line in txn.audits(None, 10)]

    assert [(line.subject, line.after["verbs"]) for line in told if line.after] == [
        ("88.118.8", {"create": 2}),
        ("88.118.8/a", {"disable": 1}),
    ]


def test_results_survive_as_an_outcome():
    """What an idempotency key gives again is what was answered first."""
    store = home(ALL)
    items = (BatchItem(Verb.CREATE, "88.118.8/a", URL), BatchItem(Verb.DELETE, "88.118.8/b"))
    done = store.write(lambda txn: perform_batch(txn, items, OWNER, NOW), actor="test").result().result

    assert isinstance(done, Batched)
    assert decode_outcome(done.encode()) == done


def test_a_digest_tells_batches_apart():
    """Verb, identifier and payload all count, and none can borrow octets of another."""
    digests = {
        request_digest((BatchItem(verb, name, payload),))
        for verb, name, payload in ((1, "88.1/a", b""), (2, "88.1/a", b""), (1, "88.1/ab", b""), (1, "88.1/a", b"b"))
    }

    assert len(digests) == 4


@pytest.mark.parametrize("way", [batch.join_items, batch.join_items_in_python])
def test_what_is_digested_of_a_batch(way: Any):
    """Each verb and two lengths in decimal digits, then identifier and payload; half a character counts too."""
    items = [BatchItem(Verb.CREATE, "88.1/钢", b"\x00\xff"), BatchItem(201, "\ud800", b"")]

    assert way(items) == b"1 8 2 88.1/\xe9\x92\xa2\x00\xff" b"201 3 0 \xed\xa0\x80"


def test_records_of_several_prefixes_and_kinds_in_one_batch():
    """Each is done by its own rights, in order, and what came before is seen by what comes after."""
    store = home(ALL)
    items = [
        BatchItem(Verb.CREATE, "88.118.8/a", URL),
        BatchItem(Verb.CREATE, "88.119/a", URL),
        BatchItem(Verb.CREATE, "88.118.8/b", SECRET),
        BatchItem(Verb.CREATE, "88.118.8/A", OTHER_URL),
        BatchItem(Verb.CREATE, "88.118.8/a", URL),
        BatchItem(Verb.CREATE, "88.118.8/c", URL),
    ]

    assert run(store, *items) == [(1, 1), (301, 0), (1, 1), (101, 0), (1, 1), (1, 1)]
