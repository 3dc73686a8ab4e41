"""Answers about genealogies for people: a tree, tables, and last lines that say how far they reach; and rows for files."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from idis.resolver.cli.shown import printable
from idis.resolver.cli.terminal import Style, Terminal
from idis.resolver.cli.trace_tree import FORWARD_WORDS, Tree, moment_of, moments_of

LINES_SHOWN = 20  # of a list, on a terminal; --all shows all
STONES_SHOWN = 20
NOTIFY_SHOWN = 20
NODES_SHOWN = 8
CYCLES_SHOWN = 5
CONFLICTS_SHOWN = 5

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    """An answer in lines for a terminal, and in rows for a file."""

    text: list[str]
    head: Row
    rows: Sequence[Row]
    extent: list[str] = field(default_factory=lambda: ["complete"])


@dataclass(frozen=True, slots=True)
class Page:
    """Where an answer is shown, and whether every line of it."""

    terminal: Terminal = field(default_factory=Terminal)
    whole: bool = False

    def say(self, text: str, style: Style = Style.PLAIN) -> list[str]:
        """A sentence."""
        return self.terminal.text(printable(text), style, indent="  ")

    def table(self, head: Row, rows: Sequence[Row], *, name: int = 0, kept: Sequence[int] = ()) -> list[str]:
        """A list, of which a terminal shows the beginning, and says so."""
        shown = rows if self.whole or self.terminal.width is None else rows[:LINES_SHOWN]
        lines = self.terminal.table(head, [tuple(map(printable, row)) for row in shown], name=name, kept=kept)
        if len(shown) < len(rows):
            left = f"{len(rows) - len(shown):,} more of {len(rows):,}"
            lines += self.say(f"… and {left}: --all shows them, --csv and --xlsx FILE keep them", Style.DOUBT)
        return lines

    def end(self, answer: Any, shown: Container[str] = ()) -> list[str]:
        """How far an answer reaches, and who was asked; what is missing at things that are shown stands there already."""
        complete, *missing = extent_of(answer, shown)
        lines = self.say(complete, Style.GOOD if answer["extent"]["complete"] else Style.BAD)
        kept = missing if self.whole or self.terminal.width is None else missing[:STONES_SHOWN]
        for line in kept:
            lines += self.say(line, Style.BAD)
        if len(kept) < len(missing):
            lines += self.say(f"  … and {len(missing) - len(kept):,} more: --all shows them", Style.DOUBT)
        if cycles := answer["extent"]["cycles"]:
            more = " …" if len(cycles) > CYCLES_SHOWN else ""
            lines += self.say(f"in a circle, by rework or return: {', '.join(cycles[:CYCLES_SHOWN])}{more}", Style.DOUBT)
        return lines + self._conflicts(answer["extent"]["conflicts"]) + self._nodes(answer)

    def _conflicts(self, conflicts: Any) -> list[str]:
        lines: list[str] = []
        for conflict in conflicts if self.whole or self.terminal.width is None else conflicts[:CONFLICTS_SHOWN]:
            lines += self.say(f"CONFLICT, {conflict['rule']}: {conflict['thing']}", Style.BAD)
            holders: dict[str, list[str]] = {}
            for edge in conflict["claims"]:
                claimed = f"in {edge['parent']}  {moments_of((edge['since'], edge['until']))}"
                holders.setdefault(claimed, []).append(edge["holder"] or "somebody")
            for claimed, said in holders.items():
                lines += self.say(f"  {claimed}, {'says' if len(said) == 1 else 'say'} {' and '.join(said)}", Style.DOUBT)
        if len(conflicts) > CONFLICTS_SHOWN and not self.whole and self.terminal.width is not None:
            lines += self.say(f"  … and {len(conflicts) - CONFLICTS_SHOWN:,} more: --all shows them", Style.DOUBT)
        return lines

    def _nodes(self, answer: Any) -> list[str]:
        nodes = answer.get("nodes")
        if not nodes:
            return []
        told = [f"{one['prefix']} {one['ms']} ms" for one in nodes[:NODES_SHOWN]]
        more = f", … {len(nodes) - NODES_SHOWN} more" if len(nodes) > NODES_SHOWN else ""
        return self.say(f"asked {len(nodes)}: {', '.join(told)}{more}", Style.FAINT)


def _trace(answer: Any, page: Page) -> ShownAnswer:
    lines = answer["lines"]
    tree = Tree(answer, page.terminal, whole=page.whole)
    text = list(tree.lines())
    if tree.cut:
        text += page.say("… some are left out here: --all shows them, --csv, --xlsx FILE and --json have them", Style.DOUBT)
    things = f"{len(lines) - 1:,} thing{'s' * (len(lines) != 2)}"
    text += ["", *page.say(f"{things}: {answer['certain']:,} certain, {answer['possible']:,} possible")]
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
    ends = page.end(answer, frozenset() if page.terminal.width is None else {line["thing"] for line in lines})
    return ShownAnswer([*text, *ends], head, rows, extent_of(answer))


def _of_edge(edge: Any, beside: str) -> Row:
    if edge is None:
        return "", beside, "", "", "", ""
    return edge["kind"], beside, edge["quantity"] or "", edge["uom"], edge["source"], edge["holder"]


def _recall(answer: Any, page: Page) -> ShownAnswer:
    edges = [_edge_text(edge) for edge in answer["edges"]]
    affected = answer["affected"]
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
        for one in affected
    ]
    columns = {"affected": "thing", "certainty": "doubt", "since": "while"}
    columns |= {"holder": "holder", "place": "place", "in": "container"}
    shown = [
        {
            **{name: one[name] for name in ("thing", "holder", "place", "container")},
            "doubt": one["certainty"] if answer["possible"] else "",
            "while": moments_of((one["since"], one["until"])),
        }
        for one in affected
    ]
    kept = {title: key for title, key in columns.items() if key == "thing" or any(row[key] for row in shown)}
    text = [*_counts(answer, page), *_holders(affected, page)]
    if shown:
        whole = [at for at, title in enumerate(kept) if title in ("certainty", "since")]
        text += ["", *page.table(tuple(kept), [tuple(row[key] for key in kept.values()) for row in shown], kept=whole)]
    if answer["notify"]:
        named = answer["notify"]
        more = f", … {len(named) - NOTIFY_SHOWN} more" if len(named) > NOTIFY_SHOWN and not page.whole else ""
        told = ", ".join(named if page.whole else named[:NOTIFY_SHOWN])
        text += ["", *page.say(f"to be told: {told}{more}")]
    return ShownAnswer([*text, "", *page.end(answer)], head, rows, extent_of(answer))


def _counts(answer: Any, page: Page) -> list[str]:
    total = len(answer["affected"])
    counts = f"{total:,} affected: {answer['certain']:,} certain, {answer['possible']:,} possible; "
    counts += f"{answer['current']:,} now, {answer['former']:,} formerly; {answer['between']:,} passed on the way"
    if answer.get("hidden"):
        counts += f"; {answer['hidden']:,} known by a pseudonym (~) only"
    amounts = [f"{one['quantity']} {one['uom']}".strip() for one in answer["quantities"]]
    return page.say(counts, Style.NAME) + (page.say(f"in all {', '.join(amounts)}") if amounts else [])


def _holders(affected: Any, page: Page) -> list[str]:
    """How much each holds, where there are several of them."""
    counts: dict[str, list[int]] = {}
    for one in affected:
        count = counts.setdefault(one["holder"] or "nobody said", [0, 0, 0])
        count[0] += 1
        count[1] += one["certainty"] != "certain"
        count[2] += not one["current"]
    if len(counts) < 2:
        return []
    rows = [
        (holder, f"{total:,}", f"{possible:,}" if possible else "", f"{former:,}" if former else "")
        for holder, (total, possible, former) in sorted(counts.items(), key=lambda pair: -pair[1][0])
    ]
    return ["", *page.table(("holder", "affected", "possible", "formerly"), rows)]


def _common(answer: Any, page: Page) -> ShownAnswer:
    head = ("kind", "name", "failed", "certain", "population", "uses", "depth", "examples")
    rows = [(*(str(cause[name]) for name in head[:-1]), "; ".join(cause["examples"])) for cause in answer["causes"]]
    table = page.table(head[:-1], [row[:-1] for row in rows], name=1) if rows else ["they share nothing that is known"]
    return ShownAnswer([*table, "", *page.end(answer)], head, rows, extent_of(answer))


def _relation(answer: Any, page: Page) -> ShownAnswer:
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
    text = ["yes" if answer["holds"] else "no"]
    for stay in answer["stays"]:
        doubt = "" if stay["certainty"] == "certain" else f"; possible only: {'; '.join(stay['reasons'])}"
        text += page.say(f"{moments_of((stay['since'], stay['until'])) or 'always'}{doubt}")
        at = _beginning(stay["path"])
        text += page.say(f"  {at}", Style.FAINT) if at else []
        for edge in stay["path"]:
            at = edge["child"] if at == edge["parent"] else edge["parent"]
            text += page.say(f"  {FORWARD_WORDS[edge['kind']]} {at}  {moments_of((edge['since'], edge['until']))}", Style.FAINT)
    return ShownAnswer([*text, "", *page.end(answer)], head, rows, extent_of(answer))


def _beginning(path: Sequence[Any]) -> str:
    """Where a way forward begins: at the part of a whole, else at the source of what was made, or the lot of an item."""
    if not path:
        return ""
    first, *further = path
    ends = [first["child"], first["parent"]] if first["kind"] in "AGX" else [first["parent"], first["child"]]
    onward = [end for edge in further[:1] for end in (edge["child"], edge["parent"])]
    return str(next((end for end in ends if end not in onward), ends[0]))


def _timeline(answer: Any, page: Page) -> ShownAnswer:
    head = ("time", "thing", "what", "other", "step", "disposition", "holder", "place", "source")
    keys = ("time", "thing", "what", "other", "bizStep", "disposition", "holder", "place", "source")
    rows = [tuple(line[key] or "" for key in keys) for line in answer["happenings"]]
    listed = _listed(page, head, rows, answer["complete"], "nothing is known of it", name=3, times=0)
    if page.terminal.width is None or not rows:
        return listed
    # What happened in one column, most telling first, so that a narrow terminal cuts where it was told; one name stands above.
    told = [(row[0], row[1], ", ".join(filter(None, (f"{row[2]} {row[3]}".rstrip(), *row[4:])))) for row in rows]
    above = page.say(rows[0][1], Style.NAME) if len({row[1] for row in rows}) == 1 else []
    below: list[Row] = [(time, "" if above else thing, what) for time, thing, what in told]
    lines = _listed(page, ("time", "thing", "what happened, and who told it"), below, answer["complete"], "", name=1, times=0)
    return replace(listed, text=[*above, *lines.text])


def _gaps(answer: Any, page: Page) -> ShownAnswer:
    head = ("rule", "other", "time", "text", "advice")
    rows = [tuple(gap[key] or "" for key in head) for gap in answer["gaps"]]
    if page.terminal.width is None:
        return _listed(page, head, rows, True, "no gaps", name=1, times=2)
    text: list[str] = []
    for rule, other, time, told, advice in rows:
        about = " ".join(part for part in (other, moment_of(time)) if part)
        text += page.say(f"{rule}: {told}{f' ({about})' if about else ''}", Style.DOUBT)
        text += page.say(f"  {advice}", Style.FAINT) if advice else []
    return ShownAnswer(text or ["no gaps"], head, rows)


def _siblings(answer: Any, page: Page) -> ShownAnswer:
    head = ("thing", "shared", "holder", "place")
    rows = [tuple(one[key] for key in head) for one in answer["siblings"]]
    return _listed(page, head, rows, answer["complete"], "no siblings", name=0)


def _listed(
    page: Page, head: Row, rows: list[Row], complete: bool, nothing: str, *, name: int, times: int | None = None
) -> ShownAnswer:
    """A list; on a terminal without the columns in which nothing stands."""
    extent = ["complete" if complete else "NOT COMPLETE: there is more"]
    kept = [at for at in range(len(head)) if page.terminal.width is None or any(row[at] for row in rows)]
    shown = [tuple(moment_of(row[at]) if at == times else row[at] for at in kept) for row in rows]
    whole = [at for at, column in enumerate(kept) if column == times]
    names = kept.index(name) if name in kept else 0
    table = page.table(tuple(head[at] for at in kept), shown, name=names, kept=whole) if rows else [nothing]
    return ShownAnswer([*table, *(() if complete else page.say(extent[0], Style.BAD))], head, rows, extent)


def extent_of(answer: Any, shown: Container[str] = ()) -> list[str]:
    """How far an answer reaches, in one line, and one more for each branch that is missing."""
    extent = answer["extent"]
    moment = f", as of {moment_of(extent['asOf'])}" if extent["asOf"] else ""
    if extent["complete"]:
        return [f"complete{moment}"]
    stones = extent["tombstones"]
    causes = [f"{len(stones)} branch{'es' * (len(stones) > 1)} could not be followed"] if stones else []
    causes += [f"limit reached: {', '.join(extent['limits'])}"] if extent["limits"] else []
    told = [
        f"✗ {stone['thing']} ({stone['prefix'] or 'here'}, {stone['step']}): {stone['message']}"
        for stone in stones
        if stone["thing"] not in shown
    ]
    return [f"NOT COMPLETE{moment}: {'; '.join(causes)}", *told]


def _edge_text(edge: Any) -> str:
    return f"{edge['child']} -{edge['kind']}-> {edge['parent']}"


SHOWN: dict[str, Callable[[Any, Page], ShownAnswer]] = {
    "back": _trace,
    "forward": _trace,
    "recall": _recall,
    "common": _common,
    "relation": _relation,
    "timeline": _timeline,
    "gaps": _gaps,
    "siblings": _siblings,
}
