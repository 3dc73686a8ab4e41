"""Readers' lists: their form, what they make of values, and who is shown what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from idis.proto.codes import ResponseCode
from idis.proto.errors import ProtocolError
from idis.proto.identifier import parse_identifier
from idis.proto.outcome import Answer, NotFound, NoValues, Outcome, Refused
from idis.proto.query import Query
from idis.proto.types.admin import Admin, encode_admin
from idis.proto.types.vlist import encode_vlist
from idis.proto.value import Reference, Value, decode_values, encode_values
from idis.registry.authority import answer
from idis.registry.caller import Action, Caller, Role, RoleGrant, TokenScope
from idis.registry.identity import Identity, identity_of, parse_identity
from idis.registry.permission import Reader
from idis.registry.prefix import PrefixEntry, Privacy
from idis.registry.readers import (
    NOTHING_LISTED,
    READERS_INDEX,
    READERS_TYPE,
    ReaderLists,
    carried,
    decode_lists,
    encode_lists,
    lists_value,
    mark,
    relisted,
)
from idis.registry.record import MARK_LISTED, MARK_OFF, Record, RecordFlag, prepare
from idis.registry.rights import Unknown
from idis.registry.store.memory import MemoryStore

NOW = 1_700_000_000
NAME = "88.1/x"
OWNER = identity_of(300, "88.1/owner")
READER = identity_of(300, "88.1/reader")
GROUP = identity_of(200, "88.1/group")
FAR_GROUP = identity_of(200, "77.7/group")
ADMIN = Value(100, "HS_ADMIN", encode_admin(Admin("88.1/owner", 300)))
URL = Value(1, "URL", b"a")
FOR_READERS = Value(2, "PRICE", b"9")
SECRET = Value(3, "HS_SECKEY", b"s3cret", permissions=12)
PRIVATE = Value(4, "NOTE", b"n", permissions=12)
NOBODYS = Value(5, "NOTE", b"o", permissions=4)
LISTS = ReaderLists({2: (READER,)})


def store_of(*values: Value, lists: ReaderLists = NOTHING_LISTED, strict: bool = False) -> MemoryStore:
    """A node with 88.1, the record, a group of one reader, and a template."""
    store = MemoryStore(clock=lambda: NOW)
    entry = PrefixEntry("88.1", homed=True, privacy=Privacy.STRICT if strict else Privacy.HANDLE)
    store.write(lambda txn: txn.put_prefix(entry), actor="test").result()
    group = (Value(200, "HS_VLIST", encode_vlist([Reference("88.1/reader", 300)])),)
    held = values if lists.empty else (*values, lists_value(lists))
    for record in (Record("88.1/group", group), Record(NAME, mark(held, NOTHING_LISTED))):
        store.write(lambda txn, record=record: txn.put_record(prepare(record, NOW)), actor="test").result()
    return store


def ask(store: MemoryStore, caller: Caller | None, **options: object) -> Outcome | Unknown:
    """What somebody gets of the record."""
    query = Query(NAME, parse_identifier(NAME), **({"public_only": False} | options))  # type: ignore[arg-type]
    with store.read() as txn:
        return answer(query, txn, NOW) if caller is None else answer(query, txn, NOW, reader=Reader(caller))


def shown(outcome: Outcome | Unknown) -> list[int]:
    """The indexes of an answer."""
    assert isinstance(outcome, Answer)
    return [value.index for value in decode_values(outcome.values)]


def test_lists_are_packed_by_index() -> None:
    """msgpack: form 1, [[2, [identity]]], [7]."""
    octets = encode_lists(ReaderLists({2: (READER,)}, frozenset((7,))))

    assert octets == bytes.fromhex("93 01 91 92 02 91 af") + b"300:88.1/READER" + bytes.fromhex("91 07")
    assert decode_lists(octets) == ReaderLists({2: (READER,)}, frozenset((7,)))


_BROKEN = ["", "93", "93029090", "9301919102 90", "930191920090 90", "80", "c1", "9301919202 91a0 90", "93019090 00"]


@pytest.mark.parametrize("octets", _BROKEN)
def test_what_is_no_list_is_refused(octets: str) -> None:
    """Another form, index 0, a name that is none, broken off."""
    with pytest.raises(ProtocolError):
        decode_lists(bytes.fromhex(octets))


def test_own_lists_go_before_the_templates() -> None:
    """A value is listed by either; a template's items are described in public whatever its lists say."""
    item = Value(2001, "META_ITEM", b"{}")
    marked = mark((URL, FOR_READERS, item, lists_value(LISTS)), ReaderLists({1: ()}, frozenset((2001,))))

    assert [value.permissions for value in marked] == [14 | MARK_LISTED, 14 | MARK_LISTED, 14, 8 | MARK_LISTED]


