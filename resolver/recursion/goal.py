"""The goal: one question a resolution has to answer, with the servers it can still be put to."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from idis.proto.identifier import Identifier
from idis.proto.outcome import Refused
from idis.proto.query import Query
from idis.proto.types.site import Site
from idis.resolver.recursion.delegation import ROOT, Delegation, Kind
from idis.resolver.recursion.target import Target


class Step(Enum):
    """Which question a goal puts to its servers."""

    FIND = "the record of the goal's prefix"
    ASK = "the goal's own question"


@dataclass(frozen=True, slots=True)
class Next:
    """What to do once sites are known: which step, at servers responsible for which zone, and what to remember."""

    step: Step
    zone: str
    kind: Kind | None
    ttl_s: int


@dataclass(slots=True)
class Goal:
    """One question on the stack and whom it can still be put to."""

    query: Query
    step: Step = Step.ASK
    zone: str = ROOT
    source: Delegation | None = None  # the known delegation in use; gone once a reply has led on from it
    sites: tuple[Site, ...] = ()
    targets: list[Target] = field(default_factory=list)
    services: list[Identifier] = field(default_factory=list)
    next: Next | None = None
    failure: Refused | None = None  # the last reason why a server did not lead on
    verdict: Refused | None = None  # the failure that made the goal begin anew, reported if the new way ends like the old
    repeated: bool = False  # a server was passed over because it has had this question

    @property
    def prefix(self) -> str:
        """The folded prefix of the identifier in question."""
        return self.query.identifier.folded_prefix
