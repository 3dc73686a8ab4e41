"""Who sees which event: rights, the owner of a thing, readers' lists."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from idis.proto.value import Value
from idis.registry.caller import Action, Caller, Role, RoleGrant, TokenScope
from idis.registry.identity import parse_identity
from idis.registry.prefix import PrefixEntry
from idis.registry.readers import ReaderLists, lists_value, mark
from idis.registry.record import Record, prepare
from idis.registry.store.base import Store
from idis.registry.trace.event_sight import EVENTS_INDEX, EventSight
from idis.registry.trace.kept_event import KeptEvent
from idis.registry.trace.things import Spelling
from tests.registry.trace.sample_events import OBJECT, read_one

BUYER = parse_identity("300:88.118.9/BUYER")
EVENT = KeptEvent(read_one(OBJECT | {"epcList": ["hdl:88.118.8/A"]}), "88.118.8", claim=False, place=b"")
Sees = Callable[[Caller], bool]


def role(role: Role, prefix: str = "") -> tuple[RoleGrant, ...]:
    """One role."""
    return (RoleGrant(role, prefix),)


@pytest.fixture
def sees(store: Store) -> Sees:
    """Whether a caller sees EVENT; the thing in it has a list that names BUYER as reader of its events."""
    lists = ReaderLists({EVENTS_INDEX: (BUYER,)})
    values = (Value(EVENTS_INDEX, "events", b"https://x/"), lists_value(lists))
    record = prepare(Record("88.118.8/A", mark(values, ReaderLists())), 1)

    def change(txn: object) -> None:
        txn.put_prefix(PrefixEntry("88.118.8", homed=True))  # type: ignore[attr-defined]
        txn.put_record(record)  # type: ignore[attr-defined]

    store.write(change, actor="test").result(10)

    def judge(caller: Caller) -> bool:
        with store.read() as txn:
            return EventSight(caller).sees(txn, EVENT, Spelling())

    return judge


@pytest.mark.parametrize(
    ("caller", "seen"),
    [
        (Caller("x"), False),
        (Caller("x", roles=role(Role.OPERATOR)), True),
        (Caller("x", roles=role(Role.AUDITOR)), True),
        (Caller("x", roles=role(Role.APPLICATION, "88.118.8")), True),
        (Caller("x", roles=role(Role.APPLICATION, "88.118")), True),
        (Caller("x", roles=role(Role.ADMINISTRATOR, "88.118.9")), False),
        (Caller("x", BUYER), True),
        (Caller("x", parse_identity("300:88.118.9/OTHER")), False),
        (Caller("x", BUYER, scope=TokenScope("1", ("88.118.9",), frozenset({Action.READ}))), False),
        (Caller("x", roles=role(Role.OPERATOR), scope=TokenScope("1", ("",), frozenset({Action.AUDIT}))), False),
    ],
)
def test_sight(sees: Sees, caller: Caller, seen: bool) -> None:
    """Rights below the prefix, the readers' list of the thing, and nobody else; a token leaves what it allows."""
    assert sees(caller) is seen
