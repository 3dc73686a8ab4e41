"""Acts on prefixes: who may, what happens, and what the audit trail says of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import pytest

from idis.proto.codes import AdminRight, ResponseCode
from idis.proto.types.admin import Admin, encode_admin
from idis.proto.types.site import TCP, Interface, Server, Site, encode_site
from idis.proto.value import Value, decode_values, encode_values
from idis.registry import roles, tokens
from idis.registry.audit.line import AuditLine, decode_line
from idis.registry.caller import Action, Caller, Role, RoleGrant, TokenScope, tool
from idis.registry.identity import identity_of
from idis.registry.prefix import Hosting, PrefixEntry, PrefixState
from idis.registry.record import Record, prepare
from idis.registry.registration import acts
from idis.registry.registration.applying import WAITING_MAX
from idis.registry.registration.checks import Organisation, Refusal
from idis.registry.registration.consent import CONSENT_S, Awaiting
from idis.registry.registration.delegation import HostingEvent
from idis.registry.registration.life import Event, NewTerms, Registered
from idis.registry.registration.prefix_acts import (
    Advance,
    Allocate,
    Apply,
    ChangeTerms,
    ChangeValues,
    Delegate,
    DelegateRange,
    Home,
    Host,
    PrefixAct,
    RangeDone,
    Resubmit,
    Revoke,
    Transfer,
    Unhome,
    WithdrawRange,
    name_of,
    perform_prefix,
    prefix_act,
)
from idis.registry.rights import Unknown
from idis.registry.store.base import WriteTxn
from idis.registry.store.memory import MemoryStore
from idis.registry.token import TokenTerms

T = TypeVar("T")

NOW = 1_700_000_000
YARD = Organisation("上海某船厂", "91310000MA1FL0007C", "船舶")
OTHER = Organisation("另一船厂")
NOBODY = Caller("tcp 192.0.2.9")
OPERATOR = Caller("tcp 192.0.2.1", identity_of(300, "88.118/ops"), (RoleGrant(Role.OPERATOR),))
COLLEAGUE = Caller("tcp 192.0.2.2", identity_of(300, "88.118/second"), (RoleGrant(Role.OPERATOR),))
AUDITOR = Caller("tcp 192.0.2.3", identity_of(300, "88.118/audit"), (RoleGrant(Role.AUDITOR),))
APPLICANT = Caller("http 192.0.2.4", identity_of(300, "88.1/yard"))
STRANGER = Caller("http 192.0.2.5", identity_of(300, "88.1/stranger"))
PARENT_ADMIN = Caller("tcp 192.0.2.6", identity_of(300, "0.NA/88.118"))  # named by the HS_ADMIN of 88.118
CHILD_ADMIN = Caller("tcp 192.0.2.7", identity_of(300, "0.NA/88.118.8"))


def _site(port: int, address: str = "192.0.2.1") -> Site:
    return Site(servers=(Server(1, address, b"", (Interface(3, TCP, port),)),))


def _admin(handle: str, rights: int = 0xFFF) -> Value:
    return Value(100, "HS_ADMIN", encode_admin(Admin(handle, 300, rights)))


@pytest.fixture
def store() -> MemoryStore:
    """A secondary node that homes 88.118, whose key has all rights there."""
    made = MemoryStore(clock=lambda: NOW)
    parent = PrefixEntry("88.118", homed=True, values=encode_values([_admin("0.NA/88.118")]))
    made.write(lambda txn: txn.put_prefix(parent), actor="test").result()
    return made


def _write(store: MemoryStore, change: Callable[[WriteTxn], T]) -> T:
    return store.write(change, actor="test").result().result


def _do(store: MemoryStore, caller: Caller, act: PrefixAct, now: int = NOW) -> object:
    """Perform an act, on a node that can fetch no group from elsewhere."""
    result = _write(store, lambda txn: perform_prefix(txn, act, caller, now))
    if not isinstance(result, Unknown):
        return result
    nowhere = dict.fromkeys(result.groups)
    return _write(store, lambda txn: perform_prefix(txn, act, caller, now, groups=nowhere))


def _entry(result: object) -> PrefixEntry:
    assert isinstance(result, Registered), result
    return result.entry


def _refused(result: object) -> Refusal:
    assert isinstance(result, Refusal), result
    return result


def _stored(store: MemoryStore, prefix: str) -> PrefixEntry | None:
    with store.read() as txn:
        return txn.prefix(prefix)


def _trail(store: MemoryStore) -> list[AuditLine]:
    with store.read() as txn:
        return [decode_line(body) for _, body in txn.audits(None, 1_000)]


def _granted(store: MemoryStore, prefix: str = "88.118.8", values: tuple[Value, ...] = ()) -> PrefixEntry:
    return _entry(_do(store, OPERATOR, Allocate(prefix, values, YARD)))


def test_a_whole_life_is_led_by_those_whose_business_each_step_is(store: MemoryStore) -> None:
    """The applicant asks and corrects, the parent's administrators decide; every step has its line with before and after."""
    _do(store, APPLICANT, Apply("88.118.8", YARD))
    _do(store, PARENT_ADMIN, Advance("88.118.8", Event.REVIEW))
    _do(store, PARENT_ADMIN, Advance("88.118.8", Event.REJECT, "licence missing"))
    _do(store, APPLICANT, Resubmit("88.118.8", replace(YARD, owner="上海某某船厂")))
    _do(store, OPERATOR, Advance("88.118.8", Event.REVIEW))
    _do(store, OPERATOR, Advance("88.118.8", Event.APPROVE))
    _do(store, OPERATOR, Delegate("88.118.8", (_site(2641),)))
    _do(store, PARENT_ADMIN, Advance("88.118.8", Event.SUSPEND, "audit"))
    entry = _entry(_do(store, PARENT_ADMIN, Advance("88.118.8", Event.RESUME)))
    trail = _trail(store)

    assert (entry.state, entry.owner) == (PrefixState.ACTIVE, "上海某某船厂")
    assert [(line.act, line.actor) for line in trail] == [
        ("apply for prefix", "300:88.1/YARD"),
        ("review prefix", "300:0.NA/88.118"),
        ("reject prefix", "300:0.NA/88.118"),
        ("resubmit prefix", "300:88.1/YARD"),
        ("review prefix", "300:88.118/OPS"),
        ("approve prefix", "300:88.118/OPS"),
        ("delegate prefix", "300:88.118/OPS"),
        ("suspend prefix", "300:0.NA/88.118"),
        ("resume prefix", "300:0.NA/88.118"),
    ]
    assert (trail[0].before, trail[2].note) == (None, "licence missing")
    assert [(line.before["state"], line.after["state"]) for line in trail[1:3] if line.before and line.after] == [
        ("applied", "in_review"),
        ("in_review", "rejected"),
    ]


