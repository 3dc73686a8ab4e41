"""The stop-ship check: may this item pass here (`tracing.md` §7).

Asked at every read point for every scan, so it looks no further than a few steps: the recall flag of the thing and of what
is in it or what it was made from, and the last word of events about it. A recall sets the flag of whatever it reaches, so a
flag further away has long arrived here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from idis.registry.record import RecordFlag
from idis.registry.store.base import ReadTxn
from idis.registry.trace.edge import EdgeKind
from idis.registry.trace.event import Action, EventType
from idis.registry.trace.expanding import Direction
from idis.registry.trace.flags import CHECK, STOP, flag_on
from idis.registry.trace.held import record_of
from idis.registry.trace.life import Moment, Role, lately
from idis.registry.trace.tracing import Clock, Extent, extent_of, standing, walk_here
from idis.registry.trace.walking import Budget, Start, Walk

LOOKED_BACK_MAX = 64  # events of its life: what was set further back no longer holds it up here, but its flag does
CHECK_BUDGET = Budget(depth=3, edges=200, ms=50)

_INSIDE = (EdgeKind.PART_OF, EdgeKind.PACKED_IN)
_STOPPING = frozenset({"recalled", "destroyed", "disposed", "stolen", "inactive", "expired", "non_conformant"})
_HOLDING = frozenset(
    {
        "damaged",
        "mismatch_instance",
        "mismatch_class",
        "mismatch_quantity",
        "needs_replacement",
        "no_pedigree_match",
        "non_sellable_other",
        "unavailable",
        "unknown",
        "completeness_inferred",
    }
)


class Verdict(Enum):
    """What to do with an item."""

    ALLOW = "allow"
    HOLD = "hold"
    STOP = "stop"


GRAVITY = {Verdict.ALLOW: 0, Verdict.HOLD: 1, Verdict.STOP: 2}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: which thing gives it, and in what words."""

    verdict: Verdict
    thing: str
    text: str


@dataclass(frozen=True, slots=True)
class Check:
    """The verdict about a thing: the gravest of its reasons, gravest first."""

    thing: str
    read_point: str
    verdict: Verdict
    reasons: tuple[Reason, ...]
    extent: Extent


def check(
    txn: ReadTxn, thing: str, *, at_ms: int, read_point: str = "", budget: Budget = CHECK_BUDGET, clock: Clock = standing
) -> Check:
    """Check a thing in one store.

    Args:
        txn: the store.
        thing: in its one spelling.
        at_ms: now.
        read_point: where it is to pass, in its one spelling; empty where that does not matter.
        budget, clock: as of `tracing.trace`. What cannot be looked at within it holds nothing up.
    """
    reasons = list(_of_record(txn, thing, "it"))
    reasons.extend(_of_life(txn, thing, at_ms, read_point))
    walk = Walk([Start(thing)], Direction.BACK, as_of_ms=at_ms, budget=budget, now_ms=clock())
    walk_here(txn, walk, clock)
    for other in walk.visits:
        if other != thing:
            best = walk.best(other)
            relation = "what is in it" if best.edge is not None and best.edge.kind in _INSIDE else "what it comes from"
            for reason in _of_record(txn, other, relation):
                reasons.append(reason if best.certain else Reason(Verdict.HOLD, reason.thing, f"{reason.text} (possibly)"))
    reasons.sort(key=lambda reason: -GRAVITY[reason.verdict])
    verdict = reasons[0].verdict if reasons else Verdict.ALLOW
    return Check(thing, read_point, verdict, tuple(reasons), extent_of([walk]))


def _of_record(txn: ReadTxn, thing: str, relation: str) -> list[Reason]:
    record = record_of(txn, thing)
    if record is None:
        flag = flag_on(txn, thing)
        verdict = {STOP: Verdict.STOP, CHECK: Verdict.HOLD}.get(flag)
        return [] if verdict is None else [Reason(verdict, thing, f"recall flag {flag} on {relation}")]
    if record.flags & RecordFlag.STOP:
        return [Reason(Verdict.STOP, thing, f"recall flag stop on {relation}")]
    if record.flags & RecordFlag.HOLD:
        return [Reason(Verdict.HOLD, thing, f"recall flag check on {relation}")]
    return []


def _of_life(txn: ReadTxn, thing: str, at_ms: int, read_point: str) -> list[Reason]:
    reasons: list[Reason] = []
    newest = there = True
    settled: set[str] = set()  # persistent dispositions that were set or unset since
    for moment in lately(txn, thing, at_ms, limit=LOOKED_BACK_MAX):
        word = _bare(moment.disposition)
        if newest:
            reasons.extend(_of_word(thing, word, "its last disposition is"))
        newest = newest and not word
        for word in map(_bare, moment.set_dispositions):
            if word not in settled:
                reasons.extend(_of_word(thing, word, "its persistent disposition is"))
        settled.update(map(_bare, (*moment.set_dispositions, *moment.unset_dispositions)))
        if there and (gone := _gone(thing, moment, read_point)) is not None:
            reasons.append(gone)
            there = False
    return reasons


def _gone(thing: str, moment: Moment, read_point: str) -> Reason | None:
    if moment.type is EventType.OBJECT and moment.action is Action.DELETE:
        return Reason(Verdict.STOP, thing, "it has ceased to exist")
    if moment.role is Role.INPUT and moment.quantity is None:
        return Reason(Verdict.STOP, thing, "it was used up in a transformation")
    if read_point and moment.read_point == read_point and moment.role is Role.OBJECT and moment.biz_step == "shipping":
        return Reason(Verdict.HOLD, thing, "it was shipped from here before")
    return None


def _of_word(thing: str, word: str, said: str) -> list[Reason]:
    if word in _STOPPING:
        return [Reason(Verdict.STOP, thing, f"{said} {word}")]
    return [Reason(Verdict.HOLD, thing, f"{said} {word}")] if word in _HOLDING else []


def _bare(disposition: str) -> str:
    return disposition.rpartition("-")[2].rpartition(":")[2]
