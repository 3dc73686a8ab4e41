"""One question over the nodes of several enterprises."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from idis.resolver.trace import driver, neighbours
from tests.resolver.trace.conftest import (
    BLOCK,
    HEAT,
    MILL,
    OWNER,
    PLATE,
    SHIP,
    WORKS,
    YARD,
    Chain,
    built,
    capture,
    group,
    made,
)
from tests.waiting import until


def things(found: Any) -> list[str]:
    """The names of a trace."""
    return [line["thing"] for line in found["trace"]["lines"]]


def stones(found: Any) -> list[tuple[str, str]]:
    """Whose branches are missing, and at which step they ended."""
    answer = found.get("recall") or found["trace"]
    return [(stone["prefix"], stone["step"]) for stone in answer["extent"]["tombstones"]]


async def test_a_recall_reaches_a_third_enterprise(chain: Chain) -> None:
    """From the heat over the block to the ship; the mill learns how many, not which."""
    found = await chain.recall(MILL, HEAT)
    (one,) = found["recall"]["affected"]

    assert (found["recall"]["certain"], found["hidden"], one["thing"][0]) == (1, 1, "~")
    assert found["recall"]["extent"]["complete"] is True


async def test_hidden_names_are_nowhere_in_the_answer(chain: Chain) -> None:
    """Neither the ship nor its yard, in no field and no sentence, while the customer's block is named."""
    text = (await chain.recall(MILL, HEAT))["text"]

    assert SHIP not in text
    assert YARD not in text
    assert BLOCK in text


async def test_a_neighbour_sees_names(chain: Chain) -> None:
    """The works built the block: it sees the ship that the block is in."""
    found = await chain.recall(WORKS, HEAT)

    assert [one["thing"] for one in found["recall"]["affected"]] == [SHIP]
    assert found["hidden"] == 0


async def test_a_partner_traces_back_one_step_by_name(chain: Chain) -> None:
    """The yard sees the block it bought, and that something stands behind it."""
    found = await chain.ask(YARD, "", thing=SHIP)

    assert things(found)[:2] == [SHIP, BLOCK]
    assert [name[0] for name in things(found)[2:]] == ["~"]
    assert PLATE not in found["text"]


async def test_who_is_listed_sees_everything(chain: Chain) -> None:
    """The works is a reader at the mill: from its block back to the heat."""
    assert things(await chain.ask(WORKS, "", thing=BLOCK)) == [BLOCK, PLATE, HEAT]


async def test_nobody_traces_back_from_what_is_not_his(chain: Chain) -> None:
    """What is there and what is not look alike."""
    asked = [await chain.ask(MILL, "", thing=name) for name in (SHIP, f"{YARD}/NONE")]
    told = [found["text"].replace(SHIP, "X").replace(f"{YARD}/NONE", "X").partition('"knownAt"')[0] for found in asked]

    assert told[0] == told[1]
    assert stones(asked[0]) == [(YARD, "authorise")]


async def test_an_own_node_answers_like_a_recursive_one(chain: Chain) -> None:
    """Any node can be asked."""
    here = await chain.recall(WORKS, HEAT, node=chain.nodes[WORKS])

    assert [one["thing"] for one in here["recall"]["affected"]] == [SHIP]


async def test_a_silent_node_is_one_tombstone(chain: Chain) -> None:
    """The rest is answered; when it is back, so is its part."""
    await chain.nodes[YARD].stop()
    found = await chain.recall(WORKS, HEAT)

    assert [one["thing"] for one in found["recall"]["affected"]] == [BLOCK]
    assert stones(found) == [(YARD, "connect")]
    assert found["recall"]["extent"]["complete"] is False


async def test_a_silent_node_further_on_is_missed_without_its_name(chain: Chain) -> None:
    """The mill learns that its answer is not complete, not who is silent."""
    await chain.nodes[YARD].stop()
    found = await chain.recall(MILL, HEAT)

    assert stones(found) == [(WORKS, "connect")]
    assert YARD not in found["text"]


