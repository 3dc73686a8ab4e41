"""The life of templates: nothing is deleted, and every change of items has a version."""

from __future__ import annotations

from dataclasses import replace

import pytest

from idis.registry.pilots.schema import DataType, Field
from idis.registry.pilots.table import PILOTS
from idis.registry.pilots.template import template_record
from idis.registry.pilots.template_life import (
    TemplateError,
    in_state,
    index_of,
    is_withdrawn,
    republished,
    state_of,
)
from idis.registry.record import Record

SHIP = PILOTS["ship"]
PLATE = SHIP.objects["plate"]
NAME = "88.118.8/META_ship_plate"


@pytest.fixture
def first() -> Record:
    """The template as it is published first."""
    return republished(template_record(SHIP, PLATE, "88.118.8"), ())[0]


def test_the_first_is_as_the_schema_makes_it(first: Record) -> None:
    """Version 1, published, nothing disabled."""
    assert first == template_record(SHIP, PLATE, "88.118.8")
    assert state_of(first.values) == ("published", "1", ())


def test_publishing_again_changes_nothing(first: Record) -> None:
    """No version for no change."""
    assert republished(first, first.values) == (first, ())


def test_an_item_that_left_the_schema_is_kept(first: Record) -> None:
    """Records still name its index; whoever publishes disables it."""
    smaller = replace(PLATE, fields=tuple(field for field in PLATE.fields if field.name != "mass"))
    record, left = republished(template_record(SHIP, smaller, "88.118.8"), first.values)

    assert (left, len(record.values)) == ((2017,), len(first.values))


def test_a_new_item_raises_the_version(first: Record) -> None:
    """The template says since which version it is there."""
    larger = replace(PLATE, fields=(*PLATE.fields, Field(2099, "colour", "颜色", DataType.TEXT)))
    record, _ = republished(template_record(SHIP, larger, "88.118.8"), first.values)

    assert state_of(record.values) == ("published", "2", ())


def test_a_required_item_is_not_disabled(first: Record) -> None:
    """No record could be made without it."""
    with pytest.raises(TemplateError, match="every record must have plateNo"):
        index_of(NAME, first.values, "plateNo", to_disable=True)


def test_an_unknown_item(first: Record) -> None:
    """It is named."""
    with pytest.raises(TemplateError, match="no item colour"):
        index_of(NAME, first.values, "colour", to_disable=False)


def test_withdrawn_and_published_again(first: Record) -> None:
    """A withdrawn template keeps its items and its version."""
    withdrawn = in_state(NAME, first.values, "withdrawn")
    again, _ = republished(template_record(SHIP, PLATE, "88.118.8"), withdrawn.values)

    assert (is_withdrawn(withdrawn.values), is_withdrawn(again.values)) == (True, False)
    assert state_of(withdrawn.values) == ("withdrawn", "1", ())
    assert again == first


def test_an_item_is_found_by_either_name(first: Record) -> None:
    """English or Chinese."""
    assert [index_of(NAME, first.values, name, to_disable=True) for name in ("mass", "质量")] == [2017, 2017]


def test_a_disabled_item_makes_no_new_version(first: Record) -> None:
    """The state of an item is not what it says; publishing again says the same."""
    masses = {value.index: value for value in first.values}
    masses[2017] = replace(masses[2017], data=masses[2017].data.replace(b'"itemState":0', b'"itemState":1'))
    off = tuple(masses.values())

    assert state_of(off) == ("published", "1", ("mass",))
    assert state_of(republished(first, off)[0].values)[1] == "1"
