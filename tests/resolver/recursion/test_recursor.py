"""The recursor: cache, flights, stale answers, floods; against a scripted upstream and a clock that is set by hand."""

from __future__ import annotations

import asyncio

import pytest

from idis.proto.outcome import Answer, NotFound, Refused
from idis.resolver.recursion.recursor import FLIGHT_WAITERS, MISMATCHES_MAX, Recursor
from idis.resolver.recursion.settings import RecursorSettings
from idis.resolver.recursion.upstream import UpstreamCounters
from tests.waiting import until

X = "88.118.8/X"


class FakeClock:
    """Both clocks, moved by the test."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def time(self) -> float:
        """Unix time."""
        return 1_800_000_000 + self.now

    def monotonic(self) -> float:
        """Seconds."""
        return self.now


class FakeUpstream:
    """The scripted world as an upstream; `gate` holds answers back until it is set."""

    def __init__(self, world) -> None:
        self.world = world
        self.counters = UpstreamCounters()
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = asyncio.Event()

    def rank(self, _target) -> float:
        """All alike."""
        return 0.0

    async def ask(self, target, query, budget):
        """Ask the world, when the gate is open."""
        budget.take_packet()
        self.asked.set()
        await self.gate.wait()
        await asyncio.sleep(0)
        return self.world.reply(target, query)

    async def close(self) -> None:
        """Nothing to close."""


@pytest.fixture
def clock() -> FakeClock:
    """A clock at 1,000 s."""
    return FakeClock()


@pytest.fixture
async def upstream(world) -> FakeUpstream:
    """The national tree of the scripted world."""
    world.national_tree()
    return FakeUpstream(world)


@pytest.fixture
async def recursor(world, clock, upstream):
    """A recursor whose root is the scripted one, without jitter."""
    settings = RecursorSettings(roots=(f"{world.address('root')}:2641",), cache_bytes=10_000_000)
    made = Recursor(settings, clock, upstream=upstream, random=lambda: 0.0)
    yield made
    await made.close()


class TestAnswers:
    """Where an answer comes from."""

    async def test_a_miss_is_fetched_and_told_with_its_way(self, recursor, world) -> None:
        """Three hops through the tiers."""
        resolved = await recursor.resolve(world.query(X))

        assert resolved.outcome == Answer(world.encoded(("URL", b"here")), 3_600)
        assert (resolved.source, resolved.age_s, len(resolved.hops)) == ("upstream", 0.0, 3)

    async def test_a_hit_asks_nobody(self, recursor, world, clock) -> None:
        """With the remaining lifetime and the age."""
        await recursor.resolve(world.query(X))
        world.asked.clear()
        clock.now += 600

        hit = recursor.cached(world.query(X), clock.time())

        assert hit.outcome == Answer(world.encoded(("URL", b"here")), 3_000)
        assert (hit.source, hit.age_s, hit.stale) == ("cache", 600.0, False)
        assert world.asked == []

    async def test_nothing_is_known_at_first(self, recursor, world, clock) -> None:
        """The fast path says so at once."""
        assert recursor.cached(world.query(X), clock.time()) is None

    async def test_an_absent_name_is_remembered(self, recursor, world, clock) -> None:
        """For a minute."""
        await recursor.resolve(world.query("88.118.8/NOPE"))

        assert recursor.cached(world.query("88.118.8/NOPE"), clock.time()).outcome == NotFound()
        clock.now += 60
        assert recursor.cached(world.query("88.118.8/NOPE"), clock.time()) is None

    @pytest.mark.parametrize("name", ["88.999.1/X", "88.999.1"])
    async def test_a_prefix_that_is_not_registered_is_soon_asked_for_again(self, recursor, world, clock, name) -> None:
        """Somebody waits for its approval to take effect: five seconds, for its identifiers too."""
        world.national_tree()
        await recursor.resolve(world.query(name))

        assert recursor.cached(world.query(name), clock.time()).outcome == NotFound()
        clock.now += 5
        assert recursor.cached(world.query(name), clock.time()) is None

    async def test_an_authoritative_question_passes_the_cache_by(self, recursor, world, clock) -> None:
        """And its answer refreshes it."""
        await recursor.resolve(world.query(X))
        world.asked.clear()
        clock.now += 600

        assert recursor.cached(world.query(X, authoritative=True), clock.time()) is None
        resolved = await recursor.resolve(world.query(X, authoritative=True))
        assert resolved.source == "upstream"
        assert recursor.cached(world.query(X), clock.time()).age_s == 0.0

    async def test_an_answer_for_an_identity_is_not_kept(self, recursor, world, clock) -> None:
        """Neither shared nor remembered."""
        await recursor.resolve(world.query(X, auth=b"token"))

        assert len(recursor.cache) == 0
        assert recursor.cached(world.query(X, auth=b"token"), clock.time()) is None

    async def test_flushing_a_prefix_forgets_answers_and_delegations(self, recursor, world, clock) -> None:
        """The next question walks from above."""
        await recursor.resolve(world.query(X))

        assert recursor.flush("88.118.8") == 2
        assert recursor.cached(world.query(X), clock.time()) is None

    async def test_what_was_under_way_during_a_flush_is_not_kept(self, recursor, world, upstream, clock) -> None:
        """It may be older than the change that made the flush."""
        upstream.gate.clear()
        asking = asyncio.create_task(recursor.resolve(world.query(X)))
        await asyncio.sleep(0)
        recursor.flush("88.118.8")
        upstream.gate.set()
        await asking

        assert recursor.cached(world.query(X), clock.time()) is None

    async def test_a_delegation_learnt_from_before_a_flush_is_not_kept(self, recursor, world, upstream) -> None:
        """A moved prefix would be asked for at its old node until the TTL ends; the next question learns it anew."""
        upstream.gate.clear()
        asking = asyncio.create_task(recursor.resolve(world.query(X)))
        await upstream.asked.wait()
        recursor.flush("88.118.8")
        upstream.gate.set()
        await asking
        assert len(recursor.tree) == 0
        await recursor.resolve(world.query(X))

        assert len(recursor.tree) > 0

    async def test_memory_is_counted(self, recursor, world) -> None:
        """Answers and delegations."""
        assert recursor.bytes_used == 0
        await recursor.resolve(world.query(X))

        assert recursor.bytes_used > 4_096

    def test_a_root_must_be_an_address(self, clock) -> None:
        """Known at start, not at the first question."""
        with pytest.raises(ValueError, match="is no ADDRESS:PORT"):
            Recursor(RecursorSettings(roots=("root.example:2641",)), clock)


class TestFlights:
    """One question upstream, however many ask."""

    async def test_a_thousand_askers_cause_one_question(self, recursor, world) -> None:
        """Everybody gets the same outcome."""
        results = await asyncio.gather(*(recursor.resolve(world.query(X)) for _ in range(1_000)))

        assert len({result.outcome for result in results}) == 1
        assert world.asked_of("enterprise") == [X]
        assert recursor.counters.flights_joined == 999

    async def test_failures_are_shared_too(self, recursor, world) -> None:
        """A dead authority is not asked a thousand times."""
        world.script("enterprise", X, world.silent())
        results = await asyncio.gather(*(recursor.resolve(world.query(X)) for _ in range(1_000)))

        assert all(isinstance(result.outcome, Refused) for result in results)
        assert world.asked_of("enterprise") == [X]

    async def test_too_many_askers_of_one_question_are_refused(self, recursor, world, upstream) -> None:
        """The limit is 1,000 for a flight."""
        upstream.gate.clear()
        waiting = [asyncio.create_task(recursor.resolve(world.query(X))) for _ in range(FLIGHT_WAITERS)]
        await asyncio.sleep(0)

        refused = await recursor.resolve(world.query(X))
        upstream.gate.set()
        await asyncio.gather(*waiting)

        assert refused.outcome == Refused(3, "too many questions are waiting")

    async def test_too_many_questions_are_refused(self, world, clock, upstream) -> None:
        """The limit is the operator's."""
        recursor = Recursor(
            RecursorSettings(roots=(f"{world.address('root')}:2641",), pending_queries=2), clock, upstream=upstream
        )
        upstream.gate.clear()
        waiting = [asyncio.create_task(recursor.resolve(world.query(f"88.118.8/{number}"))) for number in range(2)]
        await asyncio.sleep(0)

        refused = await recursor.resolve(world.query(X))
        upstream.gate.set()
        await asyncio.gather(*waiting)

        assert refused.outcome == Refused(3, "too many questions are waiting")
        assert recursor.pending == 0

    async def test_an_asker_that_goes_away_does_not_end_the_flight(self, recursor, world, upstream, clock) -> None:
        """The answer still reaches the cache and whoever else waits."""
        upstream.gate.clear()
        first = asyncio.create_task(recursor.resolve(world.query(X)))
        second = asyncio.create_task(recursor.resolve(world.query(X)))
        await asyncio.sleep(0)
        first.cancel()
        upstream.gate.set()

        assert isinstance((await second).outcome, Answer)
        assert recursor.cached(world.query(X), clock.time()) is not None

    async def test_questions_with_an_identity_do_not_share(self, recursor, world) -> None:
        """Each has its own answer."""
        await asyncio.gather(*(recursor.resolve(world.query(X, auth=b"token")) for _ in range(3)))

        assert len(world.asked_of("enterprise")) == 3

    async def test_a_popular_answer_is_fetched_before_it_ends(self, recursor, world, clock) -> None:
        """In the last tenth of its lifetime, after two hits; the asker does not wait."""
        await recursor.resolve(world.query(X))
        recursor.cached(world.query(X), clock.time())
        clock.now += 3_300

        assert recursor.cached(world.query(X), clock.time()).age_s == 3_300
        assert await until(lambda: (found := recursor.cached(world.query(X), clock.time())) and found.age_s == 0.0)
        assert recursor.counters.prefetches == 1

    async def test_an_unpopular_answer_is_not_fetched_early(self, recursor, world, clock) -> None:
        """One hit in the last tenth is not enough."""
        await recursor.resolve(world.query(X))
        world.asked.clear()
        clock.now += 3_300
        recursor.cached(world.query(X), clock.time())
        await asyncio.sleep(0.01)

        assert world.asked == []


