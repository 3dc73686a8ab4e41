"""Metadata templates: the schema as records."""

from __future__ import annotations

import json

import pytest

from idis.proto.value import decode_values
from idis.registry.pilots.table import PILOTS
from idis.registry.pilots.template import industry_levels, range_text, template_record
from idis.registry.record import Record, prepare


def _plate() -> Record:
    return template_record(PILOTS["ship"], PILOTS["ship"].objects["plate"], "88.118")


def _item(record: Record, index: int) -> dict[str, object]:
    (value,) = [value for value in record.values if value.index == index]
    described: dict[str, object] = json.loads(value.text)
    return described


def test_the_identifier_is_the_one_records_name() -> None:
    """TEMPLATE_ID of a record below the same prefix resolves to it."""
    assert _plate().identifier == "88.118/META_ship_plate"


def test_the_head_says_version_state_and_industry() -> None:
    """What a national node wants to know of a template."""
    head = {value.type: value.text for value in _plate().values if value.index < 2000}

    assert (head["TEMPLATE"], head["version"], head["state"]) == ("1", "1", "published")
    assert json.loads(head["industry"])["levels"] == ["C", "C37", "C373", "C3731"]


def test_an_item_stands_at_the_index_it_describes() -> None:
    """The item of thickness is value 2014 and says type, unit, range and that it is required."""
    item = _item(_plate(), 2014)

    assert item == {
        "itemIndex": 2014,
        "itemCode": "thickness",
        "englishName": "thickness",
        "chineseName": "厚度",
        "required": True,
        "uniqueField": False,
        "inputNecessary": True,
        "itemState": 0,
        "dataType": 2,
        "type": "N",
        "unit": "mm",
        "range": "(0,)",
    }


def test_a_reference_names_the_template_it_points_to() -> None:
    """referenceMetaHandle is a handle under the same prefix, dataType 5."""
    item = _item(_plate(), 2021)

    assert (item["dataType"], item["referenceMetaHandle"]) == (5, ["88.118/META_ship_certificate"])


def test_an_item_offers_its_codes() -> None:
    """A form can be built from the template alone."""
    vocabulary = _item(_plate(), 2018)["vocabulary"]

    assert isinstance(vocabulary, dict)
    assert vocabulary["codes"]["QT"] == "淬火回火"


def test_a_default_needs_no_input() -> None:
    """recallFlag is required but filled in by itself."""
    item = _item(_plate(), 2006)

    assert (item["required"], item["inputNecessary"], item["default"]) == (True, False, "none")


def test_members_are_described() -> None:
    """The objects of a list carry their own items."""
    record = template_record(PILOTS["chemical"], PILOTS["chemical"].objects["product"], "88.130")
    members = _item(record, 2014)["members"]

    assert isinstance(members, list)
    assert [member["englishName"] for member in members] == ["name", "casNo", "ecNo", "min", "max"]


@pytest.mark.parametrize("pilot", PILOTS)
def test_every_template_is_a_public_record(pilot: str) -> None:
    """Each object of each pilot has a template that can be stored and read by everybody."""
    records = [template_record(PILOTS[pilot], each, "88.118") for each in PILOTS[pilot].objects.values()]

    assert [len(decode_values(prepare(record, 0).public)) for record in records] == [len(record.values) for record in records]


@pytest.mark.parametrize(("code", "levels"), [("C36", ["C", "C36"]), ("D4414", ["D", "D44", "D441", "D4414"])])
def test_an_industry_code_has_up_to_four_levels(code: str, levels: list[str]) -> None:
    """Section, division, group and class of GB/T 4754."""
    assert industry_levels(code) == levels


@pytest.mark.parametrize(("name", "expected"), [("purity", "[0,100]"), ("quantity", "(0,)"), ("storageMin", ""), ("batchNo", "")])
def test_ranges_are_intervals(name: str, expected: str) -> None:
    """Round brackets exclude, square ones include, an open side has no bound."""
    field = PILOTS["chemical"].objects["batch"].field(name)
    assert field is not None

    assert range_text(field) == expected
