"""Templates over /api/v1: derived by an enterprise, and rows checked after one and after its base."""

from __future__ import annotations

import json
from typing import Any

import pytest

from idis.registry.caller import Role, RoleGrant
from idis.registry.pilots.derivation import derivation_of, derived_record
from idis.registry.pilots.table import PILOTS
from idis.registry.pilots.template import template_record
from idis.registry.pilots.template_life import in_state
from idis.registry.record import prepare

YARD = "88.118.8"
DERIVED = f"/templates/check/{YARD}/META_ship_plate-offshore"
ROW = {
    "name": "板", "producer": YARD, "visibility": "public", "plateNo": "1", "heatNo": "24H", "steelGrade": "AH36",
    "thickness": "18", "width": "2650", "length": "8700", "supplier": YARD, "certificate": f"{YARD}/C", "coating": "120",
}  # fmt: skip
DESCRIBED = {
    "baseOn": "META_ship_plate",
    "name": "offshore",
    "chineseName": "海工钢板",
    "fields": [{"englishName": "coating", "chineseName": "涂层厚度", "type": "N", "range": "(0,500]"}],
    "narrowed": [{"englishName": "thickness", "range": "[10,120]"}],
}
OFFSHORE = derived_record(derivation_of(json.dumps(DESCRIBED).encode(), YARD))


def _body(**cells: str) -> dict[str, object]:
    return {"identifier": f"{YARD}/P1", "cells": [{"field": name, "text": text} for name, text in (ROW | cells).items()]}


@pytest.fixture(autouse=True)
def templates(node: Any) -> None:
    """The base and what was derived from it."""
    base = template_record(PILOTS["ship"], PILOTS["ship"].objects["plate"], YARD)
    node._store.write_all([prepare(record, 1) for record in (base, OFFSHORE)], actor="test")


async def test_the_findings_name_the_fields(operator: Any) -> None:
    """One narrowed, one of the enterprise's own."""
    status, found, _ = await operator.ask("POST", DERIVED, _body(thickness="9", coating="501"))

    assert (status, found["valid"], found["values"]) == (200, False, [])
    assert [(one["field"], one["rule"]) for one in found["findings"]] == [("thickness", "minimum"), ("coating", "maximum")]


async def test_what_is_valid_can_be_registered(operator: Any) -> None:
    """The values are sent to PUT /records as they came, and name the derived template."""
    _, found, _ = await operator.ask("POST", DERIVED, _body())
    status, _, _ = await operator.ask(
        "PUT", f"/records/{YARD}/P1", {"values": found["values"], "aliases": found["aliases"]}
    )
    _, read, _ = await operator.ask("GET", f"/records/{YARD}/P1")
    texts = {value["index"]: value["data"]["value"] for value in read["values"]}

    assert (found["valid"], status) == (True, 201)
    assert (texts[1000], texts[2000], texts[3000]) == (f"{YARD}/META_ship_plate-offshore", "plate", "120")


async def test_the_base_knows_no_field_of_it(operator: Any) -> None:
    """Its own template does."""
    _, found, _ = await operator.ask("POST", f"/templates/check/{YARD}/META_ship_plate", _body(thickness="9"))

    assert [(one["field"], one["rule"]) for one in found["findings"]] == [("coating", "unknown-column")]


@pytest.mark.parametrize("name", ["META_ship_plate-other", "META_ship_heat", "META_ship_", "A1"])
async def test_what_is_no_template_here(operator: Any, name: str) -> None:
    """Not registered, or something else."""
    assert (await operator.ask("POST", f"/templates/check/{YARD}/{name}", _body()))[0] == 404


async def test_a_withdrawn_one_takes_no_rows(operator: Any, node: Any) -> None:
    """No further record is made after it."""
    withdrawn = in_state(OFFSHORE.identifier, OFFSHORE.values, "withdrawn")
    node._store.write_all([prepare(withdrawn, 1)], actor="test")
    status, found, _ = await operator.ask("POST", DERIVED, _body())

    assert status == 422
    assert "is withdrawn" in found["detail"]


async def test_a_field_stands_once(operator: Any) -> None:
    """The refusal points at the second."""
    body = {"identifier": f"{YARD}/P1", "cells": [{"field": "name", "text": "a"}, {"field": "name", "text": "b"}]}
    status, found, _ = await operator.ask("POST", DERIVED, body)

    assert (status, found["pointer"]) == (422, "#/cells/1/field")


async def test_a_template_is_derived(operator: Any, node: Any) -> None:
    """It is the record that 'idis pilot derive' writes; again it is unchanged, changed the next version; each is audited."""
    tough = {"englishName": "impact", "chineseName": "冲击等级", "type": "E", "codes": ["F40", "F60"], "required": True}
    first = DESCRIBED | {"name": "tough", "fields": [tough]}
    made = [
        await operator.ask("POST", f"/templates/derive/{YARD}", body)
        for body in (first, first, first | {"fields": [], "narrowed": [{"englishName": "thickness", "range": "[20,120]"}]})
    ]
    status, shown, _ = await operator.ask("GET", f"/records/{YARD}/META_ship_plate-tough")
    with node._store.read() as txn:
        audited = [line for _, line in txn.audits(None, 50) if b"derive template" in line]

    assert [(status, told["version"], told["changed"], told["disabled"]) for status, told, _ in made] == [
        (201, 1, True, []),
        (200, 1, False, []),
        (200, 2, True, ["impact"]),
    ]
    assert made[0][1]["fields"] == [{"itemIndex": 3000, "englishName": "impact"}]
    assert status == 200
    assert f"{YARD}/META_ship_plate" in [value["data"].get("value") for value in shown["values"] if value["index"] == 1018]
    assert len(audited) == 2


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"narrowed": [{"englishName": "thickness", "range": "[0,9]"}]}, "is wider than the base's"),
        ({"baseOn": "META_ship_heat", "narrowed": []}, "not registered, and a template is derived from a published one"),
        ({"fields": [], "narrowed": []}, "nothing differs from the base"),
    ],
)
async def test_what_cannot_be_derived(operator: Any, change: dict[str, object], sentence: str) -> None:
    """The sentences are those of the command."""
    status, told, _ = await operator.ask("POST", f"/templates/derive/{YARD}", DESCRIBED | change)

    assert status == 422
    assert sentence in told["detail"]


async def test_who_may_derive(api_of: Any) -> None:
    """Whoever may register records below the prefix, and nobody else."""
    grants = (RoleGrant(Role.AUDITOR), RoleGrant(Role.APPLICATION, "88.119"), RoleGrant(Role.APPLICATION, YARD))
    askers = [api_of(grant) for grant in grants]
    body = DESCRIBED | {"name": "other"}

    assert [(await one.ask("POST", f"/templates/derive/{YARD}", body))[0] for one in askers] == [403, 403, 201]