ACTS: list[PrefixAct] = [
    Advance("88.118.8", Event.REVIEW),
    Advance("88.118.8", Event.APPROVE),
    Advance("88.118.8", Event.REJECT, "no"),
    Advance("88.118.8", Event.SUSPEND),
    Advance("88.118.8", Event.RESUME),
    Revoke("88.118.8"),
    Transfer("88.118.8", OTHER),
    Allocate("88.118.9"),
    Delegate("88.118.8", (_site(1),)),
    DelegateRange("88.118.1000", "88.118.1999", (_site(1),)),
    WithdrawRange("88.118.1000"),
    Host("88.118.8", HostingEvent.APPROVE),
    Host("88.118.8", HostingEvent.END),
    ChangeTerms("88.118.8", NewTerms(quota=7)),
]


@pytest.mark.parametrize("act", ACTS, ids=name_of)
@pytest.mark.parametrize(
    ("caller", "code"),
    [
        (NOBODY, ResponseCode.AUTHENTICATION_NEEDED),
        (STRANGER, ResponseCode.INVALID_ADMIN),
        (CHILD_ADMIN, ResponseCode.INVALID_ADMIN),
        (AUDITOR, ResponseCode.INSUFFICIENT_PERMISSIONS),
    ],
    ids=["nobody", "stranger", "child", "auditor"],
)
def test_only_the_parents_administrators_decide(store: MemoryStore, act: PrefixAct, caller: Caller, code: int) -> None:
    """Nobody else does any of it, the prefix's own administrator least of all; and nothing is written."""
    _granted(store)
    before = store.last_transaction, _stored(store, "88.118.8"), len(_trail(store))
    refusal = _refused(_do(store, caller, act))

    assert refusal.code == code
    assert (_stored(store, "88.118.8"), len(_trail(store))) == before[1:]


