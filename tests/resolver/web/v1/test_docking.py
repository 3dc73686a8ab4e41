"""Docking over /api/v1: the check before assembly, and what was built."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from idis.proto.value import Value
from idis.registry.caller import Role, RoleGrant
from idis.registry.record import Record, prepare
from idis.registry.trace.expanding import Direction
from idis.registry.trace.tracing import trace
from idis.resolver.admin.elsewhere import Elsewhere

WHOLE, PACK, HELD = "88.118.8/VIN.1", "88.118.8/PACK.1", "88.118.8/PACK.2"
BODY = {"whole": WHOLE, "parts": [PACK], "order": "O-1", "wanted": ["PACK-96S"]}
BUILT = {**BODY, "at": "2026-03-02T09:30:00+08:00", "station": "ST-180"}


def _record(identifier: str, code: str, **fields: str) -> Record:
    template = f"88.118.8/META_automotive_{code}".encode()
    values = [Value(1000, "TEMPLATE_ID", template), Value(2000, "objectType", code.encode())]
    values += [Value(2010 + at, name, text.encode()) for at, (name, text) in enumerate(fields.items())]
    return Record(identifier, tuple(values))


@pytest.fixture(autouse=True)
def records(node: Any) -> None:
    """A vehicle, a pack that fits, and one on hold."""
    made = (
        _record(WHOLE, "vehicle", orderNo="O-1", model="E5"),
        _record(PACK, "battery", modelId="PACK-96S", productType="P"),
        _record(HELD, "battery", modelId="PACK-96S", productType="P", status="on_hold"),
    )
    node._store.write_all([prepare(record, 1) for record in made], actor="test")


async def test_a_match(operator: Any) -> None:
    """Both matches, and the verdict."""
    status, found, _ = await operator.ask("POST", "/docking/check", BODY)
    (one,) = found["items"]

    assert (status, found["verdict"], found["whole"]) == (200, "allow", WHOLE)
    assert (one["part"], one["orderMatch"], one["productMatch"], one["doubts"]) == (PACK, "yes", "yes", [])


async def test_the_gravest_verdict_counts(operator: Any) -> None:
    """One bad part stops the whole call, and says why."""
    _, found, _ = await operator.ask("POST", "/docking/check", {**BODY, "parts": [PACK, HELD]})

    assert (found["verdict"], [item["verdict"] for item in found["items"]]) == ("stop", ["allow", "stop"])
    assert found["items"][1]["doubts"][0] == {"about": "product", "match": "no", "text": f"the status of {HELD} is on_hold"}


async def test_a_label_without_record_is_held(operator: Any) -> None:
    """An unknown part and a URI of another kind are not known, so they are held."""
    _, found, _ = await operator.ask("POST", "/docking/check", {**BODY, "parts": ["88.118.8/NONE", "urn:epc:id:sgtin:1.2.3"]})

    assert [item["verdict"] for item in found["items"]] == ["hold", "hold"]


async def test_a_part_of_another_enterprise_is_asked_for(operator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own node says what everybody may see of it."""
    asked: list[str] = []

    async def values(_elsewhere: Elsewhere, identifier: str, *_types: str) -> tuple[Value, ...]:
        asked.append(identifier)
        return _record(identifier, "battery", modelId="PACK-96S", productType="P").values

    monkeypatch.setattr(Elsewhere, "values", values)
    _, found, _ = await operator.ask("POST", "/docking/check", {**BODY, "parts": ["88.200.6/PACK.9"]})

    assert (asked, found["verdict"]) == (["88.200.6/PACK.9"], "allow")


async def test_a_check_writes_nothing(operator: Any, node: Any) -> None:
    """It is a question."""
    await operator.ask("POST", "/docking/check", BODY)
    with node._store.read() as txn:
        lines = trace(txn, PACK, Direction.FORWARD).lines

    assert [line.thing for line in lines] == [PACK]


async def test_as_built_opens_an_edge(operator: Any, node: Any) -> None:
    """From then on the part is traced to the vehicle."""
    status, found, _ = await operator.ask("POST", "/docking/as-built", BUILT)
    with node._store.read() as txn:
        lines = trace(txn, PACK, Direction.FORWARD).lines

    assert (status, found["items"][0]["eventID"][:17]) == (200, "ni:///sha-256;" + found["items"][0]["eventID"][14:17])
    assert [line.thing for line in lines] == [PACK, WHOLE]


async def test_as_built_twice_is_once(operator: Any) -> None:
    """The second time it is there already."""
    await operator.ask("POST", "/docking/as-built", BUILT)
    _, found, _ = await operator.ask("POST", "/docking/as-built", BUILT)

    assert (found["items"][0]["joined"], found["items"][0]["eventID"]) == (True, None)


async def test_what_does_not_match_is_not_built(operator: Any, node: Any) -> None:
    """Red opens no edge."""
    _, found, _ = await operator.ask("POST", "/docking/as-built", {**BUILT, "parts": [HELD]})
    with node._store.read() as txn:
        lines = trace(txn, HELD, Direction.FORWARD).lines

    assert (found["verdict"], found["items"][0]["eventID"]) == ("stop", None)
    assert [line.thing for line in lines] == [HELD]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [({"at": "2026-03-02T09:30:00"}, "#/at"), ({"at": "2999-03-02T09:30:00Z"}, "#/at"), ({"parts": [WHOLE.lower()]}, "#/parts")],
)
async def test_what_cannot_have_been(operator: Any, change: dict[str, object], pointer: str) -> None:
    """A time without offset, one to come, and a thing in itself."""
    status, problem, _ = await operator.ask("POST", "/docking/as-built", {**BUILT, **change})

    assert (status, problem["pointer"]) == (422, pointer)


async def test_only_who_administers_the_product_may_ask(api_of: Callable[..., Any]) -> None:
    """A role below another prefix is not enough."""
    other = api_of(RoleGrant(Role.ADMINISTRATOR, "88.118.9"))
    statuses = [(await other.ask("POST", f"/docking/{path}", body))[0] for path, body in (("check", BODY), ("as-built", BUILT))]

    assert statuses == [403, 403]
