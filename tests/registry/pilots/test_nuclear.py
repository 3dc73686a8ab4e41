"""The nuclear pilot: each rule with a row that passes and one that does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

import pytest

from idis.registry.pilots.finding import Finding, Invalid, Severity, Valid
from idis.registry.pilots.schema import Vocabulary, with_vocabularies
from idis.registry.pilots.table import PILOTS
from idis.registry.pilots.validation import validate

Judge = Callable[[str, str, Mapping[str, object], Mapping[str, object]], list[Finding]]

ORG = "88.140.3/ORG.1"

ROWS: dict[str, dict[str, object]] = {
    "position": {"code": "10LAC10AP001", "codeSystem": "KKS", "plant": "88.140.1/SITE.1", "unit": "1", "system": "LAC"},
    "item": {
        "serialNo": "V1",
        "itemType": "valve",
        "safetyClass": "NC",
        "qaLevel": "QA2",
        "designCode": "RCC-M",
        "materials": "88.140.3/MAT.1",
    },
    "material": {
        "heatNo": "F24-1",
        "grade": "16MND5",
        "standard": "RCC-M M2111",
        "qaLevel": "QA1",
        "supplier": ORG,
        "millCertificate": "88.140.3/DOC.1",
    },
    "weld": {
        "weldNo": "W1",
        "item": "88.140.6/ITEM.1",
        "jointType": "butt",
        "wpsNo": "88.140.6/DOC.WPS",
        "welder": "88.140.6/STAFF.1",
        "fillerLot": "88.140.6/LOT.1",
        "weldDate": "2024-03-01",
        "nde": '[{"method": "RT", "reportNo": "R1", "result": "pass", "date": "2024-03-02"}]',
        "ndeResult": "pass",
        "ndeReport": "88.140.6/DOC.RT1",
        "repairCount": "0",
    },
    "inspection": {"reportNo": "I1", "item": "88.140.6/ITEM.1", "kind": "dimension", "result": "pass", "date": "2024-03-02"},
    "ncr": {
        "ncrNo": "N1",
        "item": "88.140.6/ITEM.1",
        "category": "minor",
        "description": "尺寸超差",
        "openedDate": "2024-03-02",
        "recallFlag": "stop",
    },
    "release": {
        "releaseNo": "R1",
        "items": "88.140.6/ITEM.1",
        "documents": "88.140.6/DOC.1;88.140.6/INSP.1",
        "date": "2024-04-01",
    },
    "lot": {"lotNo": "L1", "material": "ER316L", "productionDate": "2024-01-01"},
}
NOT_REQUIRED = {("ncr", "recallFlag")}  # present because an open non-conformance without it is doubted

HYDROSTATIC: dict[str, object] = {"kind": "hydrostatic", "pressure": "25.8", "holdTime": "10"}

PASSING: list[tuple[str, dict[str, object]]] = [
    ("position", {"code": "1 LAC20 AP001 MT01", "requiredClass": '[{"safetyClass": "1", "qaLevel": "QA1", "seismic": "1A"}]'}),
    ("position", {"code": "1RCP001PO", "codeSystem": "French", "system": "RCP"}),
    ("position", {"code": "any-code 7", "codeSystem": "project", "unit": "9"}),
    ("item", {"safetyClass": "1", "licence": "国核安证字 Z(24)01"}),
    (
        "item",
        {
            "installedAt": "88.140.1/POS.1",
            "installedDate": "2024-05-01",
            "removedDate": "2034-05-01",
            "release": "88.140.6/REL.1",
        },
    ),
    ("weld", {"preheat": "120", "interpass": "200", "repairCount": "2"}),
    ("inspection", {**HYDROSTATIC, "witness": "88.140.1/STAFF.1"}),
    ("inspection", {**HYDROSTATIC, "witnessPoint": "W"}),
    ("inspection", {"witnessPoint": "H", "witness": "88.140.1/STAFF.1"}),
    ("ncr", {"closedDate": "2024-03-02", "disposition": "repair", "approvedBy": ORG, "recallFlag": None}),
]

REFUSED: list[tuple[str, dict[str, object], str, str]] = [
    ("position", {"code": "1LAC1AP1"}, "code", "code-system"),
    ("position", {"code": "10LAC10AP001", "codeSystem": "French"}, "code", "code-system"),
    ("position", {"system": "LAB"}, "system", "code-system"),
    ("position", {"requiredClass": '[{"safetyClass": "9", "qaLevel": "QA1"}]'}, "requiredClass[1].safetyClass", "code"),
    ("item", {"safetyClass": "1"}, "licence", "required-when"),
    ("item", {"safetyClass": "0"}, "safetyClass", "code"),
    ("item", {"installedAt": "88.140.1/POS.1"}, "release", "required-when"),
    ("item", {"installedDate": "2024-05-01", "release": "88.140.6/REL.1"}, "installedAt", "required-when"),
    ("item", {"removedDate": "2024-05-01"}, "installedAt", "required-when"),
    ("item", {"parentItem": "88.118.8/SAMPLE.1"}, "parentItem", "edge-to-itself"),
    ("item", {"designPressure": "-1"}, "designPressure", "minimum"),
    ("material", {"grade": "16MND6"}, "grade", "code"),
    ("weld", {"preheat": "201", "interpass": "200"}, "preheat", "preheat-below-interpass"),
    ("weld", {"nde": '[{"method": "RT", "reportNo": "R1", "result": "fail", "date": "2024-03-02"}]'}, "ndeResult", "nde-result"),
    ("weld", {"nde": '[{"method": "PAUT", "reportNo": "R1", "result": "pass", "date": "2024-03-02"}]'}, "nde[1].method", "code"),
    ("weld", {"pwht": '[{"temperature": 615}]'}, "pwht[1].holdTime", "required"),
    ("inspection", {"kind": "hydrostatic", "holdTime": "10", "witness": "88.140.1/STAFF.1"}, "pressure", "required-when"),
    ("inspection", {"kind": "hydrostatic", "pressure": "25.8", "witness": "88.140.1/STAFF.1"}, "holdTime", "required-when"),
    ("inspection", HYDROSTATIC, "witness", "hold-point"),
    ("inspection", {"witnessPoint": "H"}, "witness", "hold-point"),
    ("ncr", {"closedDate": "2024-03-01", "disposition": "repair", "approvedBy": ORG}, "closedDate", "ascending"),
    ("ncr", {"closedDate": "2024-03-03"}, "disposition", "required-when"),
    ("ncr", {"disposition": "scrap"}, "approvedBy", "required-when"),
    ("ncr", {"disposition": "ignore"}, "disposition", "code"),
    ("release", {"items": "88.140.6"}, "items[1]", "reference"),
]

DOUBTED: list[tuple[str, dict[str, object], str, str]] = [
    ("position", {"unit": "2"}, "unit", "code-unit"),
    ("weld", {"repairCount": "3"}, "repairCount", "repairs"),
    ("ncr", {"recallFlag": None}, "recallFlag", "ncr-open"),
]


@pytest.mark.parametrize("code", ROWS)
def test_a_row_with_every_required_field_passes(judge: Judge, code: str) -> None:
    """The plainest row of each object has no findings."""
    assert judge("nuclear", code, ROWS[code], {}) == []


@pytest.mark.parametrize(("code", "changes"), PASSING)
def test_a_row_inside_the_rules_passes(judge: Judge, code: str, changes: dict[str, object]) -> None:
    """A row that just keeps a rule has no findings."""
    assert judge("nuclear", code, ROWS[code], changes) == []


@pytest.mark.parametrize(("code", "changes", "field", "rule"), REFUSED)
def test_a_row_that_breaks_a_rule_is_refused(judge: Judge, code: str, changes: dict[str, object], field: str, rule: str) -> None:
    """The one finding is an error and names the field and the rule."""
    findings = judge("nuclear", code, ROWS[code], changes)

    assert [(each.field, each.rule, each.severity) for each in findings] == [(field, rule, Severity.ERROR)]


@pytest.mark.parametrize(("code", "changes", "field", "rule"), DOUBTED)
def test_a_doubtful_row_is_stored_with_a_warning(
    judge: Judge, code: str, changes: dict[str, object], field: str, rule: str
) -> None:
    """The one finding is a warning and names the field and the rule."""
    findings = judge("nuclear", code, ROWS[code], changes)

    assert [(each.field, each.rule, each.severity) for each in findings] == [(field, rule, Severity.WARNING)]


REQUIRED = [(code, field) for code, row in ROWS.items() for field in row if (code, field) not in NOT_REQUIRED]


@pytest.mark.parametrize(("code", "field"), REQUIRED)
def test_a_required_field_is_missed(judge: Judge, code: str, field: str) -> None:
    """Taking any field of the plainest row away gives a finding about that field."""
    assert field in [each.field for each in judge("nuclear", code, ROWS[code], {field: None})]


@pytest.mark.parametrize(("safety_class", "outcome"), [("SC-1", Valid), ("1", Invalid)])
def test_a_project_brings_its_own_class_list(safety_class: str, outcome: type) -> None:
    """With another vocabulary of safety classes exactly its codes are accepted."""
    pilot = with_vocabularies(PILOTS["nuclear"], {"safetyClass": Vocabulary("safetyClass", {"SC-1": "1级"}, configurable=True)})
    row = {**ROWS["item"], "name": "阀", "producer": ORG, "visibility": "public", "safetyClass": safety_class, "licence": "L1"}

    assert isinstance(validate(pilot, "item", row, identifier="88.140.6/V1", today=date(2026, 1, 15)), outcome)


def test_a_kks_code_is_stored_in_its_one_spelling(judge: Judge) -> None:
    """10lac10ap001 and 1 0LAC10 AP001 are the same position, so the value and the alias are too."""
    row = {**ROWS["position"], "name": "泵", "producer": ORG, "visibility": "public", "code": "10lac10ap001"}
    result = validate(PILOTS["nuclear"], "position", row, identifier="88.140.1/POS.1", today=date(2026, 1, 15))
    assert isinstance(result, Valid)

    assert [value.text for value in result.record.values if value.type == "code"] == ["1 0LAC10 AP001"]
