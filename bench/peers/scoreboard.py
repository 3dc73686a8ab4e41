"""The comparison as tables: medians, ratios with their intervals, and how they stand to the goals."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from idis.bench.machine import machine_line
from idis.bench.peers.lines import TOOL_GOALS, Goal, Line
from idis.bench.peers.match import Match, Standing
from idis.bench.peers.tools import Tools
from idis.bench.report.bootstrap import ratio_of
from idis.bench.report.text import micros, number

_LEVELS = ("50", "90", "99", "99.9")
Row = tuple[str, ...]


def markdown(match: Match, lines: Sequence[Line], tools: Tools) -> str:
    """Everything as Markdown, which is readable as it is."""
    parts = [f"{time.strftime('%Y-%m-%d')}, {machine_line()}"]
    parts += [f"{number(match.names)} names, uniform keys, one core each for server and generator.", ""]
    parts += [*_table(_RATE_HEAD, _standings(match, lines)), ""]
    parts += ["Our node beside the others:", "", *_table(_GOAL_HEAD, _goals(match, lines) + _tool_goals(tools)), ""]
    if starts := _starts(match):
        parts += [*_table(("server", "start to first answer", "memory"), starts), ""]
    if tools:
        parts += [*_table(("other generators", "server", "k/s", "µs CPU"), _tools(tools)), ""]
    parts += [f"Skipped: {name} ({reason})." for name, reason in match.skipped.items()]
    against = objections(match)
    parts += [f"Not to be trusted: {sentence}." for sentence in against[:_OBJECTIONS_SHOWN_MAX]]
    if len(against) > _OBJECTIONS_SHOWN_MAX:
        parts.append(f"And {len(against) - _OBJECTIONS_SHOWN_MAX} more such; JSON has all.")
    return "\n".join(parts).rstrip() + "\n"


def document(match: Match, lines: Sequence[Line], tools: Tools) -> dict[str, Any]:
    """Everything for JSON."""
    return {
        "machine": machine_line(),
        "names": match.names,
        "skipped": match.skipped,
        "objections": objections(match),
        "servers": {
            name: {"start_s": running.start_s, "memory_bytes": running.memory_bytes} for name, running in match.running.items()
        },
        "lines": {
            line: {
                name: {measure: standing.values(measure) for measure in ("rate", "cpu", "busy", *(f"p{at}" for at in _LEVELS))}
                for name, standing in standings.items()
            }
            for line, standings in match.standings.items()
        },
        "goals": [dict(zip(("line", *_GOAL_HEAD[1:]), row, strict=True)) for row in _goals(match, lines) + _tool_goals(tools)],
        "tools": [
            {"line": line, "server": name, "rate": [one.rate for one in told], "cpu": [one.cpu_us for one in told]}
            for (line, name), told in tools.items()
        ],
    }


def objections(match: Match) -> list[str]:
    """Why parts of it may not be believed."""
    return [
        f"{line}, {name}: {sentence}"
        for line, standings in match.standings.items()
        for name, standing in standings.items()
        for sentence in standing.objections()
    ]


_RATE_HEAD = ("line", "server", "k/s", "µs CPU", "p50", "p90", "p99", "p99.9", "generator busy")
_GOAL_HEAD = ("line", "measure", "ratio", "95 % interval", "by CPU", "floor", "goal", "reached")
_OBJECTIONS_SHOWN_MAX = 6


def _standings(match: Match, lines: Sequence[Line]) -> list[Row]:
    rows = []
    for line in lines:
        standings = match.standings.get(line.name, {})
        for name, standing in sorted(standings.items(), key=lambda item: -(item[1].median("rate") or 0)):
            rate, cpu, busy = (standing.median(measure) for measure in ("rate", "cpu", "busy"))
            levels = [standing.median(f"p{level}") for level in _LEVELS]
            rows.append(
                (
                    line.name,
                    name,
                    _k(rate),
                    "–" if cpu is None else f"{cpu:.2f}",
                    *("–" if level is None else micros(level) for level in levels),
                    "–" if busy is None else f"{busy:.0%}",
                )
            )
    return rows


def _goals(match: Match, lines: Sequence[Line]) -> list[Row]:
    rows: list[Row] = []
    for line in lines:
        standings = match.standings.get(line.name, {})
        for goal in line.goals:
            rows += _goal_rows(line, goal, standings)
        for bound in line.bounds:
            ours = standings.get("idis")
            value = ours.median(bound.measure) if ours is not None else None
            if ours is not None and value is not None:
                reached = "goal" if value <= bound.goal_us else "floor" if value <= bound.floor_us else "above the floor"
                at = f"idis {bound.measure} at {_k(ours.median('rate'))} k/s"
                spread = ours.values(bound.measure)
                interval = f"{min(spread):.0f} – {max(spread):.0f} µs (all rounds)"
                limits = (f"{bound.floor_us:.0f}", f"{bound.goal_us:.0f}")
                rows.append((line.name, at, f"{value:.0f} µs", interval, "–", *limits, reached))
    return rows


def _goal_rows(line: Line, goal: Goal, standings: Mapping[str, Standing]) -> list[Row]:
    rows: list[Row] = []
    for name, standing in standings.items():
        if goal.ours not in standings or not (name == goal.other or name.startswith(f"{goal.other} ")):
            continue
        ratio = ratio_of(standings[goal.ours].values(goal.measure), standing.values(goal.measure), paired=True)
        if ratio is not None:
            interval = f"{ratio.low:.2f} – {ratio.high:.2f}"
            by_cpu = _by_cpu(standings[goal.ours], standing) if goal.measure == "rate" else "–"
            what = f"{goal.ours} ÷ {name}" + ("" if goal.measure == "rate" else f", {goal.measure}")
            shown = (f"{ratio.ratio:.2f}", interval, by_cpu, f"{goal.floor:g}", f"{goal.goal:g}", goal.reached(ratio.ratio))
            rows.append((line.name, what, *shown))
    return rows


def _tool_goals(tools: Tools) -> list[Row]:
    rows: list[Row] = []
    for goal in TOOL_GOALS:
        ours, other = (
            [one.per_core for one in tools.get((goal.line, name), ()) if one.per_core] for name in (goal.ours, goal.other)
        )
        ratio = ratio_of(ours, other, paired=True)
        if ratio is not None:
            interval = f"{ratio.low:.2f} – {ratio.high:.2f}"
            reached = Goal(goal.ours, goal.other, "rate", goal.floor, goal.goal).reached(ratio.ratio)
            what = f"{goal.ours} ÷ {goal.other}, by CPU"
            rows.append((goal.line, what, f"{ratio.ratio:.2f}", interval, "–", f"{goal.floor:g}", f"{goal.goal:g}", reached))
    return rows


def _tools(tools: Tools) -> list[Row]:
    rows: list[Row] = []
    for (line, name), told in sorted(tools.items()):
        cpu = [one.cpu_us for one in told if one.cpu_us is not None]
        rows.append((line, name, _k(median(one.rate for one in told)), f"{median(cpu):.2f}" if cpu else "–"))
    return rows


def _by_cpu(ours: Standing, other: Standing) -> str:
    """The same ratio by the servers' CPU time an answer: what a busy machine spoils least."""
    mine, theirs = ours.median("cpu"), other.median("cpu")
    return f"{theirs / mine:.2f}" if mine and theirs else "–"


def _starts(match: Match) -> list[Row]:
    return [
        (
            name,
            "–" if running.start_s is None else f"{running.start_s:.2f} s",
            "–" if running.memory_bytes is None else f"{running.memory_bytes / 2**20:.0f} MiB",
        )
        for name, running in match.running.items()
        if running.start_s is not None or running.memory_bytes is not None
    ]


def _table(head: Sequence[str], rows: Sequence[Row]) -> list[str]:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in (head, *rows)
    ]
    return [lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]]


def _k(rate: float | None) -> str:
    return "–" if rate is None else f"{rate / 1_000:,.1f}"
