"""Where the time goes behind a recursive node: a small side sample asked with our EXPLAIN extension.

After the measurement some identifiers are asked one at a time, first as they come (cache or not), then past the cache,
so that the node has to walk the tiers; its explanation names each server it asked and how long that took.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from idis.bench.asking.load import Target
from idis.resolver.client import Client, Transport
from idis.resolver.client_reply import ClientError, Explanation, Reply

SAMPLES_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Hop:
    """One server the node asked: how often, and the microseconds each took."""

    server: str
    count: int
    micros_p50: float
    micros_max: int


@dataclass(frozen=True, slots=True)
class Split:
    """What the side sample showed.

    Attributes:
        node: that explained itself.
        sources: of the answers as they came: authority, cache, stale, upstream → how many.
        plain_us, walked_us: medians from asking to knowing, as they came and past the cache.
        own_us: of the latter, what was spent in no hop.
        hops: of the walks, in the order they were taken.
    """

    node: str
    sources: dict[str, int]
    plain_us: float
    walked_us: float
    own_us: float
    hops: list[Hop]


async def split_of(target: Target, identifiers: Sequence[str], transport: Transport, timeout_s: float) -> Split | None:
    """Ask; None when the server does not explain itself or does not answer."""
    async with Client(target.text, transport=transport, timeout_s=timeout_s, follow_referrals=False) as client:
        try:
            plain = [await client.resolve(identifier, explain=True) for identifier in identifiers]
            if not any(reply.explanation for reply in plain):
                return None
            walked = [await client.resolve(identifier, explain=True, authoritative=True) for identifier in identifiers]
        except ClientError:
            return None
    return _split(plain, walked)


def _split(plain: Sequence[Reply], walked: Sequence[Reply]) -> Split | None:
    explained = [explanation for reply in plain if (explanation := reply.explanation) is not None]
    walks = [(reply, explanation) for reply in walked if (explanation := reply.explanation) is not None]
    if not explained or not walks:
        return None
    spent = [reply.seconds * 1e6 - sum(hop.micros for hop in explanation.hops) for reply, explanation in walks]
    return Split(
        node=explained[0].node,
        sources=dict(Counter(explanation.source for explanation in explained)),
        plain_us=median(reply.seconds for reply in plain) * 1e6,
        walked_us=median(reply.seconds for reply, _ in walks) * 1e6,
        own_us=max(median(spent), 0.0),
        hops=_hops([explanation for _, explanation in walks]),
    )


def _hops(walks: Sequence[Explanation]) -> list[Hop]:
    """Hops by server, ordered by how early in a walk they stand on average."""
    micros: dict[str, list[int]] = {}
    places: dict[str, list[int]] = {}
    for walk in walks:
        for place, hop in enumerate(walk.hops):
            server = f"{hop.server} {hop.transport}"
            micros.setdefault(server, []).append(hop.micros)
            places.setdefault(server, []).append(place)
    order = sorted(micros, key=lambda server: sum(places[server]) / len(places[server]))
    return [Hop(server, len(micros[server]), median(micros[server]), max(micros[server])) for server in order]
