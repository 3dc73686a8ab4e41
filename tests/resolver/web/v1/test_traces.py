"""Questions about genealogies over /api/v1."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest

from idis.registry.caller import Role, RoleGrant
from idis.registry.prefix import PrefixEntry
from idis.registry.trace.deriving import take_event
from idis.registry.trace.event import Action, Event, EventType, Moment, Typed
from idis.registry.trace.things import Spelling

LOT, PACK, VIN = "88.118.8/LOT", "88.118.8/PACK", "88.118.9/VIN"
DAY = 86_400_000
EVENTS = (
    Event(EventType.TRANSFORMATION, Moment(DAY), event_id="urn:e:1", input_epcs=(LOT,), output_epcs=(PACK,)),
    Event(EventType.ASSOCIATION, Moment(3 * DAY), Action.ADD, "urn:e:2", parent=VIN, child_epcs=(PACK,)),
    Event(
        EventType.OBJECT,
        Moment(4 * DAY),
        Action.OBSERVE,
        "urn:e:3",
        epcs=(VIN,),
        biz_step="shipping",
        destinations=(Typed("owning_party", "88.118.9/DEALER"),),
    ),
)


@pytest.fixture(autouse=True)
def genealogy(node: Any) -> None:
    """A lot, the pack made from it, the vehicle of another enterprise that the pack is in."""

    def change(txn: Any) -> None:
        txn.put_prefix(PrefixEntry("88.118.9", homed=True))
        for event in EVENTS:
            holder = "88.118.8" if event is EVENTS[0] else "88.118.9"
            take_event(txn, event, spelling=Spelling(), holder=holder, recorded_ms=1)

    node._store.write(change, actor="test").result(10)


async def test_trace_back(operator: Any) -> None:
    """From a vehicle back to the lot, whatever spelling it is asked by."""
    status, found, _ = await operator.ask("GET", "/trace?thing=https://id.example.cn/88.118.9/vin")

    assert status == 200
    assert [(line["thing"], line["depth"], line["certainty"]) for line in found["lines"]] == [
        (VIN, 0, "certain"),
        (PACK, 1, "certain"),
        (LOT, 2, "certain"),
    ]
    assert found["lines"][1]["edge"]["since"] == "1970-01-04T00:00:00Z"
    assert found["extent"]["complete"] is True


async def test_trace_as_of(operator: Any) -> None:
    """Before the pack was installed there was nothing in the vehicle."""
    _, found, _ = await operator.ask("GET", f"/trace?thing={VIN}&asOf=1970-01-02T00:00:00Z")

    assert [line["thing"] for line in found["lines"]] == [VIN]


async def test_trace_forward_to_a_depth(operator: Any) -> None:
    """What was cut says so."""
    _, found, _ = await operator.ask("GET", f"/trace?thing={LOT}&direction=forward&depth=1")

    assert [line["thing"] for line in found["lines"]] == [LOT, PACK]
    assert (found["extent"]["complete"], found["extent"]["limits"]) == (False, ["depth"])


async def test_recall(operator: Any) -> None:
    """The vehicle, who holds it, and the path that explains it."""
    _, found, _ = await operator.ask("POST", "/trace/recall", {"starts": [{"thing": LOT}]})
    (one,) = found["affected"]

    assert (one["thing"], one["holder"], one["current"], found["notify"]) == (VIN, "88.118.9/DEALER", True, ["88.118.9/DEALER"])
    assert [found["edges"][at]["kind"] for at in one["path"]] == ["T", "A"]


async def test_recall_as_a_file(operator: Any) -> None:
    """One row for each affected thing, and a last one."""
    status, text, headers = await operator.ask("POST", "/trace/recall/export?form=csv", {"starts": [{"thing": LOT}]})
    rows = list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))

    assert (status, headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert [row[0] for row in rows] == ["thing", VIN, "# complete"]


async def test_relation(operator: Any) -> None:
    """Yes on one day, no on another."""
    answers = [
        (await operator.ask("GET", f"/trace/relation?part={LOT}&whole={VIN}&asOf=1970-01-0{day}T00:00:00Z"))[1]["holds"]
        for day in (3, 5)
    ]

    assert answers == [False, True]


async def test_common(operator: Any) -> None:
    """Two things that share an origin."""
    _, found, _ = await operator.ask("POST", "/trace/common", {"failed": [PACK, VIN]})

    assert [(cause["name"], cause["failed"]) for cause in found["causes"]] == [(LOT, 2), ("urn:e:1", 2)]


async def test_one_failure_has_no_common_cause(operator: Any) -> None:
    """Also when it is named twice."""
    status, problem, _ = await operator.ask("POST", "/trace/common", {"failed": [PACK, PACK.lower()]})

    assert (status, problem["pointer"]) == (422, "#/failed")


async def test_siblings_gaps_timeline_quality(operator: Any) -> None:
    """The other questions answer in their own forms."""
    _, siblings, _ = await operator.ask("GET", f"/trace/siblings?thing={PACK}&by=transformation")
    _, gaps, _ = await operator.ask("GET", f"/trace/gaps?thing={VIN}")
    _, timeline, _ = await operator.ask("GET", f"/trace/timeline?thing={VIN}")
    _, quality, _ = await operator.ask("GET", "/trace/quality?prefix=88.118.9")

    assert siblings == {"siblings": [], "complete": True}
    assert [gap["rule"] for gap in gaps["gaps"]] == ["never received", "not registered"]
    assert [line["what"] for line in timeline["happenings"]] == ["ADD (whole)", "OBSERVE"]
    assert (quality["things"], quality["next"]) == (0, None)


async def test_check(operator: Any) -> None:
    """A verdict for each thing, in the order they were asked."""
    _, found, _ = await operator.ask("POST", "/trace/check", {"things": [VIN, LOT], "readPoint": "88.118.9/GATE"})

    assert [(one["thing"], one["verdict"]) for one in found["items"]] == [(VIN, "allow"), (LOT, "stop")]


async def test_nobody_learns_nothing(nobody: Any) -> None:
    """Genealogies are for those who prove who they are."""
    assert (await nobody.ask("GET", f"/trace?thing={LOT}"))[0] == 401


async def test_a_stranger_is_refused(api_of: Callable[..., Any]) -> None:
    """An administrator of another prefix may not ask about this one."""
    stranger = api_of(RoleGrant(Role.ADMINISTRATOR, "88.118.9"))

    assert (await stranger.ask("GET", f"/trace?thing={LOT}"))[0] == 403


async def test_one_step_into_what_others_know(api_of: Callable[..., Any], node: Any) -> None:
    """The maker of the pack sees the vehicle it is in, not what the vehicle became part of; and is told where to ask."""
    fleet = EVENTS[1]._replace(event_id="urn:e:9", parent="88.118.9/FLEET", child_epcs=(VIN,))
    change = lambda txn: take_event(txn, fleet, spelling=Spelling(), holder="88.118.9", recorded_ms=1)  # noqa: E731
    node._store.write(change, actor="test").result(10)
    maker = api_of(RoleGrant(Role.ADMINISTRATOR, "88.118.8"))
    _, found, _ = await maker.ask("POST", "/trace/recall", {"starts": [{"thing": LOT}]})

    assert [(one["thing"], one["holder"]) for one in found["affected"]] == [(VIN, "88.118.9")]
    assert [(stone["thing"], stone["prefix"], stone["step"]) for stone in found["extent"]["tombstones"]] == [
        (VIN, "88.118.9", "authorise")
    ]
    assert found["extent"]["complete"] is False


async def test_no_identifier(operator: Any) -> None:
    """What is none is refused before anybody looks."""
    status, problem, _ = await operator.ask("GET", "/trace?thing=no%20prefix")

    assert (status, problem["code"]) == (422, 102)