def test_a_hidden_value_leaves_no_fact_of_the_record() -> None:
    """Neither the flag of an alias or a recall nor the restricted flag tells of it; its TTL bounds nothing."""
    values = (URL, Value(2, "HS_ALIAS", b"88.1/y", ttl=1), Value(3, "recallFlag", b"stop"))
    made = prepare(Record(NAME, mark((*values, lists_value(ReaderLists({2: (), 3: ()}))), NOTHING_LISTED)), NOW)

    assert made.flags == RecordFlag.LISTED
    assert made.ttl_s == 86_400
    assert made.public == encode_values([URL], timestamp=NOW)


def test_the_public_sees_only_the_rest() -> None:
    """Asked for or not, by index or type: no challenge, no value."""
    store = store_of(URL, FOR_READERS, lists=LISTS)

    assert shown(ask(store, None)) == [1]
    assert ask(store, None, indexes=(2,)) == ask(store, None, indexes=(READERS_INDEX,)) == NoValues()
    assert ask(store, None, types=(READERS_TYPE,)) == NoValues()


@pytest.mark.parametrize("strict", [False, True])
def test_a_record_of_hidden_values_is_empty_or_absent(strict: bool) -> None:
    """No values where values are challenged for, not found below a strict prefix."""
    store = store_of(FOR_READERS, lists=LISTS, strict=strict)

    assert ask(store, None) == (NotFound() if strict else NoValues())
    assert ask(store, Caller("tcp", parse_identity("300:99.9/z"))) == (NotFound() if strict else NoValues())
    assert shown(ask(store, Caller("tcp", READER))) == [2]


@pytest.mark.parametrize("named", [READER, replace(READER, index=0), GROUP])
@pytest.mark.parametrize("public_only", [False, True])
def test_a_listed_reader_sees_the_value(named: Identity, public_only: bool) -> None:
    """By name, by any key of his, or as a member of a group; as it is, without the mark of its stored form."""
    store = store_of(URL, FOR_READERS, lists=ReaderLists({2: (named,)}))
    outcome = ask(store, Caller("tcp", READER), public_only=public_only)

    assert isinstance(outcome, Answer)
    assert outcome.values == encode_values([URL, FOR_READERS], timestamp=NOW)


def test_somebody_else_sees_what_the_public_sees() -> None:
    """Having an identity is not being on the list."""
    store = store_of(URL, FOR_READERS, lists=LISTS)

    assert shown(ask(store, Caller("tcp", parse_identity("301:88.1/reader")))) == [1]


def test_a_group_of_another_node_has_to_be_fetched() -> None:
    """The decision comes back as the group it hangs on; with its members at hand it is made."""
    store = store_of(URL, FOR_READERS, lists=ReaderLists({2: (FAR_GROUP,)}))
    query = Query(NAME, parse_identifier(NAME))
    with store.read() as txn:
        first = answer(query, txn, NOW, reader=Reader(Caller("tcp", READER)))
        second = answer(query, txn, NOW, reader=Reader(Caller("tcp", READER), {FAR_GROUP: (READER,)}))
        third = answer(query, txn, NOW, reader=Reader(Caller("tcp", READER), {FAR_GROUP: None}))

    assert first == Unknown((FAR_GROUP,))
    assert shown(second) == [1, 2]
    assert shown(third) == [1]


def test_a_token_reads_in_its_scope_only() -> None:
    """Without the action or the prefix the list names somebody else."""
    store = store_of(URL, FOR_READERS, lists=LISTS)
    scopes = [
        TokenScope("t", ("88.1",), frozenset((Action.READ,))),
        TokenScope("t", ("88.2",), frozenset((Action.READ,))),
        TokenScope("t", ("",), frozenset((Action.REGISTER,))),
    ]

    assert [shown(ask(store, Caller("tcp", READER, scope=scope))) for scope in scopes] == [[1, 2], [1], [1]]


