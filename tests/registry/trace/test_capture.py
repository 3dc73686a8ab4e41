"""Capture: all or each for itself, once, durable, by whom."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from idis.registry.caller import Action, Caller, Role, RoleGrant, TokenScope, tool
from idis.registry.event_row import EventOrder
from idis.registry.prefix import PrefixEntry
from idis.registry.registration.checks import Refusal
from idis.registry.store.base import Store
from idis.registry.trace import capture as capturing
from idis.registry.trace.capture import Behaviour, Captured, capture
from idis.registry.trace.deriving import is_taken
from idis.registry.trace.kept_event import kept
from idis.registry.trace.teller import Teller, teller_of
from idis.registry.trace.things import Spelling
from tests.registry.trace.sample_events import FIVE, NOW_MS, OBJECT, document, octets, read_one

YARD = Teller("yard", "88.118.8", ("88.118.8",))
BAD = OBJECT | {"bizStep": "shiping"}
ROLLBACK, PROCEED = Behaviour.ROLLBACK, Behaviour.PROCEED


def take(store: Store, *events: dict[str, Any], behaviour: Behaviour = ROLLBACK, teller: Teller = YARD) -> Captured:
    """Capture a document of some events."""
    return capture(store, partial(io.BytesIO, octets(document(*events))), teller, behaviour, NOW_MS)


def stored(store: Store) -> list[str]:
    """The ids of all events, in the order of recording."""
    with store.read() as txn:
        return [row.event_id for _, row in txn.events(EventOrder.RECORDED, b"", b"\xff", 99)]


def numbered(*numbers: int, **more: Any) -> list[dict[str, Any]]:
    """Events with ids."""
    return [OBJECT | {"eventID": f"urn:x:{number}"} | more for number in numbers]


@pytest.mark.parametrize("behaviour", Behaviour)
def test_all_good(store: Store, behaviour: Behaviour) -> None:
    """Every event is kept and derived from."""
    captured = take(store, *FIVE, behaviour=behaviour)
    assert (captured.success, captured.events, captured.new) == (True, 5, 5)
    with store.read() as txn:
        assert all(is_taken(txn, name) for name in stored(store))


@pytest.mark.parametrize(("behaviour", "left"), [(ROLLBACK, []), (PROCEED, ["urn:x:1", "urn:x:2"])])
@pytest.mark.parametrize("bad", [BAD, {"type": "Nothing"}, OBJECT | {"eventID": "urn:x:1", "action": "ADD"}])
def test_one_bad(store: Store, behaviour: Behaviour, left: list[str], bad: dict[str, Any]) -> None:
    """One that breaks a rule, cannot be read, or has the id of another: all or only it is kept out."""
    one, two = numbered(1, 2)
    captured = take(store, one, bad, two, behaviour=behaviour)
    assert (stored(store), captured.success, captured.refused) == (left, False, 3 - len(left))
    assert captured.problems[0].pointer.startswith("/epcisBody/eventList/1/")


def test_a_conflict_undoes_the_edges(store: Store) -> None:
    """What was derived before the conflict is undone with the events."""
    take(store, OBJECT | {"eventID": "urn:x:9"})
    take(store, FIVE[1] | {"eventID": "urn:x:1"}, OBJECT | {"eventID": "urn:x:9", "action": "ADD"})
    with store.read() as txn:
        assert not is_taken(txn, "urn:x:1")


def test_groups(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long document is kept in groups, in its order."""
    monkeypatch.setattr(capturing, "GROUP_EVENTS", 2)
    take(store, *numbered(*range(5)), behaviour=PROCEED)
    assert stored(store) == [f"urn:x:{number}" for number in range(5)]


def test_a_document_that_breaks_off(store: Store) -> None:
    """With proceed, what came before the break is kept."""
    text = octets(document(*numbered(1, 2)))[:-60]
    captured = capture(store, partial(io.BytesIO, text), YARD, PROCEED, NOW_MS)
    assert (stored(store), captured.success) == (["urn:x:1"], False)


