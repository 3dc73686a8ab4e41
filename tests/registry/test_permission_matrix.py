"""Every cell of role × operation × permission bit × owner or other, against an oracle of a hundred lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import product

import pytest

from idis.proto.codes import AdminRight
from idis.proto.identifier import parse_identifier
from idis.proto.outcome import Answer, NotFound, NoValues, Refused
from idis.proto.query import Query
from idis.proto.types.admin import Admin, encode_admin
from idis.proto.types.vlist import encode_vlist
from idis.proto.value import Reference, Value, decode_values, encode_values
from idis.registry.authority import answer
from idis.registry.caller import Action, Caller, Role, RoleGrant, TokenScope
from idis.registry.identity import identity_of
from idis.registry.permission import Reader
from idis.registry.prefix import PrefixEntry, PrefixState, Privacy
from idis.registry.readers import NOTHING_LISTED, ReaderLists, lists_value, mark
from idis.registry.record import Record, prepare
from idis.registry.registration import acts
from idis.registry.store.base import WriteTxn
from idis.registry.store.memory import MemoryStore
from tests.registry.permission_oracle import READS, ROLES, Case, expected

NOW = 1_700_000_000
NAME, ABSENT = "88.1/x", "88.1/absent"
URL = Value(1, "URL", b"a")
OPERATIONS = (
    *READS,
    "create",
    "create taken",
    "delete",
    "add",
    "add admin",
    "put",
    "modify",
    "modify bits",
    "to admin",
    "to text",
    "remove",
    "set readers",
    "disable",
    "disable all",
)
RELATED = ("nobody", "stranger", "owner", "member", "any key", "boss", "reader")
CALLERS = (*RELATED, *ROLES)


def admin_of(key: str, index: int, rights: int = 0xFFF) -> bytes:
    """An HS_ADMIN."""
    return encode_admin(Admin(key, index, rights))


@lru_cache
def world_of(bits: int, is_admin: bool, hidden: str, strict: bool, state: str, rights: int, owned: bool) -> MemoryStore:
    """A root with one prefix, and one record whose value 5 is asked for and changed."""
    store = MemoryStore(clock=lambda: NOW)
    boss = encode_values([Value(100, "HS_ADMIN", admin_of("88.1/boss", 300))])
    privacy = Privacy.STRICT if strict else Privacy.HANDLE
    home = PrefixEntry("88.1", homed=True, privacy=privacy, values=boss)
    put(store, lambda txn: txn.put_prefix(PrefixEntry("0.NA", homed=True)))
    put(store, lambda txn: txn.put_prefix(home))
    data = admin_of("88.1/nobody", 300) if is_admin else b"n"
    values = [URL, Value(5, "HS_ADMIN" if is_admin else "NOTE", data, permissions=bits)]
    if owned:
        names = (("88.1/owner", 300), ("88.1/group", 200), ("88.1/any", 0))
        values += [Value(100 + at, "HS_ADMIN", admin_of(key, index, rights)) for at, (key, index) in enumerate(names)]
    reader = identity_of(300, "88.1/reader")
    lists = ReaderLists({5: (reader,)} if hidden == "listed" else {}, frozenset((5,) if hidden == "off" else ()))
    if hidden:
        values.append(lists_value(lists))
    group = (Value(200, "HS_VLIST", encode_vlist([Reference("88.1/member", 300)])),)
    for record in (Record(NAME, mark(values, NOTHING_LISTED)), Record("88.1/group", group)):
        put(store, lambda txn, record=record: txn.put_record(prepare(record, NOW)))
    put(store, lambda txn: txn.put_prefix(replace(home, state=PrefixState[state])))
    return store


def put(store: MemoryStore, change: object) -> None:
    """Commit a change."""
    store.write(change, actor="test").result()  # type: ignore[arg-type]


def caller_of(case: Case) -> Caller:
    """Who asks."""
    if case.who == "nobody":
        return Caller("tcp")
    action = Action.READ if case.operation in READS else Action.ACCESS if case.operation == "set readers" else Action.REGISTER
    other = Action.AUDIT
    scopes = {
        None: None,
        "right": TokenScope("t", ("88.1",), frozenset((action,))),
        "action": TokenScope("t", ("",), frozenset((other,))),
        "prefix": TokenScope("t", ("88.10",), frozenset(Action)),
    }
    scope = scopes[case.scope]
    if case.who in ROLES:
        grant = RoleGrant(Role(case.who), "88.1" if case.role_covers else "88.10")
        return Caller("tcp", identity_of(300, "88.1/role"), (grant,), scope)
    key = identity_of(301, "88.1/any") if case.who == "any key" else identity_of(300, f"88.1/{case.who}")
    return Caller("tcp", key, (), scope)


def act_of(case: Case) -> acts.Act:
    """What is tried."""
    name = NAME if case.exists else ABSENT
    kind = "HS_ADMIN" if case.is_admin else "NOTE"
    data = admin_of("88.1/changed", 300) if case.is_admin else b"changed"
    changed = Value(5, kind, data, permissions=case.bits)
    match case.operation:
        case "create":
            return acts.Create("88.1/new", (URL,))
        case "create taken":
            return acts.Create(name, (replace(URL, data=b"other"),))
        case "delete":
            return acts.Delete(name)
        case "add":
            return acts.AddValues(name, (Value(6, "NOTE", b"six"),))
        case "add admin":
            return acts.AddValues(name, (Value(6, "HS_ADMIN", admin_of("88.1/six", 300)),))
        case "put":
            return acts.AddValues(name, (changed,), overwrite=True)
        case "modify":
            return acts.ModifyValues(name, (changed,))
        case "modify bits":
            return acts.ModifyValues(name, (replace(changed, permissions=case.bits ^ 2),))
        case "to admin":
            return acts.ModifyValues(name, (replace(changed, type="HS_ADMIN", data=admin_of("88.1/changed", 300)),))
        case "to text":
            return acts.ModifyValues(name, (replace(changed, type="OTHER", data=b"text"),))
        case "remove":
            return acts.RemoveValues(name, (5,))
        case "set readers":
            return acts.SetReaders(name, 5, ())
        case "disable":
            return acts.Disable(name, (5,))
        case _:
            return acts.Disable(name)


class _Undo(Exception):
    """Ends a change that was only tried."""

    def __init__(self, result: object) -> None:
        self.result = result


def found(case: Case) -> object:
    """What the registry makes of a case."""
    store = world_of(case.bits, case.is_admin, case.hidden, case.strict, case.state, case.rights, case.owned)
    if case.operation in READS:
        return reading(case, store)

    def change(txn: WriteTxn) -> None:
        raise _Undo(acts.perform(txn, act_of(case), caller_of(case), NOW))

    error = store.write(change, actor="test").exception()
    assert isinstance(error, _Undo)
    return 1 if isinstance(error.result, acts.Done) else getattr(error.result, "code", error.result)


def reading(case: Case, store: MemoryStore) -> object:
    """Whether value 5 is shown."""
    name = NAME if case.exists else ABSENT
    indexes = (5,) if "named" in case.operation else ()
    query = Query(name, parse_identifier(name), indexes=indexes, public_only="public" in case.operation)
    caller = caller_of(case)
    with store.read() as txn:
        outcome = answer(query, txn, NOW) if caller.anonymous else answer(query, txn, NOW, reader=Reader(caller))
    match outcome:
        case Answer(values=values):
            return "shown" if any(value.index == 5 for value in decode_values(values)) else "absent"
        case NoValues():
            return "absent"
        case NotFound():
            return "not found" if case.state == "ACTIVE" else 100
        case Refused(code=code):
            return code
        case _:
            return outcome


def mismatches(cases: Iterable[Case]) -> list[tuple[Case, object, object]]:
    """The cells where registry and oracle differ."""
    return [(case, got, wanted) for case in cases if (got := found(case)) != (wanted := expected(case))]


def on_values() -> Iterator[Case]:
    """Every caller, operation and set of permission bits, of administrators and others, listed or not, strict or not."""
    for who, operation, bits, is_admin, hidden, strict in product(
        CALLERS, OPERATIONS, range(16), (False, True), ("", "listed"), (False, True)
    ):
        yield Case(who, operation, bits, is_admin, hidden, strict)


def test_every_permission_bit() -> None:
    """11 callers, 18 operations, 16 sets of bits, 8 kinds of value."""
    assert mismatches(on_values()) == []


@pytest.mark.parametrize("owned", [False, True])
def test_disabled_values_and_records_without_administrators(owned: bool) -> None:
    """A disabled value counts as absent to everybody; a record without administrators is its prefix's."""
    cells = product(CALLERS, OPERATIONS, (15, 12, 10), (False, True), ("", "off"), (False, True))
    cases = [Case(*cell, owned=owned) for cell in cells]

    assert mismatches(cases) == []


