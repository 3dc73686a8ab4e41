"""Questions about genealogies over the nodes of many enterprises (`/trace/across`).

Whoever asks signs a pass for his question (`proto/reader_pass.py`). This node only carries it: each node that has a part of
the answer judges for itself what the signer may see. So any node can be asked, a recursive one as well as one's own. What
was missing can be asked for again, and nothing else (`trace_jobs.py`).
"""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import Callable
from typing import TypeVar, cast

from idis.proto.trace import PSEUDONYM
from idis.registry.caller import Action
from idis.registry.registration.checks import Refusal
from idis.resolver.trace.errand import Errand
from idis.resolver.web.face import Face
from idis.resolver.web.v1.across_model import (
    CommonAcrossBody,
    CommonAcrossModel,
    EvidenceModel,
    NodeAskedModel,
    RecallAcrossBody,
    RecallAcrossModel,
    RelationAcrossBody,
    RelationAcrossModel,
    TraceAcrossBody,
    TraceAcrossModel,
)
from idis.resolver.web.v1.across_plans import Plan, Planner, show_pass
from idis.resolver.web.v1.operation import Call, JsonText, Needs, Nothing, Operation, Reply
from idis.resolver.web.v1.showing import show
from idis.resolver.web.v1.trace_model import CommonModel, RecallModel, RelationModel, TraceModel

GROUP = "trace 质量追溯"
EDGES_AT_ONCE = 2_000  # told by the loop itself, in some 25 ms

B = TypeVar("B", TraceAcrossBody, RecallAcrossBody, RelationAcrossBody, CommonAcrossBody)


async def trace_across(call: Call[Nothing, TraceAcrossBody]) -> Reply | Refusal:
    """Where a thing comes from, or where it went."""
    return await _answer(call.face, call.body, Planner.trace)


async def recall_across(call: Call[Nothing, RecallAcrossBody]) -> Reply | Refusal:
    """What is affected when some things are not as they should be."""
    return await _answer(call.face, call.body, Planner.recall)


async def relate_across(call: Call[Nothing, RelationAcrossBody]) -> Reply | Refusal:
    """Was one thing in another."""
    return await _answer(call.face, call.body, Planner.relation)


async def find_common_across(call: Call[Nothing, CommonAcrossBody]) -> Reply | Refusal:
    """What failed things share."""
    return await _answer(call.face, call.body, Planner.common)


def nodes_of(errand: Errand) -> tuple[NodeAskedModel, ...]:
    """Who was asked, the slowest first."""
    return tuple(NodeAskedModel(noted.prefix, noted.times, round(noted.ms)) for noted in errand.asked)


def evidence_of(errand: Errand) -> tuple[EvidenceModel, ...]:
    """What nodes signed."""
    return tuple(
        EvidenceModel(one.prefix, one.server, *(b64encode(octets).decode() for octets in (one.key, one.request, one.response)))
        for one in errand.evidence
    )


def hidden_in(recall: RecallModel) -> int:
    """How many affected things are known by a pseudonym only."""
    return sum(one.thing.startswith(PSEUDONYM) for one in recall.affected)


async def beside(told: Callable[[], object], edges: int) -> Reply:
    """The reply of a model that is made of so many edges: of many, it is written beside the loop, which others wait for."""
    if edges <= EDGES_AT_ONCE:
        return Reply(told())
    return Reply(JsonText(await asyncio.to_thread(lambda: json.dumps(show(told()), ensure_ascii=False))))


async def _answer(face: Face, body: B, ready: Callable[[Planner, B], Plan]) -> Reply | Refusal:
    """Ask a question, and keep what it found where something is missing."""
    clock = face.service.clock
    shown = show_pass(body.proof, int(clock.time()))
    if isinstance(shown, Refusal):
        return shown
    plan = ready(Planner(face, shown, signed=body.signed), body)
    errand = plan.errand
    await errand.run()
    job = None if errand.complete else face.errands.keep(plan.kind, plan.identity, errand, plan.view, clock).job

    def told() -> object:
        nodes, evidence = nodes_of(errand), evidence_of(errand)
        match plan.view():
            case TraceModel() as trace:
                return TraceAcrossModel(trace, nodes, job, evidence)
            case RecallModel() as recall:
                return RecallAcrossModel(recall, hidden_in(recall), nodes, job, evidence)
            case RelationModel() as relation:
                return RelationAcrossModel(relation, nodes, job, evidence)
            case common:
                return CommonAcrossModel(cast(CommonModel, common), nodes, job, evidence)

    return await beside(told, errand.edges)


MAY = "whoever signs the pass; each node shows what is for him: all, neighbours by name, or only how much a recall affects"

_ANSWERED = ((200, "the answer, with a tombstone for every branch that could not be followed"),)

OPERATIONS = (
    Operation(
        name="traceAcross",
        method="POST",
        path="/trace/across",
        group=GROUP,
        summary=("where a thing comes from, where it went, over the nodes of all enterprises", "跨企业追溯"),
        detail="As 'trace', from node to node. A name that begins with ~ stands for a thing that is not shown.",
        may=MAY,
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
        may=MAY,
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
        may=MAY,
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
        may=MAY,
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
