"""The automotive pilot: each rule with a row that passes and one that does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from idis.registry.pilots.finding import Finding, Severity

Judge = Callable[[str, str, Mapping[str, object], Mapping[str, object]], list[Finding]]

ORG = "88.120.7/ORG.1"

PART: dict[str, object] = {
    "partNo": "INV-400",
    "nameAtManufacturer": "180 kW 逆变器",
    "supplier": ORG,
    "serialNo": "NB1",
    "productionDate": "2025-03-17T08:00:00+08:00",
}
ROWS: dict[str, dict[str, object]] = {
    "vehicle": {
        "vin": "LSVAA49J132047371",
        "brand": "示例",
        "model": "E5",
        "productionDate": "2025-03-17",
        "plant": "88.120.7/SITE.1",
    },
    "part": PART,
    "engine": {**PART, "displacement": "1.5", "cylinders": "4", "fuelType": "petrol"},
    "lot": {
        "batchId": "C1",
        "partNo": "CELL-150",
        "supplier": ORG,
        "productionDate": "2025-03-17T08:00:00+08:00",
        "quantity": "9600",
        "uom": "H87",
    },
    "battery": {
        "batteryCode": "001PB210000012F3H0000123",
        "productType": "P",
        "chemistry": "B",
        "modelId": "PACK-96S",
        "ratedCapacity": "150",
        "ratedVoltage": "307.2",
        "ratedEnergy": "46.08",
        "mass": "382",
        "productionDate": "2025-03-17",
    },
    "assemblyRecord": {
        "vehicle": "88.120.7/VIN.1",
        "part": "88.120.6/PACK.1",
        "station": "ST-180",
        "time": "2025-03-17T08:00:00+08:00",
        "orderMatch": "true",
        "productMatch": "true",
    },
    "qualityNotice": {
        "noticeNo": "QN-1",
        "kind": "recall",
        "severity": "major",
        "affected": "88.120.5/LOT.1",
        "description": "自放电率偏高",
        "noticeStatus": "sent",
        "sentTo": ORG,
    },
}

PASSING: list[tuple[str, dict[str, object]]] = [
    ("vehicle", {"vin": "1M8GDM9AXKP042788", "modelYear": "2025", "motorNo": "M1;M2"}),
    (
        "part",
        {"installedOn": "88.120.7/VIN.1", "installTime": "2025-03-18T08:00:00+08:00", "removalTime": "2025-03-18T08:00:00+08:00"},
    ),
    ("part", {"torque": "48", "torqueAngle": "90", "hasAlternatives": "false"}),
    ("part", {"sites": '[{"siteId": "BPNS00000003ABCD", "function": "production"}]', "country": "DE"}),
    ("lot", {"quantity": "2400.5", "uom": "KGM"}),
    ("lot", {"inputs": '[{"R": "88.120.5/LOT.1", "qty": 2, "uom": "KGM"}, {"R": "88.120.5/LOT.2", "qty": 2, "uom": "KGM"}]'}),
    ("battery", {"ratedEnergy": "48.384"}),
    ("battery", {"productType": "pack", "chemistry": "LFP"}),
    ("battery", {"parent": "88.120.7/VIN.1", "from": "2025-03-18T08:00:00+08:00", "to": "2025-03-19T08:00:00+08:00"}),
    ("battery", {"batteryCode": "04QPE57K0000179A40000001", "chemistry": "E", "productionDate": "2019-10-04"}),
]

REFUSED: list[tuple[str, dict[str, object], str, str]] = [
    ("vehicle", {"vin": "LSVAA49J032047371"}, "vin", "vin"),
    ("vehicle", {"vin": "LSVAA49J13204737"}, "vin", "vin"),
    ("vehicle", {"modelYear": "1500"}, "modelYear", "minimum"),
    ("part", {"removalTime": "2025-03-18T08:00:00+08:00"}, "installedOn", "required-when"),
    ("part", {"installedOn": "88.120.7/VIN.1", "installTime": "2025-03-16T08:00:00+08:00"}, "installTime", "ascending"),
    ("part", {"torqueAngle": "90"}, "torque", "required-when"),
    ("part", {"country": "ZZZ"}, "country", "code"),
    ("part", {"inspectionResult": "perfect"}, "inspectionResult", "code"),
    ("part", {"sites": '[{"siteId": "BPNX1", "function": "production"}]'}, "sites[1].siteId", "bpns"),
    ("part", {"installedOn": "88.118.8/sample.1"}, "installedOn", "edge-to-itself"),
    ("engine", {"cylinders": "4.5"}, "cylinders", "integer"),
    ("engine", {"fuelType": "coal"}, "fuelType", "code"),
    ("lot", {"quantity": "0"}, "quantity", "above"),
    ("lot", {"quantity": "9600.5"}, "quantity", "whole-pieces"),
    ("lot", {"uom": "pieces"}, "uom", "code"),
    (
        "lot",
        {"inputs": '[{"R": "88.120.5/L", "qty": 2, "uom": "KGM"}, {"R": "88.120.5/L", "qty": 3, "uom": "KGM"}]'},
        "inputs",
        "inputs-twice",
    ),
    ("lot", {"inputs": '[{"R": "88.120.5/L", "uom": "KGM"}]'}, "inputs[1].qty", "required"),
    ("battery", {"batteryCode": "001PB21"}, "batteryCode", "battery"),
    ("battery", {"batteryCode": "X12XCPM27KLPCLX2M2382320"}, "batteryCode", "battery"),
    ("battery", {"productType": "M"}, "productType", "battery-code"),
    ("battery", {"chemistry": "E"}, "chemistry", "battery-code"),
    ("battery", {"productionDate": "2025-03-18"}, "productionDate", "battery-date"),
    ("battery", {"ratedEnergy": "48.4"}, "ratedEnergy", "energy"),
    ("battery", {"stateOfHealth": "101"}, "stateOfHealth", "maximum"),
    ("battery", {"to": "2025-03-19T08:00:00+08:00"}, "parent", "required-when"),
    ("battery", {"secondLifeOf": "88.120.6/PACK.OLD"}, "batteryCode", "second-life"),
    ("assemblyRecord", {"orderMatch": "perhaps"}, "orderMatch", "boolean"),
    ("qualityNotice", {"affected": ";"}, "affected", "count"),
    ("qualityNotice", {"noticeStatus": "read"}, "noticeStatus", "code"),
]

DOUBTED: list[tuple[str, dict[str, object], str, str]] = [
    ("vehicle", {"vin": "WVWZZZ1JZXW000001"}, "vin", "vin"),
    ("battery", {"batteryCode": "001PB21F3H0000123R", "secondLifeOf": "88.120.6/PACK.OLD"}, "batteryCode", "battery"),
    ("assemblyRecord", {"productMatch": "false"}, "productMatch", "installation-gate"),
]


@pytest.mark.parametrize("code", ROWS)
def test_a_row_with_every_required_field_passes(judge: Judge, code: str) -> None:
    """The plainest row of each object has no findings."""
    assert judge("automotive", code, ROWS[code], {}) == []


@pytest.mark.parametrize(("code", "changes"), PASSING)
def test_a_row_inside_the_rules_passes(judge: Judge, code: str, changes: dict[str, object]) -> None:
    """A row that just keeps a rule has no findings."""
    assert judge("automotive", code, ROWS[code], changes) == []


@pytest.mark.parametrize(("code", "changes", "field", "rule"), REFUSED)
def test_a_row_that_breaks_a_rule_is_refused(judge: Judge, code: str, changes: dict[str, object], field: str, rule: str) -> None:
    """The one finding is an error and names the field and the rule."""
    findings = judge("automotive", code, ROWS[code], changes)

    assert [(each.field, each.rule, each.severity) for each in findings] == [(field, rule, Severity.ERROR)]


@pytest.mark.parametrize(("code", "changes", "field", "rule"), DOUBTED)
def test_a_doubtful_row_is_stored_with_a_warning(
    judge: Judge, code: str, changes: dict[str, object], field: str, rule: str
) -> None:
    """The one finding is a warning and names the field and the rule."""
    findings = judge("automotive", code, ROWS[code], changes)

    assert [(each.field, each.rule, each.severity) for each in findings] == [(field, rule, Severity.WARNING)]


@pytest.mark.parametrize(("code", "field"), [(code, field) for code, row in ROWS.items() for field in row])
def test_a_required_field_is_missed(judge: Judge, code: str, field: str) -> None:
    """Taking any field of the plainest row away gives a finding about that field."""
    assert field in [each.field for each in judge("automotive", code, ROWS[code], {field: None})]


def test_a_second_life_code_without_its_old_record_is_refused(judge: Judge) -> None:
    """A code ending in R asks for secondLifeOf, beside the warning about its length."""
    findings = judge("automotive", "battery", ROWS["battery"], {"batteryCode": "001PB21F3H0000123R"})

    assert [(each.field, each.rule) for each in findings if each.severity is Severity.ERROR] == [("secondLifeOf", "second-life")]


def test_a_battery_code_is_decoded_when_the_date_disagrees(judge: Judge) -> None:
    """001PB210000012F3H0000123 was made on 17 March 2025, and the finding says so."""
    (finding,) = judge("automotive", "battery", ROWS["battery"], {"productionDate": "2025-04-17"})

    assert "2025-03-17" in finding.message


def test_a_wrong_vin_of_a_checked_region_is_told_its_check_digit(judge: Judge) -> None:
    """A Chinese VIN with a wrong ninth character is refused with the right one."""
    (finding,) = judge("automotive", "vehicle", ROWS["vehicle"], {"vin": "LSVAA49J032047371"})

    assert "check digit 1" in finding.message
