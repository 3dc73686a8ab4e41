"""One row against its object type: columns, cells, what is stored and who may read it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idis.proto.value import Value
from idis.registry.pilots.finding import Finding, Invalid, Valid
from idis.registry.pilots.table import PILOTS
from idis.registry.pilots.validation import validate
from idis.registry.record import Alias

TODAY = date(2026, 1, 15)
PLATE: dict[str, object] = {
    "name": "船板",
    "producer": "88.118.21/ORG.1",
    "visibility": "public",
    "plateNo": "24H0315-07",
    "heatNo": "24H0315",
    "steelGrade": "AH36",
    "thickness": "18",
    "width": "2650",
    "length": "8700",
    "supplier": "88.118.21/ORG.1",
    "certificate": "88.118.21/CERT.1",
}
PUBLIC, RESTRICTED = 14, 12  # permission bits: 1110 and 1100


def _findings(changes: Mapping[str, object], identifier: str = "88.118.8/PLATE.1") -> list[Finding]:
    row = {name: cell for name, cell in {**PLATE, **changes}.items() if cell is not None}
    result = validate(PILOTS["ship"], "plate", row, identifier=identifier, today=TODAY)
    return list(result.findings if isinstance(result, Invalid) else result.warnings)


def _values(
    row: Mapping[str, object], pilot: str = "ship", code: str = "plate", identifier: str = "88.118.8/P.1"
) -> dict[str, Value]:
    result = validate(PILOTS[pilot], code, row, identifier=identifier, today=TODAY)
    assert isinstance(result, Valid), result
    return {value.type: value for value in result.record.values}


def _aliases(row: Mapping[str, object], pilot: str = "ship", code: str = "plate") -> tuple[Alias, ...]:
    result = validate(PILOTS[pilot], code, row, identifier="88.118.8/P.1", today=TODAY)
    assert isinstance(result, Valid), result
    return result.record.aliases


def test_values_stand_at_their_indexes_with_their_names_as_types() -> None:
    """The record holds the template's handle, its version, and a value for each field present, defaults included."""
    values = _values(PLATE).values()

    assert [(value.index, value.type, value.text) for value in values] == [
        (1000, "TEMPLATE_ID", "88.118.8/META_ship_plate"),
        (1001, "TEMPLATE", "1"),
        (2000, "objectType", "plate"),
        (2001, "name", "船板"),
        (2004, "producer", "88.118.21/ORG.1"),
        (2005, "status", "active"),
        (2006, "recallFlag", "none"),
        (2009, "visibility", "public"),
        (2010, "plateNo", "24H0315-07"),
        (2011, "heatNo", "24H0315"),
        (2013, "steelGrade", "AH36"),
        (2014, "thickness", "18"),
        (2015, "width", "2650"),
        (2016, "length", "8700"),
        (2020, "supplier", "88.118.21/ORG.1"),
        (2021, "certificate", "88.118.21/CERT.1"),
    ]


@pytest.mark.parametrize("cell", ["12.5", "12.50", "0012.5", "1.25E1", "125e-1", 12.5, " 12.5 "])
def test_a_number_is_stored_one_way(cell: object) -> None:
    """However it was typed, 12.5 is stored as 12.5."""
    assert _values({**PLATE, "thickness": cell})["thickness"].text == "12.5"


@pytest.mark.parametrize("cell", ["1,250", "12,5", "12.5 mm", "１２", "NaN", "inf", "", True, [1], "1" * 39, "1e40", "--1"])
def test_what_is_no_number_is_refused(cell: object) -> None:
    """A separator, a unit, full-width digits, more than 38 digits: refused, never guessed."""
    assert [finding.field for finding in _findings({"thickness": cell})] == ["thickness"]


@pytest.mark.parametrize("cell", ["true", "TRUE", "yes", "1", "是", True])
def test_a_boolean_is_stored_one_way(cell: object) -> None:
    """However it was typed, true is stored as true."""
    row = {
        "name": "n",
        "producer": "88.1/O",
        "visibility": "public",
        "equipmentCode": "E",
        "serialNo": "S",
        "certificates": "88.1/C",
    }

    assert _values({**row, "ihmScope": cell, "materialDeclarations": "88.1/M"}, code="equipment")["ihmScope"].text == "true"


@pytest.mark.parametrize("cell", ["a;b", "a；b", " a ; b ;", '["a","b"]', ["a", "b"]])
def test_a_list_is_stored_as_json_text(cell: object) -> None:
    """Semicolons, JSON text and typed lists give the same octets."""
    assert _values({**PLATE, "localIds": cell})["localIds"].text == '["a","b"]'


