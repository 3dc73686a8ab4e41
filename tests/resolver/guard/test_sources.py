"""Which source is believed how far."""

from __future__ import annotations

import pytest

from idis.resolver.config import GuardSection
from idis.resolver.guard import sources as module
from idis.resolver.guard.sources import Sources, Standing


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "192.168.4.5", "172.31.0.1", "::1", "fd00::1", "fe80::1%eth0"])
def test_loopback_and_private_sources_are_trusted_by_default(address):
    """Nobody outside can be hit by an answer sent there."""
    sources = Sources(GuardSection())

    assert sources.standing_of_datagram(sources.of(address), now=0.0) is Standing.TRUSTED


@pytest.mark.parametrize("address", ["192.0.2.7", "8.8.8.8", "172.32.0.1", "2001:db8::1", "::ffff:192.0.2.7"])
def test_other_sources_are_not(address):
    """A datagram from the internet proves nothing."""
    sources = Sources(GuardSection())

    assert sources.standing_of_datagram(sources.of(address), now=0.0) is Standing.UNPROVEN


def test_a_mapped_address_is_the_ipv4_address():
    """`::ffff:10.0.0.1` is as trusted as `10.0.0.1`, limited with it, and proven when it is."""
    sources = Sources(GuardSection())

    assert sources.of("::ffff:10.0.0.1") is sources.of("10.0.0.1")


def test_a_tcp_exchange_proves_a_source_for_ten_minutes():
    """Then the proof is over."""
    sources = Sources(GuardSection())
    source = sources.of("192.0.2.7")
    sources.prove(source, now=100.0)

    assert sources.standing_of_datagram(source, now=699.0) is Standing.PROVEN
    assert sources.standing_of_datagram(source, now=700.0) is Standing.UNPROVEN


def test_networks_are_what_limits_are_counted_by():
    """IPv4: address, /24, /20. IPv6: /64, /56, /48."""
    sources = Sources(GuardSection())
    four, six = sources.of("192.0.2.7"), sources.of("2001:db8:1:2ff:3::4")

    assert (four.host, four.network, four.region) == ("192.0.2.7/32", "192.0.2.0/24", "192.0.0.0/20")
    assert (six.host, six.network, six.region) == ("2001:db8:1:2ff::/64", "2001:db8:1:200::/56", "2001:db8:1::/48")


def test_the_table_is_bounded(monkeypatch):
    """The longest unseen source is forgotten first."""
    monkeypatch.setattr(module, "SOURCES_MAX", 3)
    sources = Sources(GuardSection())
    first, second = sources.of("192.0.2.1"), sources.of("192.0.2.2")
    sources.of("192.0.2.3")
    sources.of("192.0.2.1")
    sources.of("192.0.2.4")

    assert len(sources) == 3
    assert sources.of("192.0.2.1") is first
    assert sources.of("192.0.2.2") is not second


def test_who_listens_is_told_of_proofs():
    """Once, not at every exchange; never of sources that need none."""
    sources = Sources(GuardSection(validation_s=100, trusted_networks=("10.0.0.0/8",)))
    told = []
    sources.listeners.append(lambda address, until: told.append((address, until)))
    for now in (1_000.0, 1_001.0, 1_050.0):
        sources.prove(sources.of("192.0.2.7"), now)
        sources.prove(sources.of("10.0.0.1"), now)

    assert told == [("192.0.2.7", 1_100.0), ("192.0.2.7", 1_150.0)]
