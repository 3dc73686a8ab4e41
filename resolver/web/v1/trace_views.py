"""Answers about genealogies as models."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from idis.registry.trace.common import Common
from idis.registry.trace.edge import Edge
from idis.registry.trace.export import MOMENTS_KEPT, moment_text
from idis.registry.trace.gaps import Gap
from idis.registry.trace.recall import Affected, Recall
from idis.registry.trace.relation import Relation
from idis.registry.trace.siblings import Siblings
from idis.registry.trace.stop_ship import Check
from idis.registry.trace.timeline import Timeline
from idis.registry.trace.tracing import Extent, Line, Trace
from idis.registry.trace.walking import Visit
from idis.resolver.web.v1.trace_model import (
    AffectedModel,
    AmountModel,
    CauseModel,
    CommonModel,
    ConflictModel,
    CountModel,
    EdgeModel,
    ExtentModel,
    GapModel,
    GapsModel,
    HappeningModel,
    LineModel,
    ReasonModel,
    RecallModel,
    RelationModel,
    SiblingModel,
    SiblingsModel,
    StayModel,
    TimelineModel,
    TombstoneModel,
    TraceModel,
    VerdictModel,
)


def trace_view(trace: Trace) -> TraceModel:
    """A trace."""
    return TraceModel(
        trace.start,
        trace.direction,
        tuple(map(_line, trace.lines)),
        trace.certain,
        trace.possible,
        extent_view(trace.extent),
    )


def recall_view(recall: Recall) -> RecallModel:
    """The impact of a recall. A thousand paths share their first edges: each is told once."""
    paths = _Paths()
    affected = tuple([_affected(one, paths.of(one.visit)) for one in recall.affected])
    return RecallModel(
        affected,
        _edges(paths.edges),
        recall.between,
        recall.certain,
        recall.possible,
        recall.current,
        recall.former,
        tuple(CountModel(*holder) for holder in recall.holders),
        tuple(CountModel(*place) for place in recall.places),
        tuple(AmountModel(uom, str(quantity)) for uom, quantity in recall.quantities),
        recall.notify,
        extent_view(recall.extent),
    )


def relation_view(relation: Relation) -> RelationModel:
    """What a part has to do with a whole."""
    stays = tuple(
        StayModel(_moment(stay.from_ms), _moment(stay.to_ms), stay.certainty, stay.reasons, _edges(stay.path))
        for stay in relation.stays
    )
    return RelationModel(relation.holds, stays, extent_view(relation.extent))


def common_view(common: Common) -> CommonModel:
    """Causes."""
    causes = tuple(
        CauseModel(
            cause.kind,
            cause.name,
            cause.failed,
            cause.certain,
            cause.population,
            cause.uses,
            cause.depth,
            cause.examples,
        )
        for cause in common.causes
    )
    return CommonModel(causes, extent_view(common.extent))


def siblings_view(siblings: Siblings) -> SiblingsModel:
    """What shares something with a thing."""
    found = tuple(SiblingModel(one.thing, one.shared, one.where.holder, one.where.place) for one in siblings.siblings)
    return SiblingsModel(found, siblings.complete)


def gaps_view(thing: str, gaps: Iterable[Gap]) -> GapsModel:
    """All gaps of a thing."""
    return GapsModel(
        thing,
        tuple(
            GapModel(gap.rule, gap.other, None if gap.time_ms is None else _moment(gap.time_ms), gap.text, gap.advice)
            for gap in gaps
        ),
    )


def timeline_view(timeline: Timeline) -> TimelineModel:
    """A time line."""
    lines = tuple(
        HappeningModel(
            _moment(line.time_ms),
            line.thing,
            line.what,
            line.other,
            line.source,
            line.biz_step,
            line.disposition,
            line.holder,
            line.place,
            line.read_point,
        )
        for line in timeline.happenings
    )
    return TimelineModel(timeline.names, lines, timeline.complete)


def verdict_view(check: Check) -> VerdictModel:
    """What to do with a thing."""
    reasons = tuple(ReasonModel(reason.verdict, reason.thing, reason.text) for reason in check.reasons)
    return VerdictModel(check.thing, check.verdict, reasons, check.extent.complete)


def extent_view(extent: Extent) -> ExtentModel:
    """How far an answer reaches."""
    return ExtentModel(
        extent.complete,
        tuple(
            TombstoneModel(stone.thing, stone.prefix, stone.step, stone.message, stone.retriable) for stone in extent.tombstones
        ),
        extent.limits,
        extent.cycles,
        tuple(ConflictModel(one.rule, one.thing, _edges(one.claims)) for one in extent.conflicts),
        extent.edges_read,
        None if extent.as_of_ms is None else _moment(extent.as_of_ms),
        None if extent.known_ms is None else _moment(extent.known_ms),
    )


def edge_view(edge: Edge) -> EdgeModel:
    """One edge."""
    return EdgeModel(
        edge.kind,
        edge.child,
        edge.parent,
        _moment(edge.from_ms),
        _moment(edge.to_ms),
        None if edge.quantity is None else str(edge.quantity),
        edge.uom,
        edge.certainty,
        edge.reasons,
        edge.source,
        edge.holder,
    )


class _Paths:
    """The edges of many paths, each once, and the paths as places among them."""

    def __init__(self) -> None:
        self.edges: list[Edge] = []
        self._known: dict[Visit, tuple[int, ...]] = {}
        self._places: dict[int, int] = {}

    def of(self, visit: Visit) -> tuple[int, ...]:
        """The edges from a start to a visit."""
        way = []
        known: tuple[int, ...] | None = None
        while (known := self._known.get(visit)) is None and visit.previous is not None:
            way.append(visit)
            visit = visit.previous
        path = known or ()
        for step in reversed(way):
            edge = step.edge
            assert edge is not None, "whatever is behind something was reached over an edge"
            at = self._places.setdefault(id(edge), len(self.edges))
            if at == len(self.edges):
                self.edges.append(edge)
            path = self._known[step] = (*path, at)
        return path


def _line(line: Line) -> LineModel:
    return LineModel(
        line.thing,
        line.depth,
        line.certainty,
        line.reasons,
        _moment(line.from_ms),
        _moment(line.to_ms),
        line.beside,
        None if line.via is None else edge_view(line.via),
    )


def _affected(one: Affected, path: tuple[int, ...]) -> AffectedModel:
    where = one.where
    return AffectedModel(
        one.thing,
        one.certainty,
        one.reasons,
        one.current,
        _moment(one.from_ms),
        _moment(one.to_ms),
        where.holder,
        where.place,
        where.container,
        None if where.quantity is None else str(where.quantity),
        where.uom,
        path,
    )


def _edges(path: Iterable[Edge]) -> tuple[EdgeModel, ...]:
    return tuple(map(edge_view, path))


@lru_cache(MOMENTS_KEPT)
def _moment(time_ms: int) -> str | None:
    return moment_text(time_ms) or None
