"""Evidence: what nodes said in answer to a question, signed by them, for whoever wants to see it later (`tracing.md` §8.2).

A node signs its whole answer with the key of its server, together with the digest of the request (`wire.md` §3, the CT flag).
So request, answer and key show, without any network, that whoever has the key said exactly this to exactly that question.
Whose key it is, the site of the prefix says, which was found by resolution when the question was asked.

A node that points to another one says so in what it signs, and nothing else rests on it: an edge counts only in the name of
whoever has it. What the other one signs about the same thing shows whether it has any (`hops`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from idis.proto.codes import OpCode, ResponseCode
from idis.proto.errors import DataError, ProtocolError
from idis.proto.message import Message, decode_message
from idis.proto.trace import ExpandReply, ExpandRequest, read_expand
from idis.registry.suites import PublicSuiteKey, read_public
from idis.registry.trace.edge import ALWAYS_MS
from idis.registry.trace.expanding import BEGINNING_MS, Step
from idis.resolver.admin.certified import is_certified, wanted_signed
from idis.resolver.recursion.target import Target
from idis.resolver.trace.neighbours import Neighbours, Unreached, read_reply

EVIDENCE_BYTES_MAX = 8_388_608  # of one question


@dataclass(frozen=True, slots=True)
class Evidence:
    """One signed answer.

    Attributes:
        prefix: in whose name it was given.
        server: which server gave it, `host:port`.
        key: its public key, as the site of the prefix has it.
        request, response: the messages, whole.
    """

    prefix: str
    server: str
    key: bytes
    request: bytes
    response: bytes


@dataclass(frozen=True, slots=True)
class Said:
    """What evidence proves: what was asked, and what was answered until when it was to be used."""

    asked: ExpandRequest
    answered: ExpandReply
    until: int
    key: PublicSuiteKey


class Standing(Enum):
    """What a node that was pointed to has signed about the thing."""

    CONFIRMED = "it has, as it signed itself"
    DENIED = "DENIED: it signed that it has none"
    OTHER_TIME = "it signed that it has none in the time that was asked about"
    UNHEARD = "it signed nothing about it"


@dataclass(frozen=True, slots=True)
class Hop:
    """A node says, signed, that another one has edges of a thing: `told_ms` is when it was told so, 0 where both are one node."""

    thing: str
    said_by: str
    holder: str
    told_ms: int
    standing: Standing


class EvidenceError(ValueError):
    """Evidence that proves nothing; the text says why."""


def read_evidence(evidence: Evidence) -> Said:
    """What a piece of evidence proves.

    Raises:
        EvidenceError: it proves nothing.
    """
    try:
        key = read_public(evidence.key)
        request, response = decode_message(evidence.request), decode_message(evidence.response)
        if request.opcode != OpCode.EXPAND:
            raise EvidenceError("the request is no step of a trace")
        asked = read_expand(request.body)
    except (DataError, ProtocolError) as error:
        raise EvidenceError(f"it cannot be read: {error}") from None
    if not is_certified(response, request, key):
        raise EvidenceError("the answer is not signed with this key for this request")
    if asked.prefix != evidence.prefix:
        raise EvidenceError(f"it was asked in the name of {asked.prefix}, not of {evidence.prefix}")
    answered = read_reply(asked.prefix, response)
    if isinstance(answered, Unreached):
        raise EvidenceError(answered.message)
    return Said(asked, answered, response.expiration, key)


def hops(every: Iterable[Said]) -> tuple[Hop, ...]:
    """Whom nodes have pointed to in answers of one question, each thing once, and what became of it."""
    said = tuple(every)
    about: dict[tuple[str, bool, str], list[tuple[Said, int]]] = {}
    for one in said:
        for at, ask in enumerate(one.asked.asks):
            about.setdefault((one.asked.prefix, one.asked.forward, ask.thing), []).append((one, at))
    found = {}
    for one in said:
        for thing, holder, told_ms in one.answered.pointers:
            heard = about.get((holder, one.asked.forward, thing), ())
            standing = _standing(thing, told_ms, heard)
            found[thing, one.asked.prefix, holder] = Hop(thing, one.asked.prefix, holder, told_ms, standing)
    return tuple(found.values())


def _standing(thing: str, told_ms: int, heard: Sequence[tuple[Said, int]]) -> Standing:
    if not heard:
        return Standing.UNHEARD
    if any(row.of == thing for one, _ in heard for row in one.answered.edges):
        return Standing.CONFIRMED
    denied = any(_is_about_everything(one, at) and told_ms <= (one.asked.known_ms or told_ms) for one, at in heard)
    return Standing.DENIED if denied else Standing.OTHER_TIME


def _is_about_everything(said: Said, at: int) -> bool:
    """Whether an answer without edges of a thing says that there are none, whenever and of whatever kind."""
    asked, ask = said.asked, said.asked.asks[at]
    whole = ask.from_ms <= BEGINNING_MS and ask.to_ms >= ALWAYS_MS and asked.as_of_ms is None
    told = not said.answered.tombstones and at not in dict(said.answered.left)
    return whole and told and not asked.visited and (asked.lots or not asked.forward)


@dataclass(slots=True)
class Witness:
    """Asks nodes for signed answers, takes no others, and keeps them: `driver.Nodes`."""

    neighbours: Neighbours
    kept: list[Evidence] = field(default_factory=list)
    octets: int = 0

    async def find(self, prefix: str, within_s: float) -> Target | Unreached:
        """The node of a prefix."""
        return await self.neighbours.find(prefix, within_s)

    def forgive(self, target: Target) -> None:
        """Ask a node again although it was silent a moment ago."""
        self.neighbours.forgive(target)

    async def expand(self, target: Target, request: ExpandRequest, within_s: float) -> ExpandReply | Unreached:
        """One step at one node."""
        if self.octets >= EVIDENCE_BYTES_MAX:
            return Unreached(Step.LIMIT, 0, f"more than {EVIDENCE_BYTES_MAX} octets of signed answers")
        message = wanted_signed(self.neighbours.message(int(OpCode.EXPAND), request.encode()))
        heard = await self.neighbours.exchange(target, message, within_s)
        if isinstance(heard, Unreached):
            return heard
        answered = read_reply(request.prefix, heard.message)
        if isinstance(answered, Unreached):
            return answered
        if why := _refuse(target, message, heard.message):
            return Unreached(Step.VALIDATE, int(ResponseCode.AUTHENTICATION_FAILED), f"{target.name}: {why}")
        self.kept.append(Evidence(request.prefix, target.name, target.public_key, heard.sent, heard.octets))
        self.octets += len(heard.sent) + len(heard.octets)
        return answered


def _refuse(target: Target, request: Message, response: Message) -> str:
    if not target.public_key:
        return "its site names no key, so nothing it says is proved"
    try:
        key = read_public(target.public_key)
    except DataError as error:
        return f"the key of its site cannot be used: {error}"
    return "" if is_certified(response, request, key) else "its answer is not signed with the key of its site"
