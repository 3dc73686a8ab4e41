"""A trace as a tree: every thing once, what is missing at its place, long lists and chains in few lines."""

from __future__ import annotations

from typing import Any

from idis.resolver.cli.output import text_width
from idis.resolver.cli.terminal import Terminal
from idis.resolver.cli.trace_tree import Tree, moment_of, while_of


def line(thing: str, beside: str, depth: int, *, reasons: tuple[str, ...] = (), kind: str = "T") -> dict[str, Any]:
    """One thing of an answer."""
    edge = {"kind": kind, "quantity": None, "uom": "", "since": "2026-03-01T00:00:00Z", "until": None}
    certainty = "possible" if reasons else "certain"
    return {"thing": thing, "beside": beside, "depth": depth, "certainty": certainty, "reasons": list(reasons), "edge": edge}


def answer(*lines: dict[str, Any], stones: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    """An answer of a node."""
    start = {"thing": "88.1/A", "beside": "", "depth": 0, "certainty": "certain", "reasons": [], "edge": None}
    return {"thing": "88.1/A", "direction": "back", "lines": [start, *lines], "extent": {"tombstones": list(stones)}}


def tree(found: dict[str, Any], width: int | None = None, *, whole: bool = False) -> list[str]:
    """Its lines."""
    return list(Tree(found, Terminal(width), whole=whole).lines())


def test_a_tree() -> None:
    """Two below the start, one below the first of them."""
    found = answer(line("88.1/B", "88.1/A", 1, kind="A"), line("88.1/C", "88.1/A", 1), line("88.1/D", "88.1/B", 2))

    assert tree(found) == [
        "88.1/A",
        "├─ contains 88.1/B  2026-03-01",
        "│  └─ made from 88.1/D  2026-03-01",
        "└─ made from 88.1/C  2026-03-01",
    ]


def test_a_chain_stands_in_one_column() -> None:
    """Things of which each has one below it are no stairs."""
    names = ["88.1/A", *(f"88.1/{number}" for number in range(30))]
    lines = tree(answer(*(line(names[depth], names[depth - 1], depth) for depth in range(1, 31))), 80)

    assert len(lines) == 31
    assert all(text.startswith("↓ made from 88.1/") for text in lines[1:])


def test_what_is_missing_stands_at_its_place() -> None:
    """A sentence that is not cut, however narrow the terminal."""
    stone = {"thing": "88.1/B", "step": "connect", "message": "a node does not answer " * 5, "retriable": True}
    lines = tree(answer(line("88.1/B", "88.1/A", 1), stones=(stone,)), 40)

    assert lines[2].startswith("   └─ ✗ connect: a node")
    assert "asked" in lines[-1] or "again" in lines[-1]
    assert max(map(text_width, lines)) <= 40


def test_a_long_list_is_cut_and_says_so() -> None:
    """A hundred of one kind: some, and how many more."""
    found = answer(*(line(f"88.1/{number}", "88.1/A", 1) for number in range(100)))
    shown = Tree(found, Terminal(80), whole=False)
    lines = list(shown.lines())

    assert (len(lines), lines[-1], shown.cut) == (14, "└─ … and 88 more", 88)
    assert len(tree(found, 80, whole=True)) == len(tree(found)) == 101


def test_the_last_to_be_left_out_have_something_below() -> None:
    """The one of a hundred that went on is shown."""
    found = answer(*(line(f"88.1/{number}", "88.1/A", 1) for number in range(100)), line("88.1/SHIP", "88.1/99", 2))

    assert any("88.1/SHIP" in text for text in tree(found, 80))


def test_a_doubt_is_told_once() -> None:
    """What follows from it is marked only."""
    doubt = ("several outputs",)
    found = answer(line("88.1/B", "88.1/A", 1, reasons=doubt), line("88.1/C", "88.1/B", 2, reasons=doubt))
    lines = tree(found)

    assert [text.count("several outputs") for text in lines] == [0, 0, 1, 0]
    assert [("? " in text) for text in lines] == [False, True, False, True]


def test_hostile_names_reach_no_terminal() -> None:
    """Control characters are spelled out."""
    assert "\x1b" not in "".join(tree(answer(line("88.1/\x1b[2J", "88.1/A", 1)), 80))


def test_times_are_short_and_whole() -> None:
    """A day where it is midnight, minutes where there are no seconds."""
    times = ["2026-03-01T00:00:00Z", "2026-03-01T08:30:00Z", "2026-03-01T08:30:05Z", None]
    stay = {"kind": "A", "since": times[0], "until": times[1]}

    assert [moment_of(text) for text in times] == ["2026-03-01", "2026-03-01 08:30Z", "2026-03-01 08:30:05Z", ""]
    assert while_of(stay) == "2026-03-01 → 2026-03-01 08:30Z"
