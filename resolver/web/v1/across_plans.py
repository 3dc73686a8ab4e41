"""Questions over many nodes, made ready: which walks they take, and the answer that is made of what these find."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from idis.proto.codes import ResponseCode
from idis.proto.errors import IdentifierError, ProtocolError
from idis.proto.reader_pass import decode_pass
from idis.proto.trace import trace_audience
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
from idis.resolver.trace.driver import Question
from idis.resolver.trace.errand import Errand, Passport
from idis.resolver.web.face import Face
from idis.resolver.web.v1.across_model import (
    CommonAcrossBody,
    ProofModel,
    RecallAcrossBody,
    RelationAcrossBody,
    TraceAcrossBody,
)
from idis.resolver.web.v1.reading import Unfit, read_time
from idis.resolver.web.v1.trace_views import common_view, recall_view, relation_view, trace_view


@dataclass(frozen=True, slots=True)
class Shown:
    """A pass as it was shown: the question it is for, who signed it by what it says, and until when it holds."""

    question: Question
    identity: str
    expires: int


@dataclass(frozen=True, slots=True)
class Plan:
    """A question made ready: `kind` is the name of its answer, `view` makes that of what the errand has found."""

    kind: str
    identity: str
    errand: Errand
    view: Callable[[], object]


class Planner:
    """Makes questions of one asker ready.

    Args:
        face: the node.
        shown: his pass.
        budget: of each walk; its depth is the question's own.
        patient: wait for fresh passes where the question takes longer than the first.
        signed: have every answer signed.
    """

    def __init__(self, face: Face, shown: Shown, *, budget: Budget | None = None, patient: bool = False, signed: bool) -> None:
        self._face = face
        self._shown = shown
        self._budget = budget or Budget()
        self._patient = patient
        self._signed = signed

    def trace(self, body: TraceAcrossBody) -> Plan:
        """Where a thing comes from, or where it went."""
        (thing,) = self._names((body.thing,))
        walk = Walk(
            [Start(thing)],
            body.direction,
            as_of_ms=moment(body.as_of, "#/asOf"),
            known_ms=self._known(body.known_at),
            budget=self._within(body.depth),
            now_ms=self._ticks,
        )
        return self._plan("trace", [walk], lambda: trace_view(trace_of(walk, thing)))

    def recall(self, body: RecallAcrossBody) -> Plan:
        """What is affected when some things are not as they should be."""
        things = self._names(start.thing for start in body.starts)
        starts = [
            Start(thing, BEGINNING_MS if start.since is None else read_time(start.since, "#/starts") * 1_000, part=start.part)
            for thing, start in zip(things, body.starts, strict=True)
        ]
        as_of_ms, known_ms = moment(body.as_of, "#/asOf"), self._known(body.known_at)
        budget = self._within(body.depth)
        walk = start_recall(starts, as_of_ms=as_of_ms, known_ms=known_ms, lots=body.lots, budget=budget, now_ms=self._ticks)
        at_ms = self._now_ms if as_of_ms is None else as_of_ms
        return self._plan("recall", [walk], lambda: recall_view(recall_of(walk, starts, at_ms, _finder(walk))))

    def relation(self, body: RelationAcrossBody) -> Plan:
        """Was one thing in another."""
        part, whole = self._names((body.part, body.whole))
        as_of_ms, known_ms = moment(body.as_of, "#/asOf"), self._known(body.known_at)
        walk = start_relation(part, as_of_ms=as_of_ms, known_ms=known_ms, budget=self._budget, now_ms=self._ticks)
        return self._plan("relation", [walk], lambda: relation_view(relation_of(walk, part, whole)))

    def common(self, body: CommonAcrossBody) -> Plan:
        """What failed things share."""
        failed = tuple(dict.fromkeys(self._names(body.failed)))
        if len(failed) < 2:
            raise Unfit("#/failed", "these are all the same thing")
        known_ms, as_of_ms = self._known(body.known_at), moment(body.as_of, "#/asOf")
        walks = {
            thing: Walk(
                [Start(thing)],
                Direction.BACK,
                as_of_ms=as_of_ms,
                known_ms=known_ms,
                budget=self._budget,
                now_ms=self._ticks,
            )
            for thing in failed
        }

        def view() -> object:
            with self._face.service.chain.store.read() as txn:
                return common_view(common_of(txn, walks, failed, ()))

        return self._plan("common", list(walks.values()), view)

    def _plan(self, kind: str, walks: Sequence[Walk], view: Callable[[], object]) -> Plan:
        shown, clock = self._shown, self._face.service.clock
        passport = Passport(shown.question.proof, shown.expires, clock)
        errand = Errand(
            shown.question, passport, self._face.neighbours, clock, walks, signed=self._signed, patient=self._patient
        )
        return Plan(kind, shown.identity, errand, view)

    def _names(self, texts: Iterable[str]) -> tuple[str, ...]:
        """The one spelling of things; raises IdentifierError."""
        with self._face.service.chain.store.read() as txn:
            return spelling_at(txn).names(texts)

    def _known(self, text: str | None) -> int:
        """One moment of knowledge for all nodes, fixed when the question comes."""
        known = moment(text, "#/knownAt")
        return self._now_ms if known is None else known

    def _within(self, depth: int) -> Budget:
        return Budget(depth, self._budget.edges, self._budget.ms, self._budget.nodes)

    @property
    def _now_ms(self) -> int:
        return int(self._face.service.clock.time() * 1_000)

    @property
    def _ticks(self) -> int:
        return int(self._face.service.clock.monotonic() * 1_000)


def show_pass(proof: ProofModel, now: int) -> Shown | Refusal:
    """The question of a pass. Whether its signature is right, the nodes find out that have the answer."""
    octets = proof.passport.encode("ascii")
    trace_id = bytes.fromhex(proof.trace)
    try:
        shown = decode_pass(octets)
    except ProtocolError:
        return Refusal(ResponseCode.INVALID_VALUE, "the pass cannot be read")
    if shown.audience != trace_audience(trace_id, proof.purpose) or not shown.current(now):
        return Refusal(ResponseCode.AUTHENTICATION_FAILED, "the pass is for another question, or not good now: make one for this")
    try:
        own = own_prefix(parse_identity(shown.identity))
    except IdentifierError:
        own = ""
    return Shown(Question(trace_id, proof.purpose, octets, own=own), shown.identity, shown.expires)


def moment(text: str | None, pointer: str) -> int | None:
    """The last millisecond of the second that was named."""
    return None if text is None else read_time(text, pointer) * 1_000 + 999


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
