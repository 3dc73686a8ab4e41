"""Questions over many nodes that take their time, and going on with those that missed something (`/trace/across/jobs`).

A job outlives its request, within wider bounds; whoever asked looks at it by its name, and hands in a fresh pass every
minute. What is missing at its end, or at that of any answer, is asked for again by a fresh pass, and nothing else. A job is
written down before it is taken on, and so is its answer: after a restart the answer is there, or a fresh pass has it asked anew.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable
from typing import cast

from idis.proto.codes import ResponseCode
from idis.registry.caller import Action
from idis.registry.registration.checks import Refusal
from idis.registry.trace.expanding import Direction
from idis.registry.trace.walking import TRACE_EDGES, TRACE_MS, TRACE_NODES, Budget
from idis.resolver.admin.passes import read_pass
from idis.resolver.log import note
from idis.resolver.trace.errands import JOB_EDGES, JOB_MS, JOB_NODES, KEPT_S, Kept, State
from idis.resolver.trace.job_files import JOB_KEPT_S, Asked
from idis.resolver.web.face import Face
from idis.resolver.web.v1.across import GROUP, MAY, beside, evidence_of, hidden_in, nodes_of
from idis.resolver.web.v1.across_model import (
    FAILED_ACROSS_MAX,
    CommonAcrossBody,
    RecallAcrossBody,
    RelationAcrossBody,
    TraceAcrossBody,
)
from idis.resolver.web.v1.across_plans import Plan, Planner, Shown, show_pass
from idis.resolver.web.v1.common_model import Done
from idis.resolver.web.v1.openapi import BASE_PATH
from idis.resolver.web.v1.operation import Call, JsonText, Needs, Nothing, Operation, Reply
from idis.resolver.web.v1.reading import Unfit, read_model
from idis.resolver.web.v1.showing import iso_time, show
from idis.resolver.web.v1.trace_job_model import AgainBody, JobBody, JobModel, JobParameters, JobPath, Kind
from idis.resolver.web.v1.trace_model import CommonModel, RecallModel, RelationModel, TraceModel

_WIDE = Budget(edges=JOB_EDGES, ms=JOB_MS, nodes=JOB_NODES)
_DIRECTIONS = {Kind.BACK: Direction.BACK, Kind.FORWARD: Direction.FORWARD}
_COUNTS = {Kind.BACK: (1, 1), Kind.FORWARD: (1, 1), Kind.RELATION: (2, 2), Kind.COMMON: (2, FAILED_ACROSS_MAX)}


async def start_job(call: Call[Nothing, JobBody]) -> Reply | Refusal:
    """Ask a question that may take its time."""
    face, body = call.face, call.body
    shown = await _proved(face, show_pass(body.proof, call.now), call.now)
    if isinstance(shown, Refusal):
        return shown
    if (busy := face.errands.refuse(shown.identity)) is not None:
        return busy
    plan = _plan(Planner(face, shown, budget=_WIDE, patient=True, signed=body.signed), body)
    kept = face.errands.keep(plan.kind, plan.identity, plan.errand, plan.view, face.service.clock)
    document = cast(dict[str, object], show(body))
    del document["proof"]
    asked = Asked(plan.kind, plan.identity, body.proof.trace, body.proof.purpose, json.dumps(document))
    try:
        await asyncio.to_thread(face.job_files.put_question, kept.job, asked)
    except OSError as error:
        note(logging.WARNING, "a question is not written down", error=str(error))
    _run(face, kept, plan.errand.run())
    return Reply(_model(face, kept), 202, location=f"{BASE_PATH}/trace/across/jobs/{kept.job}")


async def get_job(call: Call[JobParameters, None]) -> Reply | Refusal:
    """How it stands with a question."""
    kept = call.face.errands.find(call.parameters.job, call.face.service.clock)
    if isinstance(kept, Refusal):
        return await asyncio.to_thread(_written, call.face, call.parameters.job) or kept
    await _wait(kept, call.parameters.wait_ms)
    return await beside(lambda: _model(call.face, kept), kept.errand.edges)


async def go_on(call: Call[JobParameters, AgainBody]) -> Reply | Refusal:
    """A fresh pass: for a question that runs, or to ask again for what is missing."""
    face, clock = call.face, call.face.service.clock
    kept = face.errands.find(call.parameters.job, clock)
    asked = await asyncio.to_thread(face.job_files.question, call.parameters.job) if isinstance(kept, Refusal) else None
    if isinstance(kept, Refusal) and asked is None:
        return kept
    shown = await _proved(face, show_pass(call.body.proof, call.now), call.now)
    if isinstance(shown, Refusal):
        return shown
    if isinstance(kept, Refusal):
        assert asked is not None, "there is one of the two"
        return await _ask_anew(face, shown, call.parameters, asked, call.body)
    question = kept.errand.question
    if (shown.identity, shown.question.trace_id, shown.question.purpose) != (kept.identity, question.trace_id, question.purpose):
        return _NOT_THIS
    kept.errand.passport.renew(shown.question.proof, shown.expires)
    if kept.state is not State.RUNNING and not kept.errand.complete:
        if (busy := face.errands.refuse(shown.identity)) is not None:
            return busy
        patient = kept.errand.patient
        edges, ms, nodes = (JOB_EDGES, JOB_MS, JOB_NODES) if patient else (TRACE_EDGES, TRACE_MS, TRACE_NODES)
        _run(face, kept, kept.errand.retry(shown.question, edges=edges, ms=ms, nodes=nodes))
    await _wait(kept, call.parameters.wait_ms)
    return await beside(lambda: _model(face, kept), kept.errand.edges)


async def end_job(call: Call[JobPath, None]) -> Reply | Refusal:
    """End a question, and forget what it found."""
    job, files = call.parameters.job, call.face.job_files
    kept = call.face.errands.find(job, call.face.service.clock)
    if isinstance(kept, Refusal):
        if await asyncio.to_thread(files.question, job) is None:
            return kept
    else:
        await call.face.errands.drop(kept)
    await asyncio.to_thread(files.drop, job)
    return Reply(Done(True))


def _run(face: Face, kept: Kept, work: Awaitable[None]) -> None:
    """Let a question run, and write its answer down where the question is."""

    async def write_down(kept: Kept) -> None:
        try:
            await asyncio.to_thread(lambda: face.job_files.put_answer(kept.job, json.dumps(show(_model(face, kept)))))
        except OSError as error:
            note(logging.WARNING, "an answer is not written down", error=str(error))

    face.errands.run(kept, work, face.service.clock, write_down if kept.errand.patient else None)


def _written(face: Face, job: str) -> Reply | None:
    """What is written down of a question that is in nobody's memory."""
    files = face.job_files
    if (text := files.answer(job)) is not None:
        return Reply(JsonText(text))
    asked = files.question(job)
    if asked is None:
        return None
    until = iso_time(int(files.until(job)))
    return Reply(JobModel(job, asked.kind, asked.purpose, State.INTERRUPTED, True, 0, 0, 0, (), until, None))


