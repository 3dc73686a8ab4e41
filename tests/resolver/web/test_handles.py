"""`GET /api/handles`: the REST form of a resolution, against a live node."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess

import pytest

from idis.resolver.config import GuardSection

URL_VALUE = {
    "index": 1,
    "type": "URL",
    "data": {"format": "string", "value": "https://example.com/p/1"},
    "ttl": 86_400,
    "timestamp": "2023-11-14T22:13:20Z",
}
EMAIL_VALUE = {
    "index": 2,
    "type": "EMAIL",
    "data": {"format": "string", "value": "a@example.com"},
    "ttl": 86_400,
    "timestamp": "2023-11-14T22:13:20Z",
}


async def test_a_record_is_shown_in_the_form_of_the_field(browser):
    """Response code, handle as asked, values; permissions and references only when unusual."""
    status, text, headers = await browser.ask("/api/handles/88.118.8/A1")

    assert status == 200
    assert json.loads(text) == {"responseCode": 1, "handle": "88.118.8/A1", "values": [URL_VALUE, EMAIL_VALUE]}
    assert headers["Content-Type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    ("path", "spelling"),
    [
        ("/api/handles/88.118.8/%E8%88%B9%E8%88%B6/%E5%88%86%E6%AE%B5%201", "88.118.8/船舶/分段 1"),
        ("/api/handles/88.118.8%2F%E8%88%B9%E8%88%B6%2f%E5%88%86%E6%AE%B5%201", "88.118.8/船舶/分段 1"),
        ("/api/handles/88.118.8/a1", "88.118.8/a1"),
    ],
    ids=["Chinese and further slashes", "slashes encoded", "folded"],
)
async def test_identifiers_are_decoded_once(browser, path, spelling):
    """Percent-encoding is undone; the spelling asked for is echoed."""
    status, text, _headers = await browser.ask(path)

    assert status == 200
    assert json.loads(text)["handle"] == spelling


@pytest.mark.parametrize(
    ("path", "spelling"),
    [
        ("/api/handles/88.118.8/a%252Fb", "88.118.8/a%2Fb"),
        ("/api/handles/88.118.8/a+b", "88.118.8/a+b"),
        ("/api/handles/88.118.8//x", "88.118.8//x"),
    ],
)
async def test_nothing_is_decoded_twice(browser, path, spelling):
    """An encoded percent sign stays one; a plus is a plus; a double slash is part of the name."""
    status, text, _headers = await browser.ask(path)

    assert status == 404
    assert json.loads(text) == {"responseCode": 100, "handle": spelling, "message": "this identifier does not exist"}


@pytest.mark.parametrize(
    ("query", "indexes"),
    [
        ("index=1", [1]),
        ("index=1&index=2", [1, 2]),
        ("type=URL", [1]),
        ("type=url&index=2", [1, 2]),
        ("type=E", []),
        ("index=99", []),
    ],
)
async def test_filters_are_a_union(browser, query, indexes):
    """Repeated indexes and types all count; nothing that matches is 200 with an empty list."""
    status, text, _headers = await browser.ask(f"/api/handles/88.118.8/A1?{query}")

    assert status == 200
    assert [value["index"] for value in json.loads(text)["values"]] == indexes
    assert json.loads(text)["responseCode"] == (1 if indexes else 200)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/handles/88.118.8/absent", 404, 100),
        ("/api/handles/88.118.8/hidden", 200, 200),
        ("/api/handles/99.1/x", 400, 301),
        ("/api/handles/88..1/x", 400, 102),
        ("/api/handles/", 400, 102),
        ("/api/handles/88.118.8/%FF", 400, 4),
        ("/api/handles/88.118.8/A1?index=zero", 400, 4),
        ("/api/handles/88.118.8/A1?index=0", 400, 4),
        ("/api/handles/88.118.8/A1?pretty=perhaps", 400, 4),
        ("/api/handles/88.118.8/secret?publicOnly=false", 403, 402),
        ("/api/handles/88.118.8/A1?cert", 501, 5),
        ("/api/handles", 400, 4),
        ("/api/handles?prefix=88.118.8", 403, 402),
        ("/api/prefixes", 403, 402),
        ("/api/sessions/this", 403, 402),
        ("/api/nothing", 404, 2),
        ("/api/", 404, 2),
    ],
)
async def test_every_refusal_is_json_with_its_code_and_a_sentence(browser, path, status, code):
    """The status follows the table of `wire.md` §15; 402 is 403, because plain HTTP may not ask for credentials."""
    got, text, _headers = await browser.ask(path)
    document = json.loads(text)

    assert (got, document["responseCode"]) == (status, code)
    assert document.get("message") or document["values"] == []


@pytest.mark.parametrize("query", ["publicOnly", "publicOnly=true", ""])
async def test_hidden_values_stay_hidden(browser, query):
    """Anonymous readers see public values; a parameter without value is true."""
    status, text, _headers = await browser.ask(f"/api/handles/88.118.8/secret?{query}")

    assert status == 200
    assert [value["index"] for value in json.loads(text)["values"]] == [1]


async def test_pretty_is_for_people(browser):
    """The same document, indented."""
    _status, plain, _headers = await browser.ask("/api/handles/88.118.8/A1")
    _status, pretty, _headers = await browser.ask("/api/handles/88.118.8/A1?pretty")

    assert json.loads(plain) == json.loads(pretty)
    assert "\n  " in pretty


async def test_jsonp_is_a_call_of_the_named_function(browser):
    """The media type is a script's, sniffing is switched off, a comment stands in front."""
    _status, text, headers = await browser.ask("/api/handles/88.118.8/A1?callback=idis.shown")

    assert text.startswith("/**/idis.shown({")
    assert text.endswith(");")
    assert json.loads(text[len("/**/idis.shown(") : -2])["responseCode"] == 1
    assert headers["Content-Type"] == "application/javascript; charset=utf-8"
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("callback", ["alert(1)", "a;b", "a.", ".a", "1a", "a%20b", "%E8%88%B9", "a" * 200])
async def test_a_callback_is_a_plain_name(browser, callback):
    """Nothing else can be made to run."""
    status, text, headers = await browser.ask(f"/api/handles/88.118.8/A1?callback={callback}")

    assert status == 400
    assert headers["Content-Type"].startswith("application/json")
    assert json.loads(text)["responseCode"] == 4


