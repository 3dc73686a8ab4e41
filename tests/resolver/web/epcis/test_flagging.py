"""Flags of records follow the events of a running node."""

from __future__ import annotations

from typing import Any

from tests.registry.trace.sample_events import OBJECT
from tests.waiting import until

PLATE = "88.118.8/big"
RECALL = OBJECT | {"eventID": "urn:e:1", "epcList": [f"hdl:{PLATE}"], "disposition": "recalled", "bizStep": "inspecting"}

async def flag_of(client: Any, wanted: list[str]) -> list[str]:
    """What the record of the plate says of itself, once it says what is wanted; what it says at last."""
    found: list[str] = []

    async def look() -> bool:
        _, record, _ = await client.ask("GET", client.base.replace("/epcis/v2", f"/api/handles/{PLATE}"))
        found[:] = [value["data"]["value"] for value in record.get("values", ()) if value["type"] == "recallFlag"]
        return found == wanted

    await until(look)
    return found


async def test_a_recall_and_its_correction(operator: Any) -> None:
    """An event stops the item in its own record; the declaration that it was wrong lets it go."""
    assert (await operator.ask("POST", "/events", RECALL))[0] == 201
    stopped = await flag_of(operator, ["stop"])
    wrong = RECALL | {"errorDeclaration": {"declarationTime": "2026-03-04T00:00:00Z", "reason": "did_not_occur"}}
    assert (await operator.ask("POST", "/events", wrong))[0] == 201

    assert (stopped, await flag_of(operator, ["none"])) == (["stop"], ["none"])
