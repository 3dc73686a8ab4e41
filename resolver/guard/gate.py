"""The compiled gate of datagrams, with the rates and networks of a configuration."""

from __future__ import annotations

import ipaddress

from idis.proto._speedups import Gate
from idis.resolver.config import GuardSection
from idis.resolver.guard.rates import BURST_S, NETWORK_FACTOR, REGION_FACTOR

SECRET_BYTES = 16


def make_gate(guard: GuardSection, secret: bytes) -> Gate:
    """A gate with nobody proven and every bucket full; `secret` has SECRET_BYTES random octets."""
    networks = [ipaddress.ip_network(network) for network in guard.trusted_networks]
    return Gate(
        [(network.network_address.packed, network.prefixlen) for network in networks],
        secret,
        unproven_per_s=guard.unvalidated_per_s,
        unproven_burst=guard.unvalidated_burst,
        proven_per_s=guard.proven_udp_per_s,
        proven_burst=guard.proven_udp_per_s * BURST_S,
        network_factor=NETWORK_FACTOR,
        region_factor=REGION_FACTOR,
    )
