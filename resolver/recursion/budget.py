"""The work one client query may cause, handed down to every step and shared by all its sub-questions (`trust.md` §7)."""

from __future__ import annotations

REFERRAL_HOPS_MAX = 8  # the tiers are four deep; the rest is room for services and aliases
ALIAS_HOPS_MAX = 8
SERV_HOPS_MAX = 8
UPSTREAM_PACKETS_MAX = 16  # one question must not become a flood somewhere else (NXNSAttack)
RESOLUTION_MS_MAX = 2_000  # people and scanners give up after that


class Budget:
    """What is left for one client query. Times are readings of the recursion's monotonic clock, in seconds.

    Attributes:
        deadline: when the answer must be there.
        hops: referrals followed so far.
        aliases: HS_ALIAS values followed so far.
        services: HS_SERV values followed so far.
        packets: requests sent upstream so far, repeats and transport changes included.
    """

    __slots__ = ("aliases", "deadline", "hops", "packets", "services")

    def __init__(self, now: float, *, milliseconds: float = RESOLUTION_MS_MAX, hops: int = 0) -> None:
        self.deadline = now + milliseconds / 1_000
        self.hops = hops
        self.aliases = 0
        self.services = 0
        self.packets = 0

    def take_hop(self) -> bool:
        """Whether one more referral may be followed; counts it."""
        self.hops += 1
        return self.hops <= REFERRAL_HOPS_MAX

    def take_alias(self) -> bool:
        """Whether one more alias may be followed; counts it."""
        self.aliases += 1
        return self.aliases <= ALIAS_HOPS_MAX

    def take_service(self) -> bool:
        """Whether one more service handle may be followed; counts it."""
        self.services += 1
        return self.services <= SERV_HOPS_MAX

    def take_packet(self) -> bool:
        """Whether one more request may be sent upstream; counts it only if so."""
        if self.packets >= UPSTREAM_PACKETS_MAX:
            return False
        self.packets += 1
        return True
