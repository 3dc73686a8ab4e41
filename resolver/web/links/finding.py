"""What is known here of the levels of a key: the index of second names, then the steps that every question passes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from idis.proto.any_name import any_name
from idis.proto.codes import OpCode, ResponseCode
from idis.proto.identifier import parse_identifier
from idis.proto.message import Message
from idis.proto.outcome import Answer, Outcome, Refused
from idis.proto.query import Query
from idis.proto.value import scan_values
from idis.registry.authority import responsible_entry
from idis.registry.filters import lifetime_s
from idis.registry.foreign_route import ForeignRoute, RouteAnswer, TargetKind
from idis.registry.foreign_routes import route_of
from idis.registry.links import SCHEME, Held, RecordLinks, record_links, records_of
from idis.registry.prefix import PrefixState
from idis.registry.record import NO_VALUES, RecordFlag
from idis.registry.store.base import ReadTxn
from idis.resolver.chain import Chain
from idis.resolver.recursion.resolved import Resolved
from idis.resolver.request import Later, Peer, Request, Settled
from idis.resolver.web.links.asked import Asked, LevelAsked
from idis.resolver.web.links.levels import Level, level_of

ELSEWHERE = b""  # in place of the key of a record of this node
_NOT_LIVE = int(RecordFlag.TOMBSTONE | RecordFlag.DISABLED)
_RESOLUTION = Message(opcode=int(OpCode.RESOLUTION), body=b"")  # what the steps look at beside the question itself
# What says that somebody is to ask again, and not that there is nothing.
_BUSY = (ResponseCode.SERVER_TOO_BUSY, ResponseCode.SERVER_BACKUP, ResponseCode.DAILY_REQUEST_LIMIT, ResponseCode.ERROR)


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of a key.

    Attributes:
        levels: those with a record, the finest first.
        trouble: why there may be more, where a question was refused: a quota, a busy node, a suspended prefix.
        busy: whether it helps to ask again.
    """

    levels: tuple[Level, ...]
    trouble: str = ""
    busy: bool = False


def held_at(txn: ReadTxn, asked: Asked) -> list[list[Held]] | ForeignRoute:
    """The records of each level, or the route that gives the company prefix to another resolver, enabled or not.

    Of a key that no record here has the name itself is asked for, as on every other transport: a route may lead to values of
    others, and a node that recurses asks them.
    """
    held = [records_of(txn, level.canonical) for level in asked.levels]
    if any(held):
        return held
    route = route_of(txn, asked.route)
    if route is not None and (route.answer is RouteAnswer.REDIRECT or route.targets[0].kind is TargetKind.GS1):
        return route
    held[0] = [Held(ELSEWHERE, any_name(f"{SCHEME}:{asked.levels[0].canonical}"))]
    return held


def is_steady(txn: ReadTxn, prefix: str) -> bool:
    """Whether what is answered below a folded prefix stays right until something changes: questions of a quota are counted."""
    entry = responsible_entry(txn, prefix)
    if entry is None or entry.prefix != prefix:
        return False
    return entry.state is PrefixState.ACTIVE and entry.answers_here and not entry.daily_quota


def public_answer(txn: ReadTxn, key: bytes, now: int) -> Answer | None:
    """What the steps give everybody of a record below a steady prefix, from the octets that were made when it was written.

    None where it shows nothing to everybody, and the steps have to say what that comes to.
    """
    found = txn.public(key)
    if found is None or found[0] & _NOT_LIVE or found[1] == NO_VALUES:
        return None
    public = found[1]
    return Answer(public, lifetime_s([public[span.start : span.end] for span in scan_values(public)], now))


def question(identifier: str, *, known: bool) -> Query:
    """The question for all that everybody may see of a record, or all that somebody known may."""
    return Query(identifier, parse_identifier(identifier), public_only=not known, recursive=True)


def settled_now(chain: Chain, txn: ReadTxn, identifier: str, peer: Peer, now: int) -> Settled | Later:
    """What a question comes to by the steps of the chain; the limit is asked once for a whole request, by whoever has it."""
    request = Request(_RESOLUTION, question(identifier, known=False), peer)
    verdict: Settled | Later | None = None
    for step in chain.steps:
        verdict = step(request, txn, now, verdict)
    assert verdict is not None, "the authority always decides"
    return verdict


def found(
    asked: Sequence[LevelAsked],
    held: Sequence[Sequence[Held]],
    settled: Mapping[str, Settled | Later],
    variables: Mapping[str, str],
    *,
    known: bool,
) -> Found:
    """The levels, from what became of the questions about their records.

    Args:
        asked: the levels that were asked for.
        held: the records of each.
        settled: what the question about each record came to.
        variables: what stands for those of targets.
        known: whether whoever asks has proved an identity.
    """
    levels, troubles = [], []
    for place, records in enumerate(held):
        shown = []
        for record in records:
            outcome = _outcome(settled[record.identifier])
            if isinstance(outcome, Refused):
                troubles.append(outcome)
            elif (links := _links(record.identifier, outcome, variables, known)) is not None:
                shown.append(links)
        if shown:
            levels.append(level_of(asked[place], shown))
    busy = next((trouble for trouble in troubles if trouble.code in _BUSY), None)
    worst = busy or next(iter(troubles), None)
    return Found(tuple(levels), "" if worst is None else worst.message, busy is not None)


def _outcome(settled: Settled | Later) -> Outcome | None:
    if isinstance(settled, Resolved):
        return settled.outcome
    return settled if isinstance(settled, Outcome) else None


def _links(identifier: str, outcome: Outcome | None, variables: Mapping[str, str], known: bool) -> RecordLinks | None:
    """What a record says; None where nothing of it is shown: that a key leads to it would tell of it."""
    if not isinstance(outcome, Answer):
        return None
    return record_links(identifier, outcome.values, outcome.ttl_s, variables, known=known)
