"""`PUT` and `DELETE /api/handles`: registering, changing and deleting over HTTPS, and what is refused."""

from __future__ import annotations

import asyncio

import pytest

from idis.resolver.config import LimitsSection
from tests.resolver.web.rest_client import basic
from tests.waiting import WAIT_S_MAX

ADMIN = basic("301:0.NA/88.118.8", "s3cret")
URL = {"index": 1, "type": "URL", "data": {"format": "string", "value": "https://example.com/1"}}
EMAIL = {"index": 2, "type": "EMAIL", "data": "a@example.com"}


async def put(rest, path: str, body: object, **headers: str):
    """As the administrator."""
    return await rest.ask("PUT", f"/api/handles/{path}", body, Authorization=ADMIN, **headers)


async def values_of(rest, identifier: str) -> dict[int, object]:
    """What everybody sees, by index."""
    _status, document, _headers = await rest.ask("GET", f"/api/handles/{identifier}")
    return {value["index"]: value["data"]["value"] for value in document["values"]}


@pytest.mark.parametrize(
    "body",
    [[URL, EMAIL], {"values": [URL, EMAIL]}, {"handle": "88.118.8/N1", "values": [URL, EMAIL]}],
    ids=["list", "values", "record"],
)
async def test_a_new_record_is_created(rest, body):
    """201 and the identifier, whichever way the values are wrapped."""
    status, document, _headers = await put(rest, "88.118.8/N1", body)

    assert (status, document) == (201, {"responseCode": 1, "handle": "88.118.8/N1"})
    assert await values_of(rest, "88.118.8/N1") == {1: "https://example.com/1", 2: "a@example.com"}


async def test_a_single_value_is_a_record(rest):
    """One value needs no list around it."""
    status, _document, _headers = await put(rest, "88.118.8/N1", URL)

    assert status == 201
    assert await values_of(rest, "88.118.8/N1") == {1: "https://example.com/1"}


async def test_an_existing_record_is_replaced(rest):
    """`overwrite` is true unless it says otherwise; 200 tells that something was there."""
    status, document, _headers = await put(rest, "88.118.8/A1", [EMAIL])

    assert (status, document["responseCode"]) == (200, 1)
    assert await values_of(rest, "88.118.8/A1") == {2: "a@example.com"}


async def test_without_overwrite_an_existing_record_stays(rest):
    """409 with code 101."""
    status, document, _headers = await put(rest, "88.118.8/A1?overwrite=false", [EMAIL])

    assert (status, document["responseCode"]) == (409, 101)
    assert await values_of(rest, "88.118.8/A1") == {1: "https://example.com/p/1", 2: "a@example.com"}


async def test_a_suffix_is_minted(rest):
    """A UUID behind what was given; the answer says which."""
    status, document, _headers = await put(rest, "88.118.8/part-?mintNewSuffix=true&overwrite=false", [URL])
    suffix = document["handle"].removeprefix("88.118.8/part-")

    assert status == 201
    assert [len(part) for part in suffix.split("-")] == [8, 4, 4, 4, 12]
    assert await values_of(rest, document["handle"]) == {1: "https://example.com/1"}


@pytest.mark.parametrize("query", ["index=various", "index=1&index=3", "index=3&index=1"])
async def test_values_are_added_and_changed(rest, query):
    """What is not named stays."""
    changed = [{**URL, "data": "https://example.com/new"}, {"index": 3, "type": "name", "data": "分段"}]
    status, _document, _headers = await put(rest, f"88.118.8/A1?{query}", changed)

    assert status == 200
    assert await values_of(rest, "88.118.8/A1") == {1: "https://example.com/new", 2: "a@example.com", 3: "分段"}


async def test_values_are_only_added_without_overwrite(rest):
    """201 at a free index, 409 with code 201 at one that is taken."""
    added = await put(rest, "88.118.8/A1?index=3&overwrite=false", {**URL, "index": 3})
    taken = await put(rest, "88.118.8/A1?index=1&overwrite=false", URL)

    assert (added[0], added[1]["responseCode"]) == (201, 1)
    assert (taken[0], taken[1]["responseCode"]) == (409, 201)


async def test_indexes_of_address_and_body_must_agree(rest):
    """Otherwise one of the two is a mistake."""
    status, document, _headers = await put(rest, "88.118.8/A1?index=1&index=2", [URL])

    assert (status, document["responseCode"]) == (400, 4)
    assert "(1, 2)" in document["message"]


async def test_values_are_removed_by_index(rest):
    """DELETE with index removes values, the record stays."""
    status, document, _headers = await rest.ask("DELETE", "/api/handles/88.118.8/A1?index=2", Authorization=ADMIN)

    assert (status, document) == (200, {"responseCode": 1, "handle": "88.118.8/A1"})
    assert await values_of(rest, "88.118.8/A1") == {1: "https://example.com/p/1"}


async def test_a_record_is_deleted(rest):
    """Afterwards it is not found, and deleting it again says so."""
    first = await rest.ask("DELETE", "/api/handles/88.118.8/A1", Authorization=ADMIN)
    gone = await rest.ask("GET", "/api/handles/88.118.8/A1")
    again = await rest.ask("DELETE", "/api/handles/88.118.8/A1", Authorization=ADMIN)

    assert first[0] == 200
    assert (gone[0], gone[1]["responseCode"]) == (404, 100)
    assert (again[0], again[1]["responseCode"]) == (404, 100)