class TestStale:
    """Answers while upstreams are down."""

    async def test_an_old_answer_is_served_when_the_authority_fails(self, recursor, world, clock) -> None:
        """Marked stale, with 30 s to live."""
        await recursor.resolve(world.query(X))
        world.answers.clear()
        world.default = Refused(2, "broken")
        clock.now += 4_000

        stale = await recursor.resolve(world.query(X))

        assert stale.outcome == Answer(world.encoded(("URL", b"here")), 30)
        assert (stale.source, stale.stale, stale.age_s) == ("stale", True, 4_000.0)

    async def test_a_silent_authority_is_asked_once_in_30_seconds(self, recursor, world, clock) -> None:
        """In between the fast path serves the old answer."""
        await recursor.resolve(world.query(X))
        world.answers.clear()
        world.default = Refused(2, "broken")
        clock.now += 4_000
        await recursor.resolve(world.query(X))
        asked = len(world.asked)

        clock.now += 29
        assert recursor.cached(world.query(X), clock.time()).stale
        assert len(world.asked) == asked
        clock.now += 1
        assert recursor.cached(world.query(X), clock.time()) is None

    async def test_an_old_answer_is_served_after_a_moment_of_silence(self, recursor, world, clock, upstream) -> None:
        """The flight goes on and refreshes the cache when the authority answers after all."""
        await recursor.resolve(world.query(X))
        clock.now += 4_000
        upstream.gate.clear()

        stale = await recursor.resolve(world.query(X))
        upstream.gate.set()

        assert stale.stale
        assert await until(lambda: (found := recursor.cached(world.query(X), clock.time())) and found.age_s == 0.0)

    async def test_an_authoritative_question_never_gets_an_old_answer(self, recursor, world, clock) -> None:
        """It gets the failure."""
        await recursor.resolve(world.query(X))
        world.answers.clear()
        world.default = Refused(2, "broken")
        clock.now += 4_000

        assert (await recursor.resolve(world.query(X, authoritative=True))).outcome == Refused(2, "broken")

    async def test_a_suspended_prefix_is_not_served_from_memory(self, recursor, world, clock) -> None:
        """301 is an answer of the authority, not its silence."""
        await recursor.resolve(world.query(X))
        world.script("root", "0.NA/88.118.8", Refused(301, "prefix 88.118.8 is suspended"))
        clock.now += 4_000

        assert (await recursor.resolve(world.query(X))).outcome == Refused(301, "prefix 88.118.8 is suspended")

    async def test_an_answer_is_not_served_for_ever(self, recursor, world, clock) -> None:
        """A day after its end it is gone."""
        await recursor.resolve(world.query(X))
        world.answers.clear()
        world.default = Refused(2, "broken")
        clock.now += 3_600 + 86_400

        assert (await recursor.resolve(world.query(X))).outcome == Refused(2, "broken")

    async def test_a_failure_is_remembered_for_a_second(self, recursor, world, clock) -> None:
        """A dead authority is not asked again by the next asker."""
        world.default = Refused(2, "broken")
        world.answers.clear()
        await recursor.resolve(world.query(X))
        asked = len(world.asked)

        assert (await recursor.resolve(world.query(X))).outcome == Refused(2, "broken")
        assert len(world.asked) == asked
        assert recursor.counters.failure_hits == 1


