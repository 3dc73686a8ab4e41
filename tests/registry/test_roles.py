"""Roles: who may give which to whom, who holds what, and that there is always an operator."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from idis.proto.codes import ResponseCode
from idis.proto.errors import IdentifierError
from idis.proto.value import decode_values
from idis.registry.audit.line import decode_line
from idis.registry.caller import Action, Caller, Role, RoleGrant, TokenScope, tool
from idis.registry.identity import Identity, parse_identity
from idis.registry.keyring import key_values
from idis.registry.prefix import PrefixEntry
from idis.registry.registration.checks import Refusal
from idis.registry.roles import grant, granted, keep_key, make_first_operator, may_see, revoke, roles_of
from idis.registry.store.base import WriteTxn
from idis.registry.store.memory import MemoryStore

TOOL = tool("root")
ZHANG = Identity(300, "88.118/ZHANG")
OPERATOR = RoleGrant(Role.OPERATOR)
PEM = b"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n"


@pytest.fixture
def store() -> MemoryStore:
    """An empty store."""
    return MemoryStore(clock=lambda: 1_700_000_000.0)


def write(store: MemoryStore, change: Callable[[WriteTxn], Any]) -> Any:
    """The result of a change."""
    return store.write(change, actor="test").result().result


def give(store: MemoryStore, identity: Identity, role: Role, prefix: str = "", caller: Caller = TOOL) -> Any:
    """Grant a role."""
    return write(store, lambda txn: grant(txn, caller, identity, RoleGrant(role, prefix)))


def take(store: MemoryStore, identity: Identity, role: Role, prefix: str = "", caller: Caller = TOOL) -> Any:
    """Revoke a role."""
    return write(store, lambda txn: revoke(txn, caller, identity, RoleGrant(role, prefix)))


def held(store: MemoryStore, identity: str) -> set[RoleGrant]:
    """The roles of an identity."""
    with store.read() as txn:
        return set(roles_of(txn, parse_identity(identity)))


def lines(store: MemoryStore) -> list[Any]:
    """The audit trail."""
    with store.read() as txn:
        return [decode_line(octets) for _, octets in txn.audits(None, 99)]


def test_grant(store: MemoryStore) -> None:
    """A role is held by the key it was granted to, whatever the spelling, and by no other."""
    assert give(store, ZHANG, Role.ADMINISTRATOR, "88.118") is True
    assert held(store, "300:88.118/zhang") == {RoleGrant(Role.ADMINISTRATOR, "88.118")}
    assert held(store, "301:88.118/zhang") == set()
    assert held(store, "300:88.118/li") == set()


def test_grant_to_any_key(store: MemoryStore) -> None:
    """What is granted to index 0 holds for every key, beside what the key holds itself; and for index 0."""
    give(store, Identity(0, "88.118/ZHANG"), Role.AUDITOR)
    give(store, ZHANG, Role.APPLICATION, "88.118")

    assert held(store, "300:88.118/zhang") == {RoleGrant(Role.AUDITOR), RoleGrant(Role.APPLICATION, "88.118")}
    assert held(store, "301:88.118/zhang") == held(store, "0:88.118/zhang") == {RoleGrant(Role.AUDITOR)}


def test_grant_twice(store: MemoryStore) -> None:
    """Granting what is held changes nothing and leaves no second line."""
    give(store, ZHANG, Role.AUDITOR)

    assert give(store, ZHANG, Role.AUDITOR) is False
    assert len(lines(store)) == 1


def test_prefix_is_folded(store: MemoryStore) -> None:
    """A prefix in any case is one prefix."""
    give(store, ZHANG, Role.AUDITOR, "88.ab")

    assert held(store, "300:88.118/zhang") == {RoleGrant(Role.AUDITOR, "88.AB")}


def test_no_prefix(store: MemoryStore) -> None:
    """What is no prefix is refused as such."""
    with pytest.raises(IdentifierError):
        give(store, ZHANG, Role.AUDITOR, "88..1")


def test_revoke(store: MemoryStore) -> None:
    """A role that is taken is gone, others stay; taking it again changes nothing."""
    give(store, ZHANG, Role.AUDITOR)
    give(store, ZHANG, Role.AUDITOR, "88.118")

    assert take(store, ZHANG, Role.AUDITOR) is True
    assert held(store, "300:88.118/zhang") == {RoleGrant(Role.AUDITOR, "88.118")}
    assert take(store, ZHANG, Role.AUDITOR) is False


def test_last_operator(store: MemoryStore) -> None:
    """The last operator of the node stays; with a second one, whichever way, the first can go."""
    give(store, ZHANG, Role.OPERATOR)
    give(store, Identity(300, "88.118/LI"), Role.OPERATOR, "88.118")
    refused = take(store, ZHANG, Role.OPERATOR)
    give(store, Identity(0, "88.118/WANG"), Role.OPERATOR)

    assert isinstance(refused, Refusal)
    assert "the last operator" in refused.message
    assert take(store, ZHANG, Role.OPERATOR) is True


def test_limit(store: MemoryStore) -> None:
    """An identity holds at most 64 roles."""
    results = [give(store, ZHANG, Role.AUDITOR, f"88.{number}") for number in range(65)]

    assert results[:64] == [True] * 64
    assert isinstance(results[64], Refusal)


def test_list(store: MemoryStore) -> None:
    """Every identity with its roles, however long its name."""
    long = Identity(300, "88.118/" + "X" * 2000)
    for identity in (ZHANG, long):
        give(store, identity, Role.AUDITOR)

    with store.read() as txn:
        assert dict(granted(txn)) == {ZHANG: (RoleGrant(Role.AUDITOR),), long: (RoleGrant(Role.AUDITOR),)}


def test_audited(store: MemoryStore) -> None:
    """Who granted or revoked what, with the roles before and after."""
    give(store, ZHANG, Role.AUDITOR)
    take(store, ZHANG, Role.AUDITOR)
    done = [(line.actor, line.act, line.subject, line.before, line.after) for line in lines(store)]

    assert done == [
        ("cli root", "grant role", "300:88.118/ZHANG", {"roles": []}, {"roles": ["auditor"]}),
        ("cli root", "revoke role", "300:88.118/ZHANG", {"roles": ["auditor"]}, {"roles": []}),
    ]


MATRIX = [
    # (roles held, role wanted, prefix, allowed)
    ((OPERATOR,), Role.OPERATOR, "", True),
    ((OPERATOR,), Role.APPLICATION, "88.118", True),
    ((RoleGrant(Role.OPERATOR, "88.118"),), Role.OPERATOR, "", False),
    ((RoleGrant(Role.OPERATOR, "88.118"),), Role.OPERATOR, "88.118.8", True),
    ((RoleGrant(Role.OPERATOR, "88.118"),), Role.AUDITOR, "88.1180", False),
    ((RoleGrant(Role.ADMINISTRATOR, "88.118"),), Role.ADMINISTRATOR, "88.118", True),
    ((RoleGrant(Role.ADMINISTRATOR, "88.118"),), Role.APPLICATION, "88.118.8", True),
    ((RoleGrant(Role.ADMINISTRATOR, "88.118"),), Role.AUDITOR, "88.118", False),
    ((RoleGrant(Role.ADMINISTRATOR, "88.118"),), Role.OPERATOR, "88.118", False),
    ((RoleGrant(Role.ADMINISTRATOR, "88.118"),), Role.APPLICATION, "88", False),
    ((RoleGrant(Role.AUDITOR),), Role.AUDITOR, "", False),
    ((RoleGrant(Role.APPLICATION, "88.118"),), Role.APPLICATION, "88.118", False),
    ((), Role.APPLICATION, "88.118", False),
]


@pytest.mark.parametrize(("roles", "role", "prefix", "allowed"), MATRIX)
def test_who_may_grant(store: MemoryStore, roles: tuple[RoleGrant, ...], role: Role, prefix: str, allowed: bool) -> None:
    """Operators grant anything below their prefix, administrators their own kind and applications, others nothing."""
    caller = Caller("tcp 192.0.2.7", Identity(300, "0.NA/88"), roles)
    result = give(store, ZHANG, role, prefix, caller)

    assert result is True if allowed else result.code == ResponseCode.INSUFFICIENT_PERMISSIONS
    assert bool(held(store, "300:88.118/zhang")) is allowed


def test_nobody_grants_nothing(store: MemoryStore) -> None:
    """Who has proved nothing is asked for an identity."""
    assert give(store, ZHANG, Role.AUDITOR, caller=Caller("tcp 192.0.2.7")).code == ResponseCode.AUTHENTICATION_NEEDED


@pytest.mark.parametrize(
    ("actions", "prefixes", "allowed"),
    [({Action.ACCESS}, ("88.118",), True), ({Action.REGISTER}, ("88.118",), False), ({Action.ACCESS}, ("88.119",), False)],
)
def test_token_narrows(store: MemoryStore, actions: set[Action], prefixes: tuple[str, ...], allowed: bool) -> None:
    """An operator's token grants and revokes only with 'access', below its prefixes."""
    caller = Caller("http 192.0.2.7", ZHANG, (OPERATOR,), TokenScope("T1", prefixes, frozenset(actions)))

    given = give(store, ZHANG, Role.AUDITOR, "88.118", caller)
    give(store, ZHANG, Role.AUDITOR, "88.118")
    taken = take(store, ZHANG, Role.AUDITOR, "88.118", caller)

    assert (given is True, taken is True) == (allowed, allowed)


