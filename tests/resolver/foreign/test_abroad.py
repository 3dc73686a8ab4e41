"""Answers of providers: kept, shared by those who wait, and failing over by observed health."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest

from idis.proto.any_name import any_name
from idis.proto.codes import ResponseCode
from idis.proto.detect import detect
from idis.proto.identifier import parse_identifier
from idis.proto.outcome import Answer, NotFound, NoValues, Refused
from idis.proto.query import Query
from idis.proto.value import decode_values
from idis.registry.foreign_route import ForeignRoute, checked_route, parse_targets
from idis.resolver.foreign import abroad
from idis.resolver.foreign.abroad import Abroad, Providers
from idis.resolver.foreign.settings import AbroadSettings
from idis.resolver.recursion.resolved import Resolved
from tests.resolver.foreign.conftest import Provider, Say, page
from tests.waiting import until

Provide = Callable[[Say], Awaitable[Provider]]
TEXT = "urn:oid:1.2.156.7"


class Clock:
    """Steady time that goes on by itself and may be set forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def time(self) -> float:
        """Unix time."""
        return 1_800_000_000 + self.ahead

    def monotonic(self) -> float:
        """Steady time."""
        return asyncio.get_running_loop().time() + self.ahead


@pytest.fixture
def clock() -> Clock:
    """Of the node."""
    return Clock()


@pytest.fixture
async def providers(settings: AbroadSettings, clock: Clock) -> AsyncIterator[Providers]:
    """What asks them."""
    made = Providers(settings, clock, lambda: 0.5)
    yield made
    await made.close()


def told(url: str) -> bytes:
    """An answer of a Handle proxy with one URL."""
    value = {"index": 1, "type": "URL", "data": {"format": "string", "value": url}, "ttl": 86400}
    return page(json.dumps({"responseCode": 1, "handle": "x", "values": [value]}).encode())


def route(*made: Provider, **terms: object) -> ForeignRoute:
    """A route to providers, in this order."""
    targets = parse_targets(f"{provider.url}/{{path}}" for provider in made)
    return checked_route(ForeignRoute("OID", "1.2", "", targets, **terms))  # type: ignore[arg-type]


async def ask(providers: Providers, of: ForeignRoute, text: str = TEXT, **wishes: object) -> Resolved:
    """A question for the providers of a route."""
    spelling = any_name(text)
    query = Query(spelling, parse_identifier(spelling), **wishes)  # type: ignore[arg-type]
    return await providers.resolve(Abroad(detect(text, year=2026)[0], of), query)


def urls(resolved: Resolved) -> list[str]:
    """The texts of an answer's values."""
    assert isinstance(resolved.outcome, Answer)
    return [value.text for value in decode_values(resolved.outcome.values)]


async def test_what_a_provider_says_is_kept(provide: Provide, providers: Providers, clock: Clock) -> None:
    """For the time of the route; then it is asked again."""
    provider = await provide(lambda path: told("https://a"))
    of = route(provider, ttl_s=60)
    first, second = await ask(providers, of), await ask(providers, of)
    clock.ahead = 61
    await ask(providers, of)

    assert urls(first) == urls(second) == ["https://a"]
    assert (first.source, second.source) == ("upstream", "cache")
    assert provider.asked == ["/1.2.156.7"] * 2


async def test_values_last_no_longer_than_the_route_lets_them(provide: Provide, providers: Providers) -> None:
    """Whoever keeps them sees it in them; a provider may shorten it."""
    provider = await provide(lambda path: told("https://a").replace(b"Connection", b"Cache-Control: max-age=7\r\nConnection"))
    resolved = await ask(providers, route(provider, ttl_s=60))

    assert isinstance(resolved.outcome, Answer)
    assert [value.ttl for value in decode_values(resolved.outcome.values)] == [7]
    assert resolved.outcome.ttl_s <= 7


