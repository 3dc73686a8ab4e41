"""How wide printed text is, and how it is broken into lines: the fonts that every PDF reader has, and nothing embedded."""

from __future__ import annotations

from unicodedata import east_asian_width

LATIN, CHINESE = "F1", "F2"  # Helvetica; STSong-Light, which readers replace by the Chinese font they have
LINES_MAX = 12

# Widths of Helvetica's characters from the blank to the tilde, in thousandths of its size.
_HELVETICA = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556, 556, 556,
    556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778,
    722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222,
    500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
)  # fmt: skip
_BREAKS = "/.-_(&?=,; "  # a line may end behind these; before an opening bracket


def runs_of(text: str) -> list[tuple[str, str]]:
    """A text as runs of one font each."""
    runs: list[tuple[str, str]] = []
    for character in text:
        font = LATIN if " " <= character <= "~" else CHINESE
        if runs and runs[-1][0] == font:
            runs[-1] = (font, runs[-1][1] + character)
        else:
            runs.append((font, character))
    return runs


def width_of(text: str) -> float:
    """The width of a line in multiples of the size of its letters."""
    return sum(map(_width, text)) / 1_000


def lines_of(text: str, width: float) -> list[str]:
    """A text in lines no wider than so many sizes of its letters, broken where words and numbers part, if it must be anywhere.

    What is beyond `LINES_MAX` lines is cut with an ellipsis.
    """
    lines, line, used, part_at = [], "", 0.0, 0
    for character in text:
        wide = _width(character) / 1_000
        if line and used + wide > width:
            at = part_at or len(line)
            lines.append(line[:at].rstrip())
            line = line[at:].lstrip()
            used, part_at = width_of(line), 0
        if character == "(":
            part_at = len(line)
        line += character
        used += wide
        if character in _BREAKS and character != "(":
            part_at = len(line)
    lines.append(line)
    if len(lines) > LINES_MAX:
        lines = [*lines[: LINES_MAX - 1], lines[LINES_MAX - 1][:-1] + "…"]
    return [line for line in lines if line]


def _width(character: str) -> int:
    if " " <= character <= "~":
        return _HELVETICA[ord(character) - 32]
    return 1_000 if east_asian_width(character) in "WFA" else 500