@pytest.mark.parametrize(
    ("rights", "act", "allowed"),
    [
        (AdminRight.ADD_DERIVED_PREFIX, Delegate("88.118.8", (_site(1),)), True),
        (AdminRight.DELETE_DERIVED_PREFIX, Delegate("88.118.8", (_site(1),)), False),
        (AdminRight.DELETE_DERIVED_PREFIX, Advance("88.118.8", Event.SUSPEND), True),
        (AdminRight.ADD_DERIVED_PREFIX, Advance("88.118.8", Event.SUSPEND), False),
        (AdminRight.ADD_DERIVED_PREFIX, Transfer("88.118.8", OTHER), False),
        (AdminRight.ADD_DERIVED_PREFIX | AdminRight.DELETE_DERIVED_PREFIX, Transfer("88.118.8", OTHER), True),
        (AdminRight.ADD_HANDLE | AdminRight.MODIFY_VALUE, Advance("88.118.8", Event.SUSPEND), False),
    ],
)
def test_each_side_of_the_parents_right_is_one_of_its_own(
    store: MemoryStore, rights: int, act: PrefixAct, allowed: bool
) -> None:
    """Adding derived prefixes and deleting them are two rights."""
    _granted(store)
    parent = PrefixEntry("88.118", homed=True, values=encode_values([_admin("0.NA/88.118", rights)]))
    _write(store, lambda txn: txn.put_prefix(parent))
    result = _do(store, PARENT_ADMIN, act)

    assert isinstance(result, Registered | Awaiting) is allowed
    assert allowed or _refused(result).code == ResponseCode.INSUFFICIENT_PERMISSIONS


def test_a_group_elsewhere_decides_after_it_was_fetched(store: MemoryStore) -> None:
    """The parent's administrator may be a group of another node: nothing is decided without it."""
    group = Value(100, "HS_ADMIN", encode_admin(Admin("20.500/group", 200)))
    _write(store, lambda txn: txn.put_prefix(PrefixEntry("88.118", homed=True, values=encode_values([group]))))
    act = Allocate("88.118.9")
    first = _write(store, lambda txn: perform_prefix(txn, act, STRANGER, NOW))
    known = {identity_of(200, "20.500/group"): (identity_of(300, "88.1/stranger"),)}
    then = _write(store, lambda txn: perform_prefix(txn, act, STRANGER, NOW, groups=known))

    assert first == Unknown((identity_of(200, "20.500/group"),))
    assert _entry(then).state is PrefixState.ACTIVE


def test_a_token_may_do_no_more_than_its_scope(store: MemoryStore) -> None:
    """An operator's token for other prefixes, or for other actions, leads no prefix anywhere."""
    _granted(store)
    elsewhere = replace(OPERATOR, scope=TokenScope("t1", ("88.119",), frozenset((Action.PREFIX,))))
    records = replace(OPERATOR, scope=TokenScope("t2", ("88.118",), frozenset((Action.REGISTER,))))
    fitting = replace(OPERATOR, scope=TokenScope("t3", ("88.118",), frozenset((Action.PREFIX,))))
    act = Advance("88.118.8", Event.SUSPEND)
    codes = [_refused(_do(store, caller, act)).code for caller in (elsewhere, records)]

    assert codes == [ResponseCode.INSUFFICIENT_PERMISSIONS] * 2
    assert _entry(_do(store, fitting, act)).state is PrefixState.SUSPENDED


