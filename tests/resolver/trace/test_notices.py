"""Whoever holds what is affected is told, by name or behind a contact handle, and says that he has heard."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

from idis.proto.notice import NoticeKind, NoticeReceipt, NoticeState, NoticeTelling, Severity
from idis.registry.registration.checks import Refusal
from idis.registry.trace import notices as kept_notices
from idis.resolver.trace import notices
from tests.resolver.trace.conftest import BLOCK, HEAT, MILL, OWNER, SHIP, WORKS, YARD, Chain
from tests.waiting import until

TEXT = "裂纹风险: stop and check"


async def sent(chain: Chain, prefix: str, to: str, *things: str, **body: Any) -> Any:
    """Send a notice in the name of an enterprise."""
    return await chain.at(prefix, "POST", "/notices", to=[{"to": to, "things": things}], text=TEXT, sender=prefix, **body)


async def once(chain: Chain, prefix: str, notice: Any, held: Callable[[Any], bool]) -> Any:
    """A notice, once something holds of it."""

    async def look() -> Any:
        found = await chain.at(prefix, "GET", f"/notices/{notice['id']}")
        return held(found) and found

    found = await until(look)
    assert found
    return found


async def received(chain: Chain, prefix: str) -> Any:
    """The first notice that came to an enterprise."""

    async def look() -> Any:
        return (await chain.at(prefix, "GET", "/notices"))["notices"]

    return (await until(look))[0]


async def test_a_holder_is_told(chain: Chain) -> None:
    """The works tells the yard: it is there with its text and the thing, and the works knows that it arrived."""
    made = await sent(chain, WORKS, YARD, SHIP, severity="critical", about=[BLOCK])
    came = await received(chain, YARD)
    there = await once(chain, WORKS, made, lambda found: found["reached"] == 1)

    assert (came["sender"], came["text"], came["severity"], came["about"]) == (WORKS, TEXT, "critical", [BLOCK])
    assert (came["to"][0]["things"], came["to"][0]["count"]) == ([SHIP], 1)
    assert (there["told"], there["reached"], there["acknowledged"], there["to"][0]["state"]) == (1, 1, 0, "received")


async def test_an_acknowledgement_comes_back(chain: Chain) -> None:
    """With its words, and later states after it."""
    made = await sent(chain, WORKS, YARD, SHIP)
    came = await received(chain, YARD)
    await chain.at(YARD, "POST", f"/notices/{came['id']}/acknowledge", words="收到")
    seen = await once(chain, WORKS, made, lambda found: found["acknowledged"] == 1)
    await chain.at(YARD, "POST", f"/notices/{came['id']}/acknowledge", state="accepted")
    accepted = await once(chain, WORKS, made, lambda found: found["to"][0]["state"] == "accepted")

    assert (seen["to"][0]["state"], seen["to"][0]["words"]) == ("acknowledged", "收到")
    assert accepted["to"][0]["words"] == "收到"


async def test_a_state_never_goes_back(chain: Chain) -> None:
    """What was accepted is not merely seen."""
    await sent(chain, WORKS, YARD, SHIP)
    came = await received(chain, YARD)
    await chain.at(YARD, "POST", f"/notices/{came['id']}/acknowledge", state="closed")

    assert (await chain.at(YARD, "POST", f"/notices/{came['id']}/acknowledge"))["status"] == 409


async def test_whoever_is_hidden_is_told_too(chain: Chain) -> None:
    """The mill knows a contact handle of the yard: the works hands the notice on, the yard finds its ship in it."""
    found = (await chain.recall(MILL, HEAT))["recall"]
    (one,) = found["affected"]
    made = await sent(chain, MILL, one["holder"], one["thing"], about=[HEAT])
    came = await received(chain, YARD)
    await chain.at(YARD, "POST", f"/notices/{came['id']}/acknowledge", words="checked")
    seen = await once(chain, MILL, made, lambda found: found["acknowledged"] == 1)

    assert (came["sender"], came["to"][0]["things"], came["about"]) == (WORKS, [SHIP], [])
    assert (one["holder"][0], seen["reached"], YARD in str(seen)) == ("~", 2, False)


async def test_who_hands_on_sees_both_ends(chain: Chain) -> None:
    """The works has the mill's notice, and the one by which it was handed on."""
    one = (await chain.recall(MILL, HEAT))["recall"]["affected"][0]
    await sent(chain, MILL, one["holder"], one["thing"])
    came = await received(chain, WORKS)
    (onward,) = came["onward"]
    handed = await once(chain, WORKS, {"id": onward}, lambda found: found["reached"] == 1)

    assert (came["sender"], handed["to"][0]["to"].rpartition("@")[2], handed["relates"]) == (MILL, YARD, came["id"])


