from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Annotated

import pytest

from idis.resolver.web.v1.field import Field
from idis.resolver.web.v1.openapi import schema_of
from idis.resolver.web.v1.reading import Malformed, Unfit, read_json, read_model, read_parameters, read_time
from idis.resolver.web.v1.showing import iso_time, show


class Colour(Enum):
    """Words."""

    RED = "red"


class State(IntEnum):
    """Numbers that are shown as words."""

    IN_REVIEW = 5


@dataclass(frozen=True)
class Part:
    """A part."""

    size: Annotated[int, Field("how large", least=1, most=9)]


@dataclass(frozen=True)
class Whole:
    """A model with a member of every shape."""

    name: Annotated[str, Field("its name", least=1, most=3, pattern="[a-z]+")]
    parts: Annotated[tuple[Part, ...], Field("its parts", most=2)] = ()
    colour: Annotated[Colour | None, Field("its colour")] = None
    state: Annotated[State, Field("its state")] = State.IN_REVIEW
    flag: Annotated[bool, Field("whether", name="is-it")] = False
    data: Annotated[object, Field("anything")] = None


@dataclass(frozen=True)
class Asked:
    """Parameters."""

    size: Annotated[int, Field("how large", most=9)]
    colour: Annotated[tuple[Annotated[Colour, Field("a colour")], ...], Field("colours", most=2)] = ()


def test_a_model_is_read_and_shown_again() -> None:
    """Every shape in both directions."""
    document = {
        "name": "abc",
        "parts": [{"size": 1}, {"size": 9}],
        "colour": "red",
        "state": "in_review",
        "is-it": True,
        "data": {"x": [1, None]},
    }
    read = read_model(Whole, document)

    assert read == Whole("abc", (Part(1), Part(9)), Colour.RED, State.IN_REVIEW, True, {"x": [1, None]})
    assert show(read) == document


def test_what_is_not_given_is_as_the_model_says() -> None:
    """Defaults, and null where it is allowed."""
    assert read_model(Whole, {"name": "a", "colour": None}) == Whole("a")


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        (None, "#"),
        ({}, "#/name"),
        ({"name": ""}, "#/name"),
        ({"name": "abcd"}, "#/name"),
        ({"name": "A"}, "#/name"),
        ({"name": "a\n"}, "#/name"),
        ({"name": 1}, "#/name"),
        ({"name": "a", "parts": {}}, "#/parts"),
        ({"name": "a", "parts": [{"size": 1}] * 3}, "#/parts"),
        ({"name": "a", "parts": [{"size": 1}, {"size": 10}]}, "#/parts/1/size"),
        ({"name": "a", "parts": [{"size": 0}]}, "#/parts/0/size"),
        ({"name": "a", "parts": [{"size": 1.5}]}, "#/parts/0/size"),
        ({"name": "a", "parts": [{"size": True}]}, "#/parts/0/size"),
        ({"name": "a", "parts": [{"size": None}]}, "#/parts/0/size"),
        ({"name": "a", "parts": [{}]}, "#/parts/0/size"),
        ({"name": "a", "parts": [{"size": 1, "a/b~c": 1}]}, "#/parts/0/a~1b~0c"),
        ({"name": "a", "colour": "blue"}, "#/colour"),
        ({"name": "a", "state": 5}, "#/state"),
        ({"name": "a", "is-it": 1}, "#/is-it"),
        ({"name": "a", "flag": True}, "#/flag"),
    ],
)
def test_what_is_wrong_is_pointed_at(document: object, pointer: str) -> None:
    """One pointer for each way to be wrong."""
    with pytest.raises(Malformed) as caught:
        read_model(Whole, document)

    assert caught.value.pointer == pointer


def test_a_whole_number_may_be_written_with_a_point() -> None:
    """JSON Schema counts 1.0 among the integers."""
    assert read_model(Part, {"size": 1.0}) == Part(1)


def test_depth_is_bounded() -> None:
    """Sixteen levels are read, seventeen are not."""
    assert read_json(b"[" * 16 + b"0" + b"]" * 16)

    with pytest.raises(Malformed):
        read_json(b"[" * 17 + b"0" + b"]" * 17)


def test_the_number_of_elements_is_bounded() -> None:
    """A body of nothing but brackets is refused before it becomes a hundred times as large."""
    assert read_json(b"[" + b"0," * 299_998 + b"0]")

    with pytest.raises(Malformed):
        read_json(b"[" + b"[]," * 150_000 + b"[]]")


def test_parameters_are_read_from_texts() -> None:
    """Numbers, words and flags; what is no list is given once."""
    assert read_parameters(Asked, {"size": ["7"], "colour": ["red", "red"]}) == Asked(7, (Colour.RED, Colour.RED))
    wrong: list[dict[str, list[str]]] = [
        {},
        {"size": ["x"]},
        {"size": ["7", "7"]},
        {"size": ["٧"]},
        {"size": ["7"], "colour": ["blue"]},
    ]
    for given in wrong:
        with pytest.raises(Malformed):
            read_parameters(Asked, given)


@pytest.mark.parametrize(
    "text", ["2027-01-31T08:00:00Z", "2027-01-31t08:00:00z", "2027-01-31T16:00:00+08:00", "2027-01-31T08:00:00"]
)
def test_a_moment_is_read_in_any_zone(text: str) -> None:
    """Without a zone it is UTC."""
    assert iso_time(read_time(text, "t")) == "2027-01-31T08:00:00Z"


@pytest.mark.parametrize(
    ("text", "kind"), [("soon", Malformed), ("2200-01-01T00:00:00Z", Unfit), ("1969-12-31T23:59:59Z", Unfit)]
)
def test_a_moment_has_32_bits(text: str, kind: type[Malformed]) -> None:
    """What is no time breaks the document; what is too far away cannot be used."""
    with pytest.raises(kind):
        read_time(text, "t")


def test_a_schema_says_what_reading_checks() -> None:
    """Bounds, pattern, words and names are those of the fields."""
    schema = schema_of(Whole)

    assert schema["required"] == ["name"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["name"] == {  # type: ignore[index]
        "type": "string",
        "minLength": 1,
        "maxLength": 3,
        "pattern": "^(?:[a-z]+)$",
        "description": "its name",
    }
    assert schema["properties"]["state"]["enum"] == ["in_review"]  # type: ignore[index]
    assert "is-it" in schema["properties"]  # type: ignore[operator]
