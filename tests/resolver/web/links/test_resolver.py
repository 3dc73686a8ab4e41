"""A question from beginning to end: limits, quotas, rights, and what other nodes know."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from idis.registry import tokens
from idis.registry.caller import Action, Role, RoleGrant, tool
from idis.registry.foreign_route import ForeignRoute, RouteTarget, TargetKind
from idis.registry.foreign_routes import put_foreign_route
from idis.registry.readers import ReaderLists, lists_value, mark
from idis.registry.record import Record, prepare
from idis.registry.token import TokenTerms
from idis.resolver.config import GuardSection, RecursionSection, Tier
from idis.resolver.node import Node
from tests.resolver.web.links.things import KEY, PREFIX, RECORDS, Asking, alias, link

NOW = 1_700_000_000
VOC = "https://ref.gs1.org/voc/"


def _route(node: Node, *targets: RouteTarget, enabled: bool = True) -> None:
    route = ForeignRoute("GS1", "690", "690", targets, enabled)
    node._store.write(lambda txn: put_foreign_route(txn, route), actor="test").result()


async def test_an_address_that_asks_too_often_is_told_so(start_node, browser_of):
    """Both before aiohttp and by it."""
    guard = GuardSection(trusted_networks=(), validated_per_s=3, network_per_s=1_000)
    ask = Asking(browser_of(await start_node(records=RECORDS, guard=guard)))
    answers = [await ask(KEY) for _ in range(12)]

    assert [answers[0].status, answers[-1].status] == [307, 503]
    assert answers[-1].headers["Retry-After"] == "1"
    assert answers[-1].headers["Access-Control-Allow-Origin"] == "*"


async def test_a_daily_quota_counts_every_question(resolver: Node, ask: Asking):
    """So nothing of such a prefix is kept."""
    with resolver._store.read() as txn:
        entry = txn.prefix(PREFIX)
    resolver._store.write(lambda txn: txn.put_prefix(replace(entry, daily_quota=3)), actor="test").result()
    answers = [await ask(f"{KEY}/21/none") for _ in range(5)]

    assert [answer.status for answer in answers] == [307, 307, 307, 503, 503]
    assert "used up" in answers[-1].json["detail"]


@pytest.fixture
def authorization(resolver: Node) -> str:
    """Proves the administrator of the prefix."""
    roles = (RoleGrant(Role.ADMINISTRATOR, PREFIX),)
    terms = TokenTerms("test", roles=roles, prefixes=(PREFIX,), actions=frozenset({Action.READ}))
    made = resolver._store.write(lambda txn: tokens.create(txn, tool("test"), terms, int(time.time())), actor="test").result()
    return f"Bearer {made.result[1]}"


async def test_who_may_see_more_is_sent_further(ask: Asking, authorization: str):
    """By values that are not public, and by links that are not; his answers are for no cache."""
    hidden = await ask(f"{KEY}?linkType=gs1:safetyInfo", Authorization=authorization)
    whole = await ask(f"{KEY}?linkType=linkset", Authorization=authorization)

    assert (hidden.status, hidden.location.partition("?")[0]) == (307, "https://maker.example/staff")
    assert f"{VOC}masterData" in whole.json["linkset"][0]
    assert (hidden.headers["Cache-Control"], whole.headers["Cache-Control"]) == ("private, no-store", "private, no-store")
    assert (await ask(f"{KEY}?linkType=gs1:safetyInfo")).status == 404


async def test_a_wrong_proof_is_refused(ask: Asking):
    """Where none was needed, too; pages of others may read that."""
    answer = await ask(KEY, Authorization="Bearer idis_nobody")

    assert answer.status in (401, 403)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


async def test_a_link_under_a_readers_list_is_no_link(resolver: Node, ask: Asking):
    """To whom the list does not name."""
    shown = link(10, "gs1:defaultLink", "https://maker.example/pallet")
    listed = link(11, "gs1:epcis", "https://maker.example/epcis")
    lists = ReaderLists({11: ("300:88.9/App_1",)})
    values = mark((alias(1, "/00/169012340000000020"), shown, listed, lists_value(lists)), lists)
    resolver._store.write_all([prepare(Record(f"{PREFIX}/LISTED", values), NOW)], actor="test")
    whole = await ask("/00/169012340000000020?linkType=linkset")

    assert f"{VOC}defaultLink" in whole.text
    assert "epcis" not in whole.text
    assert (await ask("/00/169012340000000020?linkType=gs1:epcis")).status == 404


async def test_a_node_that_recurses_asks_the_node_of_a_route(start_node, browser_of):
    """What it does not hold itself, by the links of the other node's record."""
    holder = await start_node("holder", records=RECORDS)
    recursion = RecursionSection(enabled=True, roots=(f"127.0.0.1:{holder.port}",))
    node = await start_node("recursive", tier=Tier.RECURSIVE, prefixes=(), recursion=recursion)
    _route(node, RouteTarget(TargetKind.NODE, f"127.0.0.1:{holder.port}"))
    ask = Asking(browser_of(node))
    answer = await ask(f"{KEY}?linkType=gs1:instructions")

    assert (answer.status, answer.location) == (307, "https://maker.example/manual?v=2&linkType=gs1:instructions")
    assert (await ask("/01/06901234567977")).status == 404


@pytest.mark.parametrize(
    "place", [RouteTarget(TargetKind.GS1, "https://id.example"), RouteTarget(TargetKind.HTTPS, "https://x.example/{id}")]
)
async def test_a_disabled_route_says_so(resolver: Node, ask: Asking, place: RouteTarget):
    """It is not the same as nothing."""
    _route(resolver, place, enabled=False)
    answer = await ask("/01/06901234567977")

    assert answer.status == 403
    assert "disabled" in answer.json["detail"]


async def test_a_record_here_goes_before_a_route(resolver: Node, ask: Asking):
    """Even where its company prefix is another resolver's."""
    _route(resolver, RouteTarget(TargetKind.GS1, "https://id.example"))

    assert (await ask(KEY)).location == "https://maker.example/valve"
    assert (await ask("/01/06901234567977?a=1")).location == "https://id.example/01/06901234567977?a=1"


async def test_requests_are_counted(resolver: Node, ask: Asking):
    """As answers over HTTP, with the codes of the field; before aiohttp and by it."""
    for path in (KEY, KEY, f"{KEY}/foo", f"{KEY}/foo", "/01/06901234567977"):
        await ask(path)
        await ask(path, X_Other="1")
    counted = {code: count for (transport, code), count in resolver.metrics.answered.items() if transport == "http" and count}

    assert counted == {1: 4, 100: 2, 102: 4}
