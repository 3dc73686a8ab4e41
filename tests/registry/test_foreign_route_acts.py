"""Routes are the operators': who may change them, and what the trail says."""

from __future__ import annotations

import pytest

from idis.proto.codes import ResponseCode
from idis.registry.audit.line import decode_line
from idis.registry.caller import Action, Caller, Role, RoleGrant, TokenScope
from idis.registry.foreign_route import ForeignRoute, parse_targets
from idis.registry.foreign_route_acts import held_route, put_route, refuse_seeing_routes, remove_route, switch_route
from idis.registry.identity import parse_identity
from idis.registry.registration.checks import Refusal
from idis.registry.store.memory import MemoryStore

WHO = parse_identity("300:88.1/zhang")
OPERATOR = Caller("test", WHO, (RoleGrant(Role.OPERATOR),))
AUDITOR = Caller("test", WHO, (RoleGrant(Role.AUDITOR),))
OF_A_PREFIX = Caller("test", WHO, (RoleGrant(Role.OPERATOR, "88.1"),))
BY_TOKEN = Caller("test", WHO, (RoleGrant(Role.OPERATOR),), TokenScope("t", ("",), frozenset({Action.READ})))
WANTED = ForeignRoute("oid", "urn:oid:1.2", "", parse_targets(["https://oid.example/{path}"]))


def trail(store: MemoryStore) -> list[tuple[str, str]]:
    """Acts and subjects, in their order."""
    with store.read() as txn:
        return [(line.act, line.subject) for line in (decode_line(body) for _key, body in txn.audits(None, 99))]


def test_an_operator_keeps_switches_and_removes_routes() -> None:
    """Each change is a line; what changes nothing is none."""
    store = MemoryStore()
    kept, changed = store.write(lambda txn: put_route(txn, OPERATOR, WANTED), actor="t").result().result  # type: ignore[misc]
    assert (kept.name, changed) == ("OID 1.2", True)
    again = store.write(lambda txn: put_route(txn, OPERATOR, WANTED), actor="t").result().result
    off = store.write(lambda txn: switch_route(txn, OPERATOR, "OID", "1.2", "", enabled=False), actor="t").result().result
    same = store.write(lambda txn: switch_route(txn, OPERATOR, "OID", "1.2", "", enabled=False), actor="t").result().result
    gone = store.write(lambda txn: remove_route(txn, OPERATOR, "oid", "1.2"), actor="t").result().result

    assert again == (kept, False)
    assert not isinstance(off, Refusal)
    assert (off[0].enabled, off[1]) == (False, True)
    assert same == (off[0], False)
    assert gone == off[0]
    assert trail(store) == [("put route", "OID 1.2"), ("put route", "OID 1.2"), ("remove route", "OID 1.2")]


@pytest.mark.parametrize("caller", [Caller("test"), AUDITOR, OF_A_PREFIX, BY_TOKEN], ids=["nobody", "auditor", "prefix", "token"])
def test_nobody_else_changes_them(caller: Caller) -> None:
    """Nothing happens, in no act."""
    store = MemoryStore()
    acts = (
        lambda txn: put_route(txn, caller, WANTED),
        lambda txn: switch_route(txn, caller, "OID", "1.2", "", enabled=False),
        lambda txn: remove_route(txn, caller, "OID", "1.2"),
    )

    assert all(isinstance(store.write(act, actor="t").result().result, Refusal) for act in acts)
    assert trail(store) == []


def test_operators_and_auditors_see_them() -> None:
    """Nobody else."""
    assert refuse_seeing_routes(OPERATOR) is refuse_seeing_routes(AUDITOR) is None
    assert refuse_seeing_routes(OF_A_PREFIX) is not None
    assert refuse_seeing_routes(Caller("test")) is not None


@pytest.mark.parametrize(
    ("type_name", "start", "end", "code"),
    [
        ("OID", "1.3", "", ResponseCode.HANDLE_NOT_FOUND),
        ("GS1", "1", "9", ResponseCode.HANDLE_NOT_FOUND),
        ("nothing", "1", "", ResponseCode.INVALID_VALUE),
        ("OID", "x", "", ResponseCode.INVALID_VALUE),
        ("DID", "a", "b", ResponseCode.HANDLE_NOT_FOUND),
    ],
)
def test_what_is_not_there_is_told(type_name: str, start: str, end: str, code: int) -> None:
    """With its name, or with what is wrong with it."""
    with MemoryStore().read() as txn:
        refusal = held_route(txn, type_name, start, end)

    assert isinstance(refusal, Refusal)
    assert refusal.code == code


def test_a_route_that_is_none_is_refused() -> None:
    """By a sentence, not by an exception."""
    wrong = ForeignRoute("OID", "1.2", "", parse_targets(["gs1:https://x"]))
    refusal = MemoryStore().write(lambda txn: put_route(txn, OPERATOR, wrong), actor="t").result().result

    assert refusal == Refusal(ResponseCode.INVALID_VALUE, "gs1:https://x answers for GS1, not for OID")
