"""Hidden names: what somebody learns of a genealogy whose names are not for him (`tracing.md` §8.3, §8.4).

The node that hides runs on itself, for it alone knows where to go; so a question travels along the supply chain, not around
it. What comes back is the same graph under pseudonyms. A pseudonym is made by the home of a thing, with a key of its own and
the id of the trace: the thing counts once, whichever way it is reached, and cannot be recognised in another trace, or guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from idis.proto.trace import PSEUDONYM
from idis.registry.trace.edge import Edge
from idis.registry.trace.expanding import Step, Tombstone
from idis.registry.trace.things import home_of
from idis.resolver.trace.grade import Grade

PSEUDONYM_BYTES = 12
SECRET_BYTES = 32

_SENTENCES = {
    Step.RESOLVE: "a node further on cannot be found",
    Step.CONNECT: "a node further on does not answer",
    Step.AUTHORISE: "a node further on does not answer this question to you",
    Step.VALIDATE: "what a node further on answers cannot be used",
    Step.LIMIT: "the bounds of the question are reached further on",
}


@dataclass(frozen=True, slots=True)
class Veil:
    """Hides the names of one trace from one asker.

    Attributes:
        secret: of this node.
        trace_id: of the question.
        prefix: in whose name it is answered.
        own: the asker's prefix, whose things he knows by name.
        grade: how much he may see here.
        aliases: what the homes of other things show him instead.
        open: things he has named himself.
        names, contacts: what the pseudonyms and contact handles stand for that were made so far.
    """

    secret: bytes
    trace_id: bytes
    prefix: str
    own: str
    grade: Grade
    aliases: Mapping[str, str]
    open: frozenset[str]
    names: dict[str, str] = field(default_factory=dict)
    contacts: dict[str, str] = field(default_factory=dict)

    def name(self, thing: str) -> str:
        """What he may call a thing."""
        if thing.startswith(PSEUDONYM) or thing in self.open or self._is_own(thing):
            return thing
        return self.aliases.get(thing) or self.pseudonym(thing)

    def pseudonym(self, thing: str) -> str:
        """What a thing is called in this trace alone."""
        shown = PSEUDONYM + self._hash(thing)
        self.names[shown] = thing
        return shown

    def edges(self, found: Sequence[Edge]) -> list[Edge]:
        """Edges as he may see them: in full where they touch what is his, else without who says so."""
        return [edge if self._is_own(edge.child) or self._is_own(edge.parent) else self._veiled(edge) for edge in found]

    def stones(self, found: Iterable[Tombstone]) -> list[Tombstone]:
        """Tombstones as he may see them: that something is missing, not whose."""
        return list(
            dict.fromkeys(
                Tombstone(self.name(stone.thing), self.prefix, stone.step, stone.code, _SENTENCES[stone.step], stone.retriable)
                for stone in found
            )
        )

    def contact(self, holder: str) -> str:
        """A handle by which this node can tell whoever it stands for."""
        handle = f"{PSEUDONYM}{self._hash(holder)}@{self.prefix}"
        self.contacts[handle] = holder
        return handle

    def _veiled(self, edge: Edge) -> Edge:
        veiled = edge._replace(
            child=self.name(edge.child), parent=self.name(edge.parent), source="", holder=self.contact(edge.holder)
        )
        return veiled if self.grade is Grade.PARTNER else veiled._replace(quantity=None, uom="", reasons=())

    def _is_own(self, thing: str) -> bool:
        return bool(self.own) and home_of(thing) == self.own

    def _hash(self, text: str) -> str:
        key = blake2b(self.trace_id, key=self.secret, digest_size=SECRET_BYTES).digest()
        return blake2b(text.encode(), key=key, digest_size=PSEUDONYM_BYTES).hexdigest()
