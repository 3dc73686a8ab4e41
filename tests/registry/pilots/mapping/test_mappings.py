"""Mappings out and in: documents as other data spaces want them, and nothing that breaks their patterns."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from idis.registry.pilots.finding import Valid
from idis.registry.pilots.mapping.battery_pass import battery_pass, read_battery_pass
from idis.registry.pilots.mapping.bom_as_built import Child, bom_as_built, read_bom
from idis.registry.pilots.mapping.catena_x import batch, read_batch, read_serial_part, serial_part
from idis.registry.pilots.mapping.nameplate import nameplate, read_nameplate
from idis.registry.pilots.mapping.patterns import catena_x_id, fits
from idis.registry.pilots.mapping.source import Source
from idis.registry.pilots.mapping.steel import read_steel, steel_document
from idis.registry.pilots.table import PILOTS
from idis.registry.pilots.validation import validate

MAKER = {"bpn": "BPNL000000000ABC", "name": "示例电驱", "address": "示例路11号", "country": "CHN"}
LOT = {"batchId": "INV-1", "partNo": "INV-400", "supplier": "88.1/ORG.M", "quantity": "9600", "uom": "H87", "name": "批"}
RECORDS = {"88.1/ORG.M": MAKER, "88.1/LOT.1": {**LOT, "productionDate": "2024-02-10T08:20:00+08:00"}}
PART = {
    "name": "逆变器",
    "partNo": "INV-400",
    "nameAtManufacturer": "180 kW 逆变器",
    "serialNo": "NB1",
    "supplier": "88.1/ORG.M",
    "batch": "88.1/LOT.1",
    "customerPartId": "5GE 907 425",
    "classification": '[{"standard":"ECLASS","id":"27-01"}]',
    "productionDate": "2024-02-10T08:20:00+08:00",
    "country": "CHN",
    "sites": '[{"siteId":"BPNS000000000001","function":"production"}]',
    "localIds": '["urn:uuid:550e8400-e29b-41d4-a716-446655440000"]',
}
SERIAL_PART = {
    "catenaXId": "urn:uuid:550e8400-e29b-41d4-a716-446655440000",
    "localIdentifiers": [
        {"key": "manufacturerId", "value": "BPNL000000000ABC"},
        {"key": "partInstanceId", "value": "NB1"},
        {"key": "batchId", "value": "INV-1"},
        {"key": "customKey:idisObject", "value": "part"},
        {"key": "customKey:idisHandle", "value": "88.1/PART.1"},
    ],
    "manufacturingInformation": {
        "date": "2024-02-10T08:20:00+08:00",
        "country": "CHN",
        "sites": [{"catenaXsiteId": "BPNS000000000001", "function": "production"}],
    },
    "partTypeInformation": {
        "manufacturerPartId": "INV-400",
        "nameAtManufacturer": "180 kW 逆变器",
        "customerPartId": "5GE 907 425",
        "partClassification": [{"classificationStandard": "ECLASS", "classificationID": "27-01"}],
    },
}


def _source(code: str, texts: dict[str, str], identifier: str = "88.1/PART.1") -> Source:
    return Source(identifier, code, texts, RECORDS.get)


def _valid(pilot: str, row: dict[str, Any]) -> bool:
    cells = {name: cell for name, cell in row.items() if name not in ("identifier", "objectType")}
    identifier, code = row["identifier"], row["objectType"]
    judged = validate(PILOTS[pilot], code, {"visibility": "partners", **cells}, identifier=identifier, today=date(2026, 1, 1))
    return isinstance(judged, Valid)


def test_serial_part_out() -> None:
    """Every member of the standard that the record has, and the handle as a custom key."""
    source = _source("part", PART)

    assert serial_part(source) == SERIAL_PART
    assert source.faults == []


def test_serial_part_in() -> None:
    """The row passes the pilot's own checks, and keeps the Catena-X ID as a code of its own."""
    row, faults = read_serial_part(SERIAL_PART, "88.2")

    assert (faults, row["identifier"], row["supplier"]) == ([], "88.1/PART.1", "88.2/ORG.BPNL000000000ABC")
    assert row["localIds"] == ["urn:uuid:550e8400-e29b-41d4-a716-446655440000"]
    assert _valid("automotive", row)


