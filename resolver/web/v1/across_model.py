"""Questions about genealogies over many nodes: what is asked, and by whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from idis.proto.reader_pass import PASS_BYTES_MAX
from idis.proto.trace import PURPOSE_CHARACTERS_MAX, TRACE_ID_BYTES
from idis.registry.trace.common import FAILED_MIN
from idis.registry.trace.expanding import Direction
from idis.registry.trace.walking import TRACE_DEPTH
from idis.resolver.web.v1.field import Field
from idis.resolver.web.v1.trace_model import (
    AS_OF,
    KNOWN_AT,
    LOTS,
    THING,
    CommonModel,
    RecallModel,
    RelationModel,
    StartModel,
    TraceModel,
)

JOB_CHARACTERS = 52  # the octets of two trace ids in base 32
FAILED_ACROSS_MAX = 50  # each is a walk of its own through many nodes
STARTS_MAX = 500


@dataclass(frozen=True, slots=True)
class ProofModel:
    """Who asks, for what purpose: a pass that his key signed for this question alone, good for a minute."""

    trace: Annotated[
        str,
        Field(
            "a number of the question's own, random",
            "追溯编号",
            2 * TRACE_ID_BYTES,
            2 * TRACE_ID_BYTES,
            "[0-9a-f]+",
            example="5f3a" * 8,
        ),
    ]
    purpose: Annotated[
        str,
        Field(
            "why; kept in the audit trail of every node that answers",
            "目的",
            1,
            PURPOSE_CHARACTERS_MAX,
            r"[^\u0000-\u001f]+",
            example="recall",
        ),
    ]
    passport: Annotated[
        str,
        Field(
            "the pass: 'idis-pass.' and what follows",
            "凭证",
            11,
            PASS_BYTES_MAX,
            r"idis-pass\.[0-9A-Za-z_-]+",
            example="idis-pass.lgGsMzAw",
            name="pass",
        ),
    ]


_SIGNED = Field("have every node sign what it answers, and hand that over as evidence", "签名应答")


@dataclass(frozen=True, slots=True)
class TraceAcrossBody:
    """Which thing to trace, and how far."""

    proof: Annotated[ProofModel, Field("who asks", "证明")]
    thing: Annotated[str, THING]
    direction: Annotated[Direction, Field("back to where it came from, or forward to where it went", "方向")] = Direction.BACK
    depth: Annotated[int, Field("how many edges from the thing", "深度", 1, TRACE_DEPTH)] = TRACE_DEPTH
    as_of: Annotated[str | None, AS_OF] = None
    known_at: Annotated[str | None, KNOWN_AT] = None
    signed: Annotated[bool, _SIGNED] = False


@dataclass(frozen=True, slots=True)
class RecallAcrossBody:
    """What to recall."""

    proof: Annotated[ProofModel, Field("who asks", "证明")]
    starts: Annotated[tuple[StartModel, ...], Field("what is not as it should be", "召回对象", 1, STARTS_MAX)]
    depth: Annotated[int, Field("how many edges from the start", "深度", 1, TRACE_DEPTH)] = TRACE_DEPTH
    as_of: Annotated[str | None, AS_OF] = None
    known_at: Annotated[str | None, KNOWN_AT] = None
    lots: Annotated[bool, LOTS] = True
    signed: Annotated[bool, _SIGNED] = False


@dataclass(frozen=True, slots=True)
class RelationAcrossBody:
    """Which two things."""

    proof: Annotated[ProofModel, Field("who asks", "证明")]
    part: Annotated[str, THING]
    whole: Annotated[str, THING]
    as_of: Annotated[str | None, AS_OF] = None
    known_at: Annotated[str | None, KNOWN_AT] = None
    signed: Annotated[bool, _SIGNED] = False


@dataclass(frozen=True, slots=True)
class CommonAcrossBody:
    """What failed."""

    proof: Annotated[ProofModel, Field("who asks", "证明")]
    failed: Annotated[
        tuple[Annotated[str, THING], ...],
        Field(
            "things that failed",
            "失效件",
            FAILED_MIN,
            FAILED_ACROSS_MAX,
            example=("88.118.8/WELD.B102-1", "88.118.8/WELD.B103-7"),
        ),
    ]
    as_of: Annotated[str | None, AS_OF] = None
    known_at: Annotated[str | None, KNOWN_AT] = None
    signed: Annotated[bool, _SIGNED] = False


@dataclass(frozen=True, slots=True)
class NodeAskedModel:
    """A node that was asked."""

    prefix: Annotated[str, Field("in whose name it answered", "前缀")]
    times: Annotated[int, Field("how often", "次数", 0)]
    ms: Annotated[int, Field("how long it took in all, in milliseconds", "耗时", 0)]


@dataclass(frozen=True, slots=True)
class EvidenceModel:
    """What a node signed: the messages of the binary protocol, and the key that its site names. All octets in base64."""

    prefix: Annotated[str, Field("in whose name it answered", "前缀")]
    server: Annotated[str, Field("which server", "服务器")]
    key: Annotated[str, Field("its public key", "公钥")]
    request: Annotated[str, Field("what it was asked", "请求")]
    response: Annotated[str, Field("what it answered, signed", "应答")]


NODES = Field("the nodes that were asked by this one", "节点")
JOB = Field(
    "under this name, for ten minutes, what is missing can be asked for again and nothing else; null where nothing is missing",
    "续查编号",
    example="l45a" * 13,
)
EVIDENCE = Field("what each node signed, where that was asked for", "签名证据")


@dataclass(frozen=True, slots=True)
class TraceAcrossModel:
    """A trace, and who was asked."""

    trace: Annotated[TraceModel, Field("the trace", "追溯")]
    nodes: Annotated[tuple[NodeAskedModel, ...], NODES]
    job: Annotated[str | None, JOB]
    evidence: Annotated[tuple[EvidenceModel, ...], EVIDENCE]


@dataclass(frozen=True, slots=True)
class RecallAcrossModel:
    """The impact of a recall, and who was asked."""

    recall: Annotated[RecallModel, Field("the impact", "召回范围")]
    hidden: Annotated[int, Field("how many of the affected things are known by a pseudonym only", "匿名数量", 0)]
    nodes: Annotated[tuple[NodeAskedModel, ...], NODES]
    job: Annotated[str | None, JOB]
    evidence: Annotated[tuple[EvidenceModel, ...], EVIDENCE]


@dataclass(frozen=True, slots=True)
class RelationAcrossModel:
    """What a part has to do with a whole, and who was asked."""

    relation: Annotated[RelationModel, Field("yes or no, and when", "关系")]
    nodes: Annotated[tuple[NodeAskedModel, ...], NODES]
    job: Annotated[str | None, JOB]
    evidence: Annotated[tuple[EvidenceModel, ...], EVIDENCE]


@dataclass(frozen=True, slots=True)
class CommonAcrossModel:
    """Causes, and who was asked."""

    common: Annotated[CommonModel, Field("the causes", "共因")]
    nodes: Annotated[tuple[NodeAskedModel, ...], NODES]
    job: Annotated[str | None, JOB]
    evidence: Annotated[tuple[EvidenceModel, ...], EVIDENCE]
