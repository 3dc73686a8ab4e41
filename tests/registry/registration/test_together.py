"""Acts of many callers in one commit."""

from __future__ import annotations

from typing import Any

import pytest

from idis.proto.errors import IdentifierError
from idis.proto.types.admin import Admin, encode_admin
from idis.proto.types.vlist import encode_vlist
from idis.proto.value import Reference, Value, encode_values
from idis.registry.audit.line import decode_line, record_summary
from idis.registry.caller import Caller
from idis.registry.identity import identity_of
from idis.registry.journal import BEGINNING
from idis.registry.prefix import PrefixEntry
from idis.registry.registration.acts import Create, Delete, Done, ModifyValues, Result
from idis.registry.registration.checks import Refusal
from idis.registry.registration.plain_creates import PlainCreate, in_full, plain_create
from idis.registry.registration.together import Asked, perform_together
from idis.registry.rights import Unknown
from idis.registry.store.keys import record_key
from idis.registry.store.memory import MemoryStore

NOW = 1_790_000_000
OWNER = Caller("tcp 192.0.2.7", identity_of(300, "0.NA/88.118.8"))
MEMBER = Caller("tcp 192.0.2.8", identity_of(301, "88.118.8/member"))
STRANGER = Caller("tcp 192.0.2.9", identity_of(302, "88.118.8/stranger"))
URL = Value(1, "URL", b"https://example.com/1")
OTHER = Value(1, "URL", b"https://example.com/2")


def home(*values: Value, **fields: Any) -> MemoryStore:
    """A store that homes 88.118.8 under OWNER, with further values in its record."""
    store = MemoryStore()
    owner = Value(100, "HS_ADMIN", encode_admin(Admin("0.NA/88.118.8", 300)))
    entry = PrefixEntry("88.118.8", homed=True, values=encode_values((owner, *values)), **fields)
    store.write(lambda txn: txn.put_prefix(entry), actor="test").result()
    return store


def plain(suffix: str, *values: Value) -> PlainCreate:
    """The act of registering plain values."""
    act = plain_create(f"88.118.8/{suffix}", encode_values(values or (URL,)), NOW)
    assert act is not None
    return act


def run(store: MemoryStore, *asked: tuple[Any, Caller]) -> list[Result | IdentifierError]:
    """What acts come to in one commit."""
    acts = [Asked(act, caller, NOW) for act, caller in asked]
    return store.write(lambda txn: perform_together(txn, acts), actor="test").result().result


def test_each_act_has_its_result_and_harms_no_other():
    """Done, refused, and no identifier at all, in their order."""
    store = home()
    done, refused, wrong, again, taken = run(
        store,
        (plain("a"), OWNER),
        (plain("b"), STRANGER),
        (Delete("88..8/c"), OWNER),
        (plain("a"), OWNER),
        (plain("a", OTHER), OWNER),
    )

    assert (done, again) == (Done("88.118.8/a", 1), Done("88.118.8/a", 1, changed=False))
    assert isinstance(refused, Refusal)
    assert isinstance(taken, Refusal)
    assert (refused.code, taken.code) == (400, 101)
    assert isinstance(wrong, IdentifierError)


def test_each_change_has_its_line_and_its_actor():
    """The trail and the journal name who asked, not who wrote; the line says what was written as one of a lone act does."""
    store = home(Value(101, "HS_ADMIN", encode_admin(Admin("88.118.8/member", 301))))
    run(store, (plain("a"), OWNER), (plain("b"), MEMBER), (Create("88.118.8/c", (URL,)), MEMBER), (plain("a"), OWNER))
    with store.read() as txn:
        lines = [decode_line(line) for _, line in txn.audits(None, 9)]
        entries = txn.journal(BEGINNING, 9)
        stored = [txn.record(record_key("88.118.8", suffix, True)) for suffix in "abc"]

    assert isinstance(entries, list)
    assert [(line.actor, line.act, line.subject) for line in lines] == [
        ("300:0.NA/88.118.8", "create", "88.118.8/a"),
        ("301:88.118.8/MEMBER", "create", "88.118.8/b"),
        ("301:88.118.8/MEMBER", "create", "88.118.8/c"),
    ]
    assert [line.after for line in lines] == [record_summary(record) for record in stored if record is not None]
    assert [entry.actor for entry in entries[-6::2]] == [line.actor for line in lines]


def test_what_was_found_out_ends_with_an_act_that_may_change_it():
    """Whoever is taken out of a group has no part in what follows."""
    group = Value(1, "HS_VLIST", encode_vlist((Reference("88.118.8/member", 301),)))
    nobody = Value(1, "HS_VLIST", encode_vlist((Reference("88.118.8/nobody", 301),)))
    store = home(Value(101, "HS_ADMIN", encode_admin(Admin("88.118.8/group", 1))))
    run(store, (Create("88.118.8/group", (group,)), OWNER))
    before, _, after = run(
        store, (plain("a"), MEMBER), (ModifyValues("88.118.8/group", (nobody,)), OWNER), (plain("b"), MEMBER)
    )

    assert isinstance(before, Done)
    assert isinstance(after, Refusal)


def test_a_quota_holds_within_one_commit():
    """Where records are counted, each is judged by itself."""
    first, second = run(home(quota=1), (plain("a"), OWNER), (plain("b"), OWNER))

    assert isinstance(first, Done)
    assert isinstance(second, Refusal)
    assert second.code == 604


def test_an_act_that_hangs_on_groups_elsewhere_waits_alone():
    """It comes back as unknown, and its neighbours are done."""
    store = home(Value(101, "HS_ADMIN", encode_admin(Admin("99.1/group", 200))))
    unknown, done = run(store, (plain("a"), STRANGER), (plain("b"), OWNER))

    assert isinstance(unknown, Unknown)
    assert isinstance(done, Done)


@pytest.mark.parametrize(
    ("identifier", "values"),
    [
        ("88.118.8/ü", (URL,)),
        ("88.118.8/", (URL,)),
        ("88.118.8", (URL,)),
        ("88.118.8/a\n", (URL,)),
        ("88.118.8/a", (Value(3, "HS_SECKEY", b"s3cret", permissions=12),)),
        ("88.118.8/a", ()),
    ],
)
def test_what_is_not_plain_is_no_plain_act(identifier: str, values: tuple[Value, ...]):
    """It is decoded and judged the ordinary way."""
    assert plain_create(identifier, encode_values(values), NOW) is None


def test_a_plain_act_in_full_is_a_create():
    """With its values as they came."""
    assert in_full(plain("a")) == Create("88.118.8/a", (URL,))


def test_other_acts_are_full_already():
    """They stay what they are."""
    assert in_full(Delete("88.118.8/a")) == Delete("88.118.8/a")