async def test_all_four_permission_bits_count(rest):
    """A value without admin-read and public-read is stored so, and hidden (`wire.md` W16)."""
    await put(rest, "88.118.8/N1", [URL, {**EMAIL, "permissions": "0100"}])

    assert await values_of(rest, "88.118.8/N1") == {1: "https://example.com/1"}


async def test_a_time_is_a_ttl(rest):
    """An ISO time is an absolute TTL, and comes back as one."""
    await put(rest, "88.118.8/N1", {**URL, "ttl": "2033-05-18T03:33:20Z"})
    _status, document, _headers = await rest.ask("GET", "/api/handles/88.118.8/N1")

    assert document["values"][0]["ttl"] == "2033-05-18T03:33:20Z"


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        ("plain", {"format": "string", "value": "plain"}),
        ({"format": "base64", "value": "AAEC"}, {"format": "base64", "value": "AAEC"}),
        ({"format": "hex", "value": "c3a9"}, {"format": "string", "value": "é"}),
    ],
)
async def test_data_comes_in_every_format(rest, data, shown):
    """A bare string, base64 and hexadecimal digits."""
    await put(rest, "88.118.8/N1", {"index": 1, "type": "note", "data": data})
    _status, document, _headers = await rest.ask("GET", "/api/handles/88.118.8/N1")

    assert document["values"][0]["data"] == shown


async def test_structured_data_is_read(rest):
    """HS_ADMIN as an object of handle, index and rights."""
    admin = {"format": "admin", "value": {"handle": "0.NA/88.118.8", "index": 300, "permissions": "011111110011"}}
    await put(rest, "88.118.8/N1", [URL, {"index": 100, "type": "HS_ADMIN", "data": admin}])
    _status, document, _headers = await rest.ask("GET", "/api/handles/88.118.8/N1?index=100")

    assert document["values"][0]["data"] == admin


@pytest.mark.parametrize(
    ("body", "code", "sentence"),
    [
        (b"", 202, "the body is empty"),
        (b"{", 202, "the body is not JSON"),
        (b"\xff", 202, "not UTF-8"),
        (b"7", 202, "'values'"),
        (b"[7]", 202, "place 1"),
        (b'[{"index":0,"type":"URL","data":"x"}]', 202, "index must be"),
        (b'[{"index":1,"data":"x"}]', 202, "value 1: type"),
        (b'[{"index":1,"type":"URL"}]', 202, "value 1: data is missing"),
        (b'[{"index":1,"type":"URL","data":"x","permissions":"111"}]', 202, "four binary digits"),
        (b'[{"index":1,"type":"URL","data":"x","ttl":"soon"}]', 202, "ttl must be"),
        (b'[{"index":1,"type":"HS_ADMIN","data":{"format":"admin","value":{}}}]', 202, "value 1"),
        (b'[{"index":1,"type":"URL","data":"x"},{"index":1,"type":"URL","data":"y"}]', 202, "index"),
        (b"[" * 100_000, 202, "nested"),
    ],
    ids=["empty", "broken", "octets", "number", "item", "index", "type", "data", "permissions", "ttl", "admin", "twice", "deep"],
)
async def test_a_bad_body_is_told_in_one_sentence(rest, body, code, sentence):
    """400, the code of an invalid value, and what is wrong with which value."""
    status, document, _headers = await rest.ask("PUT", "/api/handles/88.118.8/N1", raw=body, Authorization=ADMIN)

    assert (status, document["responseCode"]) == (400, code)
    assert sentence in document["message"]


async def test_other_media_types_are_415(rest):
    """The body must be JSON, and say so."""
    status, document, _headers = await put(rest, "88.118.8/N1", [URL], Content_Type="text/plain")

    assert status == 415
    assert document["message"]


async def test_a_body_over_a_megabyte_is_413(rest):
    """It is refused before it is read whole."""
    status, document, _headers = await rest.ask(
        "PUT", "/api/handles/88.118.8/N1", raw=b"[" + b" " * 1_048_576 + b"]", Authorization=ADMIN
    )

    assert status == 413
    assert "1048576" in document["message"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("88.999/X", 400, 301),
        ("88.118.8", 400, 202),
        ("no%20prefix/x", 400, 102),
        ("88.118.8/N1?overwrite=perhaps", 400, 4),
        ("88.118.8/N1?index=zero", 400, 4),
    ],
)
async def test_what_cannot_be_registered_here_is_refused(rest, path, status, code):
    """Not homed, not a record, no identifier, no parameter: the documented code, and a sentence."""
    got, document, _headers = await put(rest, path, [URL])

    assert (got, document["responseCode"]) == (status, code)
    assert document["message"]


async def test_removing_what_is_not_there_is_done(rest):
    """A client that lost the answer may ask again."""
    status, document, _headers = await rest.ask("DELETE", "/api/handles/88.118.8/A1?index=99", Authorization=ADMIN)

    assert (status, document["responseCode"]) == (200, 1)


async def test_a_slow_body_ends_at_its_deadline(start_node):
    """A body that does not come is answered with 408, not waited for."""
    node = await start_node(limits=LimitsSection(body_ms=100))
    reader, writer = await asyncio.open_connection("127.0.0.1", node.http_port)
    head = b"PUT /api/handles/88.118.8/N1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n["
    writer.write(head)
    answer = await asyncio.wait_for(reader.read(12), WAIT_S_MAX)

    assert answer == b"HTTP/1.1 408"
    writer.close()