async def test_a_wrong_key_gets_a_tombstone(chain: Chain) -> None:
    """A pass that another key signed opens nothing."""
    found = await chain.recall(MILL, HEAT, number=9)

    assert stones(found) == [(MILL, "authorise")]


async def test_as_of_and_relation(chain: Chain) -> None:
    """Before the block was built in, it was in no ship."""
    early = await chain.ask(WORKS, "/relation", part=BLOCK, whole=SHIP, asOf="1970-01-03T00:00:00Z")
    late = await chain.ask(WORKS, "/relation", part=BLOCK, whole=SHIP, asOf="1970-01-05T00:00:00Z")

    assert (early["relation"]["holds"], late["relation"]["holds"]) == (False, True)


async def test_common_causes_across(make_chain: Callable[..., Awaitable[Chain]]) -> None:
    """Two failed blocks of one works share a plate of the mill."""
    groups = {
        MILL: (group(f"{MILL}/TRACE_READERS", f"{WORKS}/QE"),),
        WORKS: (group(f"{WORKS}/TRACE_READERS", f"{WORKS}/QE"),),
    }
    chain = await make_chain(MILL, WORKS, groups=groups)
    capture(chain.nodes[MILL], MILL, made("urn:e:1", 1, HEAT, PLATE))
    capture(chain.nodes[WORKS], WORKS, made("urn:e:2", 2, PLATE, BLOCK, f"{BLOCK}2"))
    found = await chain.ask(WORKS, "/common", failed=[BLOCK, f"{BLOCK}2"])

    assert {cause["name"] for cause in found["common"]["causes"]} >= {PLATE, HEAT}


async def test_a_thing_reached_on_two_ways_counts_once(make_chain: Callable[..., Awaitable[Chain]]) -> None:
    """Two works deliver parts of one plate to one ship: the mill counts one, though both works hide it."""
    groups = {MILL: (group(f"{MILL}/TRACE_READERS", f"{MILL}/QE"),)}
    chain = await make_chain(MILL, WORKS, YARD, OWNER, groups=groups)
    other = f"{YARD}/PART"
    capture(chain.nodes[WORKS], WORKS, made("urn:e:2", 2, PLATE, BLOCK))
    capture(chain.nodes[YARD], YARD, made("urn:e:3", 2, PLATE, other))
    capture(chain.nodes[OWNER], OWNER, built("urn:e:4", 3, f"{OWNER}/SHIP", BLOCK, other))
    await chain.told()
    found = await chain.recall(MILL, PLATE)

    assert (found["recall"]["certain"], found["hidden"]) == (1, 1)
    assert OWNER not in found["text"]


async def test_a_question_that_comes_round_counts(make_chain: Callable[..., Awaitable[Chain]]) -> None:
    """What goes back to who made it closes a ring of nodes; it is followed, and ends."""
    groups = {MILL: (group(f"{MILL}/TRACE_READERS", f"{MILL}/QE"),)}
    chain = await make_chain(MILL, WORKS, YARD, groups=groups)
    capture(chain.nodes[WORKS], WORKS, made("urn:e:1", 1, PLATE, BLOCK))
    capture(chain.nodes[YARD], YARD, made("urn:e:2", 2, BLOCK, SHIP))
    capture(chain.nodes[WORKS], WORKS, made("urn:e:3", 3, SHIP, f"{WORKS}/AGAIN"))
    await chain.told()
    found = await chain.recall(MILL, PLATE)

    assert (found["recall"]["certain"], found["recall"]["extent"]["complete"]) == (1, True)
    assert YARD not in found["text"]


async def test_an_answer_is_audited(chain: Chain) -> None:
    """Whoever answers has it in the trail: who, why, how much he saw."""
    await chain.recall(MILL, HEAT)
    chain.nodes[WORKS]._trail.tell_rest()
    chain.nodes[WORKS]._store.write(lambda txn: None, actor="test").result(10)
    with chain.nodes[WORKS]._store.read() as txn:
        noted = txn.audits(None, 50)

    assert any(b"300:88.1/qe" in line.lower() and b"test: 1 things" in line for _, line in noted)


