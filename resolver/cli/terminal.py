"""The terminal an answer is shown on: how wide it is, whether it has colours; and lines made for it.

What is not a terminal, a pipe or a file, gets every line whole and without colours. On a terminal a line is never broken by
its edge: what does not fit is cut with `…`.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TextIO

from idis.resolver.cli.output import text_width

COLUMN_MIN = 4  # narrower, nothing can be told from a cell
WIDTH_MIN = 40  # narrower ones are taken for this: nothing can be shown on them
CUT = "…"


class Style(Enum):
    """How a piece of a line looks, where there are colours."""

    PLAIN = ""
    NAME = "1"  # bold
    FAINT = "2"
    GOOD = "32"  # green
    DOUBT = "33"  # yellow
    BAD = "31"  # red


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text of a line in one style."""

    text: str
    style: Style = Style.PLAIN


@dataclass(frozen=True, slots=True)
class Terminal:
    """Where lines are shown. `width` is None where they may be of any length."""

    width: int | None = None
    colours: bool = False

    @classmethod
    def of(cls, stream: TextIO | None = None) -> Terminal:
        """What a stream is shown on; standard output unless given."""
        shown_on = sys.stdout if stream is None else stream
        if not shown_on.isatty():
            return cls()
        colours = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        return cls(max(shutil.get_terminal_size().columns, WIDTH_MIN), colours)

    def line(self, *pieces: Piece, right: Sequence[Piece] = ()) -> str:
        """A line of pieces; those on the right stand at the edge, or behind the others where there is none."""
        left = [piece for piece in pieces if piece.text]
        right = [piece for piece in right if piece.text]
        if self.width is None:
            return "  ".join("".join(piece.text for piece in part) for part in (left, right) if part).rstrip()
        taken = sum(text_width(piece.text) for piece in right)
        room = self.width - (taken + 2 if right else 0)
        left = _fitted(left, room)
        gap = self.width - taken - sum(text_width(piece.text) for piece in left) if right else 0
        return "".join(map(self.paint, (*left, Piece(" " * gap), *right))).rstrip()

    def paint(self, piece: Piece) -> str:
        """A piece in its colour."""
        if not self.colours or piece.style is Style.PLAIN or not piece.text.strip():
            return piece.text
        return f"\x1b[{piece.style.value}m{piece.text}\x1b[0m"

    def text(self, text: str, style: Style = Style.PLAIN, *, indent: str = "") -> list[str]:
        """A sentence in as many lines as it takes, broken between words; further ones begin with the indent."""
        if self.width is None:
            return [text]
        first, *words = text.lstrip(" ").split(" ")
        lines, line = [], " " * (len(text) - len(text.lstrip(" "))) + first
        for word in words:
            longer = f"{line} {word}"
            if text_width(longer) > self.width:
                lines.append(line)
                longer = f"{indent}{word}"
            line = longer
        return [self.line(Piece(part, style)) for part in (*lines, line)]

    def table(
        self, head: Sequence[str], rows: Sequence[Sequence[str]], *, name: int = 0, kept: Sequence[int] = ()
    ) -> list[str]:
        """Columns as wide as their widest cell; where they do not fit, the widest ones give way, and cells are cut.

        Args:
            head: over each column.
            rows: the cells.
            name: the column whose cells are names, which are cut in their middle.
            kept: columns that give no way.
        """
        lines = [head, *rows]
        widths = [max(text_width(line[column]) for line in lines) for column in range(len(head))]
        giving = [column for column in range(len(head)) if column not in kept]
        while self.width is not None and giving and sum(widths) + 2 * (len(widths) - 1) > self.width:
            widest = max(giving, key=lambda column: widths[column])
            if widths[widest] <= COLUMN_MIN:
                break
            widths[widest] -= 1
        shown = []
        for at, line in enumerate(lines):
            cells = [
                (cut_middle if column == name and at else cut)(cell, width)
                for column, (cell, width) in enumerate(zip(line, widths, strict=True))
            ]
            padded = [cell + " " * (width - text_width(cell)) for cell, width in zip(cells, widths, strict=True)]
            style = Style.FAINT if at == 0 else Style.PLAIN
            shown.append(self.paint(Piece("  ".join(padded).rstrip(), style)))
        return shown


def cut(text: str, width: int) -> str:
    """A text in so many columns, its end cut where it does not fit."""
    if text_width(text) <= width:
        return text
    kept = ""
    for character in text:
        if text_width(kept + character) > width - 1:
            break
        kept += character
    return kept + CUT


def cut_middle(text: str, width: int) -> str:
    """A name in so many columns, cut in its middle: its beginning says whose it is, its end which."""
    if text_width(text) <= width:
        return text
    behind = ""
    for character in reversed(text):
        if text_width(character + behind) > (width - 1) // 2:
            break
        behind = character + behind
    return cut(text, width - text_width(behind)) + behind


def _fitted(pieces: Sequence[Piece], room: int) -> list[Piece]:
    """Pieces in so many columns: names give way first, down to a third of the room, then the end of the line."""
    over = sum(text_width(piece.text) for piece in pieces) - room
    if over <= 0:
        return list(pieces)
    fitted = []
    for piece in pieces:
        if piece.style is Style.NAME and over > 0:
            width = text_width(piece.text)
            shorter = max(width - over, min(width, room // 3))
            over -= width - shorter
            piece = Piece(cut_middle(piece.text, shorter), piece.style)
        fitted.append(piece)
    shown: list[Piece] = []
    left = room
    for piece in fitted:
        width = text_width(piece.text)
        if width > left:
            if left > 0:
                shown.append(Piece(cut(piece.text, left), piece.style))
            elif shown:
                last = shown.pop()
                shown.append(Piece(cut(last.text + CUT, text_width(last.text)), last.style))
            break
        shown.append(piece)
        left -= width
    return shown
