"""A text of any scheme resolved as every transport does it, with what led to the answer, for programs that want to know.

The steps of the chain decide; beside the answer stand the reading, the record or handle behind it, the route it went, and
what became of an identifier that ended. Whoever wants is led on to what stands in its place.
"""

from __future__ import annotations

from dataclasses import dataclass

from idis.proto.any_name import any_name, is_plain_handle
from idis.proto.errors import IdentifierError
from idis.proto.exchange import request_message
from idis.proto.identifier import parse_identifier
from idis.proto.outcome import Answer, Outcome
from idis.proto.query import Query
from idis.proto.schemes.recognised import Recognised
from idis.proto.succession import Following
from idis.proto.value import Value, decode_values
from idis.registry.aliases import Holder
from idis.registry.foreign_route import ForeignRoute
from idis.registry.store.base import ReadTxn
from idis.resolver.chain import Chain
from idis.resolver.foreign.finding import Held, Routed, Twin, is_shown
from idis.resolver.guard.sources import Source, Standing
from idis.resolver.recursion.resolved import Resolved
from idis.resolver.request import HTTP, Later, Peer, Request, Settled, Verdict

# The limit was applied to whoever asks before this is asked for him.
_PEER = Peer(HTTP, Source("", "", "", trusted=True), Standing.TRUSTED)


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a text comes to.

    Attributes:
        reading: as what it was resolved; None where it is nothing known.
        handle: of the record or prefix that answers, by what this node knows; empty where it is none, or one of several.
        holders: records of this node that have the name.
        route: the route it goes.
        resolved: the answer.
    """

    reading: Recognised | None
    handle: str
    holders: tuple[Holder, ...]
    route: ForeignRoute | None
    resolved: Resolved

    @property
    def outcome(self) -> Outcome:
        """The answer itself."""
        return self.resolved.outcome

    @property
    def values(self) -> tuple[Value, ...]:
        """The values of an answer."""
        return decode_values(self.outcome.values) if isinstance(self.outcome, Answer) else ()


def question_for(text: str) -> Query:
    """The question for all that everybody may see of a text.

    Raises:
        IdentifierError: no handle carries it: it is too long.
    """
    spelling = text if is_plain_handle(text) else any_name(text)
    return Query(spelling, parse_identifier(spelling), public_only=True, recursive=True)


async def resolve(chain: Chain, text: str) -> Resolution:
    """Resolve one text.

    Raises:
        IdentifierError: no handle carries it: it is too long.
        StoreError: the registry cannot be read.
    """
    query = question_for(text)
    now = int(chain.clock.time())
    with chain.store.read() as txn:
        partial = _found(chain, txn, text, now)
        verdict = _decided(chain, txn, query, now)
    settled: Settled = await chain.settle(verdict) if isinstance(verdict, Later) else verdict
    assert isinstance(settled, Outcome | Resolved), "a resolution comes to an outcome"
    resolved = settled if isinstance(settled, Resolved) else Resolved(settled, "authority")
    return Resolution(*partial, resolved)


async def resolve_on(chain: Chain, text: str) -> tuple[Resolution, Following]:
    """Resolve a text, and go on to what stands in its place now; errors as for `resolve`.

    Returns:
        What is in use, or where the way ends; and the way there.
    """
    following = Following()
    found = await resolve(chain, text)
    while successor := following.next(found.handle or text, found.values):
        try:
            found, text = await resolve(chain, successor), successor
        except IdentifierError as error:
            following.ended = f"{successor} cannot be asked for: {error}"
            break
    return found, following


def _found(
    chain: Chain, txn: ReadTxn, text: str, now: int
) -> tuple[Recognised | None, str, tuple[Holder, ...], ForeignRoute | None]:
    assert chain.foreign is not None, "a node knows other schemes"
    readings, found = chain.foreign.found(txn, text, now)
    match found:
        case Held(reading=reading, holders=holders):
            shown = tuple(holder for holder in holders if is_shown(txn, holder.identifier, now))
            return reading, shown[0].identifier if len(shown) == 1 else "", shown, None
        case Twin(reading=reading, identifiers=identifiers):
            return reading, identifiers[0], (), None
        case Routed(reading=reading, route=route):
            return reading, "", (), route
        case _:
            return readings[0] if readings else None, "", (), None


def _decided(chain: Chain, txn: ReadTxn, query: Query, now: int) -> Settled | Later:
    request = Request(request_message(query, request_id=1, now=now), query, _PEER)
    verdict: Verdict = None
    for step in chain.steps:
        verdict = step(request, txn, now, verdict)
    assert verdict is not None, "the authority always decides"
    return verdict