def test_each_right_by_itself() -> None:
    """Each of the twelve rights, none, and all but one, held directly, through a group, or by any key."""
    rights = [0, *AdminRight, *(0xFFF & ~right for right in AdminRight)]
    cells = product(("owner", "member", "any key"), OPERATIONS, (12,), (False, True))
    cases = [Case(*cell, rights=int(right)) for cell in cells for right in rights]

    assert mismatches(cases) == []


def test_roles_end_at_their_prefix() -> None:
    """A role for 88.10 is none at 88.1."""
    cells = product(ROLES, OPERATIONS, (14, 12, 13), (False, True), ("", "listed"), (False, True))

    assert mismatches(Case(*cell, role_covers=False) for cell in cells) == []


@pytest.mark.parametrize("scope", ["right", "action", "prefix"])
def test_tokens_keep_to_their_scope(scope: str) -> None:
    """A token leaves of its owner's rights these prefixes and actions, and adds nothing."""
    cells = product([who for who in CALLERS if who != "nobody"], OPERATIONS, (12, 15), (False,), ("", "listed"))

    assert mismatches(Case(*cell, scope=scope) for cell in cells) == []


@pytest.mark.parametrize("state", [state.name for state in PrefixState])
@pytest.mark.parametrize("exists", [False, True])
def test_prefix_states_and_names_that_do_not_exist(state: str, exists: bool) -> None:
    """Whoever asks, what stops a prefix stops it for all; what is not registered is so for all."""
    cells = product(CALLERS, OPERATIONS, (14, 12), (False,), ("",), (False, True))

    assert mismatches(Case(*cell, state=state, exists=exists) for cell in cells) == []
