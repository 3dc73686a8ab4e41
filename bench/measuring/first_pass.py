"""The first pass: every identifier once, its answer remembered by digest, some of them decoded and looked into.

What is measured afterwards compares each answer with what was learnt here, so a server cannot be fast by being wrong.
The pass is one process with few questions under way and is not timed.
"""

from __future__ import annotations

import asyncio
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from idis.bench.asking import dns
from idis.bench.asking.generator import generate
from idis.bench.asking.identifiers import Asked
from idis.bench.asking.load import NS_PER_S, Load, Question, Target, plans
from idis.bench.asking.plan import Plan
from idis.bench.asking.schedule import every_key
from idis.bench.asking.tally import Count, Tally
from idis.proto.errors import IdisError
from idis.resolver.client import Client
from idis.resolver.client_reply import Reply

DECODED_MAX = 500  # a sample: the digest covers the rest
_CONNECTIONS = 4
_PIPELINE = 16  # also few enough for a server's receive buffer
_INTERVAL_S = 3_600.0
_LEAD_S = 0.1


class FirstPassError(IdisError):
    """An answer does not hold what it should; the text names the identifier."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """What the first pass found.

    Attributes:
        expected: for each key the digest of its answer, 0 where there was no success.
        asked, answered: how many.
        codes: answers by response code.
        decoded: how many were decoded and looked into.
    """

    expected: array[int]
    asked: int
    answered: int
    codes: dict[int, int]
    decoded: int

    @property
    def found(self) -> int:
        """How many answers will be compared."""
        return sum(1 for digest in self.expected if digest)


def learn(
    load: Load, target: Target, question: Question, asked: Asked, *, run: Callable[[Plan, Tally], None] = generate
) -> Learnt:
    """Ask everything once.

    Raises:
        FirstPassError: a decoded answer is none to its question, or lacks the text that was wanted.
    """
    learnt = learn_digests(load, target, question, run=run)
    some = list(dict.fromkeys((*list(asked.wanted)[:DECODED_MAX], *_spread(asked.identifiers, DECODED_MAX))))
    decoded = 0
    if load.dns is not None:
        timeout_s = load.timeout_ms / 1_000
        decoded = dns.look_into(asked, some, load.dns, target, datagrams=load.transport.datagrams, timeout_s=timeout_s)
    elif load.transport.binary:
        decoded = asyncio.run(_look_into(load, target, asked, some))
    return replace(learnt, decoded=decoded)


def learn_digests(load: Load, target: Target, question: Question, *, run: Callable[[Plan, Tally], None] = generate) -> Learnt:
    """Ask everything once, whatever it is spoken in; nothing is decoded."""
    keys = len(question.frames)
    expected = array("Q", bytes(8 * keys))
    gentle = replace(
        load, rate=None, poisson=False, connections=_CONNECTIONS, pipeline=_PIPELINE, processes=1, pins=(), spin=False,
        zipf=None, duration_s=_INTERVAL_S, warm_up_s=0.0,
    )  # fmt: skip
    plan = replace(
        plans(gentle, target, replace(question, expected=expected), 0)[0],
        keys=every_key(keys),
        questions_max=keys,
        learn=True,
        start_ns=time.monotonic_ns() + round(_LEAD_S * NS_PER_S),
    )
    tally = Tally(gentle.interval_ns, 1)
    run(plan, tally)
    return Learnt(expected, tally[Count.SENT], tally[Count.ANSWERED], tally.code_counts(), 0)


async def _look_into(load: Load, target: Target, asked: Asked, some: Sequence[str]) -> int:
    """Decode some answers; how many."""
    async with Client(
        target.text, transport="udp" if load.transport.datagrams else "tcp", follow_referrals=False
    ) as client:
        for identifier in some:
            reply = await client.resolve(identifier)
            if (wanted := asked.wanted.get(identifier)) and not _holds(reply, wanted):
                raise FirstPassError(f"the answer to {identifier} ({reply.code_name}) does not hold {wanted!r}")
    return len(some)


def _holds(reply: Reply, wanted: str) -> bool:
    return any(wanted.encode() in value.data for value in reply.values)


def _spread(identifiers: Sequence[str], count: int) -> Sequence[str]:
    return identifiers[:: max(len(identifiers) // count, 1)][:count]
