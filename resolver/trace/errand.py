"""An errand: one question on its way through the nodes, with all it has found (`tracing.md` §7.3, §8.5)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from idis.registry.trace.walking import TRACE_EDGES, TRACE_NODES, Budget, Walk
from idis.resolver.recursion.recursor import Clock
from idis.resolver.trace.driver import Asked, Driver, Nodes, Question
from idis.resolver.trace.evidence import Evidence, Witness
from idis.resolver.trace.neighbours import Neighbours

RENEWAL_S_MAX = 120.0  # how long a question waits for a fresh pass: then nodes refuse it, and what they have is missing
MARGIN_S = 5  # a pass that ends sooner may end on its way


class Passport:
    """The pass of whoever asks, which holds for a minute; a question that takes longer waits for the next one.

    Args:
        octets: of the pass.
        expires: unix time.
        clock: unix and monotonic time.
    """

    def __init__(self, octets: bytes, expires: int, clock: Clock) -> None:
        self._octets = octets
        self._expires = expires
        self._clock = clock
        self._renewed = asyncio.Event()
        self.waits = False

    def renew(self, octets: bytes, expires: int) -> None:
        """Take another one."""
        self._octets, self._expires = octets, expires
        self._renewed.set()

    async def good(self) -> bytes:
        """A pass that is good now, if one comes."""
        if self._expires - MARGIN_S <= self._clock.time():
            self.waits = True
            self._renewed.clear()
            try:
                async with asyncio.timeout(RENEWAL_S_MAX):
                    await self._renewed.wait()
            except TimeoutError:
                pass
            self.waits = False
        return self._octets


class Errand:
    """One question.

    Args:
        question: of all its steps.
        passport: the pass of whoever asks.
        neighbours: the nodes.
        clock: unix and monotonic time.
        walks: that it takes, one after another.
        signed: have every answer signed, and keep it.
        patient: wait for fresh passes.
    """

    def __init__(
        self,
        question: Question,
        passport: Passport,
        neighbours: Neighbours,
        clock: Clock,
        walks: Sequence[Walk],
        *,
        signed: bool = False,
        patient: bool = False,
    ) -> None:
        self.question = question
        self.passport = passport
        self.patient = patient
        self.walks = tuple(walks)
        self._witness = Witness(neighbours) if signed else None
        nodes: Nodes = self._witness or neighbours
        proof = passport.good if patient else None
        self._drivers = tuple(Driver(question, nodes, clock, proof=proof) for _ in walks)
        self._clock = clock

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return all(walk.complete for walk in self.walks)

    @property
    def edges(self) -> int:
        """How many were read."""
        return sum(walk.edges_read for walk in self.walks)

    @property
    def things(self) -> int:
        """How many were met."""
        return sum(len(walk.visits) for walk in self.walks)

    @property
    def evidence(self) -> Sequence[Evidence]:
        """What nodes signed."""
        return () if self._witness is None else tuple(self._witness.kept)

    @property
    def asked(self) -> list[Asked]:
        """Who was asked, the slowest first."""
        found: dict[str, Asked] = {}
        for driver in self._drivers:
            for prefix, noted in driver.asked.items():
                before = found.get(prefix, Asked(prefix))
                found[prefix] = Asked(prefix, before.times + noted.times, before.ms + noted.ms)
        return sorted(found.values(), key=lambda one: -one.ms)

    async def run(self) -> None:
        """Ask, to the end of the budget."""
        async with asyncio.TaskGroup() as group:
            for walk, driver in zip(self.walks, self._drivers, strict=True):
                group.create_task(driver.run(walk))

    async def retry(self, question: Question, *, edges: int = TRACE_EDGES, ms: int, nodes: int = TRACE_NODES) -> None:
        """Ask again for what is missing, and for nothing else.

        Args:
            question: the same one, with a fresh pass.
            edges, ms, nodes: what this may cost.
        """
        for walk, driver in zip(self.walks, self._drivers, strict=True):
            if not walk.complete:
                driver.question = question
                await driver.retry(walk, Budget(walk.budget.depth, edges, ms, nodes))
