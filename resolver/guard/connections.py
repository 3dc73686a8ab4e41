"""The connections of a node: how many there may be, and which have waited long enough (`trust.md` §7, `wire.md` W3).

TCP and HTTP connections stand in one table, least recently active first. A newcomer over a cap costs the longest idle
connection its place; when nobody is idle the newcomer goes. One sweep a second looks at every connection: thousands of
timers cost more than one walk.
"""

from __future__ import annotations

import resource
from collections import OrderedDict
from typing import Protocol

from idis.resolver.config import LimitsSection

CONNECTIONS_MAX = 1_000_000  # where the system sets no limit
SWEEP_S = 1.0  # how often `sweep` is to be called; deadlines are met to within this

# Patience under pressure: above half of the connections, and above four fifths.
_PRESSED_SHARE, _PRESSED_IDLE_S = 0.5, 5.0
_CROWDED_SHARE, _CROWDED_IDLE_S = 0.8, 1.0


class Connected(Protocol):
    """What the table asks of a connection."""

    @property
    def address(self) -> str:
        """The peer's address."""

    @property
    def idle(self) -> bool:
        """Whether nothing is being received, worked on or sent."""

    def shed(self, reason: str) -> None:
        """Close for a reason, which is counted."""

    def look(self, now: float, idle_s: float) -> None:
        """Close if a deadline has passed; `now` is monotonic."""


class Company(Protocol):
    """The other processes of a node, as far as connections go."""

    def connections_elsewhere(self) -> int:
        """How many they have open."""

    def connections_here(self, count: int) -> None:
        """Tell them how many this process has."""


class ConnectionTable:
    """All connections of a process; a cap on those of the whole node counts what its `company` has."""

    def __init__(self, limits: LimitsSection, company: Company | None = None) -> None:
        self.connections_max = limits.connections or _half_of_descriptors()
        self._company = company
        # Descriptors are a process's own, so a cap that comes from them is not shared.
        self._shares_cap = company is not None and bool(limits.connections)
        self._per_address_max = limits.connections_per_address
        self._idle_s = limits.idle_ms / 1_000
        self._open: OrderedDict[Connected, None] = OrderedDict()  # least recently active first
        self._by_address: dict[str, OrderedDict[Connected, None]] = {}

    def __len__(self) -> int:
        return len(self._open)

    @property
    def idle_s(self) -> float:
        """How long a connection may be idle at the present pressure."""
        share = self._counted() / self.connections_max
        if share > _CROWDED_SHARE:
            return min(self._idle_s, _CROWDED_IDLE_S)
        if share > _PRESSED_SHARE:
            return min(self._idle_s, _PRESSED_IDLE_S)
        return self._idle_s

    def admit(self, connection: Connected) -> bool:
        """Enter a new connection; False when there is no room and nobody idle to make some."""
        neighbours = self._by_address.get(connection.address)
        if neighbours is not None and len(neighbours) >= self._per_address_max and not _shed_oldest_idle(neighbours):
            return False
        if self._counted() >= self.connections_max and not _shed_oldest_idle(self._open):
            return False
        self._open[connection] = None
        self._by_address.setdefault(connection.address, OrderedDict())[connection] = None
        self._tell()
        return True

    def touch(self, connection: Connected) -> None:
        """The connection was active."""
        if connection in self._open:
            self._open.move_to_end(connection)
            self._by_address[connection.address].move_to_end(connection)

    def release(self, connection: Connected) -> None:
        """The connection is gone."""
        if self._open.pop(connection, self) is not None:
            return
        self._tell()
        neighbours = self._by_address[connection.address]
        del neighbours[connection]
        if not neighbours:
            del self._by_address[connection.address]

    def sweep(self, now: float) -> None:
        """Let every connection look at its deadlines."""
        idle_s = self.idle_s
        for connection in list(self._open):
            connection.look(now, idle_s)

    def part(self) -> None:
        """This process takes no more connections: those it has are closed once they have been quiet for a moment."""
        self._idle_s = min(self._idle_s, _CROWDED_IDLE_S)

    @property
    def busy(self) -> bool:
        """Whether any connection is receiving, worked on or sending."""
        return any(not connection.idle for connection in self._open)

    def shed_all(self, reason: str) -> None:
        """Close every connection."""
        for connection in list(self._open):
            connection.shed(reason)

    def _counted(self) -> int:
        """Connections under the cap."""
        if self._shares_cap and self._company is not None:
            return len(self._open) + self._company.connections_elsewhere()
        return len(self._open)

    def _tell(self) -> None:
        if self._company is not None:
            self._company.connections_here(len(self._open))


def _half_of_descriptors() -> int:
    descriptors, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return CONNECTIONS_MAX if descriptors == resource.RLIM_INFINITY else max(descriptors // 2, 1)


def _shed_oldest_idle(connections: OrderedDict[Connected, None]) -> bool:
    for connection in connections:
        if connection.idle:
            connection.shed("room")
            return True
    return False
