"""What the providers of routes say: kept while it is believed, asked for once by however many wait, from whoever is well.

A question goes to the first provider that is well; when that one fails, or has been silent for HEDGE_S, to the next as well, and
the first answer counts. When all fail, an older answer is shown, marked as such, for a day. Providers that failed are asked
again in the background. Routes are part of the key of what is kept, so one that was changed starts anew.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from idis.proto.codes import ResponseCode
from idis.proto.outcome import Answer, NotFound, NoValues, Outcome, Refused
from idis.proto.query import Query
from idis.proto.schemes.recognised import Recognised
from idis.proto.value import Value, encode_values
from idis.registry.filters import join, lifetime_s, select
from idis.registry.foreign_route import ForeignRoute, RouteTarget, TargetKind
from idis.resolver.foreign.health import PROVIDERS_MAX, Health, Observed
from idis.resolver.foreign.naptr import NameServers, Unanswered
from idis.resolver.foreign.settings import AbroadSettings
from idis.resolver.foreign.shown import Unreadable, values_of_answer, values_of_naptr
from idis.resolver.foreign.targets import Name, Place, Url, place_of
from idis.resolver.log import note
from idis.resolver.recursion.recursor import Clock
from idis.resolver.recursion.resolved import Hop, Resolved

if TYPE_CHECKING:
    from idis.resolver.foreign.fetching import Fetcher

KEPT_BYTES_MAX = 33_554_432  # of answers; an eighth of what a recursive node keeps of other nodes
ENTRY_BYTES = 700  # of an entry beside its octets
FETCHES_MAX = 64  # under way at once; beyond them an asker is told to come back
HEDGE_S = 0.4  # of silence
STALE_S_MAX = 86_400
FAILURE_TTL_S = 2.0  # for which nobody asks again when all providers failed
STALE_TTL_S = 30
PROBE_S = 1.0  # how often it is looked who is to be asked again
PROBES_MAX = 4  # at once
SUSPECT_S_MAX = 3_600.0  # after the last question for which it failed; then the next question will show


@dataclass(frozen=True, slots=True)
class Abroad:
    """A question for the providers of a route."""

    reading: Recognised
    route: ForeignRoute

    @property
    def key(self) -> tuple[str, str, ForeignRoute]:
        """What makes two of them the same."""
        return (self.reading.scheme, self.reading.canonical, self.route)


@dataclass(slots=True)
class _Kept:
    """An answer of others: counted array of values, none where they have nothing; a failure has a reason instead."""

    values: bytes | None
    stored_at: float
    ends_at: float
    trouble: str = ""
    hops: tuple[Hop, ...] = ()
    rests_until: float = 0.0  # while it stands in for what nobody answered: until then nobody is asked again

    @property
    def octets(self) -> int:
        return ENTRY_BYTES + len(self.values or b"")


@dataclass(frozen=True, slots=True)
class _Suspect:
    """A provider that failed, what it was asked for, and when somebody wanted to know."""

    target: RouteTarget
    question: Abroad
    asked_at: float


@dataclass(frozen=True, slots=True)
class _Told:
    """What one provider said: no values where it has nothing; `ttl_s` by its own word, None where it gives none."""

    values: tuple[Value, ...]
    ttl_s: int | None


class Providers:
    """Asks providers on behalf of one node.

    Args:
        settings: whom they may be, and for how long they are waited for.
        clock: unix and monotonic time.
        random: numbers in [0, 1) for jitter.
    """

    def __init__(self, settings: AbroadSettings, clock: Clock, random: Callable[[], float]) -> None:
        self._settings = settings
        self._clock = clock
        self.health = Health(random)
        self._names = NameServers(settings.name_servers)
        self._fetcher: Fetcher | None = None
        self._kept: OrderedDict[object, _Kept] = OrderedDict()
        self._bytes = 0
        self._flights: dict[object, asyncio.Task[_Kept]] = {}
        self._suspects: dict[str, _Suspect] = {}

    def cached(self, question: Abroad, query: Query) -> Resolved | None:
        """What is known now; None where a provider has to be asked."""
        kept = self._kept.get(question.key)
        now = self._clock.monotonic()
        if kept is None or now >= max(kept.ends_at, kept.rests_until):
            return None
        self._kept.move_to_end(question.key)
        if now >= kept.ends_at:
            return _stale(kept, question, query, now)
        return Resolved(_outcome(kept, kept.ends_at - now, question.route, query), "cache", now - kept.stored_at)

    async def resolve(self, question: Abroad, query: Query) -> Resolved:
        """Ask, unless it is known; an older answer stands in when nobody answers."""
        if (known := self.cached(question, query)) is not None:
            return known
        flight = self._flights.get(question.key)
        if flight is None:
            if len(self._flights) >= FETCHES_MAX:
                return Resolved(Refused(ResponseCode.SERVER_TOO_BUSY, "too many questions to providers are waiting"), "upstream")
            flight = asyncio.get_running_loop().create_task(self._fly(question))
            self._flights[question.key] = flight
            flight.add_done_callback(lambda _: self._flights.pop(question.key, None))
        # Shielded: an asker that goes away must not end the question of the others.
        kept = await asyncio.shield(flight)
        now = self._clock.monotonic()
        if kept.trouble and (old := self._kept.get(question.key)) is not None and old.values is not None:
            return _stale(old, question, query, now, kept.hops)
        return Resolved(_outcome(kept, kept.ends_at - now, question.route, query), "upstream", hops=kept.hops)

    async def run(self) -> None:
        """Ask providers that failed again, for ever; ends by cancellation."""
        while True:
            await asyncio.sleep(PROBE_S)
            now = self._clock.monotonic()
            for name in [name for name, suspect in self._suspects.items() if now >= suspect.asked_at + SUSPECT_S_MAX]:
                del self._suspects[name]
            due = [name for name in self._suspects if self.health.of(name).rests_until <= now][:PROBES_MAX]
            suspects = [self._suspects[name] for name in due]
            asked = (self._probe(suspect.target, suspect.question, suspect.asked_at) for suspect in suspects)
            for failure in await asyncio.gather(*asked, return_exceptions=True):
                if isinstance(failure, Exception):
                    note(logging.ERROR, "asking a provider again failed", error=repr(failure))

    async def close(self) -> None:
        """Stop asking; what is under way is cancelled."""
        flights = list(self._flights.values())
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)
        if self._fetcher is not None:
            await self._fetcher.close()

    def observed(self, route: ForeignRoute) -> list[tuple[RouteTarget, Observed]]:
        """What was observed of each provider of a route by this process."""
        return [(target, self.health.of(str(target))) for target in route.targets]

    async def test(self, question: Abroad) -> list[tuple[RouteTarget, str, float]]:
        """Ask each provider now, whatever is known: what is wrong with each, or nothing, and the seconds it took."""

        async def tried(target: RouteTarget) -> tuple[RouteTarget, str, float]:
            started = self._clock.monotonic()
            trouble = await self._probe(target, question, started)
            return target, trouble, self._clock.monotonic() - started

        return await asyncio.gather(*map(tried, question.route.targets))

    # One question

    async def _fly(self, question: Abroad) -> _Kept:
        """Ask; the answer is kept, a failure only where nothing better is known."""
        hops: list[Hop] = []
        told, trouble = None, "no provider has a place for it"
        try:
            async with asyncio.timeout(self._settings.deadline_s):
                told, trouble = await self._first_answer(question, hops)
        except TimeoutError:
            trouble = "no provider answered in time"
        now = self._clock.monotonic()
        old = self._kept.get(question.key)
        if told is None:
            kept = _Kept(None, now, now + FAILURE_TTL_S, trouble, tuple(hops))
            if old is not None and old.values is not None and now < old.ends_at + STALE_S_MAX:
                old.rests_until = kept.ends_at
                return kept
        else:
            route = question.route
            most = route.ttl_s if told.values else route.negative_ttl_s
            ttl_s = most if told.ttl_s is None else min(told.ttl_s, most)
            lasting = [replace(value, ttl=min(value.ttl, ttl_s)) for value in told.values]
            values = encode_values(lasting, timestamp=int(self._clock.time())) if lasting else None
            kept = _Kept(values, now, now + ttl_s, hops=tuple(hops))
        self._keep(question.key, kept)
        return kept

    def _keep(self, key: object, kept: _Kept) -> None:
        old = self._kept.pop(key, None)
        self._bytes += kept.octets - (old.octets if old is not None else 0)
        self._kept[key] = kept
        while self._bytes > KEPT_BYTES_MAX:
            _, gone = self._kept.popitem(last=False)
            self._bytes -= gone.octets

    async def _first_answer(self, question: Abroad, hops: list[Hop]) -> tuple[_Told | None, str]:
        """The first answer of a provider that gives one, or what was wrong with the last."""
        order = self.health.order(question.route.targets, str, self._clock.monotonic())
        waiting = [target for target in order if place_of(target, question.route, question.reading) is not None]
        running: dict[asyncio.Task[_Told | str], RouteTarget] = {}
        trouble = "no provider has a place for it"
        try:
            while waiting or running:
                if waiting:
                    target = waiting.pop(0)
                    running[asyncio.get_running_loop().create_task(self._ask(target, question, hops))] = target
                done, _ = await asyncio.wait(
                    running, timeout=HEDGE_S if waiting else None, return_when=asyncio.FIRST_COMPLETED
                )
                for task in done:
                    target, result = running.pop(task), task.result()
                    if isinstance(result, _Told):
                        return result, ""
                    trouble = f"{target}: {result}"
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        return None, trouble

    async def _ask(self, target: RouteTarget, question: Abroad, hops: list[Hop], asked_at: float | None = None) -> _Told | str:
        """What a provider says, or what is wrong with it; either is remembered of it.

        `asked_at`: when somebody wanted to know, where this is the background asking again.
        """
        place = place_of(target, question.route, question.reading)
        assert place is not None, "only providers with a place are asked"
        name, started = _name(target, place), self._clock.monotonic()
        trouble = "it was slower than another"
        told: _Told | None = None
        try:
            async with asyncio.timeout(self._settings.deadline_s):
                told = await self._fetch(place)
        except TimeoutError:
            trouble = "it did not answer in time"
        except (Unreadable, Unanswered) as error:
            trouble = str(error)
        except asyncio.CancelledError:
            # Who was asked first and is still silent when the next has answered, or time is up, is not well.
            if self._clock.monotonic() - started >= HEDGE_S:
                self._failed(name, _Suspect(target, question, started), "it did not answer in time")
            raise
        seconds = self._clock.monotonic() - started
        transport = "dns" if isinstance(place, Name) else "https"
        hops.append(Hop(name, transport, _asked(place), int(told is not None), round(seconds * 1e6)))
        if told is None:
            self._failed(name, _Suspect(target, question, started if asked_at is None else asked_at), trouble)
            return trouble
        self.health.answered(name, seconds)
        self._suspects.pop(name, None)
        return told

    def _failed(self, name: str, suspect: _Suspect, trouble: str) -> None:
        self.health.failed(name, trouble, self._clock.monotonic())
        if suspect.target.kind is TargetKind.WEB:
            return  # strangers name its hosts: nobody is asked again and again on their behalf
        if name in self._suspects or len(self._suspects) < PROVIDERS_MAX:
            self._suspects[name] = suspect

    async def _probe(self, target: RouteTarget, question: Abroad, asked_at: float) -> str:
        """Ask a provider by itself; what is wrong with it, or nothing."""
        if place_of(target, question.route, question.reading) is None:
            return "it has no place for this identifier"
        result = await self._ask(target, question, [], asked_at)
        return result if isinstance(result, str) else ""

    async def _fetch(self, place: Place) -> _Told:
        if isinstance(place, Name):
            names = await self._names.naptr(place.labels)
            return _Told(() if names.absent else values_of_naptr(names.records), names.ttl_s)
        if self._fetcher is None:
            made = await asyncio.to_thread(_make_fetcher, self._settings)
            self._fetcher = self._fetcher or made
        page = await self._fetcher.fetch(place.url, place.accept)
        return _Told(() if page.absent else values_of_answer(page.url, page.content_type, page.body), page.ttl_s)


def _make_fetcher(settings: AbroadSettings) -> Fetcher:
    """The client takes long to import, and most nodes have no such routes."""
    from idis.resolver.foreign.fetching import Fetcher

    try:
        return Fetcher(settings.allowed, settings.ca)
    except OSError as error:
        raise Unreadable(f"the certificates of {settings.ca} cannot be read: {error.strerror or error}") from None


def _stale(kept: _Kept, question: Abroad, query: Query, now: float, hops: tuple[Hop, ...] = ()) -> Resolved:
    """An answer of others past its time, while none of them answers."""
    outcome = _outcome(kept, STALE_TTL_S, question.route, query)
    return Resolved(outcome, "stale", now - kept.stored_at, hops, stale=True)


def selected(values: bytes, query: Query, ttl_s: int) -> Outcome:
    """The wanted ones among values that others told, or that were made here."""
    selection = select(query, values)
    if not selection.public:
        return NoValues()
    return Answer(join(selection.public), min(ttl_s, lifetime_s(selection.public, 0)))


def _outcome(kept: _Kept, left_s: float, route: ForeignRoute, query: Query) -> Outcome:
    if kept.trouble:
        return Refused(ResponseCode.ERROR, f"no provider of the route {route.name} answered: {kept.trouble}")
    if kept.values is None:
        return NotFound()
    return selected(kept.values, query, max(int(left_s), 0))


def _name(target: RouteTarget, place: Place) -> str:
    """By what a provider is known: where the identifier names the host, by that host."""
    if target.kind is TargetKind.WEB and isinstance(place, Url):
        return f"{target}{urlsplit(place.url).netloc}"
    return str(target)


def _asked(place: Place) -> str:
    if isinstance(place, Name):
        return ".".join(label.decode("ascii", "replace") for label in place.labels)
    return place.url