def test_nobody_in_particular_cannot_even_ask(store: MemoryStore) -> None:
    """An application has an applicant."""
    assert _refused(_do(store, NOBODY, Apply("88.118.8", YARD))).code == ResponseCode.AUTHENTICATION_NEEDED


def test_a_stranger_says_for_whom(store: MemoryStore) -> None:
    """An application without an organisation is none."""
    assert _refused(_do(store, STRANGER, Apply("88.118.8"))).code == ResponseCode.INVALID_VALUE


def test_applications_of_one_identity_that_wait_are_bounded(store: MemoryStore) -> None:
    """Strangers may ask, but not for everything: 605, until some are decided."""
    asked = [_entry(_do(store, STRANGER, Apply("88.118.*", OTHER))).prefix for _ in range(WAITING_MAX)]
    refusal = _refused(_do(store, STRANGER, Apply("88.118.*", OTHER)))
    _do(store, OPERATOR, Advance(asked[0], Event.REVIEW))
    _do(store, OPERATOR, Advance(asked[0], Event.APPROVE))
    then = _do(store, STRANGER, Apply("88.118.*", OTHER))

    assert refusal.code == ResponseCode.PREFIX_LIMIT
    assert _entry(then).prefix == f"88.118.{WAITING_MAX + 1}"


def test_an_operator_applies_for_somebody_who_then_corrects_it(store: MemoryStore) -> None:
    """The applicant named by an operator may resubmit; another identity may not."""
    _do(store, OPERATOR, Apply("88.118.8", YARD, applicant=APPLICANT.identity))
    _do(store, OPERATOR, Advance("88.118.8", Event.REJECT, "no"))
    refused = _do(store, STRANGER, Resubmit("88.118.8", YARD))
    done = _do(store, APPLICANT, Resubmit("88.118.8", YARD))

    assert _refused(refused).code == ResponseCode.INVALID_ADMIN
    assert _entry(done).state is PrefixState.APPLIED


def test_nobody_else_applies_in_the_name_of_somebody(store: MemoryStore) -> None:
    """To name an applicant is the parent's administrators' alone."""
    result = _do(store, STRANGER, Apply("88.118.8", YARD, applicant=APPLICANT.identity))

    assert _refused(result).code == ResponseCode.INVALID_ADMIN


@pytest.mark.parametrize("act", [Revoke("88.118.8", "gone"), Transfer("88.118.8", OTHER)], ids=name_of)
def test_two_persons_revoke_and_transfer(store: MemoryStore, act: PrefixAct) -> None:
    """The first request changes nothing; the same person's second does not either; somebody else's does."""
    _granted(store)
    first = _do(store, OPERATOR, act)
    other_key = replace(OPERATOR, identity=identity_of(301, "88.118/ops"), origin="http 192.0.2.99")
    again = _do(store, other_key, act, NOW + 60)
    untouched = _stored(store, "88.118.8")
    done = _do(store, COLLEAGUE, act, NOW + 120)

    assert isinstance(first, Awaiting)
    assert isinstance(again, Awaiting)
    assert untouched is not None
    assert (untouched.state, untouched.owner) == (PrefixState.ACTIVE, YARD.owner)
    assert isinstance(done, Registered)
    assert done.changed


def test_a_consent_is_for_the_very_same_request(store: MemoryStore) -> None:
    """Who names another owner is refused, and has replaced nothing: a third person still completes the first request."""
    _granted(store)
    _do(store, OPERATOR, Transfer("88.118.8", OTHER))
    result = _do(store, COLLEAGUE, Transfer("88.118.8", Organisation("a third one")))
    done = _do(store, COLLEAGUE, Transfer("88.118.8", OTHER), NOW + 1)

    assert _refused(result).code == ResponseCode.INSUFFICIENT_PERMISSIONS
    assert _refused(result).message.startswith(f"transfer 88.118.8 to {OTHER.owner}")
    assert _refused(result).message.endswith(
        "waits, asked by 88.118/OPS: ask for the same, have 88.118/OPS ask for yours first, or wait until 2023-11-15 22:13 UTC"
    )
    assert _entry(done).owner == OTHER.owner


