"""What a recursive node knows once a question is settled: the outcome, where it came from, and the way there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from idis.proto.outcome import Outcome

# authority: decided by this node's own registry; upstream: fetched for this question (or for one it waited with);
# cache: fetched earlier and still fresh; stale: fetched earlier, past its TTL, served because the authority is silent.
Source = Literal["authority", "cache", "stale", "upstream"]


@dataclass(frozen=True, slots=True)
class Hop:
    """One question put to one server on the way.

    Attributes:
        server: `host:port` of the server asked (`[host]:port` for IPv6).
        transport: `udp` or `tcp`; the one that brought the answer, or the last one tried.
        question: the identifier as sent, with the wanted types behind it when there are any.
        response_code: what it answered; 0 when it did not.
        micros: microseconds from asking to knowing.
    """

    server: str
    transport: str
    question: str
    response_code: int
    micros: int


@dataclass(frozen=True, slots=True)
class Resolved:
    """A settled question.

    `outcome.ttl_s` of an Answer is the time that remains of what the authority granted (30 s when stale); the octets
    of the values are the authority's own, because record signatures cover the TTL field. `age_s` is how long ago the
    authority said so; 0 for a fresh answer. A stale answer is never authoritative.
    """

    outcome: Outcome
    source: Source
    age_s: float = 0.0
    hops: tuple[Hop, ...] = ()
    stale: bool = False
