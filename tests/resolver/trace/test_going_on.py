"""Asking again for what was missing, and questions that take their time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from idis.registry.record import prepare
from idis.resolver.node import Node
from idis.resolver.trace import errand, errands
from tests.resolver.trace.conftest import BLOCK, HEAT, MILL, NOW, PLATE, SHIP, WORKS, YARD, Chain, capture, group, made


def affected(found: Any) -> list[str]:
    """The names of what a recall reaches."""
    return [one["thing"] for one in found["recall"]["affected"]]


async def test_what_was_missing_is_asked_again_and_nothing_else(chain: Chain) -> None:
    """The yard was silent: only it is asked, and the answer is what it would have been."""
    gate = chain.gate()
    gate.shut = {chain.nodes[YARD].port}
    first = await chain.recall(WORKS, HEAT)
    gate.asked.clear()
    gate.shut.clear()
    again = await chain.go_on(WORKS, first["job"])

    assert affected(first) == [BLOCK]
    assert (affected(again), again["complete"], again["recall"]["extent"]["tombstones"]) == ([SHIP], True, [])
    assert set(gate.asked) == {chain.nodes[YARD].port}


async def test_an_answer_that_was_gone_on_with_is_the_same_as_a_new_one(chain: Chain) -> None:
    """Names, certainty, counts, paths."""
    gate = chain.gate()
    gate.shut = {chain.nodes[WORKS].port}
    first = await chain.recall(WORKS, HEAT)
    gate.shut.clear()
    again, new = (await chain.go_on(WORKS, first["job"]))["recall"], (await chain.recall(WORKS, HEAT))["recall"]
    for found in (again, new):
        del found["extent"]

    assert again == new


async def test_what_was_missing_behind_hidden_names(chain: Chain) -> None:
    """The works could not reach the yard: it is asked again, and the ship counts once."""
    way = chain.nodes[WORKS]._office.neighbours
    finder = way._finder

    class Shut:
        server_of = staticmethod(finder.server_of)

        async def send(self, *_arguments: object) -> bytes:
            raise OSError("shut")

    way._finder = Shut()
    first = await chain.recall(MILL, HEAT)
    way._finder = finder
    way._shunned.clear()
    again = await chain.go_on(MILL, first["job"])

    assert (first["recall"]["extent"]["complete"], again["complete"]) == (False, True)
    assert (again["recall"]["certain"], again["hidden"]) == (1, 1)


async def test_who_is_refused_may_be_let_in_later(make_chain: Callable[..., Awaitable[Chain]]) -> None:
    """A branch that was refused is asked again too."""
    groups = {
        MILL: (group(f"{MILL}/TRACE_READERS", f"{MILL}/QE"),),
        WORKS: (group(f"{WORKS}/TRACE_READERS", f"{WORKS}/QE"),),
    }
    chain = await make_chain(MILL, WORKS, groups=groups)
    capture(chain.nodes[MILL], MILL, made("urn:e:1", 1, HEAT, PLATE))
    capture(chain.nodes[WORKS], WORKS, made("urn:e:2", 2, PLATE, BLOCK))
    first = await chain.ask(WORKS, "", thing=BLOCK)
    chain.nodes[MILL]._store.write_all([prepare(group(f"{MILL}/TRACE_READERS", f"{WORKS}/QE"), NOW + 1)], actor="test")
    again = await chain.go_on(WORKS, first["job"])

    assert [stone["step"] for stone in first["trace"]["extent"]["tombstones"]] == ["authorise"]
    assert [line["thing"] for line in again["trace"]["lines"]] == [BLOCK, PLATE, HEAT]


async def test_a_depth_that_cut_an_answer_is_gone_on_from(chain: Chain) -> None:
    """One edge, then one more."""
    first = await chain.ask(WORKS, "", thing=HEAT, direction="forward", depth=1)
    again = await chain.go_on(WORKS, first["job"])

    assert [line["thing"] for line in first["trace"]["lines"]] == [HEAT, PLATE]
    assert [line["thing"] for line in again["trace"]["lines"]][:3] == [HEAT, PLATE, BLOCK]


async def test_only_whoever_asked_goes_on(chain: Chain) -> None:
    """Neither another identity, nor a pass for another question, nor another key."""
    await chain.nodes[YARD].stop()
    job = (await chain.recall(WORKS, HEAT))["job"]
    others = [
        await chain.go_on(MILL, job),
        await chain.send("POST", f"/jobs/{job}", json={"proof": chain.proof(WORKS)}),
        await chain.go_on(WORKS, job, number=9),
        await chain.send("GET", f"/jobs/{'a' * 52}"),
    ]

    assert [found["status"] for found in others] == [401, 401, 401, 404]


async def test_a_complete_answer_is_not_kept(chain: Chain) -> None:
    """Nothing to go on with."""
    assert (await chain.recall(WORKS, HEAT))["job"] is None


async def test_a_job_is_looked_at_until_it_is_over(chain: Chain) -> None:
    """It begins at once and keeps what it found."""
    begun = await chain.ask(WORKS, "/jobs", question="recall", things=[{"thing": HEAT}])
    over = await chain.send("GET", f"/jobs/{begun['job']}?waitMs=30000")

    assert (begun["state"], begun["recall"], begun["complete"]) == ("running", None, None)
    assert (over["state"], over["complete"], affected(over)) == ("done", True, [SHIP])
    assert {node["prefix"] for node in over["nodes"]} == {MILL, WORKS, YARD}


async def test_every_question_may_be_a_job(chain: Chain) -> None:
    """Back, forward, relation and common causes answer as they do at once."""
    kinds = {"back": [BLOCK], "forward": [HEAT], "relation": [BLOCK, SHIP], "common": [BLOCK, PLATE]}
    found = {}
    for kind, things in kinds.items():
        begun = await chain.ask(WORKS, "/jobs", question=kind, things=[{"thing": thing} for thing in things])
        found[kind] = await chain.send("GET", f"/jobs/{begun['job']}?waitMs=30000")

    assert [line["thing"] for line in found["back"]["trace"]["lines"]] == [BLOCK, PLATE, HEAT]
    assert [line["thing"] for line in found["forward"]["trace"]["lines"]] == [HEAT, PLATE, BLOCK, SHIP]
    assert found["relation"]["relation"]["holds"] is True
    assert {cause["name"] for cause in found["common"]["common"]["causes"]} >= {HEAT}


async def test_a_job_is_cancelled(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stops asking, and its name is forgotten."""
    hanging, cancelled = asyncio.Event(), list[bool]()

    async def hang(*_arguments: object) -> bytes:
        hanging.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(True)
        return b""

    monkeypatch.setattr(chain.gate(), "send", hang)
    begun = await chain.ask(WORKS, "/jobs", question="recall", things=[{"thing": HEAT}])
    await hanging.wait()
    ended = await chain.send("DELETE", f"/jobs/{begun['job']}")
    gone = await chain.send("GET", f"/jobs/{begun['job']}")

    assert (cancelled, ended["changed"], gone["status"]) == ([True], True, 404)


