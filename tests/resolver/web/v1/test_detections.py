from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from idis.proto.detect import detect
from idis.proto.value import Value
from idis.registry.record import MARK_LISTED, Alias, Record, prepare
from idis.resolver.cli.detect import reading_document
from idis.resolver.node import Node
from idis.resolver.web.v1.detections import reading_model
from idis.resolver.web.v1.showing import show


async def told(api: Any, text: str) -> Any:
    """What the node says about one text."""
    status, shown, _ = await api.ask("GET", f"/detect?text={quote(text, safe='')}")
    assert status == 200, shown
    return shown


async def test_a_text_of_ours_is_answered_here(nobody: Any) -> None:
    """No proof is needed, and the nearest prefix is named."""
    shown = await told(nobody, "88.118.8/A1")

    assert shown["readings"][0]["canonical"] == "88.118.8/A1"
    assert shown["where"] == {
        "prefix": "88.118.8",
        "state": "active",
        "here": True,
        "servers": [],
        "records": [],
        "route": None,
    }
    assert (shown["input"], shown["trouble"]) == ("88.118.8/A1", "")


async def test_a_twin_is_asked_where_the_number_is_not_known(nobody: Any) -> None:
    """The VAA number without its leading zeros is the prefix of this node."""
    shown = await told(nobody, "VAA08811800000008/A1")

    assert shown["readings"][0]["scheme"] == "vaa"
    assert shown["where"]["prefix"] == "88.118.8"


async def test_a_link_to_this_node_carries_an_identifier(nobody: Any) -> None:
    """By its address."""
    shown = await told(nobody, "http://127.0.0.1:8000/88.118.8/A1")

    assert shown["readings"][0]["scheme"] == "idis"


async def test_a_foreign_identifier_is_nowhere(nobody: Any) -> None:
    """Recognised, and null for where."""
    shown = await told(nobody, "IMO9074729")

    assert shown["readings"][0]["route"] == {"type": "alias", "key": "imo:IMO9074729"}
    assert shown["where"] is None


async def test_what_is_nothing_is_a_success_with_a_sentence(nobody: Any) -> None:
    """Empty texts and control characters, too."""
    assert (await told(nobody, "hello"))["trouble"]
    assert (await told(nobody, ""))["trouble"] == "the text is empty"
    assert (await told(nobody, "a\x00b"))["trouble"] == "the text holds the control character U+0000"


async def test_separators_of_a_scan_come_through(nobody: Any) -> None:
    """As the octet itself."""
    shown = await told(nobody, "]d2010690123456789210LOT7\x1d21S9")

    assert shown["readings"][0]["canonical"] == "https://id.gs1.org/01/06901234567892/21/S9"


async def test_many_texts_keep_their_order(nobody: Any) -> None:
    """And never fail as a whole."""
    texts = ["88.118.8/A1", "", "IMO9074728", "11010519491231002X"]
    status, shown, _ = await nobody.ask("POST", "/detect", {"texts": texts})

    assert status == 200
    assert [result["input"] for result in shown["results"]] == ["88.118.8/A1", "", "IMO9074728", ""]
    assert [[reading["scheme"] for reading in result["readings"]] for result in shown["results"]] == [
        ["idis"],
        [],
        ["imo"],
        ["personal"],
    ]
    assert "1949" not in json.dumps(shown)


async def test_long_batches_are_read_beside_the_loop(nobody: Any) -> None:
    """With the same result."""
    _, shown, _ = await nobody.ask("POST", "/detect", {"texts": ["88.118.8/A1"] * 200})

    assert {result["where"]["prefix"] for result in shown["results"]} == {"88.118.8"}
    assert len(shown["results"]) == 200


async def test_too_many_texts_are_refused(nobody: Any) -> None:
    """A batch has a limit."""
    assert (await nobody.ask("POST", "/detect", {"texts": ["x"] * 1_001}))[0] == 400


def test_the_command_shows_the_same_members() -> None:
    """`idis detect --json` and this operation."""
    (reading, _) = detect("6901234567892", year=2026)

    assert show(reading_model(reading)) == reading_document(reading)


async def test_half_a_character_is_no_text(nobody: Any) -> None:
    """A lone surrogate is refused with the body it is in, as everywhere in /api/v1."""
    status, shown, _ = await nobody.ask("POST", "/detect", raw=b'{"texts": ["88.1/\\ud800"]}')

    assert (status, "surrogate" in shown["detail"]) == (400, True)


def has_number(node: Node, identifier: str, number: str, permissions: int = 14) -> None:
    """A record with a local number."""
    values = (Value(1, "URL", b"https://a", permissions=permissions),)
    record = Record(identifier, values, (Alias("plateNo", f"88.118.8|{number}"),))
    node._store.write_all([prepare(record, 1_700_000_000)], actor="test")


async def test_a_local_number_is_told_where_a_node_is_asked(node: Node, nobody: Any) -> None:
    """With the record that has it."""
    has_number(node, "88.118.8/P1", "24H-07")
    shown = await told(nobody, "24H-07")

    assert [reading["scheme"] for reading in shown["readings"]] == ["plateNo"]
    assert shown["readings"][0]["why"] == "rule 16: a record of this node has it as its plateNo within 88.118.8"
    assert shown["where"]["records"] == ["88.118.8/P1"]


async def test_a_local_number_is_before_what_is_only_possible(node: Node, nobody: Any) -> None:
    """And behind what is sure: a seven-digit number may be a ship, `IMO` says that it is one."""
    before = (await told(nobody, "9074729"))["readings"]
    has_number(node, "88.118.8/P1", "9074729")
    has_number(node, "88.118.8/P2", "IMO9074729")

    assert before[0]["confidence"] == "possible"
    assert (await told(nobody, "9074729"))["readings"][1:] == before
    assert (await told(nobody, "IMO9074729"))["readings"][0]["scheme"] == "imo"


@pytest.mark.parametrize("permissions", [12, 14 | MARK_LISTED])
async def test_a_local_number_of_a_hidden_record_is_not_told(node: Node, nobody: Any, permissions: int) -> None:
    """Whoever counts numbers up does not learn which records there are that show nothing."""
    has_number(node, "88.118.8/P1", "24H-07", permissions)
    _, resolved, _ = await nobody.ask("GET", "/resolve?text=24H-07")

    assert (await told(nobody, "24H-07"))["readings"] == []
    assert (resolved["code"], resolved["holders"]) == ((await nobody.ask("GET", "/resolve?text=24H-08"))[1]["code"], [])


async def test_a_local_number_is_resolved(node: Node, nobody: Any) -> None:
    """One record is the answer; of several whoever asks chooses."""
    has_number(node, "88.118.8/P1", "24H-07")
    _, shown, _ = await nobody.ask("GET", "/resolve?text=24H-07")
    assert (shown["code"], shown["identifier"], shown["reading"]["scheme"]) == (1, "88.118.8/P1", "plateNo")

    has_number(node, "88.118.8/P2", "24H-07")
    _, shown, _ = await nobody.ask("GET", "/resolve?text=24H-07")
    assert [holder["identifier"] for holder in shown["holders"]] == ["88.118.8/P1", "88.118.8/P2"]
    assert [value["type"] for value in shown["values"]] == ["IDIS.HOLDER", "IDIS.HOLDER"]
