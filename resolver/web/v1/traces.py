"""Questions about genealogies (`/trace`)."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from idis.proto.identifier import fold
from idis.registry.caller import Action
from idis.registry.registration.checks import Refusal
from idis.registry.store.keys import prefix_bounds
from idis.registry.trace.common import common_of
from idis.registry.trace.expanding import BEGINNING_MS, Direction
from idis.registry.trace.export import CONTENT_TYPES, export
from idis.registry.trace.gaps import gaps, quality
from idis.registry.trace.recall import Recall, recall_of, start_recall
from idis.registry.trace.records import spelling_at
from idis.registry.trace.relation import relation_of, start_relation
from idis.registry.trace.siblings import siblings
from idis.registry.trace.stop_ship import check
from idis.registry.trace.timeline import timeline
from idis.registry.trace.tracing import trace_of
from idis.registry.trace.walking import Budget, Start, Walk
from idis.resolver.web.v1.cursor import make_cursor, read_cursor
from idis.resolver.web.v1.operation import Call, Lines, Nothing, Operation, Reply
from idis.resolver.web.v1.reading import Unfit, read_time
from idis.resolver.web.v1.trace_model import (
    CheckBody,
    CommonBody,
    CommonModel,
    CountModel,
    ExportParameters,
    GapsModel,
    QualityModel,
    QualityParameters,
    RecallBody,
    RecallModel,
    RelationModel,
    RelationParameters,
    SiblingsModel,
    SiblingsParameters,
    ThingParameters,
    TimelineModel,
    TimelineParameters,
    TraceModel,
    TraceParameters,
    VerdictsModel,
)
from idis.resolver.web.v1.trace_scope import admit, now_ms, walk_on
from idis.resolver.web.v1.trace_views import (
    common_view,
    gaps_view,
    recall_view,
    relation_view,
    siblings_view,
    timeline_view,
    trace_view,
    verdict_view,
)

GROUP = "trace 质量追溯"
FILE_BYTES_AT_ONCE = 65_536  # of an export, sent between two turns of the loop


async def get_trace(call: Call[TraceParameters, None]) -> Reply | Refusal:
    """Where a thing comes from, or where it went."""
    asked = call.parameters
    admitted = await admit(call, (asked.thing,))
    if isinstance(admitted, Refusal):
        return admitted
    scope, (thing,) = admitted
    walk = Walk(
        [Start(thing)],
        asked.direction,
        as_of_ms=_moment(asked.as_of, "asOf"),
        known_ms=_known(call, asked.known_at),
        budget=Budget(depth=asked.depth),
        now_ms=_ticks(call),
    )
    await walk_on(call, walk, scope)
    return Reply(trace_view(trace_of(walk, thing)))


async def recall(call: Call[Nothing, RecallBody]) -> Reply | Refusal:
    """What is affected when some things are not as they should be."""
    answer = await _recall(call)
    return answer if isinstance(answer, Refusal) else Reply(recall_view(answer))


async def export_recall(call: Call[ExportParameters, RecallBody]) -> Lines | Refusal:
    """The same as a file, one row for each affected thing."""
    answer = await _recall(call)
    if isinstance(answer, Refusal):
        return answer
    form = call.parameters.form
    out = io.BytesIO()
    await asyncio.to_thread(export, answer, form, out)
    return Lines(_pieces(out.getvalue()), CONTENT_TYPES[form])


async def get_relation(call: Call[RelationParameters, None]) -> Reply | Refusal:
    """Was one thing in another."""
    asked = call.parameters
    admitted = await admit(call, (asked.part, asked.whole))
    if isinstance(admitted, Refusal):
        return admitted
    scope, (part, whole) = admitted
    walk = start_relation(part, as_of_ms=_moment(asked.as_of, "asOf"), known_ms=_known(call, asked.known_at), now_ms=_ticks(call))
    await walk_on(call, walk, scope)
    return Reply(relation_view(relation_of(walk, part, whole)))


async def find_common(call: Call[Nothing, CommonBody]) -> Reply | Refusal:
    """What failed things share."""
    body = call.body
    admitted = await admit(call, (*body.failed, *body.population))
    if isinstance(admitted, Refusal):
        return admitted
    scope, things = admitted
    failed = tuple(dict.fromkeys(things[: len(body.failed)]))
    population = tuple(dict.fromkeys(things[len(body.failed) :]))
    if len(failed) < 2:
        raise Unfit("#/failed", "these are all the same thing")
    walks: dict[str, Walk] = {}
    known_ms, as_of_ms = _known(call, body.known_at), _moment(body.as_of, "#/asOf")
    for thing in (*failed, *population):
        if thing not in walks:
            walk = walks[thing] = Walk([Start(thing)], Direction.BACK, as_of_ms=as_of_ms, known_ms=known_ms, now_ms=_ticks(call))
            await walk_on(call, walk, scope)
    with call.face.service.chain.store.read() as txn:
        return Reply(common_view(common_of(txn, walks, failed, population)))


async def get_siblings(call: Call[SiblingsParameters, None]) -> Reply | Refusal:
    """What shares something with a thing."""
    admitted = await admit(call, (call.parameters.thing,))
    if isinstance(admitted, Refusal):
        return admitted
    scope, (thing,) = admitted
    with call.face.service.chain.store.read() as txn:
        found = siblings(txn, thing, call.parameters.by, at_ms=now_ms(call))
        own = tuple(one for one in found.siblings if scope.owns(txn, one.thing))
    return Reply(siblings_view(replace(found, siblings=own, complete=found.complete and len(own) == len(found.siblings))))


async def get_gaps(call: Call[ThingParameters, None]) -> Reply | Refusal:
    """What is missing or does not fit in what is known of a thing."""
    admitted = await admit(call, (call.parameters.thing,))
    if isinstance(admitted, Refusal):
        return admitted
    _, (thing,) = admitted
    with call.face.service.chain.store.read() as txn:
        return Reply(gaps_view(thing, gaps(txn, thing, spelling_at(txn), at_ms=now_ms(call))))


async def get_quality(call: Call[QualityParameters, None]) -> Reply | Refusal:
    """How complete the genealogies of a prefix are, page by page."""
    prefix = fold(call.parameters.prefix)
    subject = f"quality {prefix}"
    after = read_cursor(subject, call.parameters.cursor)
    low, high = prefix_bounds(prefix)
    if after is not None and not low <= after < high:
        raise Unfit("cursor", "this is no cursor of this list")
    admitted = await admit(call, (prefix,))
    if isinstance(admitted, Refusal):
        return admitted
    with call.face.service.chain.store.read() as txn:
        found = quality(txn, prefix, spelling_at(txn), at_ms=now_ms(call), after=after)
    cursor = None if found.after is None else make_cursor(subject, found.after)
    return Reply(QualityModel(found.things, found.flawless, tuple(CountModel(*gap) for gap in found.gaps), cursor))


async def get_timeline(call: Call[TimelineParameters, None]) -> Reply | Refusal:
    """All that happened to a thing."""
    asked = call.parameters
    admitted = await admit(call, (asked.thing,))
    if isinstance(admitted, Refusal):
        return admitted
    _, (thing,) = admitted
    until_ms = _moment(asked.until, "until")
    with call.face.service.chain.store.read() as txn:
        return Reply(timeline_view(timeline(txn, thing, until_ms=until_ms, known_ms=_moment(asked.known_at, "knownAt"))))


async def check_things(call: Call[Nothing, CheckBody]) -> Reply | Refusal:
    """May these things pass here."""
    admitted = await admit(call, call.body.things)
    if isinstance(admitted, Refusal):
        return admitted
    scope, things = admitted
    verdicts = []
    for thing in things:
        with call.face.service.chain.store.read() as txn:
            point = call.body.read_point
            read_point = "" if point is None else spelling_at(txn).name(point)
            found = check(txn, thing, at_ms=now_ms(call), read_point=read_point)
            # A flag of something that is not the asker's counts; which thing it is, is not told.
            reasons = tuple(one if scope.owns(txn, one.thing) else replace(one, thing="") for one in found.reasons)
        verdicts.append(verdict_view(replace(found, reasons=reasons)))
        await asyncio.sleep(0)  # others have their turn
    return Reply(VerdictsModel(tuple(verdicts)))


async def _recall(call: Call[Any, RecallBody]) -> Recall | Refusal:
    body = call.body
    admitted = await admit(call, (start.thing for start in body.starts))
    if isinstance(admitted, Refusal):
        return admitted
    scope, things = admitted
    starts = [
        Start(thing, BEGINNING_MS if start.since is None else read_time(start.since, "#/starts") * 1_000, part=start.part)
        for thing, start in zip(things, body.starts, strict=True)
    ]
    as_of_ms, known_ms = _moment(body.as_of, "#/asOf"), _known(call, body.known_at)
    walk = start_recall(starts, as_of_ms=as_of_ms, known_ms=known_ms, lots=body.lots, now_ms=_ticks(call))
    await walk_on(call, walk, scope)
    at_ms = now_ms(call) if as_of_ms is None else as_of_ms
    with call.face.service.chain.store.read() as txn:
        return recall_of(walk, starts, at_ms, scope.finder(txn, at_ms, known_ms))


def _moment(text: str | None, pointer: str) -> int | None:
    """The last millisecond of the second that was named."""
    return None if text is None else read_time(text, pointer) * 1_000 + 999


def _known(call: Call[Any, Any], text: str | None) -> int:
    """What is believed is fixed when the question comes, whatever is written while it is answered."""
    known = _moment(text, "knownAt")
    return now_ms(call) if known is None else known


def _ticks(call: Call[Any, Any]) -> int:
    return int(call.face.service.clock.monotonic() * 1_000)


async def _pieces(octets: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(octets), FILE_BYTES_AT_ONCE):
        yield octets[at : at + FILE_BYTES_AT_ONCE]


_MAY = "list or read below the prefix of every thing asked about; others' part is shown one step far"

OPERATIONS = (
    Operation(
        name="trace",
        method="GET",
        path="/trace",
        group=GROUP,
        summary=("where a thing comes from, where it went", "追溯"),
        detail="Every thing once, nearest first. What could not be followed is a tombstone, and 'complete' is then false.",
        may=_MAY,
        answer=get_trace,
        parameters=TraceParameters,
        response=TraceModel,
        successes=((200, "the trace"),),
        action=Action.READ,
    ),
    Operation(
        name="recall",
        method="POST",
        path="/trace/recall",
        group=GROUP,
        summary=("what is affected by a recall", "召回范围"),
        detail="Finished things with who holds them and where, certain apart from possible, current apart from former.",
        may=_MAY,
        answer=recall,
        parameters=Nothing,
        request=RecallBody,
        asks=True,
        response=RecallModel,
        successes=((200, "the impact"),),
        action=Action.READ,
    ),
    Operation(
        name="exportRecall",
        method="POST",
        path="/trace/recall/export",
        group=GROUP,
        summary=("the same as a file", "导出召回清单"),
        detail="CSV, XLSX or JSON lines by 'form'; the last row says whether the list is complete.",
        may=_MAY,
        answer=export_recall,
        parameters=ExportParameters,
        request=RecallBody,
        asks=True,
        response=Lines,
        content_types=tuple(content_type.partition(";")[0] for content_type in CONTENT_TYPES.values()),
        successes=((200, "the file"),),
        action=Action.READ,
    ),
    Operation(
        name="traceRelation",
        method="GET",
        path="/trace/relation",
        group=GROUP,
        summary=("was one thing in another", "关系查询"),
        may=_MAY,
        answer=get_relation,
        parameters=RelationParameters,
        response=RelationModel,
        successes=((200, "yes or no, and when"),),
        action=Action.READ,
    ),
    Operation(
        name="findCommonCauses",
        method="POST",
        path="/trace/common",
        group=GROUP,
        summary=("what failed things share", "共因分析"),
        detail="Ranked by how many failures a cause covers against how many of the comparison population.",
        may=_MAY,
        answer=find_common,
        parameters=Nothing,
        request=CommonBody,
        asks=True,
        response=CommonModel,
        successes=((200, "the causes"),),
        action=Action.READ,
    ),
    Operation(
        name="listSiblings",
        method="GET",
        path="/trace/siblings",
        group=GROUP,
        summary=("what shares something with a thing", "同批同工位查询"),
        may=_MAY,
        answer=get_siblings,
        parameters=SiblingsParameters,
        response=SiblingsModel,
        successes=((200, "the things"),),
        action=Action.READ,
    ),
    Operation(
        name="listGaps",
        method="GET",
        path="/trace/gaps",
        group=GROUP,
        summary=("what is missing in what is known of a thing", "缺口检查"),
        may=_MAY,
        answer=get_gaps,
        parameters=ThingParameters,
        response=GapsModel,
        successes=((200, "the gaps"),),
        action=Action.READ,
    ),
    Operation(
        name="getQuality",
        method="GET",
        path="/trace/quality",
        group=GROUP,
        summary=("how complete the genealogies of a prefix are", "追溯质量"),
        may=_MAY,
        answer=get_quality,
        parameters=QualityParameters,
        response=QualityModel,
        successes=((200, "one page"),),
        action=Action.READ,
    ),
    Operation(
        name="getTimeline",
        method="GET",
        path="/trace/timeline",
        group=GROUP,
        summary=("all that happened to a thing", "全生命周期"),
        may=_MAY,
        answer=get_timeline,
        parameters=TimelineParameters,
        response=TimelineModel,
        successes=((200, "the time line"),),
        action=Action.READ,
    ),
    Operation(
        name="checkThings",
        method="POST",
        path="/trace/check",
        group=GROUP,
        summary=("may these things pass here", "放行检查"),
        may=_MAY,
        answer=check_things,
        parameters=Nothing,
        request=CheckBody,
        asks=True,
        response=VerdictsModel,
        successes=((200, "a verdict for each"),),
        action=Action.READ,
    ),
)
