"""A line chart as SVG: microseconds upwards in powers of ten, anything to the right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 960, 360
LEFT, RIGHT, TOP, BOTTOM = 76, 36, 30, 48
_POINTS_MAX = 2_000  # more than pixels


@dataclass(frozen=True, slots=True)
class Axis:
    """What runs to the right: its ends, its marks with their labels, its name."""

    begin: float
    end: float
    marks: Sequence[tuple[float, str]]
    title: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line: its name, its look (a class of the page's style), its points (x, microseconds)."""

    name: str
    look: str
    points: Sequence[tuple[float, float]]


def chart(title: str, axis: Axis, lines: Sequence[Line]) -> str:
    """The drawing, with the name of each line above it."""
    values = [value for line in lines for _, value in line.points if value > 0] or [1.0]
    low = math.floor(math.log10(min(values)))
    high = max(math.ceil(math.log10(max(values)) - 1e-9), low + 1)

    def at(x: float, value: float) -> str:
        right = LEFT + (x - axis.begin) / (axis.end - axis.begin) * (WIDTH - LEFT - RIGHT)
        return f"{right:.1f},{_height(value, low, high):.1f}"

    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">']
    parts += _rules(low, high)
    for mark, label in axis.marks:
        x = at(mark, 10.0**low).partition(",")[0]
        parts.append(f'<line class="grid" x1="{x}" y1="{TOP}" x2="{x}" y2="{HEIGHT - BOTTOM}"/>')
        parts.append(f'<text x="{x}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{escape(label)}</text>')
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">{escape(axis.title)}</text>')
    for place, line in enumerate(lines):
        step = max(len(line.points) // _POINTS_MAX, 1)
        points = " ".join(at(x, value) for x, value in line.points[::step] if value > 0)
        parts.append(f'<polyline class="line {line.look}" points="{points}"><title>{escape(line.name)}</title></polyline>')
        left = LEFT + 8 + place * 110
        parts.append(
            f'<g class="key"><line class="line {line.look}" x1="{left}" y1="14" x2="{left + 28}" y2="14"/>'
            f'<text x="{left + 34}" y="18">{escape(line.name)}</text></g>'
        )
    return "\n".join([*parts, "</svg>"])


def _height(value: float, low: int, high: int) -> float:
    return HEIGHT - BOTTOM - (math.log10(value) - low) / (high - low) * (HEIGHT - TOP - BOTTOM)


def _rules(low: int, high: int) -> list[str]:
    """Horizontal rules at 1, 2, 5 of each power of ten, the first with its label; all with one when there are few powers."""
    parts = []
    for power in range(low, high + 1):
        for digit in (1, 2, 5):
            value = digit * 10.0**power
            if value > 10.0**high * 1.001:
                continue
            y = f"{_height(value, low, high):.1f}"
            parts.append(f'<line class="grid" x1="{LEFT}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}"/>')
            if digit == 1 or high - low <= 3:
                parts.append(f'<text x="{LEFT - 8}" y="{float(y) + 4:.1f}" text-anchor="end">{_label(value)}</text>')
    return parts


def _label(micros: float) -> str:
    for unit, size in (("s", 1e6), ("ms", 1e3), ("µs", 1.0)):
        if micros >= size:
            return f"{micros / size:g} {unit}"
    return f"{micros:g} µs"
