"""From a load and a target to a finished run: questions built, first pass, rounds, side sample."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from idis.bench.asking.dns import identifier_frames
from idis.bench.asking.identifiers import Asked
from idis.bench.asking.load import Load, Question, Target, Transport
from idis.bench.asking.plan import Dialect
from idis.bench.asking.questions import handle_frames, http_frames
from idis.bench.asking.tally import Count
from idis.bench.measuring import tiers
from idis.bench.measuring.first_pass import Learnt, learn
from idis.bench.measuring.rounds import Round, run_round

INTRODUCTION_S_MAX = 1.0  # a server without TCP may not even refuse

Notice = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Run:
    """A finished measurement of one server.

    Attributes:
        keys: how many identifiers were asked for.
        started: unix time.
        learnt: of the first pass, when there was one.
        split: by tier, when the server explained itself.
    """

    load: Load
    target: Target
    keys: int
    rounds: Sequence[Round]
    started: float
    learnt: Learnt | None = None
    split: tiers.Split | None = None


class Measurement:
    """One server measured with one load, round by round, so that several can take turns.

    Args:
        load: how to ask.
        target: whom.
        asked: for what.
        server: its process id, when it runs here.
        verify: begin with a first pass and compare every answer with it.
        explained: size of the side sample for the split by tier; 0: none.
        notice: told what is being done.
    """

    def __init__(
        self,
        load: Load,
        target: Target,
        asked: Asked,
        *,
        server: int | None = None,
        verify: bool = False,
        explained: int = 0,
        notice: Notice = lambda line: None,
    ) -> None:
        self.load = load
        self.target = target
        self._asked = asked
        self._server = server
        self._explained = explained
        self._notice = notice
        self._started = time.time()
        self._rounds: list[Round] = []
        self._question = question_of(load, target, asked.identifiers)
        self._learnt: Learnt | None = None
        if verify:
            if load.transport.datagrams:
                introduce(target, self._question)
            notice(f"first pass over {len(asked.identifiers)} identifiers of {target.text} …")
            self._learnt = learn(load, target, self._question, asked)
            expected = self._learnt.expected
            self._question = Question(self._question.frames, self._question.dialect, expected)

    def run_round(self) -> Round:
        """One more round."""
        number = len(self._rounds) + 1
        if self.load.transport.datagrams:
            introduce(self.target, self._question)
        self._notice(f"{self.target.text}: round {number} of {self.load.rounds} …")
        finished = run_round(self.load, self.target, self._question, number, server=self._server)
        self._rounds.append(finished)
        return finished

    def finish(self) -> Run:
        """The run, after the side sample."""
        split = None
        answered = any(one.tally[Count.ANSWERED] for one in self._rounds)
        if answered and self._explained and self.load.transport.binary:
            some = _spread(self._asked.identifiers, self._explained)
            self._notice(f"{self.target.text}: side sample of {len(some)} …")
            timeout_s = max(self.load.timeout_ms / 1_000, 1.0)
            udp = self.load.transport.datagrams
            split = asyncio.run(tiers.split_of(self.target, some, "udp" if udp else "tcp", timeout_s))
        return Run(self.load, self.target, len(self._asked.identifiers), self._rounds, self._started, self._learnt, split)


def introduce(target: Target, question: Question) -> None:
    """Ask once over TCP: a server that answers datagrams of proven addresses only knows ours then; others do not mind."""
    first = question.frames.of(0)
    octets = len(first).to_bytes(2, "big") + first if question.dialect is Dialect.DNS else first
    with suppress(OSError), socket.create_connection((target.address, target.port), INTRODUCTION_S_MAX) as link:
        link.sendall(octets)
        link.recv(1)


def question_of(load: Load, target: Target, identifiers: Sequence[str]) -> Question:
    """The questions ready to send, expiring half a day from now.

    Raises:
        QuestionError: an identifier that does not fit the transport.
    """
    if load.transport is Transport.HTTP:
        return Question(http_frames(identifiers, target.text), Dialect.HTTP)
    datagrams = load.transport.datagrams
    if load.dns is not None:
        return Question(identifier_frames(identifiers, load.dns, datagrams=datagrams), Dialect.DNS)
    return Question(handle_frames(identifiers, now=int(time.time()), datagrams=datagrams), Dialect.HANDLE)


def _spread(identifiers: Sequence[str], count: int) -> Sequence[str]:
    return identifiers[:: max(len(identifiers) // count, 1)][:count]
