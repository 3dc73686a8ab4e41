"""The tables of the pilots obey the language they are written in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from idis.registry.pilots.numbers import number_check
from idis.registry.pilots.schema import (
    FIELD_NAME_LENGTH_MAX,
    INDEX_FIRST_FIELD,
    DataType,
    Field,
    ObjectType,
    Vocabulary,
    with_vocabularies,
)
from idis.registry.pilots.table import PILOTS

OBJECTS = [object_type for pilot in PILOTS.values() for object_type in pilot.objects.values()]
# At 2000 to 2009 of every object.
HEAD = ["objectType", "name", "nameEn", "localIds", "producer", "status", "recallFlag", "succeeds", "events", "visibility"]

# Where the specification puts them: these numbers are in the world for ever.
FIXED = {
    ("ship", "ship"): {"imoNumber": 2010, "shipyard": 2012, "flag": 2014, "deliveryDate": 2019, "grossTonnage": 2021},
    ("ship", "block"): {"hull": 2011, "stage": 2013, "inspectionResult": 2017, "erectionDate": 2018, "coatingRecord": 2021},
    ("ship", "plate"): {"plateNo": 2010, "heatNo": 2011, "thickness": 2014, "length": 2016, "mass": 2017, "cutFrom": 2022},
    ("ship", "part"): {"plate": 2011, "cutTime": 2013, "block": 2015, "fitUpTime": 2016},
    ("ship", "weld"): {"joins": 2012, "process": 2015, "welder": 2018, "consumables": 2019, "nde": 2023, "repairCount": 2025},
    ("ship", "equipment"): {"installedOn": 2016, "installDate": 2017, "removalDate": 2018, "materialDeclarations": 2020},
    ("ship", "certificate"): {"form": 2011, "subjects": 2015, "chemical": 2019, "tensile": 2020, "impact": 2021, "sha256": 2024},
    ("ship", "materialDeclaration"): {"lines": 2014, "ihmPart": 2015, "location": 2016, "date": 2017},
    ("automotive", "vehicle"): {"vin": 2010, "van": 2011, "plant": 2016, "motorNo": 2017, "soldTo": 2019},
    ("automotive", "part"): {
        "partNo": 2010,
        "serialNo": 2013,
        "batch": 2014,
        "sites": 2020,
        "installedOn": 2022,
        "hasAlternatives": 2027,
    },
    ("automotive", "lot"): {"batchId": 2010, "quantity": 2014, "uom": 2015, "inputs": 2016, "lineShift": 2018},
    ("automotive", "battery"): {"batteryCode": 2010, "parent": 2014, "cellLot": 2017, "ratedEnergy": 2020, "passport": 2025},
    ("automotive", "assemblyRecord"): {"vehicle": 2010, "time": 2013, "orderMatch": 2014, "torqueResult": 2018},
    ("automotive", "qualityNotice"): {"noticeNo": 2010, "affected": 2013, "noticeStatus": 2016, "targetDate": 2019},
    ("chemical", "product"): {"registrationNo": 2010, "components": 2014, "unNumber": 2015, "sds": 2024, "incompatible": 2028},
    ("chemical", "batch"): {"product": 2011, "inputs": 2018, "mixing": 2019, "coa": 2022, "releaseStatus": 2024},
    ("chemical", "package"): {"packageNo": 2010, "parentPackage": 2016, "from": 2017, "to": 2018, "seal": 2020},
    ("chemical", "shipment"): {"waybillNo": 2010, "driver": 2014, "departTime": 2018, "sealChecks": 2021},
    ("chemical", "receipt"): {"supplierBatchNo": 2012, "factoryReport": 2018, "conclusion": 2021},
    ("chemical", "coa"): {"tests": 2012, "issueDate": 2015, "file": 2017},
    ("nuclear", "position"): {"code": 2010, "codeSystem": 2011, "requiredClass": 2016},
    ("nuclear", "item"): {"safetyClass": 2012, "licence": 2016, "materials": 2019, "installedAt": 2020, "release": 2026},
    ("nuclear", "material"): {"heatNo": 2010, "grade": 2012, "millCertificate": 2017, "heatTreatment": 2018},
    ("nuclear", "weld"): {"item": 2011, "welder": 2015, "fillerLot": 2016, "pwht": 2019, "nde": 2020, "repairCount": 2023},
    ("nuclear", "inspection"): {"kind": 2012, "pressure": 2014, "witness": 2016, "date": 2017},
    ("nuclear", "ncr"): {"category": 2012, "disposition": 2014, "closedDate": 2017},
    ("nuclear", "release"): {"items": 2011, "documents": 2012, "date": 2013},
}


def _name(object_type: ObjectType) -> str:
    return f"{object_type.pilot}-{object_type.code}"


def _all(fields: tuple[Field, ...]) -> Iterator[Field]:
    for field in fields:
        yield field
        yield from _all(field.members)


every_object = pytest.mark.parametrize("object_type", OBJECTS, ids=_name)


@every_object
def test_indexes_ascend_without_repetition(object_type: ObjectType) -> None:
    """An index is used once, starts at 2000, and the table is in their order."""
    indexes = [field.index for field in object_type.fields]

    assert indexes == sorted(set(indexes))
    assert indexes[0] == INDEX_FIRST_FIELD


@every_object
def test_every_object_begins_with_the_common_head(object_type: ObjectType) -> None:
    """2000 to 2009 are the same fields everywhere."""
    assert [(field.index, field.name) for field in object_type.fields[:10]] == list(enumerate(HEAD, 2000))


@every_object
def test_names_are_unique_in_both_languages(object_type: ObjectType) -> None:
    """A column heading means one field, whichever language it is in."""
    headings = [heading for field in object_type.fields for heading in {field.name.lower(), field.chinese.lower()}]

    assert len(headings) == len(set(headings))


@every_object
def test_names_fit_the_national_interface(object_type: ObjectType) -> None:
    """English names are lowerCamel words of at most 50 characters, Chinese ones no longer."""
    names = [field.name for field in object_type.fields]

    assert [
        name for name in names if not (name.isidentifier() and name[0].islower() and len(name) <= FIELD_NAME_LENGTH_MAX)
    ] == []
    assert [field.chinese for field in object_type.fields if not 0 < len(field.chinese) <= FIELD_NAME_LENGTH_MAX] == []


@every_object
def test_references_point_to_objects_of_the_pilot(object_type: ObjectType) -> None:
    """What a reference may point to exists."""
    objects = PILOTS[object_type.pilot].objects

    assert [
        (field.name, target) for field in _all(object_type.fields) for target in field.references if target not in objects
    ] == []


@every_object
def test_companions_of_edges_and_aliases_exist(object_type: ObjectType) -> None:
    """The fields an edge's interval or an alias's scope names are fields of the object."""
    names = {field.name for field in object_type.fields} | {""}
    edges = [field.edge for field in object_type.fields if field.edge]
    scopes = {name for field in object_type.fields if field.alias for name in field.alias.within}
    companions = {name for edge in edges for name in (edge.start, edge.end, edge.child, *edge.when)}

    assert companions | scopes <= names


@every_object
def test_edges_are_references_or_named_targets(object_type: ObjectType) -> None:
    """An edge leads somewhere: it is a reference, a list of inputs, or a text that names its target."""
    edges = [field for field in object_type.fields if field.edge]
    targets = [field for field in edges if field.type.item is DataType.REFERENCE or field.references or field.members]

    assert [field.name for field in edges if field not in targets and field.name != "succeeds"] == []


@every_object
def test_rules_look_at_fields_that_exist(object_type: ObjectType) -> None:
    """A rule names only fields of its object, and can be satisfied with as many as it has."""
    names = {field.name for field in object_type.fields}

    assert [(rule.name, set(rule.fields) - names) for rule in object_type.rules if not names.issuperset(rule.fields)] == []
    assert [rule.name for rule in object_type.rules if rule.least > len(rule.fields)] == []


@every_object
def test_rules_say_nothing_about_an_empty_row(object_type: ObjectType) -> None:
    """Fewer than `least` fields present give no finding, which lets the encoder leave a rule out."""
    assert [rule.name for rule in object_type.rules if rule.least > 1 and rule.check({}) is not None] == []


@every_object
def test_codes_have_vocabularies_or_schemes(object_type: ObjectType) -> None:
    """A code is checked against a list or a grammar."""
    fields = [field for field in _all(object_type.fields) if field.type.item is DataType.CODE]

    assert [field.name for field in fields if field.codes is None and not field.scheme] == []


@every_object
def test_schemes_exist(object_type: ObjectType) -> None:
    """Every scheme a field names has a check."""
    for field in _all(object_type.fields):
        if field.scheme:
            assert callable(number_check(field.scheme))


@every_object
def test_conditional_fields_state_their_condition(object_type: ObjectType) -> None:
    """A field that is required sometimes says when."""
    assert [field.name for field in _all(object_type.fields) if (field.required == "c") != bool(field.condition)] == []


@every_object
def test_only_objects_have_members(object_type: ObjectType) -> None:
    """Members belong to objects and lists of objects, and those have some."""
    fields = list(_all(object_type.fields))

    assert [field.name for field in fields if (field.type.item is DataType.OBJECT) != bool(field.members)] == []


@pytest.mark.parametrize(("key", "indexes"), FIXED.items(), ids=lambda each: "-".join(each) if isinstance(each, tuple) else "")
def test_indexes_never_change(key: tuple[str, str], indexes: dict[str, int]) -> None:
    """Fields stand at the numbers the specification gave them."""
    pilot, code = key
    fields = {field.name: field.index for field in PILOTS[pilot].objects[code].fields}

    assert {name: fields.get(name) for name in indexes} == indexes


def test_a_list_type_knows_its_item() -> None:
    """The item of R[] is R, and R is its own."""
    assert DataType.REFERENCES.item is DataType.REFERENCE
    assert DataType.REFERENCE.item is DataType.REFERENCE


def test_a_vocabulary_reaches_members_too() -> None:
    """The class list of a position's demand is exchanged with the item's."""
    other = Vocabulary("safetyClass", {"SC-1": "1级"}, configurable=True)
    pilot = with_vocabularies(PILOTS["nuclear"], {"safetyClass": other})
    fields = [*_all(pilot.objects["position"].fields), *_all(pilot.objects["item"].fields)]

    assert [field.codes for field in fields if field.name == "safetyClass"] == [other, other]


def test_a_fixed_vocabulary_is_not_exchanged() -> None:
    """Only lists marked configurable can be replaced; asking for another is a mistake."""
    with pytest.raises(KeyError, match="recallFlag"):
        with_vocabularies(PILOTS["nuclear"], {"recallFlag": Vocabulary("recallFlag", {"maybe": "或许"})})
