"""What came out of a transformation was made from what went in."""

from __future__ import annotations

from decimal import Decimal

import pytest

from idis.registry.trace.intervals import CLAIM
from idis.registry.trace.joins import DISCRETE, HOMOGENEOUS, MIXED, PRECEDES, Part, Process


def part(thing: str, at: int = 1, *, output: bool = False, **more: object) -> Part:
    """What went in, or came out."""
    return Part(output, thing, at, f"e{at}", **more)  # type: ignore[arg-type]


def joined(*parts: Part) -> list[tuple[str, str, int, tuple[str, ...]]]:
    """Every pair in short."""
    return sorted((join.output, join.input, join.time_ms, join.reasons) for join in Process.of(parts).joins())


def test_every_output_from_every_input() -> None:
    """One input in two outputs is in both beyond doubt; so are two inputs in one output."""
    assert joined(part("L"), part("A", output=True), part("B", output=True)) == [("A", "L", 1, ()), ("B", "L", 1, ())]
    assert joined(part("L"), part("M"), part("A", output=True)) == [("A", "L", 1, ()), ("A", "M", 1, ())]


@pytest.mark.parametrize(
    ("mixing", "of_class", "uom", "mixed"),
    [
        ("", False, "", True),
        ("", True, "", True),
        ("", True, "EA", True),
        ("", True, "KGM", False),
        (HOMOGENEOUS, False, "", False),
        (DISCRETE, True, "KGM", True),
    ],
)
def test_mixing(mixing: str, of_class: bool, uom: str, mixed: bool) -> None:
    """Pieces from several inputs are doubtful, what is weighed out of one kettle is not, unless the event says otherwise."""
    things = [part("L"), part("M")]
    things += [part(name, output=True, of_class=of_class, uom=uom, mixing=mixing) for name in "AB"]

    assert {reasons for *_, reasons in joined(*things)} == {(MIXED,) if mixed else ()}


def test_late_input() -> None:
    """An input is doubtful for outputs before it and not for those after it; the earliest time it went in counts."""
    things = part("A", 2, output=True), part("A", 9, output=True), part("L", 5), part("L", 8)

    assert joined(*things) == [("A", "L", 2, (PRECEDES,)), ("A", "L", 9, ())]


def test_what_comes_out_as_itself() -> None:
    """A thing that went in and came out was not made from itself."""
    assert joined(part("A"), part("L"), part("A", output=True)) == [("A", "L", 1, ())]


def test_claims() -> None:
    """A pair is believed when somebody with standing says each side of it."""
    assert joined(part("L", claim=True), part("A", output=True))[0][3] == (CLAIM,)
    assert joined(part("L", claim=True), part("L", 1), part("A", output=True))[0][3] == ()


@pytest.mark.parametrize(
    ("amounts", "told"),
    [
        ([("2.5", "KGM"), ("3", "KGM")], ("5.5", "KGM")),
        ([("2", "KGM"), ("3", "LTR")], ("None", "")),
        ([("2", "KGM"), (None, "KGM")], ("None", "")),
    ],
)
def test_amounts(amounts: list[tuple[str | None, str]], told: tuple[str, str]) -> None:
    """What went in is added up in one unit, and unknown otherwise."""
    things = [
        part("L", at, of_class=True, quantity=None if text is None else Decimal(text), uom=uom)
        for at, (text, uom) in enumerate(amounts)
    ]
    (join,) = Process.of([*things, part("A", 9, output=True)]).joins()

    assert (str(join.quantity), join.uom) == told


def test_only_what_is_touched() -> None:
    """Asked for some things, only their pairs come."""
    process = Process.of([part("L"), part("M"), part("A", output=True), part("B", output=True)])

    assert {(join.output, join.input) for join in process.joins({"A"})} == {("A", "L"), ("A", "M")}


def test_the_pairs_of_one_event_in_groups() -> None:
    """What one event tells of an input is the same for all outputs that have it, and is every pair there is."""
    parts = [part("L", quantity=Decimal(3), uom="KGM"), part("M"), part("A", output=True), part("B", output=True)]
    process = Process.of([*parts, part("M", output=True)])
    grouped = [join._replace(output=output) for join, outputs in process.joins_alike() for output in outputs]

    assert sorted(grouped, key=str) == sorted(process.joins(), key=str)
