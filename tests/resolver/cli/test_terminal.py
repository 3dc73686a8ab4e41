"""Lines made for a terminal: Chinese characters take two columns, nothing is wider than it, and what is cut says so."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.resolver.cli.output import text_width
from idis.resolver.cli.terminal import Piece, Style, Terminal, cut, cut_middle


@pytest.mark.parametrize(
    ("text", "width"), [("abc", 3), ("钢板", 4), ("a钢b", 4), ("é", 1), ("e\u0301", 1), ("\u200b", 0), ("Ａ", 2)]
)
def test_width(text: str, width: int) -> None:
    """Wide characters count twice, marks on others not at all."""
    assert text_width(text) == width


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=60), st.integers(1, 40))
def test_what_is_cut_fits(text: str, width: int) -> None:
    """At its end or in its middle."""
    assert text_width(cut(text, width)) <= width
    assert text_width(cut_middle(text, width)) <= width


def test_what_is_cut_says_so() -> None:
    """Names keep both ends."""
    assert (cut("钢板钢板", 5), cut_middle("88.118.8/BLOCK.H2588", 11)) == ("钢板…", "88.11…H2588")


def test_right_pieces_stand_at_the_edge() -> None:
    """The time of a line."""
    line = Terminal(20).line(Piece("船", Style.NAME), right=[Piece("2026")])

    assert line == "船" + " " * 14 + "2026"


@given(
    st.lists(st.tuples(st.text("ab钢 ", max_size=30), st.sampled_from(Style)), max_size=4), st.text("0123", max_size=20)
)
def test_no_line_is_wider_than_its_terminal(pieces: list[tuple[str, Style]], right: str) -> None:
    """Whatever stands in it."""
    line = Terminal(40).line(*(Piece(*piece) for piece in pieces), right=[Piece(right)])

    assert text_width(line) <= 40


def test_a_pipe_gets_everything_without_colours() -> None:
    """Neither cut nor painted."""
    terminal = Terminal.of(io.StringIO())
    name = "x" * 300

    assert terminal.line(Piece(name, Style.BAD), right=[Piece("2026")]) == f"{name}  2026"


def test_colours_only_where_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR switches them off, and a dumb terminal has none."""

    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    with_colours = Terminal.of(Screen())
    monkeypatch.setenv("NO_COLOR", "1")

    assert (with_colours.colours, Terminal.of(Screen()).colours) == (True, False)
    assert with_colours.line(Piece("x", Style.BAD)) == "\x1b[31mx\x1b[0m"


def test_a_table_gives_way_where_it_is_widest() -> None:
    """Columns that are kept stay whole."""
    lines = Terminal(40).table(("thing", "since"), [("88.1/" + "X" * 60, "2026-03-17 07:43:20Z")], kept=(1,))

    assert lines[1].endswith("XX  2026-03-17 07:43:20Z")
    assert "…" in lines[1]
    assert max(map(text_width, lines)) == 40


def test_a_sentence_is_broken_between_words() -> None:
    """Further lines are indented."""
    assert Terminal(40).text("one two " * 8, indent="  ")[1].startswith("  ")