class TestKeepKey:
    """Keys of identities that only this node knows."""

    local = Identity(300, "LOCAL/LI")

    def keep(self, store: MemoryStore, identity: Identity, caller: Caller = TOOL) -> Any:
        """Hold a key."""
        return write(store, lambda txn: keep_key(txn, caller, identity, PEM))

    def keys(self, store: MemoryStore) -> list[bytes]:
        """The keys of LOCAL/li."""
        with store.read() as txn:
            return [value.data for value in key_values(txn, self.local)]

    def test_kept_and_told(self, store: MemoryStore) -> None:
        """It is found as a key, and the trail tells its digest."""
        assert [self.keep(store, self.local), self.keep(store, self.local)] == [True, False]
        assert self.keys(store) == [PEM]
        assert [(line.act, line.subject, line.after) for line in lines(store)] == [
            ("keep key", "300:LOCAL/LI", {"sha256": hashlib.sha256(PEM).hexdigest()})
        ]

    @pytest.mark.parametrize("identity", [ZHANG, Identity(0, "LOCAL/LI"), Identity(300, "0.NA/LOCAL")])
    def test_only_of_its_own(self, store: MemoryStore, identity: Identity) -> None:
        """The key of any other identity belongs into its record, and a key has an index."""
        assert isinstance(self.keep(store, identity), Refusal)

    def test_only_by_operators(self, store: MemoryStore) -> None:
        """An administrator of a prefix makes no identities of the node."""
        caller = Caller("tcp 192.0.2.7", ZHANG, (RoleGrant(Role.ADMINISTRATOR, "88.118"),))

        assert isinstance(self.keep(store, self.local, caller), Refusal)

    def test_goes_with_the_last_role(self, store: MemoryStore) -> None:
        """Whoever holds no role any more has no key here either."""
        self.keep(store, self.local)
        for prefix in ("88.118", "88.119"):
            give(store, self.local, Role.AUDITOR, prefix)
        take(store, self.local, Role.AUDITOR, "88.118")
        before = self.keys(store)
        take(store, self.local, Role.AUDITOR, "88.119")

        assert (before, self.keys(store)) == ([PEM], [])