def test_an_object_is_stored_as_json_text_in_the_order_of_its_members() -> None:
    """Numbers are normalised inside objects too."""
    row = {"name": "n", "producer": "88.130.4/O", "visibility": "public", "nameCn": "水", "sds": "88.1/S", "label": "88.1/L"}
    components = [{"max": 100.0, "min": "99.50", "casNo": "7732-18-5"}]

    values = _values({**row, "emergencyPhone": "119", "components": components}, "chemical", "product")

    assert values["components"].text == '[{"casNo":"7732-18-5","min":99.5,"max":100}]'


@pytest.mark.parametrize("cell", ["2024-02-05", date(2024, 2, 5), datetime(2024, 2, 5)])
def test_a_date_is_stored_as_a_day(cell: object) -> None:
    """A spreadsheet's midnight is a day."""
    row = {"name": "n", "producer": "88.1/O", "visibility": "public", "heatNo": "H", "steelmaker": "88.1/O"}

    assert _values({**row, "castDate": cell}, code="heat")["castDate"].text == "2024-02-05"


@pytest.mark.parametrize("cell", ["20240205", "2024-2-5", "05.02.2024", "2024-02-30", "2024-W06", "2024-02-05T00:00", 45327])
def test_what_is_no_date_is_refused(cell: object) -> None:
    """Only YYYY-MM-DD of the calendar is a date."""
    row = {"name": "n", "producer": "88.1/O", "visibility": "public", "heatNo": "H", "steelmaker": "88.1/O", "castDate": cell}
    result = validate(PILOTS["ship"], "heat", row, identifier="88.1/H", today=TODAY)
    assert isinstance(result, Invalid)

    assert [(finding.field, finding.rule) for finding in result.findings] == [("castDate", "date")]


def test_a_chinese_label_is_read_as_its_code() -> None:
    """下料 is stored as cutting."""
    row = {
        "name": "n",
        "producer": "88.1/O",
        "visibility": "public",
        "blockNo": "B",
        "hull": "88.1/S",
        "drawingNo": "D",
        "drawingVersion": "A",
    }

    assert _values({**row, "stage": "下料"}, code="block")["stage"].text == "cutting"


def test_a_code_that_is_nearly_right_is_suggested() -> None:
    """AH37 is refused, never corrected, and AH36 is suggested."""
    (finding,) = _findings({"steelGrade": "AH3 6"})

    assert (finding.rule, finding.advice) == ("code", "write AH36")


def test_columns_may_be_named_in_chinese() -> None:
    """The Chinese heading means the same field."""
    row = {**PLATE, "厚度": PLATE["thickness"]}
    del row["thickness"]

    assert _values(row)["thickness"].text == "18"


def test_an_unknown_column_is_named_with_the_nearest_one() -> None:
    """A mistyped heading refuses the row and says what it probably means."""
    findings = _findings({"thicknes": "18", "thickness": None})

    assert [(each.field, each.rule, each.advice) for each in findings] == [
        ("thicknes", "unknown-column", "did you mean thickness?"),
        ("thickness", "required", "fill it in; drafts are not imported"),
    ]


def test_a_field_in_two_columns_is_refused() -> None:
    """English and Chinese heading side by side are ambiguous."""
    assert [finding.rule for finding in _findings({"厚度": "18"})] == ["column-twice"]


def test_the_identifier_column_is_passed_over() -> None:
    """Whoever reads the table takes the identifier from there."""
    assert _findings({"标识": "88.118.8/PLATE.1"}) == []


@pytest.mark.parametrize("identifier", ["88.118.8", "0.NA/88.118.8", "", "88..8/x", "88.118.8/", "88.118.8/a\nb"])
def test_a_record_needs_prefix_and_suffix(identifier: str) -> None:
    """What is no identifier of an object is refused."""
    assert [finding.field for finding in _findings({}, identifier)] == ["identifier"]


def test_a_row_of_another_object_is_refused() -> None:
    """objectType, when given, is the object the row is checked as."""
    assert [(each.field, each.rule) for each in _findings({"objectType": "block"})] == [("objectType", "code")]


def test_all_findings_of_a_row_come_at_once() -> None:
    """A person corrects a row once: every field is looked at."""
    findings = _findings({"thickness": "0", "width": "x", "steelGrade": None})

    assert [each.field for each in findings] == ["thickness", "width", "steelGrade"]