def test_who_asked_first_may_name_another_owner(store: MemoryStore) -> None:
    """The new request takes the place of the old one, and both are in the trail."""
    _granted(store)
    _do(store, OPERATOR, Transfer("88.118.8", OTHER))
    _do(store, OPERATOR, Transfer("88.118.8", Organisation("a third one")))

    assert _entry(_do(store, COLLEAGUE, Transfer("88.118.8", Organisation("a third one")))).owner == "a third one"
    assert "to a third one; waits for a second person; reason: none" in [line.note for line in _trail(store)]


def test_a_transfer_that_has_happened_waits_for_nobody(store: MemoryStore) -> None:
    """Who lost the answer asks again, and leaves nothing behind that would stand in the way of another one."""
    _granted(store)
    _do(store, OPERATOR, Transfer("88.118.8", OTHER))
    _do(store, COLLEAGUE, Transfer("88.118.8", OTHER))
    again = _do(store, COLLEAGUE, Transfer("88.118.8", OTHER))

    assert isinstance(again, Registered)
    assert not again.changed
    assert isinstance(_do(store, OPERATOR, Transfer("88.118.8", Organisation("a third one"))), Awaiting)


def test_a_consent_ends_after_a_day(store: MemoryStore) -> None:
    """Who comes later is the first one."""
    _granted(store)
    _do(store, OPERATOR, Revoke("88.118.8"))

    assert isinstance(_do(store, COLLEAGUE, Revoke("88.118.8"), NOW + CONSENT_S), Awaiting)


def test_alone_is_for_the_data_directory_only(store: MemoryStore) -> None:
    """Whoever opens the data directory may decide alone, which the trail says; over the network nobody may."""
    _granted(store)
    remote = _do(store, OPERATOR, Revoke("88.118.8", alone=True))
    local = _do(store, tool("root"), Revoke("88.118.8", "gone", alone=True))

    assert isinstance(remote, Awaiting)
    assert _entry(local).state is PrefixState.REVOKED
    assert _trail(store)[-1].note == "done alone, in the data directory; gone"


def test_a_token_without_an_identity_is_no_person(store: MemoryStore) -> None:
    """One operator could make two of them."""
    _granted(store)
    token = Caller("http ::1", None, (RoleGrant(Role.OPERATOR),), TokenScope("t", ("",), frozenset(Action)))

    assert _refused(_do(store, token, Revoke("88.118.8"))).code == ResponseCode.INSUFFICIENT_PERMISSIONS


def test_what_cannot_be_revoked_needs_no_consent(store: MemoryStore) -> None:
    """Prefixes below it are in use: the first person learns it at once."""
    _granted(store)
    _write(store, lambda txn: txn.put_prefix(PrefixEntry("88.118.8.1")))
    result = _do(store, OPERATOR, Revoke("88.118.8"))

    assert _refused(result).message == "prefixes below 88.118.8 are still in use: revoke 88.118.8.1 first"


def test_a_transfer_ends_the_keys_of_the_one_before(store: MemoryStore) -> None:
    """Sites stay, so that names stay resolvable; keys and groups go, and the administrator is the prefix's own key again."""
    values = (
        Value(1, "HS_SITE", encode_site(_site(2641))),
        Value(100, "HS_ADMIN", encode_admin(Admin("88.1/old", 300))),
        Value(200, "HS_VLIST", bytes(4)),
        Value(300, "HS_PUBKEY", b"-----BEGIN PUBLIC KEY-----"),
    )
    _granted(store, values=values)
    _do(store, OPERATOR, Transfer("88.118.8", OTHER))
    entry = _entry(_do(store, COLLEAGUE, Transfer("88.118.8", OTHER)))
    kept = decode_values(entry.values)

    assert (entry.owner, entry.owner_code) == (OTHER.owner, "")
    assert [(value.index, value.type) for value in kept] == [(1, "HS_SITE"), (100, "HS_ADMIN")]
    assert kept[1].data == encode_admin(Admin("0.NA/88.118.8", 300))