def test_a_foreign_serial_part_gets_a_name_of_its_own() -> None:
    """Without a handle the record is named by part and serial number."""
    keys = SERIAL_PART["localIdentifiers"][:3]
    row, _ = read_serial_part({**SERIAL_PART, "localIdentifiers": keys}, "88.2")

    assert row["identifier"] == "88.2/PART.INV-400-NB1"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"catenaXId": "550e8400"}, "/catenaXId"),
        ({"localIdentifiers": [{"key": "serial", "value": "1"}]}, "/localIdentifiers/0"),
        ({"localIdentifiers": [{"key": "manufacturerId", "value": "BPNS000000000ABC"}]}, "/localIdentifiers"),
        ({"manufacturingInformation": {"date": "10.02.2024"}}, "/manufacturingInformation/date"),
        ({"partTypeInformation": {"nameAtManufacturer": "x"}}, "/partTypeInformation/manufacturerPartId"),
    ],
)
def test_a_serial_part_that_breaks_a_pattern(change: dict[str, Any], pointer: str) -> None:
    """The fault says where."""
    _, faults = read_serial_part({**SERIAL_PART, **change}, "88.2")

    assert pointer in [fault.pointer for fault in faults]


def test_a_vehicle_is_not_read_back_as_a_part() -> None:
    """A SerialPart says too little of it, and would overwrite its record."""
    keys = [{"key": "customKey:idisObject", "value": "vehicle"}]
    _, faults = read_serial_part({**SERIAL_PART, "localIdentifiers": [*SERIAL_PART["localIdentifiers"][:3], *keys]}, "88.2")

    assert [fault.pointer for fault in faults] == ["/localIdentifiers"]


def test_a_supplier_without_number_is_a_fault() -> None:
    """A document with a hole is not written."""
    source = _source("part", {**PART, "supplier": "88.1/ORG.NOBODY"})
    serial_part(source)

    assert [fault.pointer for fault in source.faults] == ["supplier 88.1/ORG.NOBODY: give that organisation its bpn"]


def test_batch_out_and_in() -> None:
    """A lot comes back with its quantity, which Batch 3.0 has no member for."""
    lot = dict(RECORDS["88.1/LOT.1"])
    document = batch(_source("lot", lot, "88.1/LOT.1"))
    row, faults = read_batch(document, "88.2")

    assert (faults, row["identifier"], row["quantity"], row["uom"]) == ([], "88.1/LOT.1", "9600", "H87")
    assert _valid("automotive", row)


def test_a_bill_of_material_out_and_in() -> None:
    """Quantities in the units of Catena-X, possible children as alternatives."""
    children = (Child("88.1/LOT.1", "2024-03-06T10:10:00Z", Decimal("2.5"), "KGM", possible=True),)
    source = _source("vehicle", {}, "88.1/VIN.1")
    document = bom_as_built(source, children)
    whole, (child,), faults = read_bom(document)

    assert document["childItems"][0]["quantity"] == {"value": 2.5, "unit": "unit:kilogram"}
    assert document["childItems"][0]["businessPartner"] == "BPNL000000000ABC"
    assert (source.faults, faults, whole) == ([], [], catena_x_id("88.1/VIN.1"))
    assert (child.catena_x_id, child.quantity, child.uom, child.possible) == (
        catena_x_id("88.1/lot.1"),
        Decimal("2.5"),
        "KGM",
        True,
    )


def test_a_child_of_another_enterprise() -> None:
    """What is known of it may be its prefix alone: then whoever writes says whose that is."""
    children = (Child("88.2.7/PACK.1", "2024-03-06T10:10:00Z"),)
    unknown, told = _source("vehicle", {}, "88.1/VIN.1"), _source("vehicle", {}, "88.1/VIN.1")
    told.partners = {"88.2": "BPNL000000000XYZ"}
    bom_as_built(unknown, children)
    document = bom_as_built(told, children)

    assert [fault.pointer for fault in unknown.faults] == ["supplier of 88.2.7/PACK.1"]
    assert (told.faults, document["childItems"][0]["businessPartner"]) == ([], "BPNL000000000XYZ")


@pytest.mark.parametrize("name", ["catenaXId", "createdOn", "businessPartner", "hasAlternatives", "quantity"])
def test_a_child_that_breaks_a_pattern(name: str) -> None:
    """Each member of a child is checked."""
    document = bom_as_built(_source("vehicle", {}, "88.1/VIN.1"), [Child("88.1/LOT.1", "2024-03-06T10:10:00Z")])
    document["childItems"][0][name] = "wrong"
    _, children, faults = read_bom(document)

    assert (children, [fault.pointer for fault in faults]) == ((), [f"/childItems/0/{name}"])


