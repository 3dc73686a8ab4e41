"""`GET /api/handles?prefix=`: all identifiers of a prefix, page by page, for whoever may list."""

from __future__ import annotations

import pytest

from idis.proto.value import Value
from idis.registry.record import Record, prepare
from tests.resolver.web.rest_client import basic

ADMIN = basic("301:0.NA/88.118.8", "s3cret")
NAMES = [f"88.118.8/L{number:04}" for number in range(1_200)]


@pytest.fixture
def stocked(secure_node):
    """A node with NAMES beside the usual five records."""
    records = [Record(name, (Value(1, "URL", b"https://example.com"),)) for name in NAMES]
    secure_node._store.write_all([prepare(record, 1_700_000_000) for record in records], actor="test")
    return secure_node


async def ask(rest, query: str):
    """As the administrator."""
    return await rest.ask("GET", f"/api/handles?{query}", Authorization=ADMIN)


async def test_all_identifiers_of_a_prefix_are_listed(rest, stocked):
    """`totalCount` is text, as Handle has it."""
    status, document, headers = await ask(rest, "prefix=88.118.8")

    assert status == 200
    assert (document["responseCode"], document["prefix"], document["totalCount"]) == (1, "88.118.8", "1205")
    assert sorted(name for name in document["handles"] if "/L" in name) == NAMES
    assert len(document["handles"]) == 1_205
    assert headers["Content-Type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize("size", [1_000, 700, 512])
async def test_pages_together_are_the_list(rest, stocked, size):
    """Every identifier once, in one order, whatever the size of the pages."""
    whole = (await ask(rest, "prefix=88.118.8"))[1]["handles"]
    pages = [(await ask(rest, f"prefix=88.118.8&pageSize={size}&page={page}"))[1]["handles"] for page in range(4)]

    assert [name for page in pages for name in page] == whole


async def test_a_page_can_be_had_out_of_turn(rest, stocked):
    """The last page is the same, asked for first or last."""
    first = (await ask(rest, "prefix=88.118.8&pageSize=100&page=11"))[1]["handles"]
    for page in range(11):
        await ask(rest, f"prefix=88.118.8&pageSize=100&page={page}")
    last = (await ask(rest, "prefix=88.118.8&pageSize=100&page=11"))[1]["handles"]

    assert first == last
    assert len(first) == 100


async def test_behind_the_last_page_there_is_nothing(rest, stocked):
    """An empty list, not an error."""
    status, document, _headers = await ask(rest, "prefix=88.118.8&pageSize=1000&page=2")

    assert (status, document["handles"]) == (200, [])


async def test_a_page_of_nothing_counts(rest, stocked):
    """pageSize 0."""
    _status, document, _headers = await ask(rest, "prefix=0.NA/88.118.8&page=0&pageSize=0")

    assert (document["totalCount"], document["handles"]) == ("1205", [])


async def test_deleted_records_are_not_listed(rest, stocked):
    """Nor counted."""
    await rest.ask("DELETE", "/api/handles/88.118.8/L0003", Authorization=ADMIN)
    _status, document, _headers = await ask(rest, "prefix=88.118.8&page=0&pageSize=2000")

    assert document["totalCount"] == "1204"
    assert "88.118.8/L0003" not in document["handles"]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("", 400, 4),
        ("prefix=", 400, 4),
        ("prefix=no%20prefix", 400, 102),
        ("prefix=88.118.8&page=x&pageSize=1", 400, 4),
        ("prefix=88.118.8&page=0&pageSize=10001", 400, 4),
        ("prefix=88.777", 400, 301),
    ],
)
async def test_what_cannot_be_listed_is_refused(rest, query, status, code):
    """The code of the field and a sentence."""
    got, document, _headers = await ask(rest, query)

    assert (got, document["responseCode"]) == (status, code)
    assert document["message"]


async def test_listing_needs_the_right(rest):
    """Nobody in particular is asked for a proof."""
    status, document, _headers = await rest.ask("GET", "/api/handles?prefix=88.118.8")

    assert (status, document["responseCode"]) == (401, 402)
