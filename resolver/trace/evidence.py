"""Evidence: what nodes said in answer to a question, signed by them, for whoever wants to see it later (`tracing.md` §8.2).

A node signs its whole answer with the key of its server, together with the digest of the request (`wire.md` §3, the CT flag).
So request, answer and key show, without any network, that whoever has the key said exactly this to exactly that question.
Whose key it is, the site of the prefix says, which was found by resolution when the question was asked.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from idis.proto.codes import OpCode, ResponseCode
from idis.proto.errors import DataError, ProtocolError
from idis.proto.message import Message, decode_message
from idis.proto.trace import ExpandReply, ExpandRequest, read_expand
from idis.registry.suites import PublicSuiteKey, read_public
from idis.registry.trace.expanding import Step
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