class TestFloods:
    """Names that do not exist, and answers that are forged."""

    async def test_absent_names_of_a_prefix_are_limited(self, recursor, world) -> None:
        """After 200 in a second further unknown names have to wait."""
        for number in range(200):
            await recursor.resolve(world.query(f"88.118.8/absent-{number}"))

        busy = await recursor.resolve(world.query("88.118.8/absent-200"))

        assert busy.outcome == Refused(3, "too many unknown names under 88.118.8 are asked for")

    async def test_known_names_and_other_prefixes_are_unaffected(self, recursor, world, clock) -> None:
        """Only unknown names of that prefix wait."""
        await recursor.resolve(world.query(X))
        for number in range(200):
            await recursor.resolve(world.query(f"88.118.8/absent-{number}"))

        assert isinstance((await recursor.resolve(world.query(X))).outcome, Answer)
        assert (await recursor.resolve(world.query("88.118.9/x"))).outcome == NotFound()

    async def test_the_limit_ends_with_its_second(self, recursor, world, clock) -> None:
        """Then unknown names are asked for again."""
        for number in range(200):
            await recursor.resolve(world.query(f"88.118.8/absent-{number}"))
        clock.now += 1

        assert (await recursor.resolve(world.query("88.118.8/absent-200"))).outcome == NotFound()

    async def test_ten_thousand_forged_answers_empty_the_cache(self, recursor, world, upstream) -> None:
        """One of them may have hit."""
        await recursor.resolve(world.query(X))
        upstream.counters.mismatches = MISMATCHES_MAX
        await recursor.resolve(world.query("88.118.8/other"))

        assert recursor.counters.poisoning_flushes == 1
        assert world.asked_of("enterprise") == [X, "88.118.8/other"]
        await recursor.resolve(world.query(X))
        assert world.asked_of("enterprise")[-1] == X