async def _ask_anew(face: Face, shown: Shown, parameters: JobParameters, asked: Asked, again: AgainBody) -> Reply | Refusal:
    """Ask a question that was written down, under its name, unless its answer is there and misses nothing."""
    if (shown.identity, shown.question.trace_id.hex(), shown.question.purpose) != (asked.identity, asked.trace, asked.purpose):
        return _NOT_THIS
    text = await asyncio.to_thread(face.job_files.answer, parameters.job)
    if text is not None and json.loads(text)["complete"]:
        return Reply(JsonText(text))
    if (busy := face.errands.refuse(shown.identity)) is not None:
        return busy
    body = read_model(JobBody, json.loads(asked.body) | {"proof": show(again.proof)})
    plan = _plan(Planner(face, shown, budget=_WIDE, patient=True, signed=body.signed), body)
    kept = face.errands.keep(plan.kind, plan.identity, plan.errand, plan.view, face.service.clock, job=parameters.job)
    _run(face, kept, plan.errand.run())
    await _wait(kept, parameters.wait_ms)
    return await beside(lambda: _model(face, kept), kept.errand.edges)


async def _proved(face: Face, shown: Shown | Refusal, now: int) -> Shown | Refusal:
    """A pass whose signature is right: what outlives a request is for people who can be named."""
    if isinstance(shown, Refusal):
        return shown
    read = read_pass(shown.question.proof, lambda _audience: "", now)
    signer = read if isinstance(read, Refusal) else await read.signer(face.verifier)
    return signer if isinstance(signer, Refusal) else shown


