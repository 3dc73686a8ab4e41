"""Pages for people: lists, choices, ends, and what went wrong."""

from __future__ import annotations

import json
import re

import jsonschema
import pytest

from idis.proto.value import Value
from idis.registry.record import Record, prepare
from idis.resolver.node import Node
from tests.resolver.web.links.schemas import LINKSET
from tests.resolver.web.links.things import BARE_KEY, GONE_KEY, KEY, MERGED_KEY, PREFIX, Asking, alias, link

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        (f"{KEY}?linkType=linkset", 200, "产品信息：产品信息"),
        (f"{KEY}/21/42?linkType=linkset", 200, "停止使用"),  # the flag of the item
        (f"{KEY}?linkType=gs1:relatedVideo", 300, "请选择"),
        (GONE_KEY, 410, "已撤销"),
        (MERGED_KEY, 410, "(01)06901234567892"),
        (f"{KEY}/foo", 400, "这不是有效的标识"),
        ("/01/06901234567977", 404, "未找到该标识"),
    ],
)
async def test_a_person_gets_a_page_of_the_same_status(ask: Asking, path: str, status: int, words: str):
    """In his language, without anything that acts."""
    answer = await ask(path, BROWSER, "zh-CN")

    assert (answer.status, answer.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert answer.headers["Content-Language"] == "zh-CN"
    assert words in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("languages", ["en", "fr, en;q=0.5"])
async def test_pages_are_english_too(ask: Asking, languages: str):
    """For who would rather read that."""
    answer = await ask(GONE_KEY, BROWSER, languages)

    assert "Withdrawn" in answer.text
    assert "no longer made" in answer.text


async def test_where_nobody_named_a_link_a_person_gets_the_page_of_the_record(ask: Asking):
    """It is one redirect away."""
    sent = await ask(BARE_KEY, BROWSER, "en")
    answer = await ask(sent.location.removeprefix(ask.base), BROWSER, "en")

    assert (sent.status, answer.status) == (307, 200)
    assert "Bare &lt;b&gt;bones&lt;/b&gt;" in answer.text


async def test_nothing_of_a_strangers_acts(resolver: Node, ask: Asking):
    """Neither in the page nor in the data that is in it."""
    evil = "</script><script>alert(1)</script>"
    key = alias(1, "/00/169012340000000020")
    values = (key, Value(2, "name", evil.encode()), link(3, "gs1:pip", "https://x.example/a", evil))
    resolver._store.write_all([prepare(Record(f"{PREFIX}/EVIL", values), 0)], actor="test")
    answer = await ask("/00/169012340000000020?linkType=linkset", BROWSER)

    assert "<script>" not in answer.text
    assert answer.text.count("</script>") == 1


async def test_the_page_holds_the_linkset_as_data(ask: Asking):
    """The same that a program gets, with its context."""
    answer = await ask(f"{KEY}/21/42?linkType=linkset", BROWSER)
    data = re.search(r'<script type="application/ld\+json">(.*?)</script>', answer.text, re.DOTALL)
    document = json.loads(data[1])

    assert document.pop("@context") == "https://ref.gs1.org/standards/resolver/linkset-context"
    assert document == (await ask(f"{KEY}/21/42?linkType=linkset")).json
    jsonschema.validate(document, LINKSET)


async def test_a_choice_leads_where_the_program_would_be_sent(ask: Asking):
    """With the query of the request."""
    answer = await ask(f"{KEY}?linkType=gs1:relatedVideo&17=280131", BROWSER, "en")

    assert 'href="https://maker.example/v1?linkType=gs1:relatedVideo&amp;17=280131"' in answer.text
