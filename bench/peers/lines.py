"""What is measured side by side, and what our node is to reach beside whom (`performance.md` §4)."""

from __future__ import annotations

from dataclasses import dataclass

from idis.bench.asking.load import Transport


@dataclass(frozen=True, slots=True)
class Goal:
    """Our node's figure by that of another.

    Attributes:
        ours, other: names of competitors.
        measure: `rate`, or a percentile of the response time such as `p50`.
        floor, goal: of the ratio; for latencies the ratio is to be at most so much.
    """

    ours: str
    other: str
    measure: str
    floor: float
    goal: float

    def reached(self, ratio: float) -> str:
        """How a ratio stands to floor and goal."""
        if self.measure == "rate":
            return "goal" if ratio >= self.goal else "floor" if ratio >= self.floor else "below the floor"
        return "goal" if ratio <= self.goal else "floor" if ratio <= self.floor else "above the floor"


@dataclass(frozen=True, slots=True)
class Bound:
    """A percentile of our node's response time that is to be at most so many microseconds."""

    measure: str
    floor_us: float
    goal_us: float


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the comparison.

    Attributes:
        name: of the row.
        connections, pipeline: of the closed loop.
        half: an open loop at half of what the row named here gave.
        rate: an open loop at so many questions a second.
        entrants: who takes part, by name; empty: all who speak the transport.
    """

    name: str
    transport: Transport
    connections: int
    pipeline: int
    goals: tuple[Goal, ...] = ()
    bounds: tuple[Bound, ...] = ()
    half: str = ""
    rate: float | None = None
    entrants: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ToolGoal:
    """What a core of our node is to give by what one of another gives, asked by a competitor's tool; see `tools.py`."""

    line: str
    ours: str
    other: str
    floor: float
    goal: float


TOOL_GOALS = (
    ToolGoal("dnsperf, 64 in flight, on the server's core, NAPTR", "idis", "Knot NAPTR", 0.8, 1.5),
    ToolGoal("dnsperf, 64 in flight, on the server's core, NAPTR", "idis plain", "Knot NAPTR", 0.75, 0.75),
)

UDP_64 = "UDP, 64 in flight"
OPEN_BOUNDS = (Bound("p50", 50, 35), Bound("p90", 100, 60), Bound("p99", 500, 150))

LINES: tuple[Line, ...] = (
    Line(
        UDP_64,
        Transport.UDP,
        4,
        16,
        (
            Goal("idis", "C echo", "rate", 0.85, 0.95),
            Goal("idis", "Knot", "rate", 1.5, 1.9),
            Goal("idis", "NSD", "rate", 1.8, 2.3),
            Goal("idis", "Handle", "rate", 3.0, 4.0),
            Goal("idis plain", "Knot", "rate", 0.7, 0.85),
            Goal("idis plain", "Handle", "rate", 1.4, 1.7),
            Goal("idis", "Knot", "p50", 0.8, 0.6),
            Goal("idis", "Knot", "p99", 0.8, 0.6),
        ),
    ),
    Line(
        "UDP, 1 in flight",
        Transport.UDP,
        1,
        1,
        (Goal("idis", "C echo", "p50", 1.3, 1.05), Goal("idis", "C echo", "p99", 1.5, 1.1)),
    ),
    Line(
        "UDP, open loop at half capacity",
        Transport.UDP,
        4,
        4_096,
        bounds=OPEN_BOUNDS,
        half=UDP_64,
    ),
    Line(
        "UDP, open loop at 110,000/s",
        Transport.UDP,
        4,
        4_096,
        bounds=OPEN_BOUNDS,
        rate=110_000,
        entrants=("C echo", "idis", "Knot"),
    ),
    Line("TCP, 64 × 1", Transport.TCP, 64, 1, (Goal("idis", "Redis", "rate", 0.9, 1.2),)),
    Line("TCP, 50 × 16", Transport.TCP, 50, 16, (Goal("idis", "Redis", "rate", 2.0, 3.5),)),
    Line("TCP, 50 × 64", Transport.TCP, 50, 64, (Goal("idis", "Redis", "rate", 2.5, 5.0),)),
    Line("TCP, 1 × 64", Transport.TCP, 1, 64),
    Line(
        "DNS, 64 in flight",
        Transport.DNS,
        4,
        16,
        (Goal("idis", "Knot NAPTR", "rate", 0.8, 1.5), Goal("idis plain", "Knot NAPTR", "rate", 0.75, 0.75)),
    ),
    Line("DNS over TCP, 50 × 16", Transport.DNS_TCP, 50, 16),
    Line("HTTP, 64 × 1", Transport.HTTP, 64, 1, (Goal("idis", "aiohttp, bare", "rate", 0.8, 3.0),)),
)
