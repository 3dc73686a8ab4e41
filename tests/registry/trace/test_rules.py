"""The rules of sense, one by one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idis.registry.trace.event_problem import Problem
from idis.registry.trace.rules import check_word, problems
from idis.registry.trace.uri import is_uri
from idis.registry.trace.vocabulary import BIZ_STEPS, DISPOSITIONS, TRANSACTION_TYPES
from tests.registry.trace.sample_events import AGGREGATION, ASSOCIATION, FIVE, NOW_MS, OBJECT, TRANSACTION, read_one

SENSOR = {"sensorReport": [{"type": "Temperature", "value": 20, "uom": "CEL"}]}


def found(members: dict[str, Any]) -> list[Problem]:
    """What the rules say of an event."""
    return list(problems(read_one(members), NOW_MS))


def sensor(**report: Any) -> dict[str, Any]:
    """An event with one sensor report."""
    return OBJECT | {"sensorElementList": [{"sensorReport": [report]}]}


@pytest.mark.parametrize("members", FIVE)
def test_good_events(members: dict[str, Any]) -> None:
    """The samples are right."""
    assert found(members) == []


@pytest.mark.parametrize(
    ("members", "pointer", "rule"),
    [
        (OBJECT | {"eventTime": "2027-01-01T00:00:00Z"}, "/eventTime", "time"),
        (OBJECT | {"eventID": "no uri"}, "/eventID", "uri"),
        (OBJECT | {"bizStep": "shiping"}, "/bizStep", "vocabulary"),
        (OBJECT | {"bizStep": "https://ref.gs1.org/cbv/BizStep-welding"}, "/bizStep", "vocabulary"),
        (OBJECT | {"bizStep": "cbv:BizStep-welding"}, "/bizStep", "vocabulary"),
        (OBJECT | {"bizStep": "urn:epcglobal:cbv:bizstep:welding"}, "/bizStep", "vocabulary"),
        (OBJECT | {"bizStep": "my:welding"}, "/bizStep", "context"),
        (OBJECT | {"bizStep": "https://x/a b"}, "/bizStep", "uri"),
        (OBJECT | {"disposition": "lost"}, "/disposition", "vocabulary"),
        (OBJECT | {"epcList": ["no uri"]}, "/epcList/0", "uri"),
        (OBJECT | {"epcList": ["urn:epc:id:sgtin:1.2.3"]}, "/epcList/0", "uri"),
        (OBJECT | {"epcList": ["https://id.gs1.org/01/06901234567891/21/1"]}, "/epcList/0", "uri"),
        (OBJECT | {"epcList": ["https://id.gs1.org/01/06901234567892/10/L"]}, "/epcList/0", "level"),
        (OBJECT | {"epcList": ["urn:epc:idpat:sgtin:0614141.107346.*"]}, "/epcList/0", "level"),
        (OBJECT | {"epcList": ["hdl:88.118..8/x"]}, "/epcList/0", "uri"),
        (OBJECT | {"epcList": ["urn:x:1", "urn:x:1"]}, "/epcList/1", "duplicate"),
        (OBJECT | {"quantityList": [{"epcClass": "urn:epc:id:sgtin:0614141.107346.1"}]}, "/quantityList/0/epcClass", "level"),
        (OBJECT | {"quantityList": [{"epcClass": "urn:x:1", "quantity": 0}]}, "/quantityList/0/quantity", "quantity"),
        (OBJECT | {"quantityList": [{"epcClass": "urn:x:1", "quantity": 1.5}]}, "/quantityList/0/quantity", "quantity"),
        (OBJECT | {"quantityList": [{"epcClass": "urn:x:1", "quantity": 1, "uom": "kg"}]}, "/quantityList/0/uom", "uom"),
        (OBJECT | {"quantityList": [{"epcClass": "urn:x:1", "quantity": 1}] * 2}, "/quantityList/1", "duplicate"),
        (ASSOCIATION | {"childEPCs": [ASSOCIATION["parentID"]]}, "/childEPCs/0", "parent"),
        (TRANSACTION | {"parentID": TRANSACTION["epcList"][0]}, "/epcList/0", "parent"),
        (OBJECT | {"readPoint": {"id": "here"}}, "/readPoint/id", "uri"),
        (OBJECT | {"certificationInfo": "c"}, "/certificationInfo/0", "uri"),
        (OBJECT | {"sourceList": [{"type": "owner", "source": "urn:x:1"}]}, "/sourceList/0/type", "vocabulary"),
        (OBJECT | {"destinationList": [{"type": "location", "destination": "?"}]}, "/destinationList/0/destination", "uri"),
        (TRANSACTION | {"bizTransactionList": TRANSACTION["bizTransactionList"] * 2}, "/bizTransactionList/1", "duplicate"),
        (OBJECT | {"ilmd": {"ex:a": 1}}, "/ilmd", "ilmd"),
        (OBJECT | {"persistentDisposition": {"set": ["x"]}}, "/persistentDisposition/set/0", "vocabulary"),
        (OBJECT | {"persistentDisposition": {"set": ["active"], "unset": ["active"]}}, "/persistentDisposition", "disposition"),
        (sensor(value=1), "/sensorElementList/0/sensorReport/0/type", "sensor"),
        (sensor(type="Heat", value=1), "/sensorElementList/0/sensorReport/0/type", "vocabulary"),
        (sensor(type="Mass"), "/sensorElementList/0/sensorReport/0", "sensor"),
        (sensor(type="Mass", value="1"), "/sensorElementList/0/sensorReport/0/value", "type"),
        (sensor(type="Mass", value=1, colour=2), "/sensorElementList/0/sensorReport/0/colour", "member"),
        (sensor(type="Mass", minValue=2, maxValue=1), "/sensorElementList/0/sensorReport/0/maxValue", "sensor"),
        (sensor(type="Mass", value=1, time="2026-03-02T09:00:00"), "/sensorElementList/0/sensorReport/0/time", "time"),
        (sensor(type="Mass", value=1, deviceID="x"), "/sensorElementList/0/sensorReport/0/deviceID", "uri"),
        (sensor(type="Mass", booleanValue="yes"), "/sensorElementList/0/sensorReport/0/booleanValue", "type"),
        (
            OBJECT
            | {
                "sensorElementList": [
                    SENSOR | {"sensorMetadata": {"startTime": "2026-03-02T02:00:00Z", "endTime": "2026-03-02T01:00:00Z"}}
                ]
            },
            "/sensorElementList/0/sensorMetadata/endTime",
            "time",
        ),
        (OBJECT | {"errorDeclaration": {"declarationTime": "2027-01-01T00:00:00Z"}}, "/errorDeclaration/declarationTime", "time"),
        (
            OBJECT | {"errorDeclaration": {"declarationTime": "2026-03-03T00:00:00Z", "reason": "oops"}},
            "/errorDeclaration/reason",
            "vocabulary",
        ),
        (
            OBJECT | {"errorDeclaration": {"declarationTime": "2026-03-03T00:00:00Z", "correctiveEventIDs": ["?"]}},
            "/errorDeclaration/correctiveEventIDs/0",
            "uri",
        ),
        (
            OBJECT
            | {
                "eventID": "urn:x:1",
                "errorDeclaration": {"declarationTime": "2026-03-03T00:00:00Z", "correctiveEventIDs": ["urn:x:1"]},
            },
            "/errorDeclaration/correctiveEventIDs/0",
            "error",
        ),
    ],
)
def test_an_error(members: dict[str, Any], pointer: str, rule: str) -> None:
    """Each rule finds what breaks it, and nothing else."""
    assert [(one.pointer, one.rule, one.is_error) for one in found(members)] == [(pointer, rule, True)]


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        (OBJECT | {"eventTime": "2005-04-03T20:33:31Z"}, "/eventTime"),
        (OBJECT | {"persistentDisposition": {"set": ["conformant", "non_conformant"]}}, "/persistentDisposition/set"),
        (OBJECT | {"quantityList": [{"epcClass": "urn:x:1", "uom": "KGM"}]}, "/quantityList/0/uom"),
        (sensor(type="Temperature", value=1, uom="KGM"), "/sensorElementList/0/sensorReport/0/uom"),
        (sensor(type="Mass", value=1, time="2026-03-02T09:00:00Z"), "/sensorElementList/0/sensorReport/0/time"),
    ],
)
def test_a_warning(members: dict[str, Any], pointer: str) -> None:
    """What is only strange does not keep an event out."""
    assert [(one.pointer, one.is_error) for one in found(members)] == [(pointer, False)]


@pytest.mark.parametrize(
    "members",
    [
        OBJECT | {"bizStep": "https://example.cn/steps/welding"},
        OBJECT | {"bizStep": "ex:welding"},
        OBJECT | {"epcList": ["88.118.8/BLOCK.H2588-B102", "hdl:88.118.8/x", "urn:oid:1.2.3", "did:web:example.cn"]},
        OBJECT | {"epcList": ["https://example.cn/01/12345678/x"]},
        OBJECT | {"action": "ADD", "ilmd": {"ex:a": 1}},
        AGGREGATION
        | {"childQuantityList": [{"epcClass": "urn:x:1", "quantity": q, "uom": u} for q, u in ((1, "KGM"), (1, "LTR"))]},
        OBJECT | {"bizTransactionList": [{"bizTransaction": "urn:x:1"}]},
        sensor(type="ex:Colour", stringValue="red"),
        sensor(type="Temperature", exception="ALARM_CONDITION"),
    ],
)
def test_what_is_allowed(members: dict[str, Any]) -> None:
    """Words, schemes and units of one's own are nobody else's business."""
    assert found(members) == []


def test_a_suggestion() -> None:
    """A mistyped word is told with the one that was meant."""
    assert "did you mean shipping?" in found(OBJECT | {"bizStep": "shiping"})[0].message


def test_the_right_check_digit() -> None:
    """A wrong check digit is told with the right one."""
    assert "ends with 2" in found(OBJECT | {"epcList": ["https://id.gs1.org/01/06901234567891/21/1"]})[0].message


def test_how_many_words_there_are() -> None:
    """CBV 2.0 has 41 business steps, 33 dispositions, 13 transaction types."""
    assert (len(BIZ_STEPS.words), len(DISPOSITIONS.words), len(TRANSACTION_TYPES.words)) == (41, 33, 13)


@given(st.text(max_size=30))
def test_any_word(text: str) -> None:
    """Whatever stands for a word, it is judged."""
    judged = check_word(text, BIZ_STEPS, "/bizStep")
    assert judged is not None or text in BIZ_STEPS.words or is_uri(text)
