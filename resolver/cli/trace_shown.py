"""Answers about genealogies for people: trees, tables, and a last line that says how far they reach; and rows for files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from idis.resolver.cli.output import table_lines
from idis.resolver.cli.shown import printable

AFFECTED_SHOWN = 50  # on a terminal; files and JSON have all
_BACK = {"M": "of the lot", "T": "made from", "A": "with part", "G": "holding", "X": "also known as"}
_FORWARD = {"M": "item", "T": "made into", "A": "part of", "G": "packed in", "X": "also known as"}

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    """An answer in lines for a terminal, and in rows for a file."""

    text: list[str]
    head: Row
    rows: Sequence[Row]
    extent: list[str] = field(default_factory=lambda: ["complete"])


def _trace(answer: Any) -> ShownAnswer:
    lines = answer["lines"]
    below: dict[str, list[Any]] = defaultdict(list)
    for line in lines[1:]:
        below[line["beside"]].append(line)
    missing: dict[str, list[Any]] = defaultdict(list)
    for stone in answer["extent"]["tombstones"]:
        missing[stone["thing"]].append(stone)
    words = _BACK if answer["direction"] == "back" else _FORWARD
    text = [printable(answer["thing"]), *_branches(answer["thing"], below, missing, words, "")]
    extent = _extent(answer)
    told = f"{len(lines) - 1} things: {answer['certain']} certain, {answer['possible']} possible"
    head = ("depth", "thing", "certainty", "from", "to", "kind", "beside", "quantity", "unit", "source", "holder", "reasons")
    rows = [
        (
            str(line["depth"]),
            line["thing"],
            line["certainty"],
            line["since"] or "",
            line["until"] or "",
            *(_of_edge(line["edge"], line["beside"])),
            "; ".join(line["reasons"]),
        )
        for line in lines
    ]
    return ShownAnswer([*text, "", told, *extent, *_nodes(answer)], head, rows, extent)


def _of_edge(edge: Any, beside: str) -> Row:
    if edge is None:
        return "", beside, "", "", "", ""
    return edge["kind"], beside, edge["quantity"] or "", edge["uom"], edge["source"], edge["holder"]


def _branches(
    start: str, below: Mapping[str, Sequence[Any]], missing: Mapping[str, Sequence[Any]], words: Mapping[str, str], indent: str
) -> Iterator[str]:
    """The lines below a thing. A stack, not a recursion: a tree may be as deep as a question goes."""
    stack: list[tuple[str, Any, bool]] = []

    def push(thing: str, indent: str) -> None:
        children = [*below.get(thing, ()), *missing.get(thing, ())]
        for at in range(len(children) - 1, -1, -1):
            stack.append((indent, children[at], at == len(children) - 1))

    push(start, indent)
    while stack:
        indent, child, last = stack.pop()
        branch, deeper = ("└─ ", "   ") if last else ("├─ ", "│  ")
        if "step" in child:
            again = " (may be asked again)" if child["retriable"] else ""
            yield printable(f"{indent}{branch}✗ {child['step']}: {child['message']}{again}")
            continue
        edge = child["edge"]
        parts = [child["thing"]]
        if edge is not None:
            parts.append(words[edge["kind"]])
            if edge["quantity"]:
                parts.append(f"{edge['quantity']} {edge['uom']}".strip())
            parts.append(_while(edge))
        if child["certainty"] != "certain":
            parts.append(f"possible: {'; '.join(child['reasons'])}".rstrip(": "))
        yield printable(f"{indent}{branch}{'  '.join(part for part in parts if part)}")
        push(child["thing"], indent + deeper)


def _recall(answer: Any) -> ShownAnswer:
    edges = [_edge_text(edge) for edge in answer["edges"]]
    head = ("thing", "certainty", "state", "from", "to", "holder", "place", "container", "quantity", "unit", "path", "reasons")
    rows = [
        (
            one["thing"],
            one["certainty"],
            "current" if one["current"] else "former",
            one["since"] or "",
            one["until"] or "",
            one["holder"],
            one["place"],
            one["container"],
            one["quantity"] or "",
            one["uom"],
            "; ".join(edges[at] for at in one["path"]),
            "; ".join(one["reasons"]),
        )
        for one in answer["affected"]
    ]
    shown = [row[:3] + row[5:7] + (row[3],) for row in rows[:AFFECTED_SHOWN]]
    text = _table(("affected", "certainty", "state", "holder", "place", "since"), shown) if shown else ["nothing is affected"]
    if len(rows) > AFFECTED_SHOWN:
        text.append(f"… and {len(rows) - AFFECTED_SHOWN} more: --csv FILE, --xlsx FILE or --json have all of them")
    counts = f"{len(rows)} affected: {answer['certain']} certain, {answer['possible']} possible; "
    counts += f"{answer['current']} current, {answer['former']} former; {answer['between']} things passed on the way"
    if answer.get("hidden"):
        counts += f"; {answer['hidden']} known by a pseudonym (~) only"
    text += ["", counts]
    if answer["notify"]:
        text.append(printable(f"to be told: {', '.join(answer['notify'][:20])}"))
    extent = _extent(answer)
    return ShownAnswer([*text, *extent, *_nodes(answer)], head, rows, extent)


def _common(answer: Any) -> ShownAnswer:
    head = ("kind", "name", "failed", "certain", "population", "uses", "depth", "examples")
    rows = [(*(str(cause[name]) for name in head[:-1]), "; ".join(cause["examples"])) for cause in answer["causes"]]
    text = _table(head[:-1], [row[:-1] for row in rows]) if rows else ["they share nothing that is known"]
    extent = _extent(answer)
    return ShownAnswer([*text, "", *extent, *_nodes(answer)], head, rows, extent)


def _relation(answer: Any) -> ShownAnswer:
    head = ("from", "to", "certainty", "path", "reasons")
    rows = [
        (
            stay["since"] or "",
            stay["until"] or "",
            stay["certainty"],
            "; ".join(map(_edge_text, stay["path"])),
            "; ".join(stay["reasons"]),
        )
        for stay in answer["stays"]
    ]
    extent = _extent(answer)
    text = ["yes", *_table(head, rows)] if answer["holds"] else ["no"]
    return ShownAnswer([*text, "", *extent, *_nodes(answer)], head, rows, extent)


def _timeline(answer: Any) -> ShownAnswer:
    head = ("time", "thing", "what", "other", "step", "disposition", "holder", "place", "source")
    keys = ("time", "thing", "what", "other", "bizStep", "disposition", "holder", "place", "source")
    rows = [tuple(line[key] or "" for key in keys) for line in answer["happenings"]]
    return _listed(head, rows, answer["complete"], "nothing is known of it")


def _gaps(answer: Any) -> ShownAnswer:
    head = ("rule", "other", "time", "text", "advice")
    rows = [tuple(gap[key] or "" for key in head) for gap in answer["gaps"]]
    return _listed(head, rows, True, "no gaps")


def _siblings(answer: Any) -> ShownAnswer:
    head = ("thing", "shared", "holder", "place")
    rows = [tuple(one[key] for key in head) for one in answer["siblings"]]
    return _listed(head, rows, answer["complete"], "no siblings")


def _listed(head: Row, rows: list[Row], complete: bool, nothing: str) -> ShownAnswer:
    extent = ["complete" if complete else "NOT COMPLETE: there is more"]
    return ShownAnswer([*(_table(head, rows) if rows else [nothing]), *(extent if not complete else ())], head, rows, extent)


def _extent(answer: Any) -> list[str]:
    """How far an answer reaches, in one line, and one more for each branch that is missing."""
    extent = answer["extent"]
    if extent["complete"]:
        return ["complete"]
    stones = extent["tombstones"]
    causes = [f"{len(stones)} branch{'es' * (len(stones) > 1)} could not be followed"] if stones else []
    causes += [f"limit reached: {', '.join(extent['limits'])}"] if extent["limits"] else []
    told = [f"  ✗ {stone['thing']} ({stone['prefix'] or 'here'}, {stone['step']}): {stone['message']}" for stone in stones[:20]]
    return [f"NOT COMPLETE: {'; '.join(causes)}", *map(printable, told)]


def _nodes(answer: Any) -> list[str]:
    nodes = answer.get("nodes")
    return ["asked: " + ", ".join(f"{one['prefix']} {one['ms']} ms" for one in nodes)] if nodes else []


def _edge_text(edge: Any) -> str:
    return f"{edge['child']} -{edge['kind']}-> {edge['parent']}"


def _while(edge: Any) -> str:
    since = f"since {edge['since']}" if edge["since"] else ""
    return f"{since} until {edge['until']}".strip() if edge["until"] else since


def _table(head: Row, rows: Sequence[Row]) -> list[str]:
    return table_lines(head, [tuple(map(printable, row)) for row in rows])


SHOWN: dict[str, Callable[[Any], ShownAnswer]] = {
    "back": _trace,
    "forward": _trace,
    "recall": _recall,
    "common": _common,
    "relation": _relation,
    "timeline": _timeline,
    "gaps": _gaps,
    "siblings": _siblings,
}