async def test_a_prefix_shows_its_site(browser, node):
    """HS_SITE as JSON, with the ports in use."""
    _status, text, _headers = await browser.ask("/api/handles/88.118.8?type=HS_SITE")
    (value,) = json.loads(text)["values"]

    interfaces = value["data"]["value"]["servers"][0]["interfaces"]
    assert value["data"]["format"] == "site"
    ports = {way["protocol"]: way["port"] for way in interfaces}
    assert ports == {"TCP": node.port, "UDP": node.port, "HTTP": node.http_port}


async def test_the_own_site_is_public(browser, node):
    """GET /api/site."""
    status, text, _headers = await browser.ask("/api/site")

    assert status == 200
    assert json.loads(text)["site"]["servers"][0]["interfaces"][0]["port"] == node.port


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_other_methods_are_405_with_what_is_allowed(browser, method):
    """JSON, and the Allow header."""
    status, text, headers = await browser.ask("/api/handles/88.118.8/A1", method)

    assert status == 405
    assert headers["Allow"] == "DELETE, GET, HEAD, OPTIONS, PUT"
    assert json.loads(text)["responseCode"] == 5


async def test_head_is_get_without_its_body(browser):
    """The same headers."""
    status, text, headers = await browser.ask("/api/handles/88.118.8/A1", "HEAD")

    assert (status, text) == (200, "")
    assert int(headers["Content-Length"]) > 100


async def test_pages_of_any_origin_may_read(browser):
    """CORS: the origin is echoed, credentials are not allowed; also on refusals."""
    for path in ("/api/handles/88.118.8/A1", "/api/handles/88.118.8/absent", "/api/nothing"):
        _status, _text, headers = await browser.ask(path, headers={"Origin": "https://example.org"})

        assert headers["Access-Control-Allow-Origin"] == "https://example.org"
        assert headers["Vary"] == "Origin"
        assert "Access-Control-Allow-Credentials" not in headers


async def test_a_preflight_is_answered(browser):
    """OPTIONS: methods, headers and a day's validity."""
    status, _text, headers = await browser.ask("/api/handles/88.118.8/A1", "OPTIONS", headers={"Origin": "https://example.org"})

    assert status == 204
    assert headers["Access-Control-Allow-Methods"] == "GET,POST,HEAD,PUT,DELETE"
    assert headers["Access-Control-Allow-Headers"] == "X-Requested-With,Authorization,Origin,Accept,Content-Type"
    assert headers["Access-Control-Max-Age"] == "86400"


async def test_a_busy_address_is_told_when_to_come_back(start_node, browser_of):
    """503 with Retry-After where the binary protocol says code 3."""
    running = await start_node(guard=GuardSection(trusted_networks=(), validated_per_s=1, network_per_s=1_000))
    browser = browser_of(running)
    answers = [await browser.ask("/api/handles/88.118.8/A1") for _ in range(3)]

    assert [status for status, _text, _headers in answers] == [200, 200, 503]
    assert answers[2][2]["Retry-After"] == "1"


async def test_pyhandle_reads_a_record(node):
    """The field's Python client, unchanged."""
    from pyhandle.handleclient import PyHandleClient

    client = PyHandleClient("rest").instantiate_for_read_access(handle_server_url=f"http://127.0.0.1:{node.http_port}")
    record = await asyncio.to_thread(client.retrieve_handle_record, "88.118.8/A1")

    assert record == {"URL": "https://example.com/p/1", "EMAIL": "a@example.com"}


async def test_curl_reads_a_record(node):
    """A shell needs no client of ours."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    url = f"http://127.0.0.1:{node.http_port}/api/handles/88.118.8/A1?type=URL"
    done = await asyncio.to_thread(subprocess.run, ["curl", "-s", "--max-time", "5", url], capture_output=True, check=True)

    assert json.loads(done.stdout)["values"] == [URL_VALUE]
