"""A trace as a tree for people: what came from what, since when, how sure; and what is missing, at its place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from idis.resolver.cli.output import text_width
from idis.resolver.cli.shown import printable
from idis.resolver.cli.terminal import CUT, Piece, Style, Terminal

CHILDREN_SHOWN = 12  # of one thing, on a terminal; --all shows all
STONES_SHOWN = 5
CHAIN_LINKS_MIN = 4  # things of which each has one below it stand under one another, not in stairs
_BACK = {"M": "of lot", "T": "made from", "A": "contains", "G": "holds", "X": "same as"}
FORWARD_WORDS = {"M": "item", "T": "made into", "A": "part of", "G": "packed in", "X": "same as"}
_STEPS = (3, 2, 1)  # columns a level is indented by: as many as leave names more than half of the line


@dataclass(frozen=True, slots=True)
class _Branch:
    """A line to come: a thing, a missing branch, or how many more there are.

    `rail` stands before it, `deeper` before what is below it; `known` are the doubts that were told already.
    """

    rail: str
    deeper: str
    line: Any = None
    stone: Any = None
    more: int = 0
    known: tuple[str, ...] = ()


class Tree:
    """The lines of one trace.

    Args:
        answer: as the node gives it.
        terminal: where it is shown.
        whole: show every line.
    """

    def __init__(self, answer: Any, terminal: Terminal, *, whole: bool) -> None:
        self._terminal = terminal
        self._whole = whole or terminal.width is None
        self._start = answer["thing"]
        self._words = _BACK if answer["direction"] == "back" else FORWARD_WORDS
        self._below: dict[str, list[Any]] = defaultdict(list)
        self._missing: dict[str, list[Any]] = defaultdict(list)
        for line in answer["lines"][1:]:
            self._below[line["beside"]].append(line)
        for stone in answer["extent"]["tombstones"]:
            self._missing[stone["thing"]].append(stone)
        self._chained = self._chains()
        room = terminal.width // 2 if terminal.width is not None else 0
        deepest = self._deepest()
        self._step = next((step for step in _STEPS if not room or step * deepest <= room), _STEPS[-1])
        self.cut = 0

    def lines(self) -> Iterator[str]:
        """All lines, the start first. A stack, not a recursion: a tree may be as deep as a question goes."""
        yield self._terminal.line(Piece(printable(self._start), Style.NAME))
        stack = self._branches(self._start, "", ())
        while stack:
            branch = stack.pop()
            yield from self._shown(branch)
            if branch.line is not None:
                stack += self._branches(branch.line["thing"], branch.deeper, tuple(branch.line["reasons"]))

    def _sole(self, thing: str) -> str | None:
        """What alone stands below a thing."""
        below = self._below.get(thing, ())
        return below[0]["thing"] if len(below) == 1 and thing not in self._missing else None

    def _chains(self) -> set[str]:
        """The things that stand under one another."""
        chained: set[str] = set()
        for thing in (self._start, *(line["thing"] for lines in self._below.values() for line in lines)):
            links: list[str] = []
            at = self._sole(thing) if thing not in chained else None
            while at is not None and at not in chained:
                links.append(at)
                at = self._sole(at)
            if len(links) >= CHAIN_LINKS_MIN:
                chained.update(links)
        return chained

    def _deepest(self) -> int:
        """How many levels are indented."""
        deepest, stack = 1, [(self._start, 1)]
        while stack:
            thing, level = stack.pop()
            deepest = max(deepest, level)
            stack += [(line["thing"], level + (line["thing"] not in self._chained)) for line in self._below.get(thing, ())]
        return deepest

    def _branches(self, thing: str, indent: str, known: tuple[str, ...]) -> list[_Branch]:
        """What stands below a thing, the last one first."""
        children = self._below.get(thing, [])
        if len(children) == 1 and children[0]["thing"] in self._chained:
            return [_Branch(f"{indent}↓ ", indent, line=children[0], known=known)]
        kept = len(children)
        if not self._whole and kept > CHILDREN_SHOWN + 1:
            # Those with more below them are the last to be left out.
            children = sorted(children, key=lambda line: line["thing"] not in self._below and line["thing"] not in self._missing)
            kept = CHILDREN_SHOWN
        stones = self._missing.get(thing, [])
        found: list[dict[str, Any]] = [{"line": child} for child in children[:kept]]
        found += [{"more": len(children) - kept}] if kept < len(children) else []
        found += [{"stone": stone} for stone in (stones if self._whole else stones[:STONES_SHOWN])]
        self.cut += len(children) - kept
        branches = []
        for at, one in enumerate(found):
            last = at == len(found) - 1
            rail = indent + ("└" if last else "├") + {3: "─ ", 2: " ", 1: ""}[self._step]
            branches.append(_Branch(rail, indent + (" " if last else "│").ljust(self._step), known=known, **one))
        return branches[::-1]

    def _shown(self, branch: _Branch) -> Iterator[str]:
        if branch.stone is not None:
            yield from self._stone(branch)
        elif branch.line is None:
            yield self._terminal.line(Piece(branch.rail, Style.FAINT), Piece(f"{CUT} and {branch.more:,} more", Style.DOUBT))
        else:
            yield from self._thing(branch)

    def _stone(self, branch: _Branch) -> Iterator[str]:
        stone = branch.stone
        again = "; it may be asked again" if stone["retriable"] else ""
        told = printable(f"✗ {stone['step']}: {stone['message']}{again}")
        # A sentence is not cut: it says why something is missing.
        width = self._terminal.width
        room = Terminal(None if width is None else max(width - text_width(branch.rail), 20))
        for at, part in enumerate(room.text(told, indent="  ")):
            yield self._terminal.line(Piece(branch.deeper if at else branch.rail, Style.FAINT), Piece(part, Style.BAD))

    def _thing(self, branch: _Branch) -> Iterator[str]:
        line, edge = branch.line, branch.line["edge"]
        word = self._words[edge["kind"]] if edge is not None else ""
        amount = f" {edge['quantity']} {edge['uom']}".rstrip() if edge is not None and edge["quantity"] else ""
        yield self._terminal.line(
            Piece(branch.rail, Style.FAINT),
            Piece("? " if line["certainty"] != "certain" else "", Style.DOUBT),
            Piece(f"{word} ", Style.FAINT),
            Piece(printable(line["thing"]), Style.NAME),
            Piece(printable(amount)),
            right=[Piece(while_of(edge), Style.FAINT)] if edge is not None else [],
        )
        # What made the thing above a doubtful one is not told again.
        if reasons := [reason for reason in line["reasons"] if reason not in branch.known]:
            below = line["thing"] in self._below or line["thing"] in self._missing
            rail = branch.deeper + ("│" if below and line["thing"] not in self._chained else " ").ljust(2)
            yield self._terminal.line(Piece(rail, Style.FAINT), Piece(printable(f"possible: {'; '.join(reasons)}"), Style.DOUBT))


def while_of(edge: Mapping[str, Any]) -> str:
    """When an edge holds: the moment something was made, else since when, and until when where that is over."""
    since, until = moment_of(edge["since"]), moment_of(edge["until"])
    if edge["kind"] == "T" or not until:
        return since
    return f"{since} → {until}"


def moment_of(text: str | None) -> str:
    """A time as short as it can be said: a day where it is midnight, minutes where there are no seconds."""
    if not text:
        return ""
    day, _, clock = text.removesuffix("Z").partition("T")
    clock = clock.removesuffix(":00") if clock.count(":") > 1 else clock
    return day if clock in ("", "00:00") else f"{day} {clock}Z"


def moments_of(found: Sequence[str | None]) -> str:
    """A while, open at either end."""
    since, until = (moment_of(text) for text in found)
    return f"{since} → {until}" if until else since