async def test_that_there_is_nothing_is_kept_for_its_own_time(provide: Provide, providers: Providers, clock: Clock) -> None:
    """The negative time of the route."""
    provider = await provide(lambda path: page(b"", status="404 Not Found"))
    of = route(provider, ttl_s=3_600, negative_ttl_s=5)
    outcomes = [(await ask(providers, of)).outcome for _ in range(2)]
    clock.ahead = 6
    await ask(providers, of)

    assert outcomes == [NotFound(), NotFound()]
    assert len(provider.asked) == 2


async def test_a_question_is_asked_once_for_all_who_wait(provide: Provide, providers: Providers) -> None:
    """However many there are, and with whatever filters."""
    provider = await provide(lambda path: told("https://a"))
    of = route(provider)
    answers = await asyncio.gather(ask(providers, of), ask(providers, of, types=("EMAIL",)), ask(providers, of))

    assert urls(answers[0]) == urls(answers[2]) == ["https://a"]
    assert answers[1].outcome == NoValues()
    assert len(provider.asked) == 1


async def test_the_next_provider_stands_in_for_one_that_is_down(provide: Provide, providers: Providers) -> None:
    """At once, and from then on it is asked first."""
    one, other = await provide(lambda path: told("https://one")), await provide(lambda path: told("https://other"))
    of = route(one, other)
    await one.close()
    first, second = await ask(providers, of), await ask(providers, of, "urn:oid:1.2.156.8")

    assert urls(first) == urls(second) == ["https://other"]
    assert [hop.response_code for hop in first.hops] == [0, 1]
    assert [hop.response_code for hop in second.hops] == [1]
    assert not providers.observed(of)[0][1].well


async def test_the_next_provider_is_asked_beside_a_silent_one(provide: Provide, providers: Providers) -> None:
    """After HEDGE_S; the silent one is not well then."""
    one, other = await provide(lambda path: 30.0), await provide(lambda path: told("https://other"))
    of = route(one, other)

    assert urls(await ask(providers, of)) == ["https://other"]
    assert providers.observed(of)[0][1].trouble == "it did not answer in time"


@pytest.mark.parametrize(
    "lie",
    [
        page(b"{", "application/json"),
        page(b'{"responseCode": 2}'),
        page(b'{"responseCode": 1, "values": "none"}'),
        page(b'{"responseCode": 1, "values": [{"index": 0}]}'),
        page(b"[" * 100_000),
        page(b"", status="503 Busy"),
        b"\xff" * 100,
    ],
    ids=range(7),
)
async def test_what_is_no_answer_fails_over(provide: Provide, providers: Providers, lie: bytes) -> None:
    """However it is broken."""
    one, other = await provide(lambda path: lie), await provide(lambda path: told("https://other"))

    assert urls(await ask(providers, route(one, other))) == ["https://other"]