BATTERY = {
    "name": "动力电池包",
    "producer": "88.1/ORG.M",
    "status": "in_use",
    "batteryCode": "001PB21K000000E2K0000000",
    "productType": "P",
    "chemistry": "B",
    "modelId": "PACK-96S",
    "ratedCapacity": "150",
    "ratedVoltage": "307.2",
    "ratedEnergy": "46.08",
    "mass": "382",
    "productionDate": "2024-02-19",
    "stateOfHealth": "98.5",
}


def test_a_battery_passport_out() -> None:
    """Grams, the name of the chemistry, and what is known of its health."""
    document = battery_pass(_source("battery", BATTERY, "88.1/PACK.1"))

    assert document["characteristics"]["physicalDimension"]["weight"] == {"value": 382_000, "unit": "unit:gram"}
    assert document["identification"]["chemistry"] == "Lithium Iron Phosphate (LFP)"
    assert document["performance"]["dynamic"] == {"energy": {"soce": {"value": 98.5}}}


def test_a_battery_passport_in() -> None:
    """The row passes the pilot's own checks, which compare the code with the rest."""
    row, faults = read_battery_pass(battery_pass(_source("battery", BATTERY, "88.1/PACK.1")), "88.2")

    assert (faults, row["productType"], row["chemistry"], row["mass"]) == ([], "P", "B", 382)
    assert _valid("automotive", row)


def test_a_passport_with_a_hole() -> None:
    """What a record needs is named."""
    _, faults = read_battery_pass({"identification": {"idDmc": "001PB21K000000E2K0000000"}}, "88.2")

    assert "/performance/rated/capacity/value" in [fault.pointer for fault in faults]


def test_a_nameplate_out_and_in() -> None:
    """Texts for people carry a language; the row passes the pilot's checks."""
    document = nameplate(_source("part", PART))
    row, faults = read_nameplate(document, "88.1")

    assert (document["ManufacturerName"], document["YearOfConstruction"]) == ([{"zh": "示例电驱"}], "2024")
    assert (faults, row["identifier"], row["serialNo"]) == ([], "88.1/PART.1", "NB1")
    assert _valid("automotive", row)


CERTIFICATE = {
    "certificateNo": "24H0315-32",
    "form": "EN10204-3.2",
    "issuer": "88.1/ORG.M",
    "issueDate": "2024-02-09",
    "subjects": '["88.1/HEAT.1"]',
    "statementOfCompliance": "true",
    "orderNos": '["PO-1","PO-2"]',
    "steelmakingProcess": "BOF+LF",
    "chemical": '{"C":0.14,"Mn":1.26}',
    "tensile": '{"yield":413,"tensile":554,"elongation":22.7}',
    "impact": '{"values":[147,85,109],"mean":113.7,"specimen":"KV2","temperature":-20}',
    "file": "https://files.example/1.pdf",
    "sha256": "f389114e3709f7b2b84a6102e192356059fcea70db8ae9f85cd1e8abb86592ec",
}


def test_a_steel_document_out() -> None:
    """The names of the submodel's template."""
    document = steel_document(_source("certificate", CERTIFICATE, "88.1/CERT.1"))

    assert document["OrderData"] == {"TypeOfInspectionDocument": "3.2", "PurchaserOrderNumber": "PO-1, PO-2"}
    assert document["ChemicalComposition"] == {"MassFraction_C": 0.14, "MassFraction_Mn": 1.26}
    assert document["MechanicalTests"]["NotchImpactTest__00__"]["NotchImpactWorkIndividualValues"] == [147, 85, 109]


def test_a_steel_document_in() -> None:
    """A certificate comes back whole."""
    row, faults = read_steel(steel_document(_source("certificate", CERTIFICATE, "88.1/CERT.1")), "88.1")

    assert (faults, row["tensile"]) == ([], {"tensile": 554, "elongation": 22.7, "yield": 413})
    assert row["impact"] == {"mean": 113.7, "values": [147, 85, 109], "temperature": -20, "specimen": "KV2"}
    assert _valid("ship", row)


def test_another_certificate_is_a_fault() -> None:
    """A class society's form is no inspection document of EN 10204."""
    source = _source("certificate", {**CERTIFICATE, "form": "W001"}, "88.1/CERT.1")
    steel_document(source)

    assert [fault.pointer for fault in source.faults] == ["form"]


def test_an_id_is_made_once_and_for_all() -> None:
    """The same handle in any case gives the same UUID, which fits the pattern of Catena-X."""
    assert catena_x_id("88.1/part.1") == catena_x_id("88.1/PART.1")
    assert fits("uuid", catena_x_id("88.1/PART.1"))
