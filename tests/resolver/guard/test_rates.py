"""Token buckets: how often a source may ask."""

from __future__ import annotations

import pytest

from idis.resolver.config import GuardSection
from idis.resolver.guard.rates import Buckets, Rates
from idis.resolver.guard.sources import Sources, Standing


def test_a_bucket_gives_its_burst_and_then_its_rate():
    """Three at once, then one every tenth of a second."""
    buckets = Buckets(rate_per_s=10, burst=3)

    assert [buckets.take("a", 0.0) for _ in range(4)] == [True, True, True, False]
    assert [buckets.take("a", 0.1), buckets.take("a", 0.15)] == [True, False]


def test_a_bucket_never_holds_more_than_its_burst():
    """An hour of silence is not an hour of tokens."""
    buckets = Buckets(rate_per_s=10, burst=2)
    buckets.take("a", 0.0)

    assert [buckets.take("a", 3_600.0) for _ in range(3)] == [True, True, False]


def test_buckets_are_bounded():
    """A flood of addresses makes the limiter coarser, never larger."""
    buckets = Buckets(rate_per_s=1, burst=1, buckets_max=10)
    for number in range(1_000):
        buckets.take(number, 0.0)

    assert len(buckets) == 10


def allowed(rates: Rates, addresses: list[str], standing: Standing, asked: int) -> int:
    """How many of `asked` questions, spread over the addresses at one moment, are let through."""
    sources = Sources(GuardSection())
    return sum(rates.allow(sources.of(addresses[number % len(addresses)]), standing, 0.0) for number in range(asked))


@pytest.mark.parametrize(
    ("standing", "expected"),
    [(Standing.TRUSTED, 20_000), (Standing.CONNECTED, 12_500), (Standing.PROVEN, 500), (Standing.UNPROVEN, 125)],
)
def test_each_standing_has_its_rate(standing, expected):
    """The defaults of `trust.md` §6, as the burst of one address."""
    assert allowed(Rates(GuardSection()), ["192.0.2.7"], standing, 20_000) == expected


def test_a_network_is_limited_as_a_whole():
    """256 addresses of one /24 get 32 times what one gets."""
    addresses = [f"192.0.2.{number}" for number in range(256)]

    assert allowed(Rates(GuardSection()), addresses, Standing.UNPROVEN, 10_000) == 125 * 32


def test_a_chunk_of_questions_is_paid_at_once():
    """What is left says how many may be answered; the smaller of the two buckets decides."""
    rates, source = Rates(GuardSection(validated_per_s=10, network_per_s=100)), Sources(GuardSection()).of("192.0.2.7")
    before = rates.left(source, 0.0)
    rates.take(source, 0.0, before)

    assert (before, rates.left(source, 0.0), rates.left(source, 1.0)) == (25, 0, 10)
    assert not rates.allow(source, Standing.CONNECTED, 0.0)


def test_a_chunk_of_one_address_is_paid_by_its_network():
    """A neighbour finds the network's bucket emptied."""
    sources = Sources(GuardSection())
    rates = Rates(GuardSection(validated_per_s=10, network_per_s=12))
    rates.take(sources.of("192.0.2.7"), 0.0, 25)

    assert rates.left(sources.of("192.0.2.8"), 0.0) == 5
