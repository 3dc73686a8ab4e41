"""Models as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum

from idis.resolver.web.v1.showing import show


class Standing(IntEnum):
    """An enumeration of numbers."""

    SIGNED = 1
    UNSIGNED = 2


class Hosting(IntEnum):
    """Another one, whose members are equal to those of the first."""

    OWN = 1
    PARENT = 2


class Colour(Enum):
    """One of words."""

    RED = "red"


@dataclass(frozen=True, slots=True)
class Both:
    """A model with a member of each."""

    standing: Standing
    hosting: Hosting
    colour: Colour


def test_equal_numbers_of_two_enumerations_keep_their_own_words() -> None:
    """What was shown of one enumeration is not answered for the equal number of another."""
    first = [show(member) for member in Standing]

    assert (first, [show(member) for member in Hosting]) == (["signed", "unsigned"], ["own", "parent"])


def test_enumerations_in_a_model() -> None:
    """Likewise where both are members of one model, and a plain number stays a number."""
    shown = show(Both(Standing.UNSIGNED, Hosting.PARENT, Colour.RED))

    assert shown == {"standing": "unsigned", "hosting": "parent", "colour": "red"}
    assert show([1, 2]) == [1, 2]
