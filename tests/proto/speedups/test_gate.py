"""The gate: the rules of `resolver/guard`, in tables of fixed size."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

import pytest

pytest.importorskip("idis.proto._speedups", reason="the compiled hot path is not loaded", exc_type=ImportError)

from hypothesis import given
from hypothesis import strategies as st

from idis.proto._speedups import PROVEN, TRUSTED, UNPROVEN, Gate
from idis.resolver.config import PRIVATE_NETWORKS, GuardSection
from idis.resolver.guard.rates import BURST_S, Rates
from idis.resolver.guard.sources import Sources, Standing

STANDINGS = {Standing.TRUSTED: TRUSTED, Standing.PROVEN: PROVEN, Standing.UNPROVEN: UNPROVEN}
SECRET = bytes(16)


def packed(address: str) -> bytes:
    """The octets of an address."""
    return ipaddress.ip_address(address).packed


def trusted(networks: Sequence[str]) -> list[tuple[bytes, int]]:
    """Networks as the gate takes them."""
    return [(network.network_address.packed, network.prefixlen) for network in map(ipaddress.ip_network, networks)]


def make_gate(guard: GuardSection) -> Gate:
    """A gate of the node's settings."""
    return Gate(
        trusted(guard.trusted_networks),
        SECRET,
        unproven_per_s=guard.unvalidated_per_s,
        unproven_burst=guard.unvalidated_burst,
        proven_per_s=guard.proven_udp_per_s,
        proven_burst=guard.proven_udp_per_s * BURST_S,
    )


ADDRESSES = (
    "127.0.0.1", "10.0.0.1", "172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0", "192.168.7.7", "169.254.0.1",
    "198.51.100.1", "198.51.100.2", "198.51.101.1", "198.51.115.9", "0.0.0.0", "255.255.255.255",
    "::1", "::2", "::", "fc00::1", "fdff:ffff::1", "fe80::5", "febf::1", "fec0::1", "2001:db8::1", "2001:db8::2",
    "2001:db8:0:1::1", "2001:db8:0:100::1", "2001:db8:1::1", "::ffff:127.0.0.1", "::ffff:198.51.100.1", "::ffff:0:1",
)  # fmt: skip


@pytest.mark.parametrize("networks", [PRIVATE_NETWORKS, (), ("0.0.0.0/0",), ("::/0",), ("198.51.100.1/32", "2001:db8::2/128")])
def test_networks_are_trusted_as_the_node_trusts_them(networks: tuple[str, ...]) -> None:
    """First and last addresses of networks, mapped ones, and either family's whole range, compared with the plain path."""
    guard = GuardSection(trusted_networks=networks)
    gate, sources = make_gate(guard), Sources(guard)

    for address in ADDRESSES:
        standing = sources.standing_of_datagram(sources.of(address), 0.0)
        assert gate.standing(packed(address), 0.0) == STANDINGS[standing], address


EVENT = st.tuples(st.sampled_from(ADDRESSES), st.sampled_from(["ask", "ask", "ask", "prove"]), st.floats(0, 0.7))


@given(st.lists(EVENT, max_size=200))
def test_rates_are_those_of_the_node(events: list[tuple[str, str, float]]) -> None:
    """Any course of questions and proofs is allowed and refused as by the plain path."""
    guard = GuardSection(unvalidated_per_s=2, unvalidated_burst=3, proven_udp_per_s=4, validation_s=1)
    gate, sources, rates = make_gate(guard), Sources(guard), Rates(guard)
    now = 0.0
    for address, act, passed in events:
        now += passed
        source = sources.of(address)
        if act == "prove":
            sources.prove(source, now)
            gate.prove(packed(address), now + guard.validation_s)
            continue
        standing = sources.standing_of_datagram(source, now)
        assert gate.standing(packed(address), now) == STANDINGS[standing]
        assert gate.allow(packed(address), now) == rates.allow(source, standing, now)


def test_a_flood_of_one_address_gets_its_burst_and_its_rate() -> None:
    """125 at once, then 50 a second."""
    gate = make_gate(GuardSection())
    allowed = [sum(gate.allow(packed("198.51.100.1"), now) for _ in range(1_000)) for now in (0.0, 1.0, 1.5)]

    assert allowed == [125, 50, 25]


def test_a_flood_of_many_addresses_is_held_by_its_region() -> None:
    """However many addresses of a /20 ask, together they get the region's burst."""
    gate = make_gate(GuardSection())
    allowed = sum(
        gate.allow(bytes((198, 51, 96 + high, low)), 0.0) for _ in range(20) for high in range(16) for low in range(256)
    )

    assert allowed <= 125 * 256


def test_more_addresses_than_places_take_no_more_memory_and_are_answered() -> None:
    """A newcomer takes the place of whoever stands there."""
    gate = Gate([], SECRET, unproven_per_s=1e9, unproven_burst=1e9)

    assert all(gate.allow(number.to_bytes(4, "big"), 0.0) for number in range(200_000))


def test_a_proof_ends() -> None:
    """At the very time it was given for; a shorter one later does not cut it."""
    gate = Gate([], SECRET)
    gate.prove(packed("198.51.100.1"), 5.0)
    gate.prove(packed("198.51.100.1"), 4.0)

    assert [gate.standing(packed("198.51.100.1"), now) for now in (4.9, 5.0)] == [PROVEN, UNPROVEN]
    assert gate.standing(packed("198.51.100.2"), 1.0) == UNPROVEN


@pytest.mark.parametrize(
    ("networks", "secret"),
    [
        ([(b"abc", 8)], SECRET),
        ([(bytes(4), 33)], SECRET),
        ([(bytes(4), -1)], SECRET),
        ([(bytes(4), 0)] * 257, SECRET),
        ([], b"short"),
    ],
    ids=["three octets", "33 bits", "negative", "too many", "secret"],
)
def test_arguments_out_of_bounds(networks: list[tuple[bytes, int]], secret: bytes) -> None:
    """A gate that could not do what its settings say is not made."""
    with pytest.raises(ValueError):
        Gate(networks, secret)
