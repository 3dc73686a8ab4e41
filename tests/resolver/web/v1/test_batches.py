from __future__ import annotations

from typing import Any

import pytest


def url(text: str) -> dict[str, object]:
    """A value."""
    return {"index": 1, "type": "URL", "data": {"format": "string", "value": text}}


def create(name: str, text: str = "x") -> dict[str, object]:
    """An item that registers a record."""
    return {"verb": "create", "identifier": f"88.118.8/{name}", "values": [url(text)]}


async def test_every_item_has_its_result(operator: Any, nobody: Any) -> None:
    """What is refused harms none of its neighbours; the call itself succeeds."""
    items = [create("B1"), create("A1"), {"verb": "delete", "identifier": "88.118.8/none"}, create("B2")]
    status, done, _ = await operator.ask("POST", "/batch", {"items": items})

    assert status == 200
    assert [(result["identifier"], result["code"]) for result in done["results"]] == [
        ("88.118.8/B1", 1),
        ("88.118.8/A1", 101),
        ("88.118.8/none", 100),
        ("88.118.8/B2", 1),
    ]
    assert (await nobody.ask("GET", "/records/88.118.8/B2"))[0] == 200


async def test_values_are_added_modified_and_removed(operator: Any) -> None:
    """The other verbs, in their order."""
    items = [
        {"verb": "add", "identifier": "88.118.8/A1", "values": [{**url("y"), "index": 7}]},
        {"verb": "modify", "identifier": "88.118.8/A1", "values": [url("z")]},
        {"verb": "remove", "identifier": "88.118.8/A1", "indexes": [2]},
        {"verb": "replace", "identifier": "88.118.8/secret", "values": [url("s")]},
    ]
    _, done, _ = await operator.ask("POST", "/batch", {"items": items})
    _, shown, _ = await operator.ask("GET", "/records/88.118.8/A1")

    assert [result["code"] for result in done["results"]] == [1, 1, 1, 1]
    assert [(value["index"], value["data"]["value"]) for value in shown["values"]] == [(1, "z"), (7, "y")]


async def test_a_batch_that_is_sent_again_is_answered_as_the_first_time(operator: Any) -> None:
    """With the same key nothing is done again, and the answer says so."""
    body = {"items": [create("B1"), {"verb": "delete", "identifier": "88.118.8/A1"}]}
    first = await operator.ask("POST", "/batch", body, Idempotency_Key="b1")
    again = await operator.ask("POST", "/batch", body, Idempotency_Key="b1")

    assert (first[1]["repeated"], again[1]["repeated"]) == (False, True)
    assert again[1]["results"] == first[1]["results"]


@pytest.mark.parametrize(
    "item",
    [
        {**create("B1"), "values": [{**url("?"), "data": {"format": "base64", "value": "?"}}]},
        {**create("B1"), "indexes": [1]},
        {"verb": "delete", "identifier": "88.118.8/A1", "values": [url("x")]},
        {"verb": "remove", "identifier": "88.118.8/A1", "values": [url("x")]},
    ],
)
async def test_an_item_that_cannot_be_used_is_refused_alone(operator: Any, item: dict[str, object]) -> None:
    """Its neighbours are done, in their places."""
    _, done, _ = await operator.ask("POST", "/batch", {"items": [create("B1"), item, create("B2")]})

    assert [result["code"] for result in done["results"]] == [1, 202, 1]


async def test_a_batch_has_2000_items_at_most(operator: Any) -> None:
    """One more is refused as a whole, and says where."""
    items = [create(f"C{number}") for number in range(2_001)]
    status, problem, _ = await operator.ask("POST", "/batch", {"items": items})
    assert (status, problem["pointer"]) == (400, "#/items")

    status, done, _ = await operator.ask("POST", "/batch", {"items": items[:2_000]})
    assert (status, {result["code"] for result in done["results"]}) == (200, {1})


async def test_a_batch_needs_a_proof(nobody: Any) -> None:
    """Nobody in particular registers nothing."""
    assert (await nobody.ask("POST", "/batch", {"items": [create("B1")]}))[0] == 401
