"""Routes, resolutions and names over `/api/v1`."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from idis.proto.value import Value
from idis.registry.caller import Role, RoleGrant
from idis.registry.record import Record, prepare
from idis.resolver.node import Node

ITEM = "gs1:https://id.gs1.org/01/06901234567892/21/42"
OID = {"targets": ["https://oid.example/{path}", "https://other.example/{path}"], "answer": "redirect", "note": "national"}


def register(node: Node, identifier: str, *values: tuple[str, str]) -> None:
    """A record of the node's."""
    made = tuple(Value(index, name, text.encode()) for index, (name, text) in enumerate(values, 1))
    node._store.write_all([prepare(Record(identifier, made), 1_700_000_000)], actor="test")


async def resolved(api: Any, text: str, more: str = "") -> Any:
    """What a text comes to."""
    status, shown, _ = await api.ask("GET", f"/resolve?text={quote(text, safe='')}{more}")
    assert status == 200, shown
    return shown


async def test_a_route_is_kept_listed_switched_and_removed(operator: Any) -> None:
    """By its type and prefix, in any spelling."""
    status, made, _ = await operator.ask("PUT", "/routes/oid/1.2.156", OID)
    assert status == 200
    assert (made["type"], made["start"], made["end"], made["enabled"]) == ("OID", "1.2.156", None, True)
    _, page, _ = await operator.ask("GET", "/routes")
    assert page == {"items": [made], "next": None}
    _, detail, _ = await operator.ask("GET", "/routes/OID/urn:oid:1.2.156")
    assert detail["route"] == made
    assert [item["well"] for item in detail["health"]] == [True, True]

    _, off, _ = await operator.ask("PATCH", "/routes/OID/1.2.156", {"enabled": False})
    assert off["enabled"] is False
    told = await resolved(operator, "urn:oid:1.2.156.7")
    assert (told["code"], told["message"]) == (301, "the route OID 1.2.156 is disabled")
    status, done, _ = await operator.ask("DELETE", "/routes/OID/1.2.156")
    assert (status, done) == (200, {"changed": True})
    assert (await operator.ask("DELETE", "/routes/OID/1.2.156"))[0] == 404


async def test_a_range_is_named_by_both_its_ends(operator: Any) -> None:
    """And never overlaps another one."""
    body = {"targets": ["gs1:https://resolver.example"]}
    assert (await operator.ask("PUT", "/routes/GS1/6901?end=6905", body))[0] == 200
    status, problem, _ = await operator.ask("PUT", "/routes/GS1/690400?end=690500", body)

    assert status == 422
    assert problem["detail"] == "the range 690400 to 690500 overlaps 6901 to 6905"
    assert (await operator.ask("GET", "/routes/GS1/6901?end=6905"))[1]["route"]["end"] == "6905"


async def test_a_path_is_a_prefix_of_links(operator: Any) -> None:
    """With its slashes."""
    status, made, _ = await operator.ask("PUT", "/routes/URL/maker.example/p/q", {"targets": ["web:"]})

    assert (status, made["start"]) == (200, "maker.example/p/q")


async def test_what_is_no_route_is_pointed_at(operator: Any) -> None:
    """The targets; what else is wrong has a sentence."""
    status, problem, _ = await operator.ask("PUT", "/routes/OID/1.2", {"targets": ["ftp:x"]})
    assert (status, problem["pointer"]) == (422, "#/targets")
    assert (await operator.ask("PUT", "/routes/OID/3.2", {"targets": ["https://x/"]}))[0] == 422
    assert (await operator.ask("PUT", "/routes/nothing/3.2", {"targets": ["https://x/"]}))[0] == 422


async def test_routes_are_the_operators(nobody: Any, api_of: Any) -> None:
    """Auditors see them; of a prefix nobody does."""
    auditor, administrator = api_of(RoleGrant(Role.AUDITOR)), api_of(RoleGrant(Role.ADMINISTRATOR, "88.118.8"))

    assert (await nobody.ask("GET", "/routes"))[0] in (401, 403)
    assert (await auditor.ask("GET", "/routes"))[0] == 200
    assert (await auditor.ask("PUT", "/routes/OID/1.2", OID))[0] == 403
    assert (await administrator.ask("GET", "/routes"))[0] == 403
    assert (await administrator.ask("PUT", "/routes/OID/1.2", OID))[0] == 403
    assert (await auditor.ask("POST", "/routes/test", {"text": "urn:oid:1.2.3"}))[0] == 403


async def test_each_act_is_in_the_trail(operator: Any) -> None:
    """With what was there before."""
    await operator.ask("PUT", "/routes/OID/1.2.156", OID)
    await operator.ask("PATCH", "/routes/OID/1.2.156", {"enabled": False})
    _, page, _ = await operator.ask("GET", "/audit?subject=OID%201.2.156")
    lines = page["items"]

    assert [line["act"] for line in lines] == ["put route", "put route"]
    assert {line["after"]["enabled"] for line in lines} == {True, False}