def test_a_rule_is_silent_about_a_field_that_is_wrong_already() -> None:
    """No second finding is derived from a cell that could not be read."""
    assert [each.rule for each in _findings({"thickness": "0", "mass": "9999"})] == ["above"]


@pytest.mark.parametrize(
    ("visibility", "name", "recall_flag", "template"),
    [
        ("public", PUBLIC, PUBLIC, PUBLIC),
        ("partners", RESTRICTED, PUBLIC, RESTRICTED),
        ("private", RESTRICTED, RESTRICTED, RESTRICTED),
    ],
)
def test_visibility_decides_who_may_read(visibility: str, name: int, recall_flag: int, template: int) -> None:
    """Public shows all, partners the recall flag only, private nothing."""
    values = _values({**PLATE, "visibility": visibility})

    assert [values[each].permissions for each in ("name", "recallFlag", "TEMPLATE_ID")] == [name, recall_flag, template]


def test_a_private_field_of_a_public_object_is_hidden() -> None:
    """The welder of a seam is never public."""
    row = {
        "name": "n",
        "producer": "88.1/O",
        "visibility": "public",
        "vin": "LSVAA49J132047371",
        "brand": "b",
        "model": "m",
        "productionDate": "2025-03-17",
        "plant": "88.1/S",
        "soldTo": "88.1/C",
    }
    values = _values(row, "automotive", "vehicle")

    assert (values["soldTo"].permissions, values["vin"].permissions) == (RESTRICTED, PUBLIC)


def test_aliases_carry_the_scope_they_are_unique_in() -> None:
    """A plate number is unique per supplier, an own code is just findable."""
    assert _aliases({**PLATE, "localIds": "L-1;L-2"}) == (
        Alias("localId", "L-1"),
        Alias("localId", "L-2"),
        Alias("plateNo", "88.118.21/ORG.1|24H0315-07"),
        Alias("heatNo", "88.118.21/ORG.1|24H0315"),
    )


def test_a_world_wide_number_has_no_scope() -> None:
    """A ship is found by its IMO number alone, in its one spelling."""
    row = {
        "name": "n",
        "producer": "88.1/O",
        "visibility": "public",
        "hullNo": "H1",
        "shipyard": "88.1/yard",
        "classSociety": "CCS",
    }

    assert _aliases({**row, "imoNumber": "9319466"}, code="ship") == (Alias("imo", "IMO9319466"), Alias("hullNo", "88.1/YARD|H1"))


def test_components_are_found_by_their_numbers() -> None:
    """CAS and EC numbers inside a list are aliases of the product."""
    row = {
        "name": "n",
        "producer": "88.1/O",
        "visibility": "public",
        "nameCn": "丙酮",
        "sds": "88.1/S",
        "label": "88.1/L",
        "emergencyPhone": "119",
    }

    assert _aliases({**row, "components": '[{"casNo": "67-64-1", "ecNo": "200-662-2"}]'}, "chemical", "product") == (
        Alias("cas", "67-64-1"),
        Alias("ec", "200-662-2"),
    )


def test_an_alias_without_its_scope_falls_back_to_the_prefix() -> None:
    """A part that is in no block yet is unique below its own prefix."""
    row = {"name": "n", "producer": "88.1/O", "visibility": "public", "partNo": "P1", "plate": "88.1/PL", "cuttingJob": "C"}

    assert _aliases({**row, "cutTime": "2024-03-01T08:00:00Z"}, code="part") == (Alias("partNo", "88.118.8|P1"),)


def test_an_unknown_object_is_the_callers_mistake() -> None:
    """The command line names the objects; here it is a KeyError."""
    with pytest.raises(KeyError):
        validate(PILOTS["ship"], "plank", PLATE, identifier="88.118.8/P", today=TODAY)


_CELLS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_OBJECTS = [(pilot.name, code) for pilot in PILOTS.values() for code in pilot.objects]


@settings(deadline=None)
@given(key=st.sampled_from(_OBJECTS), data=st.data())
def test_no_cell_breaks_the_checks(key: tuple[str, str], data: st.DataObject) -> None:
    """Whatever stands in the cells, the answer is Valid or Invalid."""
    pilot, code = key
    names = st.sampled_from([field.name for field in PILOTS[pilot].objects[code].fields])
    row = data.draw(st.dictionaries(names, _CELLS, max_size=8))
    result = validate(PILOTS[pilot], code, row, identifier="88.118.8/X", today=TODAY)

    assert isinstance(result, Valid | Invalid)