async def test_one_that_comes_back_is_noticed_in_the_background(
    provide: Provide, providers: Providers, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked what it failed at, and then preferred again."""
    monkeypatch.setattr(abroad, "PROBE_S", 0.01)
    one, other = await provide(lambda path: page(b"", status="500 x")), await provide(lambda path: told("https://other"))
    of = route(one, other)
    await ask(providers, of)
    one.say = lambda path: told("https://one")
    clock.ahead = 3
    background = asyncio.create_task(providers.run())
    assert await until(lambda: providers.observed(of)[0][1].well)
    background.cancel()

    assert urls(await ask(providers, of, "urn:oid:1.2.156.9")) == ["https://one"]
    assert one.asked[:2] == ["/1.2.156.7", "/1.2.156.7"]


async def test_while_nobody_answers_the_old_answer_stands(provide: Provide, providers: Providers, clock: Clock) -> None:
    """Marked as such, without asking each time; after a day it is too old."""
    provider = await provide(lambda path: told("https://a"))
    of = route(provider, ttl_s=60)
    await ask(providers, of)
    provider.say = lambda path: page(b"", status="500 x")
    clock.ahead = 61
    stale, again = await ask(providers, of), await ask(providers, of)

    assert (urls(stale), stale.source, stale.stale) == (["https://a"], "stale", True)
    assert again.stale
    assert len(provider.asked) == 2
    clock.ahead = 61 + 90_000
    assert isinstance((await ask(providers, of)).outcome, Refused)


async def test_without_an_old_answer_the_reason_is_told(provide: Provide, providers: Providers) -> None:
    """Which route, which provider, what it did; and nobody is asked again at once."""
    provider = await provide(lambda path: page(b"", status="500 x"))
    of = route(provider)
    refused = (await ask(providers, of)).outcome
    await ask(providers, of)

    assert isinstance(refused, Refused)
    assert refused.code == ResponseCode.ERROR
    assert "OID 1.2" in refused.message
    assert "it answered 500" in refused.message
    assert len(provider.asked) == 1


async def test_time_is_bounded(provide: Provide, settings: AbroadSettings, clock: Clock) -> None:
    """Whoever is silent is waited for no longer than the setting says."""
    provider = await provide(lambda path: 30.0)
    hurried = Providers(replace(settings, deadline_s=0.3), clock, lambda: 0.5)
    refused = (await ask(hurried, route(provider))).outcome
    await hurried.close()

    assert isinstance(refused, Refused)


async def test_too_many_questions_are_told_so(provide: Provide, providers: Providers, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond FETCHES_MAX, while those under way go on."""
    monkeypatch.setattr(abroad, "FETCHES_MAX", 1)
    provider = await provide(lambda path: told("https://a"))
    of = route(provider)
    first, second = await asyncio.gather(ask(providers, of), ask(providers, of, "urn:oid:1.2.156.8"))

    assert urls(first) == ["https://a"]
    assert second.outcome == Refused(ResponseCode.SERVER_TOO_BUSY, "too many questions to providers are waiting")


async def test_a_changed_route_starts_anew(provide: Provide, providers: Providers) -> None:
    """What the old providers said counts no more."""
    one, other = await provide(lambda path: told("https://one")), await provide(lambda path: told("https://other"))
    await ask(providers, route(one))

    assert urls(await ask(providers, route(other))) == ["https://other"]


async def test_what_is_kept_is_bounded(provide: Provide, providers: Providers, monkeypatch: pytest.MonkeyPatch) -> None:
    """The longest unused answer goes first."""
    monkeypatch.setattr(abroad, "KEPT_BYTES_MAX", 2_000)
    provider = await provide(lambda path: told(f"https://a{path}"))
    of = route(provider)
    for text in ("urn:oid:1.2.1", "urn:oid:1.2.2", "urn:oid:1.2.3"):
        await ask(providers, of, text)

    assert (await ask(providers, of, "urn:oid:1.2.3")).source == "cache"
    assert (await ask(providers, of, "urn:oid:1.2.1")).source == "upstream"


async def test_each_provider_can_be_tried(provide: Provide, providers: Providers) -> None:
    """Whatever is known; what is wrong with each."""
    one, other = await provide(lambda path: page(b"", status="500 x")), await provide(lambda path: told("https://other"))
    of = route(one, other)
    results = await providers.test(Abroad(detect(TEXT, year=2026)[0], of))

    assert [trouble for _target, trouble, _seconds in results] == ["it answered 500", ""]


async def test_hosts_that_strangers_name_are_not_asked_again(providers: Providers, clock: Clock) -> None:
    """One that fails says nothing of the others, and nobody is asked in the background."""
    of = checked_route(ForeignRoute("DID", "web", "", parse_targets(["web:"])))
    refused = (await ask(providers, of, "did:web:a.invalid")).outcome

    assert isinstance(refused, Refused)
    assert providers.observed(of)[0][1].well
    assert not providers.health.of("web:a.invalid").well
    assert providers._suspects == {}
