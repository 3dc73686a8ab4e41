"""The page of an identifier at a running node: who gets it, and what every kind of answer looks like."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from idis.proto.types.site import HTTP, INTERFACE_BOTH, TCP, Interface, Server, Site, encode_site
from idis.proto.value import Value, encode_values
from idis.registry.prefix import PrefixEntry, PrefixState, Privacy
from idis.registry.record import Alias, Record
from idis.resolver.node import Node

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
CHINESE = {"Accept": BROWSER, "Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}
ENGLISH = {"Accept": BROWSER, "Accept-Language": "en-GB"}

PLATE = Record(
    "88.118.8/PLATE.1",
    (
        Value(1000, "TEMPLATE_ID", b"88.118.8/META_ship_plate"),
        Value(2001, "name", "船用钢板".encode()),
        Value(2004, "producer", b"88.118.8/ORG.1"),
        Value(2006, "recallFlag", b"stop"),
        Value(2021, "certificate", b"88.118.8/CERT.1"),
    ),
)
ORGANISATION = Record("88.118.8/ORG.1", (Value(2001, "name", "示例钢厂".encode()), Value(2002, "nameEn", b"Example Steel")))
CERTIFICATE = Record(
    "88.118.8/CERT.1",
    (
        Value(1000, "TEMPLATE_ID", b"88.118.8/META_ship_certificate"),
        Value(2001, "name", "质保书 24H0315".encode()),
        Value(2010, "certificateNo", b"24H0315-32"),
        Value(2014, "validUntil", b"2020-01-01"),
    ),
)
HIDDEN_SECRET = Value(300, "HS_SECKEY", b"s3cret", permissions=0x0C)
HOSTILE = Record("88.118.8/evil", (Value(1, "<b>", b"<script>alert(1)</script>"), Value(2, "blob", b"x" * 1_048_576)))
WITHDRAWN = Record("88.118.8/gone", (Value(1, "IDIS.SUCCESSOR", b'{"kind":"withdrawn","date":"2026-11-26"}'),))


@pytest.fixture
async def node(start_node):
    """A node with a plate, what it refers to, and what a page has to survive."""
    return await start_node(records=(PLATE, ORGANISATION, CERTIFICATE, HOSTILE, WITHDRAWN, *_few()))


def _few() -> tuple[Record, ...]:
    ship = (Value(1, "IDIS.ALIAS", b"imo:IMO9074729"),)
    return (
        Record("88.118.8/SHIP.1", ship, (Alias("imo", "IMO9074729"),)),
        Record("88.118.8/SHIP.2", ship, (Alias("imo", "IMO9074729"),)),
        Record("88.118.8/OID.1", (Value(2002, "nameEn", b"Algorithm"),), (Alias("oid", "1.2.156.10197.1.301"),)),
        Record("88.118.8/A1", (Value(1, "URL", b"https://example.com/p/1"),)),
        Record("88.118.8/hidden", (HIDDEN_SECRET,)),
        Record("88.118.8/船舶/分段 1", (Value(1, "name", "分段".encode()),)),
    )


async def test_a_browser_gets_a_page_in_its_language(browser):
    """Field names of the template in both languages; the language is told in the header."""
    status, chinese, headers = await browser.ask("/88.118.8/PLATE.1", headers=CHINESE)
    _status, english, _headers = await browser.ask("/88.118.8/PLATE.1", headers=ENGLISH)

    assert status == 200
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Content-Language"] == "zh-CN"
    assert headers["Vary"] == "Accept, Accept-Language"
    assert "生产单位" in chinese
    assert "Producer" in english


async def test_what_a_thing_refers_to_is_named_and_its_certificate_shown(browser):
    """Names of other records, and number and validity of the registered certificate."""
    _status, page, _headers = await browser.ask("/88.118.8/PLATE.1", headers=ENGLISH)

    assert '<a href="/88.118.8/ORG.1"><bdi>Example Steel</bdi></a>' in page
    assert "24H0315-32" in page
    assert "Expired on 2020-01-01" in page


async def test_a_recalled_thing_says_so_first(browser):
    """As an alert before the name."""
    _status, page, _headers = await browser.ask("/88.118.8/PLATE.1", headers=CHINESE)

    assert page.index("停止使用") < page.index("<h1>")
    assert "role=alert" in page


@pytest.mark.parametrize(
    "accept",
    ["*/*", "", "application/json", "application/json, text/html;q=0.9", "text/html;q=0, */*", "text/plain", "nonsense"],
)
async def test_a_program_gets_the_way_to_the_json(browser, accept):
    """As before there were pages; what curl sends names no page."""
    status, _text, headers = await browser.ask("/88.118.8/A1?index=1", headers={"Accept": accept})

    assert status == 302
    assert headers["Location"] == "/api/handles/88.118.8/A1?index=1"
    assert headers["Vary"] == "Accept"


async def test_the_json_of_a_page_is_where_it_says(browser):
    """The link at the foot leads to the same record."""
    _status, page, _headers = await browser.ask("/88.118.8/%E8%88%B9%E8%88%B6/%E5%88%86%E6%AE%B5%201", headers=CHINESE)
    path = page.partition('<a href="/api/')[2].partition('"')[0]
    _status, text, _headers = await browser.ask(f"/api/{path}")

    assert json.loads(text)["handle"] == "88.118.8/船舶/分段 1"


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/88.118.8/absent", 404, "Not found"),
        ("/88.118.8/hidden", 200, "Nothing public"),
        ("/88.118.8/gone", 410, "Withdrawn"),
        ("/99.1/x", 404, "Another node answers for this"),
        ("/88..1/x", 400, "Not a valid identifier"),
        ("/88.118.8/%FF", 400, "Not a valid identifier"),
        ("/88.118.8/" + "x" * 3_000, 400, "Not a valid identifier"),
    ],
)
async def test_what_has_no_answer_has_a_page_too(browser, path, status, words):
    """With its status, and what to do."""
    got, page, headers = await browser.ask(path, headers=ENGLISH)

    assert got == status
    assert f"<strong>{words}</strong>" in page
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")


async def test_hidden_is_absent_where_a_prefix_says_so(browser, node):
    """Of a strict prefix the page of what is hidden is that of what is absent, and its owner is not told."""
    _changed(node, privacy=Privacy.STRICT, owner="秘密公司")
    _status, hidden, _headers = await browser.ask("/88.118.8/hidden", headers=CHINESE)
    _status, absent, _headers = await browser.ask("/88.118.8/absent", headers=CHINESE)

    assert hidden.replace("hidden", "absent") == absent
    assert "秘密公司" not in hidden


async def test_hostile_values_are_shown_and_bounded(browser):
    """Markup in types and data is text; a megabyte is cut."""
    _status, page, headers = await browser.ask("/88.118.8/evil", headers=CHINESE)

    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "<b>" not in page
    assert len(page) < 20_000
    assert headers["X-Content-Type-Options"] == "nosniff"


async def test_a_suspended_prefix_says_that_the_product_is_not_to_blame(browser, node):
    """The page tells it apart from a prefix that nobody knows."""
    _changed(node, state=PrefixState.SUSPENDED)
    status, page, _headers = await browser.ask("/88.118.8/A1", headers=ENGLISH)

    assert status == 403
    assert "Prefix out of service" in page


@pytest.mark.parametrize(
    "path",
    [
        "/urn:oid:1.2.156.10197.1.301",
        "/1.2.156.10197.1.301",
        "/oid:1.2.156.10197.1.301",
    ],
)
async def test_a_name_of_another_scheme_shows_the_thing_that_has_it(browser, path):
    """As people write it, with what kind of name it is; nothing is said of a signature, which is about the record's own name."""
    status, page, _headers = await browser.ask(path, headers=ENGLISH)

    assert status == 200
    assert "<h1><bdi>Algorithm</bdi></h1>" in page
    assert "object identifier OID" in page
    assert "Signature" not in page


