"""Questions about genealogies over the nodes of many enterprises (`/trace/across`).

Whoever asks signs a pass for his question (`proto/reader_pass.py`). This node only carries it: each node that has a part of
the answer judges for itself what the signer may see. So any node can be asked, a recursive one as well as one's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from idis.proto.codes import ResponseCode
from idis.proto.errors import IdentifierError, ProtocolError
from idis.proto.reader_pass import decode_pass
from idis.proto.trace import PSEUDONYM, trace_audience
from idis.registry.caller import Action
from idis.registry.identity import parse_identity
from idis.registry.registration.checks import Refusal
from idis.registry.trace.common import common_of
from idis.registry.trace.edge import Edge
from idis.registry.trace.expanding import BEGINNING_MS, Direction
from idis.registry.trace.recall import recall_of, start_recall
from idis.registry.trace.records import spelling_at
from idis.registry.trace.relation import relation_of, start_relation
from idis.registry.trace.teller import own_prefix
from idis.registry.trace.things import home_of
from idis.registry.trace.tracing import trace_of
from idis.registry.trace.walking import Budget, Start, Walk
from idis.registry.trace.whereabouts import Finder, Whereabouts
from idis.resolver.trace.driver import Driver, Question
from idis.resolver.web.face import Face
from idis.resolver.web.v1.across_model import (
    CommonAcrossBody,
    CommonAcrossModel,
    NodeAskedModel,
    ProofModel,
    RecallAcrossBody,
    RecallAcrossModel,
    RelationAcrossBody,
    RelationAcrossModel,
    TraceAcrossBody,
    TraceAcrossModel,
)
from idis.resolver.web.v1.operation import Call, Needs, Nothing, Operation, Reply
from idis.resolver.web.v1.reading import Unfit, read_time
from idis.resolver.web.v1.trace_views import common_view, recall_view, relation_view, trace_view

GROUP = "trace 质量追溯"


@dataclass(slots=True)
class _Errand:
    """One question on its way through the nodes."""

    face: Face
    question: Question
    asked: dict[str, NodeAskedModel]

    @property
    def now_ms(self) -> int:
        """Unix time in milliseconds."""
        return int(self.face.service.clock.time() * 1_000)

    @property
    def ticks(self) -> int:
        """The clock of the budget, in milliseconds."""
        return int(self.face.service.clock.monotonic() * 1_000)

    def names(self, texts: Iterable[str]) -> tuple[str, ...]:
        """The one spelling of things; raises IdentifierError."""
        with self.face.service.chain.store.read() as txn:
            return spelling_at(txn).names(texts)

    async def run(self, walk: Walk) -> None:
        """Take a walk to its end."""
        driver = Driver(self.question, self.face.neighbours, self.face.service.clock)
        await driver.run(walk)
        for prefix, noted in driver.asked.items():
            before = self.asked.get(prefix, NodeAskedModel(prefix, 0, 0))
            self.asked[prefix] = NodeAskedModel(prefix, before.times + noted.times, before.ms + round(noted.ms))

    @property
    def nodes(self) -> tuple[NodeAskedModel, ...]:
        """Who was asked, the slowest first."""
        return tuple(sorted(self.asked.values(), key=lambda one: -one.ms))


async def trace_across(call: Call[Nothing, TraceAcrossBody]) -> Reply | Refusal:
    """Where a thing comes from, or where it went."""
    body = call.body
    errand = _errand(call.face, body.proof)
    if isinstance(errand, Refusal):
        return errand
    (thing,) = errand.names((body.thing,))
    walk = Walk(
        [Start(thing)],
        body.direction,
        as_of_ms=_moment(body.as_of, "#/asOf"),
        known_ms=_known(errand, body.known_at),
        budget=Budget(depth=body.depth),
        now_ms=errand.ticks,
    )
    await errand.run(walk)
    return Reply(TraceAcrossModel(trace_view(trace_of(walk, thing)), errand.nodes))


async def recall_across(call: Call[Nothing, RecallAcrossBody]) -> Reply | Refusal:
    """What is affected when some things are not as they should be."""
    body = call.body
    errand = _errand(call.face, body.proof)
    if isinstance(errand, Refusal):
        return errand
    things = errand.names(start.thing for start in body.starts)
    starts = [
        Start(thing, BEGINNING_MS if start.since is None else read_time(start.since, "#/starts") * 1_000, part=start.part)
        for thing, start in zip(things, body.starts, strict=True)
    ]
    as_of_ms, known_ms = _moment(body.as_of, "#/asOf"), _known(errand, body.known_at)
    budget = Budget(depth=body.depth)
    walk = start_recall(starts, as_of_ms=as_of_ms, known_ms=known_ms, lots=body.lots, budget=budget, now_ms=errand.ticks)
    await errand.run(walk)
    found = recall_of(walk, starts, errand.now_ms if as_of_ms is None else as_of_ms, _finder(walk))
    hidden = sum(one.thing.startswith(PSEUDONYM) for one in found.affected)
    return Reply(RecallAcrossModel(recall_view(found), hidden, errand.nodes))


async def relate_across(call: Call[Nothing, RelationAcrossBody]) -> Reply | Refusal:
    """Was one thing in another."""
    body = call.body
    errand = _errand(call.face, body.proof)
    if isinstance(errand, Refusal):
        return errand
    part, whole = errand.names((body.part, body.whole))
    as_of_ms, known_ms = _moment(body.as_of, "#/asOf"), _known(errand, body.known_at)
    walk = start_relation(part, as_of_ms=as_of_ms, known_ms=known_ms, now_ms=errand.ticks)
    await errand.run(walk)
    return Reply(RelationAcrossModel(relation_view(relation_of(walk, part, whole)), errand.nodes))


async def find_common_across(call: Call[Nothing, CommonAcrossBody]) -> Reply | Refusal:
    """What failed things share."""
    body = call.body
    errand = _errand(call.face, body.proof)
    if isinstance(errand, Refusal):
        return errand
    failed = tuple(dict.fromkeys(errand.names(body.failed)))
    if len(failed) < 2:
        raise Unfit("#/failed", "these are all the same thing")
    walks: dict[str, Walk] = {}
    known_ms, as_of_ms = _known(errand, body.known_at), _moment(body.as_of, "#/asOf")
    for thing in failed:
        walks[thing] = Walk([Start(thing)], Direction.BACK, as_of_ms=as_of_ms, known_ms=known_ms, now_ms=errand.ticks)
        await errand.run(walks[thing])
    with call.face.service.chain.store.read() as txn:
        return Reply(CommonAcrossModel(common_view(common_of(txn, walks, failed, ())), errand.nodes))


def _errand(face: Face, proof: ProofModel) -> _Errand | Refusal:
    """The question of a pass. Whether its signature is right, the nodes find out that have the answer."""
    octets = proof.passport.encode("ascii")
    trace_id = bytes.fromhex(proof.trace)
    try:
        shown = decode_pass(octets)
    except ProtocolError:
        return Refusal(ResponseCode.INVALID_VALUE, "the pass cannot be read")
    if shown.audience != trace_audience(trace_id, proof.purpose) or not shown.current(int(face.service.clock.time())):
        return Refusal(ResponseCode.AUTHENTICATION_FAILED, "the pass is for another question, or not good now: make one for this")
    return _Errand(face, Question(trace_id, proof.purpose, octets, own=_own(shown.identity)), {})


def _own(identity: str) -> str:
    try:
        return own_prefix(parse_identity(identity))
    except IdentifierError:
        return ""


def _finder(walk: Walk) -> Finder:
    """Who holds a thing, as far as the edges tell: its home, or the contact of a pseudonym."""

    def find(things: Mapping[str, Sequence[Edge]]) -> Mapping[str, Whereabouts]:
        return {thing: Whereabouts(holder=_holder(walk, thing)) for thing in things}

    return find


def _holder(walk: Walk, thing: str) -> str:
    if home := home_of(thing):
        return home
    edge = walk.best(thing).edge
    return "" if edge is None else edge.holder


def _moment(text: str | None, pointer: str) -> int | None:
    """The last millisecond of the second that was named."""
    return None if text is None else read_time(text, pointer) * 1_000 + 999


def _known(errand: _Errand, text: str | None) -> int:
    """One moment of knowledge for all nodes, fixed when the question comes."""
    known = _moment(text, "#/knownAt")
    return errand.now_ms if known is None else known


_MAY = "whoever signs the pass; each node shows what is for him: all, neighbours by name, or only how much a recall affects"

_ANSWERED = ((200, "the answer, with a tombstone for every branch that could not be followed"),)

OPERATIONS = (
    Operation(
        name="traceAcross",
        method="POST",
        path="/trace/across",
        group=GROUP,
        summary=("where a thing comes from, where it went, over the nodes of all enterprises", "跨企业追溯"),
        detail="As 'trace', from node to node. A name that begins with ~ stands for a thing that is not shown.",
        may=_MAY,
        answer=trace_across,
        parameters=Nothing,
        request=TraceAcrossBody,
        asks=True,
        response=TraceAcrossModel,
        successes=_ANSWERED,
        needs=Needs.OPTIONAL,
        action=Action.READ,
    ),
    Operation(
        name="recallAcross",
        method="POST",
        path="/trace/across/recall",
        group=GROUP,
        summary=("what is affected by a recall, over the nodes of all enterprises", "跨企业召回"),
        detail="As 'recall', from node to node: counts are right although names may be hidden.",
        may=_MAY,
        answer=recall_across,
        parameters=Nothing,
        request=RecallAcrossBody,
        asks=True,
        response=RecallAcrossModel,
        successes=_ANSWERED,
        needs=Needs.OPTIONAL,
        action=Action.READ,
    ),
    Operation(
        name="relateAcross",
        method="POST",
        path="/trace/across/relation",
        group=GROUP,
        summary=("was one thing in another, over the nodes of all enterprises", "跨企业关系查询"),
        detail="As 'traceRelation', from node to node.",
        may=_MAY,
        answer=relate_across,
        parameters=Nothing,
        request=RelationAcrossBody,
        asks=True,
        response=RelationAcrossModel,
        successes=_ANSWERED,
        needs=Needs.OPTIONAL,
        action=Action.READ,
    ),
    Operation(
        name="findCommonCausesAcross",
        method="POST",
        path="/trace/across/common",
        group=GROUP,
        summary=("what failed things share, over the nodes of all enterprises", "跨企业共因分析"),
        detail="As 'findCommonCauses', from node to node, without a comparison population.",
        may=_MAY,
        answer=find_common_across,
        parameters=Nothing,
        request=CommonAcrossBody,
        asks=True,
        response=CommonAcrossModel,
        successes=_ANSWERED,
        needs=Needs.OPTIONAL,
        action=Action.READ,
    ),
)