async def test_a_notice_is_handed_on_by_hand(chain: Chain) -> None:
    """The chain of acknowledgements counts: the works tells its customer, the mill sees one more."""
    made = await sent(chain, MILL, WORKS, BLOCK)
    came = await received(chain, WORKS)
    await sent(chain, WORKS, YARD, SHIP, relates=came["id"])
    further = await received(chain, YARD)
    await chain.at(YARD, "POST", f"/notices/{further['id']}/acknowledge")
    seen = await once(chain, MILL, made, lambda found: found["acknowledged"] == 1)

    assert (seen["told"], seen["reached"], seen["to"][0]["reached"]) == (1, 2, 1)


async def test_a_node_that_is_down_is_told_later(chain: Chain) -> None:
    """It waits, with what went wrong."""
    await chain.nodes[YARD].stop()
    made = await sent(chain, WORKS, YARD, SHIP)
    waiting = await once(chain, WORKS, made, lambda found: found["to"][0]["tries"] == 1)

    assert (waiting["reached"], waiting["to"][0]["state"]) == (0, "created")
    assert "does not answer" in waiting["to"][0]["error"]


async def test_an_unknown_contact_is_undelivered(chain: Chain) -> None:
    """It was of before a restart: no further attempt helps."""
    made = await sent(chain, MILL, f"~00@{WORKS}")
    over = await once(chain, MILL, made, lambda found: found["to"][0]["state"] != "created")

    assert over["to"][0]["state"] == "undelivered"
    assert "ask the question again" in over["to"][0]["error"]


async def test_a_notice_in_another_name_is_not_believed(chain: Chain) -> None:
    """Nobody answers for it where it comes from."""
    told = NoticeTelling(bytes(16), OWNER, YARD, NoticeKind.RECALL, Severity.MAJOR, 1, TEXT, (), 0)
    refusal = await chain.nodes[YARD]._office.desk.tracing.take_notice(told, "192.0.2.1")  # type: ignore[union-attr]

    assert isinstance(refusal, Refusal)
    assert (await chain.at(YARD, "GET", "/notices"))["notices"] == []


async def test_a_notice_that_comes_again_is_the_same(chain: Chain) -> None:
    """An answer was lost: it is told once more, and there is one."""
    node = chain.nodes[YARD]
    told = NoticeTelling(bytes(16), WORKS, YARD, NoticeKind.RECALL, Severity.MAJOR, 1, TEXT, (SHIP,), 1)
    for _ in range(2):
        assert await notices.keep_notice(node._store, time, told, contacts=lambda _contact: None, names={}) is None

    assert len((await chain.at(YARD, "GET", "/notices"))["notices"]) == 1


async def test_a_sender_cannot_fill_a_node(chain: Chain, monkeypatch: Any) -> None:
    """So many wait to be acknowledged, and no more."""
    monkeypatch.setattr(kept_notices, "UNSEEN_PER_SENDER_MAX", 2)
    made = [await sent(chain, WORKS, YARD, SHIP) for _ in range(3)]
    states = []
    for notice in made:
        found = await once(chain, WORKS, notice, lambda found: found["reached"] or found["to"][0]["error"])
        states.append((found["reached"], "wait here to be acknowledged" in found["to"][0]["error"]))

    assert sorted(states) == [(0, True), (1, False), (1, False)]


async def test_a_receipt_is_believed_from_the_addressee_alone(chain: Chain) -> None:
    """Nobody else says that he has seen it."""
    made = await sent(chain, WORKS, YARD, SHIP)
    receipt = NoticeReceipt(bytes.fromhex(made["id"]), WORKS, YARD, NoticeState.ACCEPTED, 1)
    refusal = await chain.nodes[WORKS]._office.desk.tracing.take_receipt(receipt, "192.0.2.1")  # type: ignore[union-attr]

    assert isinstance(refusal, Refusal)


async def test_only_whoever_reads_a_prefix_sees_its_notices(make_chain: Callable[..., Awaitable[Chain]]) -> None:
    """Without a proof nothing is shown."""
    chain = await make_chain(MILL)
    made = await sent(chain, MILL, MILL)
    url = f"http://127.0.0.1:{chain.nodes[MILL].http_port}/api/v1/notices/{made['id']}"
    async with chain.session.get(url) as answer:
        assert answer.status == 401


async def test_an_addressee_that_is_none(chain: Chain) -> None:
    """Told with its place in the request."""
    found = await sent(chain, WORKS, "88.3/SHIP")

    assert (found["status"], found["pointer"]) == (422, "#/to/0/to")
