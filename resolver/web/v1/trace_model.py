"""What is asked and answered about genealogies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from idis.proto.identifier import PREFIX_BYTES_MAX
from idis.registry.trace.common import FAILED_MAX, FAILED_MIN
from idis.registry.trace.edge import Certainty, EdgeKind
from idis.registry.trace.expanding import Direction, Step
from idis.registry.trace.export import Form
from idis.registry.trace.siblings import By
from idis.registry.trace.stop_ship import Verdict
from idis.registry.trace.walking import TRACE_DEPTH
from idis.resolver.web.v1.common_model import CURSOR, PREFIX_PATTERN
from idis.resolver.web.v1.field import Field

THING_CHARACTERS_MAX = 600  # a request line holds 8,190 octets
THINGS_MAX = 500  # in one body
COMPARED_MAX = 2_000  # things of a comparison population, in one body

_THING_PATTERN = r"[^\u0000-\u001f\u007f-\u009f]+"

THING = Field(
    "an identifier or a URI of a thing", "标识", 1, THING_CHARACTERS_MAX, _THING_PATTERN, example="88.118.8/BLOCK.H2588-B102"
)
OTHER = Field("another thing", "另一标识", 0, example="88.118.8/SHIP.H2588")
AS_OF = Field("the moment it is about; what later moments brought does not count", "事件时间", form="date-time", name="asOf")
KNOWN_AT = Field("what this node believed then", "记录时间", form="date-time", name="knownAt")
LOTS = Field("what was made from the lot of a bad item may be affected too", "按批")
COUNT = Field("how many", "数量", 0)
MOMENT = Field("a time; null where it is open or unknown", "时间", form="date-time")
CERTAINTY = Field("whether that is beyond doubt", "确定性")
REASONS = Field("what makes it possible only", "原因")


@dataclass(frozen=True, slots=True)
class TraceParameters:
    """Which thing to trace, and how far."""

    thing: Annotated[str, THING]
    direction: Annotated[Direction, Field("back to where it came from, or forward to where it went", "方向")] = Direction.BACK
    depth: Annotated[int, Field("how many edges from the thing", "深度", 1, TRACE_DEPTH)] = TRACE_DEPTH
    as_of: Annotated[str | None, AS_OF] = None
    known_at: Annotated[str | None, KNOWN_AT] = None


@dataclass(frozen=True, slots=True)
class RelationParameters:
    """Which two things."""

    part: Annotated[str, THING]
    whole: Annotated[str, THING]
    as_of: Annotated[str | None, AS_OF] = None
    known_at: Annotated[str | None, KNOWN_AT] = None


@dataclass(frozen=True, slots=True)
class SiblingsParameters:
    """Of which thing, and what they share."""

    thing: Annotated[str, THING]
    by: Annotated[By, Field("what they share", "共同点")] = By.LOT


@dataclass(frozen=True, slots=True)
class ThingParameters:
    """Which thing."""

    thing: Annotated[str, THING]


@dataclass(frozen=True, slots=True)
class TimelineParameters:
    """Of which thing, until when."""

    thing: Annotated[str, THING]
    until: Annotated[str | None, Field("nothing later", "截止", form="date-time")] = None
    known_at: Annotated[str | None, KNOWN_AT] = None


@dataclass(frozen=True, slots=True)
class QualityParameters:
    """Of which prefix, and which page of its records."""

    prefix: Annotated[str, Field("a prefix", "标识前缀", 1, PREFIX_BYTES_MAX, PREFIX_PATTERN, example="88.118.8")]
    cursor: Annotated[str | None, CURSOR] = None


@dataclass(frozen=True, slots=True)
class ExportParameters:
    """As what."""

    form: Annotated[Form, Field("the form of the file", "格式")] = Form.CSV


@dataclass(frozen=True, slots=True)
class StartModel:
    """What is not as it should be."""

    thing: Annotated[str, THING]
    since: Annotated[str | None, Field("since when it is affected", "起始", form="date-time")] = None
    part: Annotated[bool, Field("only some of this lot: all that follows is possible only", "部分")] = False


@dataclass(frozen=True, slots=True)
class RecallBody:
    """What to recall."""

    starts: Annotated[tuple[StartModel, ...], Field("what is not as it should be", "召回对象", 1, THINGS_MAX)]
    as_of: Annotated[str | None, AS_OF] = None
    known_at: Annotated[str | None, KNOWN_AT] = None
    lots: Annotated[bool, LOTS] = True


@dataclass(frozen=True, slots=True)
class CommonBody:
    """What failed, and what did not."""

    failed: Annotated[
        tuple[Annotated[str, THING], ...],
        Field("things that failed", "失效件", FAILED_MIN, FAILED_MAX, example=("88.118.8/WELD.B102-1", "88.118.8/WELD.B103-7")),
    ]
    population: Annotated[
        tuple[Annotated[str, THING], ...], Field("things of the same kind that did not", "对照件", 0, COMPARED_MAX)
    ] = ()
    as_of: Annotated[str | None, AS_OF] = None
    known_at: Annotated[str | None, KNOWN_AT] = None


@dataclass(frozen=True, slots=True)
class CheckBody:
    """What is to pass, and where."""

    things: Annotated[
        tuple[Annotated[str, THING], ...], Field("things", "标识", 1, THINGS_MAX, example=("88.118.8/PLATE.24H0315-07",))
    ]
    read_point: Annotated[str | None, Field("where they are to pass", "读取点", 1, THING_CHARACTERS_MAX, name="readPoint")] = None


@dataclass(frozen=True, slots=True)
class EdgeModel:
    """One fact of genealogy, from the part to the whole or from the result to its source."""

    kind: Annotated[EdgeKind, Field("M member of, T made from, A part of, G packed in, X succeeds", "关系")]
    child: Annotated[str, Field("the part, content, result or successor", "子件")]
    parent: Annotated[str, Field("the whole, container, source or predecessor", "父件")]
    since: Annotated[str | None, MOMENT]
    until: Annotated[str | None, MOMENT]
    quantity: Annotated[str | None, Field("how much of the child; of what it was made from, how much went in", "数量")]
    uom: Annotated[str, Field("its unit, UN/ECE Recommendation 20; empty for pieces", "单位")]
    certainty: Annotated[Certainty, CERTAINTY]
    reasons: Annotated[tuple[str, ...], REASONS]
    source: Annotated[str, Field("the event, or the record, that says so", "来源")]
    holder: Annotated[str, Field("the prefix in whose name it was said", "所属前缀")]


@dataclass(frozen=True, slots=True)
class TombstoneModel:
    """A branch that could not be followed."""

    thing: Annotated[str, Field("where it ends", "标识")]
    prefix: Annotated[str, Field("of whoever would know more", "前缀")]
    step: Annotated[Step, Field("where the way ended", "步骤")]
    message: Annotated[str, Field("one sentence", "原因")]
    retriable: Annotated[bool, Field("whether asking again may help", "可重试")]


@dataclass(frozen=True, slots=True)
class ConflictModel:
    """What is claimed of one thing and cannot all be so: whatever hangs on it is possible only."""

    rule: Annotated[str, Field("why not, as gaps name it", "规则")]
    thing: Annotated[str, Field("the thing", "标识")]
    claims: Annotated[tuple[EdgeModel, ...], Field("what is claimed, by whom", "主张")]


@dataclass(frozen=True, slots=True)
class ExtentModel:
    """How far an answer reaches."""

    complete: Annotated[bool, Field("nothing is missing", "完整")]
    tombstones: Annotated[tuple[TombstoneModel, ...], Field("branches that could not be followed", "断点")]
    limits: Annotated[tuple[str, ...], Field("bounds that cut it", "限制")]
    cycles: Annotated[tuple[str, ...], Field("things that are their own origin, by rework or return", "循环")]
    conflicts: Annotated[tuple[ConflictModel, ...], Field("what is claimed and cannot all be so", "矛盾")]
    edges_read: Annotated[int, Field("what it cost", "读取边数", 0, name="edgesRead")]
    as_of: Annotated[str | None, AS_OF]
    known_at: Annotated[str | None, KNOWN_AT]


@dataclass(frozen=True, slots=True)
class LineModel:
    """A thing in a trace."""

    thing: Annotated[str, Field("the thing", "标识")]
    depth: Annotated[int, Field("edges from the start", "深度", 0)]
    certainty: Annotated[Certainty, CERTAINTY]
    reasons: Annotated[tuple[str, ...], REASONS]
    since: Annotated[str | None, MOMENT]
    until: Annotated[str | None, MOMENT]
    beside: Annotated[str, Field("the thing it was reached from", "上一标识")]
    edge: Annotated[EdgeModel | None, Field("over which edge; null for the start", "关系")]


@dataclass(frozen=True, slots=True)
class TraceModel:
    """A trace: every thing once, nearest first."""

    thing: Annotated[str, Field("the start, in the one spelling by which edges know it", "标识")]
    direction: Annotated[Direction, Field("which way", "方向")]
    lines: Annotated[tuple[LineModel, ...], Field("the things", "标识")]
    certain: Annotated[int, COUNT]
    possible: Annotated[int, COUNT]
    extent: Annotated[ExtentModel, Field("how far it reaches", "范围")]


@dataclass(frozen=True, slots=True)
class AffectedModel:
    """A thing that a recall reaches."""

    thing: Annotated[str, Field("the thing", "标识")]
    certainty: Annotated[Certainty, CERTAINTY]
    reasons: Annotated[tuple[str, ...], REASONS]
    current: Annotated[bool, Field("it is affected now; else it was", "当前")]
    since: Annotated[str | None, MOMENT]
    until: Annotated[str | None, MOMENT]
    holder: Annotated[str, Field("whom it belongs to by the last word; empty where nobody said", "持有方")]
    place: Annotated[str, Field("where it is; likewise", "地点")]
    container: Annotated[str, Field("the outermost container it is in", "容器")]
    quantity: Annotated[str | None, Field("how much, where it is so much of a lot", "数量")]
    uom: Annotated[str, Field("its unit", "单位")]
    path: Annotated[
        tuple[Annotated[int, Field("a place among 'edges', from 0", "序号", 0)], ...],
        Field("the edges that explain it, from a start to the thing, by their places", "路径"),
    ]


@dataclass(frozen=True, slots=True)
class CountModel:
    """How many of one name."""

    name: Annotated[str, Field("the name; empty where nobody said", "名称")]
    count: Annotated[int, COUNT]


@dataclass(frozen=True, slots=True)
class AmountModel:
    """How much of one unit."""

    uom: Annotated[str, Field("the unit", "单位")]
    quantity: Annotated[str, Field("how much", "数量")]


@dataclass(frozen=True, slots=True)
class RecallModel:
    """The impact of a recall."""

    affected: Annotated[tuple[AffectedModel, ...], Field("things that stand for themselves, certain ones first", "受影响标识")]
    edges: Annotated[tuple[EdgeModel, ...], Field("all edges of their paths, each once", "关系")]
    between: Annotated[int, Field("how many things were passed on the way", "中间标识", 0)]
    certain: Annotated[int, COUNT]
    possible: Annotated[int, COUNT]
    current: Annotated[int, COUNT]
    former: Annotated[int, COUNT]
    holders: Annotated[tuple[CountModel, ...], Field("how many each holds, most first", "持有方")]
    places: Annotated[tuple[CountModel, ...], Field("how many are where, most first", "地点")]
    quantities: Annotated[tuple[AmountModel, ...], Field("what is counted by quantity", "数量")]
    notify: Annotated[tuple[str, ...], Field("who must be told", "通知对象")]
    extent: Annotated[ExtentModel, Field("how far it reaches", "范围")]


@dataclass(frozen=True, slots=True)
class StayModel:
    """A while in which one thing was in another."""

    since: Annotated[str | None, MOMENT]
    until: Annotated[str | None, MOMENT]
    certainty: Annotated[Certainty, CERTAINTY]
    reasons: Annotated[tuple[str, ...], REASONS]
    path: Annotated[tuple[EdgeModel, ...], Field("the edges that explain it", "路径")]


@dataclass(frozen=True, slots=True)
class RelationModel:
    """What a part has to do with a whole."""

    holds: Annotated[bool, Field("whether it was inside", "是否")]
    stays: Annotated[tuple[StayModel, ...], Field("when", "区间")]
    extent: Annotated[ExtentModel, Field("how far it reaches", "范围")]


@dataclass(frozen=True, slots=True)
class CauseModel:
    """What failed things share."""

    kind: Annotated[str, Field("thing, station, transformation, welder, shift or consumable", "类别")]
    name: Annotated[str, Field("which one", "名称")]
    failed: Annotated[int, Field("how many failures it covers", "失效件数", 0)]
    certain: Annotated[int, Field("how many of them beyond doubt", "确定件数", 0)]
    population: Annotated[int, Field("how many of the comparison population it covers", "对照件数", 0)]
    uses: Annotated[int, Field("how many things it went into directly", "用途数", 0)]
    depth: Annotated[int, Field("edges from the nearest failure", "深度", 0)]
    examples: Annotated[tuple[str, ...], Field("some of the failures", "示例")]


@dataclass(frozen=True, slots=True)
class CommonModel:
    """Causes that cover at least two failures, best first."""

    causes: Annotated[tuple[CauseModel, ...], Field("the causes", "共因")]
    extent: Annotated[ExtentModel, Field("how far it reaches", "范围")]


@dataclass(frozen=True, slots=True)
class SiblingModel:
    """A thing that shares something, and where it is."""

    thing: Annotated[str, Field("the thing", "标识")]
    shared: Annotated[str, Field("what it shares", "共同点")]
    holder: Annotated[str, Field("whom it belongs to", "持有方")]
    place: Annotated[str, Field("where it is", "地点")]


@dataclass(frozen=True, slots=True)
class SiblingsModel:
    """What shares something with a thing."""

    siblings: Annotated[tuple[SiblingModel, ...], Field("the things", "标识")]
    complete: Annotated[bool, Field("those are all", "完整")]


@dataclass(frozen=True, slots=True)
class GapModel:
    """What is missing or does not fit."""

    rule: Annotated[str, Field("its short name", "规则")]
    other: Annotated[str, Field("the other thing, event or field it is about", "相关")]
    time: Annotated[str | None, MOMENT]
    text: Annotated[str, Field("one sentence", "说明")]
    advice: Annotated[str, Field("what to do next", "建议")]


@dataclass(frozen=True, slots=True)
class GapsModel:
    """All gaps of a thing."""

    thing: Annotated[str, Field("the thing", "标识")]
    gaps: Annotated[tuple[GapModel, ...], Field("oldest first", "缺口")]


@dataclass(frozen=True, slots=True)
class QualityModel:
    """How complete the genealogies of a page of records are."""

    things: Annotated[int, COUNT]
    flawless: Annotated[int, Field("how many of them have no gap", "无缺口", 0)]
    gaps: Annotated[tuple[CountModel, ...], Field("by rule", "缺口")]
    next: Annotated[str | None, Field("of the next page; null on the last", "游标")]


@dataclass(frozen=True, slots=True)
class HappeningModel:
    """One line of a time line."""

    time: Annotated[str | None, MOMENT]
    thing: Annotated[str, Field("under which name", "标识")]
    what: Annotated[str, Field("in a few words", "事项")]
    other: Annotated[str, Field("the other thing it is about", "相关")]
    source: Annotated[str, Field("the event or record that says so", "来源")]
    biz_step: Annotated[str, Field("business step", "业务步骤", name="bizStep")]
    disposition: Annotated[str, Field("disposition", "状态")]
    holder: Annotated[str, Field("whom it belonged to from then on", "持有方")]
    place: Annotated[str, Field("where it was from then on", "地点")]
    read_point: Annotated[str, Field("where it was seen", "读取点", name="readPoint")]


@dataclass(frozen=True, slots=True)
class TimelineModel:
    """All that happened to a thing, under all its names."""

    names: Annotated[tuple[str, ...], Field("all its names", "标识")]
    happenings: Annotated[tuple[HappeningModel, ...], Field("oldest first", "经历")]
    complete: Annotated[bool, Field("nothing was left out", "完整")]


@dataclass(frozen=True, slots=True)
class ReasonModel:
    """Why."""

    verdict: Annotated[Verdict, Field("what it alone would lead to", "结论")]
    thing: Annotated[str, Field("which thing gives it", "标识")]
    text: Annotated[str, Field("in words", "原因")]


@dataclass(frozen=True, slots=True)
class VerdictModel:
    """What to do with a thing."""

    thing: Annotated[str, Field("the thing", "标识")]
    verdict: Annotated[Verdict, Field("allow, hold or stop", "结论")]
    reasons: Annotated[tuple[ReasonModel, ...], Field("gravest first", "原因")]
    complete: Annotated[bool, Field("all that matters was looked at", "完整")]


@dataclass(frozen=True, slots=True)
class VerdictsModel:
    """A verdict for each thing, in the order they were asked."""

    items: Annotated[tuple[VerdictModel, ...], Field("the verdicts", "结论")]