def test_too_many(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit nothing is kept, whatever is wanted."""
    monkeypatch.setattr(capturing, "EVENTS_MAX", 2)
    assert take(store, *numbered(1, 2, 3), behaviour=PROCEED).too_many
    assert stored(store) == []


def test_a_declaration_before_its_event(store: Store) -> None:
    """A declaration that comes first withdraws the event when it comes."""
    declared = {"errorDeclaration": {"declarationTime": "2026-03-03T00:00:00Z"}}
    take(store, OBJECT | declared)
    take(store, OBJECT)
    (name, again) = stored(store)
    with store.read() as txn:
        assert name == again
        assert not is_taken(txn, name)


def test_what_is_kept(store: Store) -> None:
    """The event comes back as it was told, with its id, its record time and in whose name."""
    take(store, OBJECT | {"ex:a": 1})
    with store.read() as txn:
        one = kept(txn.events(EventOrder.RECORDED, b"", b"\xff", 1)[0][1])
    assert (one.holder, one.claim, one.event.extensions[0][0]) == ("88.118.8", False, "ex:a")
    assert one.event.record_time_ms > 0
    assert one.event.event_id.startswith("ni:///sha-256;")


class TestTeller:
    """In whose name, and for what."""

    @pytest.mark.parametrize(
        ("epcs", "speaks"),
        [
            (["hdl:88.118.8/A"], True),
            (["hdl:88.118.8.5/A"], True),
            (["hdl:88.118.9/A"], False),
            (["hdl:88.118.9/A", "hdl:88.118.8/B"], True),
            (["urn:epc:id:sgtin:0614141.107346.2018"], True),
        ],
    )
    def test_standing(self, epcs: list[str], speaks: bool) -> None:
        """He speaks for what lies below his prefix, and where nobody is known to own anything."""
        assert YARD.speaks_for(read_one(OBJECT | {"epcList": epcs}), Spelling()) is speaks

    @pytest.mark.parametrize(
        ("caller", "wanted", "holder"),
        [
            (tool("root"), "", "88.118.8"),
            (tool("root"), "88.118.9", "88.118.9"),
            (Caller("x", roles=(RoleGrant(Role.APPLICATION, "88.118.8"),)), "", "88.118.8"),
            (Caller("x", roles=(RoleGrant(Role.APPLICATION, "88.118.8"),)), "88.118.8.1", "88.118.8.1"),
            (Caller("x", roles=(RoleGrant(Role.APPLICATION, "88.118.8"),)), "88.118.9", None),
            (Caller("x", roles=(RoleGrant(Role.AUDITOR),)), "", None),
            (Caller("x"), "", None),
            (
                Caller("x", roles=(RoleGrant(Role.OPERATOR),), scope=TokenScope("1", ("88.7",), frozenset({Action.TRACE}))),
                "",
                "88.7",
            ),
            (Caller("x", roles=(RoleGrant(Role.OPERATOR),), scope=TokenScope("1", ("",), frozenset({Action.READ}))), "", None),
        ],
    )
    def test_who_may(self, store: Store, caller: Caller, wanted: str, holder: str | None) -> None:
        """It takes a role that registers, for the prefix in whose name it is; a token takes the action, too."""
        store.write(lambda txn: txn.put_prefix(PrefixEntry("88.118.8", homed=True)), actor="test").result(10)
        with store.read() as txn:
            found = teller_of(txn, caller, wanted)
        assert (None if isinstance(found, Refusal) else found.holder) == holder


def test_any_order_gives_the_same_events(store: Store) -> None:
    """Whatever comes first, the same events are there in the end."""
    make: Callable[..., list[dict[str, Any]]] = numbered
    take(store, *reversed(make(1, 2, 3)))
    take(store, *make(1, 2, 3))
    assert sorted(stored(store)) == ["urn:x:1", "urn:x:2", "urn:x:3"]