@pytest.mark.parametrize("act", [Revoke("88.118.8", alone=True), Transfer("88.118.8", OTHER, alone=True)], ids=name_of)
def test_roles_and_tokens_end_with_their_owner(store: MemoryStore, act: PrefixAct) -> None:
    """Those for the prefix and below it; what is held for the node, or for a neighbour, stays."""
    _granted(store)
    operator = tool("root")
    grants = [RoleGrant(Role.ADMINISTRATOR, name) for name in ("88.118.8", "88.118.8.1", "88.118.80", "88.118")]
    for grant in grants:
        _write(store, lambda txn, grant=grant: roles.grant(txn, operator, STRANGER.identity, grant))  # type: ignore[misc]
    for name in ("88.118.8", "88.118.80"):
        terms = TokenTerms("t", roles=(RoleGrant(Role.APPLICATION, name),))
        _write(store, lambda txn, terms=terms: tokens.create(txn, operator, terms, NOW))  # type: ignore[misc]
    _do(store, operator, act)
    assert STRANGER.identity is not None
    with store.read() as txn:
        held = roles.roles_of(txn, STRANGER.identity)
        states = {token.terms.roles[0].prefix: token.state(NOW) for token in tokens.tokens(txn)}

    assert held == (grants[2], grants[3])
    assert states == {"88.118.8": "revoked", "88.118.80": "valid"}


def test_an_allocation_grants_in_one_step(store: MemoryStore) -> None:
    """As a client of the field creates `0.NA/88.118.8`: the values are the record's, and four versions are in the journal."""
    values = (_admin("88.1/yard"), Value(300, "HS_PUBKEY", b"-----BEGIN PUBLIC KEY-----"))
    entry = _granted(store, values=values)

    assert (entry.state, entry.version) == (PrefixState.ACTIVE, 4)
    assert [(value.index, value.type, value.timestamp) for value in decode_values(entry.values)] == [
        (100, "HS_ADMIN", NOW),
        (300, "HS_PUBKEY", NOW),
    ]


def test_an_allocation_repeated_is_no_change_and_another_is_refused(store: MemoryStore) -> None:
    """Whoever lost the answer asks again; whoever wants something else is told that the name is taken."""
    _granted(store)
    again = _do(store, OPERATOR, Allocate("88.118.8", (), YARD), NOW + 5)
    other = _do(store, OPERATOR, Allocate("88.118.8", (Value(1, "URL", b"x"),), YARD))

    assert isinstance(again, Registered)
    assert not again.changed
    assert _refused(other).code == ResponseCode.HANDLE_ALREADY_EXISTS


def test_a_delegation_may_grant_on_the_way(store: MemoryStore) -> None:
    """One act leads a new prefix to its sites."""
    entry = _entry(_do(store, OPERATOR, Delegate("88.118.8", (_site(2641),), grant=True, organisation=YARD)))

    assert (entry.state, entry.owner) == (PrefixState.ACTIVE, YARD.owner)


def test_the_trail_says_whose_key_came_with_a_delegation(store: MemoryStore) -> None:
    """By its digest, as `sha256sum` of the file shows it; a removal is told too, a change of sites alone says nothing."""
    _do(store, OPERATOR, Delegate("88.118.8", (_site(1),), grant=True, administrator=b"abc"))
    _do(store, OPERATOR, Delegate("88.118.8", (_site(2),)))
    _do(store, OPERATOR, Delegate("88.118.8", (_site(2),), administrator=b""))

    assert [line.note for line in _trail(store)] == [
        "administrator's key of SHA-256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "",
        "administrator's key removed",
    ]