async def test_what_is_kept_elsewhere_is_missing_without_a_pass(chain: Chain) -> None:
    """One node alone knows of the plate only that its mill knows more, and says so."""
    found = {"trace": await chain.at(WORKS, "GET", f"/trace?thing={BLOCK}&direction=back")}

    assert things(found) == [BLOCK, PLATE]
    assert stones(found) == [(MILL, "resolve")]


async def test_a_lot_of_many_items_comes_in_parts(make_chain: Callable[..., Awaitable[Chain]]) -> None:
    """More edges than one answer holds, and more things than one request: none is lost, open or hidden."""
    groups = {
        MILL: (group(f"{MILL}/TRACE_READERS", f"{MILL}/QE"),),
        WORKS: (group(f"{WORKS}/TRACE_READERS", f"{WORKS}/QE"),),
    }
    chain = await make_chain(MILL, WORKS, groups=groups)
    long = "X" * 60
    capture(chain.nodes[WORKS], WORKS, made("urn:e:1", 1, PLATE, *(f"{WORKS}/{long}{number}" for number in range(1_200))))
    await chain.told()
    counts = [(await chain.recall(who, PLATE))["recall"]["certain"] for who in (MILL, WORKS)]

    assert counts == [1_200, 1_200]


async def test_a_node_that_says_nothing_is_given_up_soon(chain: Chain, monkeypatch: Any) -> None:
    """It is connected, and answers neither a step nor whether it is there."""
    monkeypatch.setattr(neighbours, "SILENCE_S", 0.05)
    monkeypatch.setattr(neighbours, "PROBE_S", 0.05)
    chain.gate().silent = {chain.nodes[YARD].port}
    begun = time.monotonic()
    found = await chain.recall(WORKS, HEAT)

    assert stones(found) == [(YARD, "connect")]
    assert time.monotonic() - begun < 4.0  # of the five seconds that the question had


async def test_a_slow_node_that_is_there_is_waited_for(chain: Chain, monkeypatch: Any) -> None:
    """It asks others itself: that takes its time, and it says that it is there."""
    monkeypatch.setattr(neighbours, "SILENCE_S", 0.02)
    chain.gate().slow = {chain.nodes[YARD].port: 0.3}

    assert [one["thing"] for one in (await chain.recall(WORKS, HEAT))["recall"]["affected"]] == [SHIP]


async def test_a_slow_node_holds_up_only_what_is_behind_it(make_chain: Callable[..., Awaitable[Chain]]) -> None:
    """Two branches: the other one, slow itself, is walked to its end meanwhile."""
    groups = {prefix: (group(f"{prefix}/TRACE_READERS", f"{MILL}/QE"),) for prefix in (MILL, WORKS, YARD, OWNER)}
    chain = await make_chain(MILL, WORKS, YARD, OWNER, groups=groups)
    capture(chain.nodes[WORKS], WORKS, made("urn:e:1", 1, PLATE, BLOCK))
    capture(chain.nodes[YARD], YARD, made("urn:e:2", 1, PLATE, SHIP))
    capture(chain.nodes[OWNER], OWNER, made("urn:e:3", 2, BLOCK, f"{OWNER}/BOAT"))
    await chain.told()
    gate = chain.gate()
    gate.slow = {chain.nodes[WORKS].port: 3 * driver.GRACE_S}
    gate.held = {chain.nodes[YARD].port: asyncio.Event()}
    asking = asyncio.create_task(chain.recall(MILL, PLATE))

    assert await until(lambda: chain.nodes[OWNER].port in gate.asked)
    gate.held[chain.nodes[YARD].port].set()
    assert {one["thing"] for one in (await asking)["recall"]["affected"]} == {SHIP, f"{OWNER}/BOAT"}