def _plan(planner: Planner, body: JobBody) -> Plan:
    least, most = _COUNTS.get(body.question, (1, len(body.things)))
    if not least <= len(body.things) <= most:
        raise Unfit("#/things", f"{body.question.value} is asked of {least if least == most else f'{least} to {most}'} things")
    first, *others = (start.thing for start in body.things)
    proof, depth, as_of, known_at = body.proof, body.depth, body.as_of, body.known_at
    match body.question:
        case Kind.RECALL:
            return planner.recall(RecallAcrossBody(proof, body.things, depth, as_of, known_at, body.lots))
        case Kind.RELATION:
            return planner.relation(RelationAcrossBody(proof, first, others[0], as_of, known_at))
        case Kind.COMMON:
            return planner.common(CommonAcrossBody(proof, (first, *others), as_of, known_at))
        case kind:
            return planner.trace(TraceAcrossBody(proof, first, _DIRECTIONS[kind], depth, as_of, known_at))


async def _wait(kept: Kept, wait_ms: int) -> None:
    if kept.state is State.RUNNING and wait_ms:
        try:
            async with asyncio.timeout(wait_ms / 1_000):
                await kept.over.wait()
        except TimeoutError:
            pass


def _model(face: Face, kept: Kept) -> JobModel:
    errand, clock = kept.errand, face.service.clock
    running = kept.state is State.RUNNING
    found = kept.view() if kept.state is State.DONE else None
    return JobModel(
        kept.job,
        kept.kind,
        errand.question.purpose,
        kept.state,
        errand.passport.waits,
        round(1_000 * (kept.running_s + (clock.monotonic() - kept.since if running else 0.0))),
        errand.edges,
        errand.things,
        nodes_of(errand),
        iso_time(int(kept.touched + (JOB_KEPT_S if errand.patient else KEPT_S))),
        None if running else errand.complete,
        found if isinstance(found, TraceModel) else None,
        found if isinstance(found, RecallModel) else None,
        hidden_in(found) if isinstance(found, RecallModel) else 0,
        found if isinstance(found, RelationModel) else None,
        found if isinstance(found, CommonModel) else None,
        () if running else evidence_of(errand),
    )


_GONE = (401, 404, 422)
_NOT_THIS = Refusal(ResponseCode.AUTHENTICATION_FAILED, "this pass is for another question, or another's: make one for this")

OPERATIONS = (
    Operation(
        name="startTraceJob",
        method="POST",
        path="/trace/across/jobs",
        group=GROUP,
        summary=("a question over the nodes of all enterprises that may take its time", "跨企业追溯任务"),
        detail=f"Wider bounds than an answer at once: {JOB_EDGES:,} edges, {JOB_NODES} nodes, {JOB_MS // 60_000} minutes. "
        "Hand in a fresh pass every minute while it runs. It is kept for a day, beyond a restart of the node.",
        may=MAY,
        answer=start_job,
        parameters=Nothing,
        request=JobBody,
        asks=True,
        response=JobModel,
        successes=((202, "it runs"),),
        refusals=(401, 422, 503),
        needs=Needs.OPTIONAL,
        action=Action.READ,
    ),
    Operation(
        name="getTraceJob",
        method="GET",
        path="/trace/across/jobs/{job}",
        group=GROUP,
        summary=("how it stands with such a question, and its answer once it is over", "任务进度与结果"),
        may="whoever has its name",
        answer=get_job,
        parameters=JobParameters,
        response=JobModel,
        successes=((200, "how it stands"),),
        refusals=(404,),
        needs=Needs.OPTIONAL,
        action=Action.READ,
    ),
    Operation(
        name="continueTraceJob",
        method="POST",
        path="/trace/across/jobs/{job}",
        group=GROUP,
        summary=("a fresh pass for it; once it is over, ask again for what is missing and for nothing else", "续查断点"),
        detail="Also of any answer that was not complete, by its 'job'. The answer is merged with what was there; of a question "
        "that a restart of the node has interrupted, all is asked anew.",
        may="whoever asked it",
        answer=go_on,
        parameters=JobParameters,
        request=AgainBody,
        asks=True,
        response=JobModel,
        successes=((200, "how it stands"),),
        refusals=_GONE,
        needs=Needs.OPTIONAL,
        action=Action.READ,
    ),
    Operation(
        name="endTraceJob",
        method="DELETE",
        path="/trace/across/jobs/{job}",
        group=GROUP,
        summary=("end it, and forget what it found", "取消任务"),
        may="whoever has its name",
        answer=end_job,
        parameters=JobPath,
        asks=True,
        response=Done,
        successes=((200, "it is gone"),),
        refusals=(404,),
        needs=Needs.OPTIONAL,
        action=Action.READ,
    ),
)
