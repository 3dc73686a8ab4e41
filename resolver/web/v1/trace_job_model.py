"""Questions over many nodes that take their time, or are gone on with: what is asked and answered."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Annotated

from idis.registry.trace.walking import TRACE_DEPTH
from idis.resolver.trace.errands import State
from idis.resolver.web.v1.across_model import (
    EVIDENCE,
    JOB_CHARACTERS,
    NODES,
    STARTS_MAX,
    EvidenceModel,
    NodeAskedModel,
    ProofModel,
)
from idis.resolver.web.v1.field import Field
from idis.resolver.web.v1.trace_model import (
    AS_OF,
    KNOWN_AT,
    LOTS,
    CommonModel,
    RecallModel,
    RelationModel,
    StartModel,
    TraceModel,
)

WAIT_MS_MAX = 30_000

_WHEN = "null until the question is over, and where another was asked"


class Kind(Enum):
    """Which question."""

    BACK = "back"
    FORWARD = "forward"
    RECALL = "recall"
    RELATION = "relation"
    COMMON = "common"


@dataclass(frozen=True, slots=True)
class JobPath:
    """Which question."""

    job: Annotated[str, Field("the name it was given", "编号", JOB_CHARACTERS, JOB_CHARACTERS, "[a-z2-7]+", example="l45a" * 13)]


@dataclass(frozen=True, slots=True)
class JobParameters(JobPath):
    """Which question, and how long to wait for its end."""

    wait_ms: Annotated[
        int, Field("wait so long for its end, in milliseconds", "等待毫秒", 0, WAIT_MS_MAX, name="waitMs")
    ] = 0


@dataclass(frozen=True, slots=True)
class JobBody:
    """A question that may take its time."""

    proof: Annotated[ProofModel, Field("who asks", "证明")]
    question: Annotated[Kind, Field("which question", "问题")]
    things: Annotated[
        tuple[StartModel, ...],
        Field("about what: one thing for back and forward, part and whole for relation, any number else", "标识", 1, STARTS_MAX),
    ]
    depth: Annotated[int, Field("how many edges from the start", "深度", 1, TRACE_DEPTH)] = TRACE_DEPTH
    as_of: Annotated[str | None, AS_OF] = None
    known_at: Annotated[str | None, KNOWN_AT] = None
    lots: Annotated[bool, LOTS] = True
    signed: Annotated[bool, Field("have every node sign what it answers, and hand that over as evidence", "签名应答")] = False


@dataclass(frozen=True, slots=True)
class AgainBody:
    """A fresh pass for a question: with its number and its purpose."""

    proof: Annotated[ProofModel, Field("who asks", "证明")]


@dataclass(frozen=True, slots=True)
class JobModel:
    """How it stands with a question, and its answer once it is over."""

    job: Annotated[str, Field("its name: whoever has it sees the answer", "编号")]
    question: Annotated[str, Field("trace, recall, relation or common", "问题")]
    purpose: Annotated[str, Field("why it was asked; a fresh pass must say the same", "目的")]
    state: Annotated[State, Field("running, done, cancelled, failed, or interrupted by a restart", "状态")]
    waits: Annotated[bool, Field("it waits for a fresh pass", "等待凭证")]
    ms: Annotated[int, Field("how long it has run, in milliseconds", "耗时", 0)]
    edges_read: Annotated[int, Field("how many edges it has read", "已读边数", 0, name="edgesRead")]
    things: Annotated[int, Field("how many things it has met", "已达标识", 0)]
    nodes: Annotated[tuple[NodeAskedModel, ...], NODES]
    until: Annotated[str, Field("until when the answer is kept, unless somebody looks", "保留至", form="date-time")]
    complete: Annotated[bool | None, Field("nothing is missing; null until it is over", "完整")]
    trace: Annotated[TraceModel | None, Field(f"the trace; {_WHEN}", "追溯")] = None
    recall: Annotated[RecallModel | None, Field(f"the impact; {_WHEN}", "召回范围")] = None
    hidden: Annotated[int, Field("how many of the affected things are known by a pseudonym only", "匿名数量", 0)] = 0
    relation: Annotated[RelationModel | None, Field(f"yes or no, and when; {_WHEN}", "关系")] = None
    common: Annotated[CommonModel | None, Field(f"the causes; {_WHEN}", "共因")] = None
    evidence: Annotated[tuple[EvidenceModel, ...], EVIDENCE] = ()
