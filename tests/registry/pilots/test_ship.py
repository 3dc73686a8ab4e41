"""The ship pilot: each rule with a row that passes and one that does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from idis.registry.pilots.finding import Finding, Severity

Judge = Callable[[str, str, Mapping[str, object], Mapping[str, object]], list[Finding]]

ORG = "88.118.21/ORG.1"
DIGEST = "0123456789abcdef" * 4

ROWS: dict[str, dict[str, object]] = {
    "ship": {"hullNo": "H2588", "shipyard": ORG, "classSociety": "CCS"},
    "block": {"blockNo": "B102", "hull": "88.118.8/SHIP.H2588", "stage": "大组立", "drawingNo": "D1", "drawingVersion": "C"},
    "plate": {
        "plateNo": "24H0315-07",
        "heatNo": "24H0315",
        "steelGrade": "AH36",
        "thickness": "18",
        "width": "2650",
        "length": "8700",
        "supplier": ORG,
        "certificate": "88.118.21/CERT.24H0315-32",
    },
    "heat": {"heatNo": "24H0315", "steelmaker": ORG, "castDate": "2024-02-05"},
    "part": {"partNo": "P001", "plate": "88.118.21/PLATE.1", "cuttingJob": "CJ-1", "cutTime": "2024-03-01T08:00:00+08:00"},
    "weld": {
        "weldNo": "W001",
        "block": "88.118.8/BLOCK.1",
        "joins": "88.118.8/PART.1;88.118.8/PART.2",
        "jointType": "butt",
        "process": "136",
        "wps": "88.118.8/DOC.WPS-1",
        "welder": "88.118.8/STAFF.1",
        "consumables": "88.118.8/LOT.1",
        "weldTime": "2024-03-01T08:00:00+08:00",
        "ndeResult": "pass",
        "repairCount": "0",
    },
    "equipment": {"equipmentCode": "CSN-PUMP", "serialNo": "S1", "certificates": "88.118.30/CERT.1"},
    "certificate": {
        "certificateNo": "C1",
        "form": "C102",
        "issuer": ORG,
        "issueDate": "2024-03-01",
        "subjects": "88.118.21/HEAT.1",
        "file": "https://files.example/c1.pdf",
        "sha256": DIGEST,
    },
    "materialDeclaration": {
        "mdNo": "MD1",
        "sdocNo": "SD1",
        "supplier": ORG,
        "subject": "88.118.8/EQUIP.1",
        "lines": '[{"table": "A", "substance": "asbestos", "aboveThreshold": false}]',
        "ihmPart": "I",
        "date": "2024-03-01",
    },
    "lot": {"lotNo": "FCW-1", "material": "E501T-1", "productionDate": "2024-01-01"},
    "organisation": {"uscc": "91110000600037341L", "producer": None},
    "site": {"siteNo": "1", "organisation": ORG},
    "person": {"personNo": "1", "employer": ORG, "visibility": "private"},
    "document": {"documentNo": "WPS-1", "kind": "wps"},
}

EN10204: dict[str, object] = {
    "form": "EN10204-2.2",
    "statementOfCompliance": "true",
    "orderNos": "PO-1",
    "steelmakingProcess": "BOF",
}
TENSILE = '{"yield": 380, "tensile": 520, "elongation": 24}'

PASSING: list[tuple[str, dict[str, object]]] = [
    ("ship", {"imoNumber": "9319466", "shipType": "container", "deliveryDate": "2024-09-01", "launchDate": "2024-06-01"}),
    ("ship", {"keelLayDate": "2024-03-01", "launchDate": "2024-03-01", "flag": "CN"}),
    ("block", {"inspectionResult": "pass", "inspectionDate": "2024-03-01"}),
    ("block", {"parentBlock": "88.118.8/BLOCK.2"}),
    ("plate", {"mass": "3257"}),
    ("plate", {"mass": "3100"}),
    ("part", {"fitUpTime": "2024-03-01T00:30:00Z"}),
    ("weld", {"preheat": "80", "interpass": "80"}),
    ("weld", {"repairCount": "2"}),
    ("weld", {"nde": '[{"method": "UT", "reportNo": "R1", "result": "pass", "date": "2024-03-02"}]'}),
    ("equipment", {"ihmScope": "true", "materialDeclarations": "88.118.8/MD.1"}),
    ("equipment", {"installedOn": "88.118.8/SHIP.1", "installDate": "2024-03-01", "removalDate": "2025-03-01"}),
    ("certificate", {"validUntil": "2024-03-01"}),
    ("certificate", EN10204),
    ("certificate", {**EN10204, "form": "3.2", "chemical": '{"C": 0.14, "Mn": 1.4}', "tensile": TENSILE}),
    ("certificate", {"tensile": '{"proof": 380, "tensile": 380, "elongation": 24}'}),
    ("certificate", {"impact": '{"values": [100, 110, 120], "mean": 110}'}),
    (
        "materialDeclaration",
        {"lines": '[{"table": "B", "substance": "Pb", "aboveThreshold": true, "mass": 2}]', "location": "机舱"},
    ),
]

REFUSED: list[tuple[str, dict[str, object], str, str]] = [
    ("ship", {"imoNumber": "9319467"}, "imoNumber", "imo"),
    ("ship", {"deliveryDate": "2024-09-01", "shipType": "container"}, "imoNumber", "required-when"),
    ("ship", {"keelLayDate": "2024-03-01", "launchDate": "2024-02-29"}, "launchDate", "ascending"),
    (
        "ship",
        {"keelLayDate": "2024-03-01", "deliveryDate": "2024-02-01", "imoNumber": "IMO9074729", "shipType": "tug"},
        "deliveryDate",
        "ascending",
    ),
    ("ship", {"grossTonnage": "0"}, "grossTonnage", "above"),
    ("ship", {"flag": "XX"}, "flag", "code"),
    ("ship", {"classSociety": "XYZ"}, "classSociety", "code"),
    ("block", {"inspectionResult": "pass"}, "inspectionDate", "required-when"),
    ("block", {"stage": "welding"}, "stage", "code"),
    ("block", {"parentBlock": "88.118.8/SAMPLE.1"}, "parentBlock", "edge-to-itself"),
    ("block", {"weight": "-1"}, "weight", "above"),
    ("plate", {"thickness": "0"}, "thickness", "above"),
    ("plate", {"steelGrade": "AH37"}, "steelGrade", "code"),
    ("plate", {"certificate": "no slash"}, "certificate", "reference"),
    ("plate", {"zProperty": "Z30"}, "zProperty", "code"),
    ("heat", {"castDate": "5.2.2024"}, "castDate", "date"),
    ("part", {"fitUpTime": "2024-02-29T08:00:00+08:00"}, "fitUpTime", "ascending"),
    ("part", {"cutTime": "2024-03-01T08:00:00"}, "cutTime", "time"),
    ("weld", {"joins": "88.118.8/PART.1"}, "joins", "count"),
    ("weld", {"joins": "88.118.8/PART.1;88.118.8/PART.1"}, "joins", "joins-differ"),
    ("weld", {"process": "999"}, "process", "code"),
    ("weld", {"preheat": "120", "interpass": "80"}, "preheat", "preheat-below-interpass"),
    ("weld", {"repairCount": "1.5"}, "repairCount", "integer"),
    ("weld", {"nde": '[{"method": "UT", "reportNo": "R1", "result": "fail", "date": "2024-03-02"}]'}, "ndeResult", "nde-result"),
    ("weld", {"nde": '[{"method": "XX", "reportNo": "R1", "result": "pass", "date": "2024-03-02"}]'}, "nde[1].method", "code"),
    ("equipment", {"ihmScope": "true"}, "materialDeclarations", "required-when"),
    ("equipment", {"removalDate": "2024-03-01"}, "installedOn", "required-when"),
    ("equipment", {"ratedPower": "0"}, "ratedPower", "above"),
    ("certificate", {"validUntil": "2024-02-29"}, "validUntil", "ascending"),
    ("certificate", {"form": "EN10204-2.1"}, "statementOfCompliance", "required-when"),
    ("certificate", {"tensile": '{"yield": 530, "tensile": 520, "elongation": 24}'}, "tensile", "tensile"),
    ("certificate", {"tensile": '{"tensile": 520, "elongation": 24}'}, "tensile", "tensile"),
    ("certificate", {"impact": '{"values": [100, 110], "mean": 105}'}, "impact", "impact"),
    ("certificate", {"impact": '{"values": [100, 110, 120], "mean": 115}'}, "impact", "impact"),
    ("certificate", {"chemical": '{"C": 101}'}, "chemical.C", "maximum"),
    ("certificate", {"chemical": '{"Xx": 1}'}, "chemical.Xx", "unknown-member"),
    ("certificate", {"sha256": "12"}, "sha256", "sha256"),
    ("certificate", {"file": "c1.pdf"}, "file", "file"),
    (
        "materialDeclaration",
        {"lines": '[{"table": "B", "substance": "Pb", "aboveThreshold": true}]', "location": "机舱"},
        "lines",
        "ihm-mass",
    ),
    (
        "materialDeclaration",
        {"lines": '[{"table": "B", "substance": "Pb", "aboveThreshold": true, "mass": 2}]'},
        "location",
        "ihm-location",
    ),
    ("materialDeclaration", {"lines": '[{"table": "A", "substance": "Pb", "aboveThreshold": false}]'}, "lines", "ihm-table"),
    ("organisation", {"uscc": "91110000600037341M"}, "uscc", "uscc"),
    ("organisation", {"uscc": None}, "uscc", "required-when"),
    ("person", {"visibility": "public"}, "visibility", "person-private"),
    ("document", {"kind": "sds"}, "version", "required-when"),
    ("site", {"gln": "6901234000015"}, "gln", "gln"),
]

DOUBTED: list[tuple[str, dict[str, object], str, str]] = [
    ("plate", {"mass": "3500"}, "mass", "mass-near-volume"),
    ("plate", {"mass": "3"}, "mass", "mass-near-volume"),
    ("weld", {"repairCount": "3"}, "repairCount", "repairs"),
    ("certificate", {**EN10204, "form": "EN10204-3.1", "chemical": '{"C": 0.14}'}, "tensile", "specific-inspection"),
]


@pytest.mark.parametrize("code", ROWS)
def test_a_row_with_every_required_field_passes(judge: Judge, code: str) -> None:
    """The plainest row of each object has no findings."""
    assert judge("ship", code, ROWS[code], {}) == []


@pytest.mark.parametrize(("code", "changes"), PASSING)
def test_a_row_inside_the_rules_passes(judge: Judge, code: str, changes: dict[str, object]) -> None:
    """A row that just keeps a rule has no findings."""
    assert judge("ship", code, ROWS[code], changes) == []


@pytest.mark.parametrize(("code", "changes", "field", "rule"), REFUSED)
def test_a_row_that_breaks_a_rule_is_refused(judge: Judge, code: str, changes: dict[str, object], field: str, rule: str) -> None:
    """The one finding is an error and names the field and the rule."""
    findings = judge("ship", code, ROWS[code], changes)

    assert [(each.field, each.rule, each.severity) for each in findings] == [(field, rule, Severity.ERROR)]


@pytest.mark.parametrize(("code", "changes", "field", "rule"), DOUBTED)
def test_a_doubtful_row_is_stored_with_a_warning(
    judge: Judge, code: str, changes: dict[str, object], field: str, rule: str
) -> None:
    """The one finding is a warning and names the field and the rule."""
    findings = judge("ship", code, ROWS[code], changes)

    assert [(each.field, each.rule, each.severity) for each in findings] == [(field, rule, Severity.WARNING)]


REQUIRED = [(code, field) for code, row in ROWS.items() for field, cell in row.items() if cell is not None]


@pytest.mark.parametrize(("code", "field"), REQUIRED)
def test_a_required_field_is_missed(judge: Judge, code: str, field: str) -> None:
    """Taking any field of the plainest row away gives a finding about that field."""
    assert field in [each.field for each in judge("ship", code, ROWS[code], {field: None})]


def test_a_wrong_imo_number_is_told_its_check_digit(judge: Judge) -> None:
    """IMO 9319467 is refused with "check digit 6", which is what the surveyor needs."""
    (finding,) = judge("ship", "ship", ROWS["ship"], {"imoNumber": "9319467"})

    assert "check digit 6" in finding.message


def test_a_plate_without_thickness_is_told_field_value_rule_and_next_step(judge: Judge) -> None:
    """One line names all four."""
    (finding,) = judge("ship", "plate", ROWS["plate"], {"thickness": "0"})

    assert str(finding) == "thickness '0': must be greater than 0 mm [above]; enter the measured value"