def test_a_refused_delegation_grants_nothing(store: MemoryStore) -> None:
    """All or nothing: without sites the prefix stays unknown."""
    _refused(_do(store, OPERATOR, Delegate("88.118.8", (), grant=True, organisation=YARD)))

    assert _stored(store, "88.118.8") is None


def test_ranges_are_delegated_and_withdrawn(store: MemoryStore) -> None:
    """By who may add derived prefixes to the parent of the range."""
    made = _do(store, PARENT_ADMIN, DelegateRange("88.118.1000", "88.118.1999", (_site(1, "2001:db8::1"),)))
    gone = _do(store, PARENT_ADMIN, WithdrawRange("88.118.1000"))
    missing = _do(store, PARENT_ADMIN, WithdrawRange("88.118.1000"))

    assert isinstance(made, RangeDone)
    assert made.route is not None
    assert gone == RangeDone("88.118.1000", None)
    assert _refused(missing).code == ResponseCode.HANDLE_NOT_FOUND
    assert [line.act for line in _trail(store)] == ["delegate range", "withdraw range"]


def test_hosting_is_asked_for_by_the_owner_and_granted_by_the_parent(store: MemoryStore) -> None:
    """The prefix's own administrator asks; only the parent's says yes."""
    _granted(store)
    asked = _entry(_do(store, CHILD_ADMIN, Host("88.118.8", HostingEvent.APPLY)))
    refused = _refused(_do(store, CHILD_ADMIN, Host("88.118.8", HostingEvent.APPROVE)))
    hosted = _entry(_do(store, PARENT_ADMIN, Host("88.118.8", HostingEvent.APPROVE)))

    assert (asked.hosting, refused.code, hosted.hosting) == (Hosting.APPLIED, ResponseCode.INVALID_ADMIN, Hosting.HOSTED)


def test_a_child_changes_its_keys_but_never_where_it_is_answered(store: MemoryStore) -> None:
    """Its HS_PUBKEY is its own affair, its HS_SITE the parent's."""
    _granted(store)
    key = acts.AddValues("0.NA/88.118.8", (Value(300, "HS_PUBKEY", b"-----BEGIN PUBLIC KEY-----"),))
    site = acts.AddValues("0.NA/88.118.8", (Value(1, "HS_SITE", encode_site(_site(6666))),))
    changed = _entry(_do(store, CHILD_ADMIN, ChangeValues("88.118.8", key)))
    refused = _refused(_do(store, CHILD_ADMIN, ChangeValues("88.118.8", site)))
    delegated = _entry(_do(store, PARENT_ADMIN, ChangeValues("88.118.8", site)))

    assert [value.index for value in decode_values(changed.values)] == [100, 300]
    assert refused.code == ResponseCode.INVALID_ADMIN
    assert [value.index for value in decode_values(delegated.values)] == [1, 100, 300]


@pytest.mark.parametrize("index", [100, 300])
def test_the_last_administrator_and_the_last_key_stay(store: MemoryStore, index: int) -> None:
    """Nobody could ever name their successors."""
    values = (_admin("0.NA/88.118.8"), Value(300, "HS_PUBKEY", b"-----BEGIN PUBLIC KEY-----"))
    _granted(store, values=values)
    result = _do(store, CHILD_ADMIN, ChangeValues("88.118.8", acts.RemoveValues("0.NA/88.118.8", (index,))))

    assert _refused(result).code == ResponseCode.INVALID_VALUE


@pytest.mark.parametrize(
    ("act", "wanted"),
    [
        (acts.Create("0.NA/88.118.8", ()), Allocate("88.118.8")),
        (acts.Delete("0.NA/88.118.8"), Revoke("88.118.8")),
        (acts.RemoveValues("88.118.8", (1,)), ChangeValues("88.118.8", acts.RemoveValues("88.118.8", (1,)))),
    ],
)
def test_acts_on_records_mean_acts_on_prefixes_where_they_name_one(act: acts.Act, wanted: PrefixAct) -> None:
    """Clients of the field create, delete and change `0.NA/P`."""
    assert prefix_act(act) == wanted


