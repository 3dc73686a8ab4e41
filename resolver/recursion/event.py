"""What passes between a resolution and the driver that owns the sockets."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from idis.proto.outcome import Outcome
from idis.proto.query import Query
from idis.resolver.recursion.budget import Budget
from idis.resolver.recursion.resolved import Hop
from idis.resolver.recursion.target import Target


@dataclass(frozen=True, slots=True)
class Ask:
    """Put this question to this server; the driver hands the budget down, which counts every packet."""

    target: Target
    query: Query
    budget: Budget


@dataclass(frozen=True, slots=True)
class Wait:
    """A reply is due; `until` is when the whole resolution has to end."""

    until: float


@dataclass(frozen=True, slots=True)
class Done:
    """The resolution is over.

    Attributes:
        failed: nobody who should know could be heard, so an older answer may be better.
        no_prefix: it ended because the prefix itself is not registered.
    """

    outcome: Outcome
    hops: tuple[Hop, ...]
    failed: bool = False
    no_prefix: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """A server answered; `peer` and `transport` say which address and how."""

    outcome: Outcome
    peer: str
    transport: str


class Reason(Enum):
    """Why there is no reply."""

    SILENT = "silent"
    UNREACHABLE = "unreachable"
    GARBLED = "garbled"
    SET_ASIDE = "set aside"
    BUDGET = "budget"


@dataclass(frozen=True, slots=True)
class Failure:
    """A server did not answer, or not in a way that can be believed; `text` says it for a person."""

    reason: Reason
    text: str
    peer: str
    transport: str