async def test_a_name_is_resolved_with_what_led_there(node: Node, nobody: Any) -> None:
    """The reading, the record, its values."""
    register(node, "88.118.8/A", ("URL", "https://a"), ("IDIS.ALIAS", ITEM))
    told = await resolved(nobody, "(01)06901234567892(21)42")

    assert (told["code"], told["identifier"], told["reading"]["scheme"], told["source"]) == (1, "88.118.8/A", "gs1", "authority")
    assert [(value["type"], value["data"]["value"]) for value in told["values"]] == [("URL", "https://a"), ("IDIS.ALIAS", ITEM)]
    assert told["holders"] == [{"identifier": "88.118.8/A", "owner": "enterprise-118-8", "level": 0}]


async def test_a_handle_is_resolved_too(node: Node, nobody: Any) -> None:
    """Also one that nobody registered."""
    register(node, "88.118.8/A", ("URL", "https://a"))

    assert (await resolved(nobody, "88.118.8/A"))["identifier"] == "88.118.8/A"
    absent = await resolved(nobody, "88.118.8/none")
    assert (absent["code"], absent["values"]) == (100, [])
    assert absent["message"]


async def test_texts_with_blanks_and_separators_are_resolved(node: Node, nobody: Any) -> None:
    """As they come from a scanner or a page."""
    register(node, "88.118.8/A", ("IDIS.ALIAS", "imo:IMO9074729"), ("IDIS.ALIAS", ITEM))

    assert (await resolved(nobody, "IMO 9074729"))["identifier"] == "88.118.8/A"
    assert (await resolved(nobody, "]d2\x1d010690123456789221" + "42"))["code"] in (1, 102)
    assert (await resolved(nobody, "]d20106901234567892\x1d2142"))["identifier"] == "88.118.8/A"


async def test_an_identifier_that_ended_is_told_and_followed(node: Node, nobody: Any) -> None:
    """On request; a circle ends."""
    end = {"kind": "superseded", "successors": ["88.118.8/B"], "date": "2026-11-26"}
    register(node, "88.118.8/A", ("URL", "https://a"), ("IDIS.SUCCESSOR", json.dumps(end)))
    register(node, "88.118.8/B", ("URL", "https://b"))
    told, followed = await resolved(nobody, "88.118.8/A"), await resolved(nobody, "88.118.8/A", "&follow=true")

    assert told["identifier"] == "88.118.8/A"
    assert told["succession"] == [{"identifier": "88.118.8/A", **end, "note": ""}]
    assert (followed["identifier"], followed["succession"], followed["ended"]) == ("88.118.8/B", told["succession"], "")
    register(node, "88.118.8/B", ("IDIS.SUCCESSOR", json.dumps({**end, "successors": ["88.118.8/A"]})))
    assert (await resolved(nobody, "88.118.8/A", "&follow=true"))["ended"] == "88.118.8/A leads back to itself"


async def test_names_both_ways(node: Node, nobody: Any, operator: Any) -> None:
    """Of a record, and of a name; what a template names is for those who may see all of the record."""
    register(node, "88.118.8/A", ("URL", "https://a"), ("IDIS.ALIAS", ITEM))
    name = {"scheme": "gs1", "name": ITEM.removeprefix("gs1:")}

    assert (await nobody.ask("GET", "/aliases/88.118.8/A"))[1] == {"identifier": "88.118.8/A", "names": [name]}
    assert (await operator.ask("GET", "/aliases/88.118.8/A"))[1]["names"] == [name]
    _, held, _ = await nobody.ask("GET", f"/aliases?text={quote('(01)06901234567892(21)42', safe='')}")
    assert held["holders"] == [{"identifier": "88.118.8/A", "owner": "enterprise-118-8", "level": 0}]
    assert (await nobody.ask("GET", "/aliases/88.118.8/none"))[0] == 404


async def test_where_a_text_would_be_asked(node: Node, nobody: Any, operator: Any) -> None:
    """A record that has it, or the route that holds it."""
    register(node, "88.118.8/A", ("IDIS.ALIAS", ITEM))
    await operator.ask("PUT", "/routes/OID/1.2.156", OID)
    _, item, _ = await nobody.ask("GET", f"/detect?text={quote('(01)06901234567892(21)42', safe='')}")
    _, arc, _ = await nobody.ask("GET", "/detect?text=urn:oid:1.2.156.7")

    assert item["where"]["records"] == ["88.118.8/A"]
    assert item["where"]["here"] is True
    assert arc["where"]["route"]["targets"] == OID["targets"]
    assert arc["where"]["here"] is False


async def test_the_number_of_a_person_is_not_repeated(nobody: Any) -> None:
    """Nowhere in the answer."""
    told = await resolved(nobody, "11010519491231002X")

    assert "1949" not in json.dumps(told)
    assert (await resolved(nobody, "no such thing"))["text"] == "no such thing"


async def test_a_route_is_tried(operator: Any) -> None:
    """What each provider says now; of a text that no route holds, nothing."""
    await operator.ask("PUT", "/routes/OID/1.2.156", {"targets": ["https://127.0.0.1:1/{path}"]})
    _, tried, _ = await operator.ask("POST", "/routes/test", {"text": "urn:oid:1.2.156.7"})
    _, none, _ = await operator.ask("POST", "/routes/test", {"text": "urn:oid:2.5.4"})

    assert tried["results"][0]["trouble"].endswith("127.0.0.1 is no address outside this network")
    assert (none["route"], none["results"]) == (None, [])