def test_an_operator_homes_without_asking_the_parent(store: MemoryStore) -> None:
    """A node begins somewhere."""
    entry = _entry(_do(store, OPERATOR, Home("88.200.1", organisation=YARD)))

    assert (entry.homed, entry.owner) == (True, YARD.owner)


def test_a_prefixs_administrator_homes_what_its_parent_delegates_to_this_node(store: MemoryStore) -> None:
    """The parent's answer names this node's address and the administrator, whose keys are taken over."""
    own = _site(2641, "192.0.2.77")
    granted = (
        Value(1, "HS_SITE", encode_site(own)),
        _admin("0.NA/88.200.1"),
        Value(300, "HS_PUBKEY", b"-----BEGIN PUBLIC KEY-----"),
    )
    caller = Caller("tcp 192.0.2.7", identity_of(300, "0.NA/88.200.1"))
    entry = _entry(_do(store, caller, Home("88.200.1", granted, own)))

    assert entry.homed
    assert [value.type for value in decode_values(entry.values)] == ["HS_ADMIN", "HS_PUBKEY"]


@pytest.mark.parametrize(
    ("granted_port", "identity", "code"),
    [
        (2642, "0.NA/88.200.1", ResponseCode.SERVER_NOT_RESPONSIBLE),  # delegated to somebody else
        (2641, "0.NA/88.200.2", ResponseCode.INVALID_ADMIN),  # delegated here, but not to him
    ],
)
def test_nobody_homes_what_is_not_his_or_not_delegated_here(
    store: MemoryStore, granted_port: int, identity: str, code: int
) -> None:
    """Both must hold: the parent names this node, and the caller is the prefix's administrator."""
    granted = (Value(1, "HS_SITE", encode_site(_site(granted_port))), _admin("0.NA/88.200.1"))
    result = _do(store, Caller("tcp ::1", identity_of(300, identity)), Home("88.200.1", granted, _site(2641)))

    assert _refused(result).code == code
    assert _stored(store, "88.200.1") is None


def test_a_homed_prefix_is_let_go_when_it_holds_nothing(store: MemoryStore) -> None:
    """Records would no longer be found, so they go first."""
    _do(store, OPERATOR, Home("88.200.1"))
    _write(store, lambda txn: txn.put_record(prepare(Record("88.200.1/A", (Value(1, "URL", b"x"),)), NOW)))
    refused = _refused(_do(store, OPERATOR, Unhome("88.200.1")))
    _write(store, lambda txn: txn.delete_record(b"88.200.1\x00A"))
    done = _entry(_do(store, OPERATOR, Unhome("88.200.1")))

    assert refused.code == ResponseCode.ERROR
    assert not done.homed


def test_a_prefix_with_prefixes_below_stays_homed(store: MemoryStore) -> None:
    """They are registered here, and found because their parent is."""
    _granted(store)

    assert "88.118.8 is registered below 88.118 here" in _refused(_do(store, OPERATOR, Unhome("88.118"))).message


def test_terms_change_by_the_parents_word(store: MemoryStore) -> None:
    """What is not named stays; whether suffixes fold stays where there are records."""
    _do(store, OPERATOR, Home("88.200.1"))
    _write(store, lambda txn: txn.put_record(prepare(Record("88.200.1/A", (Value(1, "URL", b"x"),)), NOW)))
    done = _entry(_do(store, OPERATOR, ChangeTerms("88.200.1", NewTerms(quota=9, ttl_s=60, signing_required=True))))
    refused = _do(store, OPERATOR, ChangeTerms("88.200.1", NewTerms(fold_suffix=False)))

    assert (done.quota, done.ttl_s, done.signing_required, done.daily_quota) == (9, 60, True, 0)
    assert _refused(refused).code == ResponseCode.ERROR


def test_an_act_of_its_own_is_no_mere_step() -> None:
    """Revoking cannot slip through as a step that needs one person only."""
    with pytest.raises(ValueError, match="act of its own"):
        Advance("88.118.8", Event.REVOKE)