class TestFirstOperator:
    """What `idis init` makes."""

    def test_of_a_prefix(self, store: MemoryStore) -> None:
        """The key is value 300 of the first prefix beside what was there, and the identity is the operator."""
        write(store, lambda txn: txn.put_prefix(PrefixEntry("88.118", homed=True)))
        identity = write(store, lambda txn: make_first_operator(txn, TOOL, "node", ("88.118", "88.119"), PEM, 7))
        with store.read() as txn:
            entry = txn.prefix("88.118")
            keys = key_values(txn, identity)

        assert str(identity) == "300:0.NA/88.118"
        assert held(store, str(identity)) == {OPERATOR}
        assert entry is not None
        assert [(value.index, value.type, value.data) for value in decode_values(entry.values)] == [(300, "HS_PUBKEY", PEM)]
        assert [value.data for value in keys] == [PEM]

    def test_without_a_prefix(self, store: MemoryStore) -> None:
        """The node itself holds the key of an identity that carries its name."""
        identity = write(store, lambda txn: make_first_operator(txn, TOOL, "recursive 1", (), PEM, 7))
        with store.read() as txn:
            keys = key_values(txn, parse_identity("300:local/Recursive 1"))

        assert str(identity) == "300:LOCAL/RECURSIVE 1"
        assert held(store, str(identity)) == {OPERATOR}
        assert [value.data for value in keys] == [PEM]

    def test_cannot_be_revoked(self, store: MemoryStore) -> None:
        """He is the last one until he grants the role to another."""
        identity = write(store, lambda txn: make_first_operator(txn, TOOL, "node", (), PEM, 7))

        assert isinstance(take(store, identity, Role.OPERATOR), Refusal)

    def test_audited(self, store: MemoryStore) -> None:
        """The first line of a node's trail."""
        write(store, lambda txn: make_first_operator(txn, TOOL, "node", (), PEM, 7))

        assert [(line.act, line.subject) for line in lines(store)] == [("make first operator", "300:LOCAL/NODE")]


@pytest.mark.parametrize(
    ("role", "prefix", "seen"),
    [
        (Role.OPERATOR, "", True),
        (Role.AUDITOR, "", True),
        (Role.ADMINISTRATOR, "88.118", True),
        (Role.ADMINISTRATOR, "88.118.8", False),
        (Role.APPLICATION, "88.118", False),
    ],
)
def test_who_governs_a_prefix_sees_its_roles(role: Role, prefix: str, seen: bool) -> None:
    """Who holds which role is told to auditors, operators and administrators from above, and to no application."""
    caller = Caller("http 192.0.2.7", ZHANG, (RoleGrant(role, prefix),))

    assert may_see(caller, RoleGrant(Role.APPLICATION, "88.118")) is seen


def test_a_token_without_access_sees_no_roles() -> None:
    """What a token may be used for narrows what it sees."""
    scope = TokenScope("t", ("",), frozenset((Action.READ,)))

    assert not may_see(Caller("http 192.0.2.7", ZHANG, (OPERATOR,), scope), OPERATOR)
