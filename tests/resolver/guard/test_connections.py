"""The table of connections: caps, order, patience."""

from __future__ import annotations

import resource
from dataclasses import dataclass, field, replace

import pytest

from idis.resolver.config import LimitsSection
from idis.resolver.guard.connections import ConnectionTable


@dataclass(eq=False)
class FakeConnection:
    """A connection that only remembers what was done to it."""

    address: str = "192.0.2.1"
    idle: bool = True
    shed_for: list[str] = field(default_factory=list)
    looked: list[float] = field(default_factory=list)
    table: ConnectionTable | None = None

    def shed(self, reason: str) -> None:
        """Note why, and leave."""
        self.shed_for.append(reason)
        if self.table is not None:
            self.table.release(self)

    def look(self, now: float, idle_s: float) -> None:
        """Note the patience."""
        self.looked.append(idle_s)


def table_of(**limits: int) -> ConnectionTable:
    """A table with some limits changed."""
    return ConnectionTable(replace(LimitsSection(), **limits))


def enter(table: ConnectionTable, count: int, **named: object) -> list[FakeConnection]:
    """Admit this many."""
    connections = [FakeConnection(table=table, **named) for _ in range(count)]
    assert all(table.admit(connection) for connection in connections)
    return connections


def test_the_least_recently_active_idle_one_makes_room():
    """Activity moves a connection to the end; a busy one is passed over."""
    table = table_of(connections=3)
    first, second, third = enter(table, 3)
    table.touch(first)
    second.idle = False

    assert table.admit(FakeConnection(table=table))
    assert (first.shed_for, second.shed_for, third.shed_for) == ([], [], ["room"])


def test_a_cap_of_an_address_costs_only_that_address():
    """One greedy address loses its own oldest; a neighbour's idle connection stays."""
    table = table_of(connections_per_address=2)
    (neighbour,) = enter(table, 1, address="192.0.2.9")
    first, _second = enter(table, 2)

    assert table.admit(FakeConnection(table=table))
    assert (neighbour.shed_for, first.shed_for) == ([], ["room"])


def test_nobody_idle_means_no_room():
    """Work under way is not thrown away for a newcomer."""
    table = table_of(connections=2)
    enter(table, 2, idle=False)

    assert not table.admit(FakeConnection())
    assert len(table) == 2


@pytest.mark.parametrize(("count", "idle_s"), [(5, 30.0), (6, 5.0), (9, 1.0)])
def test_pressure_shortens_patience(count, idle_s):
    """Above half of the connections five seconds, above four fifths one."""
    table = table_of(connections=10)
    enter(table, count)

    assert table.idle_s == idle_s


def test_pressure_never_lengthens_patience():
    """An operator who set one second keeps it."""
    table = table_of(connections=10, idle_ms=1_000)
    enter(table, 6)

    assert table.idle_s == 1.0


def test_a_sweep_looks_at_everybody():
    """Also when looking closes some of them."""
    table = table_of()
    connections = enter(table, 3)
    table.sweep(now=5.0)

    assert [connection.looked for connection in connections] == [[30.0]] * 3


def test_leaving_twice_is_harmless():
    """A connection that was never admitted, or has left, may be released again."""
    table = table_of()
    (connection,) = enter(table, 1)
    table.release(connection)
    table.release(connection)
    table.release(FakeConnection())

    assert len(table) == 0


@pytest.mark.parametrize(("descriptors", "expected"), [(1_024, 512), (1, 1), (resource.RLIM_INFINITY, 1_000_000)])
def test_half_of_the_descriptors_is_the_default(monkeypatch, descriptors, expected):
    """The rest is for files and upstreams; a system without a limit still has one here."""
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (descriptors, descriptors))

    assert table_of().connections_max == expected


@dataclass
class FakeCompany:
    """Other processes of the node."""

    elsewhere: int = 0
    told: list[int] = field(default_factory=list)

    def connections_elsewhere(self) -> int:
        """What they have open."""
        return self.elsewhere

    def connections_here(self, count: int) -> None:
        """Note what they are told."""
        self.told.append(count)


def test_a_cap_counts_the_connections_of_other_processes():
    """Four for the node: with two elsewhere, the third here costs the oldest one here its place."""
    table = ConnectionTable(replace(LimitsSection(), connections=4), FakeCompany(elsewhere=2))
    first, second = enter(table, 2)

    assert table.admit(FakeConnection(table=table))
    assert (first.shed_for, second.shed_for) == (["room"], [])


def test_a_cap_filled_by_others_leaves_no_room():
    """When nobody here is idle."""
    table = ConnectionTable(replace(LimitsSection(), connections=4), FakeCompany(elsewhere=4))

    assert not table.admit(FakeConnection())


def test_a_cap_of_descriptors_is_each_process_s_own(monkeypatch):
    """Each process has its own limit, so others do not count."""
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (8, 8))
    table = ConnectionTable(LimitsSection(), FakeCompany(elsewhere=1_000))

    assert len(enter(table, 4)) == table.connections_max


def test_others_are_told_of_every_change():
    """Opened, opened, closed."""
    company = FakeCompany()
    table = ConnectionTable(LimitsSection(), company)
    first, _second = enter(table, 2)
    table.release(first)

    assert company.told == [1, 2, 1]


def test_a_table_that_parts_has_patience_for_a_second():
    """Whoever is quiet so long is told to go elsewhere."""
    table = table_of()
    table.part()

    assert table.idle_s == 1.0


def test_a_table_is_busy_while_anybody_is():
    """A node that stops waits for it."""
    table = table_of()
    first, _second = enter(table, 2)
    first.idle = False

    assert table.busy
    first.idle = True
    assert not table.busy
