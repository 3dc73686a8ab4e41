"""Derived templates: what an enterprise may add and narrow, where it lies, and what of it stays for ever."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from idis.proto.value import Value
from idis.registry.pilots.derivation import (
    INDEX_BASE_ON,
    INDEX_DERIVATION,
    Derivation,
    derivation_of,
    derived_record,
    registered_derivation,
    with_derivations,
)
from idis.registry.pilots.finding import Invalid, Valid
from idis.registry.pilots.schema import ObjectType
from idis.registry.pilots.table import PILOTS, object_type_named
from idis.registry.pilots.template_life import TemplateError, in_state
from idis.registry.pilots.template_name import DERIVED_MARK
from idis.registry.pilots.validation import validate
from idis.registry.record import Record

PREFIX = "88.118.8"
HANDLE = f"{PREFIX}/META_ship_plate-offshore"
OWN: dict[str, Any] = {
    "englishName": "impactGrade", "chineseName": "冲击等级", "type": "E", "required": True, "codes": ["F40", "F60"]
}  # fmt: skip
COATING: dict[str, Any] = {"englishName": "coating", "chineseName": "涂层厚度", "type": "N", "unit": "um", "range": "(0,500]"}
NARROWED: list[dict[str, Any]] = [
    {"englishName": "thickness", "range": "[10.5,120]"},
    {"englishName": "steelGrade", "codes": ["DH36"]},
    {"englishName": "mass", "required": True},
]
ROW = {
    "name": "板", "producer": PREFIX, "visibility": "public", "plateNo": "1", "heatNo": "24H", "steelGrade": "DH36",
    "thickness": "18", "width": "2650", "length": "8700", "mass": "3258", "supplier": PREFIX, "certificate": f"{PREFIX}/C",
    "impactGrade": "F60", "coating": "120",
}  # fmt: skip


def _octets(**told: object) -> bytes:
    described = {"baseOn": "META_ship_plate", "name": "offshore", "chineseName": "海工钢板", **told}
    return json.dumps(described).encode()


@pytest.fixture
def offshore() -> Derivation:
    """Plates for offshore platforms."""
    return derivation_of(_octets(fields=[OWN, COATING], narrowed=NARROWED), PREFIX)


def _checked(offshore: Derivation, **cells: str) -> Valid | Invalid:
    pilot = with_derivations(PILOTS["ship"], [offshore])
    return validate(pilot, "plate-offshore", ROW | cells, identifier=f"{PREFIX}/P1", today=date(2026, 1, 15))


def test_no_code_of_a_pilot_looks_derived() -> None:
    """What stands before the mark is the base, always."""
    assert not [code for pilot in PILOTS.values() for code in pilot.objects if DERIVED_MARK in code]


def test_no_field_of_a_pilot_lies_where_own_ones_do() -> None:
    """The industry's may become more without meeting an enterprise's."""
    assert max(field.index for pilot in PILOTS.values() for kind in pilot.objects.values() for field in kind.fields) < 3000


def test_own_fields_lie_behind_those_of_the_base(offshore: Derivation) -> None:
    """From 3000 on, in the order of the description; the others stay where they are."""
    fields, base = offshore.object_type().fields, PILOTS["ship"].objects["plate"].fields

    assert [(field.index, field.name) for field in fields[len(base) :]] == [(3000, "impactGrade"), (3001, "coating")]
    assert [(field.index, field.name) for field in fields[: len(base)]] == [(field.index, field.name) for field in base]


def test_a_record_names_the_derived_template_and_the_objects_type_of_the_base(offshore: Derivation) -> None:
    """So that whatever knows the base knows it."""
    result = _checked(offshore)
    assert isinstance(result, Valid)
    texts = {value.index: value.text for value in result.record.values}

    assert (texts[1000], texts[2000], texts[3000], texts[3001]) == (HANDLE, "plate", "F60", "120")


def test_a_record_below_another_prefix_names_the_one_template(offshore: Derivation) -> None:
    """An enterprise has several prefixes, and one of them holds the template."""
    pilot = with_derivations(PILOTS["ship"], [offshore])
    result = validate(pilot, "plate-offshore", ROW, identifier="88.118.9/P1", today=date(2026, 1, 15))

    assert isinstance(result, Valid)
    assert result.record.values[0].text == HANDLE


@pytest.mark.parametrize(
    ("cells", "field", "rule"),
    [
        ({"thickness": "10"}, "thickness", "minimum"),
        ({"thickness": "120.5"}, "thickness", "maximum"),
        ({"steelGrade": "AH36"}, "steelGrade", "code"),
        ({"mass": ""}, "mass", "required"),
        ({"impactGrade": ""}, "impactGrade", "required"),
        ({"impactGrade": "F50"}, "impactGrade", "code"),
        ({"coating": "0"}, "coating", "above"),
        ({"width": "0"}, "width", "above"),
    ],
)
def test_a_row_is_checked_by_base_and_own_rules(offshore: Derivation, cells: dict[str, str], field: str, rule: str) -> None:
    """The finding names the field."""
    result = _checked(offshore, **cells)

    assert isinstance(result, Invalid)
    assert (field, rule) in [(finding.field, finding.rule) for finding in result.findings]


def test_rules_over_several_fields_go_on(offshore: Derivation) -> None:
    """A mass that does not fit the volume is a doubt, as of any plate."""
    result = _checked(offshore, mass="99")

    assert isinstance(result, Valid)
    assert [finding.rule for finding in result.warnings] == ["mass-near-volume"]


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({}, "nothing differs"),
        ({"baseOn": "META_ship_plank", "fields": [OWN]}, "no template of a pilot"),
        ({"baseOn": "META_ship_plate-thick", "fields": [OWN]}, "derived itself"),
        ({"name": "Off shore", "fields": [OWN]}, "small letters"),
        ({"title": "x", "fields": [OWN]}, "nothing is known of title"),
        ({"fields": OWN}, "list"),
        ({"fields": [OWN, OWN]}, "twice"),
        ({"fields": [OWN | {"englishName": "mass"}]}, "mass is called so already"),
        ({"fields": [OWN | {"chineseName": "质量"}]}, "mass is called so already"),
        ({"fields": [OWN | {"englishName": "1st"}]}, "no englishName"),
        ({"fields": [OWN | {"englishName": "handle"}]}, "no englishName"),
        ({"fields": [OWN | {"type": "list"}]}, "the type is one of"),
        ({"fields": [OWN | {"type": "S"}]}, "codes"),
        ({"fields": [OWN | {"edge": {}}]}, "nothing is known of edge"),
        ({"fields": [OWN | {"required": "yes"}]}, "true or false"),
        ({"fields": [OWN | {"default": "F50"}]}, "default"),
        ({"fields": [COATING | {"range": "[1,2)"}]}, "a range is written"),
        ({"fields": [COATING | {"range": "[2,1]"}]}, "nothing lies in"),
        ({"fields": [COATING | {"references": ["heat"]}]}, "types R"),
        ({"narrowed": [{"englishName": "thicknes", "required": True}]}, "did you mean thickness"),
        ({"narrowed": [{"englishName": "thickness"}]}, "say how"),
        ({"narrowed": [{"englishName": "thickness", "required": False}]}, "no less"),
        ({"narrowed": [{"englishName": "thickness", "range": "[0,9]"}]}, "wider than the base"),
        ({"narrowed": [{"englishName": "thickness", "range": "(-1,9]"}]}, "wider than the base"),
        ({"narrowed": [{"englishName": "name", "range": "[1,9]"}]}, "goes with numbers"),
        ({"narrowed": [{"englishName": "name", "maxLength": 201}]}, "1 to 200"),
        ({"narrowed": [{"englishName": "mass", "maxLength": 9}]}, "goes with text"),
        ({"narrowed": [{"englishName": "steelGrade", "codes": ["X1"]}]}, "not in the base's list"),
        ({"narrowed": [{"englishName": "mass", "codes": ["X1"]}]}, "no list of codes"),
        ({"narrowed": [{"englishName": "recallFlag", "codes": ["stop"]}]}, "default none"),
    ],
)
def test_what_cannot_be_derived_is_said(told: dict[str, object], reason: str) -> None:
    """A derived template takes nothing its base does not take, and says nothing that a field cannot be."""
    with pytest.raises(TemplateError, match=reason):
        derivation_of(_octets(**told), PREFIX)


@pytest.mark.parametrize("octets", [b"", b"[]", b"{", b"\xff", b"[" * 59_000, b" " * 60_001])
def test_what_is_no_description_is_refused(octets: bytes) -> None:
    """Whatever a file holds, there is one kind of error."""
    with pytest.raises(TemplateError):
        derivation_of(octets, PREFIX)


def test_the_base_may_be_held_by_another_prefix() -> None:
    """The template of an industry, named by its handle."""
    assert derivation_of(_octets(baseOn="88.118/META_ship_plate", fields=[OWN]), PREFIX).base_on == "88.118/META_ship_plate"


def test_the_record_reads_back(offshore: Derivation) -> None:
    """All that is known of a derived template lies in its record."""
    record = derived_record(offshore)

    assert record.identifier == HANDLE
    assert registered_derivation(record.identifier, record.values) == offshore


def test_the_record_describes_all_fields(offshore: Derivation) -> None:
    """Pages and partners need no other record to read one made after it."""
    values = {value.index: value for value in derived_record(offshore).values}

    assert json.loads(values[2014].text)["range"] == "[10.5,120]"
    assert json.loads(values[3001].text)["range"] == "(0,500]"
    assert values[INDEX_BASE_ON].text == f"{PREFIX}/META_ship_plate"


def test_a_withdrawn_one_says_so(offshore: Derivation) -> None:
    """No record is made after it."""
    record = in_state(HANDLE, derived_record(offshore).values, "withdrawn")
    read = registered_derivation(HANDLE, record.values)

    assert read is not None
    assert read.withdrawn


def test_an_own_field_keeps_its_index(offshore: Derivation) -> None:
    """Another order, and one in between: what was registered lies where it lay, what is new behind it."""
    third = COATING | {"englishName": "layers", "chineseName": "层数"}
    again = derivation_of(_octets(fields=[third, COATING, OWN]), PREFIX, derived_record(offshore).values)

    assert [(field["englishName"], field["itemIndex"]) for field in again.told["fields"]] == [
        ("layers", 3002), ("coating", 3001), ("impactGrade", 3000)
    ]  # fmt: skip


def test_an_index_is_never_used_again(offshore: Derivation) -> None:
    """What is left out is kept in the record, so that a new field lies behind it."""
    third = COATING | {"englishName": "layers", "chineseName": "层数"}
    again = derivation_of(_octets(fields=[third]), PREFIX, derived_record(offshore).values)

    assert again.told["fields"][0]["itemIndex"] == 3002


def test_an_own_field_keeps_its_type(offshore: Derivation) -> None:
    """Records hold values of it."""
    other = {name: told for name, told in COATING.items() if name != "range"} | {"type": "S"}
    with pytest.raises(TemplateError, match="of the type N for ever"):
        derivation_of(_octets(fields=[other]), PREFIX, derived_record(offshore).values)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"fields":1}', '{"fields":[{}],"narrowed":[],"chineseName":"x"}', "[" * 5000, '{"narrowed":[1]}']
)
def test_a_description_somebody_else_wrote_is_refused(offshore: Derivation, text: str) -> None:
    """The record of a template may be written by hand; nothing but the documented error comes of it."""
    record = derived_record(offshore)
    values = (*(value for value in record.values if value.index != INDEX_DERIVATION), Value(INDEX_DERIVATION, "x", text.encode()))

    with pytest.raises(TemplateError, match="cannot be used"):
        registered_derivation(HANDLE, values)


def test_the_template_of_a_pilot_is_no_derived_one(offshore: Derivation) -> None:
    """Whatever it holds."""
    record: Record = replace(derived_record(offshore), identifier=f"{PREFIX}/META_ship_plate")

    assert registered_derivation(record.identifier, record.values) is None


@pytest.mark.parametrize("handle", [f"{PREFIX}/META_ship_plate", HANDLE, "88.1/META_ship_plate-x-y"])
def test_a_handle_names_the_object_of_the_base(handle: str) -> None:
    """Where the derived template itself is not at hand."""
    found: ObjectType | None = object_type_named(handle)

    assert found is PILOTS["ship"].objects["plate"]


@pytest.mark.parametrize("handle", ["", "88.1/A", "88.1/META_", "88.1/META_ship", "88.1/META_shop_plate", "88.1/META_ship_-x"])
def test_other_handles_name_none(handle: str) -> None:
    """No guess is made."""
    assert object_type_named(handle) is None
