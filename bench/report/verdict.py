"""Whether a run may be believed: what it measured itself, what it lost, and what else ran on its cores."""

from __future__ import annotations

from collections.abc import Sequence

from idis.bench.asking.answers import SUCCESS
from idis.bench.asking.generator import COMPILED
from idis.bench.asking.load import Load, Transport
from idis.bench.asking.plan import Dialect
from idis.bench.asking.tally import Count
from idis.bench.measuring.rounds import Round

ACHIEVED_MIN = 0.99
BUSY_MAX = 0.90
SLIP_US_P99_MAX = 100.0
FOREIGN_MAX = 0.05
FAILED_MAX = 0.5  # of the answers; some absent identifiers are part of many a mixture


def objections(load: Load, rounds: Sequence[Round]) -> list[str]:
    """Sentences, each a reason not to believe the figures; none for a good run."""
    found = []
    offered = sum(one.tally[Count.OFFERED] for one in rounds)
    answered = sum(one.tally[Count.ANSWERED] for one in rounds)
    if not answered:
        return [_why_nothing(rounds)]
    lost, refused = (sum(one.tally[count] for one in rounds) for count in (Count.BROKEN, Count.CONNECT_FAILED))
    if lost or refused:
        found.append(f"{lost} questions were lost with their connection, and {refused} connections failed: the server went away")
    elif load.rate is not None and answered < ACHIEVED_MIN * offered:
        share = answered / offered
        found.append(f"only {share:.1%} of the questions were answered: the rate is beyond what was sustained")
    busy = max(share for one in rounds for share in one.busy)
    if busy > BUSY_MAX:
        found.append(f"the generator was busy {busy:.0%} of the time: it may have measured itself; give it more --processes")
    if load.rate is not None:
        slip_us = max(one.tally.slip.percentile(99) for one in rounds) / 1_000
        if slip_us > SLIP_US_P99_MAX:
            found.append(f"questions left late (p99 {slip_us:.0f} µs after their time): the generator lacked the core")
    foreign = max((one.use.foreign for one in rounds if one.use.foreign is not None), default=0.0)
    if foreign > FOREIGN_MAX:
        found.append(f"something else used {foreign:.0%} of the pinned cores")
    wrong = sum(one.tally.wrong for one in rounds)
    if wrong:
        found.append(f"{wrong} answers were wrong")
    return found


def failures(transport: Transport, rounds: Sequence[Round]) -> list[str]:
    """What is to be said of answers that are none: a server is quick to say that it has nothing."""
    success, answered = success_of(transport), sum(one.tally[Count.ANSWERED] for one in rounds)
    failed = answered - sum(one.tally.codes[success] for one in rounds)
    if not failed:
        return []
    if failed == answered:
        return ["no answer was a success: these are not its identifiers, or this is not the way to ask it (see codes)"]
    return [f"{failed / answered:.1%} of the answers were no success (see codes)"] if failed > FAILED_MAX * answered else []


def success_of(transport: Transport) -> int:
    """The code of a success."""
    return SUCCESS[Dialect.DNS if transport.dns else Dialect.HANDLE if transport.binary else Dialect.HTTP]


def remarks(load: Load, rounds: Sequence[Round]) -> list[str]:
    """Sentences that belong beside the figures without spoiling them."""
    notes = []
    if not COMPILED:
        notes.append("the plain generator asked (no compiled one): some tens of thousands of questions a second are its end")
    if load.rate is None:
        notes.append("a closed loop asks less while the server is slow, and so hides stalls: see --rate")
    if not load.pins:
        notes.append("nothing is pinned: generator and server may have shared cores (--pin)")
    if any(one.tally[Count.HELD] for one in rounds):
        held = sum(one.tally[Count.HELD] for one in rounds)
        notes.append(f"{held} questions waited for a free place on a connection; that time is in their response time")
    return notes


def _why_nothing(rounds: Sequence[Round]) -> str:
    refused = sum(one.tally[Count.CONNECT_FAILED] for one in rounds)
    lost = sum(one.tally[Count.TIMED_OUT] + one.tally[Count.BROKEN] for one in rounds)
    if refused:
        return "nothing was answered: nobody takes questions at this port"
    return "nothing was answered: questions arrive, or are lost, in silence" if lost else "nothing was answered"
