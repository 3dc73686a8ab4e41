"""A connection arrives."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from idis.resolver.config import GuardSection, LimitsSection
from idis.resolver.guard.arrival import OUT_BUFFER_BYTES, arrive
from idis.resolver.guard.connections import ConnectionTable
from idis.resolver.guard.sources import Sources, Standing
from idis.resolver.metrics import Metrics


class Stream(asyncio.Transport):
    """A transport that knows its peer and nothing else."""

    def __init__(self, peername: tuple[str, int] | None) -> None:
        super().__init__({"peername": peername})
        self.high = 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Remember the limit."""
        self.high = high or 0


class Newcomer:
    """A connection that remembers why it was shed."""

    address = ""
    idle = False

    def __init__(self) -> None:
        self.shed_for: list[str] = []

    def shed(self, reason: str) -> None:
        """Note why."""
        self.shed_for.append(reason)

    def look(self, now: float, idle_s: float) -> None:
        """Nothing to look at."""


@pytest.fixture
def service() -> SimpleNamespace:
    """What arriving needs of a service, with room for one connection."""
    table = ConnectionTable(LimitsSection(connections=1))
    return SimpleNamespace(metrics=Metrics(), sources=Sources(GuardSection()), table=table)


def test_whoever_arrives_is_counted_and_seated(service):
    """The peer is known, its buffer bounded, its place taken."""
    newcomer, stream = Newcomer(), Stream(("203.0.113.9", 4_711))
    peer = arrive(newcomer, stream, "tcp", service)

    assert (peer.transport, peer.standing, newcomer.address) == ("tcp", Standing.CONNECTED, "203.0.113.9")
    assert (service.metrics.accepted["tcp"], service.metrics.connections["tcp"], len(service.table)) == (1, 1, 1)
    assert stream.high == OUT_BUFFER_BYTES


def test_where_there_is_no_room_it_is_shed(service):
    """The limit that was hit is counted."""
    arrive(Newcomer(), Stream(("203.0.113.9", 1)), "tcp", service)
    second = Newcomer()
    arrive(second, Stream(("203.0.113.10", 2)), "http", service)

    assert second.shed_for == ["no_room"]
    assert service.metrics.limited["connections"] == 1


def test_a_peer_that_is_gone_already_has_no_address(service):
    """Nothing is believed of it."""
    newcomer = Newcomer()

    assert arrive(newcomer, Stream(None), "http", service).standing is Standing.CONNECTED
    assert newcomer.address == "0.0.0.0"