async def test_several_things_with_one_name_are_a_choice(browser):
    """Each with its page and its owner; nobody chooses for the reader."""
    status, page, _headers = await browser.ask("/imo:IMO9074729", headers=ENGLISH)

    assert status == 300
    assert '<a href="/88.118.8/SHIP.1">' in page
    assert '<a href="/88.118.8/SHIP.2">' in page


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/urn:oid:1.2.156.9.9.9", 404, "Not found"),
        ("/imo:IMO9074728", 400, "Not a valid identifier"),
        ("/did:cn:88.118.8", 200, "<h1>"),
        ("/88.118.8", 200, "Prefix"),
    ],
)
async def test_names_of_other_schemes_have_every_kind_of_page(browser, path, status, words):
    """Unknown, wrong, a twin of a prefix, a prefix."""
    got, page, _headers = await browser.ask(path, headers=ENGLISH)

    assert got == status
    assert words in page


@pytest.mark.parametrize("path", ["/favicon.ico", "/robots.txt", "/apple-touch-icon.png", "/hello", "/.well-known/security.txt"])
async def test_what_is_no_identifier_is_nothing(browser, path):
    """What browsers ask for beside a page is not looked up."""
    assert (await browser.ask(path, headers=CHINESE))[0] == 404


async def test_a_referral_leads_to_the_pages_of_others(browser, node):
    """A node that does not recurse shows where the same identifier has its page."""
    ways = (Interface(INTERFACE_BOTH, TCP, 2641), Interface(INTERFACE_BOTH, HTTP, 8000))
    site = Site(servers=(Server(1, "2001:db8::7", b"", ways),))
    values = encode_values([Value(1, "HS_SITE", encode_site(site))])
    _put(node, PrefixEntry("88.118.8.5", values=values))
    status, page, _headers = await browser.ask("/88.118.8.5/A%201", headers=ENGLISH)

    assert status == 200
    assert '<a href="http://[2001:db8::7]:8000/88.118.8.5/A%201"' in page


def _put(node: Node, entry: PrefixEntry) -> None:
    node._store.write(lambda txn: txn.put_prefix(entry), actor="test").result()


def _changed(node: Node, **changed: object) -> None:
    """Change the prefix of the node."""
    with node._store.read() as txn:
        entry = txn.prefix("88.118.8")
    assert entry is not None
    _put(node, replace(entry, **changed))
