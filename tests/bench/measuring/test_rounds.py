"""Rounds, first pass and side sample against a whole node in a process of its own."""

from __future__ import annotations

import asyncio
import os
import time
from array import array
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from idis.bench.asking.identifiers import from_sample
from idis.bench.asking.load import Load, Question, Transport
from idis.bench.asking.plan import Plan
from idis.bench.asking.tally import Count, Tally
from idis.bench.measuring.first_pass import FirstPassError, learn
from idis.bench.measuring.measure import question_of
from idis.bench.measuring.rounds import Round, RoundError, run_round
from idis.bench.measuring.tiers import split_of
from idis.bench.peers.contender import Face, Running
from idis.bench.peers.dataset import PREFIX
from tests.waiting import WAIT_S_MAX

RECORDS = 60


def _load(transport: Transport, **changes: Any) -> Load:
    settings: dict[str, Any] = {"rate": 400.0, "duration_s": 0.4, "warm_up_s": 0.1, "connections": 2, "pipeline": 4_096}
    return Load(transport, **{**settings, "timeout_ms": 30_000, **changes})


def _round(face: Face, load: Load, question: Question | None = None, **changes: Any) -> Round:
    """A round in which everything was sent: a busy machine may not give a generator its core while it is the time to ask."""
    ends = time.monotonic() + WAIT_S_MAX
    while True:
        finished = run_round(load, face.target, question or face.question, 1, server=face.server, **changes)
        if not finished.tally[Count.UNSENT] or time.monotonic() > ends:
            return finished


@pytest.mark.parametrize("transport", list(Transport))
def test_a_node_answers_over_every_transport(node: Running, transport: Transport) -> None:
    """Every question found, right, and counted; the node's CPU time seen."""
    finished = _round(node.faces[transport], _load(transport))

    assert finished.tally[Count.ANSWERED] == finished.tally[Count.OFFERED] == 120
    assert finished.tally.code_counts() == {200 if transport is Transport.HTTP else 0 if transport.dns else 1: 120}
    assert finished.tally.errors == 0
    assert finished.server_cpu_us is not None
    assert finished.seconds == pytest.approx(0.3)


def test_processes_add_up(node: Running) -> None:
    """Two processes, the questions of one; each says how busy it was."""
    finished = _round(node.faces[Transport.UDP], _load(Transport.UDP, processes=2))

    assert finished.tally[Count.ANSWERED] == 120
    assert finished.tally.processes == 2
    assert len(finished.busy) == 2


def test_first_pass_learns_what_later_answers_are_compared_with(node: Running) -> None:
    """All records found, some decoded; the round then compares digests, and a changed one shows."""
    face, load = node.faces[Transport.UDP], _load(Transport.UDP)
    learnt = learn(load, face.target, face.question, from_sample(PREFIX, RECORDS))
    right = _round(face, load, replace(face.question, expected=learnt.expected))
    other = array("Q", (digest ^ 2 for digest in learnt.expected))
    wrong = _round(face, load, replace(face.question, expected=other))

    assert (learnt.asked, learnt.answered, learnt.found, learnt.decoded) == (RECORDS,) * 4
    assert right.tally.wrong == 0
    assert wrong.tally[Count.WRONG_DIGEST] == wrong.tally[Count.SENT] == 120


def test_first_pass_looks_for_the_wanted_text(node: Running) -> None:
    """A record that lacks it stops the measurement before it begins."""
    face, load = node.faces[Transport.TCP], _load(Transport.TCP)
    asked = from_sample(PREFIX, 3)
    asked.wanted[asked.identifiers[1]] = "https://id.example.com/B-"
    learn(load, face.target, face.question, asked)
    asked.wanted[asked.identifiers[2]] = "no such text"

    with pytest.raises(FirstPassError, match=f"{asked.identifiers[2]}.*no such text"):
        learn(load, face.target, face.question, asked)


def test_absent_identifiers_are_answers_and_have_no_digest(node: Running) -> None:
    """Not found is counted as such, and not compared."""
    face, load = node.faces[Transport.TCP], _load(Transport.TCP)
    question = question_of(load, face.target, [f"{PREFIX}/ABSENT", f"{PREFIX}/B-{0:017d}"])
    asked = replace(from_sample(PREFIX, 1), identifiers=[f"{PREFIX}/ABSENT", f"{PREFIX}/B-{0:017d}"])
    learnt = learn(load, face.target, question, asked)

    assert learnt.codes == {1: 1, 100: 1}
    assert [bool(digest) for digest in learnt.expected] == [False, True]


def test_a_node_explains_itself(node: Running) -> None:
    """An authority answers everything itself: no hops, all of the time its own."""
    face = node.faces[Transport.UDP]
    split = asyncio.run(split_of(face.target, from_sample(PREFIX, 5).identifiers, "udp", 5.0))

    assert split is not None
    assert split.node == "bench"
    assert split.sources == {"authority": 5}
    assert split.hops == []
    assert split.own_us == pytest.approx(split.walked_us)


def _fails(plan: Plan, tally: Tally) -> None:
    raise ValueError("no reason")


def _dies(plan: Plan, tally: Tally) -> None:
    os._exit(1)


@pytest.mark.parametrize(("work", "sentence"), [(_fails, "ValueError: no reason"), (_dies, "without its counts")])
def test_a_generator_that_fails_fails_the_round(node: Running, work: Callable[[Plan, Tally], None], sentence: str) -> None:
    """Half a generator measures nothing."""
    with pytest.raises(RoundError, match=sentence):
        _round(node.faces[Transport.UDP], _load(Transport.UDP, processes=2), run=work)
