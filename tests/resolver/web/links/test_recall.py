"""A thing with a recall flag: a person sees the flag before he is sent on, a program is sent on."""

from __future__ import annotations

import pytest

from idis.proto.value import Value
from idis.registry.foreign_route import ForeignRoute, RouteTarget, TargetKind
from idis.registry.foreign_routes import put_foreign_route
from idis.registry.record import Record, prepare
from idis.resolver.config import LinksSection, RecursionSection, Tier
from idis.resolver.node import Node
from tests.resolver.web.links.things import HELD_KEY, ITEM, KEY, PREFIX, VALVE, Asking, link

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
RECALLED = f"{KEY}/21/42"


async def test_a_person_sees_the_flag_before_the_page_of_the_owner(ask: Asking):
    """Before everything else, with what is known of the thing and the way on."""
    answer = await ask(f"{RECALLED}?v=1", BROWSER, "zh-CN")

    assert (answer.status, answer.location) == (200, "")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.text.index("停止使用") < answer.text.index("<h1>")
    assert "球阀 42" in answer.text
    assert 'class=onward><a href="https://maker.example/valve?v=1"' in answer.text
    assert answer.headers["Cache-Control"] == "public, max-age=5"


async def test_what_the_owner_says_of_the_recall_stands_in_the_notice(resolver: Node, ask: Asking):
    """Before the way on, in capitals as every link; the thing's own key is not told as another name of it."""
    said = link(30, "gs1:recallStatus", "https://maker.example/recall", "Notice 7")
    resolver._store.write_all([prepare(Record(ITEM.identifier, (*ITEM.values, said)), 0)], actor="test")
    answer = await ask(RECALLED, BROWSER, "en")
    notice = answer.text.partition("role=alert")[2].partition("</div>")[0]

    assert notice.index("Recall status: Notice 7") < notice.index("class=onward")
    assert "Other identifiers of the same thing" not in answer.text


async def test_the_page_tells_programs_of_the_linkset(ask: Asking):
    """As the redirect does."""
    answer = await ask(RECALLED, BROWSER)

    assert answer.links["linkset"] == f"{ask.base}{RECALLED}?linkType=linkset"


async def test_head_says_what_get_says(ask: Asking):
    """Status and fields."""
    head, get = [await ask(RECALLED, BROWSER, "en", method=method) for method in ("HEAD", "GET")]

    assert (head.status, head.text) == (200, "")
    assert {**head.headers, "Date": ""} == {**get.headers, "Date": ""}


@pytest.mark.parametrize("accept", [None, "*/*", "image/png", "text/html;q=0.5, application/pdf", "nonsense"])
async def test_a_program_is_sent_on(ask: Asking, accept: str | None):
    """Whoever does not name a page, or would rather have something else."""
    answer = await ask(RECALLED, accept)

    assert (answer.status, answer.location) == (307, "https://maker.example/valve")


async def test_who_names_a_type_of_link_is_sent_there(ask: Asking):
    """A browser, too: an app or a page led here on purpose."""
    answer = await ask(f"{RECALLED}?linkType=gs1:pip", BROWSER)

    assert (answer.status, answer.location.partition("?")[0]) == (307, "https://maker.example/42")


async def test_a_thing_without_a_flag_leads_a_person_on(ask: Asking):
    """The product of the recalled item is well."""
    answer = await ask(KEY, BROWSER)

    assert (answer.status, answer.location) == (307, "https://maker.example/valve")


async def test_the_flag_of_a_lot_holds_for_its_items(ask: Asking):
    """The page is that of the item, and says what bears the flag; this node's own page is no way on."""
    answer = await ask(f"{HELD_KEY}/10/L9/21/1", BROWSER, "en")

    assert answer.status == 200
    assert "Check before use" in answer.text
    assert "The flag is that of <bdi>(01)06901234567984(10)L9</bdi>" in answer.text
    assert "Item 1" in answer.text
    assert "class=onward" not in answer.text


async def test_a_thing_of_another_node_is_told_of_too(start_node, browser_of):
    """By its key alone where no handle of it is known here."""
    holder = await start_node("holder", records=(ITEM,))
    recursion = RecursionSection(enabled=True, roots=(f"127.0.0.1:{holder.port}",))
    node = await start_node("recursive", tier=Tier.RECURSIVE, prefixes=(), recursion=recursion)
    route = ForeignRoute("GS1", "690", "690", (RouteTarget(TargetKind.NODE, f"127.0.0.1:{holder.port}"),))
    node._store.write(lambda txn: put_foreign_route(txn, route), actor="test").result()
    answer = await Asking(browser_of(node))(RECALLED, BROWSER, "zh")

    assert (answer.status, "停止使用" in answer.text) == (200, True)
    assert "球阀 42" in answer.text
    assert "0.ANY" not in answer.text


async def test_the_way_on_never_acts(resolver: Node, ask: Asking):
    """A target is an address of the web or no link."""
    values = (*ITEM.values, Value(30, "IDIS.LINK", b'{"linkType":"gs1:defaultLink","href":"https://user@x.example/","title":"t"}'))
    resolver._store.write_all([prepare(Record(f"{PREFIX}/VALVE-42", values), 0)], actor="test")
    answer = await ask(RECALLED, BROWSER)

    assert "停止使用" in answer.text
    assert 'href="https://user@x.example' not in answer.text


async def test_a_flag_set_later_holds_at_once(resolver: Node, ask: Asking):
    """Although the redirect was kept ready for this browser."""
    before = [(await ask(KEY, BROWSER)).status for _ in range(3)]
    flagged = Record(VALVE.identifier, (*VALVE.values, Value(3, "recallFlag", b"stop")))
    resolver._store.write_all([prepare(flagged, 0)], actor="test")
    after = await ask(KEY, BROWSER, "en")

    assert (before, after.status) == ([307] * 3, 200)
    assert "Stop: do not use" in after.text


async def test_an_operator_may_send_everybody_on(start_node, browser_of):
    """As the letter of the standard has it."""
    ask = Asking(browser_of(await start_node(records=(VALVE, ITEM), links=LinksSection(recall_page=False))))

    assert (await ask(RECALLED, BROWSER)).location == "https://maker.example/valve"