async def test_a_job_waits_for_a_fresh_pass(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its first one is taken for as good as over; with the next it goes on."""
    monkeypatch.setattr(errand, "MARGIN_S", 60)
    begun = await chain.ask(WORKS, "/jobs", question="recall", things=[{"thing": HEAT}])
    waiting = await chain.send("GET", f"/jobs/{begun['job']}?waitMs=100")
    monkeypatch.setattr(errand, "MARGIN_S", 5)
    over = await chain.go_on(WORKS, begun["job"])

    assert (waiting["state"], waiting["waits"]) == ("running", True)
    assert (over["state"], affected(over)) == ("done", [SHIP])


async def test_jobs_outlive_their_node(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a restart the answer is there; what was interrupted is asked anew by a fresh pass, by whoever asked; or forgotten."""
    done = (await chain.ask(WORKS, "/jobs", question="recall", things=[{"thing": HEAT}]))["job"]
    await chain.send("GET", f"/jobs/{done}?waitMs=30000")
    monkeypatch.setattr(errand, "MARGIN_S", 60)
    cut = (await chain.ask(WORKS, "/jobs", question="recall", things=[{"thing": HEAT}]))["job"]
    await chain.send("GET", f"/jobs/{cut}?waitMs=100")
    monkeypatch.setattr(errand, "MARGIN_S", 5)
    await chain.entry.stop()
    chain.entry = Node(chain.entry.config)
    await chain.entry.start()
    try:
        told = [await chain.send("GET", f"/jobs/{job}") for job in (done, cut)]
        others = await chain.go_on(MILL, cut)
        anew = await chain.go_on(WORKS, cut)
        await chain.send("DELETE", f"/jobs/{done}")
        gone = await chain.send("GET", f"/jobs/{done}")
    finally:
        await chain.entry.stop()

    assert [(one["state"], one["complete"]) for one in told] == [("done", True), ("interrupted", None)]
    assert affected(told[0]) == affected(anew) == [SHIP]
    assert (others["status"], gone["status"]) == (401, 404)


async def test_two_jobs_of_one_asker_at_once(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    """A third has to wait."""
    monkeypatch.setattr(errand, "MARGIN_S", 60)
    asked = [await chain.ask(WORKS, "/jobs", question="recall", things=[{"thing": HEAT}]) for _ in range(3)]

    assert [found.get("status", found.get("state")) for found in asked] == ["running", "running", 503]


async def test_kept_questions_are_bounded(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest goes first."""
    monkeypatch.setattr(errands, "KEPT_MAX", 2)
    await chain.nodes[YARD].stop()
    jobs = [(await chain.recall(WORKS, HEAT))["job"] for _ in range(3)]
    found = [await chain.send("GET", f"/jobs/{job}") for job in jobs]

    assert [one.get("status", 200) for one in found] == [404, 200, 200]


async def test_kept_questions_end(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looked for longer than they are kept."""
    await chain.nodes[YARD].stop()
    job = (await chain.recall(WORKS, HEAT))["job"]
    monkeypatch.setattr(errands, "KEPT_S", -1)

    assert (await chain.send("GET", f"/jobs/{job}"))["status"] == 404
