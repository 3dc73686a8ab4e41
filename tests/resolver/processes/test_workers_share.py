"""What one process of a node may hold, where that is divided between them."""

from __future__ import annotations

from pathlib import Path

from idis.resolver.config import GuardSection, LimitsSection, NodeConfig, NodeSection, RecursionSection
from idis.resolver.processes.workers import share_of

CONFIG = NodeConfig(
    Path(),
    NodeSection(name="n", workers=4),
    recursion=RecursionSection(cache_bytes=500_000),
    limits=LimitsSection(pending_queries=101, connections_per_address=256),
    guard=GuardSection(unvalidated_per_s=50, unvalidated_burst=125, proven_udp_per_s=200, validated_per_s=5_000),
)


def test_memory_is_divided_by_all_who_recurse():
    """Four workers and the keeper, whose HTTP face asks too."""
    share = share_of(CONFIG)

    assert (share.recursion.cache_bytes, share.limits.pending_queries) == (100_000, 21)


def test_a_forged_address_gets_no_more_of_the_node_than_is_configured():
    """Divided by the workers, rounded up."""
    guard = share_of(CONFIG).guard

    assert (guard.unvalidated_per_s, guard.unvalidated_burst) == (13, 32)


def test_a_proven_address_gets_what_is_configured_from_each_worker():
    """One connection, which is at one worker, is not slowed by there being others."""
    share = share_of(CONFIG)

    assert (share.guard.proven_udp_per_s, share.guard.validated_per_s) == (200, 5_000)
    assert share.limits.connections_per_address == 256


def test_a_small_cache_stays_usable():
    """No share falls below what a configuration may set."""
    small = NodeConfig(Path(), NodeSection(name="n", workers=64), recursion=RecursionSection(cache_bytes=65_536))

    assert share_of(small).recursion.cache_bytes == 65_536