def test_administrators_see_listed_and_private_values() -> None:
    """READ_VALUE shows what admin-read allows, the lists among it; what nobody may read stays away."""
    store = store_of(URL, FOR_READERS, SECRET, PRIVATE, NOBODYS, ADMIN, lists=LISTS)

    assert shown(ask(store, Caller("tcp", OWNER))) == [1, 2, 3, 4, 100, READERS_INDEX]


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        (Role.OPERATOR, [1, 2, 3, 4, READERS_INDEX]),
        (Role.ADMINISTRATOR, [1, 2, 3, 4, READERS_INDEX]),
        (Role.AUDITOR, [1, 2, 4, READERS_INDEX]),
        (Role.APPLICATION, [1, 2, 4, READERS_INDEX]),
    ],
)
def test_roles_read_and_only_who_rules_sees_secrets(role: Role, seen: list[int]) -> None:
    """An auditor who could read a secret could act as its owner."""
    store = store_of(URL, FOR_READERS, SECRET, PRIVATE, lists=LISTS)
    caller = Caller("tcp", parse_identity("300:88.1/role"), roles=(RoleGrant(role, "88.1"),))

    assert shown(ask(store, caller)) == seen


def test_who_may_not_read_a_private_value_is_told_so() -> None:
    """Handle's rule for values without public-read; below a strict prefix they are simply not there."""
    stranger = Caller("tcp", parse_identity("300:99.9/z"))
    outcome = ask(store_of(URL, PRIVATE), stranger)

    assert isinstance(outcome, Refused)
    assert outcome.code == ResponseCode.INVALID_ADMIN
    assert shown(ask(store_of(URL, PRIVATE, strict=True), stranger)) == [1]


def test_what_nobody_may_read_is_refused_by_name() -> None:
    """Asked for by index, even an administrator is told that no right would help."""
    outcome = ask(store_of(URL, NOBODYS, ADMIN), Caller("tcp", OWNER), indexes=(5,))

    assert isinstance(outcome, Refused)
    assert outcome.code == ResponseCode.INSUFFICIENT_PERMISSIONS


def test_a_disabled_value_is_shown_to_nobody() -> None:
    """Not even to administrators: it is kept, not in force."""
    store = store_of(URL, FOR_READERS, ADMIN, lists=ReaderLists({}, frozenset((2,))))

    assert shown(ask(store, Caller("tcp", OWNER))) == [1, 100, READERS_INDEX]


def test_a_disabled_administrator_has_no_rights() -> None:
    """Whoever it named reads no more than the public."""
    store = store_of(URL, FOR_READERS, ADMIN, lists=ReaderLists({2: ()}, frozenset((100,))))

    assert shown(ask(store, Caller("tcp", OWNER))) == [1]


def test_a_record_prepared_without_its_template_is_marked_later() -> None:
    """As a loader does that knows all templates' lists; another template's do not matter."""
    named = Value(1000, "TEMPLATE_ID", b"88.1/META_a")
    record = prepare(Record(NAME, (FOR_READERS, named)), NOW)
    made = relisted(record, {"88.1/META_A": ReaderLists({2: ()}), "88.1/META_B": ReaderLists({1000: ()})})

    assert made.public == encode_values([named], timestamp=NOW)
    assert relisted(record, {"88.1/META_B": ReaderLists({1000: ()})}) == record


def test_a_load_keeps_the_lists_of_the_record_it_replaces() -> None:
    """And its disabled values, unless the row brings the value anew."""
    lists = ReaderLists({2: (READER,)}, frozenset((1, 4)))
    store = store_of(URL, FOR_READERS, PRIVATE, lists=lists)
    with store.read() as txn:
        (_, _), (_, stored) = txn.records("88.1", None, 9)
    made = carried(stored, prepare(Record(NAME, (replace(URL, data=b"new"), replace(FOR_READERS, data=b"10"))), NOW))
    kept = {value.index: value.permissions for value in decode_values(made.restricted)}

    assert decode_values(made.public) == (replace(URL, data=b"new", timestamp=NOW),)
    assert kept == {2: 14 | MARK_LISTED, 4: 12 | MARK_OFF, READERS_INDEX: 8 | MARK_LISTED}
