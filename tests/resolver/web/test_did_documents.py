"""`GET /1.0/identifiers/{did}`, against a live node."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest

from idis.proto.value import Value
from idis.registry.record import Record, prepare
from idis.resolver.node import Node


async def asked(node: Node, did: str, accept: str = "*/*") -> tuple[int, str, Any]:
    """Status, media type and document."""
    url = f"http://127.0.0.1:{node.http_port}/1.0/identifiers/{did}"
    async with aiohttp.ClientSession() as session, session.get(url, headers={"Accept": accept}) as answer:
        return answer.status, answer.content_type, json.loads(await answer.text())


def register(node: Node, *values: tuple[str, str]) -> None:
    """A record that is called did:web:maker.example, too."""
    made = [Value(index, name, text.encode()) for index, (name, text) in enumerate(values, 2)]
    record = Record("88.118.8/MAKER", (Value(1, "IDIS.ALIAS", b"did:did:web:maker.example"), *made))
    node._store.write_all([prepare(record, 1_700_000_000)], actor="test")


async def test_a_prefix_is_a_did_of_cn(node: Node) -> None:
    """Its sites are services, its handle another name."""
    status, kind, result = await asked(node, "did:cn:88.118.8")
    document = result["didDocument"]

    assert (status, kind) == (200, "application/did-resolution")
    assert document["id"] == "did:cn:88.118.8"
    assert document["alsoKnownAs"] == ["hdl:88.118.8"]
    assert f"hdl://127.0.0.1:{node.port}" in [service["serviceEndpoint"] for service in document["service"]]
    assert result["didResolutionMetadata"] == {"contentType": "application/did+ld+json"}


async def test_a_record_that_has_the_name_answers_for_it(node: Node) -> None:
    """By its URLs; with the media type of a document the document alone."""
    register(node, ("URL", "https://maker.example/about"))
    status, kind, document = await asked(node, "did:web:maker.example", "application/did+ld+json")

    assert (status, kind) == (200, "application/did+ld+json")
    assert document["service"] == [
        {"id": "did:web:maker.example#value-2", "type": "URL", "serviceEndpoint": "https://maker.example/about"}
    ]


async def test_a_document_that_is_a_value_is_the_answer(node: Node) -> None:
    """As its owner wrote it."""
    own = {"id": "did:web:maker.example", "service": []}
    register(node, ("DID.DOCUMENT", json.dumps(own)))

    assert (await asked(node, "did:web:maker.example"))[2]["didDocument"] == own


async def test_what_was_withdrawn_is_deactivated(node: Node) -> None:
    """And gone."""
    register(node, ("IDIS.SUCCESSOR", '{"kind":"withdrawn","date":"2026-11-26"}'))
    status, _kind, result = await asked(node, "did:web:maker.example")

    assert status == 410
    assert result["didDocumentMetadata"] == {"deactivated": True}


@pytest.mark.parametrize(
    ("did", "status", "error"),
    [
        ("did:web:nobody.example", 404, "notFound"),
        ("did:cn:88.118.99", 404, "notFound"),
        ("did:cn:x", 400, "invalidDid"),
        ("nothing", 400, "invalidDid"),
        ("did:web:%ff", 400, "invalidDid"),
    ],
)
async def test_what_is_no_did_of_ours(node: Node, did: str, status: int, error: str) -> None:
    """With the error of the standard."""
    got, _kind, result = await asked(node, did)

    assert (got, result["didResolutionMetadata"]["error"], result["didDocument"]) == (status, error, None)


async def test_a_did_that_holds_its_document_is_resolved(node: Node) -> None:
    """By itself."""
    did = "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"
    status, _kind, result = await asked(node, did)

    assert (status, result["didDocument"]["id"]) == (200, did)
