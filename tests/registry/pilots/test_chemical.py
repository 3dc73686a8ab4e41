"""The chemical pilot: each rule with a row that passes and one that does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from idis.registry.pilots.finding import Finding, Severity

Judge = Callable[[str, str, Mapping[str, object], Mapping[str, object]], list[Finding]]

ORG = "88.130.4/ORG.1"

ROWS: dict[str, dict[str, object]] = {
    "product": {
        "nameCn": "去离子水",
        "components": '[{"casNo": "7732-18-5", "ecNo": "231-791-2", "min": 99, "max": 100}]',
        "sds": "88.130.4/DOC.SDS",
        "label": "88.130.4/DOC.LABEL",
        "emergencyPhone": "+86 532 8388 9090",
    },
    "batch": {
        "batchNo": "ACE-1",
        "product": "88.130.4/PRODUCT.ACE",
        "productionDate": "2024-03-01",
        "quantity": "8000",
        "uom": "KGM",
        "batchRecord": "BR-1",
        "releaseStatus": "quarantine",
    },
    "package": {"packageNo": "ACE-1-001", "level": "1", "batch": "88.130.4/BATCH.1", "netMass": "160", "fillDate": "2024-03-05"},
    "shipment": {
        "waybillNo": "WB1",
        "items": "88.130.4/SSCC.1;88.130.4/SSCC.2",
        "carrier": ORG,
        "vehicleNo": "沪A12345",
        "driver": "88.130.7/STAFF.1",
        "from": "88.130.4/SITE.1",
        "to": "88.130.9/SITE.1",
        "departTime": "2024-03-08T07:00:00+08:00",
    },
    "receipt": {
        "receiptNo": "RC1",
        "shipment": "88.130.7/WAYBILL.1",
        "supplierBatchNo": "ACE-1",
        "materialCode": "RM-1",
        "quantity": "6400",
        "factoryReport": "88.130.4/COA.1",
        "sdsAndLabel": "true",
        "conclusion": "accept",
    },
    "coa": {
        "coaNo": "COA-1",
        "batch": "88.130.4/BATCH.1",
        "tests": '[{"name": "纯度", "method": "GB/T 6026", "spec": "≥ 99.5", "result": "99.85", "unit": "%", "pass": true}]',
        "version": "1",
        "language": "zh-CN",
        "issueDate": "2024-03-02",
        "approver": "质检主管",
        "file": "https://files.example/coa.pdf",
        "sha256": "0123456789abcdef" * 4,
    },
}

ACETONE: dict[str, object] = {
    "registrationNo": "310010001",
    "safetyCode": "https://chem.example/310010001",
    "components": '[{"casNo": "67-64-1", "ecNo": "200-662-2", "min": 99.5, "max": 100}]',
    "unNumber": "UN1090",
    "properShippingName": "ACETONE",
    "hazardClass": "3",
    "packingGroup": "II",
    "ghsClasses": "Flam. Liq. 2;Eye Irrit. 2;STOT SE 3",
    "pictograms": "GHS02;GHS07",
    "signalWord": "危险",
    "hStatements": "H225;H319;H336",
    "pStatements": "P210;P305+P351+P338",
}


def _mixture(*shares: tuple[str, float, float]) -> str:
    return "[" + ",".join(f'{{"casNo": "{cas}", "min": {least}, "max": {most}}}' for cas, least, most in shares) + "]"


PASSING: list[tuple[str, dict[str, object]]] = [
    ("product", ACETONE),
    ("product", {"components": _mixture(("67-64-1", 60, 70), ("7732-18-5", 30, 40))}),
    ("product", {"components": _mixture(("67-64-1", 50, 50), ("7732-18-5", 50, 50))}),
    ("product", {"components": '[{"casNo": "7732-18-5"}]', "storageClass": "12"}),
    ("product", {**ACETONE, "ghsClasses": "Skin Corr. 1B;Acute Tox. 4", "pictograms": "GHS05"}),
    ("batch", {"expiryDate": "2026-03-01", "retestDate": "2025-03-01", "purity": "100"}),
    ("batch", {"releaseStatus": "released", "coa": "88.130.4/COA.1"}),
    ("batch", {"inputs": '[{"R": "88.130.4/B1", "qty": 4, "uom": "TNE"}, {"R": "88.130.4/B2", "qty": 4000, "uom": "KGM"}]'}),
    ("batch", {"inputs": '[{"R": "88.130.4/B1", "qty": 7850, "uom": "KGM"}]'}),
    ("batch", {"inputs": '[{"R": "88.130.4/B1", "qty": 1, "uom": "LTR"}]'}),
    ("batch", {"storageMin": "0", "storageMax": "0"}),
    ("package", {"packageNo": "169012340000000013", "grossMass": "160.5", "packagingType": "1A1"}),
    ("package", {"parentPackage": "88.130.4/SSCC.1", "from": "2024-03-05T15:00:00+08:00", "to": "2024-03-09T15:00:00+08:00"}),
    ("package", {"containerNo": "CSQU3054383"}),
    (
        "shipment",
        {
            "arriveTime": "2024-03-08T07:00:00+08:00",
            "sealChecks": '[{"seal": "S1", "time": "2024-03-08T07:00:00+08:00", "intact": true}]',
        },
    ),
    ("receipt", {"conclusion": "reject", "sdsAndLabel": "false"}),
]

REFUSED: list[tuple[str, dict[str, object], str, str]] = [
    ("product", {"components": _mixture(("67-64-2", 99, 100))}, "components[1].casNo", "cas"),
    ("product", {"components": '[{"casNo": "7732-18-5", "ecNo": "231-791-3"}]'}, "components[1].ecNo", "ec"),
    ("product", {"components": _mixture(("67-64-1", 60, 70), ("7732-18-5", 41, 45))}, "components", "shares"),
    ("product", {"components": _mixture(("67-64-1", 60, 69), ("7732-18-5", 20, 30))}, "components", "shares"),
    ("product", {"components": _mixture(("67-64-1", 60, 50), ("7732-18-5", 40, 50))}, "components", "shares"),
    ("product", {"components": "67-64-1"}, "components", "json"),
    ("product", {"components": '[{"casNo": "67-64-1"'}, "components", "json"),
    ("product", {**ACETONE, "registrationNo": None}, "registrationNo", "required-when"),
    ("product", {**ACETONE, "safetyCode": None}, "safetyCode", "required-when"),
    ("product", {**ACETONE, "hazardClass": None}, "hazardClass", "required-when"),
    ("product", {**ACETONE, "hStatements": None}, "hStatements", "required-when"),
    ("product", {**ACETONE, "pictograms": "GHS07"}, "pictograms", "pictogram"),
    ("product", {**ACETONE, "pictograms": "GHS02"}, "pictograms", "pictogram"),
    ("product", {**ACETONE, "pictograms": "GHS02;GHS10"}, "pictograms[2]", "pictogram"),
    ("product", {**ACETONE, "signalWord": "警告"}, "signalWord", "signal-word"),
    ("product", {**ACETONE, "signalWord": None}, "signalWord", "signal-word"),
    ("product", {**ACETONE, "hStatements": "H500"}, "hStatements[1]", "hStatement"),
    ("product", {**ACETONE, "pStatements": "H225"}, "pStatements[1]", "pStatement"),
    ("product", {**ACETONE, "unNumber": "UN109"}, "unNumber", "un"),
    ("product", {**ACETONE, "hazardClass": "10"}, "hazardClass", "code"),
    ("product", {**ACETONE, "ghsClasses": "Flam. Liq. 9"}, "ghsClasses[1]", "code"),
    ("product", {"emergencyPhone": "call us"}, "emergencyPhone", "phone"),
    ("batch", {"expiryDate": "2024-02-29"}, "expiryDate", "ascending"),
    ("batch", {"retestDate": "2024-02-29"}, "retestDate", "ascending"),
    ("batch", {"releaseStatus": "released"}, "coa", "required-when"),
    ("batch", {"storageMin": "30", "storageMax": "0"}, "storageMin", "storage-range"),
    ("batch", {"purity": "100.1"}, "purity", "maximum"),
    ("batch", {"mixing": "shaken"}, "mixing", "code"),
    (
        "batch",
        {"inputs": '[{"R": "88.130.4/B1", "qty": 9, "uom": "TNE"}, {"R": "88.130.4/B1", "qty": 9, "uom": "TNE"}]'},
        "inputs",
        "inputs-twice",
    ),
    ("package", {"packageNo": "169012340000000014"}, "packageNo", "package"),
    ("package", {"grossMass": "160"}, "grossMass", "gross-above-net"),
    ("package", {"level": "10"}, "level", "maximum"),
    ("package", {"packagingType": "9Z9"}, "packagingType", "code"),
    ("package", {"parentPackage": "88.118.8/SAMPLE.1"}, "parentPackage", "edge-to-itself"),
    ("package", {"containerNo": "CSQU3054384"}, "containerNo", "iso6346"),
    ("package", {"to": "2024-03-09T15:00:00+08:00"}, "parentPackage", "required-when"),
    ("shipment", {"arriveTime": "2024-03-08T06:59:00+08:00"}, "arriveTime", "ascending"),
    ("receipt", {"sdsAndLabel": "false"}, "conclusion", "goods-in"),
    ("receipt", {"threeCertsOneMark": "否"}, "conclusion", "goods-in"),
    ("coa", {"tests": "[]"}, "tests", "count"),
    ("coa", {"tests": '[{"name": "纯度"}]'}, "tests[1].method", "required"),
    ("coa", {"language": "xx"}, "language", "code"),
]

DOUBTED: list[tuple[str, dict[str, object], str, str]] = [
    ("product", {**ACETONE, "hStatements": "H299"}, "hStatements[1]", "hStatement"),
    ("product", {**ACETONE, "unNumber": "UN9999"}, "unNumber", "un"),
    ("batch", {"inputs": '[{"R": "88.130.4/B1", "qty": 7000, "uom": "KGM"}]'}, "quantity", "mass-balance"),
]


@pytest.mark.parametrize("code", ROWS)
def test_a_row_with_every_required_field_passes(judge: Judge, code: str) -> None:
    """The plainest row of each object has no findings."""
    assert judge("chemical", code, ROWS[code], {}) == []


@pytest.mark.parametrize(("code", "changes"), PASSING)
def test_a_row_inside_the_rules_passes(judge: Judge, code: str, changes: dict[str, object]) -> None:
    """A row that just keeps a rule has no findings."""
    assert judge("chemical", code, ROWS[code], changes) == []


@pytest.mark.parametrize(("code", "changes", "field", "rule"), REFUSED)
def test_a_row_that_breaks_a_rule_is_refused(judge: Judge, code: str, changes: dict[str, object], field: str, rule: str) -> None:
    """The one finding is an error and names the field and the rule."""
    findings = judge("chemical", code, ROWS[code], changes)

    assert [(each.field, each.rule, each.severity) for each in findings] == [(field, rule, Severity.ERROR)]


@pytest.mark.parametrize(("code", "changes", "field", "rule"), DOUBTED)
def test_a_doubtful_row_is_stored_with_a_warning(
    judge: Judge, code: str, changes: dict[str, object], field: str, rule: str
) -> None:
    """The one finding is a warning and names the field and the rule."""
    findings = judge("chemical", code, ROWS[code], changes)

    assert [(each.field, each.rule, each.severity) for each in findings] == [(field, rule, Severity.WARNING)]


@pytest.mark.parametrize(("code", "field"), [(code, field) for code, row in ROWS.items() for field in row])
def test_a_required_field_is_missed(judge: Judge, code: str, field: str) -> None:
    """Taking any field of the plainest row away gives a finding about that field."""
    assert field in [each.field for each in judge("chemical", code, ROWS[code], {field: None})]


def test_a_wrong_cas_number_is_told_its_check_digit(judge: Judge) -> None:
    """CAS 67-64-2 for acetone is refused with "check digit 1"."""
    (finding,) = judge("chemical", "product", ROWS["product"], {"components": _mixture(("67-64-2", 99, 100))})

    assert "check digit 1" in finding.message


def test_an_output_of_110_percent_is_doubted_with_both_masses(judge: Judge) -> None:
    """The warning shows what came out and what went in, each with its unit."""
    inputs = '[{"R": "88.130.4/B1", "qty": 5000, "uom": "KGM"}, {"R": "88.130.4/B2", "qty": 5000, "uom": "KGM"}]'
    (finding,) = judge("chemical", "batch", ROWS["batch"], {"quantity": "11000", "inputs": inputs})

    assert finding.message == "11000 KGM came out of 10000 KGM"
