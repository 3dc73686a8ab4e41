"""The further questions a page takes: the template of its record, what it refers to, its certificates, the keys that signed it.

They go the way of every question, from the same asker, all at once, and the page does not wait long for them.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from idis.proto.errors import IdentifierError
from idis.proto.exchange import request_message
from idis.proto.identifier import parse_identifier
from idis.proto.outcome import Answer, Outcome
from idis.proto.proof import Proof
from idis.proto.query import Query
from idis.proto.value import Value, decode_values
from idis.registry.record import NO_VALUES
from idis.resolver.chain import Chain
from idis.resolver.recursion.resolved import Resolved
from idis.resolver.request import Peer, Request, Settled
from idis.resolver.web.landing import certificates
from idis.resolver.web.landing.language import Words
from idis.resolver.web.landing.proving import Prover
from idis.resolver.web.landing.showing import certificates_named, handles_in, name_in
from idis.resolver.web.landing.shown import Certificate
from idis.resolver.web.landing.template import NO_TEMPLATE, Template, known_template, read_template, template_name

NAMES_ASKED_MAX = 8  # of things that a page refers to
CERTIFICATES_ASKED_MAX = 8  # registered ones that a page tells more of than the name
WAIT_S = 0.8  # for all further questions; a page is better than the last certificate on it


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What belongs to a record beside its own values."""

    template: Template
    certificates: dict[str, Certificate]
    names: dict[str, Words]
    proof: Proof | None


class Questions:
    """Asks in the name of one reader."""

    def __init__(self, chain: Chain, prover: Prover, peer: Peer, now: int) -> None:
        self._chain = chain
        self._prover = prover
        self._peer = peer
        self._now = now

    async def settle(self, spelling: str, types: tuple[str, ...] = ()) -> Settled:
        """One question for public values.

        Raises:
            IdentifierError: the spelling names nothing.
        """
        query = Query(spelling=spelling, identifier=parse_identifier(spelling), types=types, recursive=True)
        return await self._chain.resolve(Request(request_message(query, request_id=1, now=self._now), query, self._peer))

    async def surroundings(self, spelling: str, values: Sequence[Value], today: date, *, signed: bool = True) -> Surroundings:
        """What belongs to a record; what does not come in time is left out.

        Args:
            spelling: its handle.
            values: all that everybody may see.
            today: by which validity is judged.
            signed: whether its signature is looked at.
        """
        found: dict[str, Certificate] = {}
        names: dict[str, Words] = {}
        proofs: list[Proof] = []
        template = known_template(template_name(values))

        async def prove() -> None:
            if signed:
                proofs.append(await self._prover.prove(spelling, values, self.values, self._now))

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WAIT_S):
                template = await self.template_of(values)
                named = certificates_named(values, template)[:CERTIFICATES_ASKED_MAX]
                referred = handles_in(values, template)[:NAMES_ASKED_MAX]
                await asyncio.gather(
                    prove(),
                    *(self._certificate(one, found, today) for one in named),
                    *(self._name(handle, names) for handle in referred),
                )
        return Surroundings(template, found, names, proofs[0] if proofs else None)

    async def template_of(self, values: Sequence[Value]) -> Template:
        """The template that values name: as it is registered, else as this program knows it."""
        name = template_name(values)
        if not name:
            return NO_TEMPLATE
        read = read_template(await self._octets(name))
        return read if read.items else known_template(name)

    async def values(self, identifier: str, types: tuple[str, ...] = ()) -> Sequence[Value]:
        """The public values of an identifier; none where there is no answer."""
        return decode_values(await self._octets(identifier, types))

    async def _octets(self, identifier: str, types: tuple[str, ...] = ()) -> bytes:
        """The public values of an identifier as a counted array."""
        try:
            outcome = outcome_of(await self.settle(identifier, types))
        except IdentifierError:
            return NO_VALUES
        return outcome.values if isinstance(outcome, Answer) else NO_VALUES

    async def _certificate(self, named: certificates.Named, found: dict[str, Certificate], today: date) -> None:
        values = await self.values(named.handle)
        if values:
            found[named.handle] = certificates.registered(named, values, await self.template_of(values), today)

    async def _name(self, handle: str, names: dict[str, Words]) -> None:
        values = await self.values(handle)
        name = name_in(values, known_template(template_name(values)))
        if name.zh or name.en:
            names[handle] = name


def outcome_of(settled: Settled) -> Outcome | None:
    """The outcome of a settled question, whoever it came from."""
    if isinstance(settled, Resolved):
        return settled.outcome
    return settled if isinstance(settled, Outcome) else None
